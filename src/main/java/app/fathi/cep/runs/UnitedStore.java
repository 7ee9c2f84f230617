package app.fathi.cep.runs;

import static app.fathi.platform.db.SqlTime.time;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** SQL of {@code cep_united}: whose addresses became whose, as long as a message may be under way that both were to get. */
public final class UnitedStore {
    /** So many are forgotten in one go. */
    private static final int FORGET = 10_000;

    /** What is written is seen so much later at most. */
    private static final Duration UNSEEN = Duration.ofMinutes(5);

    private UnitedStore() {}

    /** Only those whose addresses went with them: who claims over a public key to be somebody takes no message from them. */
    static final String NOTE =
            """
            WITH moved AS (
              SELECT m.from_no, m.to_no FROM unnest($2::int[], $3::int[]) AS m (from_no, to_no)
              WHERE EXISTS (SELECT FROM cep_identity i WHERE i.profile_no = m.to_no AND i.ws = $1
                                                         AND i.own_no = m.from_no AND i.address_no = m.to_no)
                 OR EXISTS (SELECT FROM cep_person p WHERE p.ws = $1 AND p.profile_no = m.from_no AND p.person = m.to_no)
            )
            INSERT INTO cep_united (ws, person, part, at)
            SELECT $1, person, part, clock_timestamp() FROM (
              SELECT to_no AS person, from_no AS part FROM moved
              UNION
              SELECT m.to_no, u.part FROM moved m JOIN cep_united u ON u.ws = $1 AND u.person = m.from_no) u
            WHERE person <> part
            ORDER BY person, part
            ON CONFLICT (ws, person, part) DO UPDATE SET at = excluded.at
            """;

    /** In the transaction in which they became one. */
    public static Future<Void> note(SqlConnection tx, int ws, List<Integer> from, List<Integer> to) {
        return tx.preparedQuery(NOTE)
                .execute(Tuple.of(ws, from.toArray(Integer[]::new), to.toArray(Integer[]::new)))
                .mapEmpty();
    }

    static final String GOT =
            """
            SELECT DISTINCT u.person AS profile_no FROM cep_united u
            CROSS JOIN LATERAL (
              SELECT 1 FROM cep_message
              WHERE run = $2 AND step = 0 AND profile_no = u.part AND state IN (1, 2) LIMIT 1) m
            WHERE u.ws = $1 AND u.person BETWEEN $3 AND $4 AND u.at >= $5
            """;

    /**
     * Who of these has got this very message, or is about to, as somebody who has become a part of them since it was asked for.
     *
     * @param people not empty
     */
    public static Future<Set<Integer>> got(SqlClient tx, Run run, Collection<Integer> people) {
        return tx.preparedQuery(GOT)
                .execute(Tuple.of(
                        run.ws(),
                        run.run(),
                        Collections.min(people),
                        Collections.max(people),
                        time(run.createdAt().minus(UNSEEN))))
                .map(rows ->
                        rows.stream().map(row -> row.getInteger("profile_no")).collect(Collectors.toSet()));
    }

    public static Future<Integer> erase(SqlClient tx, int ws, Collection<Integer> people) {
        return tx.preparedQuery("DELETE FROM cep_united WHERE ws = $1 AND (person = ANY ($2) OR part = ANY ($2))")
                .execute(Tuple.of(ws, (Object) people.toArray(Integer[]::new)))
                .map(rows -> rows.rowCount());
    }

    /** Of those that are older than any message that is under way; whether there may be others. */
    public static Future<Boolean> forget(SqlClient client) {
        return client.preparedQuery(
                        """
                        DELETE FROM cep_united WHERE ctid = ANY (ARRAY (
                          SELECT ctid FROM cep_united WHERE at < now() - interval '60 days' LIMIT $1))
                        """)
                .execute(Tuple.of(FORGET))
                .map(rows -> rows.rowCount() == FORGET);
    }
}
