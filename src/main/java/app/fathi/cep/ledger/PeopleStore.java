package app.fathi.cep.ledger;

import app.fathi.cep.advisor.Advice;
import app.fathi.cep.message.Reason;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.Collection;
import java.util.List;

/** SQL over what the ledger holds of single people. */
final class PeopleStore {
    /** By each message's own place of the person: the ledger has no other index. */
    Future<List<JsonObject>> messages(SqlClient client, int ws, Collection<Integer> profileNos) {
        return client.preparedQuery(
                        """
                        SELECT r.id AS message_id, m.id, r.purpose, r.content, m.reason, m.advice, m.created_at, m.shown_at, m.clicked_at
                        FROM cep_run r CROSS JOIN unnest($2::int[]) AS person (no)
                        JOIN cep_message m ON m.run = r.run AND m.step = 0 AND m.profile_no = person.no
                        WHERE r.ws = $1 ORDER BY m.created_at
                        """)
                .execute(Tuple.of(ws, (Object) profileNos.toArray(Integer[]::new)))
                .map(rows -> rows.stream().map(PeopleStore::line).toList());
    }

    private static JsonObject line(Row row) {
        var reason = row.getShort("reason");
        var advice = row.getBuffer("advice");
        return new JsonObject()
                .put("kind", "message")
                .put("id", row.getUUID("id").toString())
                .put("messageId", row.getUUID("message_id").toString())
                .put("purpose", row.getString("purpose"))
                .put("content", row.getJsonObject("content"))
                .put("reason", reason == null ? null : Reason.of(reason).word())
                .put(
                        "serviceReason",
                        advice == null ? null : Advice.of(advice.getBytes()).reason())
                .put("at", row.getOffsetDateTime("created_at").toInstant().toString())
                .put("shownAt", text(row, "shown_at"))
                .put("clickedAt", text(row, "clicked_at"));
    }

    private static String text(Row row, String column) {
        var time = row.getOffsetDateTime(column);
        return time == null ? null : time.toInstant().toString();
    }

    /** Of what a workspace's own service said of them its words go; what came of it stays, as counts are made of it. */
    Future<Integer> forgetAdvice(SqlClient tx, int ws, Collection<Integer> profileNos) {
        return tx.preparedQuery(
                        """
                        UPDATE cep_message m SET advice = substring(m.advice FROM 1 FOR 3)
                        FROM cep_run r CROSS JOIN unnest($2::int[]) AS person (no)
                        WHERE r.ws = $1 AND m.run = r.run AND m.step = 0 AND m.profile_no = person.no AND length(m.advice) > 3
                        """)
                .execute(Tuple.of(ws, (Object) profileNos.toArray(Integer[]::new)))
                .map(rows -> rows.rowCount());
    }

    Future<Integer> forgetItems(SqlClient tx, int ws, Collection<Integer> profileNos) {
        return tx.preparedQuery(
                        """
                        UPDATE cep_chunk c SET items = c.items - $2::text[]
                        FROM cep_run r WHERE r.run = c.run AND r.ws = $1 AND c.items ?| $2::text[]
                        """)
                .execute(Tuple.of(
                        ws, (Object) profileNos.stream().map(String::valueOf).toArray(String[]::new)))
                .map(rows -> rows.rowCount());
    }
}
