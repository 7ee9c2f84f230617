package app.fathi.platform.jobs;

import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;

/** The SQL with which work is asked for and held on to. Every comparison with the present is made by the database's clock. */
final class JobsStore {
    private JobsStore() {}

    static final String ENQUEUE =
            """
            INSERT INTO jobs (ws, id, type, key, lane, payload, request_id, deadline, parent,
                              state, due_at, attempts, lease_token, node)
            SELECT n.ws, n.id, n.type, n.key, n.lane, n.payload, $2, n.deadline, $3,
                   CASE WHEN $4::uuid IS NULL THEN 'waiting' ELSE 'running' END,
                   CASE WHEN $4::uuid IS NULL THEN n.run_at ELSE clock_timestamp() + $5 * interval '1 millisecond' END,
                   CASE WHEN $4::uuid IS NULL THEN 0 ELSE 1 END,
                   CASE WHEN $4::uuid IS NULL THEN NULL ELSE nextval('lease_token') END,
                   $4
            FROM jsonb_to_recordset($1::jsonb)
                 AS n (ws int, id uuid, type text, key text, lane smallint, payload jsonb, run_at timestamptz,
                       deadline timestamptz, place int)
            ORDER BY n.place
            ON CONFLICT (ws, type, key) DO UPDATE SET
                -- Who asks again cannot shorten a back-off.
                due_at = CASE WHEN jobs.state = 'waiting' AND jobs.attempts = 0 AND NOT jobs.cancelled
                              THEN least(jobs.due_at, CASE excluded.state WHEN 'running' THEN now() ELSE excluded.due_at END)
                              ELSE jobs.due_at END,
                asked_again = jobs.asked_again OR jobs.state <> 'waiting' OR jobs.cancelled,
                deadline = CASE WHEN jobs.deadline IS NULL OR excluded.deadline IS NULL THEN NULL
                                ELSE greatest(jobs.deadline, excluded.deadline) END
            RETURNING id, lease_token, created_at
            """;

    /**
     * One statement for all; in ascending order of their keys, so that two transactions cannot wait for each other.
     *
     * @param parent whose children they become; null for nobody's
     * @return how many are new; the others were live already
     */
    static Future<Integer> enqueue(SqlClient tx, List<NewJob> jobs, String requestId, UUID parent) {
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
        var ids = new HashSet<UUID>();
        for (var job : byName.values()) {
            var id = UuidCreator.getTimeOrderedEpoch();
            ids.add(id);
            rows.add(row(id, job).put("place", rows.size()));
        }
        return tx.preparedQuery(ENQUEUE)
                .execute(Tuple.of(rows, requestId, parent, null, null))
                .map(written -> (int) written.stream()
                        .filter(row -> ids.contains(row.getUUID("id")))
                        .count());
    }

    /** A job that is claimed in the moment in which it is written. */
    record Begun(Job job, long token) {}

    /**
     * Writes a job of which this node begins the first run when the transaction has committed. Should the node die before, its
     * lease runs out like any other.
     *
     * @return empty when such a job was live already: it has been asked again instead
     */
    static Future<Optional<Begun>> enqueueBegun(SqlClient tx, NewJob job, String requestId, UUID node, Duration lease) {
        var id = UuidCreator.getTimeOrderedEpoch();
        return tx.preparedQuery(ENQUEUE)
                .execute(Tuple.of(
                        new JsonArray().add(row(id, job).put("place", 0)), requestId, null, node, lease.toMillis()))
                .map(written -> written.stream()
                        .filter(row -> row.getUUID("id").equals(id))
                        .map(row -> new Begun(
                                new Job(
                                        id,
                                        job.ws(),
                                        job.type(),
                                        job.lane(),
                                        job.key(),
                                        job.payload(),
                                        1,
                                        requestId,
                                        job.deadline(),
                                        Job.Children.NONE,
                                        row.getOffsetDateTime("created_at").toInstant()),
                                row.getLong("lease_token")))
                        .findFirst());
    }

    private static JsonObject row(UUID id, NewJob job) {
        return new JsonObject()
                .put("ws", job.ws())
                .put("id", id.toString())
                .put("type", job.type())
                .put("key", job.key())
                .put("lane", job.lane().code())
                .put("payload", job.payload())
                .put("run_at", job.runAt().toString())
                .put("deadline", job.deadline() == null ? null : job.deadline().toString());
    }

    static final String HOLD =
            """
            UPDATE jobs SET due_at = clock_timestamp() + $3 * interval '1 millisecond'
            WHERE id = $1 AND lease_token = $2
            RETURNING cancelled
            """;

    /** Renews the lease and keeps the row locked; whether the job is to be cancelled, or empty when it is not ours. */
    static Future<Optional<Boolean>> hold(SqlClient tx, Job job, long token, Duration lease) {
        return tx.preparedQuery(HOLD)
                .execute(Tuple.of(job.id(), token, lease.toMillis()))
                .map(rows ->
                        rows.stream().map(row -> row.getBoolean("cancelled")).findFirst());
    }

    static final String ADOPT =
            """
            UPDATE jobs SET children = children + $3 WHERE id = $1 AND lease_token = $2
            """;

    /** Counts new children at their parent, whose row the caller holds. */
    static Future<Void> adopt(SqlClient tx, Job parent, long token, int children) {
        return tx.preparedQuery(ADOPT)
                .execute(Tuple.of(parent.id(), token, children))
                .mapEmpty();
    }
}
