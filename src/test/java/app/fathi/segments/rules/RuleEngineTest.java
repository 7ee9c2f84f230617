package app.fathi.segments.rules;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cdp.values.Value;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.time.ZoneId;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is asked in memory alone, because SQL would answer otherwise: nobody else holds the engine to it. */
class RuleEngineTest {

    private static Truth ask(JsonObject operator, Object value, String zone, String now) {
        var rule = (Rule.Trait) RuleParser.parse(operator.put("type", "trait").put("trait", "t"), "");
        return RuleEngine.test(rule.test(), Value.of(value), ZoneId.of(zone), Instant.parse(now));
    }

    @ParameterizedTest
    @CsvSource({
        "1990-03-29, 0, UTC, 2026-03-29T00:00:00Z, TRUE",
        "1990-03-29T23:30:00+11:00, 0, UTC, 2026-03-29T23:59:59Z, TRUE",
        "1990-03-29, 0, UTC, 2026-03-28T23:59:59Z, FALSE",
        "1990-03-29, 1, UTC, 2026-03-28T23:59:59Z, TRUE",
        "1990-03-29, 0, Pacific/Auckland, 2026-03-28T12:00:00Z, TRUE",
        "1990-03-29, 0, America/Los_Angeles, 2026-03-29T06:59:59Z, FALSE",
        "1990-01-01, 1, UTC, 2025-12-31T10:00:00Z, TRUE",
        "2000-02-29, 0, UTC, 2026-02-28T10:00:00Z, TRUE",
        "2000-02-29, 0, UTC, 2028-02-28T10:00:00Z, FALSE",
        "2000-02-29, 0, UTC, 2028-02-29T10:00:00Z, TRUE",
        "2026-03-29, 0, UTC, 2026-03-29T10:00:00Z, FALSE",
        "2027-03-29, 0, UTC, 2026-03-29T10:00:00Z, FALSE",
        "soon, 0, UTC, 2026-03-29T10:00:00Z, UNKNOWN",
    })
    void an_anniversary_is_a_day_of_the_persons_calendar_in_a_later_year(
            String day, int inDays, String zone, String now, Truth truth) {
        var operator = new JsonObject().put("operator", "anniversary").put("inDays", inDays);
        assertThat(ask(operator, day, zone, now)).isEqualTo(truth);
    }

    @ParameterizedTest
    @CsvSource({
        "^go, gold, false, TRUE",
        "^go, Gold, false, FALSE",
        "^go, Gold, true, TRUE",
        "old$, golden, false, FALSE"
    })
    void a_pattern_is_found_anywhere_in_a_text(String pattern, String text, boolean ignoreCase, Truth truth) {
        var operator = new JsonObject()
                .put("operator", "matches")
                .put("value", pattern)
                .put("ignoreCase", ignoreCase);
        assertThat(ask(operator, text, "UTC", "2026-03-29T10:00:00Z")).isEqualTo(truth);
        assertThat(ask(operator.copy(), 7, "UTC", "2026-03-29T10:00:00Z")).isEqualTo(Truth.UNKNOWN);
    }

    @ParameterizedTest
    @CsvSource({
        "hasAny, true, TRUE",
        "hasAll, true, FALSE",
        "hasNone, true, FALSE",
        "hasAny, false, FALSE",
        "hasNone, false, TRUE",
    })
    void a_list_has_texts_whatever_their_case(String operator, boolean ignoreCase, Truth truth) {
        var asked = new JsonObject()
                .put("operator", operator)
                .put("values", JsonArray.of("vip", "new"))
                .put("ignoreCase", ignoreCase);
        assertThat(ask(asked, JsonArray.of("VİP", 1), "UTC", "2026-03-29T10:00:00Z"))
                .isEqualTo(truth);
    }

    @ParameterizedTest
    @CsvSource({
        "2026-03-22T10:00:00Z, TRUE, FALSE",
        "2026-03-22T09:59:59.999999Z, FALSE, TRUE",
        "2026-03-29T10:00:00Z, TRUE, FALSE",
        "2026-03-29T10:00:00.000001Z, FALSE, TRUE",
        "never, UNKNOWN, TRUE",
    })
    void a_time_is_within_the_last_days_with_both_its_ends(String time, Truth within, Truth not) {
        var operator = new JsonObject().put("operator", "withinLast").put("duration", "P7D");
        assertThat(ask(operator.copy(), time, "UTC", "2026-03-29T10:00:00Z")).isEqualTo(within);
        assertThat(ask(operator.copy().put("operator", "notWithinLast"), time, "UTC", "2026-03-29T10:00:00Z"))
                .isEqualTo(not);
    }
}
