package app.fathi.platform.security;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** SQL over {@code secret_master} and {@code secret_data_key} for who works at the machine itself, over JDBC. */
public final class MasterStore {
    private static final String SEALED = "SELECT known, root, next_known, next_before FROM secret_master";

    private MasterStore() {}

    /** What the right key opens; empty before the first start. */
    public static Optional<SealedMaster> kept(Connection connection) throws SQLException {
        try (var statement = connection.createStatement();
                var row = statement.executeQuery(SEALED)) {
            return row.next() ? Optional.of(kept(row)) : Optional.empty();
        }
    }

    private static SealedMaster kept(ResultSet row) throws SQLException {
        return new SealedMaster(
                row.getBytes("known"), row.getBytes("root"), row.getBytes("next_known"), row.getBytes("next_before"));
    }

    /** Nobody makes a data key, and nobody else changes the master key, until the transaction ends. */
    static SealedMaster lock(Connection tx) throws SQLException {
        try (var statement = tx.createStatement();
                var row = statement.executeQuery(SEALED + " FOR UPDATE")) {
            row.next();
            return kept(row);
        }
    }

    static void begin(Connection tx, byte[] nextKnown, byte[] nextBefore) throws SQLException {
        try (var statement =
                tx.prepareStatement("UPDATE secret_master SET next_known = ?, next_before = ?, next_at = now()")) {
            statement.setBytes(1, nextKnown);
            statement.setBytes(2, nextBefore);
            statement.executeUpdate();
        }
    }

    static void finish(Connection tx, byte[] root) throws SQLException {
        try (var statement = tx.prepareStatement(
                """
                UPDATE secret_master
                SET known = next_known, root = ?, next_known = NULL, next_before = NULL, next_at = NULL
                """)) {
            statement.setBytes(1, root);
            statement.executeUpdate();
        }
    }

    record DataKey(int ws, int version, byte[] wrapped) {}

    static List<DataKey> dataKeys(Connection tx) throws SQLException {
        try (var statement = tx.createStatement();
                var rows = statement.executeQuery(
                        "SELECT ws, version, wrapped FROM secret_data_key ORDER BY ws, version FOR UPDATE")) {
            var keys = new ArrayList<DataKey>();
            while (rows.next()) {
                keys.add(new DataKey(rows.getInt("ws"), rows.getInt("version"), rows.getBytes("wrapped")));
            }
            return keys;
        }
    }

    static void rewrap(Connection tx, List<DataKey> keys) throws SQLException {
        try (var statement =
                tx.prepareStatement("UPDATE secret_data_key SET wrapped = ? WHERE ws = ? AND version = ?")) {
            for (var key : keys) {
                statement.setBytes(1, key.wrapped());
                statement.setInt(2, key.ws());
                statement.setInt(3, key.version());
                statement.addBatch();
            }
            statement.executeBatch();
        }
    }

    /** Nodes that were heard of lately and were started with another key. */
    static List<String> nodesWithout(Connection connection, String fingerprint, int aliveSeconds) throws SQLException {
        try (var statement = connection.prepareStatement(
                """
                SELECT host || '/' || pid AS name FROM node
                WHERE seen_at > now() - ? * interval '1 second' AND master IS DISTINCT FROM ?
                ORDER BY 1
                """)) {
            statement.setInt(1, aliveSeconds);
            statement.setString(2, fingerprint);
            try (var rows = statement.executeQuery()) {
                var nodes = new ArrayList<String>();
                while (rows.next()) {
                    nodes.add(rows.getString("name"));
                }
                return nodes;
            }
        }
    }
}
