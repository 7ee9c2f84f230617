package app.fathi.cep.runs;

import static app.fathi.platform.db.SqlTime.time;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;

/** SQL of {@code cep_dedupe}: who got one of the messages that are the same thing. Senders hold the people's rings locked. */
public final class DedupeStore {
    /** So many are forgotten in one go. */
    private static final int FORGET = 10_000;

    private DedupeStore() {}

    static final String TAKEN =
            """
            SELECT profile_no FROM cep_dedupe
            WHERE ws = $1 AND key = $2 AND profile_no = ANY ($3) AND run <> $4 AND until > $5
            """;

    /** Those who got another one. */
    public static Future<Set<Integer>> taken(SqlClient client, Run run, Collection<Integer> people, Instant now) {
        return client.preparedQuery(TAKEN)
                .execute(Tuple.of(run.ws(), key(run), people.toArray(Integer[]::new), run.run(), time(now)))
                .map(rows ->
                        rows.stream().map(row -> row.getInteger("profile_no")).collect(Collectors.toSet()));
    }

    static final String PUT =
            """
            INSERT INTO cep_dedupe (ws, key, profile_no, run, until)
            SELECT $1, $2, no, $4, $5 FROM unnest($3::int[]) AS p (no)
            ON CONFLICT (ws, profile_no, key) DO UPDATE SET run = excluded.run, until = excluded.until
            WHERE cep_dedupe.run <> excluded.run
            """;

    /** These get this one. */
    public static Future<Void> put(SqlClient tx, Run run, Collection<Integer> people, Instant now) {
        return tx.preparedQuery(PUT)
                .execute(Tuple.of(
                        run.ws(),
                        key(run),
                        new TreeSet<>(people).toArray(Integer[]::new),
                        run.run(),
                        time(now.plus(run.plan().dedupe().within()))))
                .mapEmpty();
    }

    /** These got nothing of it after all. */
    public static Future<Void> release(SqlClient tx, Run run, Collection<Integer> people) {
        return tx.preparedQuery(
                        "DELETE FROM cep_dedupe WHERE ws = $1 AND key = $2 AND profile_no = ANY ($3) AND run = $4")
                .execute(Tuple.of(run.ws(), key(run), people.toArray(Integer[]::new), run.run()))
                .mapEmpty();
    }

    static final String UNITE =
            """
            INSERT INTO cep_dedupe (ws, profile_no, key, run, until)
            SELECT DISTINCT ON (m.to_no, d.key) $1, m.to_no, d.key, d.run, d.until
            FROM unnest($2::int[], $3::int[]) AS m (from_no, to_no)
            JOIN cep_dedupe d ON d.ws = $1 AND d.profile_no = m.from_no
            ORDER BY m.to_no, d.key, d.until DESC
            ON CONFLICT (ws, profile_no, key) DO UPDATE SET run = excluded.run, until = excluded.until
            WHERE cep_dedupe.until < excluded.until
            """;

    /** Each has got what the other one got. */
    public static Future<Void> unite(SqlClient tx, int ws, List<Integer> from, List<Integer> to) {
        return tx.preparedQuery(UNITE)
                .execute(Tuple.of(ws, from.toArray(Integer[]::new), to.toArray(Integer[]::new)))
                .mapEmpty();
    }

    private static UUID key(Run run) {
        return UUID.nameUUIDFromBytes(run.plan().dedupe().key().getBytes(StandardCharsets.UTF_8));
    }

    public static Future<Integer> erase(SqlClient tx, int ws, Collection<Integer> people) {
        return tx.preparedQuery("DELETE FROM cep_dedupe WHERE ws = $1 AND profile_no = ANY ($2)")
                .execute(Tuple.of(ws, (Object) people.toArray(Integer[]::new)))
                .map(rows -> rows.rowCount());
    }

    /** Of those that count no more; whether there may be others. */
    public static Future<Boolean> forget(SqlClient client) {
        return client.preparedQuery(
                        """
                        DELETE FROM cep_dedupe WHERE ctid = ANY (ARRAY (
                          SELECT ctid FROM cep_dedupe WHERE until <= now() LIMIT $1))
                        """)
                .execute(Tuple.of(FORGET))
                .map(rows -> rows.rowCount() == FORGET);
    }
}
