package app.fathi.templates;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Texts that templates have in common, put into them where they say <code>{% include 'name' %}</code>. That is done before
 * anything is rendered, so what is rendered includes nothing, and a text without variables stays one.
 */
final class Snippets {
    /** Snippets inside each other. */
    static final int DEPTH_LIMIT = 5;
    /** Of one text, whatever it includes. */
    static final int LENGTH_LIMIT = 32_768;

    private static final Pattern INCLUDE =
            Pattern.compile("\\{%(-?)\\s*include\\s+(['\"])([a-z0-9][a-z0-9-]{0,63})\\2\\s*(-?)%}");

    private final Map<String, String> texts;

    /** @param texts by name */
    Snippets(Map<String, String> texts) {
        this.texts = texts;
    }

    /** The snippets that the text includes itself. */
    static Set<String> names(String text) {
        var names = new LinkedHashSet<String>();
        var include = INCLUDE.matcher(text);
        while (include.find()) {
            names.add(include.group(3));
        }
        return names;
    }

    /** The text with what it includes; fails with a {@link RenderException} for what there is not, circles and excess. */
    String expand(String text) {
        return expand(text, new ArrayDeque<>());
    }

    private String expand(String text, Deque<String> inside) {
        var include = INCLUDE.matcher(text);
        if (!include.find()) {
            return text;
        }
        var expanded = new StringBuilder();
        int from = 0;
        do {
            expanded.append(text, from, include.start());
            if (!include.group(1).isEmpty()) {
                expanded.setLength(expanded.toString().stripTrailing().length());
            }
            expanded.append(included(include.group(3), inside));
            if (expanded.length() > LENGTH_LIMIT) {
                throw RenderException.failed(
                        "With what it includes the text has more than " + LENGTH_LIMIT + " characters.");
            }
            from = include.end();
            while (!include.group(4).isEmpty() && from < text.length() && Character.isWhitespace(text.charAt(from))) {
                from++;
            }
        } while (include.find(from));
        return expanded.append(text, from, text.length()).toString();
    }

    private String included(String name, Deque<String> inside) {
        var text = texts.get(name);
        if (text == null) {
            throw RenderException.failed("There is no snippet " + name + ".");
        }
        if (inside.contains(name)) {
            throw RenderException.failed("The snippet " + name + " includes itself.");
        }
        if (inside.size() == DEPTH_LIMIT) {
            throw RenderException.failed("Snippets include each other at most " + DEPTH_LIMIT + " deep.");
        }
        inside.push(name);
        var expanded = expand(text, inside);
        inside.pop();
        return expanded;
    }
}
