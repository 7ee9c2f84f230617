package app.fathi.webpush;

import static app.fathi.testing.Eventually.eventually;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.FakePushService;
import app.fathi.testing.FakePushService.VirtualSubscription;
import app.fathi.testing.TestServer;
import app.fathi.testing.TestServer.Answer;
import app.fathi.webpush.encryption.CryptoProviders;
import app.fathi.webpush.encryption.VapidKey;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Files of subscriptions from other push servers, good, bad and hostile ones. */
class ImportTest {
    private static final String SUBSCRIPTIONS = "/api/v1/webpush/subscriptions";
    private static final String KEYS = "/api/v1/webpush/keys";
    private static final String MESSAGES = "/api/v1/webpush/messages";
    private static final String HEADER = "id,identifier,session_count,language,timezone,tags,last_active,created_at,"
            + "invalid_identifier,notification_types,external_user_id,web_auth,web_p256\r\n";
    private static final Map<String, Object> NOTHING =
            Map.of("rows", 0, "created", 0, "updated", 0, "unchanged", 0, "skipped", 0, "faulty", 0);

    private static FakePushService push;
    private static TestServer server;
    private static VirtualSubscription some;

    @BeforeAll
    static void start() {
        push = FakePushService.start();
        some = push.subscribe();
        server = TestServer.start(Map.of(
                "FATHI_OUTBOUND_TRUSTED_CERTIFICATE",
                push.certificate().toString(),
                "FATHI_HTTP_UPLOAD_LIMIT_BYTES",
                "8388608"));
    }

    @AfterAll
    static void stop() {
        server.close();
        push.close();
    }

    @Test
    void of_ten_thousand_lines_all_good_ones_are_taken_and_each_bad_one_is_told_with_its_line() {
        var key = importKey();
        var file = new StringBuilder("\ufeff" + HEADER);
        var expected = new ArrayList<String>();
        int line = 2;
        int good = 0;
        for (int i = 0; i < 10_000; i++) {
            var endpoint = push.url() + "/push/ten-thousand-" + i;
            switch (i % 1_000) {
                case 100 -> {
                    file.append(row("http://fcm.googleapis.com/x", some.auth(), some.p256dh()));
                    expected.add(line + " the endpoint cannot be taken: The URL must be https.");
                }
                case 200 -> {
                    file.append(row(endpoint, some.auth(), "B" + "A".repeat(86)));
                    expected.add(line + " p256dh is not a point on the curve P-256.");
                }
                case 300 -> {
                    file.append(row("ExponentPushToken[x]", "", ""));
                    expected.add(line + " the endpoint is not a URL.");
                }
                case 400 -> {
                    file.append("\r\n   \r\n");
                    line++; // two empty lines, of which the common step below counts one
                }
                case 500 -> {
                    file.append("x,\"").append(endpoint).append("\"?,3\r\n");
                    expected.add(line + " field 2 goes on behind its quotes.");
                }
                case 600 -> {
                    file.append(row(endpoint, some.auth(), some.p256dh())
                            .replace("\"{}\"", "\"{\"\"city\"\":\r\n \"\"Bodrum, \"\"}\""));
                    line++;
                    good++;
                }
                default -> {
                    file.append(row(endpoint, some.auth(), some.p256dh()));
                    good++;
                }
            }
            line++;
        }
        file.append(row(push.url() + "/push/ten-thousand-0", some.auth(), some.p256dh()));
        file.append(row(push.url() + "/push/ten-thousand-9999", some.auth(), some.p256dh())
                .stripTrailing());

        var done = imported(key, file.toString(), "text/csv");
        assertThat(done.getString("state")).isEqualTo("completed");
        assertThat(counts(done))
                .isEqualTo(Map.of(
                        "rows",
                        good + expected.size() + 2,
                        "created",
                        good,
                        "updated",
                        0,
                        "unchanged",
                        2,
                        "skipped",
                        0,
                        "faulty",
                        expected.size()));
        assertThat(errors(done)).isEqualTo(expected);
        assertThat(bound(key)).isEqualTo(good);

        var again = imported(key, file.toString(), "text/csv");
        assertThat(counts(again)).containsEntry("created", 0).containsEntry("unchanged", good + 2);
        assertThat(bound(key)).isEqualTo(good);
    }

