package app.fathi.platform.bus;

import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Lines of CSV (RFC 4180) for files that people open in a spreadsheet: what it would take for a formula gets an apostrophe
 * before it, so that nobody's name runs there as a program.
 */
public final class Csv {
    private static final Pattern FORMULA = Pattern.compile("[=+\\-@\t\r\n].*", Pattern.DOTALL);
    private static final Pattern NUMBER = Pattern.compile("[+-]?[0-9]+([.,][0-9]+)?([eE][+-]?[0-9]+)?");

    private Csv() {}

    /** The cells in their order, null for an empty one, with the end of the line. */
    public static String line(List<?> cells) {
        return cells.stream().map(Csv::cell).collect(Collectors.joining(",")) + "\r\n";
    }

    private static String cell(Object value) {
        var text = value == null ? "" : value.toString();
        var safe = FORMULA.matcher(text).matches() && !NUMBER.matcher(text).matches() ? "'" + text : text;
        return safe.chars().anyMatch(octet -> octet == ',' || octet == '"' || octet == '\n' || octet == '\r')
                ? '"' + safe.replace("\"", "\"\"") + '"'
                : safe;
    }
}
