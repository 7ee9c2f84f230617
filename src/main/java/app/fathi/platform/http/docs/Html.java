package app.fathi.platform.http.docs;

import java.util.function.Function;

/** Markup. What is put into a template is escaped unless it is markup itself, so no text becomes markup by accident. */
public record Html(String text) {
    public static final Html NONE = new Html("");

    private static final String HOLE = "{}";

    /** The template with each {@code {}} replaced by the next value. */
    public static Html of(String template, Object... values) {
        var text = new StringBuilder(template.length() * 2);
        int from = 0;
        for (var value : values) {
            int hole = template.indexOf(HOLE, from);
            if (hole < 0) {
                throw new IllegalArgumentException("Too many values for: " + template);
            }
            text.append(template, from, hole)
                    .append(value instanceof Html html ? html.text : escape(String.valueOf(value)));
            from = hole + HOLE.length();
        }
        if (template.indexOf(HOLE, from) >= 0) {
            throw new IllegalArgumentException("Too few values for: " + template);
        }
        return new Html(text.append(template, from, template.length()).toString());
    }

    public static <T> Html each(Iterable<T> all, Function<T, Html> one) {
        var text = new StringBuilder();
        all.forEach(each -> text.append(one.apply(each).text));
        return new Html(text.toString());
    }

    public Html and(Html next) {
        return new Html(text + next.text);
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }
}
