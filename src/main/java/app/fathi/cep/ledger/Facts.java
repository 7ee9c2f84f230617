package app.fathi.cep.ledger;

import app.fathi.cep.message.Reason;
import app.fathi.cep.message.State;
import app.fathi.cep.runs.Run;
import app.fathi.platform.stream.Outbox;
import app.fathi.platform.stream.StreamRecord;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.Function;

/**
 * What this domain tells on {@code facts}. A fact holds all deliveries of one transaction that ended alike, not one
 * each: telling must cost less than sending.
 */
final class Facts {
    private static final String TOPIC = "facts";
    private static final int DELIVERIES_PER_FACT = 200;

    private Facts() {}

    /** How a delivery ended: one fact tells it of all that ended so. */
    private record End(State state, Reason reason, Integer httpStatus) {
        static End of(LedgerRow row) {
            return new End(row.state(), row.reason(), row.httpStatus());
        }
    }

    /** {@code message.accepted}, {@code message.failed}, {@code message.skipped}: rows that have just become final. */
    static Future<Void> ended(SqlClient tx, Run run, int chunk, List<LedgerRow> rows) {
        var byEnd = new LinkedHashMap<End, List<LedgerRow>>();
        for (var row : rows) {
            byEnd.computeIfAbsent(End.of(row), end -> new ArrayList<>()).add(row);
        }
        var records = new ArrayList<StreamRecord>();
        byEnd.forEach((end, all) -> {
            for (int from = 0; from < all.size(); from += DELIVERIES_PER_FACT) {
                var part = all.subList(from, Math.min(all.size(), from + DELIVERIES_PER_FACT));
                records.add(new StreamRecord(
                        run.ws(), run.id() + "/" + chunk, "message." + end.state.word(), ended(run, end, part)));
            }
        });
        return records.isEmpty() ? Future.succeededFuture() : Outbox.write(tx, TOPIC, records);
    }

    private static JsonObject ended(Run run, End end, List<LedgerRow> rows) {
        var fact = about(run).put("reason", end.reason.word());
        if (end.httpStatus != null) {
            fact.put("httpStatus", end.httpStatus);
        }
        return fact.put(
                "deliveries",
                new JsonObject()
                        .put("id", column(rows, row -> row.id().toString()))
                        .put("profileNo", column(rows, LedgerRow::profileNo))
                        .put("rank", column(rows, LedgerRow::rank))
                        .put(
                                "subscription",
                                column(
                                        rows,
                                        row -> row.subscription() == null
                                                ? null
                                                : row.subscription().toString())));
    }

    /** Facts list their deliveries by column: it is what they mostly consist of. */
    static <T> JsonArray column(List<T> rows, Function<T, Object> value) {
        var column = new JsonArray(new ArrayList<>(rows.size()));
        rows.forEach(row -> column.add(value.apply(row)));
        return column;
    }

    /** What every fact about deliveries says of their message. */
    static JsonObject about(Run run) {
        return new JsonObject()
                .put("message", run.id().toString())
                .put("run", run.run())
                .put("purpose", run.purpose())
                .put("channel", run.channel().word());
    }
}
