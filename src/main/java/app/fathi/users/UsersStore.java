package app.fathi.users;

import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** All SQL over who belongs to a workspace: {@code users_membership} with the accounts behind it. Roles are not read here. */
final class UsersStore {

    /** One row more than a page holds, newest first. */
    Future<List<User>> page(SqlClient client, int ws, String status, String folded, Optional<UUID> after, int rows) {
        return client.preparedQuery(
                        """
                        SELECT m.account, a.email, coalesce(m.name, a.name) AS name, m.invited,
                               m.disabled_at IS NOT NULL OR a.disabled_at IS NOT NULL AS disabled,
                               m.joined_at, m.updated_at, m.version
                        FROM users_membership m JOIN users_account a ON a.id = m.account
                        WHERE m.ws = $1
                          AND ($2::text IS NULL
                               OR $2 = CASE WHEN m.disabled_at IS NOT NULL OR a.disabled_at IS NOT NULL THEN 'disabled'
                                            WHEN m.invited THEN 'invited' ELSE 'active' END)
                          AND ($3::text IS NULL OR position($3 IN a.email_folded) > 0
                               OR position($3 IN lower(coalesce(m.name, a.name))) > 0)
                          AND ($4::uuid IS NULL OR m.account < $4)
                        ORDER BY m.account DESC
                        LIMIT $5
                        """)
                .execute(Tuple.of(ws, status, folded, after.orElse(null), rows))
                .map(UsersStore::all);
    }

    Future<Optional<User>> find(SqlClient client, int ws, UUID account) {
        return client.preparedQuery(
                        """
                        SELECT m.account, a.email, coalesce(m.name, a.name) AS name, m.invited,
                               m.disabled_at IS NOT NULL OR a.disabled_at IS NOT NULL AS disabled,
                               m.joined_at, m.updated_at, m.version
                        FROM users_membership m JOIN users_account a ON a.id = m.account
                        WHERE m.ws = $1 AND m.account = $2
                        """)
                .execute(Tuple.of(ws, account))
                .map(rows -> all(rows).stream().findFirst());
    }

    /** Changes of who may do what in a workspace happen one after the other, so that no two of them take the last administrator. */
    Future<Void> lockWorkspace(SqlClient tx, int ws) {
        return tx.preparedQuery("SELECT 1 FROM users_workspace WHERE no = $1 FOR NO KEY UPDATE")
                .execute(Tuple.of(ws))
                .mapEmpty();
    }

    /** Whether they were not here yet. */
    Future<Boolean> invite(SqlClient tx, int ws, UUID account, String name) {
        return tx.preparedQuery(
                        """
                        INSERT INTO users_membership (ws, account, name, invited) VALUES ($1, $2, $3, true)
                        ON CONFLICT DO NOTHING
                        """)
                .execute(Tuple.of(ws, account, name))
                .map(rows -> rows.rowCount() == 1);
    }

    /** Whether there was an invitation that could be accepted. */
    Future<Boolean> accept(SqlClient tx, int ws, UUID account, String name) {
        return tx.preparedQuery(
                        """
                        UPDATE users_membership
                        SET invited = false, name = coalesce($3, name), joined_at = now(), updated_at = now(),
                            version = version + 1
                        WHERE ws = $1 AND account = $2 AND invited AND disabled_at IS NULL
                        """)
                .execute(Tuple.of(ws, account, name))
                .map(rows -> rows.rowCount() == 1);
    }

    Future<Void> update(SqlClient tx, int ws, UUID account, String name, boolean disabled) {
        return tx.preparedQuery(
                        """
                        UPDATE users_membership
                        SET name = $3, disabled_at = CASE WHEN $4 THEN coalesce(disabled_at, now()) END,
                            updated_at = now(), version = version + 1
                        WHERE ws = $1 AND account = $2
                        """)
                .execute(Tuple.of(ws, account, name, disabled))
                .mapEmpty();
    }

    /** All that an account belongs to. */
    Future<List<Integer>> workspaces(SqlClient client, UUID account) {
        return client.preparedQuery("SELECT ws FROM users_membership WHERE account = $1 ORDER BY ws")
                .execute(Tuple.of(account))
                .map(rows -> {
                    var workspaces = new ArrayList<Integer>();
                    rows.forEach(row -> workspaces.add(row.getInteger("ws")));
                    return workspaces;
                });
    }

