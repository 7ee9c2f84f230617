package app.fathi.platform.jobs;

import java.time.Instant;

/** What a handler says at the end of a run. An exception instead of it means retry. */
public sealed interface JobOutcome {
    /** Nothing is left to do. */
    record Done() implements JobOutcome {}

    /** All went well and there is more to do: run once more, not before {@code at}. Attempts count anew. */
    record Again(Instant at) implements JobOutcome {}

    /** No retry can help; kept as a dead letter with its reason. */
    record Dead(String reason) implements JobOutcome {}

    static JobOutcome done() {
        return new Done();
    }

    static JobOutcome again(Instant at) {
        return new Again(at);
    }

    static JobOutcome dead(String reason) {
        return new Dead(reason);
    }
}
