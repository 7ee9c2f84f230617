package app.fathi.cdp.values;

import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The way to a trait or a property: its name, and for a member of an object the names on the way to it. Written with dots,
 * {@code address.city}; a dot that belongs to a name is written {@code \.}, a backslash {@code \\}.
 *
 * @param names at least one, none of them empty
 */
public record Path(List<String> names) {
    public static final int DEPTH_LIMIT = 8;

    public Path {
        names = List.copyOf(names);
    }

    /** @throws IllegalArgumentException with what is wrong, for people */
    public static Path parse(String text) {
        var names = new ArrayList<String>();
        var name = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\') {
                i++;
                if (i == text.length() || text.charAt(i) != '.' && text.charAt(i) != '\\') {
                    throw new IllegalArgumentException("After a backslash comes a dot or a backslash.");
                }
                name.append(text.charAt(i));
            } else if (c == '.') {
                names.add(name.toString());
                name.setLength(0);
            } else {
                name.append(c);
            }
        }
        names.add(name.toString());
        if (names.contains("")) {
            throw new IllegalArgumentException("A name is empty: write the dot of a name as \\.");
        }
        if (names.size() > DEPTH_LIMIT) {
            throw new IllegalArgumentException("At most " + DEPTH_LIMIT + " names, one in the other.");
        }
        return new Path(names);
    }

    /** The trait itself: what changes when any of its members does. */
    public String root() {
        return names.getFirst();
    }

    /** What stands at the end of the way; missing where the way ends early. */
    public Value in(JsonObject object) {
        Object here = object.getMap();
        for (var name : names) {
            here = switch (here) {
                case JsonObject json -> json.getMap().get(name);
                case Map<?, ?> map -> map.get(name);
                case null, default -> null;
            };
        }
        return Value.of(here);
    }

    @Override
    public String toString() {
        return names.stream()
                .map(name -> name.replace("\\", "\\\\").replace(".", "\\."))
                .collect(Collectors.joining("."));
    }
}
