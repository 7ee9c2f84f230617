package app.fathi.cep.stops;

import static app.fathi.platform.db.SqlTime.instant;

import app.fathi.cep.stops.KillSwitch.Scope;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** SQL of {@code cep_kill_switch}. What a run must know of it is read with the run's state, see {@link StopsStore}. */
public final class KillSwitchStore {
    private KillSwitchStore() {}

    /** Those that concern the workspace, the widest first. */
    public static Future<List<KillSwitch>> all(SqlClient client, int ws) {
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

    static final String IS_CAMPAIGN =
            "SELECT EXISTS (SELECT FROM cep_campaign WHERE ws = $1 AND id = $2::uuid) AS there";

    static Future<Boolean> isCampaign(SqlClient client, int ws, UUID id) {
        return client.preparedQuery(IS_CAMPAIGN)
                .execute(Tuple.of(ws, id))
                .map(rows -> rows.iterator().next().getBoolean("there"));
    }

    static Future<Void> lift(SqlClient tx, int ws, Scope scope, String target) {
        return tx.preparedQuery("DELETE FROM cep_kill_switch WHERE ws = $1 AND scope = $2 AND target = $3")
                .execute(Tuple.of(ws, scope.word(), target))
                .mapEmpty();
    }

    // --- the same for the operator's tool, which has a JDBC connection
    // ------------------------------------------------

    /** A switch with the workspace that it is for; 0 for the whole installation. */
    record Owned(int ws, KillSwitch killSwitch) {}

    /** All of the installation, the widest first. */
    public static List<Owned> all(Connection connection) throws SQLException {
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery("SELECT * FROM cep_kill_switch ORDER BY ws, scope, target")) {
            return read(rows);
        }
    }

    static Optional<KillSwitch> find(Connection tx, int ws, Scope scope, String target) throws SQLException {
        try (var statement = tx.prepareStatement(
                "SELECT * FROM cep_kill_switch WHERE ws = ? AND scope = ? AND target = ? FOR UPDATE")) {
            return read(place(statement, ws, scope, target).executeQuery()).stream()
                    .map(Owned::killSwitch)
                    .findFirst();
        }
    }

    static KillSwitch engage(
            Connection tx,
            int ws,
            Scope scope,
            String target,
            boolean exceptTransactional,
            String reason,
            String engagedBy)
            throws SQLException {
        try (var statement = place(tx.prepareStatement(ENGAGE.replaceAll("\\$[0-9]", "?")), ws, scope, target)) {
            statement.setBoolean(4, exceptTransactional);
            statement.setString(5, reason);
            statement.setString(6, engagedBy);
            return read(statement.executeQuery()).getFirst().killSwitch();
        }
    }

    static boolean isCampaign(Connection tx, int ws, String id) throws SQLException {
        try (var statement = tx.prepareStatement(IS_CAMPAIGN.replaceAll("\\$[0-9]", "?"))) {
            statement.setInt(1, ws);
            statement.setString(2, id);
            try (var rows = statement.executeQuery()) {
                rows.next();
                return rows.getBoolean("there");
            }
        }
    }

    static void lift(Connection tx, int ws, Scope scope, String target) throws SQLException {
        try (var statement = place(
                tx.prepareStatement("DELETE FROM cep_kill_switch WHERE ws = ? AND scope = ? AND target = ?"),
                ws,
                scope,
                target)) {
            statement.executeUpdate();
        }
    }

    private static PreparedStatement place(PreparedStatement statement, int ws, Scope scope, String target)
            throws SQLException {
        statement.setInt(1, ws);
        statement.setString(2, scope.word());
        statement.setString(3, target);
        return statement;
    }

    private static List<Owned> read(ResultSet rows) throws SQLException {
        var switches = new ArrayList<Owned>();
        while (rows.next()) {
            switches.add(new Owned(
                    rows.getInt("ws"),
                    new KillSwitch(
                            Scope.of(rows.getString("scope")),
                            rows.getString("target"),
                            rows.getBoolean("except_transactional"),
                            rows.getString("reason"),
                            rows.getString("engaged_by"),
                            rows.getTimestamp("engaged_at").toInstant())));
        }
        return switches;
    }

    private static KillSwitch read(Row row) {
        return new KillSwitch(
                Scope.of(row.getString("scope")),
                row.getString("target"),
                row.getBoolean("except_transactional"),
                row.getString("reason"),
                row.getString("engaged_by"),
                instant(row, "engaged_at"));
    }
}
