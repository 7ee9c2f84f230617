package app.fathi.platform.imports;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The octets of one row into text, and a row of CSV into its fields, as RFC 4180 writes them. Never tells what stood there. */
public final class RowText {
    private RowText() {}

    /** @throws IllegalArgumentException when it is not UTF-8, or holds the character NUL */
    public static String of(byte[] octets) {
        try {
            var text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(octets))
                    .toString();
            if (text.indexOf(0) >= 0) {
                throw new IllegalArgumentException("it holds the NUL character, as text in UTF-16 does");
            }
            return text;
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("it is not UTF-8", e);
        }
    }

    /** @throws IllegalArgumentException when a quoted field goes on behind its closing quote */
    public static List<String> fields(String row) {
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
