package app.fathi.segments;

import app.fathi.cdp.values.Path;
import app.fathi.cdp.values.Value;
import app.fathi.segments.rules.Person;
import app.fathi.segments.rules.Rule.Behaviour;
import app.fathi.segments.rules.Rule.Call;
import app.fathi.segments.rules.Rule.Choice;
import app.fathi.segments.rules.RuleEngine;
import app.fathi.segments.rules.Sum;
import app.fathi.segments.rules.Summed;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * A person as the database knows one.
 *
 * @param tags that the person has
 * @param groups that the person is in, with those of their traits that were asked for
 * @param channels over which the person is reached
 * @param segments static ones that the person is in, of those that were asked for
 * @param events in ascending order, of the kinds that were asked for
 * @param messages if they were asked for
 */
record Known(
        int no,
        UUID id,
        String userId,
        JsonObject traits,
        JsonObject consents,
        Set<String> tags,
        Map<String, JsonObject> groups,
        Set<String> channels,
        Set<UUID> segments,
        List<Event> events,
        List<Message> messages)
        implements Person {
    /** The trait that tells in which zone somebody is. */
    static final String ZONE = "$timezone";

    record Event(Call call, Instant at, JsonObject properties) {}

    /** Of whom nothing is asked but what they did. */
    static Known unseen(int no) {
        return new Known(
                no,
                null,
                null,
                new JsonObject(),
                new JsonObject(),
                Set.of(),
                Map.of(),
                Set.of(),
                Set.of(),
                List.of(),
                List.of());
    }

    /** @param traitsOfGroups of all groups in which anybody is who is asked */
    Known with(
            Map<String, JsonObject> traitsOfGroups,
            Set<UUID> theirSegments,
            List<Event> theirEvents,
            List<Message> theirMessages) {
        var theirGroups = new HashMap<>(groups);
        theirGroups.replaceAll((group, none) -> traitsOfGroups.getOrDefault(group, none));
        return new Known(
                no,
                id,
                userId,
                traits,
                consents,
                tags,
                theirGroups,
                channels,
                theirSegments,
                theirEvents,
                theirMessages);
    }

    @Override
    public Value trait(Path path) {
        return path.in(traits);
    }

    @Override
    public ZoneId zone() {
        try {
            return ZoneId.of(traits.getString(ZONE, "UTC"));
        } catch (DateTimeException e) {
            return ZoneOffset.UTC;
        }
    }

    @Override
    public boolean subscribed(String channel) {
        return channels.contains(channel);
    }

    /** Of what was said of the channel and of all channels the later counts, and of two at once the refusal: as for senders. */
    @Override
    public Choice consent(String purpose, String channel) {
        var said = Stream.of(channel, "*")
                .map(on -> consents.getJsonArray(purpose + "/" + on))
                .filter(Objects::nonNull)
                .max(Comparator.comparingLong((JsonArray one) -> one.getLong(1))
                        .thenComparing(one -> !one.getBoolean(0)));
        return said.map(one -> one.getBoolean(0) ? Choice.GRANTED : Choice.DENIED)
                .orElse(Choice.UNSET);
    }

    @Override
    public boolean tagged(String tag) {
        return tags.contains(tag);
    }

    @Override
    public boolean member(UUID segment) {
        return segments.contains(segment);
    }

    @Override
    public List<Instant> moments(Behaviour behaviour, Instant from, Instant until) {
        return fitting(behaviour, from, until).map(Event::at).toList();
    }

    @Override
    public Summed summed(Summed.Asked asked, Instant now) {
        var behaviour = asked.behaviour();
        var step = asked.step();
        long from = step.first(behaviour.within(), now);
        long until = step.begin(now);
        var sum = Sum.NOTHING;
        Long earliest = null;
        Long coming = null;
        for (var event : events) {
            if (behaviour.call().means(event.call) && RuleEngine.fits(behaviour, event.properties)) {
                long begin = step.begin(event.at);
                if (begin > until) {
                    coming = coming == null ? begin : Math.min(coming, begin);
                } else if (begin >= from) {
                    earliest = earliest == null ? begin : Math.min(earliest, begin);
                    sum = sum.plus(Sum.of(
                            event.at,
                            asked.property() == null
                                    ? Value.MISSING
                                    : asked.property().in(event.properties)));
                }
            }
        }
        return Summed.of(sum, earliest, coming, behaviour);
    }

    private Stream<Event> fitting(Behaviour behaviour, Instant from, Instant until) {
        return events.stream()
                .filter(event -> behaviour.call().means(event.call)
                        && (from == null || !event.at.isBefore(from))
                        && !event.at.isAfter(until)
                        && RuleEngine.fits(behaviour, event.properties));
    }
}
