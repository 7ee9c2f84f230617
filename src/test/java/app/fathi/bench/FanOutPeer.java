package app.fathi.bench;

import app.fathi.testing.TestCertificate;
import app.fathi.webpush.encryption.CryptoProviders;
import app.fathi.webpush.encryption.VapidKey;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.Executors;

/**
 * The peer of B2: two processes of {@code src/test/js/bench-fan-out.mjs}, which send to subscriptions of the same sink and write
 * their results into the same database.
 */
final class FanOutPeer implements AutoCloseable {
    private static final int PROCESSES = 2;

    private final List<Contender> processes = new ArrayList<>();

    /** @param subscriptions NDJSON of browsers that take messages of any sender */
    FanOutPeer(BenchServer server, Path subscriptions) throws IOException, SQLException {
        try (var connection = DriverManager.getConnection(
                        "jdbc:postgresql://127.0.0.1:" + server.databasePort() + "/fathi",
                        "fathi",
                        server.databasePassword());
                var statement = connection.createStatement()) {
            statement.execute("CREATE TABLE bench_result (endpoint text, status int, at timestamptz DEFAULT now())");
        }
        var key = VapidKey.generate(new CryptoProviders());
        var set = new JsonObject()
                .put("subject", EncryptionSet.SUBJECT)
                .put("publicKey", key.publicKey())
                .put("privateKey", Base64.getUrlEncoder().withoutPadding().encodeToString(key.privateKey()))
                .put("subscriptions", subscriptions.toString())
                .put("certificate", TestCertificate.get().pem().toAbsolutePath().toString())
                .put(
                        "database",
                        new JsonObject()
                                .put("host", "127.0.0.1")
                                .put("port", server.databasePort())
                                .put("user", "fathi")
                                .put("password", server.databasePassword())
                                .put("database", "fathi"));
        var file = Files.writeString(subscriptions.resolveSibling("peer.json"), set.encode());
        for (int i = 0; i < PROCESSES; i++) {
            processes.add(Contender.node("npm web-push " + i, "bench-fan-out.mjs", file.toString()));
        }
    }

    /** Messages a second with a durable result, of all processes together. */
    double rate(int messages, boolean keptToken) throws Exception {
        int each = messages / PROCESSES;
        long start = System.nanoTime();
        try (var threads = Executors.newFixedThreadPool(PROCESSES)) {
            var running = new ArrayList<java.util.concurrent.Future<JsonObject>>();
            for (int i = 0; i < PROCESSES; i++) {
                var process = processes.get(i);
                var order = i * each + " " + each + " " + (keptToken ? "kept" : "fresh");
                running.add(threads.submit(() -> process.ask(order)));
            }
            for (var one : running) {
                one.get();
            }
        }
        return each * PROCESSES * 1e9 / (System.nanoTime() - start);
    }

    @Override
    public void close() {
        processes.forEach(Contender::close);
    }
}