    /** Of these accounts, how many can sign in here. */
    Future<Integer> countActive(SqlClient tx, int ws, Collection<UUID> accounts) {
        return tx.preparedQuery(
                        """
                        SELECT count(*)::int AS active FROM users_membership m JOIN users_account a ON a.id = m.account
                        WHERE m.ws = $1 AND m.account = ANY($2) AND NOT m.invited AND m.disabled_at IS NULL
                          AND a.disabled_at IS NULL
                          AND (EXISTS (SELECT FROM users_workspace w WHERE w.no = m.ws AND w.password_sign_in)
                               OR EXISTS (
                                 SELECT FROM users_external_identity e
                                 JOIN users_identity_provider p ON p.id = e.provider AND p.issuer = e.issuer AND p.enabled
                                 WHERE e.account = m.account AND e.ws = m.ws))
                        """)
                .execute(Tuple.tuple().addInteger(ws).addArrayOfUUID(accounts.toArray(UUID[]::new)))
                .map(rows -> rows.iterator().next().getInteger("active"));
    }

    /** Of these accounts, how many have signed in here through an identity provider that is still good, not long ago. */
    Future<Integer> countSignedInByProvider(SqlClient tx, int ws, Collection<UUID> accounts) {
        return tx.preparedQuery(
                        """
                        SELECT count(*)::int AS active FROM users_membership m JOIN users_account a ON a.id = m.account
                        WHERE m.ws = $1 AND m.account = ANY($2) AND NOT m.invited AND m.disabled_at IS NULL
                          AND a.disabled_at IS NULL
                          AND EXISTS (
                            SELECT FROM users_external_identity e
                            JOIN users_identity_provider p ON p.id = e.provider AND p.issuer = e.issuer AND p.enabled
                            JOIN users_session s ON s.account = e.account AND s.ws = e.ws AND s.provider = p.id
                            WHERE e.account = m.account AND e.ws = m.ws)
                        """)
                .execute(Tuple.tuple().addInteger(ws).addArrayOfUUID(accounts.toArray(UUID[]::new)))
                .map(rows -> rows.iterator().next().getInteger("active"));
    }

    /**
     * Of these accounts, how many can sign in here whatever becomes of the identity provider that is being changed: by a
     * password, or where none lets in, through another.
     */
    Future<Integer> countWithAnotherWayIn(SqlClient tx, int ws, Collection<UUID> accounts) {
        return tx.preparedQuery(
                        """
                        SELECT count(*)::int AS active FROM users_membership m JOIN users_account a ON a.id = m.account
                        WHERE m.ws = $1 AND m.account = ANY($2) AND NOT m.invited AND m.disabled_at IS NULL
                          AND a.disabled_at IS NULL
                          AND CASE WHEN (SELECT w.password_sign_in FROM users_workspace w WHERE w.no = m.ws)
                              THEN a.password_hash IS NOT NULL
                              ELSE EXISTS (
                                SELECT FROM users_external_identity e
                                JOIN users_identity_provider p ON p.id = e.provider AND p.issuer = e.issuer AND p.enabled
                                WHERE e.account = m.account AND e.ws = m.ws) END
                        """)
                .execute(Tuple.tuple().addInteger(ws).addArrayOfUUID(accounts.toArray(UUID[]::new)))
                .map(rows -> rows.iterator().next().getInteger("active"));
    }

    /** Takes somebody out of the workspace; an account that belongs to none any more goes with it. */
    Future<Void> delete(SqlClient tx, int ws, UUID account) {
        return tx.preparedQuery("DELETE FROM users_membership WHERE ws = $1 AND account = $2")
                .execute(Tuple.of(ws, account))
                .compose(done -> tx.preparedQuery(
                                """
                                DELETE FROM users_account a WHERE id = $1
                                  AND NOT EXISTS (SELECT FROM users_membership m WHERE m.account = a.id)
                                """)
                        .execute(Tuple.of(account)))
                .mapEmpty();
    }

    private static List<User> all(RowSet<Row> rows) {
        var users = new ArrayList<User>();
        for (var row : rows) {
            users.add(new User(
                    row.getUUID("account"),
                    row.getString("email"),
                    row.getString("name"),
                    row.getBoolean("invited"),
                    row.getBoolean("disabled"),
                    List.of(),
                    row.getOffsetDateTime("joined_at").toInstant(),
                    row.getOffsetDateTime("updated_at").toInstant(),
                    row.getLong("version")));
        }
        return users;
    }
}
