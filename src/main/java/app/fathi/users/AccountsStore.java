package app.fathi.users;

import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** All SQL over {@code users_account} and {@code users_membership}. */
final class AccountsStore {

    /**
     * Who signs in.
     *
     * @param passwordHash null before the first invitation is accepted
     * @param memberships the workspaces that they can sign in to, the first joined first
     */
    record Account(UUID id, String name, String passwordHash, boolean disabled, List<Membership> memberships) {}

    /** @param passwords whether a password lets in there */
    record Membership(int ws, UUID workspace, boolean passwords) {}

    /** @param passwordHash null before the first invitation is accepted */
    record Person(UUID id, String email, String emailFolded, String name, String passwordHash, boolean disabled) {}

    Future<Optional<Person>> find(SqlClient client, UUID account) {
        return client.preparedQuery(
                        """
                        SELECT id, email, email_folded, name, password_hash, disabled_at IS NOT NULL AS disabled
                        FROM users_account WHERE id = $1
                        """)
                .execute(Tuple.of(account))
                .map(AccountsStore::one);
    }

    Future<Optional<Person>> findByAddress(SqlClient client, String emailFolded) {
        return client.preparedQuery(
                        """
                        SELECT id, email, email_folded, name, password_hash, disabled_at IS NOT NULL AS disabled
                        FROM users_account WHERE email_folded = $1
                        """)
                .execute(Tuple.of(emailFolded))
                .map(AccountsStore::one);
    }

    private static Optional<Person> one(RowSet<Row> rows) {
        for (var row : rows) {
            return Optional.of(new Person(
                    row.getUUID("id"),
                    row.getString("email"),
                    row.getString("email_folded"),
                    row.getString("name"),
                    row.getString("password_hash"),
                    row.getBoolean("disabled")));
        }
        return Optional.empty();
    }

    /** Whether it still has this password, which it keeps until the transaction ends. */
    Future<Boolean> lockWhileItHas(SqlClient tx, UUID account, String passwordHash) {
        return tx.preparedQuery("SELECT 1 FROM users_account WHERE id = $1 AND password_hash = $2 FOR SHARE")
                .execute(Tuple.of(account, passwordHash))
                .map(rows -> rows.size() == 1);
    }

    Future<Void> setPassword(SqlClient tx, UUID account, String passwordHash) {
        return tx.preparedQuery("UPDATE users_account SET password_hash = $2 WHERE id = $1")
                .execute(Tuple.of(account, passwordHash))
                .mapEmpty();
    }

    /** The account with this address, made without a password when there is none. */
    Future<UUID> findOrInsert(SqlClient tx, UUID id, String email, String emailFolded, String name) {
        return tx.preparedQuery(
                        """
                        INSERT INTO users_account (id, email, email_folded, name) VALUES ($1, $2, $3, $4)
                        ON CONFLICT (email_folded) DO NOTHING
                        """)
                .execute(Tuple.of(id, email, emailFolded, name))
                .compose(done -> tx.preparedQuery("SELECT id FROM users_account WHERE email_folded = $1 FOR KEY SHARE")
                        .execute(Tuple.of(emailFolded)))
                .map(rows -> {
                    for (var row : rows) {
                        return row.getUUID("id");
                    }
                    throw ProblemException.conflict("This account was removed at this very moment. Try again.");
                });
    }

    /** Whether they work in another workspace without a password, through an identity provider. */
    Future<Boolean> worksElsewhereWithoutPassword(SqlClient client, UUID account, int ws) {
        return client.preparedQuery(
                        """
                        SELECT 1 FROM users_membership m JOIN users_account a ON a.id = m.account
                        WHERE m.account = $1 AND m.ws <> $2 AND NOT m.invited AND a.password_hash IS NULL
                        LIMIT 1
                        """)
                .execute(Tuple.of(account, ws))
                .map(rows -> rows.size() == 1);
    }

