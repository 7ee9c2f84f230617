package app.fathi.cdp;

import app.fathi.cdp.values.Value;
import io.vertx.core.json.JsonArray;
import java.time.Instant;
import java.util.Comparator;

/**
 * An id of a kind that the workspace knows people by was told of a known person.
 *
 * @param value as it compares, see {@link CarriedIds}
 * @param at by the first event that told it, in the order of (corrected time, messageId)
 * @param refused why it holds nobody, see the constants; null where it is the person's
 */
record Bond(int ws, String userId, String kind, String value, Instant at, String messageId, String refused) {
    /** Not looked at yet: {@link BondsJob} is about to. */
    static final String WAITING = "waiting";

    /** The person, or the two together, would have more ids of a kind than one may. */
    static final String LIMIT = "limit";

    /** More known people have it than share a person's life. */
    static final String SHARED = "shared";

    /** The value names nobody. */
    static final String BLOCKED = "blocked";

    /** People are not known by this kind any more. */
    static final String KIND = "kind";

    /** An operator has said that the two are not one. */
    static final String OPERATOR = "operator";

    /** The order in which they count. */
    static Comparator<Bond> order(IdentityRules rules) {
        return Comparator.comparing(Bond::at)
                .thenComparing(Bond::messageId, Value::compare)
                .thenComparing(bond -> rules.priority(bond.kind()))
                .thenComparing(Bond::kind)
                .thenComparing(Bond::value)
                .thenComparing(Bond::userId);
    }

    /** The id itself, whoever has it. */
    record Told(int ws, String kind, String value) {}

    Told told() {
        return new Told(ws, kind, value);
    }

    /** Whose id it is said to be. */
    JsonArray key() {
        return new JsonArray().add(userId).add(kind).add(value);
    }

    boolean holds() {
        return refused == null;
    }
}
