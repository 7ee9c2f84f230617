package app.fathi.cdp.traits;

import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** All SQL of which word of a trait stands. */
final class TraitRulesStore {
    /** What a workspace has laid down; version 0 where that is nothing. */
    record Laid(List<String> oldest, long version, UUID by, Instant at) {
        static final Laid NOTHING = new Laid(List.of(), 0, null, null);

        JsonObject fields() {
            return new JsonObject().put("oldest", new JsonArray(oldest));
        }

        JsonObject toJson() {
            return fields().put("version", version)
                    .put("updatedBy", by == null ? null : by.toString())
                    .put("updatedAt", at == null ? null : at.toString());
        }
    }

    Future<Laid> find(SqlClient client, int ws) {
        return client.preparedQuery("SELECT * FROM cdp_trait_rules WHERE ws = $1")
                .execute(Tuple.of(ws))
                .map(rows -> one(rows).orElse(Laid.NOTHING));
    }

    /** Empty when it has another version by now. */
    Future<Optional<Laid>> lay(SqlConnection tx, int ws, List<String> oldest, long version, UUID by) {
        return tx.preparedQuery(
                        """
                        INSERT INTO cdp_trait_rules AS r (ws, oldest, updated_by) SELECT $1, $2, $4
                        WHERE $3 = 0 OR EXISTS (SELECT FROM cdp_trait_rules WHERE ws = $1)
                        ON CONFLICT (ws) DO UPDATE SET
                          oldest = excluded.oldest, updated_by = excluded.updated_by, updated_at = now(), version = r.version + 1
                        WHERE r.version = $3 RETURNING *
                        """)
                .execute(Tuple.of(ws, oldest.toArray(String[]::new), version, by))
                .map(TraitRulesStore::one);
    }

    private static Optional<Laid> one(RowSet<Row> rows) {
        return rows.stream()
                .map(row -> new Laid(
                        List.of(row.getArrayOfStrings("oldest")),
                        row.getLong("version"),
                        row.getUUID("updated_by"),
                        row.getOffsetDateTime("updated_at").toInstant()))
                .findFirst();
    }
}
