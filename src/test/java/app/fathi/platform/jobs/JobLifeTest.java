package app.fathi.platform.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.jobs.JobLife.Effect;
import app.fathi.platform.jobs.JobLife.Event;
import app.fathi.platform.jobs.JobLife.Phase;
import app.fathi.platform.jobs.JobLife.State;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Random histories of one job among honest, frozen and dying workers, its children, and people who cancel. */
class JobLifeTest {
    private static final int STEPS = 60;
    private static final Duration LEASE = Duration.ofSeconds(30);
    private static final RetryPolicy RETRIES = new RetryPolicy(4, Duration.ofSeconds(1), Duration.ofMinutes(1));
    private static final JobLife LIFE = new JobLife(RETRIES, LEASE);
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
    private static final long SEED = Long.getLong("test.seed", 20_260_101);

    @Test
    void in_every_history_one_worker_at_a_time_writes_and_no_request_is_lost() {
        histories(SEED, 100_000);
    }

    @Test
    @Tag("slow")
    void in_three_million_histories_too() {
        histories(SEED + 1_000_000_000L, 3_000_000);
    }

    private static void histories(long firstSeed, int count) {
        System.err.printf("JobLife: seeds %d to %d%n", firstSeed, firstSeed + count - 1);
        var ends = new int[Phase.values().length];
        for (long seed = firstSeed; seed < firstSeed + count; seed++) {
            try {
                ends[new History(seed).run().ordinal()]++;
            } catch (AssertionError e) {
                throw new AssertionError("test.seed " + seed, e);
            }
        }
        // The histories are no good if they do not come to every end.
        assertThat(ends[Phase.DONE.ordinal()]).isGreaterThan(count / 20);
        assertThat(ends[Phase.DEAD.ordinal()]).isGreaterThan(count / 100);
        assertThat(ends[Phase.CANCELLED.ordinal()]).isGreaterThan(count / 100);
    }

    /** What a worker believes: it may be wrong about it, and acts on it all the same. */
    private record Belief(long token, int attempt, Instant until) {}

    private static final class History {
        private final Random random;
        private final boolean settles;
        private final List<Belief> believers = new ArrayList<>();
        private Instant now = START;
        private State state;
        private long token;
        /** Asked for, and neither begun since, nor cancelled. */
        private boolean owed = true;

        History(long seed) {
            random = Seeds.random(seed);
            settles = random.nextBoolean();
            state = State.asked(now.plusSeconds(random.nextInt(20)));
        }

        Phase run() {
            for (int step = 0; step < STEPS && state.phase().isLive(); step++) {
                now = now.plusMillis(random.nextInt(random.nextBoolean() ? 2_000 : 40_000));
                step(event());
            }
            if (state.phase().isLive()) {
                endsAmongHonestWorkers();
            }
            check(!owed, "a request was lost");
            return state.phase();
        }

        private Event event() {
            int choice = random.nextInt(20);
            if (choice == 0) {
                return new Event.Asked(now.plusSeconds(random.nextInt(5)));
            }
            if (choice == 1 && random.nextInt(4) == 0) {
                return new Event.Cancelled(settles);
            }
            if (choice < 6 || believers.isEmpty()) {
                return new Event.Claimed(++token);
            }
            if (choice < 10 && state.open() > 0) {
                return new Event.ChildEnded();
            }
            var belief = believers.get(random.nextInt(believers.size()));
            return switch (random.nextInt(11)) {
                case 0, 1 -> new Event.Renewed(belief.token());
                case 2 -> new Event.Spawned(belief.token(), 1 + random.nextInt(3));
                case 3 -> new Event.Ended(belief.token(), new Verdict.Done());
                case 4 -> new Event.Ended(belief.token(), new Verdict.Again(now.plusSeconds(random.nextInt(10))));
                case 5 -> new Event.Ended(belief.token(), new Verdict.Join());
                case 6 -> new Event.Ended(belief.token(), new Verdict.Cancelled());
                case 7 -> new Event.Ended(belief.token(), new Verdict.Released());
                default ->
                    new Event.Ended(belief.token(), LIFE.failure(belief.attempt(), "broken", random.nextDouble()));
            };
        }