    @Test
    void a_thousand_who_were_imported_are_reached_by_their_key_and_those_who_come_back_get_the_current_one() {
        var key = importKey();
        var publicKey = server.admin("GET", KEYS + "/" + key, null).json().getString("publicKey");
        var browsers = new ArrayList<VirtualSubscription>();
        var file = new StringBuilder();
        for (int i = 0; i < 1_000; i++) {
            var browser = push.subscribe(publicKey);
            browsers.add(browser);
            file.append(browser.toJson().put("userId", "mover-" + i).encode()).append('\n');
        }
        assertThat(counts(imported(key, file.toString().stripTrailing(), "application/x-ndjson")))
                .containsEntry("created", 1_000);
        var rotated = server.admin("POST", KEYS + "/rotate", null).json();

        // A page of theirs shows the server the endpoint that it knows, gets its secret, and subscribes anew.
        for (var browser : browsers.subList(0, 30)) {
            var known = server.browser("POST", SUBSCRIPTIONS, draft(browser));
            assertThat(known.status()).as(known.body()).isEqualTo(200);
            assertThat(known.json().getString("keyId")).isEqualTo(key);
            var fresh = push.subscribe(rotated.getString("publicKey"));
            var healed = server.browser(
                    "PUT",
                    SUBSCRIPTIONS + "/" + known.json().getString("id"),
                    draft(fresh).put("keyId", rotated.getString("id")),
                    "X-Device-Secret",
                    known.json().getString("deviceSecret"));
            assertThat(healed.status()).as(healed.body()).isEqualTo(200);
            browser.unsubscribe();
        }
        assertThat(bound(key)).isEqualTo(970);
        assertThat(bound(rotated.getString("id"))).isEqualTo(30);

        var ids = new JsonArray();
        for (int i = 0; i < 1_000; i++) {
            ids.add("mover-" + i);
        }
        var message = server.admin(
                        "POST",
                        MESSAGES,
                        new JsonObject()
                                .put("audience", new JsonObject().put("userIds", ids))
                                .put("purpose", "marketing")
                                .put("content", new JsonObject().put("title", "We have moved")))
                .json()
                .getString("id");
        var end = eventually(
                "the end of the message",
                () -> server.admin("GET", MESSAGES + "/" + message, null).json(),
                json -> json.getString("state").equals("completed"));
        assertThat(end.getJsonObject("reasons").getMap()).isEqualTo(Map.of("accepted", 1_000));
        assertThat(push.faults()).isEmpty();
    }

    @Test
    void what_the_file_knows_of_a_person_becomes_the_persons() {
        var key = importKey();
        var row = row(push.url() + "/push/with-traits", some.auth(), some.p256dh())
                .replace("\"{}\"", "\"{\"\"plan\"\":\"\"gold\"\"}\"")
                .replace(",,\"", ",trait-holder,\"");
        imported(key, HEADER + row, "text/csv");
        var profile = eventually(
                "the traits",
                () -> server.admin("GET", "/api/v1/cdp/profiles/user:trait-holder", null),
                answer -> answer.status() == 200 && answer.body().contains("gold"));
        var subscription = listed(key).getJsonObject(0);
        assertThat(subscription.getString("profileId")).isEqualTo(profile.json().getString("id"));
        assertThat(subscription.getString("language")).isEqualTo("en");
        assertThat(subscription.getString("createdAt")).isEqualTo("2026-01-05T09:30:00Z");
        assertThat(subscription.getString("timezone")).isNull();
    }

