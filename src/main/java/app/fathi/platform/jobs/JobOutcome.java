package app.fathi.platform.jobs;

import java.time.Instant;

/** What a handler says at the end of a run. An exception instead of it means retry. */
public sealed interface JobOutcome {
    /** Nothing is left to do. With children that are not over, the job is over when they are. */
    record Done() implements JobOutcome {}

    /** Run once more when all children are over; {@link Job#children()} says then how they ended. */
    record AfterChildren() implements JobOutcome {}

    /** All went well and there is more to do: run once more, not before {@code at}. Attempts count anew. */
    record Again(Instant at) implements JobOutcome {}

    /** No retry can help; kept as a dead letter. The reason is shown to people: no personal data. */
    record Dead(String reason) implements JobOutcome {}

    /** Ended early because {@link Lease#cancelled()} said so, with everything put right. */
    record Cancelled() implements JobOutcome {}

    static JobOutcome done() {
        return new Done();
    }

    static JobOutcome afterChildren() {
        return new AfterChildren();
    }

    static JobOutcome again(Instant at) {
        return new Again(at);
    }

    static JobOutcome dead(String reason) {
        return new Dead(reason);
    }

    static JobOutcome cancelled() {
        return new Cancelled();
    }
}
