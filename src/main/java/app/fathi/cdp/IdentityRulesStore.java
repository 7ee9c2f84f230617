package app.fathi.cdp;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;

/** All SQL of by which ids people are known. */
final class IdentityRulesStore {
    /** What a workspace has laid down; version 0 where that is nothing. */
    record Laid(IdentityRules rules, long version, UUID by, Instant at) {
        static final Laid NOTHING = new Laid(IdentityRules.DEFAULT, 0, null, null);

        JsonObject fields() {
            return new JsonObject().put("kinds", rules.toJson());
        }

        JsonObject toJson() {
            return fields().put("version", version)
                    .put("updatedBy", by == null ? null : by.toString())
                    .put("updatedAt", at == null ? null : at.toString());
        }
    }

    Future<Laid> find(SqlClient client, int ws) {
        return client.preparedQuery("SELECT * FROM cdp_identity_rules WHERE ws = $1")
                .execute(Tuple.of(ws))
                .map(rows -> one(rows).orElse(Laid.NOTHING));
    }

    /** Empty when it has another version by now. */
    Future<Optional<Laid>> lay(SqlConnection tx, int ws, IdentityRules rules, long version, UUID by) {
        return tx.preparedQuery(
                        """
                        INSERT INTO cdp_identity_rules AS r (ws, kinds, visitors, updated_by) SELECT $1, $2, $5, $4
                        WHERE $3 = 0 OR EXISTS (SELECT FROM cdp_identity_rules WHERE ws = $1)
                        ON CONFLICT (ws) DO UPDATE SET kinds = excluded.kinds, visitors = excluded.visitors,
                          updated_by = excluded.updated_by, updated_at = now(), version = r.version + 1
                        WHERE r.version = $3 RETURNING *
                        """)
                .execute(Tuple.of(ws, rules.toJson(), version, by, rules.limit(IdentityRules.ANONYMOUS_ID)))
                .map(IdentityRulesStore::one);
    }

    private static Optional<Laid> one(RowSet<Row> rows) {
        return rows.stream()
                .map(row -> new Laid(
                        IdentityRules.of(row.getJsonArray("kinds")),
                        row.getLong("version"),
                        row.getUUID("updated_by"),
                        row.getOffsetDateTime("updated_at").toInstant()))
                .findFirst();
    }
}
