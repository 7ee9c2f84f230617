package app.fathi.permissions;

import app.fathi.platform.config.StartException;
import app.fathi.platform.http.Contract;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Holds the catalogue and the contract to each other. */
public final class Permissions {
    /** What {@code x-permission} says where no permission is asked for. */
    private static final Set<String> OPEN = Set.of("public", "authenticated");

    private Permissions() {}

    /** Refuses to start when the contract asks for a permission that nobody could hold, or no longer asks for one of ours. */
    public static void check(Contract contract) {
        var asked = contract.operations().values().stream()
                .map(Contract.Operation::permission)
                .filter(permission -> !OPEN.contains(permission))
                .collect(Collectors.toCollection(TreeSet::new));
        var known = Arrays.stream(Permission.values())
                .filter(Permission::guardsOperation)
                .map(Permission::permission)
                .collect(Collectors.toCollection(TreeSet::new));
        if (!asked.equals(known)) {
            var unknown = new TreeSet<>(asked);
            unknown.removeAll(known);
            known.removeAll(asked);
            var faults = new ArrayList<String>();
            unknown.forEach(name -> faults.add("no permission is called " + name));
            known.forEach(name -> faults.add("no operation asks for " + name));
            throw new StartException("openapi.yaml and the permissions differ: " + String.join("; ", faults));
        }
    }
}
