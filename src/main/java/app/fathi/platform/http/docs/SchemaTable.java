package app.fathi.platform.http.docs;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** What a body consists of, as a table with a row for each property at any depth. */
final class SchemaTable {
    private static final int MAX_DEPTH = 6;

    private final Spec spec;
    private final Markdown markdown;

    SchemaTable(Spec spec, Markdown markdown) {
        this.spec = spec;
        this.markdown = markdown;
    }

    private record Row(String path, JsonObject schema, boolean required, int depth) {}

    /** @param caption whose properties these are */
    Html of(String caption, JsonObject schema, boolean ofRequest) {
        var rows = new ArrayList<Row>();
        collect(schema, "", 0, rows);
        return rows.isEmpty() ? Html.NONE : table(caption, rows, ofRequest);
    }

    private void collect(JsonObject schema, String prefix, int depth, List<Row> rows) {
        if (depth == MAX_DEPTH) {
            return;
        }
        var required = spec.required(schema);
        spec.properties(schema).forEach((name, property) -> {
            var path = prefix + name;
            rows.add(new Row(path, property, required.contains(name), depth));
            collectInside(property, path, depth + 1, rows);
        });
    }

    private void collectInside(JsonObject schema, String path, int depth, List<Row> rows) {
        var resolved = spec.resolve(schema);
        collect(resolved, path + ".", depth, rows);
        Spec.objects(resolved.getJsonArray("oneOf"))
                .filter(each -> !spec.properties(each).isEmpty())
                .forEach(each -> collect(each, path + ".", depth, rows));
        if (resolved.getValue("items") instanceof JsonObject items) {
            collectInside(items, path + "[]", depth, rows);
        }
    }

    private Html table(String caption, List<Row> rows, boolean ofRequest) {
        return Html.of(
                """
                <table class="properties" role="table">
                <caption>{}</caption>
                <thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Property</th>\
                <th role="columnheader" scope="col">Type and limits</th>\
                <th role="columnheader" scope="col">Meaning</th></tr></thead>
                <tbody role="rowgroup">
                {}</tbody>
                </table>
                """,
                caption,
                Html.each(rows, row -> row(row, ofRequest)));
    }

    private Html row(Row row, boolean ofRequest) {
        return Html.of(
                "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\" class=\"depth-{}\"><code>{}</code>{}</th>"
                        + "<td role=\"cell\">{}</td><td role=\"cell\">{}{}</td></tr>\n",
                row.depth(),
                row.path(),
                marks(row, ofRequest),
                typeAndLimits(row.schema()),
                told(row.schema()),
                isPersonal(row.schema()) ? new Html(" <span class=\"mark personal\">personal</span>") : Html.NONE);
    }

    private static Html marks(Row row, boolean ofRequest) {
        if (ofRequest) {
            return row.required() ? new Html(" <span class=\"mark required\">required</span>") : Html.NONE;
        }
        return row.required() ? Html.NONE : new Html(" <span class=\"mark\">may be absent</span>");
    }

    private boolean isPersonal(JsonObject schema) {
        return schema.getBoolean("x-personal", false)
                || spec.resolve(schema).getValue("items") instanceof JsonObject items
                        && items.getBoolean("x-personal", false);
    }

    private Html told(JsonObject schema) {
        var own = Optional.ofNullable(schema.getString("description"))
                .or(() -> Optional.ofNullable(spec.resolve(schema).getString("description")));
        return own.map(markdown::inline).orElse(Html.NONE);
    }

    /** One line with the type and everything that bounds it. */
    Html typeAndLimits(JsonObject schema) {
        return Html.of("<span class=\"type\">{}</span>", type(schema))
                .and(Html.each(limits(spec.resolve(schema)), limit -> Html.of("<br>{}", limit)));
    }

    private String type(JsonObject schema) {
        var resolved = spec.resolve(schema);
        if (resolved.containsKey("oneOf") && !resolved.containsKey("type")) {
            return Spec.objects(resolved.getJsonArray("oneOf")).map(this::type).collect(Collectors.joining(" or "));
        }
        var types = spec.types(resolved).stream()
                .map(type -> type.equals("array")
                        ? "list of " + type(resolved.getJsonObject("items", new JsonObject()))
                        : type)
                .collect(Collectors.joining(" or "));
        var format = resolved.getString("format");
        return (types.isEmpty() ? "any" : types)
                + (format == null ? "" : " (" + format + ")")
                + (Spec.isNullable(resolved) ? " or null" : "");
    }

    private List<Html> limits(JsonObject schema) {
        var all = new ArrayList<Html>();
        if (schema.getValue("enum") instanceof JsonArray values && values.size() > 1) {
            all.add(Html.of(
                    "one of {}",
                    new Html(values.stream()
                            .map(value -> Html.of("<code>{}</code>", value).text())
                            .collect(Collectors.joining(", ")))));
        }
        range(schema, "minimum", "maximum", "").ifPresent(all::add);
        range(schema, "minLength", "maxLength", " characters").ifPresent(all::add);
        range(schema, "minItems", "maxItems", " entries").ifPresent(all::add);
        range(schema, "minProperties", "maxProperties", " of the properties").ifPresent(all::add);
        if (schema.containsKey("pattern")) {
            all.add(Html.of("matches <code>{}</code>", schema.getString("pattern")));
        }
        if (schema.getBoolean("uniqueItems", false)) {
            all.add(new Html("no entry twice"));
        }
        if (schema.getValue("items") instanceof JsonObject items) {
            limits(spec.resolve(items)).forEach(limit -> all.add(Html.of("each: {}", limit)));
        }
        if (schema.containsKey("default")) {
            all.add(Html.of("<code>{}</code> when left out", schema.getValue("default")));
        }
        return all;
    }

    private static Optional<Html> range(JsonObject schema, String least, String most, String of) {
        var from = schema.getValue(least);
        var to = schema.getValue(most);
        if (from == null && to == null) {
            return Optional.empty();
        }
        if (from == null || to == null) {
            return Optional.of(Html.of("{} {}{}", from == null ? "at most" : "at least", from == null ? to : from, of));
        }
        return Optional.of(from.equals(to) ? Html.of("exactly {}{}", from, of) : Html.of("{} to {}{}", from, to, of));
    }
}