    /** Whether there was none yet. */
    Future<Boolean> setFirstPassword(SqlClient tx, UUID account, String passwordHash, String name) {
        return tx.preparedQuery(
                        """
                        UPDATE users_account SET password_hash = $2, name = coalesce($3, name)
                        WHERE id = $1 AND password_hash IS NULL
                        """)
                .execute(Tuple.of(account, passwordHash, name))
                .map(rows -> rows.rowCount() == 1);
    }

    /** One statement whether there is such an account or not, so that its time tells nothing. */
    Future<Optional<Account>> findByEmail(SqlClient client, String emailFolded) {
        return client.preparedQuery(
                        """
                        SELECT a.id, a.name, a.password_hash, a.disabled_at IS NOT NULL AS disabled, w.no, w.id AS workspace,
                               w.password_sign_in
                        FROM users_account a
                        LEFT JOIN users_membership m
                          ON m.account = a.id AND NOT m.invited AND m.disabled_at IS NULL
                        LEFT JOIN users_workspace w ON w.no = m.ws
                        WHERE a.email_folded = $1
                        ORDER BY m.joined_at, w.no
                        """)
                .execute(Tuple.of(emailFolded))
                .map(rows -> {
                    var memberships = new ArrayList<Membership>();
                    Account account = null;
                    for (var row : rows) {
                        if (row.getInteger("no") != null) {
                            memberships.add(new Membership(
                                    row.getInteger("no"),
                                    row.getUUID("workspace"),
                                    row.getBoolean("password_sign_in")));
                        }
                        account = new Account(
                                row.getUUID("id"),
                                row.getString("name"),
                                row.getString("password_hash"),
                                row.getBoolean("disabled"),
                                memberships);
                    }
                    return Optional.ofNullable(account);
                });
    }

    /** Where somebody can sign in, the first joined first. */
    Future<List<Membership>> memberships(SqlClient client, UUID account) {
        return client.preparedQuery(
                        """
                        SELECT w.no, w.id, w.password_sign_in FROM users_membership m JOIN users_workspace w ON w.no = m.ws
                        WHERE m.account = $1 AND NOT m.invited AND m.disabled_at IS NULL
                        ORDER BY m.joined_at, w.no
                        """)
                .execute(Tuple.of(account))
                .map(rows -> {
                    var memberships = new ArrayList<Membership>();
                    rows.forEach(row -> memberships.add(new Membership(
                            row.getInteger("no"), row.getUUID("id"), row.getBoolean("password_sign_in"))));
                    return memberships;
                });
    }

    Future<String> emailOf(SqlClient client, UUID account) {
        return client.preparedQuery("SELECT email FROM users_account WHERE id = $1")
                .execute(Tuple.of(account))
                .map(rows -> rows.iterator().next().getString("email"));
    }

    Future<Void> insert(SqlClient tx, UUID id, String email, String emailFolded, String name, String passwordHash) {
        return tx.preparedQuery(
                        """
                        INSERT INTO users_account (id, email, email_folded, name, password_hash)
                        VALUES ($1, $2, $3, $4, $5)
                        """)
                .execute(Tuple.of(id, email, emailFolded, name, passwordHash))
                .mapEmpty();
    }

    Future<Void> join(SqlClient tx, int ws, UUID account) {
        return tx.preparedQuery("INSERT INTO users_membership (ws, account) VALUES ($1, $2)")
                .execute(Tuple.of(ws, account))
                .mapEmpty();
    }

    /** The account that joined the workspace first: its administrator of the first start. */
    Future<String> firstEmail(SqlClient client, int ws) {
        return client.preparedQuery(
                        """
                        SELECT a.email FROM users_membership m JOIN users_account a ON a.id = m.account
                        WHERE m.ws = $1 ORDER BY m.joined_at, a.id LIMIT 1
                        """)
                .execute(Tuple.of(ws))
                .map(rows -> rows.size() == 0 ? "" : rows.iterator().next().getString("email"));
    }
}
