package app.fathi.crash;

import io.vertx.core.json.JsonObject;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Who is who and what is known of them, computed from all events in the order of (corrected time, messageId) and from nothing
 * else. It shares no code with what it checks: a word replaces those before it, and a visitor is who claimed them first,
 * unless so many did that it is a shared device.
 */
final class Replay {
    /** @param micros the corrected time, in microseconds since 1970 */
    record Event(long micros, String messageId, String userId, String anonymousId, JsonObject payload) {}

    /** What is known of somebody. */
    record Person(Map<String, Object> traits, TreeSet<String> tags) {
        Person() {
            this(new TreeMap<>(), new TreeSet<>());
        }
    }

    /** Of a visitor's id that more known people claim nobody can say whose it is. */
    private static final int MOST_CLAIMANTS = 10;

    private final Map<String, Person> people = new TreeMap<>();

    Replay(List<Event> events) {
        var ordered = events.stream()
                .sorted(Comparator.comparingLong(Event::micros).thenComparing(Event::messageId))
                .toList();
        var claimed = new HashMap<String, String>();
        var claimants = new HashMap<String, Set<String>>();
        for (var event : ordered) {
            if (event.userId != null && event.anonymousId != null) {
                claimed.putIfAbsent(event.anonymousId, event.userId);
                claimants
                        .computeIfAbsent(event.anonymousId, none -> new HashSet<>())
                        .add(event.userId);
            }
        }
        claimants.forEach((visitor, users) -> {
            if (users.size() > MOST_CLAIMANTS) {
                claimed.remove(visitor);
            }
        });
        for (var event : ordered) {
            var user = event.userId != null ? event.userId : claimed.get(event.anonymousId);
            say(
                    people.computeIfAbsent(
                            user == null ? "anonymous:" + event.anonymousId : "user:" + user, none -> new Person()),
                    event.payload);
        }
    }

    private static void say(Person person, JsonObject event) {
        if (event.getString("type").equals("identify")) {
            event.getJsonObject("traits").forEach(trait -> {
                person.traits.remove(trait.getKey());
                if (trait.getValue() != null) {
                    person.traits.put(trait.getKey(), trait.getValue());
                }
            });
        } else if ("Tag Added".equals(event.getString("event"))) {
            person.tags.add(event.getJsonObject("properties").getString("tag"));
        } else if ("Tag Removed".equals(event.getString("event"))) {
            person.tags.remove(event.getJsonObject("properties").getString("tag"));
        }
    }

    /** By {@code user:…} and {@code anonymous:…}, as the API names them. */
    Map<String, Person> people() {
        return people;
    }
}
