package app.fathi.cep.stops;

import app.fathi.cep.message.ChannelKind;
import app.fathi.cep.message.RunState;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;

/** SQL of what stands against sending a run: read with the run's own state in one statement. */
public final class StopsStore {
    private StopsStore() {}

    static final String STOPS =
            """
            SELECT r.state, r.channel, r.campaign, k.scope, k.target, s.cancelled_at IS NOT NULL AS ended,
                   r.paused_at IS NOT NULL OR s.paused_at IS NOT NULL
                     OR EXISTS (SELECT FROM cep_hold h WHERE cep_run_order(r.run) <= h.last_run) AS held
            FROM cep_run r
            LEFT JOIN cep_series s ON s.campaign = r.campaign
            LEFT JOIN cep_kill_switch k
              ON k.ws IN (0, r.ws) AND NOT (k.except_transactional AND r.purpose = 'transactional')
            WHERE r.run = $1
            """;

    /** What stands against sending. The run's state cannot change before the transaction ends. */
    public static Future<Stops> lockStops(SqlClient tx, long run) {
        return stops(tx, STOPS + "FOR SHARE OF r", run);
    }

    public static Future<Stops> stops(SqlClient client, long run) {
        return stops(client, STOPS, run);
    }

    private static Future<Stops> stops(SqlClient client, String sql, long run) {
        return client.preparedQuery(sql).execute(Tuple.of(run)).map(rows -> {
            // Without its row it was dropped by retention: nothing more is to be sent.
            var stops = rows.size() == 0 ? Stops.NONE.cancel() : Stops.NONE;
            for (var row : rows) {
                boolean cancelled =
                        row.getBoolean("ended") || RunState.of(row.getString("state")) == RunState.CANCELLED;
                stops = new Stops(cancelled, stops.killed(), row.getBoolean("held"), stops.origins());
                var scope = row.getString("scope");
                if (scope != null) {
                    stops = stops.with(
                            KillSwitch.Scope.of(scope),
                            row.getString("target"),
                            ChannelKind.of(row.getShort("channel")),
                            row.getUUID("campaign"));
                }
            }
            return stops;
        });
    }
}
