package app.fathi.cep;

import app.fathi.cep.KillSwitch.Scope;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.Optional;

/** SQL of {@code cep_kill_switch}. What a run must know of it is read with the run's state, see {@link RunsStore}. */
final class KillSwitchStore {
    private KillSwitchStore() {}

    /** Those that concern the workspace, the widest first. */
    static Future<List<KillSwitch>> all(SqlClient client, int ws) {
        return client.preparedQuery("SELECT * FROM cep_kill_switch WHERE ws IN (0, $1) ORDER BY ws, scope, target")
                .execute(Tuple.of(ws))
                .map(rows -> rows.stream().map(KillSwitchStore::read).toList());
    }

    /** How many there are in the installation. */
    static Future<Integer> count(SqlClient client) {
        return client.preparedQuery("SELECT count(*)::int AS n FROM cep_kill_switch")
                .execute()
                .map(rows -> rows.iterator().next().getInteger("n"));
    }

    static Future<Optional<KillSwitch>> find(SqlClient tx, int ws, Scope scope, String target) {
        return tx.preparedQuery("SELECT * FROM cep_kill_switch WHERE ws = $1 AND scope = $2 AND target = $3 FOR UPDATE")
                .execute(Tuple.of(ws, scope.word(), target))
                .map(rows -> rows.stream().map(KillSwitchStore::read).findFirst());
    }

    private static final String ENGAGE =
            """
            INSERT INTO cep_kill_switch (ws, scope, target, except_transactional, reason, engaged_by)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (ws, scope, target) DO UPDATE
            SET except_transactional = excluded.except_transactional, reason = excluded.reason,
                engaged_by = excluded.engaged_by, engaged_at = now()
            RETURNING *
            """;

    static Future<KillSwitch> engage(
            SqlClient tx,
            int ws,
            Scope scope,
            String target,
            boolean exceptTransactional,
            String reason,
            String engagedBy) {
        return tx.preparedQuery(ENGAGE)
                .execute(Tuple.of(ws, scope.word(), target, exceptTransactional, reason, engagedBy))
                .map(rows -> read(rows.iterator().next()));
    }

    static Future<Void> lift(SqlClient tx, int ws, Scope scope, String target) {
        return tx.preparedQuery("DELETE FROM cep_kill_switch WHERE ws = $1 AND scope = $2 AND target = $3")
                .execute(Tuple.of(ws, scope.word(), target))
                .mapEmpty();
    }

    private static KillSwitch read(Row row) {
        return new KillSwitch(
                Scope.of(row.getString("scope")),
                row.getString("target"),
                row.getBoolean("except_transactional"),
                row.getString("reason"),
                row.getString("engaged_by"),
                RunsStore.instant(row, "engaged_at"));
    }
}
