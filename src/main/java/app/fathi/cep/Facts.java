package app.fathi.cep;

import app.fathi.platform.stream.Outbox;
import app.fathi.platform.stream.StreamRecord;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;

/**
 * What this domain tells on {@code facts}. A fact holds all deliveries of one transaction that ended in the same state,
 * not one each: telling must cost less than sending.
 */
final class Facts {
    private static final String TOPIC = "facts";
    private static final int DELIVERIES_PER_FACT = 200;

    private Facts() {}

    /** {@code message.accepted}, {@code message.failed}, {@code message.skipped}: rows that have just become final. */
    static Future<Void> ended(SqlClient tx, Run run, int chunk, List<LedgerRow> rows) {
        var byState = new EnumMap<State, List<LedgerRow>>(State.class);
        for (var row : rows) {
            byState.computeIfAbsent(row.state(), state -> new ArrayList<>()).add(row);
        }
        var records = new ArrayList<StreamRecord>();
        byState.forEach((state, all) -> {
            for (int from = 0; from < all.size(); from += DELIVERIES_PER_FACT) {
                var part = all.subList(from, Math.min(all.size(), from + DELIVERIES_PER_FACT));
                var deliveries = new JsonArray();
                part.forEach(row -> deliveries.add(delivery(row)));
                records.add(new StreamRecord(
                        run.ws(),
                        run.id() + "/" + chunk,
                        "message." + state.word(),
                        about(run).put("deliveries", deliveries)));
            }
        });
        return records.isEmpty() ? Future.succeededFuture() : Outbox.write(tx, TOPIC, records);
    }

    /** What every fact about deliveries says of their message. */
    static JsonObject about(Run run) {
        return new JsonObject()
                .put("message", run.id().toString())
                .put("run", run.run())
                .put("purpose", run.purpose())
                .put("channel", run.channel().word());
    }

    private static JsonObject delivery(LedgerRow row) {
        var json = new JsonObject()
                .put("id", row.id().toString())
                .put("profileNo", row.profileNo())
                .put("rank", row.rank())
                .put("reason", row.reason().word());
        if (row.subscription() != null) {
            json.put("subscription", row.subscription().toString());
        }
        if (row.httpStatus() != null) {
            json.put("httpStatus", row.httpStatus());
        }
        return json;
    }
}
