package app.fathi.platform.imports;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.imports.RowCutter.Row;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RowCutterTest {
    private static final String MARK = "\ufeff";

    @Test
    void rows_end_with_either_line_end_and_the_last_one_needs_none() {
        assertThat(cut(true, "a,b\r\nc\n\nd")).containsExactly("1 a,b", "2 c", "3 ", "4 d");
        assertThat(cut(false, "a\r\n{\"b\n")).containsExactly("1 a", "2 {\"b");
        assertThat(cut(true, "")).isEmpty();
    }

    @Test
    void a_byte_order_mark_is_no_part_of_the_first_row() {
        assertThat(cut(true, MARK + "\"a,\nb\",c\nd")).containsExactly("1 \"a,\nb\",c", "3 d");
        assertThat(cut(false, MARK + "{}")).containsExactly("1 {}");
    }

    @Test
    void a_quoted_field_may_hold_line_ends_and_a_quote_inside_a_bare_one_is_only_a_quote() {
        assertThat(cut(true, "1,\"x\r\ny\",\"say \"\"hi\"\"\"\n5\" screen,z\n6"))
                .containsExactly("1 1,\"x\r\ny\",\"say \"\"hi\"\"\"", "3 5\" screen,z", "4 6");
    }

    @Test
    void a_quote_that_nobody_closes_costs_its_own_line_alone() {
        assertThat(cut(true, "1,\"open\n2,b\n3,c"))
                .containsExactly("1 !a quote is opened and not closed", "2 2,b", "3 3,c");
        var many = "\nfine,fine".repeat(10_000);
        var rows = cut(true, "1,\"open" + many);
        assertThat(rows.getFirst()).startsWith("1 !a quote is opened and not closed within");
        assertThat(rows).hasSize(10_001).contains("2 fine,fine", "10001 fine,fine");
    }

    @Test
    void a_row_without_end_costs_no_memory_and_the_next_one_is_read() {
        var endless = "x".repeat(100_000);
        for (boolean quotes : new boolean[] {true, false}) {
            assertThat(cut(quotes, endless + "\nb\n")).containsExactly("1 !longer than 32768 octets", "2 b");
        }
        assertThat(cut(true, "\"" + endless + "\nb\n")).containsExactly("1 !longer than 32768 octets", "2 b");
        var longest = "y".repeat(RowCutter.ROW_OCTETS);
        assertThat(cut(true, longest + "\nb")).containsExactly("1 " + longest, "2 b");
        assertThat(cut(true, longest + "z\nb")).containsExactly("1 !longer than 32768 octets", "2 b");
        assertThat(cut(true, "\"" + longest.substring(1) + "\nb"))
                .hasSize(2)
                .last()
                .isEqualTo("2 b");
    }

    /** However it is cut into pieces, and wherever it goes on: the rows are the same. */
    @Test
    void reading_may_stop_behind_any_row_and_go_on_there() {
        var random = new Random(7);
        var letters = "ab\"\"\n\n,\r";
        for (int round = 0; round < 500; round++) {
            var text = new StringBuilder(random.nextBoolean() ? MARK : "");
            for (int i = random.nextInt(60); i > 0; i--) {
                text.append(letters.charAt(random.nextInt(letters.length())));
            }
            var octets = text.toString().getBytes(UTF_8);
            for (boolean quotes : new boolean[] {true, false}) {
                var whole = rows(quotes, octets, 0, 1, octets.length + 1);
                assertThat(words(rows(quotes, octets, 0, 1, 1 + random.nextInt(5))))
                        .isEqualTo(words(whole));
                for (int i = 0; i < whole.size(); i++) {
                    var from = whole.get(i);
                    var rest = rows(quotes, octets, (int) from.nextPosition(), from.nextLine(), 3);
                    assertThat(words(rest))
                            .as("after row " + i + " of " + text.toString().replace("\n", "\\n"))
                            .isEqualTo(words(whole.subList(i + 1, whole.size())));
                }
            }
        }
    }

    private static List<String> cut(boolean quotes, String text) {
        return words(rows(quotes, text.getBytes(UTF_8), 0, 1, 1 << 16));
    }

    private static List<Row> rows(boolean quotes, byte[] octets, int from, long line, int atOnce) {
        var rows = new ArrayList<Row>();
        var cutter = new RowCutter(quotes, from, line, rows::add);
        for (int at = from; at < octets.length; at += atOnce) {
            cutter.feed(Arrays.copyOfRange(octets, at, Math.min(octets.length, at + atOnce)));
        }
        cutter.end();
        return rows;
    }

    private static List<String> words(List<Row> rows) {
        return rows.stream()
                .map(row ->
                        row.line() + " " + (row.fault() == null ? new String(row.octets(), UTF_8) : "!" + row.fault()))
                .toList();
    }
}