    @Test
    void a_second_file_tells_what_is_new_until_the_browser_has_been_here_itself() {
        var wrong = importKey();
        var right = importKey();
        var browser = push.subscribe();
        var line = browser.toJson();
        imported(wrong, line.encode(), "application/x-ndjson");
        var corrected = line.copy().put("userId", "corrected").put("language", "tr");
        assertThat(counts(imported(right, corrected.encode(), "application/x-ndjson")))
                .containsEntry("updated", 1);
        assertThat(bound(wrong)).isZero();
        var id = listed(right).getJsonObject(0).getString("id");

        var known = server.browser("POST", SUBSCRIPTIONS, draft(browser).put("language", "de"))
                .json();
        assertThat(known.getString("id")).isEqualTo(id);
        assertThat(counts(imported(wrong, line.copy().put("language", "fr").encode(), "application/x-ndjson")))
                .containsEntry("unchanged", 1);
        assertThat(subscription(id).getString("language")).isEqualTo("de");
        assertThat(subscription(id).getString("keyId")).isEqualTo(right);

        server.browser("DELETE", SUBSCRIPTIONS + "/" + id, null, "X-Device-Secret", known.getString("deviceSecret"));
        assertThat(counts(imported(right, line.encode(), "application/x-ndjson")))
                .containsEntry("skipped", 1);
        assertThat(subscription(id).getString("status")).isEqualTo("unsubscribed");
    }

    @Test
    void who_has_ended_it_by_the_files_own_word_is_passed_over() {
        var key = importKey();
        var over = row(push.url() + "/push/over", "", "");
        var file = HEADER + over.replace(",f,1,", ",t,1,") + over.replace(",f,1,", ",f,-2,");
        assertThat(counts(imported(key, file, "text/csv")))
                .containsEntry("skipped", 2)
                .containsEntry("rows", 2);
        var expired = new JsonObject().put("endpoint", "https://x.example/1").put("status", "expired");
        assertThat(counts(imported(key, expired.encode(), "application/x-ndjson")))
                .containsEntry("skipped", 1);
    }

    @Test
    void a_file_that_cannot_be_read_fails_with_its_reason_and_one_of_other_octets_line_by_line() {
        var key = importKey();
        var noise = new byte[300_000];
        new Random(1).nextBytes(noise);
        var binary = finished(upload(key, noise, "text/csv"));
        assertThat(binary.getString("state")).isEqualTo("failed");
        assertThat(binary.getString("reason")).startsWith("The first row is no header that could be read: ");
        var utf16 = finished(upload(key, ("\ufeff" + HEADER).getBytes(UTF_16LE), "text/csv"));
        assertThat(utf16.getString("reason")).contains("it is not UTF-8");
        var columns = finished(upload(key, "identifier;web_auth\nx;y\n".getBytes(UTF_8), "text/csv"));
        assertThat(columns.getString("reason")).contains("has no column endpoint or identifier");
        assertThat(counts(columns)).isEqualTo(NOTHING);

        var lines = finished(upload(key, noise, "application/x-ndjson"));
        assertThat(lines.getString("state")).isEqualTo("completed");
        int faulty = (int) counts(lines).get("faulty");
        assertThat(faulty).isGreaterThan(1_000).isEqualTo(counts(lines).get("rows"));
        assertThat(errors(lines)).hasSize(1_000);

        var endless = finished(upload(key, "{".repeat(2_000_000).getBytes(UTF_8), "application/x-ndjson"));
        assertThat(errors(endless)).containsExactly("1 longer than 32768 octets.");
        var open = HEADER + "\"" + row(push.url() + "/push/open", some.auth(), some.p256dh());
        assertThat(errors(finished(upload(key, open.getBytes(UTF_8), "text/csv"))))
                .hasSize(1);
        var deep = "{\"keys\":" + "[".repeat(5_000) + "]".repeat(5_000)
                + "}\n{\"endpoint\":1}\n[]\nnull\n{\"a\":1,\"a\":2}";
        assertThat(errors(finished(upload(key, deep.getBytes(UTF_8), "application/x-ndjson"))))
                .containsExactly(
                        "1 it is no JSON object.",
                        "2 it has no keys, so it is no web push subscription.",
                        "3 it is no JSON object.",
                        "4 it is no JSON object.",
                        "5 it is no JSON object.");
        assertThat(finished(upload(key, "\n\n\r\n".getBytes(UTF_8), "application/x-ndjson"))
                        .getString("state"))
                .isEqualTo("completed");
    }

