package app.fathi.cdp.schemas;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A property of one event, found in whatever depth it stands.
 *
 * @param path the names that lead to it, with dots between them
 * @param pointer the same as a JSON pointer into the event
 */
record Property(String path, String pointer, Object value) {
    /** Deeper ones are part of the object that they stand in. */
    private static final int MAX_DEPTH = 3;
    /** Of one event; what stands behind them is not looked at. */
    static final int MAX_PROPERTIES = 200;

    static final int MAX_PATH_CHARACTERS = 200;
    private static final int MAX_EXAMPLE_CHARACTERS = 40;
    private static final Set<String> WITH_TRAITS = Set.of("identify", "group");

    /** The properties of the event, or the traits of a call that is about those; none where there is nothing but null. */
    static List<Property> of(JsonObject event) {
        var holder = holder(event);
        var found = new ArrayList<Property>();
        if (event.getValue(holder) instanceof JsonObject properties) {
            add(properties, "", "/" + holder, 1, found);
        }
        return found;
    }

    /** Where an event of this call has its properties. */
    static String holder(JsonObject event) {
        return WITH_TRAITS.contains(event.getString("type")) ? "traits" : "properties";
    }

    private static void add(JsonObject object, String path, String pointer, int depth, List<Property> found) {
        for (var member : object) {
            var value = member.getValue();
            var way = path + member.getKey();
            if (value == null || found.size() >= MAX_PROPERTIES || way.length() > MAX_PATH_CHARACTERS) {
                continue;
            }
            var place = pointer + "/" + member.getKey().replace("~", "~0").replace("/", "~1");
            found.add(new Property(way, place, value));
            if (value instanceof JsonObject inner && depth < MAX_DEPTH) {
                add(inner, way + ".", place, depth + 1, found);
            }
        }
    }

    JsonType type() {
        return JsonType.of(value);
    }

    /** The form of the value: a letter for each letter, a zero for each digit. What it says of somebody is not in it. */
    String example() {
        return switch (value) {
            case JsonObject object -> "{}";
            case JsonArray array ->
                array.isEmpty() ? "[]" : "[" + JsonType.of(array.getValue(0)).told() + "]";
            case Boolean truth -> "true";
            default -> form(value.toString());
        };
    }

    private static String form(String text) {
        var form = new StringBuilder();
        text.codePoints().limit(MAX_EXAMPLE_CHARACTERS).forEach(character -> {
            if (Character.isDigit(character)) {
                form.append('0');
            } else if (Character.isUpperCase(character)) {
                form.append('A');
            } else if (Character.isLetter(character)) {
                form.append('a');
            } else if (character < ' ' || character > '~') {
                form.append('?');
            } else {
                form.appendCodePoint(character);
            }
        });
        return form.toString();
    }
}
