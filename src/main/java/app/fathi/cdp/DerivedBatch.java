package app.fathi.cdp;

import app.fathi.platform.stream.StreamRecord;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The events of one batch, each for the first time, and the facts that the stages conclude from them. */
public final class DerivedBatch {

    /**
     * @param kind {@code identify, track, page, screen, alias} or {@code interaction}
     * @param profileNo whose it is; null for interactions, which name it in their payload
     * @param at when it happened, by our clock
     */
    public record Event(int ws, String kind, JsonObject payload, Integer profileNo, Instant at) {

        /** As it is kept: of a {@code track}, page or screen; null where it has none. */
        public String name() {
            return name(payload);
        }

        static String name(JsonObject payload) {
            return payload.getString("event", payload.getString("name"));
        }
    }

    /**
     * What became other of a person.
     *
     * @param traits names of those that have another value now
     * @param consents whether they agree to something else
     * @param tags whether they have others
     * @param groups whether they are in others
     */
    public record Changed(int ws, int profileNo, Set<String> traits, boolean consents, boolean tags, boolean groups) {
        public static Changed nothing(int ws, int profileNo) {
            return new Changed(ws, profileNo, Set.of(), false, false, false);
        }

        static Changed of(int ws, TraitsStore.Change change) {
            return new Changed(
                    ws, change.profileNo(), change.names(), change.consents(), change.tags(), change.groups());
        }
    }

    /** An id, with all that was said and done under it, or the addresses behind it, has gone from one profile to another. */
    public record Moved(int ws, int fromNo, int toNo) {}

    /**
     * What became other of a group.
     *
     * @param traits names of those that have another value now
     */
    public record Group(int ws, String id, Set<String> traits) {}

    private final List<Event> events;
    private final List<Changed> changes;
    private final Set<Moved> moved;
    private final List<Group> groups;
    private final List<StreamRecord> facts = new ArrayList<>();

    public DerivedBatch(List<Event> events) {
        this(events, List.of(), Set.of());
    }

    public DerivedBatch(List<Event> events, List<Changed> changes, Set<Moved> moved) {
        this(events, changes, moved, List.of());
    }

    DerivedBatch(List<Event> events, List<Changed> changes, Set<Moved> moved, List<Group> groups) {
        this.events = List.copyOf(events);
        this.changes = List.copyOf(changes);
        this.moved = Set.copyOf(moved);
        this.groups = List.copyOf(groups);
    }

    public List<Event> events() {
        return events;
    }

    /** Everybody whom the events touch, each once; those of whom nothing became other, too. */
    public List<Changed> changes() {
        return changes;
    }

    /**
     * Whoever keeps something of profiles looks at both of each again. A batch in which an operator makes one person of two, or
     * two of one, has no events.
     */
    public Set<Moved> moved() {
        return moved;
    }

    public List<Group> groups() {
        return groups;
    }

    /** Appended to {@code facts} when the batch commits. */
    public void addFact(StreamRecord fact) {
        facts.add(fact);
    }

    List<StreamRecord> facts() {
        return facts;
    }
}
