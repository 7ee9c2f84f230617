package app.fathi.bench;

import app.fathi.testing.FakePushService;
import app.fathi.testing.FakePushService.Answer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/**
 * Whether a large campaign keeps others waiting: how long a transactional message and a message of another workspace take
 * from the request to the push service while 100,000 marketing messages go out to the same push service, against the same
 * on the same server when it has nothing else to do.
 */
final class LanesBench {
    private static final int SUBSCRIPTIONS = 5_000;
    private static final int MESSAGES = 100_000 / SUBSCRIPTIONS;
    private static final int ROUNDS = 3;
    private static final int PER_SECOND = 20;
    private static final int OTHER_PER_SECOND = 2;
    private static final Duration LENGTH = Duration.ofSeconds(20);
    private static final Duration WARM_UP = Duration.ofSeconds(30);
    private static final Duration TAKING = Duration.ofSeconds(1);
    private static final String OTHER = "customer";

    private final BenchServer server;
    private final List<String> subscriptions;
    private final Singles transactional;
    private final Singles other;

    private LanesBench(BenchServer server, List<String> subscriptions, Singles transactional, Singles other) {
        this.server = server;
        this.subscriptions = subscriptions;
        this.transactional = transactional;
        this.other = other;
    }

    public static void main(String[] arguments) throws Exception {
        var report = new Report("lanes", "single messages beside 100,000 marketing messages");
        try (var push = FakePushService.start(FakePushService.Options.usual().passing());
                var server = BenchServer.start()) {
            push.answerAlways(Answer.status(201));
            var key = server.admin().vapidKey();
            var lines = new ArrayList<String>();
            for (int i = 0; i < SUBSCRIPTIONS; i++) {
                lines.add(push.subscribe(key)
                        .toJson()
                        .put("userId", "person-" + i)
                        .encode());
            }
            var ids = server.admin().subscribe(lines);
            var another = server.adminOfAnotherWorkspace();
            another.subscribe(List.of(push.subscribe(another.vapidKey())
                    .toJson()
                    .put("userId", OTHER)
                    .encode()));
            var transactional = new Singles(server.admin(), "transactional", i -> "person-" + i % SUBSCRIPTIONS);
            var other = new Singles(another, "marketing", i -> OTHER);
            push.whenTaken(receipt -> {
                transactional.arrived(receipt);
                other.arrived(receipt);
            });
            new LanesBench(server, ids, transactional, other).run(report);
        }
        report.finish();
    }

    private record Latency(List<Double> transactional, List<Double> other) {}

    private void run(Report report) throws Exception {
        Report.progress("warming up");
        var warm = flood();
        transactional.saturate(WARM_UP);
        warm.forEach(server.admin()::awaitCompleted);
        var rates = new ArrayList<Double>();
        var idleP99 = new ArrayList<Double>();
        var besideP99 = new ArrayList<Double>();
        var idleOther = new ArrayList<Double>();
        var besideOther = new ArrayList<Double>();
        for (int round = 1; round <= ROUNDS; round++) {
            Report.progress("round %d of %d: idle", round, ROUNDS);
            var idle = both();
            Report.progress("round %d of %d: beside %,d", round, ROUNDS, SUBSCRIPTIONS * MESSAGES);
            long began = System.nanoTime();
            var sent = flood();
            LockSupport.parkNanos(TAKING.toNanos());
            var beside = both();
            if (server.admin().isCompleted(sent.getLast())) {
                throw new IllegalStateException("The campaign was over before the single messages were");
            }
            sent.forEach(server.admin()::awaitCompleted);
            rates.add(SUBSCRIPTIONS * MESSAGES * 1e9 / (System.nanoTime() - began));
            idleP99.add(Singles.quantile(idle.transactional, 0.99));
            besideP99.add(Singles.quantile(beside.transactional, 0.99));
            idleOther.add(Singles.quantile(idle.other, 0.5));
            besideOther.add(Singles.quantile(beside.other, 0.5));
            Report.progress(
                    "transactional p50 %.1f and %.1f ms, p99 %.1f and %.1f ms; other workspace p50 %.1f and %.1f ms",
                    Singles.quantile(idle.transactional, 0.5),
                    Singles.quantile(beside.transactional, 0.5),
                    idleP99.getLast(),
                    besideP99.getLast(),
                    idleOther.getLast(),
                    besideOther.getLast());
        }
        report.add(Measure.of("the campaign meanwhile", "/s", rates));
        ratio(report, "transactional, request → push service, p99", idleP99, besideP99);
        ratio(report, "another workspace's single message, request → push service, p50", idleOther, besideOther);
    }

    private static void ratio(Report report, String what, List<Double> idle, List<Double> beside) {
        var under = report.add(Measure.of(what + ": idle", "ms", idle));
        var over = report.add(Measure.of(what + ": beside the campaign", "ms", beside));
        report.add(Measure.ratio("beside ÷ idle", over, under).atMost(2));
    }

    private Latency both() throws Exception {
        try (var threads = Executors.newFixedThreadPool(2)) {
            Future<List<Double>> one = threads.submit(measuring(transactional, PER_SECOND));
            Future<List<Double>> two = threads.submit(measuring(other, OTHER_PER_SECOND));
            return new Latency(one.get(), two.get());
        }
    }

    private static Callable<List<Double>> measuring(Singles singles, int perSecond) {
        return () -> singles.millisAt(perSecond, LENGTH);
    }

    private List<String> flood() {
        return IntStream.range(0, MESSAGES)
                .mapToObj(i -> server.admin().send(subscriptions))
                .toList();
    }
}
