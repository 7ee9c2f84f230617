package app.fathi.cep.ledger;

import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;
import java.util.function.Predicate;

/**
 * The index that finds a person's messages, on each week of the ledger. It costs each message about a twentieth of what the
 * database does for it, so it is made when a rule first asks for messages ({@link #make}), and from then on for weeks to come
 * ({@link #follow}). Senders go on meanwhile.
 */
public final class MessageIndexStore {
    private static final String WEEKS =
            """
            SELECT w.relname, x.indisvalid AS valid
            FROM pg_inherits i JOIN pg_class w ON w.oid = i.inhrelid
            LEFT JOIN (pg_index x JOIN pg_class c ON c.oid = x.indexrelid) ON x.indrelid = w.oid AND c.relname = w.relname || '_person'
            WHERE i.inhparent = 'cep_message'::regclass ORDER BY w.relname
            """;

    private final Pool pool;

    /** @param pool of the workers */
    public MessageIndexStore(Pool pool) {
        this.pool = pool;
    }

    /** @param valid false of an index that one who was interrupted has left; null of none */
    private record Week(String name, Boolean valid) {
        boolean indexed() {
            return Boolean.TRUE.equals(valid);
        }
    }

    private static Future<List<Week>> weeks(SqlConnection connection) {
        return connection.query(WEEKS).execute().map(rows -> rows.stream()
                .map(row -> new Week(row.getString("relname"), row.getBoolean("valid")))
                .toList());
    }

    /** Afterwards it is there, unless somebody else is making it: then false. Takes as long as it takes; nothing where it is. */
    public Future<Boolean> make() {
        return make(weeks -> true);
    }

    /** New weeks get it where others have it. */
    Future<Boolean> follow() {
        return make(weeks -> weeks.stream().anyMatch(Week::indexed));
    }

    private Future<Boolean> make(Predicate<List<Week>> wanted) {
        return pool.withConnection(connection -> weeks(connection)
                .compose(weeks -> weeks.stream().allMatch(Week::indexed) || !wanted.test(weeks)
                        ? Future.succeededFuture(true)
                        : alone(connection)));
    }

    /** Whoever waited for a lock would hold up the making of an index. */
    private static Future<Boolean> alone(SqlConnection connection) {
        return connection
                .query("SELECT pg_try_advisory_lock(hashtext('cep_message_person')) AS free")
                .execute()
                .compose(rows -> rows.iterator().next().getBoolean("free")
                        ? weeks(connection)
                                .compose(weeks -> make(connection, weeks))
                                .eventually(() -> connection
                                        .query("SELECT pg_advisory_unlock(hashtext('cep_message_person'))")
                                        .execute())
                                .map(true)
                        : Future.succeededFuture(false));
    }

    private static Future<Void> make(SqlConnection connection, List<Week> weeks) {
        Future<Void> chain = Future.succeededFuture();
        for (var week : weeks) {
            if (!week.indexed()) {
                chain = chain.compose(done -> make(connection, week));
            }
        }
        return chain;
    }

    /** Lets who writes to the week go on. */
    private static Future<Void> make(SqlConnection connection, Week week) {
        var index = week.name() + "_person";
        return connection
                .query("SET statement_timeout = 0")
                .execute()
                .compose(done -> week.valid() == null
                        ? Future.succeededFuture()
                        : connection
                                .query("DROP INDEX CONCURRENTLY " + index)
                                .execute()
                                .mapEmpty())
                .compose(done -> connection
                        .query("CREATE INDEX CONCURRENTLY " + index + " ON " + week.name() + " (ws, profile_no)")
                        .execute())
                .eventually(() -> connection.query("RESET statement_timeout").execute())
                .mapEmpty();
    }
}
