package app.fathi.cep.advisor;

import static app.fathi.platform.db.SqlTime.instant;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** SQL of {@code cep_advisor} and {@code cep_advisor_node}. */
final class AdvisorStore {
    private AdvisorStore() {}

    /**
     * The settings of a workspace.
     *
     * @param url null: it was taken away
     * @param purposes null for all but transactional
     * @param secret sealed
     * @param secretBefore sealed; null for none
     * @param beforeWorks the one before signs still
     */
    record Saved(
            int version,
            String url,
            List<String> purposes,
            byte[] secret,
            byte[] secretBefore,
            Instant beforeUntil,
            boolean beforeWorks,
            UUID updatedBy,
            Instant updatedAt) {}

    private static final String COLUMNS =
            """
            version, url, purposes, secret, secret_before, before_until, coalesce(before_until > now(), false) AS before_works,
            updated_by, updated_at
            """;

    static Future<Optional<Saved>> find(SqlClient client, int ws) {
        return client.preparedQuery("SELECT " + COLUMNS + " FROM cep_advisor WHERE ws = $1")
                .execute(Tuple.of(ws))
                .map(rows -> rows.stream().map(AdvisorStore::saved).findFirst());
    }

    /**
     * The next version, after that one; empty when somebody else has written it already.
     *
     * @param secret sealed; null to leave the one that there is
     */
    static Future<Optional<Saved>> put(
            SqlConnection tx, int ws, int after, String url, List<String> purposes, byte[] secret, UUID by) {
        return tx.preparedQuery(
                        """
                        INSERT INTO cep_advisor AS a (ws, version, url, purposes, secret, updated_by)
                        SELECT $1::int, $2::int + 1, $3::text, $4::text[], $5::bytea, $6::uuid
                        WHERE $2 = coalesce((SELECT version FROM cep_advisor WHERE ws = $1), 0)
                        ON CONFLICT (ws) DO UPDATE
                        SET version = excluded.version, url = excluded.url, purposes = excluded.purposes,
                            secret = coalesce(excluded.secret, a.secret), updated_by = excluded.updated_by, updated_at = now()
                        WHERE a.version = $2
                        RETURNING
                        """
                                + COLUMNS)
                .execute(Tuple.from(new Object[] {
                    ws, after, url, purposes == null ? null : purposes.toArray(String[]::new), buffer(secret), by
                }))
                .map(rows -> rows.stream().map(AdvisorStore::saved).findFirst());
    }

    /** True when it was there in that version. */
    static Future<Boolean> remove(SqlConnection tx, int ws, int version, UUID by) {
        return tx.preparedQuery(
                        """
                        UPDATE cep_advisor
                        SET version = version + 1, url = NULL, purposes = NULL, secret = NULL, secret_before = NULL,
                            before_until = NULL, updated_by = $3, updated_at = now()
                        WHERE ws = $1 AND version = $2 AND url IS NOT NULL
                        """)
                .execute(Tuple.of(ws, version, by))
                .compose(rows -> rows.rowCount() == 0
                        ? Future.succeededFuture(false)
                        : tx.preparedQuery("DELETE FROM cep_advisor_node WHERE ws = $1")
                                .execute(Tuple.of(ws))
                                .map(true));
    }

    static Future<Optional<Saved>> lock(SqlConnection tx, int ws) {
        return tx.preparedQuery("SELECT " + COLUMNS + " FROM cep_advisor WHERE ws = $1 FOR UPDATE")
                .execute(Tuple.of(ws))
                .map(rows -> rows.stream().map(AdvisorStore::saved).findFirst());
    }

    /** Both sealed. */
    static Future<Saved> rotate(SqlConnection tx, int ws, byte[] secret, byte[] before, int overlapSeconds, UUID by) {
        return tx.preparedQuery(
                        """
                        UPDATE cep_advisor
                        SET version = version + 1, secret = $2::bytea, secret_before = CASE WHEN $4::int > 0 THEN $3::bytea END,
                            before_until = CASE WHEN $4::int > 0 THEN now() + $4::int * interval '1 second' END,
                            updated_by = $5, updated_at = now()
                        WHERE ws = $1
                        RETURNING
                        """
                                + COLUMNS)
                .execute(Tuple.of(ws, buffer(secret), buffer(before), overlapSeconds, by))
                .map(rows -> saved(rows.iterator().next()));
    }

    /** Also forgets nodes that have not asked for a day. */
    static Future<Void> seen(SqlClient client, int ws, UUID node, JsonObject health) {
        return client.preparedQuery(
                        """
                        WITH gone AS (
                          DELETE FROM cep_advisor_node WHERE ws = $1 AND node <> $2 AND seen_at < now() - interval '1 day')
                        INSERT INTO cep_advisor_node (ws, node, health) VALUES ($1, $2, $3)
                        ON CONFLICT (ws, node) DO UPDATE SET health = excluded.health, seen_at = now()
                        """)
                .execute(Tuple.of(ws, node, health))
                .mapEmpty();
    }

    /** The contract's {@code DecisionServiceNode}s, who has asked last first. */
    static Future<JsonArray> nodes(SqlClient client, int ws) {
        return client.preparedQuery(
                        """
                        SELECT a.node, n.host, a.health, a.seen_at FROM cep_advisor_node a LEFT JOIN node n ON n.id = a.node
                        WHERE a.ws = $1 AND a.seen_at > now() - interval '1 day' ORDER BY a.seen_at DESC, a.node LIMIT 100
                        """)
                .execute(Tuple.of(ws))
                .map(rows -> {
                    var nodes = new JsonArray();
                    rows.forEach(row -> nodes.add(row.getJsonObject("health")
                            .put("node", row.getUUID("node").toString())
                            .put("host", row.getString("host"))
                            .put("seenAt", instant(row, "seen_at").toString())));
                    return nodes;
                });
    }

    private static Saved saved(Row row) {
        var purposes = row.getArrayOfStrings("purposes");
        return new Saved(
                row.getInteger("version"),
                row.getString("url"),
                purposes == null ? null : List.of(purposes),
                octets(row, "secret"),
                octets(row, "secret_before"),
                instant(row, "before_until"),
                row.getBoolean("before_works"),
                row.getUUID("updated_by"),
                instant(row, "updated_at"));
    }

    private static byte[] octets(Row row, String column) {
        var octets = row.getBuffer(column);
        return octets == null ? null : octets.getBytes();
    }

    private static Buffer buffer(byte[] octets) {
        return octets == null ? null : Buffer.buffer(octets);
    }
}
