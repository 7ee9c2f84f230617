package app.fathi.cep.policies;

import java.time.Duration;

/**
 * How many messages a person gets at most.
 *
 * @param limit from 1 to {@link Ring#MOST}
 */
record Cap(String name, int limit, Window window, Scope scope, Exceed exceed) {

    /**
     * What becomes of a message that is one too many.
     *
     * @param maxWait it waits for room until so long after it was to be sent; null: it is dropped
     */
    record Exceed(Duration maxWait) {
        static final Exceed DROP = new Exceed(null);
    }
}
