package app.fathi.platform.jobs;

import app.fathi.platform.jobs.ResultsStore.Ended;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** The SQL between parents and children: counting who is over, waking who waited for that, cancelling a whole family. */
final class ChildrenStore {
    private ChildrenStore() {}

    static final String FOLD =
            """
            WITH parents AS (
                SELECT DISTINCT parent FROM job_child_end
            ), free AS (
                SELECT j.id
                FROM parents p, LATERAL (SELECT id FROM jobs WHERE id = p.parent FOR UPDATE SKIP LOCKED) j
            ), told AS (
                DELETE FROM job_child_end c
                WHERE EXISTS (SELECT FROM free f WHERE f.id = c.parent)
                   OR NOT EXISTS (SELECT FROM jobs j WHERE j.id = c.parent)
                RETURNING c.*
            ), sums AS (
                SELECT parent, sum(done)::int AS done, sum(failed)::int AS failed, sum(cancelled)::int AS cancelled
                FROM told GROUP BY parent
            )
            UPDATE jobs j SET
                children_done = j.children_done + s.done,
                children_failed = j.children_failed + s.failed,
                children_cancelled = j.children_cancelled + s.cancelled
            FROM sums s
            WHERE j.id = s.parent
            RETURNING j.id, j.joins, j.cancelled,
                      j.state = 'parked' AND j.children = j.children_done + j.children_failed + j.children_cancelled AS over
            """;

    static final String WAKE =
            """
            UPDATE jobs j SET state = 'waiting', due_at = now(), joins = false
            FROM unnest($1::uuid[]) AS w (id)
            WHERE j.id = w.id AND j.state = 'parked'
            """;

    private record Parent(UUID id, boolean joins, boolean cancelled) {}

    /**
     * Counts children that are over at their parents, and goes on with parents that waited for the last of them. One node
     * at a time; call it in a transaction.
     *
     * @return how many parents went on
     */
    static Future<Integer> fold(SqlConnection tx) {
        return tx.query("SELECT pg_try_advisory_xact_lock(hashtextextended('job_child_end', 0)) AS mine")
                .execute()
                .compose(rows -> rows.iterator().next().getBoolean("mine")
                        ? tx.preparedQuery(FOLD).execute().compose(folded -> goOn(tx, over(folded)))
                        : Future.succeededFuture(0));
    }

    private static List<Parent> over(Iterable<Row> rows) {
        var over = new ArrayList<Parent>();
        for (var row : rows) {
            if (row.getBoolean("over")) {
                over.add(new Parent(row.getUUID("id"), row.getBoolean("joins"), row.getBoolean("cancelled")));
            }
        }
        return over;
    }

    private static Future<Integer> goOn(SqlClient tx, List<Parent> parents) {
        var waking = parents.stream()
                .filter(parent -> parent.joins() && !parent.cancelled())
                .toList();
        var ending = parents.stream()
                .filter(parent -> !parent.joins() || parent.cancelled())
                .map(parent -> ended(parent.id(), parent.cancelled() ? new Verdict.Cancelled() : new Verdict.Done()))
                .toList();
        return wake(tx, waking)
                .compose(done -> ending.isEmpty()
                        ? Future.succeededFuture()
                        : ResultsStore.end(tx, ending).<Void>mapEmpty())
                .map(parents.size());
    }

    private static Future<Void> wake(SqlClient tx, List<Parent> parents) {
        return parents.isEmpty()
                ? Future.succeededFuture()
                : tx.preparedQuery(WAKE)
                        .execute(Tuple.tuple()
                                .addArrayOfUUID(parents.stream().map(Parent::id).toArray(UUID[]::new)))
                        .mapEmpty();
    }

    static final String CANCEL =
            """
            WITH RECURSIVE family AS (
                SELECT id FROM jobs WHERE id = $1
                UNION ALL
                SELECT c.id FROM family f, LATERAL (SELECT id FROM jobs WHERE parent = f.id OFFSET 0) c
            )
            UPDATE jobs j SET
                cancelled = true,
                asked_again = false,
                due_at = CASE WHEN j.state = 'waiting' AND j.type = ANY ($2::text[])
                              THEN least(j.due_at, now()) ELSE j.due_at END
            FROM family f
            WHERE j.id = f.id
            RETURNING j.id, j.type, j.state
            """;

    /**
     * Cancels a job and all that descends from it: what waits ends at once, unless its type wants to settle; what runs is
     * told.
     *
     * @param settling types that are run once more to put things right
     * @return the ids of those that run
     */
    static Future<List<UUID>> cancel(SqlConnection tx, UUID id, List<String> settling) {
        return tx.preparedQuery(CANCEL)
                .execute(Tuple.tuple().addUUID(id).addArrayOfString(settling.toArray(String[]::new)))
                .compose(rows -> {
                    var running = new ArrayList<UUID>();
                    var ending = new ArrayList<Ended>();
                    for (var row : rows) {
                        if (row.getString("state").equals("running")) {
                            running.add(row.getUUID("id"));
                        } else if (row.getString("state").equals("waiting")
                                && !settling.contains(row.getString("type"))) {
                            ending.add(ended(row.getUUID("id"), new Verdict.Cancelled()));
                        }
                    }
                    return (ending.isEmpty()
                                    ? Future.<Void>succeededFuture()
                                    : ResultsStore.end(tx, ending).<Void>mapEmpty())
                            .map(running);
                });
    }

    private static Ended ended(UUID id, Verdict verdict) {
        return new Ended(id, 0, verdict, null);
    }
}
