package app.fathi.templates;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.function.BiFunction;

/** The texts in a piece of JSON, however deep. */
final class Texts {
    private Texts() {}

    /**
     * A copy with each text replaced.
     *
     * @param pointer of the value itself (RFC 6901)
     * @param change of a text and its pointer
     */
    static Object map(Object value, String pointer, BiFunction<String, String, String> change) {
        return switch (value) {
            case String text -> change.apply(text, pointer);
            case JsonObject object -> {
                var copy = new JsonObject();
                object.forEach(entry -> copy.put(
                        entry.getKey(), map(entry.getValue(), pointer + "/" + escape(entry.getKey()), change)));
                yield copy;
            }
            case JsonArray array -> {
                var copy = new JsonArray();
                for (int i = 0; i < array.size(); i++) {
                    copy.add(map(array.getValue(i), pointer + "/" + i, change));
                }
                yield copy;
            }
            case null -> null;
            default -> value;
        };
    }

    /** RFC 6901 section 3. */
    static String escape(String name) {
        return name.replace("~", "~0").replace("/", "~1");
    }
}
