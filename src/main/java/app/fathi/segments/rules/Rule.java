package app.fathi.segments.rules;

import app.fathi.cdp.values.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** Who is meant. See {@link RuleParser} for how it is written, and {@link Truth} for what it says of a person. */
public sealed interface Rule {

    /** Of none, everybody is meant. */
    record And(List<Rule> rules) implements Rule {
        public And {
            rules = List.copyOf(rules);
        }
    }

    record Or(List<Rule> rules) implements Rule {
        public Or {
            rules = List.copyOf(rules);
        }
    }

    /** The unknown stays unknown. */
    record Not(Rule rule) implements Rule {}

    record Trait(Path path, Test test) implements Rule {}

    /** {@code did}, {@code didNot}: how many events of a kind there were within a time. Never unknown. */
    record Did(Behaviour behaviour, Count count) implements Rule {}

    /** What a person's events of a kind come to; unknown where there are none, but for a sum, which is 0. */
    record Total(Behaviour behaviour, Aggregate aggregate, Path property, Test test) implements Rule {}

    /** When the first or the last event of a kind was; unknown where there is none. */
    record Moment(Behaviour behaviour, boolean first, Test test) implements Rule {}

    /**
     * How many messages the person was sent, saw, clicked, closed or ignored. Never unknown.
     *
     * @param within only of which that was from so long ago until now; null for as long as messages are kept
     * @param olderThan only those that were sent so long ago; zero for all
     */
    record Messages(Which which, Reaction was, Duration within, Duration olderThan, Count count) implements Rule {}

    /** Whether none of the last messages was clicked; false of who was sent fewer. Never unknown. */
    record IgnoredLast(Which which, int last, Duration olderThan) implements Rule {}

    /** Whether one can be reached over the channel. Never unknown. */
    record Subscribed(String channel) implements Rule {}

    /** What the person said about messages of this purpose on this channel. Never unknown: who said nothing said so. */
    record Consented(String purpose, String channel, Choice choice) implements Rule {}

    /** Whether one has a tag. Never unknown. */
    record Tagged(String tag) implements Rule {}

    /**
     * Whether one is in a group, or in one of whose traits one is so. Never unknown.
     *
     * @param group its id; null for any
     * @param trait of the group; null, as the test, where any group will do
     */
    record InGroup(String group, Path trait, Test test) implements Rule {
        boolean means(String id) {
            return group == null || group.equals(id);
        }
    }

    /** Whether one belongs to another segment. Never unknown. */
    record Member(UUID segment) implements Rule {}

    /**
     * Which messages are meant.
     *
     * @param purpose null for all
     * @param channel null for all
     * @param message the id of one; null for all
     */
    record Which(String purpose, String channel, UUID message) {
        boolean means(Person.Message one) {
            return (purpose == null || purpose.equals(one.purpose()))
                    && (channel == null || channel.equals(one.channel()))
                    && (message == null || message.equals(one.id()));
        }
    }

    /** What became of a message. Who clicked none of a message's devices has ignored it, closed or seen it or not. */
    enum Reaction {
        SENT,
        SHOWN,
        CLICKED,
        CLOSED,
        IGNORED
    }

    enum Choice {
        GRANTED,
        DENIED,
        UNSET
    }

    enum Aggregate {
        SUM,
        AVG,
        MIN,
        MAX
    }

    /**
     * Events of one kind. Equal ones share what is counted.
     *
     * @param where what holds of their properties, all of it
     * @param within from so long ago until now; null for as long as events are kept
     */
    record Behaviour(Call call, List<Property> where, Duration within) {
        public Behaviour {
            where = List.copyOf(where);
        }

        /** Looked up for each person and event: what is asked of properties is only read to tell equal names apart. */
        @Override
        public int hashCode() {
            return call.hashCode();
        }
    }

    /**
     * By which call events come, and under which name: a page may be called as an event is.
     *
     * @param name null for every page, or screen; of a page that came, one without a name
     */
    record Call(Kind kind, String name) {
        public enum Kind {
            TRACK,
            PAGE,
            SCREEN;

            /** As events have it. */
            public String word() {
                return name().toLowerCase(Locale.ROOT);
            }
        }

        public static Call track(String name) {
            return new Call(Kind.TRACK, name);
        }

        /** Of an event that came; empty for one of a call that no rule asks for. */
        public static Optional<Call> of(String kind, String name) {
            return Arrays.stream(Kind.values())
                    .filter(one -> one.word().equals(kind))
                    .findFirst()
                    .map(one -> new Call(one, name));
        }

        /** Whether an event that came so is one of these. */
        public boolean means(Call event) {
            return kind == event.kind && (name == null || name.equals(event.name));
        }

        /** As what rules may ask for an event that came so. */
        public Set<Call> asked() {
            return kind == Kind.TRACK || name == null ? Set.of(this) : Set.of(this, new Call(kind, null));
        }
    }

    record Property(Path path, Test test) {}

    /** {@code atLeast}, {@code atMost}, {@code exactly}: both bounds belong to it; an absent upper one is the largest int. */
    record Count(int low, int high) {
        boolean holds(long count) {
            return low <= count && count <= high;
        }
    }
}
