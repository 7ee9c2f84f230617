package app.fathi.tool;

import static app.fathi.crash.Eventually.eventually;
import static app.fathi.crash.Node.must;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.crash.CrashWorld;
import app.fathi.crash.Node;
import app.fathi.platform.copy.BackupReader;
import app.fathi.testing.FakePushService.Answer;
import app.fathi.testing.FakePushService.Options;
import app.fathi.testing.FakePushService.Receipt;
import app.fathi.testing.TestDatabase;
import app.fathi.testing.ToolProcess;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real server is backed up while it sends, dies, and lives on from its backup in another folder. */
@Tag("slow")
class BackupTest {
    private static final int DEVICES = 60;
    private static final String PASSPHRASE = "correct horse battery staple";

    /** The master key is made at the first start and lies in the data folder; few requests at a time, so that sending lasts. */
    private static final Map<String, String> SETTINGS =
            Map.of("FATHI_MASTER_KEY", "", "FATHI_SEND_WINDOW_MESSAGES", "10", "FATHI_JOBS_WORKERS", "2");

    @TempDir
    Path folder;

    /** As root the database runs as somebody else, who has to get to it. */
    @BeforeEach
    void letThrough() throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
    }

    private static ToolProcess.Answer tool(Path server, String... arguments) {
        return ToolProcess.run(server, Map.of("FATHI_BACKUP_PASSPHRASE", PASSPHRASE), arguments);
    }

    private static Set<String> reached(List<Receipt> receipts, String title) {
        return receipts.stream()
                .filter(receipt -> title(receipt).equals(title))
                .map(Receipt::subscription)
                .collect(Collectors.toSet());
    }

    private static String title(Receipt receipt) {
        return receipt.json().getJsonObject("notification").getString("title");
    }

    @Test
    void what_was_backed_up_lives_on_elsewhere_and_sends_nothing_older_by_itself() throws Exception {
        var backup = folder.resolve("fathi.backup");
        var old = folder.resolve("first");
        TestDatabase.putPrograms(old.resolve("data"));
        try (var world = new CrashWorld(folder, SETTINGS, new CrashWorld.Crowd(DEVICES, DEVICES), Options.usual())) {
            CrashWorld.Sent sent;
            var later = later();
            String scheduled;
            try (var first = world.start("first", Map.of()).awaitReady()) {
                world.subscribeEverybody(first);
                scheduled = take(first, later);
                world.push.answerAlways(Answer.status(201).after(Duration.ofSeconds(8)));
                sent = world.send(first, first);
                world.awaitRequests(sent, 1);
                var made = tool(old, "backup", backup.toString()).mustSucceed();
                assertThat(made.out()).contains(backup.toString(), "and the master key");
                assertThat(world.push.requests())
                        .as("it was sending all the while")
                        .isLessThan(DEVICES);
                first.process().kill();
            }
            isSealed(backup, old.resolve("data/master.key"));
            eventually(
                    "what was on its way has arrived",
                    () -> world.push.receipts().size() == world.push.requests());
            var before = reached(world.push.receipts(), sent.title());
            world.push.answerAlways(Answer.status(201));
            world.push.forgetReceipts();

            refusals(backup, old);
            var second = folder.resolve("second");
            Files.createDirectory(second);
            var restored = tool(second, "restore", backup.toString()).mustSucceed();
            assertThat(restored.out())
                    .contains(
                            "2 messages of before are held",
                            second.resolve("data/master.key").toString());
            livesOn(world, sent, later, scheduled, before);
            intoAnotherDatabase(backup);
        }
    }

    private static JsonObject later() {
        return CrashWorld.message("later", new JsonArray().add("person-0"))
                .put(
                        "sendAt",
                        Instant.now()
                                .plus(Duration.ofHours(2))
                                .truncatedTo(ChronoUnit.SECONDS)
                                .toString());
    }

    private static String take(Node node, JsonObject message) {
        return must(202, node.post("/api/v1/webpush/messages", message, "Idempotency-Key", "later-1"))
                .getString("id");
    }

    private void livesOn(
            CrashWorld world, CrashWorld.Sent sent, JsonObject later, String scheduled, Set<String> before) {
        var second = folder.resolve("second");
        try (var node = world.start("second", Map.of()).awaitReady()) {
            assertThat(must(200, node.get("/health/ready")).getJsonArray("notices"))
                    .contains("older-messages-held");
            eventually("the metric says so", () -> node.metric("fathi_sending_held") == 1);

            // A new push reaches a browser that subscribed at the first instance, at once.
            must(
                    202,
                    node.post("/api/v1/webpush/messages", CrashWorld.message("new", new JsonArray().add("person-7"))));
            eventually(
                    "the new one arrives",
                    () -> reached(world.push.receipts(), "new").size() == 1);

            // What is older was looked at, and sleeps.
            eventually("older jobs sleep", () -> sleeping(node) > 1 && sleeping(node) == openJobs(node));
            assertThat(world.push.receipts()).extracting(BackupTest::title).containsOnly("new");

            // Asked once more, as a client does that heard no answer: what was taken before is not taken again.
            assertThat(take(node, later)).isEqualTo(scheduled);

            var preview = tool(second, "release-held").mustSucceed();
            assertThat(preview.out()).contains("2 messages to at most", "Nothing was released");
            assertThat(world.push.receipts()).extracting(BackupTest::title).containsOnly("new");

            assertThat(tool(second, "release-held", "--yes").mustSucceed().out())
                    .contains("They are released");
            world.awaitCompleted(node, sent);
            var after = reached(world.push.receipts(), sent.title());
            assertThat(after)
                    .as("those who had not got it when the backup was made")
                    .isNotEmpty();
            assertThat(after.size() + before.size()).as("nobody was left out").isGreaterThanOrEqualTo(DEVICES);
            eventually("the scheduled one waits for its time", () -> dueAt(node, scheduled)
                    .equals(Instant.parse(later.getString("sendAt"))));
            assertThat(must(200, node.get("/health/ready")).getJsonArray("notices", new JsonArray()))
                    .doesNotContain("older-messages-held");
            isAudited(node);
        }
    }

    /** And into a PostgreSQL of the operator's, whose data folder holds another key. */
    private void intoAnotherDatabase(Path backup) throws IOException {
        try (var database = TestDatabase.empty()) {
            var settings = new HashMap<>(database.environment());
            settings.put("FATHI_BACKUP_PASSPHRASE", PASSPHRASE);
            var third = Files.createDirectories(folder.resolve("third"));
            settings.put("FATHI_MASTER_KEY", Base64.getEncoder().encodeToString(new byte[32]));
            assertThat(ToolProcess.run(third, settings, "restore", backup.toString())
                            .err())
                    .contains("another master key", "FATHI_MASTER_KEY")
                    .hasLineCount(1);
            settings.remove("FATHI_MASTER_KEY");
            assertThat(ToolProcess.run(third, settings, "restore", backup.toString())
                            .mustSucceed()
                            .out())
                    .contains("the database " + database.address(), "2 messages of before are held");
            assertThat(third.resolve("data/master.key"))
                    .hasSameTextualContentAs(folder.resolve("first/data/master.key"));
            assertThat(ToolProcess.run(third, settings, "restore", backup.toString())
                            .err())
                    .contains("is not empty, and nothing in it is touched")
                    .hasLineCount(1);
        }
    }

    private static long openJobs(Node node) {
        return must(200, node.get("/api/v1/jobs?type=cep.send&state=waiting&limit=200"))
                .getJsonArray("items")
                .size();
    }

    private static long sleeping(Node node) {
        var far = Instant.now().plus(Duration.ofHours(1));
        return must(200, node.get("/api/v1/jobs?type=cep.send&state=waiting&limit=200")).getJsonArray("items").stream()
                .filter(job ->
                        Instant.parse(((JsonObject) job).getString("dueAt")).isAfter(far))
                .count();
    }

    private static Instant dueAt(Node node, String message) {
        return must(200, node.get("/api/v1/jobs?type=cep.send&state=waiting&limit=200")).getJsonArray("items").stream()
                .map(JsonObject.class::cast)
                .filter(job -> message.equals(job.getJsonObject("about").getString("messageId")))
                .map(job -> Instant.parse(job.getString("dueAt")))
                .findFirst()
                .orElse(Instant.MAX);
    }

    private static void isAudited(Node node) {
        var trail = must(200, node.get("/api/v1/audit/events?limit=200")).getJsonArray("items").stream()
                .map(JsonObject.class::cast)
                .filter(event -> event.getJsonObject("actor").getString("kind").equals("operator"))
                .map(event -> event.getString("operation"))
                .toList();
        assertThat(trail).containsExactly("sending.release", "backup.restore", "sending.hold");
    }

    private static void isSealed(Path backup, Path key) throws IOException {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(backup)))
                .isEqualTo("rw-------");
        var octets = new String(Files.readAllBytes(backup), StandardCharsets.ISO_8859_1);
        assertThat(octets)
                .startsWith("FATHISL")
                .doesNotContain(Files.readString(key).strip(), "users_workspace");
        assertThat(BackupReader.check(backup, PASSPHRASE)).isPositive();
    }

    /** What does not fit is refused before anything is touched. */
    private void refusals(Path backup, Path old) throws IOException {
        var occupied = tool(old, "restore", backup.toString());
        assertThat(occupied.exit()).isEqualTo(1);
        assertThat(occupied.err()).contains("is not empty", "--to", "--replace").hasLineCount(1);

        var nowhere = folder.resolve("nowhere");
        var wrong = ToolProcess.run(
                folder,
                Map.of("FATHI_BACKUP_PASSPHRASE", "another passphrase"),
                "restore",
                backup.toString(),
                "--to",
                nowhere.toString());
        assertThat(wrong.exit()).isEqualTo(1);
        assertThat(wrong.err()).contains("the passphrase is another one").hasLineCount(1);
        assertThat(nowhere).doesNotExist();

        var octets = Files.readAllBytes(backup);
        var cut = Files.write(folder.resolve("cut"), Arrays.copyOf(octets, octets.length - 1));
        assertThatThrownBy(() -> BackupReader.check(cut, PASSPHRASE)).hasMessageContaining("cut off");
        octets[octets.length / 2] ^= 1;
        var flipped = Files.write(folder.resolve("flipped"), octets);
        var changed = tool(folder, "restore", flipped.toString(), "--to", nowhere.toString());
        assertThat(changed.exit()).isEqualTo(1);
        assertThat(changed.err()).contains("it was changed").hasLineCount(1);
        assertThat(nowhere).doesNotExist();
    }
}
