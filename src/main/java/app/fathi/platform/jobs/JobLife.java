package app.fathi.platform.jobs;

import java.time.Duration;
import java.time.Instant;

/**
 * The life of a job as a pure function: {@link #step} says what an event at a moment makes of a state. Workers take their
 * verdicts from here; what {@link JobsStore} does in SQL for many jobs at once is held to it by a test.
 */
final class JobLife {
    private final RetryPolicy retries;
    private final Duration lease;

    JobLife(RetryPolicy retries, Duration lease) {
        this.retries = retries;
        this.lease = lease;
    }

    enum Phase {
        WAITING,
        RUNNING,
        DEAD,
        DONE
    }

    /**
     * One row.
     *
     * @param dueAt from when on anybody may claim it: the wanted time, or the end of the lease
     * @param attempts claims since the last success or progress, the running one included
     * @param token of the lease while running, else 0
     * @param askedAgain asked for once more while it runs
     */
    record State(Phase phase, Instant dueAt, int attempts, long token, boolean askedAgain, String reason) {
        static State asked(Instant runAt) {
            return new State(Phase.WAITING, runAt, 0, 0, false, null);
        }

        boolean heldUnder(long someToken) {
            return phase == Phase.RUNNING && token == someToken;
        }

        private State waiting(Instant at, int attempts, String reason) {
            return new State(Phase.WAITING, at, attempts, 0, false, reason);
        }
    }

    sealed interface Event {
        /** The same key is enqueued once more. */
        record Asked(Instant runAt) implements Event {}

        /** A worker asks for work with a token that nobody had before. */
        record Claimed(long token) implements Event {}

        /** The holder's heartbeat. */
        record Renewed(long token) implements Event {}

        /** The holder's result. */
        record Ended(long token, Verdict verdict) implements Event {}
    }

    /** What the event lets happen. */
    enum Effect {
        /** Nothing: not due, already known, or over. */
        NONE,
        /** The claimer runs the handler. */
        RUN,
        /** The claimer runs the handler, and an earlier holder is fenced from now on. */
        TAKE_OVER,
        /** The lease is its whole length again. */
        RENEWED,
        /** The result is written. */
        WRITTEN,
        /** The job came to its end as a dead letter. */
        BURIED,
        /** The token is not the row's any more: nothing was written, the sender drops what it has. */
        FENCED
    }

    record Step(State state, Effect effect) {}

    Step step(State state, Event event, Instant now) {
        return switch (event) {
            case Event.Asked asked -> new Step(ask(state, asked.runAt()), Effect.NONE);
            case Event.Claimed claimed -> claim(state, claimed.token(), now);
            case Event.Renewed renewed -> renew(state, renewed.token(), now);
            case Event.Ended ended -> end(state, ended.token(), ended.verdict(), now);
        };
    }

    /** What a run that ended with this outcome asks to be written. */
    Verdict verdict(JobOutcome outcome) {
        return switch (outcome) {
            case JobOutcome.Done done -> new Verdict.Done();
            case JobOutcome.Again again -> new Verdict.Again(again.at());
            case JobOutcome.Dead dead -> new Verdict.Dead(dead.reason());
        };
    }

    /** What a run that threw asks to be written. */
    Verdict failure(int attempt, String reason, double jitter) {
        return attempt < retries.attempts()
                ? new Verdict.Retry(retries.delay(attempt, jitter), reason)
                : new Verdict.Dead(reason);
    }

    private State ask(State state, Instant runAt) {
        return switch (state.phase()) {
            case WAITING ->
                // Who asks again cannot shorten a back-off.
                state.attempts() > 0 ? state : state.waiting(earlier(state.dueAt(), runAt), 0, state.reason());
            case RUNNING ->
                new State(Phase.RUNNING, state.dueAt(), state.attempts(), state.token(), true, state.reason());
            // Another row.
            case DEAD, DONE -> state;
        };
    }

    private Step claim(State state, long token, Instant now) {
        boolean live = state.phase() == Phase.WAITING || state.phase() == Phase.RUNNING;
        if (!live || state.dueAt().isAfter(now)) {
            return new Step(state, Effect.NONE);
        }
        boolean usedUp = state.attempts() >= retries.attempts();
        if (usedUp && !state.askedAgain()) {
            // Only workers that died with it leave a job like this: it may well have been the cause.
            String reason = state.reason() == null ? WORKER_LOST : state.reason();
            return new Step(new State(Phase.DEAD, state.dueAt(), state.attempts(), 0, false, reason), Effect.BURIED);
        }
        int attempt = usedUp ? 1 : state.attempts() + 1;
        var running = new State(Phase.RUNNING, now.plus(lease), attempt, token, false, state.reason());
        return new Step(running, state.phase() == Phase.RUNNING ? Effect.TAKE_OVER : Effect.RUN);
    }

    private Step renew(State state, long token, Instant now) {
        if (!state.heldUnder(token)) {
            return new Step(state, Effect.FENCED);
        }
        var renewed =
                new State(Phase.RUNNING, now.plus(lease), state.attempts(), token, state.askedAgain(), state.reason());
        return new Step(renewed, Effect.RENEWED);
    }

    private static Step end(State state, long token, Verdict verdict, Instant now) {
        if (!state.heldUnder(token)) {
            return new Step(state, Effect.FENCED);
        }
        return switch (verdict) {
            case Verdict.Done done ->
                new Step(
                        state.askedAgain()
                                ? state.waiting(now, 0, null)
                                : new State(Phase.DONE, now, state.attempts(), 0, false, null),
                        Effect.WRITTEN);
            case Verdict.Again again ->
                new Step(
                        state.waiting(state.askedAgain() ? earlier(again.at(), now) : again.at(), 0, null),
                        Effect.WRITTEN);
            case Verdict.Retry retry ->
                new Step(state.waiting(now.plus(retry.delay()), state.attempts(), retry.reason()), Effect.WRITTEN);
            case Verdict.Dead dead ->
                // Who asked while it ran asked for a run of its own: what was dead for us need not be for that one.
                state.askedAgain()
                        ? new Step(state.waiting(now, 0, dead.reason()), Effect.WRITTEN)
                        : new Step(
                                new State(Phase.DEAD, state.dueAt(), state.attempts(), 0, false, dead.reason()),
                                Effect.BURIED);
            case Verdict.Released released ->
                new Step(state.waiting(now, state.attempts() - 1, state.reason()), Effect.WRITTEN);
        };
    }

    /** The reason of a job whose workers died one after the other. */
    static final String WORKER_LOST = "its workers died or froze each time";

    private static Instant earlier(Instant one, Instant other) {
        return one.isBefore(other) ? one : other;
    }
}
