package app.fathi.tool;

import app.fathi.platform.config.Config;
import app.fathi.platform.config.StartException;
import app.fathi.platform.security.MasterKey;
import app.fathi.platform.security.MasterStore;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** SQL of the commands that change something. What concerns one domain alone is that domain's. */
final class OperatorStore {
    private OperatorStore() {}

    /** The version of this program. */
    static String product() {
        var version = OperatorStore.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    /** A workspace as an operator names it. */
    record Workspace(int no, String id, String name) {}

    static List<Workspace> workspaces(Connection connection) throws SQLException {
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery("SELECT no, id, name FROM users_workspace ORDER BY no")) {
            var workspaces = new ArrayList<Workspace>();
            while (rows.next()) {
                workspaces.add(new Workspace(rows.getInt("no"), rows.getString("id"), rows.getString("name")));
            }
            return workspaces;
        }
    }

    /**
     * The one that the database was sealed with, in its own words: with another one nothing of it can be read or checked.
     *
     * @param then what follows when no server has ever started on it
     */
    static String masterKey(Config config, Connection connection, String then) throws SQLException {
        var sealed = MasterStore.kept(connection)
                .orElseThrow(() -> new StartException("no server has ever started on this database: " + then));
        var key = MasterKey.text(config)
                .orElseThrow(
                        () -> new StartException("the master key is missing, and nothing can be done without it: set"
                                + " FATHI_MASTER_KEY or put back " + MasterKey.file(config)));
        if (!sealed.opens(key)) {
            throw new StartException("the master key of " + MasterKey.source(config)
                    + " is not the one that this database was sealed with: set the right one (FATHI_MASTER_KEY)");
        }
        return key;
    }

    static Instant now(Connection connection) throws SQLException {
        try (var statement = connection.createStatement();
                var row = statement.executeQuery("SELECT clock_timestamp()")) {
            row.next();
            return row.getTimestamp(1).toInstant();
        }
    }

    // --- after a restore
    // ------------------------------------------------------------------------------------------------

    /** Nodes, consumers and workers of the other instance are not here: what they held begins again. */
    private static final List<String> FORGET = List.of(
            "DELETE FROM node",
            "DELETE FROM stream_member",
            "UPDATE stream_offset SET owner = NULL, lease_until = '-infinity' WHERE owner IS NOT NULL",
            "UPDATE jobs SET due_at = now() WHERE state = 'running'");

    static void forgetWhoWasThere(Connection tx) throws SQLException {
        try (var statement = tx.createStatement()) {
            for (var sql : FORGET) {
                statement.executeUpdate(sql);
            }
        }
    }

    record Schedule(int ws, String name, String cron, String zone, Instant next) {}

    static List<Schedule> schedules(Connection tx) throws SQLException {
        try (var statement = tx.createStatement();
                var rows = statement.executeQuery("SELECT ws, name, cron, zone, next_at FROM job_schedule")) {
            var schedules = new ArrayList<Schedule>();
            while (rows.next()) {
                schedules.add(new Schedule(
                        rows.getInt("ws"),
                        rows.getString("name"),
                        rows.getString("cron"),
                        rows.getString("zone"),
                        rows.getTimestamp("next_at").toInstant()));
            }
            return schedules;
        }
    }

    static void setNext(Connection tx, Schedule schedule, Instant next) throws SQLException {
        try (var statement = tx.prepareStatement("UPDATE job_schedule SET next_at = ? WHERE ws = ? AND name = ?")) {
            statement.setTimestamp(1, Timestamp.from(next));
            statement.setInt(2, schedule.ws());
            statement.setString(3, schedule.name());
            statement.executeUpdate();
        }
    }
}
