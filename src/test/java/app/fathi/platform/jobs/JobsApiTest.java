package app.fathi.platform.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.Eventually;
import app.fathi.testing.TestServer;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The operations over jobs, on a node that does none itself, so that what was arranged stays. */
class JobsApiTest {
    private static final String JOBS = "/api/v1/jobs";
    private static final int WS = 1;

    private static Vertx vertx;
    private static TestServer server;
    private static Pool pool;

    @BeforeAll
    static void start() {
        vertx = Vertx.vertx();
        server = TestServer.start(Map.of("FATHI_ROLES", "api"));
        pool = server.database().pool(vertx);
    }

    @AfterAll
    static void stop() {
        vertx.close().await();
        server.close();
    }

    @AfterEach
    void forget() {
        for (var table : List.of("jobs", "jobs_done", "jobs_dead", "job_child_end", "idempotency")) {
            server.database().execute("DELETE FROM " + table);
        }
    }

    private static UUID job(int ws, String type, String key, Instant deadline) {
        var job = new NewJob(
                ws,
                type,
                Lane.CAMPAIGN,
                key,
                new JsonObject().put("run", 1).put("chunk", 7).put("email", "ada@example.com"),
                Instant.now().plusSeconds(3_600),
                deadline);
        JobsStore.enqueue(pool, List.of(job), "request-1", null).await();
        return pool.query("SELECT id FROM jobs WHERE key = '" + key + "'")
                .execute()
                .await()
                .iterator()
                .next()
                .getUUID(0);
    }

    private static UUID job(String key) {
        return job(WS, "cep.send", key, null);
    }

    private static void end(UUID id, Verdict verdict) {
        ResultsStore.end(pool, List.of(new ResultsStore.Ended(id, 0, verdict, null)))
                .await();
    }

    private static UUID dead(int ws, String type, String key, Instant deadline) {
        var id = job(ws, type, key, deadline);
        end(id, new Verdict.Dead("The service said no."));
        return id;
    }

    private static JsonObject list(String query) {
        var answer = server.admin("GET", JOBS + query, null);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.json();
    }

    private static List<String> ids(JsonObject page) {
        return page.getJsonArray("items").stream()
                .map(item -> ((JsonObject) item).getString("id"))
                .toList();
    }

    private static JsonObject redrive(JsonObject filter, boolean dryRun) {
        var answer = server.admin(
                "POST",
                JOBS + "/redrive",
                new JsonObject().put("filter", filter).put("dryRun", dryRun));
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.json();
    }

    private static long count(String sql) {
        return pool.query(sql).execute().await().iterator().next().getLong(0);
    }

    @Test
    void jobs_of_all_states_are_listed_newest_first_page_by_page() {
        var waiting = job("waiting");
        var done = job("done");
        end(done, new Verdict.Done());
        var dead = dead(WS, "cep.send", "dead", null);
        var strangers = job(2, "cep.send", "not ours", null);

        var first = list("?limit=2");
        assertThat(ids(first)).containsExactly(dead.toString(), done.toString());
        var second = list("?limit=2&cursor=" + first.getString("nextCursor"));
        assertThat(ids(second)).containsExactly(waiting.toString());
        assertThat(second.getString("nextCursor")).isNull();
        // On a slow machine what was counted for the test before serves for a while.
        Eventually.eventually(
                "counts of what there is",
                () -> list("?limit=2").getJsonArray("counts").stream()
                        .map(count ->
                                ((JsonObject) count).getString("state") + " " + ((JsonObject) count).getLong("jobs"))
                        .toList(),
                List.of("dead 1", "waiting 1")::equals);
        assertThat(server.admin("GET", JOBS + "/" + strangers, null).status()).isEqualTo(404);
        assertThat(server.admin("POST", JOBS + "/" + strangers + "/cancel", null)
                        .status())
                .isEqualTo(404);
        assertThat(server.admin("GET", JOBS + "/no-uuid", null).status()).isEqualTo(404);
    }

