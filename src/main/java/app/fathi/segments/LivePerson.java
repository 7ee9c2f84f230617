package app.fathi.segments;

import app.fathi.cdp.values.Path;
import app.fathi.cdp.values.Value;
import app.fathi.segments.rules.Person;
import app.fathi.segments.rules.Rule.Behaviour;
import app.fathi.segments.rules.Rule.Call;
import app.fathi.segments.rules.Rule.Choice;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * A person of whom the newest moments of what rules count are kept, so that no event has to be read again.
 *
 * @param listed events that {@code known} has all of: these are asked there
 * @param moments microseconds since 1970 in ascending order, by the number of the behaviour
 */
record LivePerson(Known known, Set<Call> listed, LiveSegments segments, Map<Integer, long[]> moments)
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
        var atom = segments.atom(behaviour);
        if (atom.isEmpty() || listed.contains(behaviour.call())) {
            return known.moments(behaviour, from, until);
        }
        var fitting = new ArrayList<Instant>();
        for (long micros : moments.getOrDefault(atom.get().no(), NONE)) {
            var at = Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
            if ((from == null || !at.isBefore(from)) && !at.isAfter(until)) {
                fitting.add(at);
            }
        }
        return fitting;
    }

    @Override
    public List<Double> numbers(Behaviour behaviour, Path property, Instant from, Instant until) {
        return known.numbers(behaviour, property, from, until);
    }
}