        private void step(Event event) {
            var before = state;
            var after = LIFE.step(state, event, now);
            state = after.state();
            holds();
            switch (event) {
                // What is asked of a job that is over is another row.
                case Event.Asked asked -> owed |= before.phase().isLive();
                case Event.Cancelled cancelled -> cancelled(before);
                case Event.Claimed claimed -> claimed(before, after, claimed.token());
                case Event.ChildEnded ended -> check(state.open() == before.open() - 1, "a child is counted once");
                case Event.Renewed renewed -> {
                    fencedIfStale(before, after, renewed.token());
                    if (after.effect() == Effect.RENEWED) {
                        believers.removeIf(one -> one.token() == renewed.token());
                        believers.add(new Belief(renewed.token(), state.attempts(), state.dueAt()));
                    }
                }
                case Event.Spawned spawned -> {
                    fencedIfStale(before, after, spawned.token());
                    boolean spawns = before.heldUnder(spawned.token()) && !before.cancelled();
                    check(state.open() == before.open() + (spawns ? spawned.children() : 0), "children of whom?");
                }
                case Event.Ended ended -> ended(before, after, ended);
            }
        }

        /** True of every state. */
        private void holds() {
            check(state.attempts() >= 0 && state.attempts() <= RETRIES.attempts(), "attempts");
            check((state.phase() == Phase.RUNNING) == (state.token() != 0), "a token is a running job's");
            check((state.dueAt() != null) == (state.phase() == Phase.WAITING || state.phase() == Phase.RUNNING), "due");
            check(!state.joins() || state.phase() == Phase.PARKED, "only who is parked joins");
            check(state.phase() != Phase.PARKED || state.open() > 0, "nobody waits for children that are over");
            boolean endedWell = state.phase() == Phase.DONE || state.phase() == Phase.CANCELLED;
            check(!endedWell || state.open() == 0, "over before its children");
            check(state.phase().isLive() || !state.askedAgain(), "over although asked for again");
        }

        private void cancelled(State before) {
            if (before.phase().isLive()) {
                owed = false;
                check(!state.phase().isLive() || state.cancelled(), "cancelled");
                boolean idle = before.phase() == Phase.WAITING && !settles && before.open() == 0;
                check(!idle || state.phase() == Phase.CANCELLED, "what waits is cancelled at once");
            } else {
                check(state.equals(before), "what is over stays as it is");
            }
        }

        private void claimed(State before, JobLife.Step after, long claimed) {
            switch (after.effect()) {
                case RUN, TAKE_OVER, BURY -> {
                    // Nobody whose lease still runs is deprived of it.
                    for (var believer : believers) {
                        check(
                                !before.heldUnder(believer.token())
                                        || !believer.until().isAfter(now),
                                "deprived");
                    }
                    if (after.effect() != Effect.BURY) {
                        check((after.effect() == Effect.TAKE_OVER) == (before.phase() == Phase.RUNNING), "taken over");
                    }
                    check(!before.cancelled() || state.askedAgain() == before.askedAgain(), "asked after the cancel");
                    // A cancelled one is run at most to settle: that answers nobody who asked since.
                    owed &= before.cancelled();
                    believers.add(new Belief(claimed, state.attempts(), state.dueAt()));
                }
                case NONE -> {
                    check(state.equals(before), "nothing happened");
                    check(before.dueAt() == null || before.dueAt().isAfter(now), "it was due");
                }
                default -> throw new AssertionError(after.effect());
            }
        }

        private void ended(State before, JobLife.Step after, Event.Ended ended) {
            fencedIfStale(before, after, ended.token());
            if (after.effect() == Effect.FENCED) {
                return;
            }
            // A result is written once: told twice, the second is fenced.
            check(LIFE.step(state, ended, now).effect() == Effect.FENCED, "a result was written twice");
            if (before.askedAgain()) {
                check(state.phase().isLive(), "it was asked for again");
            }
            boolean family = before.cancelled() && before.children() > 0;
            check(!family || state.phase() != Phase.DONE, "a cancelled family was not done");
            if (before.cancelled() && state.phase() == Phase.WAITING) {
                boolean soon = !state.dueAt().isAfter(now) || ended.verdict() instanceof Verdict.Retry;
                check(soon, "whoever wants it to end does not wait for its time");
            }
        }

        private static void fencedIfStale(State before, JobLife.Step after, long token) {
            check((after.effect() == Effect.FENCED) == !before.heldUnder(token), "fenced");
            check(after.effect() != Effect.FENCED || after.state().equals(before), "fenced, and yet written");
        }

