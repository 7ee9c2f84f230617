package app.fathi.platform.http.docs;

import io.vertx.core.json.Json;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** JSON as people write it: what is short stands on one line. */
final class PrettyJson {
    private static final int WIDTH = 88;
    private static final String STEP = "  ";

    private PrettyJson() {}

    static String of(Object value) {
        return of(value, UnaryOperator.identity());
    }

    /** @param spell how a string stands there, given its JSON spelling */
    static String of(Object value, UnaryOperator<String> spell) {
        return write(value, "", 0, spell);
    }

    /** @param used how much of the line is taken already */
    private static String write(Object value, String indent, int used, UnaryOperator<String> spell) {
        var flat = flat(value, spell);
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
                                        inner.length() + entry.getKey().length() + 4,
                                        spell))
                        .collect(Collectors.joining(",\n", "{\n", "\n" + indent + "}"));
            case JsonArray array ->
                array.stream()
                        .map(element -> inner + write(element, inner, inner.length(), spell))
                        .collect(Collectors.joining(",\n", "[\n", "\n" + indent + "]"));
            default -> flat;
        };
    }

    private static String flat(Object value, UnaryOperator<String> spell) {
        return switch (value) {
            case JsonObject object when object.isEmpty() -> "{}";
            case JsonObject object ->
                object.stream()
                        .map(entry -> Json.encode(entry.getKey()) + ": " + flat(entry.getValue(), spell))
                        .collect(Collectors.joining(", ", "{ ", " }"));
            case JsonArray array ->
                array.stream().map(element -> flat(element, spell)).collect(Collectors.joining(", ", "[", "]"));
            case String text -> spell.apply(Json.encode(text));
            case null -> "null";
            default -> Json.encode(value);
        };
    }
}
