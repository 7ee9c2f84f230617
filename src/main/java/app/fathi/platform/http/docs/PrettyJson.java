package app.fathi.platform.http.docs;

import io.vertx.core.json.Json;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.stream.Collectors;

/** JSON as people write it: what is short stands on one line. */
final class PrettyJson {
    private static final int WIDTH = 88;
    private static final String STEP = "  ";

    private PrettyJson() {}

    static String of(Object value) {
        return write(value, "", 0);
    }

    /** @param used how much of the line is taken already */
    private static String write(Object value, String indent, int used) {
        var flat = flat(value);
        if (used + flat.length() <= WIDTH && !flat.contains("\n")) {
            return flat;
        }
        var inner = indent + STEP;
        return switch (value) {
            case JsonObject object ->
                object.stream()
                        .map(entry -> inner + Json.encode(entry.getKey()) + ": "
                                + write(
                                        entry.getValue(),
                                        inner,
                                        inner.length() + entry.getKey().length() + 4))
                        .collect(Collectors.joining(",\n", "{\n", "\n" + indent + "}"));
            case JsonArray array ->
                array.stream()
                        .map(element -> inner + write(element, inner, inner.length()))
                        .collect(Collectors.joining(",\n", "[\n", "\n" + indent + "]"));
            default -> flat;
        };
    }

    private static String flat(Object value) {
        return switch (value) {
            case JsonObject object when object.isEmpty() -> "{}";
            case JsonObject object ->
                object.stream()
                        .map(entry -> Json.encode(entry.getKey()) + ": " + flat(entry.getValue()))
                        .collect(Collectors.joining(", ", "{ ", " }"));
            case JsonArray array -> array.stream().map(PrettyJson::flat).collect(Collectors.joining(", ", "[", "]"));
            case null -> "null";
            default -> Json.encode(value);
        };
    }
}
