package app.fathi.users;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** SQL of {@link OperatorAccounts}, over JDBC. */
final class OperatorAccountsStore {
    private OperatorAccountsStore() {}

    /**
     * An account that can sign in, by a password or through an identity provider: who has but an invitation has no password to
     * forget.
     */
    static Optional<UUID> find(Connection tx, String emailFolded) throws SQLException {
        return first(
                tx,
                """
                SELECT a.id FROM users_account a
                WHERE a.email_folded = ? AND (a.password_hash IS NOT NULL OR EXISTS (
                  SELECT FROM users_membership m WHERE m.account = a.id AND NOT m.invited))
                """,
                emailFolded);
    }

    /** @param no its number */
    record Closed(int no, UUID id, String name) {}

    /** Where the account works, or is invited to, and no password lets in. */
    static List<Closed> closed(Connection tx, UUID account) throws SQLException {
        try (var statement = prepare(
                        tx,
                        """
                        SELECT w.no, w.id, w.name FROM users_membership m JOIN users_workspace w ON w.no = m.ws
                        WHERE m.account = ? AND NOT w.password_sign_in ORDER BY w.no
                        """,
                        account);
                var rows = statement.executeQuery()) {
            var closed = new ArrayList<Closed>();
            while (rows.next()) {
                closed.add(new Closed(rows.getInt("no"), rows.getObject("id", UUID.class), rows.getString("name")));
            }
            return closed;
        }
    }

    static void letPasswordsIn(Connection tx, int ws) throws SQLException {
        run(
                tx,
                """
                UPDATE users_workspace SET password_sign_in = true, version = version + 1, updated_at = now() WHERE no = ?
                """,
                ws);
    }

    static UUID findOrInsert(Connection tx, UUID id, String email, String emailFolded, String name)
            throws SQLException {
        run(
                tx,
                """
                INSERT INTO users_account (id, email, email_folded, name) VALUES (?, ?, ?, ?)
                ON CONFLICT (email_folded) DO NOTHING
                """,
                id,
                email,
                emailFolded,
                name);
        return first(tx, "SELECT id FROM users_account WHERE email_folded = ?", emailFolded)
                .orElseThrow();
    }

    /** Whether they are invited now; false for who is in already. */
    static boolean invite(Connection tx, int ws, UUID account, String name) throws SQLException {
        return run(
                        tx,
                        """
                        INSERT INTO users_membership AS m (ws, account, name, invited) VALUES (?, ?, ?, true)
                        ON CONFLICT (account, ws) DO UPDATE SET name = excluded.name, version = m.version + 1
                        WHERE m.invited AND m.disabled_at IS NULL
                        """,
                        ws,
                        account,
                        name)
                == 1;
    }

    static void assign(Connection tx, int ws, UUID account, String role) throws SQLException {
        run(
                tx,
                "INSERT INTO roles_assignment (ws, account, role) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                ws,
                account,
                role);
    }

    /** Those that the workspace has made itself. */
    static List<String> roles(Connection tx, int ws) throws SQLException {
        try (var statement = prepare(tx, "SELECT name FROM roles_role WHERE ws = ? ORDER BY name", ws);
                var rows = statement.executeQuery()) {
            var roles = new ArrayList<String>();
            while (rows.next()) {
                roles.add(rows.getString("name"));
            }
            return roles;
        }
    }

    static List<Integer> workspaces(Connection tx, UUID account) throws SQLException {
        try (var statement = prepare(tx, "SELECT ws FROM users_membership WHERE account = ? ORDER BY ws", account);
                var rows = statement.executeQuery()) {
            var workspaces = new ArrayList<Integer>();
            while (rows.next()) {
                workspaces.add(rows.getInt("ws"));
            }
            return workspaces;
        }
    }

    static void removeSecondFactor(Connection tx, UUID account) throws SQLException {
        run(tx, "DELETE FROM users_totp WHERE account = ?", account);
        run(tx, "DELETE FROM users_recovery_code WHERE account = ?", account);
    }

    static void insertLink(Connection tx, byte[] hash, String kind, UUID account, int ws, int minutes)
            throws SQLException {
        run(
                tx,
                """
                INSERT INTO users_one_time (hash, kind, account, ws, expires_at)
                VALUES (?, ?, ?, ?, now() + make_interval(mins => ?))
                """,
                hash,
                kind,
                account,
                ws,
                minutes);
    }

    private static Optional<UUID> first(Connection tx, String sql, Object... values) throws SQLException {
        try (var statement = prepare(tx, sql, values);
                var rows = statement.executeQuery()) {
            return rows.next() ? Optional.of(rows.getObject(1, UUID.class)) : Optional.empty();
        }
    }

    private static int run(Connection tx, String sql, Object... values) throws SQLException {
        try (var statement = prepare(tx, sql, values)) {
            return statement.executeUpdate();
        }
    }

    private static PreparedStatement prepare(Connection tx, String sql, Object... values) throws SQLException {
        var statement = tx.prepareStatement(sql);
        for (int i = 0; i < values.length; i++) {
            statement.setObject(i + 1, values[i]);
        }
        return statement;
    }
}
