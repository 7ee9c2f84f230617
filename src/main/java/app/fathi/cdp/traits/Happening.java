package app.fathi.cdp.traits;

import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.Set;

/**
 * Something that a person did.
 *
 * @param name of the {@code track} event, page or screen; null where it has none
 * @param at by corrected clocks, to the microsecond
 * @param properties empty where no computation of this event reads them
 */
public record Happening(String call, String name, Instant at, String messageId, JsonObject properties) {
    private static final String TRACK = "track";
    private static final Set<String> CALLS = Set.of(TRACK, "page", "screen");

    /** What is computed of events of a call: of those of a name, or null for all. */
    static String key(String call, String name) {
        return name == null ? call : call + "/" + name;
    }

    /** The keys by which something may be computed of it; none where nothing ever is. */
    public Set<String> keys() {
        if (!CALLS.contains(call)) {
            return Set.of();
        }
        return call.equals(TRACK) || name == null ? Set.of(key(call, name)) : Set.of(key(call, name), call);
    }
}
