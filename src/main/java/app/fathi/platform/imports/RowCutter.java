package app.fathi.platform.imports;

import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Cuts the octets of a file into rows: lines, or rows of CSV (RFC 4180), whose quoted fields may hold line ends. It holds
 * no more than one row. A quote that nobody closes costs the line it stands in, not those that follow.
 */
public final class RowCutter {
    /** Longer rows are told as faulty. */
    public static final int ROW_OCTETS = 32 * 1024;

    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

    private enum In {
        FIELD_START,
        BARE,
        QUOTED,
        QUOTE_IN_QUOTED
    }

    /**
     * One row.
     *
     * @param line the number of its first line, from 1
     * @param nextPosition octets up to and with its end: from here on nothing was read
     * @param nextLine the number of the line behind it
     * @param fault why there are no octets; null when there are
     * @param octets without the line's end
     */
    public record Row(long line, long nextPosition, long nextLine, String fault, byte[] octets) {}

    private final boolean quotes;
    private final Consumer<Row> rows;
    private byte[] row = new byte[1024];
    private int length;
    private In in = In.FIELD_START;
    private boolean tooLong;
    private long position;
    private long line;
    private long firstLine;
    private final boolean atStart;

    /**
     * @param quotes whether the file is CSV
     * @param position where in the file it begins, a row's beginning
     * @param line the number of the line there
     */
    public RowCutter(boolean quotes, long position, long line, Consumer<Row> rows) {
        this.quotes = quotes;
        this.position = position;
        this.line = line;
        this.firstLine = line;
        this.atStart = position == 0;
        this.rows = rows;
    }

    public void feed(byte[] octets) {
        for (byte octet : octets) {
            next(octet);
        }
    }

    /** Nothing follows: the last row may lack its end. */
    public void end() {
        while (length > 0 || tooLong) {
            if (in == In.QUOTED && !tooLong) {
                giveUpFirstLine("a quote is opened and not closed");
            } else {
                emit();
            }
        }
    }

    private void next(byte octet) {
        position++;
        boolean isEnd = octet == '\n';
        if (isEnd) {
            line++;
        }
        if (isEnd && (in != In.QUOTED || tooLong)) {
            emit();
            return;
        }
        if (tooLong) {
            return;
        }
        if (length == ROW_OCTETS) {
            if (in == In.QUOTED && indexOfEnd() >= 0) {
                position--;
                line -= isEnd ? 1 : 0;
                giveUpFirstLine("a quote is opened and not closed within " + ROW_OCTETS + " octets");
                next(octet);
            } else {
                tooLong = true;
                if (isEnd) {
                    emit();
                }
            }
            return;
        }
        append(octet);
        if (quotes) {
            look(octet);
        }
    }

    private void look(byte octet) {
        in = switch (in) {
            case FIELD_START -> octet == '"' ? In.QUOTED : octet == ',' ? In.FIELD_START : In.BARE;
            case BARE -> octet == ',' ? In.FIELD_START : In.BARE;
            case QUOTED -> octet == '"' ? In.QUOTE_IN_QUOTED : In.QUOTED;
            case QUOTE_IN_QUOTED -> octet == '"' ? In.QUOTED : octet == ',' ? In.FIELD_START : In.BARE;
        };
        if (atStart && firstLine == 1 && length == BYTE_ORDER_MARK.length && startsWithMark()) {
            in = In.FIELD_START;
        }
    }

    private void append(byte octet) {
        if (length == row.length) {
            row = Arrays.copyOf(row, Math.min(ROW_OCTETS, row.length * 2));
        }
        row[length++] = octet;
    }

    private void emit() {
        var fault = tooLong ? "longer than " + ROW_OCTETS + " octets" : null;
        rows.accept(new Row(firstLine, position, line, fault, tooLong ? null : content()));
        begin(line);
    }

    private byte[] content() {
        int from = atStart && firstLine == 1 && startsWithMark() ? BYTE_ORDER_MARK.length : 0;
        int to = length > from && row[length - 1] == '\r' ? length - 1 : length;
        return Arrays.copyOfRange(row, from, to);
    }

    private boolean startsWithMark() {
        return length >= BYTE_ORDER_MARK.length
                && Arrays.equals(row, 0, BYTE_ORDER_MARK.length, BYTE_ORDER_MARK, 0, BYTE_ORDER_MARK.length);
    }

    /** What a quote has swallowed is looked at again from its second line on. */
    private void giveUpFirstLine(String fault) {
        int end = indexOfEnd();
        int firstLength = end < 0 ? length : end + 1;
        var rest = Arrays.copyOfRange(row, firstLength, length);
        long behind = position;
        long lineBehind = line;
        long first = firstLine;
        rows.accept(new Row(first, behind - rest.length, end < 0 ? lineBehind : first + 1, fault, null));
        begin(end < 0 ? lineBehind : first + 1);
        position = behind - rest.length;
        line = firstLine;
        for (byte octet : rest) {
            next(octet);
        }
    }

    private int indexOfEnd() {
        for (int i = 0; i < length; i++) {
            if (row[i] == '\n') {
                return i;
            }
        }
        return -1;
    }

    private void begin(long atLine) {
        length = 0;
        tooLong = false;
        in = In.FIELD_START;
        firstLine = atLine;
    }
}
