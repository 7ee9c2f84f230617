package app.fathi.platform.jobs;

import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;

/** All SQL of the jobs. Every comparison with the present is made by the database's clock. */
final class JobsStore {
    private JobsStore() {}

    private static final String ENQUEUE =
            """
            INSERT INTO jobs (ws, type, key, lane, payload, request_id, due_at)
            SELECT n.ws, n.type, n.key, n.lane, n.payload, $2, n.run_at
            FROM jsonb_to_recordset($1::jsonb)
                 AS n (ws int, type text, key text, lane smallint, payload jsonb, run_at timestamptz, place int)
            ORDER BY n.place
            ON CONFLICT (ws, type, key) WHERE state <> 'dead' DO UPDATE SET
                -- Who asks again cannot shorten a back-off.
                due_at = CASE WHEN jobs.state = 'waiting' AND jobs.attempts = 0
                              THEN least(jobs.due_at, excluded.due_at) ELSE jobs.due_at END,
                asked_again = jobs.asked_again OR jobs.state = 'running'
            """;

    /** One statement for all; in ascending order of their keys, so that two transactions cannot wait for each other. */
    static Future<Void> enqueue(SqlClient tx, List<NewJob> jobs, String requestId) {
        record Name(int ws, String type, String key) {}
        var byName = new TreeMap<Name, NewJob>(
                Comparator.comparingInt(Name::ws).thenComparing(Name::type).thenComparing(Name::key));
        for (var job : jobs) {
            byName.merge(
                    new Name(job.ws(), job.type(), job.key()),
                    job,
                    (one, other) -> other.runAt().isBefore(one.runAt()) ? other : one);
        }
        var rows = new JsonArray();
        for (var job : byName.values()) {
            rows.add(new JsonObject()
                    .put("ws", job.ws())
                    .put("type", job.type())
                    .put("key", job.key())
                    .put("lane", job.lane().code())
                    .put("payload", job.payload())
                    .put("run_at", job.runAt().toString())
                    .put("place", rows.size()));
        }
        return tx.preparedQuery(ENQUEUE).execute(Tuple.of(rows, requestId)).mapEmpty();
    }

    private static final String HOLD =
            """
            UPDATE jobs SET due_at = clock_timestamp() + $3 * interval '1 millisecond'
            WHERE id = $1 AND lease_token = $2
            """;

    static Future<Boolean> hold(SqlClient tx, long id, long token, Duration lease) {
        return tx.preparedQuery(HOLD)
                .execute(Tuple.of(id, token, lease.toMillis()))
                .map(result -> result.rowCount() == 1);
    }
}
