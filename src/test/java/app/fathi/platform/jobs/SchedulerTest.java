package app.fathi.platform.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.jobs.Scheduler.Load;
import app.fathi.platform.jobs.Scheduler.Ready;
import app.fathi.platform.jobs.Scheduler.Seat;
import app.fathi.platform.jobs.Scheduler.Take;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The scheduler under random loads of several nodes that share one table of what everybody has had. */
class SchedulerTest {
    private static final int WORKSPACES = 8;
    private static final long SEED = Long.getLong("test.seed", 20_260_101);

    @Test
    void in_every_history_slots_are_kept_nobody_starves_and_shares_are_fair() {
        histories(SEED, 15);
    }

    @Test
    @Tag("slow")
    void in_many_more_histories_too() {
        histories(SEED + 1_000_000, 1_500);
    }

    private static void histories(long firstSeed, int count) {
        System.err.printf("Scheduler: seeds %d to %d%n", firstSeed, firstSeed + count - 1);
        for (long seed = firstSeed; seed < firstSeed + count; seed++) {
            try {
                new History(seed).run();
            } catch (AssertionError e) {
                throw new AssertionError("test.seed " + seed, e);
            }
        }
    }

    /** Nodes take turns at random; between the look of one and its claim another may have claimed. */
    private static final class History {
        private final Random random;
        private final int slots;
        /** All jobs take as long: then equal turns are equal shares. */
        private final boolean even;

        private final Scheduler scheduler;
        private final List<Node> nodes = new ArrayList<>();
        private final Map<Seat, Integer> queue = new HashMap<>();
        private final Map<Seat, Long> shares = new HashMap<>();

        /** Jobs of its lane that others got since a seat got one and wants more. */
        private final Map<Seat, Integer> passedOver = new HashMap<>();

        /** Turns since a lane got one and wants more. */
        private final Map<Lane, Integer> waitedTurns = new EnumMap<>(Lane.class);

        private final Map<Seat, List<Integer>> served = new HashMap<>();
        private int turn;

        History(long seed) {
            random = Seeds.random(seed);
            slots = 1 + random.nextInt(24);
            even = random.nextBoolean();
            scheduler = new Scheduler(slots);
            int count = 1 + random.nextInt(3);
            for (int i = 0; i < count; i++) {
                nodes.add(new Node());
            }
        }

        private final class Node {
            private final Map<Seat, Integer> busy = new HashMap<>();
            private Scheduler.Turns turns = Scheduler.Turns.NONE;

            void claim() {
                var seen = look();
                // Another node is quicker, now and then.
                if (nodes.size() > 1 && random.nextInt(8) == 0) {
                    var other = nodes.get(random.nextInt(nodes.size()));
                    if (other != this) {
                        other.claim();
                    }
                }
                var plan = scheduler.plan(new Load(busy, turns), seen);
                turns = plan.turns();
                plan.takes().forEach(this::take);
                kept(plan);
            }

            private List<Ready> look() {
                var tops = new EnumMap<Lane, Long>(Lane.class);
                shares.forEach((seat, vtime) -> tops.merge(seat.lane(), vtime, Math::max));
                var ready = new ArrayList<Ready>();
                queue.forEach((seat, jobs) -> {
                    if (jobs > 0) {
                        long start = Scheduler.start(shares.getOrDefault(seat, 0L), tops.getOrDefault(seat.lane(), 0L));
                        ready.add(new Ready(seat.lane(), seat.ws(), Math.min(jobs, slots + 1), start, Duration.ZERO));
                    }
                });
                return ready;
            }

            private void take(Take take) {
                var seat = new Seat(take.lane(), take.ws());
                int got = Math.min(take.jobs(), queue.get(seat));
                if (got > 0) {
                    queue.merge(seat, -got, Integer::sum);
                    busy.merge(seat, got, Integer::sum);
                    shares.merge(seat, take.vtime() + got, (had, now) -> Math.max(now, had + got));
                    waitedTurns.put(seat.lane(), 0);
                    queue.forEach((other, jobs) -> {
                        if (other.lane() == seat.lane() && jobs > 0) {
                            passedOver.merge(other, got, Integer::sum);
                        }
                    });
                    passedOver.put(seat, 0);
                    for (int i = 0; i < got; i++) {
                        served.computeIfAbsent(seat, key -> new ArrayList<>()).add(turn);
                    }
                }
            }

