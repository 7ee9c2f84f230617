package app.fathi.segments.rules;

import app.fathi.cdp.values.Path;
import app.fathi.cdp.values.Step;
import app.fathi.segments.rules.Rule.Behaviour;
import java.time.Instant;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * What the events of a window come to.
 *
 * @param next when time alone makes it something else at the earliest; null for never
 */
public record Summed(Sum sum, Instant next) {
    public static final Summed NOTHING = new Summed(Sum.NOTHING, null);

    /**
     * What rules ask for.
     *
     * @param property null where only the first of the events is asked for
     */
    public record Asked(Behaviour behaviour, Path property) {
        public Step step() {
            return Step.of(behaviour.within());
        }

        /** When the window that ends now begins, in seconds since 1970. */
        public long begin(Instant now) {
            return step().first(behaviour.within(), now);
        }
    }

    /**
     * @param earliest when the earliest step of the window begins that has events, in seconds since 1970; null where none has
     * @param coming the same of those that are to come, as after a clock was put right
     */
    public static Summed of(Sum sum, Long earliest, Long coming, Behaviour behaviour) {
        var step = Step.of(behaviour.within());
        var next = step == Step.ALL
                ? null
                : Stream.of(
                                earliest == null ? null : step.leaves(earliest, behaviour.within()),
                                coming == null ? null : Instant.ofEpochSecond(coming))
                        .filter(Objects::nonNull)
                        .min(Instant::compareTo)
                        .orElse(null);
        return new Summed(sum, next);
    }
}
