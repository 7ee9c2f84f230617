package app.fathi.cdp.schemas;

import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What events of one name should look like.
 *
 * @param expected by their paths
 * @param flagsUnknown whether a property that is not expected does not fit
 * @param rejects whether an event that does not fit is refused; else it is taken, and flagged
 */
record Pin(Map<String, Expected> expected, boolean flagsUnknown, boolean rejects) {
    private static final String FLAG = "flag";
    private static final String REJECT = "reject";
    private static final int MAX_FAULTS = 20;

    /** @param types as bits of {@link JsonType} */
    record Expected(int types, boolean required) {}

    /** @throws ProblemException where the contract's words ask for more than its schema can */
    static Pin of(JsonObject json) {
        var expected = new LinkedHashMap<String, Expected>();
        var properties = json.getJsonArray("properties");
        for (int i = 0; i < properties.size(); i++) {
            var property = properties.getJsonObject(i);
            var types = 0;
            for (var type : property.getJsonArray("types")) {
                types |= JsonType.named((String) type).orElseThrow().bit();
            }
            var before = expected.put(
                    property.getString("name"), new Expected(types, property.getBoolean("required", false)));
            if (before != null) {
                throw ProblemException.unprocessable(
                        "/properties/" + i + "/name", "This property is named twice. Name it once with all its types.");
            }
        }
        return new Pin(
                expected,
                json.getString("unknown", FLAG).equals(FLAG),
                json.getString("action", FLAG).equals(REJECT));
    }

    JsonObject toJson() {
        var properties = new JsonArray();
        expected.forEach((name, one) -> properties.add(new JsonObject()
                .put("name", name)
                .put("types", new JsonArray(JsonType.named(one.types)))
                .put("required", one.required)));
        return new JsonObject()
                .put("properties", properties)
                .put("unknown", flagsUnknown ? FLAG : "allow")
                .put("action", rejects ? REJECT : FLAG);
    }

    /**
     * What does not fit, with pointers into the event; never with a value.
     *
     * @param holder where the properties stand: {@code properties} or {@code traits}
     */
    List<Problem.Fault> faults(List<Property> properties, String holder) {
        var faults = new ArrayList<Problem.Fault>();
        var present = new HashSet<String>();
        for (var property : properties) {
            present.add(property.path());
            var one = expected.get(property.path());
            if (one == null && flagsUnknown) {
                faults.add(new Problem.Fault(property.pointer(), "The pinned schema has no such property."));
            } else if (one != null && (one.types & property.type().bit()) == 0) {
                faults.add(new Problem.Fault(
                        property.pointer(),
                        "The pinned schema takes " + String.join(" or ", JsonType.named(one.types)) + ", and this is "
                                + property.type().told() + "."));
            }
        }
        expected.forEach((name, one) -> {
            if (one.required && !present.contains(name)) {
                faults.add(new Problem.Fault(
                        "/" + holder + "/" + pointer(name), "The pinned schema needs this property."));
            }
        });
        return faults.stream().limit(MAX_FAULTS).collect(Collectors.toList());
    }

    private static String pointer(String path) {
        return path.replace("~", "~0").replace("/", "~1").replace(".", "/");
    }
}
