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
import net.jqwik.api.ShrinkingMode;

/** Random histories of one job among honest, frozen and dying workers. A failing seed is printed by jqwik. */
class JobLifeTest {
    private static final int STEPS = 60;
    private static final Duration LEASE = Duration.ofSeconds(30);
    private static final RetryPolicy RETRIES = new RetryPolicy(4, Duration.ofSeconds(1), Duration.ofMinutes(1));
    private static final JobLife LIFE = new JobLife(RETRIES, LEASE);
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    /** What a worker believes: it may be wrong about it, and acts on it all the same. */
    private record Belief(long token, int attempt, Instant until) {}

    @Property(tries = 300_000, shrinking = ShrinkingMode.OFF)
    void in_every_history_one_worker_at_a_time_writes_and_no_request_is_lost(@ForAll long seed) {
        var random = new Random(seed);
        var now = START;
        var state = State.asked(now.plusSeconds(random.nextInt(20)));
        var believers = new ArrayList<Belief>();
        long token = 0;
        boolean requestUnanswered = true;

        for (int step = 0; step < STEPS && state.phase() != Phase.DONE && state.phase() != Phase.DEAD; step++) {
            now = now.plusMillis(random.nextInt(random.nextBoolean() ? 2_000 : 40_000));
            var event = random.nextInt(4) == 0 || believers.isEmpty()
                    ? (random.nextInt(4) == 0
                            ? new Event.Asked(now.plusSeconds(random.nextInt(5)))
                            : new Event.Claimed(++token))
                    : act(random, believers.get(random.nextInt(believers.size())), now);
            var before = state;
            var after = LIFE.step(state, event, now);
            state = after.state();

            assertThat(state.attempts()).isBetween(0, RETRIES.attempts());
            switch (event) {
                case Event.Asked asked -> requestUnanswered = true;
                case Event.Claimed claimed -> {
                    switch (after.effect()) {
                        case RUN, TAKE_OVER -> {
                            // Nobody whose lease still runs is deprived of it.
                            for (var believer : believers) {
                                assertThat(before.heldUnder(believer.token())
                                                && believer.until().isAfter(now))
                                        .isFalse();
                            }
                            assertThat(after.effect() == Effect.TAKE_OVER).isEqualTo(before.phase() == Phase.RUNNING);
                            requestUnanswered = false;
                            believers.add(new Belief(claimed.token(), state.attempts(), state.dueAt()));
                        }
                        case BURIED -> assertThat(requestUnanswered).isFalse();
                        case NONE -> {
                            assertThat(state).isEqualTo(before);
                            assertThat(before.dueAt()).isAfter(now);
                        }
                        default -> throw new AssertionError(after.effect());
                    }
                }
                case Event.Renewed renewed -> {
                    fencedIfStale(before, after, renewed.token());
                    if (after.effect() == Effect.RENEWED) {
                        believers.removeIf(one -> one.token() == renewed.token());
                        believers.add(new Belief(renewed.token(), state.attempts(), state.dueAt()));
                    }
                }
                case Event.Ended ended -> {
                    fencedIfStale(before, after, ended.token());
                    if (after.effect() != Effect.FENCED) {
                        // A result is written once: told twice, the second is fenced.
                        assertThat(LIFE.step(state, ended, now).effect()).isEqualTo(Effect.FENCED);
                    }
                }
            }
        }
        if (state.phase() == Phase.DONE || state.phase() == Phase.DEAD) {
            assertThat(requestUnanswered).isFalse();
        } else {
            endsAmongHonestWorkers(state, now, token);
        }
    }

    /** Whatever happened before: as soon as workers are honest, the job ends, and within its retries. */
    private static void endsAmongHonestWorkers(State left, Instant then, long token) {
        var state = left;
        var now = then;
        for (int turn = 0; turn < 3 && state.phase() != Phase.DONE && state.phase() != Phase.DEAD; turn++) {
            now = state.dueAt().isAfter(now) ? state.dueAt() : now;
            state = LIFE.step(state, new Event.Claimed(++token), now).state();
            state = LIFE.step(state, new Event.Ended(token, new Verdict.Done()), now.plusSeconds(1))
                    .state();
        }
        assertThat(state.phase()).isIn(Phase.DONE, Phase.DEAD);
    }

    private static Event act(Random random, Belief belief, Instant now) {
        return switch (random.nextInt(7)) {
            case 0, 1 -> new Event.Renewed(belief.token());
            case 2 -> new Event.Ended(belief.token(), new Verdict.Done());
            case 3 -> new Event.Ended(belief.token(), new Verdict.Again(now.plusSeconds(random.nextInt(10))));
            case 4, 5 -> new Event.Ended(belief.token(), LIFE.failure(belief.attempt(), "broken", random.nextDouble()));
            default -> new Event.Ended(belief.token(), new Verdict.Released());
        };
    }

    private static void fencedIfStale(State before, JobLife.Step after, long token) {
        assertThat(after.effect() == Effect.FENCED).isEqualTo(!before.heldUnder(token));
        if (after.effect() == Effect.FENCED) {
            assertThat(after.state()).isEqualTo(before);
        }
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
