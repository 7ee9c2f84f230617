package app.fathi.cep;

import java.time.Instant;

/**
 * The database's time without asking it again: read once, then carried on by the monotonic clock. What a node's own
 * clock says never decides when something is sent.
 */
record DatabaseClock(Instant read, long readNanos) {

    Instant now() {
        return read.plusNanos(System.nanoTime() - readNanos);
    }
}
