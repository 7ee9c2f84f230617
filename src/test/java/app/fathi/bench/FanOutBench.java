package app.fathi.bench;

import app.fathi.webpush.encryption.CryptoProviders;
import app.fathi.webpush.encryption.PushEncryption;
import app.fathi.webpush.encryption.SubscriptionKeys;
import app.fathi.webpush.encryption.Vapid;
import app.fathi.webpush.encryption.VapidKey;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * B2: one message to a list of subscriptions, from the request until the last result is durable. The whole server in a
 * process of its own, with its embedded database; the sink, in another, checks each header and token and decrypts one
 * message in a thousand. The limit is what the machine could do if a message cost nothing but its encryption (the bare loop
 * of B1) and its request (h2load with the same sink).
 */
final class FanOutBench {
    private static final int SUBSCRIPTIONS = 100_000;
    /** What the push API takes in one message. */
    private static final int MESSAGE_SUBSCRIPTIONS = 10_000;

    private static final int ROUNDS = Integer.getInteger("rounds", 3);
    private static final int PEER_SUBSCRIPTIONS = 2_000;
    /** It is slower, and a rate needs no more. */
    private static final int PEER_MESSAGES = 10_000;

    private static final int PLAINTEXT_OCTETS = 400;

    private final BenchServer server;

    private FanOutBench(BenchServer server) {
        this.server = server;
    }

    /** @param arguments how many subscriptions, when not as many as B2 says */
    public static void main(String[] arguments) throws Exception {
        int subscriptions = arguments.length == 0 ? SUBSCRIPTIONS : Integer.parseInt(arguments[0]);
        EncryptionSet.write();
        var report = new Report("B2", "%,d subscriptions from a list, results durable".formatted(subscriptions));
        double encryption = encryptionMicros();
        try (var server = BenchServer.start()) {
            var bench = new FanOutBench(server);
            var file = server.folder().resolve("subscriptions");
            try (var sink = Sink.start(subscriptions, file, server.admin().vapidKey())) {
                var ids = server.admin().subscribe(Files.readAllLines(file));
                double request = requestMicros(sink);
                var open = Files.writeString(
                        server.folder().resolve("peer-subscriptions"), sink.subscribe(PEER_SUBSCRIPTIONS));
                try (var peer = new FanOutPeer(server, open)) {
                    bench.rounds(report, server.pid(), sink, ids, encryption + request, peer);
                }
            }
        }
        report.finish();
    }

