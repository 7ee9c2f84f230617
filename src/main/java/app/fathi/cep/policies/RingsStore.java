package app.fathi.cep.policies;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;

/** SQL of {@code cep_profile_policy}: what each person got lately. */
public final class RingsStore {
    private RingsStore() {}

    static final String LOCK = "SELECT person AS profile_no, sends AS ring FROM cep_lock_rings($1, $2)";

    /** Of these people, each theirs, until the transaction ends; taken in ascending order, whoever asks. */
    public static Future<Map<Integer, Ring>> lock(SqlConnection tx, int ws, Collection<Integer> people) {
        return tx.preparedQuery(LOCK)
                .execute(Tuple.of(ws, (Object) people.toArray(Integer[]::new)))
                .map(RingsStore::rings);
    }

    static final String READ =
            "SELECT profile_no, ring FROM cep_profile_policy WHERE ws = $1 AND profile_no = ANY ($2)";

    /** The same for who only looks; people who got nothing yet are left out. */
    public static Future<Map<Integer, Ring>> read(SqlClient client, int ws, Collection<Integer> people) {
        return client.preparedQuery(READ)
                .execute(Tuple.of(ws, (Object) people.toArray(Integer[]::new)))
                .map(RingsStore::rings);
    }

    /** By primary key: it needs no plan that depends on statistics. */
    static final String WRITE =
            """
            INSERT INTO cep_profile_policy (ws, profile_no, ring)
            SELECT $1, r.* FROM unnest($2::int[], $3::bytea[]) AS r (profile_no, ring)
            ON CONFLICT (ws, profile_no) DO UPDATE SET ring = excluded.ring
            """;

    /** Of people whose rings are locked. */
    public static Future<Void> write(SqlConnection tx, int ws, SortedMap<Integer, Ring> rings) {
        return tx.preparedQuery(WRITE)
                .execute(Tuple.of(
                        ws,
                        rings.keySet().toArray(Integer[]::new),
                        rings.values().stream()
                                .map(ring -> Buffer.buffer(ring.octets()))
                                .toArray(Buffer[]::new)))
                .mapEmpty();
    }

    public static Future<Integer> erase(SqlConnection tx, int ws, Collection<Integer> people) {
        return tx.preparedQuery("DELETE FROM cep_profile_policy WHERE ws = $1 AND profile_no = ANY ($2)")
                .execute(Tuple.of(ws, (Object) people.toArray(Integer[]::new)))
                .map(rows -> rows.rowCount());
    }

    private static Map<Integer, Ring> rings(Iterable<Row> rows) {
        var rings = new HashMap<Integer, Ring>();
        rows.forEach(row -> rings.put(
                row.getInteger("profile_no"), Ring.of(row.getBuffer("ring").getBytes())));
        return rings;
    }
}
