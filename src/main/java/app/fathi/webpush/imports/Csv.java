package app.fathi.webpush.imports;

import java.util.ArrayList;
import java.util.List;

/** One row of CSV into its fields, as RFC 4180 writes them. */
final class Csv {
    private Csv() {}

    /** @throws IllegalArgumentException when a quoted field goes on behind its closing quote */
    static List<String> fields(String row) {
        var fields = new ArrayList<String>();
        var field = new StringBuilder();
        int i = 0;
        while (true) {
            if (i < row.length() && row.charAt(i) == '"') {
                i = quoted(row, i + 1, field);
                if (i < row.length() && row.charAt(i) != ',') {
                    throw new IllegalArgumentException("field " + (fields.size() + 1) + " goes on behind its quotes");
                }
            } else {
                int end = row.indexOf(',', i);
                end = end < 0 ? row.length() : end;
                field.append(row, i, end);
                i = end;
            }
            fields.add(field.toString());
            field.setLength(0);
            if (i >= row.length()) {
                return fields;
            }
            i++;
        }
    }

    /** The place behind the closing quote. */
    private static int quoted(String row, int from, StringBuilder field) {
        int i = from;
        while (i < row.length()) {
            char c = row.charAt(i++);
            if (c != '"') {
                field.append(c);
            } else if (i < row.length() && row.charAt(i) == '"') {
                field.append('"');
                i++;
            } else {
                return i;
            }
        }
        throw new IllegalArgumentException("a quote is opened and not closed");
    }
}
