package app.fathi.cep.policies;

import static app.fathi.platform.db.SqlTime.instant;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** SQL of {@code cep_policies}. */
public final class PoliciesStore {
    private PoliciesStore() {}

    /** A version as it was laid down. */
    record Saved(int version, JsonObject body, UUID createdBy, Instant createdAt) {}

    static final String IN_FORCE =
            """
            SELECT p.version, p.body, z.timezone FROM (SELECT $1::int AS ws) w
            LEFT JOIN users_zone z ON z.ws = w.ws
            LEFT JOIN LATERAL (SELECT version, body FROM cep_policies WHERE ws = w.ws ORDER BY version DESC LIMIT 1) p ON true
            """;

    public static Future<Policies> inForce(SqlClient client, int ws) {
        return client.preparedQuery(IN_FORCE)
                .execute(Tuple.of(ws))
                .map(rows -> policies(rows.iterator().next()));
    }

    private static Policies policies(Row row) {
        var zone = zone(row.getString("timezone"));
        var body = row.getJsonObject("body");
        return body == null ? Policies.none(zone) : Policies.of(row.getInteger("version"), zone, body);
    }

    private static ZoneId zone(String name) {
        try {
            return name == null ? ZoneOffset.UTC : ZoneId.of(name);
        } catch (DateTimeException e) {
            return ZoneOffset.UTC;
        }
    }

    static Future<Optional<Saved>> latest(SqlClient client, int ws) {
        return client.preparedQuery(
                        "SELECT version, body, created_by, created_at FROM cep_policies WHERE ws = $1 ORDER BY version DESC LIMIT 1")
                .execute(Tuple.of(ws))
                .map(rows -> rows.stream()
                        .map(row -> new Saved(
                                row.getInteger("version"),
                                row.getJsonObject("body"),
                                row.getUUID("created_by"),
                                instant(row, "created_at")))
                        .findFirst());
    }

    /** The next version, after that one; empty when somebody else has written it already. */
    static Future<Optional<Instant>> insert(SqlConnection tx, int ws, int after, JsonObject body, UUID by) {
        return tx.preparedQuery(
                        """
                        INSERT INTO cep_policies (ws, version, body, created_by)
                        SELECT $1, $2 + 1, $3, $4
                        WHERE $2 = coalesce((SELECT max(version) FROM cep_policies WHERE ws = $1), 0)
                        ON CONFLICT DO NOTHING RETURNING created_at
                        """)
                .execute(Tuple.of(ws, after, body, by))
                .map(rows ->
                        rows.stream().map(row -> instant(row, "created_at")).findFirst());
    }

    /** These versions, to say what was decided by them. */
    public static Future<Map<Integer, Policies>> versions(SqlClient client, int ws, Collection<Integer> versions) {
        return client.preparedQuery(
                        "SELECT version, body, NULL AS timezone FROM cep_policies WHERE ws = $1 AND version = ANY ($2)")
                .execute(Tuple.of(ws, (Object) versions.toArray(Integer[]::new)))
                .map(rows -> {
                    var found = new HashMap<Integer, Policies>();
                    rows.forEach(row -> found.put(row.getInteger("version"), policies(row)));
                    return found;
                });
    }
}
