package app.fathi.templates;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class LettersTest {
    @Test
    void what_is_cut_says_so_and_no_letter_is_parted() {
        assertThat(Letters.cut("Hello", 5)).isEqualTo("Hello");
        assertThat(Letters.cut("Hello you", 7)).isEqualTo("Hello…");
        assertThat(Letters.cut("é".repeat(10), 4)).isEqualTo("ééé…");
        assertThat(Letters.cut("👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 4)).isEqualTo("👨‍👩‍👧‍👦…");
        assertThat(Letters.cut("漢字漢字", 5)).isEqualTo("漢字…");
        assertThat(Letters.cut("", 3)).isEmpty();
    }

    @Test
    void lines_break_between_words_and_long_words_where_they_must() {
        assertThat(Letters.lines("one two three", 7, 9)).isEqualTo(List.of("one two", "three"));
        assertThat(Letters.lines("abcdefghij", 4, 9)).isEqualTo(List.of("abcd", "efgh", "ij"));
        assertThat(Letters.lines("a\nb", 4, 9)).isEqualTo(List.of("a", "b"));
        assertThat(Letters.lines("one two three four", 5, 2)).isEqualTo(List.of("one", "two…"));
    }

    @Test
    void a_language_is_found_by_ever_wider_tags() {
        var there = List.of("en", "pt", "zh-Hant");
        assertThat(Languages.best(there, "pt-BR", "en")).contains("pt");
        assertThat(Languages.best(there, "zh-hant-TW")).contains("zh-Hant");
        assertThat(Languages.best(there, null, "zh", "!!", "EN_us")).contains("en");
        assertThat(Languages.best(there, "fr")).isEmpty();
        assertThat(Languages.isRightToLeft("ar-EG")).isTrue();
        assertThat(Languages.isRightToLeft("az-Arab")).isTrue();
        assertThat(Languages.isRightToLeft("pt-BR")).isFalse();
    }
}
