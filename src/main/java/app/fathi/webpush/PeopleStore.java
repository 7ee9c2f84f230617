package app.fathi.webpush;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.Collection;
import java.util.List;

/** SQL over what browsers tell of single people. */
final class PeopleStore {
    /** Without endpoint and keys, which are secrets. */
    Future<List<JsonObject>> browsers(SqlClient client, int ws, Collection<Integer> profileNos) {
        return client.preparedQuery(
                        """
                        SELECT id, status, push_service, site, user_agent, language, timezone, created_at, last_seen_at
                        FROM webpush_subscription WHERE ws = $1 AND profile_no = ANY ($2) ORDER BY id
                        """)
                .execute(Tuple.of(ws, (Object) profileNos.toArray(Integer[]::new)))
                .map(rows -> rows.stream().map(PeopleStore::line).toList());
    }

    private static JsonObject line(Row row) {
        return new JsonObject()
                .put("kind", "subscription")
                .put("id", row.getUUID("id").toString())
                .put("status", row.getString("status"))
                .put("pushService", row.getString("push_service"))
                .put("site", row.getString("site"))
                .put("userAgent", row.getString("user_agent"))
                .put("language", row.getString("language"))
                .put("timezone", row.getString("timezone"))
                .put(
                        "createdAt",
                        row.getOffsetDateTime("created_at").toInstant().toString())
                .put(
                        "lastSeenAt",
                        row.getOffsetDateTime("last_seen_at").toInstant().toString());
    }

    Future<Integer> forgetBrowsers(SqlClient tx, int ws, Collection<Integer> profileNos) {
        return tx.preparedQuery("DELETE FROM webpush_subscription WHERE ws = $1 AND profile_no = ANY ($2)")
                .execute(Tuple.of(ws, (Object) profileNos.toArray(Integer[]::new)))
                .map(rows -> rows.rowCount());
    }

    Future<Integer> forgetPrompts(SqlClient tx, int ws, Collection<Integer> profileNos) {
        return tx.preparedQuery("DELETE FROM webpush_prompt_person WHERE ws = $1 AND profile_no = ANY ($2)")
                .execute(Tuple.of(ws, (Object) profileNos.toArray(Integer[]::new)))
                .map(rows -> rows.rowCount());
    }
}
