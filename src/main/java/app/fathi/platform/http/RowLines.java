package app.fathi.platform.http;

import app.fathi.platform.bus.Csv;
import app.fathi.platform.bus.Reply;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Writes rows as lines of CSV or JSON, a page at a time, without what the caller may not see. */
final class RowLines {
    private final Reply.Rows rows;
    private final Optional<PersonalFields.Mask> mask;
    private final List<String[]> ways;
    private boolean begun;

    /** @param mask what is hidden from this caller; empty when nothing is */
    RowLines(Reply.Rows rows, Optional<PersonalFields.Mask> mask) {
        this.rows = rows;
        this.mask = mask;
        this.ways = rows.columns().stream().map(column -> column.split("\\.")).toList();
    }

    /** Null when there is nothing more. */
    Future<Buffer> next() {
        return rows.next().get().map(page -> {
            if (page == null) {
                return null;
            }
            var lines = new StringBuilder();
            if (!begun && !ways.isEmpty()) {
                lines.append(Csv.line(ways.stream().map(RowLines::title).toList()));
            }
            begun = true;
            page.forEach(row ->
                    lines.append(line(mask.map(hidden -> hidden.hideIn(row)).orElse(row))));
            return Buffer.buffer(lines.toString());
        });
    }

    /** In one word, such as {@code actorName}. */
    private static String title(String[] way) {
        return Stream.concat(
                        Stream.of(way[0]),
                        Arrays.stream(way)
                                .skip(1)
                                .map(name -> Character.toUpperCase(name.charAt(0)) + name.substring(1)))
                .reduce("", String::concat);
    }

    private String line(JsonObject row) {
        return ways.isEmpty()
                ? row.encode() + "\n"
                : Csv.line(ways.stream().map(way -> cell(row, way)).toList());
    }

    private static String cell(JsonObject row, String[] way) {
        Object value = row;
        for (var name : way) {
            value = value instanceof JsonObject object ? object.getValue(name) : null;
        }
        return switch (value) {
            case null -> "";
            case JsonObject object -> object.encode();
            case JsonArray array -> array.encode();
            default -> value.toString();
        };
    }
}
