package app.fathi.segments;

import app.fathi.cdp.values.Path;
import app.fathi.cdp.values.Value;
import app.fathi.segments.rules.Person;
import app.fathi.segments.rules.Rule.Behaviour;
import app.fathi.segments.rules.Rule.Choice;
import app.fathi.segments.rules.Summed;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * A person of whom it is kept what rules count and sum up, so that no event has to be read again.
 *
 * @param moments microseconds since 1970 in ascending order, by the number of the behaviour
 * @param summed for the moment of which is asked
 */
record LivePerson(Known known, LiveSegments segments, Map<Integer, long[]> moments, Map<Summed.Asked, Summed> summed)
        implements Person {
    private static final long[] NONE = {};

    @Override
    public Value trait(Path path) {
        return known.trait(path);
    }

    @Override
    public ZoneId zone() {
        return known.zone();
    }

    @Override
    public boolean subscribed(String channel) {
        return known.subscribed(channel);
    }

    @Override
    public Choice consent(String purpose, String channel) {
        return known.consent(purpose, channel);
    }

    @Override
    public boolean tagged(String tag) {
        return known.tagged(tag);
    }

    @Override
    public Map<String, JsonObject> groups() {
        return known.groups();
    }

    @Override
    public boolean member(UUID segment) {
        return known.member(segment);
    }

    @Override
    public List<Message> messages() {
        return known.messages();
    }

    @Override
    public List<Instant> moments(Behaviour behaviour, Instant from, Instant until) {
        var fitting = new ArrayList<Instant>();
        for (long micros : moments.getOrDefault(segments.atom(behaviour).no(), NONE)) {
            var at = Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
            if ((from == null || !at.isBefore(from)) && !at.isAfter(until)) {
                fitting.add(at);
            }
        }
        return fitting;
    }

    @Override
    public Summed summed(Summed.Asked asked, Instant now) {
        return summed.getOrDefault(asked, Summed.NOTHING);
    }
}
