package app.fathi.cdp;

import app.fathi.cdp.values.Fold;
import app.fathi.cdp.values.Instants;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * A trait's value as rules see it. Numbers are doubles, texts come with a copy without their case, times are microseconds.
 *
 * @param type as {@code cdp_trait.type} says
 * @param number of a number, 0 or 1 of a boolean; null of anything else
 * @param text of a text; null of anything else
 * @param micros of a text that is an RFC 3339 time, or a date, which begins at midnight UTC; null of anything else
 */
record TypedTrait(short type, Double number, String text, String folded, Long micros) {
    private static final short BOOLEAN = 0;
    private static final short NUMBER = 1;
    private static final short TEXT = 2;
    private static final short LIST = 3;
    private static final short OBJECT = 4;

    static TypedTrait of(Object value) {
        return switch (value) {
            case Boolean truth -> new TypedTrait(BOOLEAN, truth ? 1.0 : 0.0, null, null, null);
            case Number number -> new TypedTrait(NUMBER, number.doubleValue(), null, null, null);
            case JsonArray list -> new TypedTrait(LIST, null, null, null, null);
            case JsonObject object -> new TypedTrait(OBJECT, null, null, null, null);
            default -> {
                var text = value.toString();
                yield new TypedTrait(TEXT, null, text, Fold.of(text), micros(text));
            }
        };
    }

    private static Long micros(String text) {
        return Instants.parse(text).map(Instants::micros).orElse(null);
    }

    static Long micros(Instant at) {
        return ChronoUnit.MICROS.between(Instant.EPOCH, at);
    }
}
