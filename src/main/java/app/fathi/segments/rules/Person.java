package app.fathi.segments.rules;

import app.fathi.cdp.values.Path;
import app.fathi.cdp.values.Value;
import app.fathi.segments.rules.Rule.Behaviour;
import app.fathi.segments.rules.Rule.Choice;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** What is known of one person, as far as rules ask. */
public interface Person {

    Value trait(Path path);

    /** Whose calendar counts for anniversaries; UTC when unknown. */
    ZoneId zone();

    boolean subscribed(String channel);

    Choice consent(String purpose, String channel);

    boolean tagged(String tag);

    /** The groups that the person is in, by their ids, with those of their traits that were asked for. */
    Map<String, JsonObject> groups();

    boolean member(UUID segment);

    /** All of this person, in the order in which they were sent; those at the end of which nobody knows whether they were. */
    List<Message> messages();

    /**
     * A message to the person, on whichever devices: each is when that was first, null for never.
     *
     * @param run grows from message to message
     * @param sent when a push service took it
     */
    record Message(
            long run,
            UUID id,
            String purpose,
            String channel,
            Instant sent,
            Instant shown,
            Instant clicked,
            Instant closed) {
        boolean isClickedBy(Instant moment) {
            return clicked != null && !clicked.isAfter(moment);
        }
    }

    /**
     * When events of the kind were, in ascending order: those not older than {@code from}, or all of them when that is null,
     * and none after {@code until}.
     */
    List<Instant> moments(Behaviour behaviour, Instant from, Instant until);

    /**
     * What events of the kind come to. Their time begins with the whole {@link app.fathi.cdp.values.Step} in which it would begin, and ends
     * with the one that is now; without {@code within} it is all of them.
     */
    Summed summed(Summed.Asked asked, Instant now);
}
