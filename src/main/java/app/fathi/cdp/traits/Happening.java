package app.fathi.cdp.traits;

import app.fathi.cdp.values.Value;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.Comparator;

/**
 * Something that a person did.
 *
 * @param name of the {@code track} event
 * @param properties empty where no computation of this event reads them
 */
record Happening(String name, Instant at, String messageId, JsonObject properties) {
    /** The order of all that is said and done. */
    static final Comparator<Happening> ORDER =
            Comparator.comparing(Happening::at).thenComparing(Happening::messageId, Value::compare);
}