        /** Whatever happened before: as soon as workers are honest and the children end, so does the job. */
        private void endsAmongHonestWorkers() {
            for (int turn = 0; turn < 200 && state.phase().isLive(); turn++) {
                if (state.phase() == Phase.PARKED) {
                    step(new Event.ChildEnded());
                    continue;
                }
                now = state.dueAt().isAfter(now) ? state.dueAt() : now;
                var claim = LIFE.step(state, new Event.Claimed(token + 1), now);
                step(new Event.Claimed(++token));
                boolean unfinished = state.cancelled();
                step(new Event.Ended(
                        token,
                        claim.effect() == Effect.BURY
                                ? new Verdict.Dead(JobLife.WORKER_LOST)
                                : unfinished ? new Verdict.Cancelled() : new Verdict.Done()));
            }
            check(!state.phase().isLive(), "it did not end");
        }

        private static void check(boolean holds, String what) {
            if (!holds) {
                throw new AssertionError(what);
            }
        }
    }

    @Test
    void a_parent_that_joins_runs_once_more_when_its_last_child_is_over() {
        var state = LIFE.step(State.asked(START), new Event.Claimed(1), START).state();
        state = LIFE.step(state, new Event.Spawned(1, 2), START).state();
        state = LIFE.step(state, new Event.Ended(1, new Verdict.Join()), START).state();
        state = LIFE.step(state, new Event.ChildEnded(), START).state();
        assertThat(state.phase()).isEqualTo(Phase.PARKED);
        state = LIFE.step(state, new Event.ChildEnded(), START).state();
        assertThat(state.phase()).isEqualTo(Phase.WAITING);
        assertThat(state.children()).isEqualTo(2);
        state = LIFE.step(state, new Event.Claimed(2), START).state();
        state = LIFE.step(state, new Event.Ended(2, new Verdict.Done()), START).state();
        assertThat(state.phase()).isEqualTo(Phase.DONE);
    }

    @Test
    void what_is_asked_for_after_a_cancel_is_done_after_it() {
        var state = LIFE.step(State.asked(START), new Event.Claimed(1), START).state();
        state = LIFE.step(state, new Event.Asked(START), START).state();
        state = LIFE.step(state, new Event.Cancelled(false), START).state();
        assertThat(state.askedAgain()).isFalse();
        state = LIFE.step(state, new Event.Asked(START), START).state();
        state = LIFE.step(state, new Event.Ended(1, new Verdict.Cancelled()), START)
                .state();
        assertThat(state.phase()).isEqualTo(Phase.WAITING);
        assertThat(state.cancelled()).isFalse();
    }

    @Test
    void a_cancelled_parent_whose_children_are_over_before_it_says_that_it_is_done_was_cancelled() {
        var state = LIFE.step(State.asked(START), new Event.Claimed(1), START).state();
        state = LIFE.step(state, new Event.Spawned(1, 1), START).state();
        state = LIFE.step(state, new Event.Cancelled(false), START).state();
        state = LIFE.step(state, new Event.ChildEnded(), START).state();
        state = LIFE.step(state, new Event.Ended(1, new Verdict.Done()), START).state();
        assertThat(state.phase()).isEqualTo(Phase.CANCELLED);
    }

    @Property(tries = 20_000)
    void a_delay_never_exceeds_its_doubled_bound_nor_the_limit(@ForAll int attempts, @ForAll double random) {
        int failed = 1 + Math.floorMod(attempts, 1_000);
        double jitter = Math.abs(random % 1);
        var delay = RETRIES.delay(failed, jitter);
        assertThat(delay).isBetween(Duration.ZERO, Duration.ofMinutes(1));
        assertThat((double) delay.toMillis()).isLessThanOrEqualTo(1_000 * Math.pow(2, failed - 1));
    }

    @Property(tries = 1)
    void the_bound_of_the_delay_doubles_up_to_the_limit() {
        var bounds = List.of(1, 2, 3, 6, 7, 8, 63, 64, 65, 1_000).stream()
                .map(failed -> RETRIES.delay(failed, 0.999_999_9).plusMillis(1).toSeconds())
                .toList();
        assertThat(bounds).containsExactly(1L, 2L, 4L, 32L, 60L, 60L, 60L, 60L, 60L, 60L);
    }
}
