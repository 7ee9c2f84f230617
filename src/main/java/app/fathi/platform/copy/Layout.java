package app.fathi.platform.copy;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * The tables that hold rows, ascending by name: plain ones and partitions, which are copied one by one.
 *
 * <p>Flyway's own table is not among them: the schema is made anew where it is copied to.
 */
public record Layout(List<Table> tables) {
    private static final Pattern BOUND = Pattern.compile("FOR VALUES FROM \\([^;]*\\) TO \\([^;]*\\)|DEFAULT");
    private static final Pattern OPTIONS = Pattern.compile("[a-z_]+=[A-Za-z0-9.]+(, [a-z_]+=[A-Za-z0-9.]+)*");

    public Layout {
        tables = List.copyOf(tables);
    }

    /** A column whose values are copied: none that the server computes. */
    public record Column(String name, String type) {
        /** Transaction ids mean nothing on another server. What is copied has been committed, as this one says everywhere. */
        private static final String COMMITTED = "'2'::xid8";

        String selected() {
            return type.equals("xid8") ? COMMITTED + " AS " + quoted(name) : quoted(name);
        }

        String value() {
            return type.equals("xid8") ? COMMITTED : quoted(name);
        }
    }

    /** Which part of which table a partition is. */
    public record Part(String parent, String bound, String options) {}

    /** @param part null for a table of its own */
    public record Table(String name, List<Column> columns, Part part) {
        public Table {
            columns = List.copyOf(columns);
        }

        String copyOut() {
            return "COPY (SELECT " + list(Column::selected) + " FROM ONLY " + quoted(name)
                    + ") TO STDOUT (FORMAT binary)";
        }

        String copyIn() {
            return "COPY " + quoted(name) + " (" + list(column -> quoted(column.name()))
                    + ") FROM STDIN (FORMAT binary)";
        }

        /** Makes the partition; only where {@link #part} is known. */
        String create() {
            if (!BOUND.matcher(part.bound).matches()
                    || part.options != null && !OPTIONS.matcher(part.options).matches()) {
                throw new CopyException(
                        "the partition " + name + " is described in a way that this version does not know");
            }
            return "CREATE TABLE " + quoted(name) + " PARTITION OF " + quoted(part.parent) + " " + part.bound
                    + (part.options == null ? "" : " WITH (" + part.options + ")");
        }

        /** How many rows there are, and two sums over their contents that do not depend on their order. */
        String digest() {
            return """
                    SELECT count(*), coalesce(sum(('x' || left(d, 16))::bit(64)::bigint), 0),
                           coalesce(sum(('x' || right(d, 16))::bit(64)::bigint), 0)
                    FROM (SELECT encode(sha256(convert_to(ROW(%s)::text, 'UTF8')), 'hex') AS d FROM ONLY %s) rows
                    """
                    .formatted(list(Column::value), quoted(name));
        }

        private String list(Function<Column, String> written) {
            return String.join(", ", columns.stream().map(written).toList());
        }
    }

    /** A table's name and its columns: what two layouts must have in common, however their partitions are cut. */
    Map<String, List<Column>> shape() {
        var shape = new TreeMap<String, List<Column>>();
        for (var table : tables) {
            shape.put(table.part == null ? table.name : table.part.parent, table.columns);
        }
        return shape;
    }

    static String quoted(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    JsonArray toJson() {
        var json = new JsonArray();
        for (var table : tables) {
            var columns = new JsonArray();
            table.columns.forEach(
                    column -> columns.add(new JsonArray().add(column.name).add(column.type)));
            var one = new JsonObject().put("name", table.name).put("columns", columns);
            if (table.part != null) {
                one.put("parent", table.part.parent)
                        .put("bound", table.part.bound)
                        .put("options", table.part.options);
            }
            json.add(one);
        }
        return json;
    }

    static Layout of(JsonArray json) {
        var tables = new ArrayList<Table>();
        for (int i = 0; i < json.size(); i++) {
            var one = json.getJsonObject(i);
            var columns = new ArrayList<Column>();
            var names = one.getJsonArray("columns");
            for (int j = 0; j < names.size(); j++) {
                var column = names.getJsonArray(j);
                columns.add(new Column(column.getString(0), column.getString(1)));
            }
            var part = one.getString("parent") == null
                    ? null
                    : new Part(one.getString("parent"), one.getString("bound"), one.getString("options"));
            tables.add(new Table(one.getString("name"), columns, part));
        }
        return new Layout(tables);
    }
}
