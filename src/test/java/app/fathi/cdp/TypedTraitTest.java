package app.fathi.cdp;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cdp.values.Fold;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TypedTraitTest {
    @Test
    void numbers_and_truths_are_doubles_and_lists_say_only_that_they_are_lists() {
        assertThat(TypedTrait.of(41)).isEqualTo(new TypedTrait((short) 1, 41.0, null, null, null));
        assertThat(TypedTrait.of(0.5)).isEqualTo(new TypedTrait((short) 1, 0.5, null, null, null));
        assertThat(TypedTrait.of(true)).isEqualTo(new TypedTrait((short) 0, 1.0, null, null, null));
        assertThat(TypedTrait.of(new JsonArray().add(1))).isEqualTo(new TypedTrait((short) 3, null, null, null, null));
        assertThat(TypedTrait.of(new JsonObject())).isEqualTo(new TypedTrait((short) 4, null, null, null, null));
    }

    @ParameterizedTest
    @CsvSource({
        "Ada, ada",
        "STRASSE, strasse",
        "Straße, strasse",
        "ΣΊΣΥΦΟΣ, σίσυφοσ",
        "Iı, ii",
        "İzmir, izmir",
        "É, é",
    })
    void a_text_has_a_copy_without_its_case_by_the_rules_of_no_language(String text, String folded) {
        assertThat(TypedTrait.of(text).text()).isEqualTo(text);
        assertThat(TypedTrait.of(text).folded()).isEqualTo(folded);
        assertThat(Fold.of(folded)).as("folding again changes nothing").isEqualTo(folded);
    }

    @ParameterizedTest
    @CsvSource({
        "1970-01-02, 86400000000",
        "1970-01-01T00:00:00.000001Z, 1",
        "1970-01-01T01:00:00+01:00, 0",
        "1969-12-31T23:59:59Z, -1000000",
    })
    void a_date_or_time_is_microseconds_too(String text, long micros) {
        assertThat(TypedTrait.of(text).micros()).isEqualTo(micros);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "1970",
                "1970-13-01",
                "1970-01-01 00:00:00",
                "2026-11-02T10:00",
                "+1970-01-0",
                "0000-00-00-00"
            })
    void what_only_looks_like_a_date_is_a_text(String text) {
        assertThat(TypedTrait.of(text).micros()).isNull();
    }
}
