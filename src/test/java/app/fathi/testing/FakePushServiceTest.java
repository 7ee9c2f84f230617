package app.fathi.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.testing.FakePushService.Answer;
import app.fathi.testing.FakePushService.Options;
import app.fathi.testing.FakePushService.VirtualSubscription;
import app.fathi.webpush.encryption.CryptoProviders;
import app.fathi.webpush.encryption.PushEncryption;
import app.fathi.webpush.encryption.SubscriptionKeys;
import app.fathi.webpush.encryption.Vapid;
import app.fathi.webpush.encryption.VapidKey;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The test tool itself, seen by the JDK's HTTP client. */
class FakePushServiceTest {
    private static final CryptoProviders PROVIDERS = new CryptoProviders();
    private static final VapidKey KEY = VapidKey.generate(PROVIDERS);
    private static final PushEncryption ENCRYPTION = new PushEncryption(PROVIDERS);
    private static final Vapid VAPID = new Vapid(PROVIDERS, InstantSource.system(), Duration.ofHours(12));

    private FakePushService push = FakePushService.start();
    private final HttpClient client = client();

    @TempDir
    Path folder;

    @AfterEach
    void stop() {
        push.close();
    }

    @Test
    void a_good_message_is_taken_decrypted_and_recorded_over_either_version() throws Exception {
        VirtualSubscription browser = push.subscribe(KEY.publicKey());
        assertThat(send(message(browser, "{\"id\":\"m1\"}").version(HttpClient.Version.HTTP_2)))
                .isEqualTo(201);
        assertThat(send(message(browser, "{\"notification\":{\"data\":{\"fathi\":{\"message\":\"m2\"}}}}")
                        .version(HttpClient.Version.HTTP_1_1)
                        .header("Topic", "abc-_1")
                        .header("Urgency", "high")))
                .isEqualTo(201);

        assertThat(browser.receipts()).hasSize(2);
        assertThat(push.receipts())
                .extracting(FakePushService.Receipt::messageId)
                .containsExactly("m1", "m2");
        assertThat(push.receipts())
                .extracting(FakePushService.Receipt::httpVersion)
                .containsExactly("HTTP_2", "HTTP_1_1");
        assertThat(push.receipts().get(1).headers()).containsEntry("ttl", "60").containsEntry("topic", "abc-_1");
        assertThat(push.faults()).isEmpty();
    }

    @Test
    void what_a_strict_service_refuses_is_refused() throws Exception {
        VirtualSubscription browser = push.subscribe(KEY.publicKey());
        VapidKey other = VapidKey.generate(PROVIDERS);
        assertThat(send(message(browser, "{}").setHeader("TTL", "soon"))).isEqualTo(400);
        assertThat(send(message(browser, "{}").header("Topic", "no spaces"))).isEqualTo(400);
        assertThat(send(message(browser, "{}").header("Topic", "a".repeat(33)))).isEqualTo(400);
        assertThat(send(message(browser, "{}").header("Urgency", "urgent"))).isEqualTo(400);
        assertThat(send(message(browser, "{}").setHeader("Content-Encoding", "aesgcm")))
                .isEqualTo(400);
        assertThat(send(message(browser, "{}")
                        .setHeader(
                                "Authorization",
                                VAPID.authorization(URI.create(browser.endpoint()), other, "mailto:a@fathi.app"))))
                .isEqualTo(403);
        assertThat(send(message(browser, "{}")
                        .setHeader(
                                "Authorization",
                                VAPID.authorization(URI.create("https://else.where/"), KEY, "mailto:a@fathi.app"))))
                .isEqualTo(403);
        assertThat(send(message(push.subscribe(), "{}").POST(HttpRequest.BodyPublishers.ofByteArray(new byte[200]))))
                .isEqualTo(400);
        assertThat(push.faults()).hasSize(8);
        assertThat(push.receipts()).isEmpty();

        push.setClock(Instant.now().plus(Duration.ofHours(13)));
        assertThat(send(message(browser, "{}"))).isEqualTo(403);
        push.setClock(Instant.now().minus(Duration.ofHours(13)));
        assertThat(send(message(browser, "{}"))).isEqualTo(403);
    }

    @Test
    void the_dead_are_gone_and_the_unknown_not_found() throws Exception {
        VirtualSubscription browser = push.subscribe();
        browser.unsubscribe();
        assertThat(send(message(browser, "{}"))).isEqualTo(410);
        try (FakePushService another = FakePushService.start(Options.usual().withPort(0))) {
            VirtualSubscription foreign = another.subscribe();
            URI here = URI.create(foreign.endpoint().replace(another.url(), push.url()));
            assertThat(send(message(foreign, "{}").uri(here))).isEqualTo(404);
        }
    }

