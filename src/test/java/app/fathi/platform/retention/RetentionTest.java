package app.fathi.platform.retention;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonObject;
import java.sql.SQLException;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a workspace keeps for a shorter time than the installation goes, and nothing else does. */
class RetentionTest {
    private static final String CURRENT = "/api/v1/workspaces/current";
    private static final int OURS = 1;
    private static final int THEIRS = 2;

    private static TestServer server;

    @BeforeAll
    static void start() {
        server = TestServer.start(Map.of("FATHI_RETENTION_BATCH_ROWS", "100"));
        server.otherWorkspace();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @AfterEach
    void as_the_installation_says() {
        assertThat(keep(new JsonObject()).status()).isEqualTo(200);
    }

    private static TestServer.Answer keep(JsonObject retention) {
        var etag = server.admin("GET", CURRENT, null).header("ETag");
        return server.admin("PATCH", CURRENT, new JsonObject().put("retention", retention), "If-Match", etag);
    }

    private static void execute(String sql, Object... values) {
        server.database().execute(sql.formatted(values));
    }

    private static long count(String sql, Object... values) {
        try (var connection = server.database().address().connect();
                var statement = connection.createStatement();
                var rows = statement.executeQuery("SELECT count(*) FROM " + sql.formatted(values))) {
            rows.next();
            return rows.getLong(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The job of the installation, and after it that of our workspace. */
    private static void forget() {
        var id = UUID.randomUUID();
        execute(
                """
                INSERT INTO jobs (id, ws, type, key, lane, payload, due_at)
                VALUES ('%s', 0, 'platform.forgetOld', '%1$s', 3, '{}', now())
                """,
                id);
        eventually("the job of all", () -> count("jobs_done WHERE id = '%s'", id), over -> over == 1);
        eventually(
                "those of workspaces",
                () -> count("jobs WHERE type = 'platform.forgetOld' AND ws > 0"),
                open -> open == 0);
    }

    /** So many rows of a kind of each workspace, of a day so long ago, in the partition of that day. */
    private static void events(int daysAgo, int rows) {
        execute(
                """
                SELECT add_period('cdp_event', 86400, now() - interval '%d days');
                INSERT INTO cdp_event (period, ws, identity_no, at, message_id, kind, payload)
                SELECT floor(extract(epoch FROM now() - interval '%1$d days') / 86400), ws, n, now(), 'm' || n, 'track', '{}'
                FROM generate_series(1, %d) AS n, unnest(ARRAY[%d, %d]) AS ws
                """,
                daysAgo, rows, OURS, THEIRS);
    }

    private static void jobs(String relation, int daysAgo, String type) {
        execute(
                """
                SELECT add_period('%s', 86400, now() - interval '%d days');
                INSERT INTO %1$s (period, ws, id, type, key, lane, payload, state, attempts, children, children_done,
                                  children_failed, children_cancelled, created_at)
                SELECT floor(extract(epoch FROM now() - interval '%2$d days') / 86400), ws, gen_random_uuid(), '%s', 'k', 3,
                       '{}', CASE '%1$s' WHEN 'jobs_dead' THEN 'dead' ELSE 'done' END, 1, 0, 0, 0, 0, now()
                FROM unnest(ARRAY[%d, %d]) AS ws
                """,
                relation, daysAgo, type, OURS, THEIRS);
    }

    @Test
    void events_jobs_and_dead_letters_go_in_batches_when_they_are_older_and_those_of_others_stay() {
        events(100, 250);
        events(40, 30);
        events(20, 30);
        for (var daysAgo : new int[] {2, 5}) {
            jobs("jobs_done", daysAgo, "test.done");
        }
        for (var daysAgo : new int[] {8, 20}) {
            jobs("jobs_dead", daysAgo, "test.dead");
            execute(
                    """
                    INSERT INTO dead_letter (at, grp, topic, part, pos, ws, key, kind, payload, reason)
                    SELECT now() - interval '%d days', 'g', 'ingest', 0, 0, ws, 'k', 'track', '{}', 'r'
                    FROM unnest(ARRAY[%d, %d]) AS ws
                    """,
                    daysAgo, OURS, THEIRS);
        }
        keep(new JsonObject().put("eventsDays", 30).put("finishedJobsDays", 3).put("deadLettersDays", 10));
        forget();
        assertThat(count("cdp_event WHERE ws = %d", OURS)).isEqualTo(30);
        assertThat(count("cdp_event WHERE ws = %d", THEIRS)).isEqualTo(310);
        assertThat(count("jobs_done WHERE ws = %d AND type = 'test.done'", OURS))
                .isEqualTo(1);
        assertThat(count("jobs_done WHERE ws = %d AND type = 'test.done'", THEIRS))
                .isEqualTo(2);
        assertThat(count("jobs_dead WHERE ws = %d", OURS)).isEqualTo(1);
        assertThat(count("jobs_dead WHERE ws = %d", THEIRS)).isEqualTo(2);
        assertThat(count("dead_letter WHERE ws = %d", OURS)).isEqualTo(1);
        assertThat(count("dead_letter WHERE ws = %d", THEIRS)).isEqualTo(2);
        var job = server.admin("GET", "/api/v1/jobs?type=platform.forgetOld", null)
                .json()
                .getJsonArray("items")
                .getJsonObject(0);
        assertThat(job.getJsonObject("progress").getLong("done")).isEqualTo(283);
    }

    /** A message that was over so many days ago, with so many lines of its ledger; null for one that is not over. */
    private static String message(int ws, int createdDaysAgo, Integer overDaysAgo, int lines) {
        var id = UUID.randomUUID().toString();
        var over = overDaysAgo == null ? "NULL" : "now() - interval '" + overDaysAgo + " days'";
        execute(
                """
                SELECT cep_make_weeks(now() - interval '%d days', 1);
                INSERT INTO cep_run (run, ws, id, kind, channel, state, purpose, content, ttl_seconds, urgency, tracking,
                                     send_at, expires_at, planned, unknown, chunks_left, created_at, finished_at)
                SELECT (max(week)::bigint << 36) + nextval('cep_run_seq'), %d, '%s', 'api', 1, 'completed', 'marketing', '{}', 60,
                       'normal', false, now(), now() - interval '%1$d days', %d, 0, 0, now() - interval '%1$d days', %s
                FROM cep_week WHERE starts_at <= now() - interval '%1$d days';
                INSERT INTO cep_chunk (run, chunk, profile_nos) SELECT run, 0, '{1}' FROM cep_run WHERE id = '%3$s';
                INSERT INTO cep_run_delta (run, keys, sums) SELECT run, '{1}', '{1}' FROM cep_run WHERE id = '%3$s';
                INSERT INTO cep_message (run, token, ws, profile_no, step, rank, state, channel, attempts, id)
                SELECT r.run, 0, r.ws, n, 0, 0, 2, 1, 1, gen_random_uuid()
                FROM cep_run r, generate_series(1, %4$d) AS n WHERE r.id = '%3$s'
                """,
                createdDaysAgo, ws, id, lines, over);
        return id;
    }

    private static long left(String message) {
        return count("cep_run WHERE id = '%s'", message);
    }

    @Test
    void messages_go_with_their_ledger_when_all_is_over_for_so_long() {
        var old = message(OURS, 50, 40, 250);
        var older = message(OURS, 60, 60, 3);
        var lately = message(OURS, 50, 5, 3);
        var open = message(OURS, 50, null, 3);
        var theirs = message(THEIRS, 50, 40, 3);
        keep(new JsonObject().put("messagesDays", 30));
        forget();
        assertThat(left(old) + left(older)).isZero();
        assertThat(left(lately) + left(open) + left(theirs)).isEqualTo(3);
        assertThat(count("cep_message")).isEqualTo(9);
        assertThat(count("cep_chunk")).isEqualTo(3);
        assertThat(count("cep_run_delta")).isEqualTo(3);
        assertThat(server.admin("GET", "/api/v1/webpush/messages/" + old, null).status())
                .isEqualTo(404);
        assertThat(server.admin("GET", "/api/v1/webpush/messages/" + lately, null)
                        .status())
                .isEqualTo(200);
        execute("DELETE FROM cep_message; DELETE FROM cep_run; DELETE FROM cep_run_delta");
    }

    @Test
    void a_week_of_messages_is_dropped_when_the_installation_has_kept_it_and_all_of_it_is_over() {
        var old = message(THEIRS, 250, 249, 250);
        var waits = message(OURS, 220, 219, 3);
        var open = message(OURS, 220, null, 3);
        var young = message(OURS, 170, 170, 3);
        var weeks = count("cep_week");
        forget();
        assertThat(left(old)).isZero();
        assertThat(left(waits) + left(open) + left(young)).isEqualTo(3);
        assertThat(count("cep_message")).isEqualTo(9);
        assertThat(count("cep_week")).isLessThan(weeks);
        assertThat(count("pg_inherits WHERE inhparent = 'cep_message'::regclass"))
                .isEqualTo(count("cep_week"));
        execute("UPDATE cep_run SET finished_at = expires_at WHERE id = '%s'", open);
        forget();
        assertThat(left(waits) + left(open)).isZero();
        assertThat(left(young)).isEqualTo(1);
        execute("DELETE FROM cep_message; DELETE FROM cep_run; DELETE FROM cep_run_delta");
    }

    @ParameterizedTest
    @CsvSource({
        "eventsDays, 401, retention.eventsDays",
        "messagesDays, 181, retention.messagesDays",
        "finishedJobsDays, 8, jobs.keepDays",
        "deadLettersDays, 31, jobs.deadKeepDays",
        "auditDays, 731, audit.keepDays",
        "auditDays, 179, retention.auditLeastDays"
    })
    void what_the_installation_does_not_allow_is_refused_with_what_it_does(String kind, int days, String setting) {
        var answer = keep(new JsonObject().put(kind, days));
        assertThat(answer.status()).as(answer.body()).isEqualTo(422);
        assertThat(answer.body()).contains("/retention/" + kind, setting);
    }

    @Test
    void what_is_said_is_shown_and_stands_in_place_of_what_was_said_before() {
        var first = keep(new JsonObject().put("eventsDays", 400).put("auditDays", 180));
        assertThat(first.json().getJsonObject("retention").getInteger("eventsDays"))
                .isEqualTo(400);
        var second = keep(new JsonObject().put("messagesDays", 1)).json().getJsonObject("retention");
        assertThat(second.getInteger("messagesDays")).isEqualTo(1);
        assertThat(second.getInteger("eventsDays")).isNull();
        assertThat(second.getInteger("auditDays")).isNull();
        assertThat(server.admin("GET", CURRENT, null).json().getJsonObject("retention"))
                .isEqualTo(second);
    }
}
