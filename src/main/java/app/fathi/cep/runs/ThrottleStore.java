package app.fathi.cep.runs;

import static app.fathi.platform.db.SqlTime.time;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.Optional;

/** SQL of {@code cep_throttle}: how many deliveries of a run may begin in a minute, over all nodes. */
public final class ThrottleStore {
    private ThrottleStore() {}

    static Future<Void> insert(SqlClient tx, Run run) {
        return tx.preparedQuery("INSERT INTO cep_throttle (run, per_minute, spent_until) VALUES ($1, $2, $3)")
                .execute(Tuple.of(run.run(), run.perMinute(), time(run.sendAt())))
                .mapEmpty();
    }

    static final String TAKE =
            """
            UPDATE cep_throttle
            SET spent_until = greatest(spent_until, clock_timestamp()) + $2 * interval '1 minute' / per_minute
            WHERE run = $1 AND spent_until <= clock_timestamp()
            RETURNING run
            """;

    /** Takes so many deliveries from the run's allowance; the instant from which to ask again when it is spent. */
    public static Future<Optional<Instant>> take(SqlClient client, long run, int deliveries) {
        return client.preparedQuery(TAKE)
                .execute(Tuple.of(run, deliveries))
                .compose(rows -> rows.rowCount() > 0
                        ? Future.succeededFuture(Optional.empty())
                        : client.preparedQuery("SELECT spent_until FROM cep_throttle WHERE run = $1")
                                .execute(Tuple.of(run))
                                .map(spent -> spent.stream()
                                        .map(row -> row.getOffsetDateTime("spent_until")
                                                .toInstant())
                                        .findFirst()));
    }
}
