package app.fathi.cdp.traits;

import app.fathi.cdp.values.Instants;
import app.fathi.cdp.values.Value;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/**
 * What some events of a person come to. Parts make the whole, whatever the order and wherever it is cut.
 *
 * @param key of the value, where values are counted apart
 * @param events that count
 * @param total of their numbers, as the decimals that they are written as
 * @param low the least of them; infinite where there is none
 * @param at microseconds since 1970 of the last of them, or the first
 * @param value of that one: a text, a number or a boolean; null where only their number matters
 */
record Part(UUID key, long events, BigDecimal total, double low, double high, long at, String messageId, Object value) {
    static final UUID NO_KEY = new UUID(0, 0);

    static Part of(Happening event, Object value, UUID key) {
        var number = value instanceof Number some ? some.doubleValue() : 0;
        return new Part(
                key,
                1,
                BigDecimal.valueOf(number),
                value instanceof Number ? number : Double.POSITIVE_INFINITY,
                value instanceof Number ? number : Double.NEGATIVE_INFINITY,
                Instants.micros(event.at()),
                event.messageId(),
                value);
    }

    /** The same for the same value, in every version of this program. */
    static UUID key(Object value) {
        var type = value instanceof String ? "t" : value instanceof Boolean ? "b" : "n";
        return UUID.nameUUIDFromBytes((type + value).getBytes(StandardCharsets.UTF_8));
    }

    /** @param newest whether the last one tells, or else the first */
    Part plus(Part other, boolean newest) {
        var edge = isAfter(other) == newest ? this : other;
        return new Part(
                key,
                events + other.events,
                total.add(other.total),
                Math.min(low, other.low),
                Math.max(high, other.high),
                edge.at,
                edge.messageId,
                edge.value);
    }

    /** In the order of all that is said and done. */
    private boolean isAfter(Part other) {
        return at == other.at ? Value.compare(messageId, other.messageId) > 0 : at > other.at;
    }
}
