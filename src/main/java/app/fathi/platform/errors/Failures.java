package app.fathi.platform.errors;

import app.fathi.platform.logging.Thrown;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.http.ConnectionPoolTooBusyException;
import io.vertx.pgclient.PgException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns whatever failed into a {@link Problem}: a chain of handlers, most meaningful first (domain, database, bus, last
 * resort). Faults of the caller are logged low by the edge, ours here, high and with their trace; the caller is told
 * nothing internal.
 */
public final class Failures {
    private static final Logger LOG = LoggerFactory.getLogger(Failures.class);

    private static final List<Function<Throwable, Optional<Problem>>> CHAIN =
            List.of(Failures::domain, Failures::database, Failures::bus);

    private Failures() {}

    public static Problem toProblem(Throwable failure) {
        for (var handler : CHAIN) {
            var problem = handler.apply(failure);
            if (problem.isPresent()) {
                return problem.get();
            }
        }
        LOG.error("Unexpected failure", failure);
        return Problem.of(Kind.INTERNAL, "Something went wrong on our side. Quote the requestId when you report it.");
    }

    private static Optional<Problem> domain(Throwable failure) {
        return failure instanceof ProblemException e ? Optional.of(e.problem()) : Optional.empty();
    }

    /** SQLSTATE classes: https://www.postgresql.org/docs/current/errcodes-appendix.html */
    private static Optional<Problem> database(Throwable failure) {
        if (failure instanceof PgException e && e.getSqlState() != null) {
            var state = e.getSqlState();
            if (state.equals("22021") || state.equals("22P05")) {
                return Optional.of(Problem.of(Kind.MALFORMED, "Text must not hold the NUL character."));
            }
            if (state.equals("23505")) {
                return Optional.of(Problem.of(Kind.CONFLICT, "Something with the same natural key exists already."));
            }
            if (state.startsWith("40") || state.equals("55P03")) {
                LOG.warn("The database asked to try again: {}", state);
                return Optional.of(busy());
            }
            if (state.startsWith("08") || state.startsWith("53") || state.startsWith("57")) {
                LOG.error("The database cannot serve: {} {}", state, e.getErrorMessage());
                return Optional.of(busy());
            }
            return Optional.empty();
        }
        if (failure instanceof io.vertx.sqlclient.ClosedConnectionException
                || failure instanceof java.net.ConnectException
                || failure instanceof TimeoutException
                || failure instanceof ConnectionPoolTooBusyException
                // Statements wait for a connection with the longer text, transactions with the shorter.
                || "Timeout".equals(failure.getMessage())
                || String.valueOf(failure.getMessage()).startsWith("Timeout waiting for connection")
                || String.valueOf(failure.getMessage()).startsWith("Connection is not active")) {
            LOG.error("The database cannot be reached: {}", Thrown.text(failure));
            return Optional.of(busy());
        }
        return Optional.empty();
    }

    private static Optional<Problem> bus(Throwable failure) {
        if (failure instanceof ReplyException e) {
            LOG.error("No answer on the bus: {} {}", e.failureType(), Thrown.text(e));
            return Optional.of(busy());
        }
        return Optional.empty();
    }

    private static Problem busy() {
        return Problem.retryLater(Kind.UNAVAILABLE, "The service is busy or recovering. Try again shortly.", 1);
    }
}
