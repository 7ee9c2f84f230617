package app.fathi.platform.bus;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CsvTest {

    @ParameterizedTest
    @ValueSource(strings = {"=1+1", "+cmd|'/C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "=", "-x"})
    void what_a_spreadsheet_would_run_is_text(String text) {
        assertThat(Csv.line(Arrays.asList(text)).replace("\"", "")).startsWith("'" + text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Ada", "-12", "+3.5", "1e-7", "-0,5", "'=1", "a=b"})
    void what_is_harmless_stays_as_it_is(String text) {
        assertThat(Csv.line(Arrays.asList(text)).replace("\"", "")).isEqualTo(text + "\r\n");
    }

    @Test
    void commas_quotes_and_lines_are_quoted() {
        assertThat(Csv.line(Arrays.asList("a,b", "say \"hi\"", "two\nlines", null, 7)))
                .isEqualTo("\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",,7\r\n");
    }
}