            private void kept(Scheduler.Plan plan) {
                int running = busy.values().stream().mapToInt(Integer::intValue).sum();
                check(running <= slots, "more jobs than slots");
                busy.forEach((seat, count) ->
                        check(count <= scheduler.limit(seat.lane()), "one workspace has all slots of a lane"));
                var byLane = new EnumMap<Lane, Integer>(Lane.class);
                busy.forEach((seat, count) -> byLane.merge(seat.lane(), count, Integer::sum));
                int promised = 0;
                for (var entry : Scheduler.kept(slots).entrySet()) {
                    promised += Math.max(0, entry.getValue() - byLane.getOrDefault(entry.getKey(), 0));
                }
                check(running + promised <= slots, "slots of a lane were given to others");
                if (slots >= 2 && byLane.getOrDefault(Lane.MAINTENANCE, 0) == 0) {
                    check(running < slots, "no slot is left for maintenance");
                }
                check(plan.more() || queue.values().stream().allMatch(jobs -> jobs == 0) || nodes.size() > 1, "more");
            }

            private void finish() {
                for (var seat : List.copyOf(busy.keySet())) {
                    int done = even ? busy.get(seat) : random.nextInt(busy.get(seat) + 1);
                    busy.computeIfPresent(seat, (key, count) -> count == done ? null : count - done);
                }
            }
        }

        void run() {
            int workspaces = 1 + random.nextInt(6);
            // Some seats are flooded from the beginning to the end: fairness is measured between them.
            var flooded = new ArrayList<Seat>();
            for (var lane : Lane.IN_ORDER) {
                for (int ws = 1; ws <= workspaces; ws++) {
                    if (random.nextInt(3) == 0) {
                        flooded.add(new Seat(lane, ws));
                    }
                }
            }
            for (turn = 0; turn < 300 + 1_500 / slots; turn++) {
                flooded.forEach(seat -> queue.put(seat, 1_000_000));
                if (random.nextInt(3) == 0) {
                    var seat = new Seat(Lane.IN_ORDER.get(random.nextInt(4)), 1 + random.nextInt(WORKSPACES));
                    queue.merge(seat, 1 + random.nextInt(3), Integer::sum);
                }
                var node = nodes.get(random.nextInt(nodes.size()));
                node.finish();
                node.claim();
                nobodyStarves();
            }
            if (even) {
                fair(flooded);
            }
        }

        /** Whoever has work has some of it taken before the others of the lane got too much, and each lane in time. */
        private void nobodyStarves() {
            int limit = WORKSPACES * ((int) Scheduler.CREDIT + slots * (nodes.size() + 1));
            var wanting = EnumSet.noneOf(Lane.class);
            queue.forEach((seat, jobs) -> {
                if (jobs > 0) {
                    wanting.add(seat.lane());
                    check(passedOver.getOrDefault(seat, 0) < limit, seat + " waits for ever");
                } else {
                    passedOver.put(seat, 0);
                }
            });
            for (var lane : Lane.IN_ORDER) {
                int waited = wanting.contains(lane) ? waitedTurns.merge(lane, 1, Integer::sum) : 0;
                waitedTurns.put(lane, waited);
                check(waited < 100 + 400 / slots, lane + " waits for ever");
            }
        }

        /** Two workspaces that both always have work get as much, but for the credit and what runs at once. */
        private void fair(List<Seat> flooded) {
            for (var one : flooded) {
                for (var other : flooded) {
                    if (one.lane() == other.lane()) {
                        int difference = count(one) - count(other);
                        check(
                                difference <= slots * (nodes.size() + 1),
                                one + " had " + difference + " more than " + other);
                    }
                }
            }
        }

