package app.fathi.platform.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One caller's quota over several nodes, in histories made at random: who serves, who knows of whom, where the requests go, how
 * long a lease takes. The clock is a number.
 */
class SharedRatesTest {
    private static final long SEED = Long.getLong("fathi.seed", 1);
    private static final int HISTORIES = 25;
    private static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
    /** Of a minute. */
    private static final int STEPS = 6_000;

    private static final long PAUSE_STEPS = 10;

    /** What the database does, see {@link RateBudgetStore}. */
    private static final class Budget {
        private final double size;
        private double tokens;
        private long atNanos;

        Budget(int quota, long nowNanos) {
            size = quota * (1 - TokenBucket.OWN);
            tokens = size;
            atNanos = nowNanos;
        }

        double lease(TokenBucket.Ask ask, long nowNanos) {
            tokens = Math.min(size, tokens + (nowNanos - atNanos) * size / TimeUnit.MINUTES.toNanos(1)) - ask.owed();
            atNanos = nowNanos;
            var granted = Math.max(0, Math.min(ask.want(), tokens));
            tokens = Math.max(-ask.quota(), tokens - granted);
            return granted;
        }
    }

    private final class Node {
        private final TokenBucket bucket;
        private int knows;
        private boolean dead;
        private boolean hungry;
        private long pausedUntil;
        private TokenBucket.Ask ask;
        private double granted;
        private double left;
        private long answered;

        Node(int knows) {
            this.knows = knows;
            this.bucket = new TokenBucket(quota, knows, now());
        }

        boolean request() {
            var level = bucket.take(now(), knows);
            hungry |= level.hungry();
            return level.taken();
        }

        /** As {@link RateLeases} does: one at a time, with a pause behind each. */
        void turn() {
            if (ask != null && step >= answered) {
                if (granted < 0) {
                    bucket.failed(now());
                } else {
                    bucket.granted(ask, granted, left, now());
                }
                ask = null;
                pausedUntil = step + PAUSE_STEPS;
            }
            if (ask == null && hungry && step >= pausedUntil) {
                hungry = false;
                statements++;
                ask = bucket.ask();
                granted = reachable ? budget.lease(ask, now()) : -1;
                left = budget.tokens;
                answered = step + random.nextInt(4);
            }
        }
    }

    private final List<Node> nodes = new ArrayList<>();
    private Random random;
    private int quota;
    private Budget budget;
    private long step;
    private boolean reachable = true;
    private int statements;
    private long admitted;
    private long asked;

    private long now() {
        return step * STEP_NANOS - 42;
    }

    private void begin(long seed, int quota, int count) {
        random = new Random(seed);
        this.quota = quota;
        step = 0;
        nodes.clear();
        for (int i = 0; i < count; i++) {
            nodes.add(new Node(count));
        }
        budget = new Budget(quota, now());
        reachable = true;
        statements = 0;
        admitted = 0;
        asked = 0;
    }

    /** So much of the quota could have been used until now. */
    private double allowed() {
        return quota * (1 + (double) step / STEPS);
    }

    /** Where requests go: to one node, to all alike, or to some more than to others. */
    private double[] spread() {
        var weights = new double[nodes.size()];
        switch (random.nextInt(3)) {
            case 0 -> weights[random.nextInt(weights.length)] = 1;
            case 1 -> java.util.Arrays.fill(weights, 1);
            default -> java.util.Arrays.setAll(weights, i -> random.nextDouble() * random.nextDouble());
        }
        return weights;
    }

    private Node chosen(double[] weights) {
        double all = 0;
        for (int i = 0; i < nodes.size(); i++) {
            all += nodes.get(i).dead ? 0 : weights[i];
        }
        double at = random.nextDouble() * all;
        for (int i = 0; i < nodes.size(); i++) {
            at -= nodes.get(i).dead ? 0 : weights[i];
            if (!nodes.get(i).dead && at <= 0 && weights[i] > 0) {
                return nodes.get(i);
            }
        }
        return nodes.stream().filter(node -> !node.dead).findFirst().orElseThrow();
    }

    /** @param demand times the quota */
    private void run(int minutes, double demand, Runnable each) {
        var weights = spread();
        double due = 0;
        for (long end = step + (long) minutes * STEPS; step < end; step++) {
            each.run();
            if (random.nextInt(1_000) == 0 || weights.length != nodes.size()) {
                weights = spread();
            }
            due += demand * quota / STEPS;
            // They come together as often as one by one.
            if (due >= 1 && random.nextInt(3) == 0) {
                for (; due >= 1; due--) {
                    asked++;
                    admitted += chosen(weights).request() ? 1 : 0;
                }
            }
            nodes.stream().filter(node -> !node.dead).forEach(Node::turn);
        }
    }

