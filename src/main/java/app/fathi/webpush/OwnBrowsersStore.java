package app.fathi.webpush;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** All SQL over {@code webpush_own_browser}. */
final class OwnBrowsersStore {
    private static final String LINKED =
            """
            SELECT s.id, s.site, s.status, b.linked_at FROM webpush_own_browser b
            JOIN webpush_subscription s ON s.id = b.subscription AND s.ws = b.ws
            WHERE b.ws = $1 AND b.account = $2
            """;

    /** Those of one person, linked last first. */
    Future<List<JsonObject>> of(SqlClient client, int ws, UUID account) {
        return client.preparedQuery(LINKED + " ORDER BY b.linked_at DESC, s.id DESC")
                .execute(Tuple.of(ws, account))
                .map(rows -> rows.stream().map(OwnBrowsersStore::told).toList());
    }

    Future<Optional<JsonObject>> find(SqlClient client, int ws, UUID account, UUID subscription) {
        return client.preparedQuery(LINKED + " AND b.subscription = $3")
                .execute(Tuple.of(ws, account, subscription))
                .map(rows -> rows.stream().map(OwnBrowsersStore::told).findFirst());
    }

    private static JsonObject told(Row row) {
        return new JsonObject()
                .put("id", row.getUUID("id").toString())
                .put("site", row.getString("site"))
                .put("status", row.getString("status"))
                .put("linkedAt", row.getOffsetDateTime("linked_at").toInstant().toString());
    }

    /** False when it is linked already. */
    Future<Boolean> link(SqlClient tx, int ws, UUID account, UUID subscription) {
        return tx.preparedQuery(
                        """
                        INSERT INTO webpush_own_browser (ws, account, subscription) VALUES ($1, $2, $3)
                        ON CONFLICT DO NOTHING
                        """)
                .execute(Tuple.of(ws, account, subscription))
                .map(rows -> rows.rowCount() == 1);
    }

    /** False when there was none. */
    Future<Boolean> unlink(SqlClient tx, int ws, UUID account, UUID subscription) {
        return tx.preparedQuery("DELETE FROM webpush_own_browser WHERE ws = $1 AND account = $2 AND subscription = $3")
                .execute(Tuple.of(ws, account, subscription))
                .map(rows -> rows.rowCount() == 1);
    }

    /** Active ones of these people, by person; who has none, or works here no longer, is left out. */
    Future<Map<UUID, List<UUID>>> active(SqlClient client, int ws, Collection<UUID> accounts) {
        return client.preparedQuery(
                        """
                        SELECT b.account, b.subscription FROM webpush_own_browser b
                        JOIN webpush_member m ON m.ws = b.ws AND m.account = b.account
                        JOIN webpush_subscription s ON s.id = b.subscription AND s.ws = b.ws AND s.status = 'active'
                        WHERE b.ws = $1 AND b.account = ANY ($2)
                        """)
                .execute(Tuple.of(ws, (Object) accounts.toArray(UUID[]::new)))
                .map(rows -> {
                    var active = new HashMap<UUID, List<UUID>>();
                    rows.forEach(row -> active.computeIfAbsent(row.getUUID("account"), none -> new ArrayList<>())
                            .add(row.getUUID("subscription")));
                    return active;
                });
    }
}