        private int count(Seat seat) {
            return served.getOrDefault(seat, List.of()).size();
        }

        private static void check(boolean holds, String what) {
            if (!holds) {
                throw new AssertionError(what);
            }
        }
    }

    private static Ready ready(Lane lane, int ws, int jobs, long vtime) {
        return new Ready(lane, ws, jobs, vtime, Duration.ZERO);
    }

    @Test
    void lanes_that_all_have_work_get_turns_by_their_weights_even_of_a_single_slot() {
        var scheduler = new Scheduler(1);
        var everybody = Lane.IN_ORDER.stream().map(lane -> ready(lane, 1, 1, 0)).toList();
        var turns = new TreeMap<Lane, Integer>();
        var load = Load.NONE;
        for (int i = 0; i < 150; i++) {
            var plan = scheduler.plan(load, everybody);
            assertThat(plan.takes()).hasSize(1);
            turns.merge(plan.takes().getFirst().lane(), 1, Integer::sum);
            load = new Load(Map.of(), plan.turns());
        }
        assertThat(turns)
                .isEqualTo(Map.of(Lane.TRANSACTIONAL, 80, Lane.TRIGGER, 40, Lane.CAMPAIGN, 20, Lane.MAINTENANCE, 10));
    }

    @Test
    void transactional_work_goes_first_when_it_comes() {
        var scheduler = new Scheduler(12);
        var load = Load.NONE;
        for (int i = 0; i < 1_000; i++) {
            var plan = scheduler.plan(load, List.of(ready(Lane.CAMPAIGN, 1, 12, 0)));
            load = new Load(Map.of(), plan.turns());
        }
        // Had the lane been idle for ever, it would still be first, but not for ever.
        var plan = scheduler.plan(
                new Load(Map.of(new Seat(Lane.CAMPAIGN, 1), 7, new Seat(Lane.CAMPAIGN, 2), 1), load.turns()),
                List.of(ready(Lane.TRANSACTIONAL, 9, 1, 0), ready(Lane.CAMPAIGN, 3, 12, 0)));
        assertThat(plan.takes().getFirst().lane()).isEqualTo(Lane.TRANSACTIONAL);
    }

    @Test
    void a_single_job_is_not_behind_another_workspaces_million() {
        var scheduler = new Scheduler(12);
        var flood = ready(Lane.CAMPAIGN, 1, 12, 5_000);
        var first = scheduler.plan(Load.NONE, List.of(flood));
        // However long these run, one slot of the lane is left for somebody else.
        assertThat(first.takes()).containsExactly(new Take(Lane.CAMPAIGN, 1, 7, 5_000));
        assertThat(first.more()).isTrue();
        var busy = Map.of(new Seat(Lane.CAMPAIGN, 1), 7);
        var single = ready(Lane.CAMPAIGN, 2, 1, Scheduler.start(0, 5_007));
        var second = scheduler.plan(new Load(busy, first.turns()), List.of(flood, single));
        assertThat(second.takes()).containsExactly(new Take(Lane.CAMPAIGN, 2, 1, 4_987));
    }

    @Test
    void nobody_saves_up_more_than_a_little() {
        assertThat(Scheduler.start(0, 1_000_000)).isEqualTo(1_000_000 - Scheduler.CREDIT);
        assertThat(Scheduler.start(999_990, 1_000_000)).isEqualTo(999_990);
        assertThat(Scheduler.start(0, 0)).isZero();
    }

    @Test
    void with_few_slots_maintenance_is_the_last_to_do_without() {
        assertThat(Scheduler.kept(1).values()).containsOnly(0);
        assertThat(Scheduler.kept(2)).containsEntry(Lane.MAINTENANCE, 1).containsEntry(Lane.TRANSACTIONAL, 0);
        assertThat(Scheduler.kept(5).values()).containsOnly(1);
        assertThat(Scheduler.kept(20)).containsEntry(Lane.TRANSACTIONAL, 4).containsEntry(Lane.CAMPAIGN, 1);
    }
}
