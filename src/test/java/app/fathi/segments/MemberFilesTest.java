package app.fathi.segments;

import static app.fathi.testing.Eventually.eventually;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.TestServer;
import app.fathi.testing.TestServer.Answer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Files of people into static segments and out of segments. */
class MemberFilesTest {
    private static final String SEGMENTS = "/api/v1/segments";
    private static final int PEOPLE = 2_500;

    private static TestServer server;

    @BeforeAll
    static void start() {
        server = TestServer.start(Map.of());
        for (int from = 0; from < PEOPLE; from += 500) {
            var batch = new JsonArray();
            for (int i = from; i < from + 500; i++) {
                batch.add(new JsonObject()
                        .put("type", "identify")
                        .put("userId", "p-" + i)
                        .put("messageId", "m-" + i)
                        .put("traits", new JsonObject().put("no", i)));
            }
            assertThat(server.admin("POST", "/v1/batch", new JsonObject().put("batch", batch))
                            .status())
                    .isEqualTo(200);
        }
        var everyone = new JsonObject().put("rule", new JsonObject().put("type", "everyone"));
        eventually(
                "everybody",
                () -> server.admin("POST", SEGMENTS + "/preview", everyone)
                        .json()
                        .getInteger("people"),
                count -> count == PEOPLE);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    // ---- in --------------------------------------------------------------------------------------------------------

    @Test
    void good_rows_are_taken_and_each_other_is_told_with_its_line() throws Exception {
        var segment = segment();
        var file = new ByteArrayOutputStream();
        file.write("\ufeffName, user_ID ,ID\r\n".getBytes(UTF_8));
        file.write("Ada,p-0,\r\n".getBytes(UTF_8));
        file.write("\r\n   \r\n".getBytes(UTF_8));
        file.write(("by id,," + id("p-1") + "\n").getBytes(UTF_8));
        file.write(("both,p-3," + id("p-2") + "\n").getBytes(UTF_8)); // line 6
        file.write("stranger,nobody-knows,\n".getBytes(UTF_8)); // 7
        file.write(("stranger,," + UUID.randomUUID() + "\n").getBytes(UTF_8)); // 8
        file.write("no id,,nonsense\n".getBytes(UTF_8)); // 9
        file.write("names nobody,,\n".getBytes(UTF_8)); // 10
        file.write("nul,p-\0,\n".getBytes(UTF_8)); // 11
        file.write(new byte[] {'x', ',', (byte) 0xC3, (byte) 0x28, ',', '\n'}); // 12
        file.write(("long," + "p".repeat(40_000) + ",\n").getBytes(UTF_8)); // 13
        file.write(("long," + "p".repeat(256) + ",\n").getBytes(UTF_8)); // 14
        file.write("too,many,,fields\n".getBytes(UTF_8)); // 15
        file.write("again,p-0,\n".getBytes(UTF_8)); // 16
        file.write("\"quoted, and\nbroken\",\"p-4\",\n".getBytes(UTF_8)); // 17 and 18
        file.write("open,\"p-5,".getBytes(UTF_8)); // 19, without an end

        var done = imported(segment, "?mode=add", file.toByteArray(), "text/csv");
        assertThat(done.getString("state")).as(done.encode()).isEqualTo("completed");
        assertThat(counts(done))
                .isEqualTo(Map.of("rows", 15, "added", 4, "unchanged", 1, "unknown", 2, "faulty", 8, "removed", 0));
        assertThat(members(segment)).containsExactlyInAnyOrder("p-0", "p-1", "p-2", "p-4");
        assertThat(errors(done))
                .containsExactlyInAnyOrder(
                        "7 Nobody has this userId.",
                        "8 Nobody has this id.",
                        "9 its id is not the id of a profile.",
                        "10 it names nobody.",
                        "11 it holds the NUL character, as text in UTF-16 does.",
                        "12 it is not UTF-8.",
                        "13 longer than 32768 octets.",
                        "14 userId has more than 255 characters.",
                        "15 it has 4 fields, the header 3.",
                        "19 a quote is opened and not closed.");
    }

    @Test
    void lines_of_json_are_taken_too() {
        var segment = segment();
        var file =
                """
                {"userId": "p-10", "more": {"is": "ignored"}}
                {"id": "%s"}
                {"userId": 7}
                {"userId": ["p-11"]}
                ["p-11"]
                {"userId": "p-11"
                {"userId": "p\\u0000"}
                {}
                """
                        .formatted(id("p-12"));
        var done = imported(segment, "", file.getBytes(UTF_8), "application/x-ndjson");
        assertThat(counts(done))
                .isEqualTo(Map.of("rows", 8, "added", 2, "unchanged", 0, "unknown", 1, "faulty", 5, "removed", 0));
        assertThat(members(segment)).containsExactlyInAnyOrder("p-10", "p-12");
    }

    @Test
    void a_file_that_replaces_takes_out_whom_it_does_not_name() {
        var segment = segment();
        imported(segment, "", rows(0, 2_000), "text/csv");
        assertThat(members(segment)).hasSize(2_000);
        var done = imported(segment, "?mode=replace", rows(1_500, 2_500), "text/csv");
        assertThat(counts(done))
                .isEqualTo(Map.of(
                        "rows", 1_000, "added", 500, "unchanged", 500, "unknown", 0, "faulty", 0, "removed", 1_500));
        var expected = new TreeSet<String>();
        for (int i = 1_500; i < 2_500; i++) {
            expected.add("p-" + i);
        }
        assertThat(new TreeSet<>(members(segment))).isEqualTo(expected);
        server.database().execute("DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM segments_import_member); END $$");
    }

    @Test
    void a_file_that_replaces_and_names_nobody_who_is_known_changes_nothing() {
        var segment = segment();
        imported(segment, "", rows(0, 3), "text/csv");
        var done = imported(segment, "?mode=replace", "userId\nghost\n".getBytes(UTF_8), "text/csv");
        assertThat(done.getString("state")).isEqualTo("failed");
        assertThat(done.getString("reason")).contains("names nobody who is known");
        assertThat(members(segment)).hasSize(3);
        var headless = imported(segment, "?mode=replace", "name,mail\nAda,x\n".getBytes(UTF_8), "text/csv");
        assertThat(headless.getString("state")).isEqualTo("failed");
        assertThat(headless.getString("reason")).contains("userId");
        assertThat(members(segment)).hasSize(3);
    }

    @Test
    void who_became_part_of_somebody_whom_the_file_names_stays() {
        var segment = segment();
        tell(new JsonObject().put("type", "identify").put("userId", "old-name"));
        tell(new JsonObject().put("type", "identify").put("userId", "new-name"));
        known("new-name");
        imported(segment, "", "userId\nold-name\np-20\n".getBytes(UTF_8), "text/csv");
        tell(new JsonObject().put("type", "alias").put("userId", "new-name").put("previousId", "old-name"));
        eventually("one person", () -> members(segment), people -> people.contains("new-name"));
        imported(segment, "?mode=replace", "userId\nnew-name\n".getBytes(UTF_8), "text/csv");
        assertThat(members(segment)).containsExactly("new-name");
        // What is there for nobody else's test.
        server.admin(
                "POST",
                SEGMENTS + "/" + segment + "/members",
                new JsonObject().put("remove", JsonArray.of("user:new-name")));
    }

    @Test
    void what_cannot_be_is_refused_before_the_file_is_read() {
        var dynamic = server.admin(
                        "POST",
                        SEGMENTS,
                        new JsonObject()
                                .put("name", "d " + UUID.randomUUID())
                                .put("rule", new JsonObject().put("type", "everyone")))
                .json()
                .getString("id");
        assertThat(upload(dynamic, "", rows(0, 1), "text/csv").status()).isEqualTo(409);
        assertThat(upload(UUID.randomUUID().toString(), "", rows(0, 1), "text/csv")
                        .status())
                .isEqualTo(404);
        var segment = segment();
        assertThat(upload(segment, "?mode=both", rows(0, 1), "text/csv").status())
                .isEqualTo(400);
        assertThat(upload(segment, "", new byte[0], "text/csv").status()).isEqualTo(400);
        assertThat(upload(segment, "", rows(0, 1), "application/json").status()).isEqualTo(415);
        assertThat(server.octets(
                                "POST",
                                SEGMENTS + "/" + segment + "/import",
                                server.otherWorkspace(),
                                rows(0, 1),
                                "Content-Type",
                                "text/csv")
                        .status())
                .isEqualTo(404);
    }

    @Test
    void beside_a_file_that_replaces_no_other_is_read_and_an_import_goes_with_its_segment() {
        var segment = segment();
        // As if it were still being read.
        var first = imported(segment, "", rows(0, 1), "text/csv");
        server.database()
                .execute("UPDATE segments_import SET state = 'running', finished_at = NULL WHERE id = '"
                        + first.getString("id") + "'");
        var second = upload(segment, "?mode=replace", rows(0, 1), "text/csv");
        assertThat(second.status()).isEqualTo(409);
        assertThat(second.json().getString("detail")).contains("cancel its job");
        assertThat(imported(segment, "", rows(1, 2), "text/csv").getString("state"))
                .isEqualTo("completed");
        server.database()
                .execute("UPDATE segments_import SET mode = 'replace' WHERE id = '" + first.getString("id") + "'");
        assertThat(upload(segment, "", rows(0, 1), "text/csv").status()).isEqualTo(409);
        var path = SEGMENTS + "/" + segment;
        server.admin(
                "DELETE",
                path,
                null,
                "If-Match",
                server.admin("GET", path, null).header("ETag"));
        assertThat(server.admin("GET", "/api/v1/segment-imports/" + first.getString("id"), null)
                        .status())
                .isEqualTo(404);
    }

    // ---- out -------------------------------------------------------------------------------------------------------

    @Test
    void everybody_is_in_the_file_once_and_a_file_of_csv_can_be_imported_again() {
        var segment = segment();
        imported(segment, "", rows(0, 1_234), "text/csv");
        var csv = server.admin("GET", SEGMENTS + "/" + segment + "/export?format=csv", null);
        assertThat(csv.header("Content-Type")).startsWith("text/csv");
        assertThat(csv.header("Content-Disposition")).contains("segment-" + segment + ".csv");
        var lines = csv.body().lines().toList();
        assertThat(lines.getFirst()).isEqualTo("id,userId,subscribed");
        assertThat(lines).hasSize(1_235).doesNotHaveDuplicates();
        var copy = segment();
        assertThat(counts(imported(copy, "", csv.body().getBytes(UTF_8), "text/csv")))
                .containsEntry("added", 1_234);

        var ndjson = server.admin("GET", SEGMENTS + "/" + segment + "/export", null);
        var people = ndjson.body()
                .lines()
                .map(line -> new JsonObject(line).getString("userId"))
                .toList();
        assertThat(people).hasSize(1_234).containsExactlyInAnyOrderElementsOf(members(segment));
        assertThat(counts(imported(segment(), "", ndjson.body().getBytes(UTF_8), "application/x-ndjson")))
                .containsEntry("added", 1_234);
    }

    @Test
    void who_may_not_see_personal_data_gets_a_file_without() {
        var segment = segment();
        imported(segment, "", rows(0, 2), "text/csv");
        var masked = server.send(
                "GET", SEGMENTS + "/" + segment + "/export?format=csv", server.member("segment-manager"), null);
        assertThat(masked.status()).isEqualTo(200);
        assertThat(masked.body()).doesNotContain("p-0", "p-1").contains(id("p-0"));
        assertThat(server.admin("GET", SEGMENTS + "/" + segment + "/export?format=csv", null)
                        .body())
                .contains("p-0", "p-1");
        eventually(
                "a line of the audit trail",
                () -> server.admin("GET", "/api/v1/audit/events?operation=segment.export", null)
                        .json()
                        .getJsonArray("items"),
                items -> !items.isEmpty());
        assertThat(server.admin("GET", SEGMENTS + "/" + segment() + "/export?format=csv", null)
                        .body())
                .isEqualToIgnoringNewLines("id,userId,subscribed");
    }

    // ---- words -----------------------------------------------------------------------------------------------------

    private static void tell(JsonObject event) {
        server.admin("POST", "/v1/batch", new JsonObject().put("batch", JsonArray.of(event)));
    }

    private static void known(String user) {
        eventually(
                user,
                () -> server.admin("GET", "/api/v1/cdp/profiles/user:" + user, null),
                answer -> answer.status() == 200);
    }

    private static String id(String user) {
        return server.admin("GET", "/api/v1/cdp/profiles/user:" + user, null)
                .json()
                .getString("id");
    }

    private static byte[] rows(int from, int to) {
        var file = new StringBuilder("userId\n");
        for (int i = from; i < to; i++) {
            file.append("p-").append(i).append('\n');
        }
        return file.toString().getBytes(UTF_8);
    }

    private static String segment() {
        return server.admin("POST", SEGMENTS, new JsonObject().put("name", "s " + UUID.randomUUID()))
                .json()
                .getString("id");
    }

    private static Answer upload(String segment, String mode, byte[] file, String type) {
        return server.octets(
                "POST", SEGMENTS + "/" + segment + "/import" + mode, server.token(), file, "Content-Type", type);
    }

    private static JsonObject imported(String segment, String mode, byte[] file, String type) {
        var taken = upload(segment, mode, file, type);
        assertThat(taken.status()).as(taken.body()).isEqualTo(202);
        return eventually(
                "its end",
                () -> server.admin("GET", taken.header("Location"), null).json(),
                found -> found.getString("finishedAt") != null);
    }

    private static Map<String, Object> counts(JsonObject done) {
        return done.getJsonObject("counts").getMap();
    }

    private static List<String> errors(JsonObject done) {
        return server
                .admin("GET", "/api/v1/segment-imports/" + done.getString("id") + "/errors?limit=200", null)
                .json()
                .getJsonArray("items")
                .stream()
                .map(JsonObject.class::cast)
                .map(fault -> fault.getInteger("line") + " " + fault.getString("detail"))
                .toList();
    }

    private static List<String> members(String segment) {
        var people = new ArrayList<String>();
        String cursor = "";
        do {
            var page = server.admin("GET", SEGMENTS + "/" + segment + "/members?limit=200" + cursor, null)
                    .json();
            page.getJsonArray("items").forEach(item -> people.add(((JsonObject) item).getString("userId")));
            cursor = page.getString("nextCursor") == null ? null : "&cursor=" + page.getString("nextCursor");
        } while (cursor != null);
        return people;
    }
}