    private void rounds(Report report, long pid, Sink sink, List<String> ids, double limitMicros, FanOutPeer peer)
            throws Exception {
        Report.progress("warming up");
        peer.rate(PEER_MESSAGES / 2, true);
        peer.rate(PEER_MESSAGES / 2, false);
        // The compiler is done with what it meets here after some 150,000 messages.
        run(ids);
        run(ids.subList(0, (ids.size() + 1) / 2));
        var rates = new ArrayList<Double>();
        var serverMicros = new ArrayList<Double>();
        var databaseMicros = new ArrayList<Double>();
        var sinkMicros = new ArrayList<Double>();
        var freshTokens = new ArrayList<Double>();
        var keptTokens = new ArrayList<Double>();
        for (int round = 1; round <= ROUNDS; round++) {
            Report.progress("round %d of %d", round, ROUNDS);
            double serverBefore = Machine.processSeconds(pid);
            double databaseBefore = Processes.databaseSeconds(pid);
            double sinkBefore = Machine.processSeconds(sink.pid());
            long start = System.nanoTime();
            run(ids);
            double perMessage = 1e6 / ids.size();
            rates.add(ids.size() * 1e9 / (System.nanoTime() - start));
            serverMicros.add((Machine.processSeconds(pid) - serverBefore) * perMessage);
            databaseMicros.add((Processes.databaseSeconds(pid) - databaseBefore) * perMessage);
            sinkMicros.add((Machine.processSeconds(sink.pid()) - sinkBefore) * perMessage);
            freshTokens.add(peer.rate(PEER_MESSAGES, false));
            keptTokens.add(peer.rate(PEER_MESSAGES, true));
            Report.progress(
                    "%,.0f /s, npm web-push %,.0f /s, with a kept token %,.0f /s",
                    rates.getLast(), freshTokens.getLast(), keptTokens.getLast());
            Report.progress(
                    "%,.0f /s; CPU of one message: server %.0f µs, database %.0f µs, sink %.0f µs",
                    rates.getLast(), serverMicros.getLast(), databaseMicros.getLast(), sinkMicros.getLast());
        }
        var rate = report.add(Measure.of("Fathi: messages with a durable result", "/s", rates));
        double limit = Runtime.getRuntime().availableProcessors() * 1e6 / limitMicros;
        var limits =
                report.add(Measure.of("limit: cores ÷ (encryption + request)", "/s", List.of(limit, limit, limit)));
        report.add(Measure.ratio("Fathi ÷ limit", rate, limits).atLeast(0.55));
        var fresh = report.add(Measure.of("peer: npm web-push, node:http2, two processes", "/s", freshTokens));
        report.add(Measure.ratio("Fathi ÷ peer", rate, fresh).atLeast(5));
        var kept = report.add(Measure.of("peer with a token that is kept", "/s", keptTokens));
        report.add(Measure.ratio("Fathi ÷ peer with a kept token", rate, kept));
        report.add(Measure.of("CPU of one message: server", "µs", serverMicros));
        report.add(Measure.of("CPU of one message: database", "µs", databaseMicros));
        report.add(Measure.of("CPU of one message: sink", "µs", sinkMicros));
        report.add(Measure.of("limit: CPU of one message", "µs", List.of(limitMicros)));
        report.add(Measure.of("memory in use (PSS): server", "MB", List.of(Processes.megabytes(List.of(pid)))));
        report.add(Measure.of(
                "memory in use (PSS): database", "MB", List.of(Processes.megabytes(Processes.database(pid)))));
    }

    // --- the limit --------------------------------------------------------------------------------------------------

    private static double encryptionMicros() {
        try (var bare = Contender.java(
                "bare", BareEncryption.class, CryptoProviders.available().getFirst())) {
            var order = "message-" + PLAINTEXT_OCTETS + " 1 ";
            bare.ask(order + 4_000);
            return bare.ask(order + 4_000).getDouble("cpuMicros");
        }
    }

    /** The sink takes only what is right, so h2load sends one real message again and again. */
    private static double requestMicros(Sink sink) throws IOException {
        var subscription = new JsonObject(sink.subscribe(1));
        var endpoint = subscription.getString("endpoint");
        var providers = new CryptoProviders();
        var key = VapidKey.generate(providers);
        var body = new PushEncryption(providers)
                .encrypt(
                        SubscriptionKeys.parse(
                                subscription.getJsonObject("keys").getString("p256dh"),
                                subscription.getJsonObject("keys").getString("auth")),
                        EncryptionSet.payload(PLAINTEXT_OCTETS));
        var authorization = new Vapid(providers, Instant::now, Duration.ofHours(12))
                .authorization(URI.create(endpoint), key, "mailto:bench@fathi.app");
        var load = new H2load(List.of(endpoint), body, authorization, 2, 100);
        load.run(1_000);
        return load.run(3_000).getDouble("cpuMicros");
    }

    // --- the server -------------------------------------------------------------------------------------------------

    /** Sends to all of them and waits until each has its result. */
    private void run(List<String> ids) {
        var messages = new ArrayList<String>();
        for (int from = 0; from < ids.size(); from += MESSAGE_SUBSCRIPTIONS) {
            messages.add(server.admin().send(ids.subList(from, Math.min(ids.size(), from + MESSAGE_SUBSCRIPTIONS))));
        }
        messages.forEach(server.admin()::awaitCompleted);
    }
}