    private double part() {
        return admitted / allowed();
    }

    @ParameterizedTest
    @ValueSource(ints = {120, 600, 6_000})
    void nodes_together_give_the_quota_within_a_tenth_wherever_the_requests_go(int quota) {
        for (int history = 0; history < HISTORIES; history++) {
            long seed = SEED + history;
            int count = 2 + history % 5;
            begin(seed, quota, count);
            // So many come with the first requests, however small the quota is.
            int least = 3 * count;
            run(2, 1.5 + random.nextDouble() * 3, () -> assertThat((double) admitted)
                    .as("seed %d, %d nodes, step %d", seed, count, step)
                    .isLessThanOrEqualTo(1.1 * allowed() + least));
            assertThat(part()).as("seed %d, %d nodes", seed, count).isBetween(0.9, 1.1);
        }
    }

    @Test
    void nodes_that_come_and_go_give_no_more_and_no_less_in_the_end() {
        for (int history = 0; history < HISTORIES; history++) {
            long seed = SEED + history;
            begin(seed, 600, 1 + history % 3);
            // Who comes is known to the others ten seconds later, who died forty.
            var known = new ArrayList<long[]>();
            run(6, 3, () -> {
                if (random.nextInt(STEPS) == 0 && nodes.size() < 6) {
                    long alive = nodes.stream().filter(node -> !node.dead).count() + 1;
                    nodes.add(new Node((int) alive));
                    known.add(new long[] {step + random.nextInt(1_000), alive});
                }
                if (random.nextInt(STEPS) == 0) {
                    var alive = nodes.stream().filter(node -> !node.dead).toList();
                    if (alive.size() > 1) {
                        alive.get(random.nextInt(alive.size())).dead = true;
                        known.add(new long[] {step + 3_000 + random.nextInt(1_000), alive.size() - 1});
                    }
                }
                known.removeIf(news -> {
                    if (step >= news[0]) {
                        int alive =
                                (int) nodes.stream().filter(node -> !node.dead).count();
                        nodes.forEach(node -> node.knows = alive);
                        return true;
                    }
                    return false;
                });
            });
            assertThat(part())
                    .as("seed %d, %d nodes in all", seed, nodes.size())
                    .isBetween(0.9, 1.1);
        }
    }

    @Test
    void without_the_database_each_node_goes_on_with_its_part_and_afterwards_nobody_has_had_more() {
        for (int history = 0; history < HISTORIES; history++) {
            long seed = SEED + history;
            int count = 2 + history % 3;
            begin(seed, 600, count);
            run(1, 3, () -> {});
            reachable = false;
            // A lease that was asked for before it was gone may still come.
            run(1, 3, () -> {});
            long before = admitted;
            run(2, 3, () -> {});
            assertThat(admitted - before)
                    .as("seed %d: in two minutes without it", seed)
                    .isGreaterThan((long) (0.9 * 1_200 / count));
            assertThat(part()).as("seed %d", seed).isLessThan(1.1);
            reachable = true;
            run(3, 3, () -> {});
            assertThat(part()).as("seed %d", seed).isLessThan(1.1);
        }
    }

    @Test
    void whoever_keeps_to_the_quota_is_hardly_ever_refused_wherever_they_ask() {
        for (int history = 0; history < HISTORIES; history++) {
            long seed = SEED + history;
            begin(seed, 6_000, 2 + history % 5);
            run(2, 0.8, () -> {});
            assertThat((double) admitted / asked).as("seed %d", seed).isGreaterThan(0.999);
        }
    }

    @Test
    void a_slow_caller_costs_the_database_nothing_and_a_fast_one_little() {
        begin(SEED, 6_000, 2);
        run(3, 0.04, () -> {});
        assertThat(admitted).isEqualTo(asked);
        assertThat(statements).isZero();
        begin(SEED, 6_000, 2);
        run(3, 5, () -> {});
        assertThat(statements / 180.0)
                .as("statements a second of two nodes for a caller that asks five times too often")
                .isLessThan(10);
    }

    @Test
    void a_node_alone_asks_for_nothing() {
        begin(SEED, 600, 1);
        run(3, 5, () -> {});
        assertThat(statements).isZero();
        assertThat(part()).isBetween(0.99, 1.001);
    }
}