    @Test
    void no_error_repeats_a_secret() {
        var key = importKey();
        var secret = "https://fcm.googleapis.com/fcm/send/very-secret";
        var file = HEADER
                + row(secret, "c2VjcmV0", some.p256dh())
                + row(secret + " ", some.auth(), "c2VjcmV0")
                + row("https://10.0.0.1/very-secret", some.auth(), some.p256dh());
        var done = imported(key, file, "text/csv");
        assertThat(errors(done)).hasSize(3);
        assertThat(errors(done).toString()).doesNotContain("very-secret", "c2VjcmV0", some.auth());
    }

    @Test
    void what_is_compressed_is_read_and_counted_by_what_is_in_it() throws IOException {
        var key = importKey();
        var file = HEADER + row(push.url() + "/push/compressed", some.auth(), some.p256dh());
        var taken = server.octets(
                "POST", path(key), server.token(), gzip(file), "Content-Type", "text/csv", "Content-Encoding", "gzip");
        assertThat(taken.status()).as(taken.body()).isEqualTo(202);
        assertThat(taken.json().getInteger("octets")).isEqualTo(file.length());
        assertThat(counts(finished(taken))).containsEntry("created", 1);

        var bomb = gzip("x".repeat(9_000_000));
        var refused = server.octets(
                "POST", path(key), server.token(), bomb, "Content-Type", "text/csv", "Content-Encoding", "gzip");
        assertThat(refused.status()).isEqualTo(413);
    }

    @Test
    void what_is_refused_leaves_no_upload_behind() {
        var key = importKey();
        var large = new byte[9_000_000];
        assertThat(upload(key, large, "text/csv").status()).isEqualTo(413);
        assertThat(upload(key, new byte[0], "text/csv").status()).isEqualTo(400);
        var json = upload(key, "{}".getBytes(UTF_8), "application/json");
        assertThat(json.status()).as(json.body()).isEqualTo(415);
        assertThat(upload("no-uuid", large, "text/csv").status()).isEqualTo(400);
        assertThat(upload(UUID.randomUUID().toString(), large, "text/csv").status())
                .isEqualTo(422);
        assertThat(server.octets("POST", path(key), null, large, "Content-Type", "text/csv")
                        .status())
                .isEqualTo(401);
        assertThat(server.octets("POST", path(key), server.member("analyst"), large, "Content-Type", "text/csv")
                        .status())
                .isEqualTo(403);
        assertThat(server.octets(
                                "POST",
                                SUBSCRIPTIONS + "/import",
                                server.token(),
                                "x".getBytes(UTF_8),
                                "Content-Type",
                                "text/csv")
                        .status())
                .isEqualTo(400);
        server.database()
                .execute("DO $$ BEGIN IF EXISTS (SELECT FROM upload WHERE created_at < now() - interval '1 hour'"
                        + " OR octets IS NULL) THEN RAISE 'an upload was left'; END IF; END $$");
    }

    @Test
    void another_workspaces_key_and_imports_are_not_there() {
        var key = importKey();
        var mine = upload(key, HEADER.getBytes(UTF_8), "text/csv");
        finished(mine);
        var stranger = server.otherWorkspace();
        var path = mine.header("Location");
        assertThat(server.send("GET", path, stranger, null).status()).isEqualTo(404);
        assertThat(server.send("GET", path + "/errors", stranger, null).status())
                .isEqualTo(404);
        assertThat(server.send("GET", "/api/v1/webpush/imports", stranger, null)
                        .json()
                        .getJsonArray("items"))
                .isEmpty();
        assertThat(server.octets("POST", path(key), stranger, HEADER.getBytes(UTF_8), "Content-Type", "text/csv")
                        .status())
                .isEqualTo(422);
    }

