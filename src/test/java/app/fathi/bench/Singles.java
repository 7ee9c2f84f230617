package app.fathi.bench;

import app.fathi.testing.FakePushService;
import app.fathi.testing.FakePushService.Receipt;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/** Messages to one person each, as a site's backend sends them: how many go, and how long each takes to the push service. */
final class Singles {
    private static final int ASKING_AT_ONCE = 16;
    /** Taken and not yet at the push service: more would only wait. */
    private static final int UNDER_WAY = 64;

    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
    private static final Duration ARRIVAL = Duration.ofSeconds(30);

    private final BenchServer.Account account;
    private final String purpose;
    private final IntFunction<String> person;
    private final AtomicInteger next = new AtomicInteger();
    /** Begins the topics by which these are told from all others. */
    private final String name = UUID.randomUUID().toString().substring(0, 8) + "-";

    private final Map<String, Instant> arrived = new ConcurrentHashMap<>();

    Singles(BenchServer.Account account, String purpose, IntFunction<String> person) {
        this.account = account;
        this.purpose = purpose;
        this.person = person;
    }

    /** For {@link FakePushService#whenTaken}. */
    void arrived(Receipt receipt) {
        var topic = receipt.headers().get("topic");
        if (topic != null && topic.startsWith(name)) {
            arrived.putIfAbsent(topic, receipt.at());
        }
    }

    /** Messages a second, each asker with its next request when the last was answered and not too many are under way. */
    double saturate(Duration length) throws Exception {
        int first = next.get();
        int arrivedBefore = arrived.size();
        long start = System.nanoTime();
        long end = start + length.toNanos();
        try (var threads = Executors.newFixedThreadPool(ASKING_AT_ONCE)) {
            var askers = IntStream.range(0, ASKING_AT_ONCE)
                    .mapToObj(i -> threads.submit(() -> {
                        while (System.nanoTime() < end) {
                            if (next.get() - first - arrived.size() + arrivedBefore > UNDER_WAY) {
                                LockSupport.parkNanos(PAUSE_NANOS);
                            } else {
                                send(next.getAndIncrement());
                            }
                        }
                    }))
                    .toList();
            for (var asker : askers) {
                asker.get();
            }
        }
        int count = next.get() - first;
        awaitArrival(first, count);
        return count * 1e9 / (System.nanoTime() - start);
    }

    /** From before each request to its arrival at the push service, when requests come evenly for so long. */
    List<Double> millisAt(double rate, Duration length) throws InterruptedException {
        int count = (int) (rate * length.toSeconds());
        int first = next.getAndAdd(count);
        var asked = new Instant[count];
        long start = System.nanoTime();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < count; i++) {
                int number = i;
                LockSupport.parkNanos(start + (long) (i * 1e9 / rate) - System.nanoTime());
                threads.submit(() -> {
                    asked[number] = Instant.now();
                    send(first + number);
                });
            }
        }
        awaitArrival(first, count);
        var millis = new ArrayList<Double>();
        for (int i = 0; i < count; i++) {
            millis.add(Duration.between(asked[i], arrived.get(topic(first + i))).toNanos() / 1e6);
        }
        return millis;
    }

    private void send(int number) {
        var draft = new JsonObject()
                .put("audience", new JsonObject().put("userIds", new JsonArray().add(person.apply(number))))
                .put("purpose", purpose)
                .put("topic", topic(number))
                .put(
                        "content",
                        new JsonObject()
                                .put("title", "Your order {{ traits.firstName | default: 'there' }}")
                                .put("body", "It is on its way.")
                                .put("url", "https://shop.example/orders"));
        account.ask("POST", "/api/v1/webpush/messages", draft);
    }

    private String topic(int number) {
        return name + number;
    }

    private void awaitArrival(int first, int count) {
        long end = System.nanoTime() + ARRIVAL.toNanos();
        for (int number = first; number < first + count; number++) {
            while (!arrived.containsKey(topic(number))) {
                if (System.nanoTime() > end) {
                    throw new IllegalStateException("message " + number + " did not arrive");
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }

    static double quantile(List<Double> values, double share) {
        var sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return sorted[Math.min(sorted.length - 1, (int) (sorted.length * share))];
    }
}
