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
        /** Its own part is done, its children's is not. */
        PARKED,
        DONE,
        CANCELLED,
        DEAD;

        boolean isLive() {
            return this == WAITING || this == RUNNING || this == PARKED;
        }
    }

    /**
     * One row.
     *
     * @param dueAt from when on anybody may claim it: the wanted time, or the end of the lease; null when nobody may
     * @param attempts claims since the last success or progress, the running one included
     * @param token of the lease while running, else 0
     * @param askedAgain asked for once more before it was over
     * @param cancelled somebody wants it to end without being done
     * @param joins parked, and runs once more when its children are over
     * @param children spawned, {@code open} of them not over
     */
    record State(
            Phase phase,
            Instant dueAt,
            int attempts,
            long token,
            boolean askedAgain,
            boolean cancelled,
            boolean joins,
            int children,
            int open,
            String reason) {
        static State asked(Instant runAt) {
            return new State(Phase.WAITING, runAt, 0, 0, false, false, false, 0, 0, null);
        }

        boolean heldUnder(long someToken) {
            return phase == Phase.RUNNING && token == someToken;
        }

        private State in(Phase next, Instant at, int tries, long nextToken, String why) {
            return new State(next, at, tries, nextToken, askedAgain, cancelled, joins, children, open, why);
        }

        private State askedAgain(boolean again) {
            return new State(phase, dueAt, attempts, token, again, cancelled, joins, children, open, reason);
        }

        private State joining(boolean join) {
            return new State(phase, dueAt, attempts, token, askedAgain, cancelled, join, children, open, reason);
        }

        private State over(Phase end, String why) {
            return new State(end, null, attempts, 0, false, false, false, children, open, why);
        }

        /** The run that was asked for meanwhile: it knows nothing of a cancel or children before it. */
        private State afresh(Instant now, String why) {
            return new State(Phase.WAITING, now, 0, 0, false, false, false, 0, 0, why);
        }
    }

    sealed interface Event {
        /** The same key is enqueued once more. */
        record Asked(Instant runAt) implements Event {}

        /** A worker asks for work with a token that nobody had before. */
        record Claimed(long token) implements Event {}

        /** The holder's heartbeat. */
        record Renewed(long token) implements Event {}

        /** The holder adds so many children. */
        record Spawned(long token, int children) implements Event {}

        /** The holder's result. */
        record Ended(long token, Verdict verdict) implements Event {}

        /** A child is over and counted. */
        record ChildEnded() implements Event {}

        /**
         * Somebody wants it cancelled.
         *
         * @param settles its type wants to be run once more to put things right, even when it waits
         */
        record Cancelled(boolean settles) implements Event {}
    }

    /** What the event lets happen. */
    enum Effect {
        /** Nothing: not due, already known, or over. */
        NONE,
        /** The claimer runs the handler; if it is cancelled, only a handler that settles. */
        RUN,
        /** As {@link #RUN}, and an earlier holder is fenced from now on. */
        TAKE_OVER,
        /** The claimer ends it as dead without running it: its workers died, again and again. */
        BURY,
        /** The lease is its whole length again. */
        RENEWED,
        /** It is in the row. */
        WRITTEN,
        /** The token is not the row's any more: nothing was written, the sender drops what it has. */
        FENCED
    }

    record Step(State state, Effect effect) {}

    Step step(State state, Event event, Instant now) {
        return switch (event) {
            case Event.Asked asked -> new Step(ask(state, asked.runAt()), Effect.NONE);
            case Event.Claimed claimed -> claim(state, claimed.token(), now);
            case Event.Renewed renewed -> renew(state, renewed.token(), now);
            case Event.Spawned spawned -> spawn(state, spawned, now);
            case Event.Ended ended -> end(state, ended.token(), ended.verdict(), now);
            case Event.ChildEnded childEnded -> childEnded(state, now);
            case Event.Cancelled cancelled -> cancel(state, cancelled.settles(), now);
        };
    }

    /** What a run that ended with this outcome asks to be written. */
    static Verdict verdict(JobOutcome outcome) {
        return switch (outcome) {
            case JobOutcome.Done done -> new Verdict.Done();
            case JobOutcome.AfterChildren after -> new Verdict.Join();
            case JobOutcome.Again again -> new Verdict.Again(again.at());
            case JobOutcome.Dead dead -> new Verdict.Dead(dead.reason());
            case JobOutcome.Cancelled cancelled -> new Verdict.Cancelled();
        };
    }

    /** What a run that threw asks to be written. */
    Verdict failure(int attempt, String reason, double jitter) {
        return attempt < retries.attempts()
                ? new Verdict.Retry(retries.delay(attempt, jitter), reason)
                : new Verdict.Dead(reason);
    }

    private static State ask(State state, Instant runAt) {
        return switch (state.phase()) {
            // Who asks again cannot shorten a back-off. A cancelled one that waits to be settled runs once more after
            // it.
            case WAITING ->
                state.cancelled()
                        ? state.askedAgain(true)
                        : state.attempts() > 0
                                ? state
                                : state.in(Phase.WAITING, earlier(state.dueAt(), runAt), 0, 0, state.reason());
            case RUNNING, PARKED -> state.askedAgain(true);
            // Another row.
            case DONE, CANCELLED, DEAD -> state;
        };
    }

    private Step claim(State state, long token, Instant now) {
        boolean claimable = state.phase() == Phase.WAITING || state.phase() == Phase.RUNNING;
        if (!claimable || state.dueAt().isAfter(now)) {
            return new Step(state, Effect.NONE);
        }
        boolean usedUp = state.attempts() >= retries.attempts();
        int attempts = !usedUp ? state.attempts() + 1 : state.askedAgain() ? 1 : state.attempts();
        var running = state.in(Phase.RUNNING, now.plus(lease), attempts, token, state.reason())
                .askedAgain(state.askedAgain() && state.cancelled());
        if (usedUp && !state.askedAgain()) {
            return new Step(running, Effect.BURY);
        }
        return new Step(running, state.phase() == Phase.RUNNING ? Effect.TAKE_OVER : Effect.RUN);
    }

    private Step renew(State state, long token, Instant now) {
        return state.heldUnder(token)
                ? new Step(
                        state.in(Phase.RUNNING, now.plus(lease), state.attempts(), token, state.reason()),
                        Effect.RENEWED)
                : new Step(state, Effect.FENCED);
    }

    /** Under a hold, which renews the lease. Whom somebody wants to end spawns nobody. */
    private Step spawn(State state, Event.Spawned spawned, Instant now) {
        if (!state.heldUnder(spawned.token())) {
            return new Step(state, Effect.FENCED);
        }
        if (state.cancelled()) {
            return new Step(state, Effect.NONE);
        }
        return new Step(
                new State(
                        Phase.RUNNING,
                        now.plus(lease),
                        state.attempts(),
                        state.token(),
                        state.askedAgain(),
                        false,
                        state.joins(),
                        state.children() + spawned.children(),
                        state.open() + spawned.children(),
                        state.reason()),
                Effect.WRITTEN);
    }

    private static Step end(State state, long token, Verdict verdict, Instant now) {
        return state.heldUnder(token)
                ? new Step(ended(state, verdict, now), Effect.WRITTEN)
                : new Step(state, Effect.FENCED);
    }

    private static State ended(State state, Verdict verdict, Instant now) {
        return switch (verdict) {
            case Verdict.Done done -> over(state, Phase.DONE, now);
            case Verdict.Cancelled cancelled -> over(state, Phase.CANCELLED, now);
            case Verdict.Join join ->
                state.open() > 0
                        ? state.in(Phase.PARKED, null, 0, 0, null).joining(true)
                        : waiting(state, now, 0, null, now);
            case Verdict.Again again -> waiting(state, again.at(), 0, null, now);
            case Verdict.Retry retry ->
                state.in(Phase.WAITING, now.plus(retry.delay()), state.attempts(), 0, retry.reason())
                        .askedAgain(state.askedAgain() && state.cancelled());
            case Verdict.Released released -> waiting(state, now, state.attempts() - 1, state.reason(), now);
            case Verdict.Dead dead ->
                // Who asked while it ran asked for a run of its own: what was dead for us need not be for that one.
                state.askedAgain() ? state.afresh(now, dead.reason()) : state.over(Phase.DEAD, dead.reason());
        };
    }

    private static State over(State state, Phase end, Instant now) {
        if (state.open() > 0) {
            return state.in(Phase.PARKED, null, 0, 0, null);
        }
        if (state.askedAgain()) {
            return state.afresh(now, null);
        }
        // A family that somebody ended was not done, whichever of its members was over last.
        return state.over(state.cancelled() && state.children() > 0 ? Phase.CANCELLED : end, null);
    }

    /** Whoever asked again, or wants it cancelled, does not wait for the wanted time. */
    private static State waiting(State state, Instant at, int attempts, String reason, Instant now) {
        var due = state.askedAgain() || state.cancelled() ? earlier(at, now) : at;
        return state.in(Phase.WAITING, due, attempts, 0, reason).askedAgain(state.askedAgain() && state.cancelled());
    }

    private static Step childEnded(State state, Instant now) {
        var counted = new State(
                state.phase(),
                state.dueAt(),
                state.attempts(),
                state.token(),
                state.askedAgain(),
                state.cancelled(),
                state.joins(),
                state.children(),
                state.open() - 1,
                state.reason());
        if (state.phase() != Phase.PARKED || counted.open() > 0) {
            return new Step(counted, Effect.NONE);
        }
        var next = counted.joins() && !counted.cancelled()
                ? counted.in(Phase.WAITING, now, 0, 0, null).joining(false)
                : over(counted, counted.cancelled() ? Phase.CANCELLED : Phase.DONE, now);
        return new Step(next, Effect.NONE);
    }

    private static Step cancel(State state, boolean settles, Instant now) {
        if (!state.phase().isLive()) {
            return new Step(state, Effect.NONE);
        }
        // Covers all that was asked for until now.
        var cancelled = new State(
                state.phase(),
                state.dueAt(),
                state.attempts(),
                state.token(),
                false,
                true,
                state.joins(),
                state.children(),
                state.open(),
                state.reason());
        if (state.phase() != Phase.WAITING) {
            return new Step(cancelled, Effect.WRITTEN);
        }
        return new Step(
                settles
                        ? cancelled.in(Phase.WAITING, earlier(state.dueAt(), now), state.attempts(), 0, state.reason())
                        : over(cancelled, Phase.CANCELLED, now),
                Effect.WRITTEN);
    }

    /** The reason of a job whose workers died one after the other. */
    static final String WORKER_LOST = "Its workers died or froze each time.";

    private static Instant earlier(Instant one, Instant other) {
        return one.isBefore(other) ? one : other;
    }
}