    @Test
    void the_filters_narrow_the_list() {
        var old = job("old");
        server.database().execute("UPDATE jobs SET created_at = now() - interval '2 hours'");
        var other = job(WS, "test.other", "other", null);
        var dead = dead(WS, "cep.send", "dead", null);
        assertThat(ids(list("?state=waiting"))).containsExactly(other.toString(), old.toString());
        assertThat(ids(list("?state=dead"))).containsExactly(dead.toString());
        assertThat(ids(list("?type=test.other"))).containsExactly(other.toString());
        assertThat(ids(list("?lane=maintenance"))).isEmpty();
        assertThat(ids(list("?lane=campaign&olderThan=PT1H"))).containsExactly(old.toString());
        assertThat(server.admin("GET", JOBS + "?olderThan=1h", null).status()).isEqualTo(400);
        assertThat(server.admin("GET", JOBS + "?state=lost", null).status()).isEqualTo(400);
    }

    @Test
    void a_payload_is_shown_only_as_its_type_describes_it() {
        var known = server.admin("GET", JOBS + "/" + job("known"), null);
        assertThat(known.json().getJsonObject("about").getInteger("chunk")).isEqualTo(7);
        assertThat(known.json().getString("requestId")).isEqualTo("request-1");
        var unknown = server.admin("GET", JOBS + "/" + job(WS, "test.unknown", "unknown", null), null);
        assertThat(unknown.json().getJsonObject("about")).isEmpty();
        assertThat(known.body() + unknown.body()).doesNotContain("ada@example.com");
    }

    @Test
    void cancelling_ends_what_waits_tells_what_runs_and_refuses_what_is_over() {
        var waiting = job(WS, "test.plain", "waiting", null);
        var running = job("running");
        server.database().execute("UPDATE jobs SET state = 'running', lease_token = 1 WHERE key = 'running'");
        var done = job("done");
        end(done, new Verdict.Done());

        assertThat(cancel(waiting).json().getString("state")).isEqualTo("cancelled");
        assertThat(cancel(waiting).status()).isEqualTo(200);
        assertThat(cancel(running).json().getString("state")).isEqualTo("cancelling");
        assertThat(cancel(done).status()).isEqualTo(409);
        assertThat(server.seen()).contains("cancelJob 200", "cancelJob 409");
        assertThat(count("SELECT count(*) FROM audit_event WHERE operation = 'job.cancel' AND object_id = '" + running
                        + "'"))
                .isEqualTo(1);
    }

    private static TestServer.Answer cancel(UUID id) {
        return server.admin("POST", JOBS + "/" + id + "/cancel", null);
    }

    @Test
    void a_preview_says_how_many_how_old_and_to_whom_and_changes_nothing() {
        server.database()
                .execute(
                        """
                        INSERT INTO cep_run (run, ws, id, kind, state, channel, purpose, content, ttl_seconds, urgency, tracking,
                                             send_at, expires_at, planned, unknown, chunks_left)
                        SELECT 1, 1, gen_random_uuid(), 'api', 'sending', 0, 'marketing', '{}', 60, 'normal', true,
                               now(), now() + interval '1 hour', 3, 0, 1
                        ON CONFLICT DO NOTHING;
                        INSERT INTO cep_chunk (run, chunk, profile_nos) VALUES (1, 7, '{4, 5, 6}') ON CONFLICT DO NOTHING
                        """);
        dead(WS, "cep.send", "a", Instant.now().plusSeconds(3_600));
        dead(WS, "cep.send", "b", Instant.now().minusSeconds(1));
        dead(WS, "test.other", "c", null);
        dead(2, "cep.send", "not ours", null);

        var preview = redrive(new JsonObject(), true);
        assertThat(preview.getInteger("matched")).isEqualTo(3);
        assertThat(preview.getInteger("expired")).isEqualTo(1);
        assertThat(preview.getInteger("redriven")).isZero();
        var sends = preview.getJsonArray("groups").getJsonObject(0);
        assertThat(sends.getString("type")).isEqualTo("cep.send");
        assertThat(sends.getInteger("jobs")).isEqualTo(2);
        assertThat(sends.getInteger("recipients")).isEqualTo(3);
        assertThat(preview.getJsonArray("groups").getJsonObject(1).getValue("recipients"))
                .isNull();
        assertThat(count("SELECT count(*) FROM jobs_dead")).isEqualTo(4);
        assertThat(count("SELECT count(*) FROM jobs")).isZero();
    }