    @Test
    void scripts_are_played_subscription_first_and_then_the_usual_comes_back() throws Exception {
        VirtualSubscription browser = push.subscribe();
        push.answer(Answer.status(503));
        browser.answer(Answer.status(429).retryAfter("7"));
        HttpResponse<Void> limited =
                client.send(message(browser, "{}").build(), HttpResponse.BodyHandlers.discarding());
        assertThat(limited.statusCode()).isEqualTo(429);
        assertThat(limited.headers().firstValue("Retry-After")).contains("7");
        assertThat(send(message(browser, "{}"))).isEqualTo(503);
        assertThat(send(message(browser, "{}"))).isEqualTo(201);
        push.answerAlways(Answer.status(500));
        assertThat(send(message(browser, "{}"))).isEqualTo(500);
        assertThat(send(message(browser, "{}"))).isEqualTo(500);
    }

    @Test
    void a_dropped_answer_leaves_a_receipt_and_a_reset_leaves_none() throws Exception {
        VirtualSubscription browser = push.subscribe();
        browser.answer(Answer.of(Answer.Kind.DROP_ANSWER), Answer.of(Answer.Kind.RESET_AFTER_BODY));
        assertThatThrownBy(() -> send(message(browser, "{}"))).isInstanceOf(IOException.class);
        assertThat(browser.receipts()).hasSize(1);
        assertThatThrownBy(() -> send(message(browser, "{}"))).isInstanceOf(IOException.class);
        assertThat(browser.receipts()).hasSize(1);
    }

    @Test
    void receipts_are_in_the_file_before_the_answer() throws Exception {
        Path file = folder.resolve("receipts.ndjson");
        push.close();
        push = FakePushService.start(Options.usual().withReceiptsFile(file));
        VirtualSubscription browser = push.subscribe();
        send(message(browser, "{\"id\":\"m1\"}"));
        List<String> lines = Files.readAllLines(file);
        assertThat(lines).hasSize(1);
        assertThat(new JsonObject(lines.getFirst()).getString("messageId")).isEqualTo("m1");
    }

    @Test
    void it_runs_as_a_process_and_is_scripted_from_outside() throws Exception {
        Path file = folder.resolve("receipts.ndjson");
        Path list = folder.resolve("subscriptions.ndjson");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        FakePushService.class.getName(),
                        "--receipts",
                        file.toString(),
                        "--subscriptions",
                        "3",
                        list.toString(),
                        "--until-stdin-closes")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            String url = process.inputReader().readLine();
            List<JsonObject> subscriptions =
                    Files.readAllLines(list).stream().map(JsonObject::new).toList();
            assertThat(subscriptions).hasSize(3).allSatisfy(one -> {
                assertThat(one.getString("endpoint")).startsWith(url + "/push/");
                assertThat(one.fieldNames()).containsExactly("endpoint", "expirationTime", "keys");
            });
            JsonObject keys = subscriptions.getFirst().getJsonObject("keys");
            URI endpoint = URI.create(subscriptions.getFirst().getString("endpoint"));
            client.send(
                    HttpRequest.newBuilder(URI.create(url + "/control/answers"))
                            .POST(HttpRequest.BodyPublishers.ofString("{\"next\":[{\"status\":503}]}"))
                            .build(),
                    HttpResponse.BodyHandlers.discarding());
            for (int status : new int[] {503, 201}) {
                assertThat(send(message(endpoint, keys.getString("p256dh"), keys.getString("auth"), "{\"id\":\"m1\"}")))
                        .isEqualTo(status);
            }
            assertThat(Files.readAllLines(file)).hasSize(1);
        } finally {
            process.outputWriter().close();
            process.waitFor();
        }
        assertThat(process.exitValue()).isZero();
    }

    private int send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return client.send(request.build(), HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    private static HttpRequest.Builder message(VirtualSubscription browser, String json) {
        return message(URI.create(browser.endpoint()), browser.p256dh(), browser.auth(), json);
    }

    private static HttpRequest.Builder message(URI endpoint, String p256dh, String auth, String json) {
        byte[] body = ENCRYPTION.encrypt(SubscriptionKeys.parse(p256dh, auth), json.getBytes());
        return HttpRequest.newBuilder(endpoint)
                .header("TTL", "60")
                .header("Content-Encoding", "aes128gcm")
                .header("Authorization", VAPID.authorization(endpoint, KEY, "mailto:a@fathi.app"))
                .POST(HttpRequest.BodyPublishers.ofByteArray(body));
    }

    private static HttpClient client() {
        try (InputStream pem = Files.newInputStream(TestCertificate.get().pem())) {
            KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
            trusted.load(null);
            trusted.setCertificateEntry(
                    "push", CertificateFactory.getInstance("X.509").generateCertificate(pem));
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(trusted);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            return HttpClient.newBuilder().sslContext(context).build();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
