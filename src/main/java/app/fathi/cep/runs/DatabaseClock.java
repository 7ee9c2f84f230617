package app.fathi.cep.runs;

import java.time.Instant;

/**
 * The database's time without asking it again: read once, then carried on by the monotonic clock. What a node's own
 * clock says never decides when something is sent.
 */
public record DatabaseClock(Instant read, long readNanos) {

    public Instant now() {
        return read.plusNanos(System.nanoTime() - readNanos);
    }
}
