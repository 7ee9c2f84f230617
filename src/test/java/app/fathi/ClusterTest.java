package app.fathi;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.Api;
import app.fathi.testing.EventStream;
import app.fathi.testing.FakePushService;
import app.fathi.testing.FakePushService.VirtualSubscription;
import app.fathi.testing.ListeningPorts;
import app.fathi.testing.ServerProcess;
import app.fathi.testing.TestCertificate;
import app.fathi.testing.TestDatabase;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Several nodes as processes on one database. The worker polls once a minute only, so what it does sooner, several times in
 * a row, it was told over the bus.
 */
@Tag("slow")
class ClusterTest {
    private static final String EMAIL = "admin@fathi.test";
    private static final String PASSWORD = "quite a long test password";
    private static final long TOLD_NANOS = TimeUnit.SECONDS.toNanos(20);
    private static final Map<String, String> HARDLY_POLLS = Map.of("FATHI_JOBS_POLL_MILLIS", "60000");

    @TempDir
    Path folder;

    private final FakePushService push = FakePushService.start();
    private final TestDatabase database = TestDatabase.create();
    private final List<ServerProcess> nodes = new ArrayList<>();
    private List<Integer> ports;

    @BeforeEach
    void findPorts() throws IOException {
        ports = freePorts(6);
    }

    @AfterEach
    void stop() {
        nodes.forEach(ServerProcess::close);
        database.close();
        push.close();
    }

    @Test
    void
            work_taken_by_one_node_is_done_by_others_as_soon_as_they_are_told_and_one_that_is_killed_is_missed_by_nobody() {
        var edge = clustered(0, "api", Map.of());
        var api = signIn(edge);
        var first = clustered(1, "worker", HARDLY_POLLS);
        var second = clustered(2, "worker", HARDLY_POLLS);
        first.awaitReady();
        second.awaitReady();
        var browser = subscribe(api);
        for (int round = 1; round <= 4; round++) {
            send(api);
            awaitReceipts(browser, round, TOLD_NANOS);
        }
        first.kill();
        for (int round = 5; round <= 8; round++) {
            send(api);
            awaitReceipts(browser, round, TOLD_NANOS);
        }
        assertThat(push.faults()).isEmpty();
    }

    @Test
    void who_listens_at_one_node_hears_what_arrives_at_another_and_is_derived_by_a_third() {
        var listened = clustered(0, "api", Map.of()).awaitReady();
        var token = Api.signIn(listened, EMAIL, PASSWORD).token();
        try (var stream = EventStream.open(listened + "/api/v1/cdp/events/live", token)) {
            var other = Api.signIn(clustered(1, "api", Map.of()).awaitReady(), EMAIL, PASSWORD);
            clustered(2, "worker", Map.of()).awaitReady();
            // Nodes that have just come hear within two seconds that somebody listens.
            eventually(
                    "an event of the other node that was derived by the third",
                    () -> {
                        other.post(
                                "/v1/track", new JsonObject().put("userId", "u").put("event", "Looked"));
                        return stream.heard().stream().anyMatch(event -> "accepted"
                                .equals(event.data().getString("verdict")));
                    },
                    heard -> heard);
            other.post("/api/v1/cdp/batch", new JsonObject().put("batch", new JsonArray().add(7)));
            eventually(
                    "what the other node refused",
                    () -> stream.heard().stream()
                            .anyMatch(event -> "rejected".equals(event.data().getString("verdict"))),
                    heard -> heard);
        }
    }

