package app.fathi.cep.stops;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;

/** SQL of {@code cep_quota_use}: how many deliveries a workspace begins in a day and in a month. */
public final class QuotaStore {
    private QuotaStore() {}

    /** Whether there is anything to be counted. */
    public static Future<Boolean> isLimited(SqlClient client, int ws) {
        return client.preparedQuery("SELECT EXISTS (SELECT FROM users_quota WHERE ws = $1) AS limited")
                .execute(Tuple.of(ws))
                .map(rows -> rows.iterator().next().getBoolean("limited"));
    }

    /** Takes so many deliveries from the workspace's quota; how many it has left for them. Undone with the transaction. */
    public static Future<Integer> take(SqlClient tx, int ws, int wanted) {
        return tx.preparedQuery("SELECT cep_take_quota($1, $2) AS granted")
                .execute(Tuple.of(ws, wanted))
                .map(rows -> rows.iterator().next().getInteger("granted"));
    }

    /**
     * @param limit null for none
     * @param used deliveries that were begun since the quota was laid down; null where nothing is counted
     * @param resetsAt when it begins anew; null where nothing is counted
     */
    public record Span(Long limit, Long used, Instant resetsAt) {
        static final Span UNCOUNTED = new Span(null, null, null);

        JsonObject toJson() {
            return new JsonObject()
                    .put("limit", limit)
                    .put("used", used)
                    .put("left", limit == null ? null : Math.max(0, limit - used))
                    .put("resetsAt", resetsAt == null ? null : resetsAt.toString());
        }
    }

    public record Usage(Span day, Span month) {
        JsonObject toJson() {
            return new JsonObject().put("day", day.toJson()).put("month", month.toJson());
        }
    }

    /** What {@link #take} would decide by at this moment. */
    public static Future<Usage> usage(SqlClient client, int ws) {
        return client.preparedQuery("SELECT * FROM cep_quota_usage($1)")
                .execute(Tuple.of(ws))
                .map(rows -> {
                    for (var row : rows) {
                        return new Usage(
                                new Span(
                                        row.getLong("per_day"),
                                        row.getLong("used_today"),
                                        row.getOffsetDateTime("day_ends").toInstant()),
                                new Span(
                                        row.getLong("per_month"),
                                        row.getLong("used_this_month"),
                                        row.getOffsetDateTime("month_ends").toInstant()));
                    }
                    return new Usage(Span.UNCOUNTED, Span.UNCOUNTED);
                });
    }

    /** Days that no month needs any more. */
    public static Future<Void> forget(SqlClient client) {
        return client.preparedQuery("DELETE FROM cep_quota_use WHERE day < current_date - 62")
                .execute()
                .mapEmpty();
    }
}