    @Test
    void what_is_brought_back_is_within_its_deadline_and_fits_the_filter() {
        var fresh = dead(WS, "cep.send", "fresh", Instant.now().plusSeconds(3_600));
        dead(WS, "cep.send", "late", Instant.now().minusSeconds(1));
        dead(WS, "test.other", "other", null);
        dead(2, "cep.send", "not ours", null);

        var answer = redrive(new JsonObject().put("types", new JsonArray().add("cep.send")), false);
        assertThat(answer.getInteger("matched")).isEqualTo(2);
        assertThat(answer.getInteger("expired")).isEqualTo(1);
        assertThat(answer.getInteger("redriven")).isEqualTo(1);
        assertThat(ids(list("?state=waiting"))).containsExactly(fresh.toString());
        assertThat(count("SELECT count(*) FROM jobs WHERE attempts = 0 AND due_at <= now()"))
                .isEqualTo(1);
        assertThat(count("SELECT count(*) FROM jobs_dead")).isEqualTo(3);
        assertThat(count("SELECT count(*) FROM audit_event WHERE operation = 'job.redrive'"))
                .isPositive();

        assertThat(redrive(new JsonObject().put("diedBefore", "2020-01-01T00:00:00Z"), false)
                        .getInteger("matched"))
                .isZero();
    }

    @Test
    void several_that_died_with_one_key_come_back_as_one_and_join_a_live_one() {
        dead(WS, "cep.send", "same", null);
        dead(WS, "cep.send", "same", null);
        assertThat(redrive(new JsonObject(), false).getInteger("redriven")).isEqualTo(2);
        assertThat(count("SELECT count(*) FROM jobs")).isEqualTo(1);
        dead(WS, "cep.send", "again", null);
        job("again");
        redrive(new JsonObject(), false);
        assertThat(count("SELECT count(*) FROM jobs WHERE key = 'again' AND due_at <= now()"))
                .isEqualTo(1);
    }

    @Test
    void a_repeated_key_brings_nothing_back_twice() {
        dead(WS, "cep.send", "a", null);
        var body = new JsonObject().put("filter", new JsonObject());
        var first = server.admin("POST", JOBS + "/redrive", body, "Idempotency-Key", "k1");
        assertThat(first.json().getInteger("redriven")).isEqualTo(1);
        dead(WS, "cep.send", "b", null);
        var second = server.admin("POST", JOBS + "/redrive", body, "Idempotency-Key", "k1");
        assertThat(second.json()).isEqualTo(first.json());
        assertThat(count("SELECT count(*) FROM jobs_dead")).isEqualTo(1);
    }

    @Test
    void who_may_not_see_any_job_sees_those_of_integrations_alone() {
        var id = job("ours");
        dead(WS, "cep.send", "dead", null);
        var key = server.admin(
                        "POST",
                        "/api/v1/api-keys",
                        new JsonObject()
                                .put("name", "integrator")
                                .put("permissions", new JsonArray(List.of("jobs:read", "jobs:cancel", "jobs:redrive"))))
                .json()
                .getString("secret");
        var page = server.send("GET", JOBS, key, null).json();
        assertThat(ids(page)).isEmpty();
        assertThat(page.getJsonArray("counts")).isEmpty();
        assertThat(server.send("GET", JOBS + "/" + id, key, null).status()).isEqualTo(404);
        assertThat(server.send("POST", JOBS + "/" + id + "/cancel", key, null).status())
                .isEqualTo(404);
        var redriven = server.send("POST", JOBS + "/redrive", key, new JsonObject().put("filter", new JsonObject()))
                .json();
        assertThat(redriven.getInteger("matched")).isZero();
        assertThat(count("SELECT count(*) FROM jobs_dead")).isEqualTo(1);
    }

    @Test
    void the_oldest_of_each_lane_and_state_is_told() {
        job("k");
        server.database().execute("UPDATE jobs SET created_at = now() - interval '3 hours'");
        var oldest =
                Instant.parse(list("").getJsonArray("counts").getJsonObject(0).getString("oldestAt"));
        assertThat(Duration.between(oldest, Instant.now())).isGreaterThan(Duration.ofHours(2));
    }
}
