package app.fathi.platform.jobs;

import java.time.Duration;
import java.time.Instant;

/** What a run's end makes of the job's row, if the lease is still ours when it is written. */
sealed interface Verdict {
    /** The word of metrics and of the statement that writes it. */
    String word();

    /** Over, unless children are open or it was asked for again meanwhile. */
    record Done() implements Verdict {
        @Override
        public String word() {
            return "done";
        }
    }

    /** Parked until all children are over, then run once more. */
    record Join() implements Verdict {
        @Override
        public String word() {
            return "join";
        }
    }

    /** Waits for its next turn; attempts count anew. */
    record Again(Instant at) implements Verdict {
        @Override
        public String word() {
            return "again";
        }
    }

    /** Waits for a retry, counted from the moment at which this is written. */
    record Retry(Duration delay, String reason) implements Verdict {
        @Override
        public String word() {
            return "retry";
        }
    }

    /** Over as a dead letter, unless it was asked for again meanwhile. */
    record Dead(String reason) implements Verdict {
        @Override
        public String word() {
            return "dead";
        }
    }

    /** Over without having been done, once its children are over, unless it was asked for again since. */
    record Cancelled() implements Verdict {
        @Override
        public String word() {
            return "cancelled";
        }
    }

    /** Given back unharmed by a node that stops: the attempt does not count. */
    record Released() implements Verdict {
        @Override
        public String word() {
            return "released";
        }
    }
}