    @Test
    void an_import_that_is_cancelled_with_its_job_says_so_and_its_file_is_gone() {
        var key = importKey();
        var file = new StringBuilder(HEADER);
        for (int i = 0; i < 15_000; i++) {
            file.append(row(push.url() + "/push/cancelled-" + i, some.auth(), some.p256dh()));
        }
        var taken = upload(key, file.toString().getBytes(UTF_8), "text/csv");
        var jobs = server.admin("GET", "/api/v1/jobs?type=webpush.importSubscriptions", null)
                .json()
                .getJsonArray("items");
        var job = jobs.stream()
                .map(JsonObject.class::cast)
                .filter(one -> taken.json()
                        .getString("id")
                        .equals(one.getJsonObject("about").getString("importId")))
                .findFirst()
                .orElseThrow();
        server.admin("POST", "/api/v1/jobs/" + job.getString("id") + "/cancel", null);
        var end = finished(taken);
        assertThat(end.getString("state")).isIn("cancelled", "completed");
        assertThat(bound(key)).isEqualTo(end.getJsonObject("counts").getInteger("created"));
    }

    /** A new pair as another push server had it; the key's id here. */
    private static String importKey() {
        var pair = VapidKey.generate(new CryptoProviders());
        var answer = server.admin(
                "POST",
                KEYS + "/import",
                new JsonObject()
                        .put("publicKey", pair.publicKey())
                        .put(
                                "privateKey",
                                Base64.getUrlEncoder().withoutPadding().encodeToString(pair.privateKey())));
        assertThat(answer.status()).as(answer.body()).isEqualTo(201);
        return answer.json().getString("id");
    }

    private static String row(String endpoint, String auth, String p256dh) {
        return "id-1,%s,5,en,-28800,\"{}\",2026-02-01 10:00:00 UTC,2026-01-05 09:30:00 UTC,f,1,,\"%s\",%s\r\n"
                .formatted(endpoint, auth, p256dh);
    }

    private static String path(String key) {
        return SUBSCRIPTIONS + "/import?keyId=" + key;
    }

    private static Answer upload(String key, byte[] file, String type) {
        return server.octets("POST", path(key), server.token(), file, "Content-Type", type);
    }

    private static JsonObject imported(String key, String file, String type) {
        return finished(upload(key, file.getBytes(UTF_8), type));
    }

    private static JsonObject finished(Answer taken) {
        assertThat(taken.status()).as(taken.body()).isEqualTo(202);
        return eventually(
                "the end of the import",
                () -> server.admin("GET", taken.header("Location"), null).json(),
                json -> json.getString("finishedAt") != null);
    }

    private static Map<String, Object> counts(JsonObject done) {
        return done.getJsonObject("counts").getMap();
    }

    /** All of them, read page by page. */
    private static List<String> errors(JsonObject done) {
        var errors = new ArrayList<String>();
        var path = "/api/v1/webpush/imports/" + done.getString("id") + "/errors?limit=200";
        String cursor = "";
        while (cursor != null) {
            var page = server.admin("GET", path + (cursor.isEmpty() ? "" : "&cursor=" + cursor), null)
                    .json();
            page.getJsonArray("items").forEach(item -> {
                var error = (JsonObject) item;
                errors.add(error.getLong("line") + " " + error.getString("detail"));
            });
            cursor = page.getString("nextCursor");
        }
        return errors;
    }

    private static int bound(String key) {
        return server.admin("GET", KEYS + "/" + key, null)
                .json()
                .getJsonObject("subscriptions")
                .getInteger("active");
    }

    private static JsonArray listed(String key) {
        return server.admin("GET", SUBSCRIPTIONS + "?keyId=" + key, null).json().getJsonArray("items");
    }

    private static JsonObject subscription(String id) {
        return server.admin("GET", SUBSCRIPTIONS + "/" + id, null).json();
    }

    private static JsonObject draft(VirtualSubscription browser) {
        var json = browser.toJson();
        json.remove("expirationTime");
        return json;
    }

    private static byte[] gzip(String text) throws IOException {
        var octets = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(octets)) {
            gzip.write(text.getBytes(UTF_8));
        }
        return octets.toByteArray();
    }
}