    @Test
    @Tag("chaos")
    void a_node_that_was_frozen_hears_the_others_again() throws Exception {
        var api = signIn(clustered(0, "api", Map.of()));
        var worker = clustered(1, "worker", HARDLY_POLLS);
        worker.awaitReady();
        var browser = subscribe(api);
        signal(worker, "STOP");
        // Longer than hazelcast.max.no.heartbeat.seconds: the others go on without it.
        LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(15));
        signal(worker, "CONT");
        send(api);
        awaitReceipts(browser, 1, TimeUnit.SECONDS.toNanos(90));
        // Joined again by now, or at the latest with its next look for the others.
        int told = 0;
        for (int round = 2; told < 3 && round < 20; round++) {
            send(api);
            told = arrives(browser, round, TimeUnit.SECONDS.toNanos(10)) ? told + 1 : 0;
        }
        assertThat(told).as("messages in a row that it was told of").isEqualTo(3);
    }

    private static void signal(ServerProcess process, String name) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + name, "" + process.pid())
                        .start()
                        .waitFor())
                .isZero();
    }

    @Test
    void nodes_that_cannot_hear_each_other_do_the_work_all_the_same_a_poll_later() {
        var api = signIn(node("api", Map.of()));
        node("worker", Map.of()).awaitReady();
        var browser = subscribe(api);
        send(api);
        awaitReceipts(browser, 1, TimeUnit.SECONDS.toNanos(60));
    }

    @Test
    void over_an_encrypted_bus_only_nodes_with_a_certificate_are_heard() throws Exception {
        var certificate = TestCertificate.get();
        var key = Files.writeString(folder.resolve("bus.key"), pem(certificate));
        var secured = Map.of(
                "FATHI_CLUSTER_BUS_CERTIFICATE",
                        certificate.pem().toAbsolutePath().toString(),
                "FATHI_CLUSTER_BUS_KEY", key.toString(),
                "FATHI_CLUSTER_BUS_TRUST", certificate.pem().toAbsolutePath().toString());
        var api = signIn(clustered(0, "api", secured));
        var worker = new HashMap<>(secured);
        worker.putAll(HARDLY_POLLS);
        clustered(1, "worker", worker).awaitReady();
        var browser = subscribe(api);
        for (int round = 1; round <= 4; round++) {
            send(api);
            awaitReceipts(browser, round, TOLD_NANOS);
        }
        try (var stranger = new java.net.Socket("127.0.0.1", ports.get(1))) {
            stranger.setSoTimeout(10_000);
            stranger.getOutputStream().write(new byte[64]);
            var answer = stranger.getInputStream().read();
            assertThat(answer).as("a TLS alert or the end, no conversation").isIn(-1, 0x15);
        }
    }

    @Test
    void only_a_cluster_opens_further_ports_and_only_on_the_address_that_is_named() {
        var alone = node("api,worker", Map.of());
        var alonePort = alone.awaitReady().getPort();
        assertThat(ListeningPorts.of(alone.pid())).containsExactly("127.0.0.1:" + alonePort);

        var member = clustered(0, "api,worker", Map.of());
        var port = member.awaitReady().getPort();
        assertThat(ListeningPorts.of(member.pid()))
                .containsExactlyInAnyOrder(
                        "127.0.0.1:" + port, "127.0.0.1:" + ports.get(0), "127.0.0.1:" + ports.get(1));
    }

    @Test
    void a_cluster_without_a_shared_database_or_master_key_is_refused_in_one_line() {
        assertRefused(Map.of("FATHI_CLUSTER_ENABLED", "true"), "FATHI_DB_URL");
        var noKey = new HashMap<>(database.environment());
        noKey.put("FATHI_CLUSTER_ENABLED", "true");
        assertRefused(noKey, "FATHI_MASTER_KEY");
    }

    private void assertRefused(Map<String, String> environment, String says) {
        try (var refused = ServerProcess.start(folder, environment)) {
            assertThat(refused.awaitExit()).isNotZero();
            assertThat(refused.errors()).singleElement().asString().contains(says);
        }
    }

    // --- nodes ----------------------------------------------------------------------------------------------------

    private ServerProcess clustered(int number, String roles, Map<String, String> more) {
        var environment = new HashMap<String, String>();
        environment.put("FATHI_CLUSTER_ENABLED", "true");
        environment.put("FATHI_CLUSTER_PORT", "" + ports.get(2 * number));
        environment.put("FATHI_CLUSTER_BUS_PORT", "" + ports.get(2 * number + 1));
        environment.put(
                "FATHI_CLUSTER_MEMBERS",
                "127.0.0.1:" + ports.get(0) + ",127.0.0.1:" + ports.get(2) + ",127.0.0.1:" + ports.get(4));
        environment.putAll(more);
        return node(roles, environment);
    }

    private ServerProcess node(String roles, Map<String, String> more) {
        var environment = new HashMap<>(database.environment());
        environment.putAll(Map.of(
                "FATHI_ROLES",
                roles,
                "FATHI_MASTER_KEY",
                Base64.getEncoder().encodeToString(new byte[32]),
                "FATHI_ADMIN_EMAIL",
                EMAIL,
                "FATHI_ADMIN_PASSWORD",
                PASSWORD,
                "FATHI_VAPID_SUBJECT",
                "mailto:push@fathi.dev",
                "FATHI_OUTBOUND_ALLOW",
                "127.0.0.0/8",
                "FATHI_OUTBOUND_TRUSTED_CERTIFICATE",
                push.certificate().toAbsolutePath().toString()));
        environment.putAll(more);
        var started = ServerProcess.start(folder, environment);
        nodes.add(started);
        return started;
    }

    private static Api signIn(ServerProcess node) {
        return Api.signIn(node.awaitReady(), EMAIL, PASSWORD);
    }

    private VirtualSubscription subscribe(Api api) {
        var browser = push.subscribe(api.get("/api/v1/webpush/key").getString("publicKey"));
        api.post("/api/v1/webpush/subscriptions", browser.toJson().put("userId", "ada"));
        return browser;
    }

    private static void send(Api api) {
        api.post(
                "/api/v1/webpush/messages",
                new JsonObject()
                        .put("audience", new JsonObject().put("userIds", new JsonArray().add("ada")))
                        .put("purpose", "transactional")
                        .put("content", new JsonObject().put("title", "Hello")));
    }

    private static void awaitReceipts(VirtualSubscription browser, int count, long nanos) {
        assertThat(arrives(browser, count, nanos))
                .as("message " + count + " has come")
                .isTrue();
    }

    private static boolean arrives(VirtualSubscription browser, int count, long nanos) {
        long deadline = System.nanoTime() + nanos;
        while (browser.receipts().size() < count) {
            if (System.nanoTime() - deadline > 0) {
                return false;
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
        return true;
    }

    private static List<Integer> freePorts(int count) throws IOException {
        var held = new ArrayList<ServerSocket>();
        try {
            for (int i = 0; i < count; i++) {
                held.add(new ServerSocket(0));
            }
            return held.stream().map(ServerSocket::getLocalPort).toList();
        } finally {
            for (var socket : held) {
                socket.close();
            }
        }
    }

    private static String pem(TestCertificate certificate) {
        var encoder = Base64.getMimeEncoder(64, new byte[] {'\n'});
        return "-----BEGIN PRIVATE KEY-----\n"
                + encoder.encodeToString(certificate.privateKey().getEncoded()) + "\n-----END PRIVATE KEY-----\n";
    }
}
