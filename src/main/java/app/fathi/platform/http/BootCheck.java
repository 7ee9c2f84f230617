package app.fathi.platform.http;

import app.fathi.platform.config.StartException;
import java.util.ArrayList;
import java.util.Map;
import java.util.Set;

/** Refuses to start when the contract and the code differ: what is promised must be answered, and nothing else. */
public final class BootCheck {
    private BootCheck() {}

    /** @param handled the operation ids that each domain's verticle answers, by domain */
    public static void requireSame(Contract contract, Map<String, Set<String>> handled) {
        var faults = new ArrayList<String>();
        contract.operations().values().stream()
                .filter(operation ->
                        !handled.getOrDefault(operation.domain(), Set.of()).contains(operation.id()))
                .forEach(operation -> faults.add(operation.id() + " has no handler in " + operation.domain()));
        handled.forEach((domain, ids) -> ids.forEach(id -> {
            var operation = contract.operations().get(id);
            if (operation == null) {
                faults.add(domain + " handles " + id + ", which is not in the contract");
            } else if (!operation.domain().equals(domain)) {
                faults.add(domain + " handles " + id + ", which belongs to " + operation.domain());
            }
        }));
        if (!faults.isEmpty()) {
            throw new StartException("openapi.yaml and the code differ: "
                    + String.join("; ", faults.stream().sorted().toList()));
        }
    }
}
