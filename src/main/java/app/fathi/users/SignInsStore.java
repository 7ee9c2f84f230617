package app.fathi.users;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** All SQL over {@code users_sign_in} and {@code users_external_identity}: people who come from an identity provider. */
final class SignInsStore {

    /** Where somebody signs in, and what is asked of them there. The provider is without its mappings. */
    record Place(IdentityProvider provider, UUID workspace, String workspaceName, boolean twoFactorRequired) {}

    /**
     * Somebody for whom a provider vouches, who is a member and not disabled.
     *
     * @param secondFactor the provider has seen one
     * @param signedInAt when they last showed it who they are
     */
    record Vouched(
            int ws,
            UUID workspace,
            UUID provider,
            UUID account,
            String name,
            String emailFolded,
            boolean secondFactor,
            Instant signedInAt) {}

    /** What a login page offers. */
    record Offered(boolean passwords, List<OfferedProvider> providers) {}

    record OfferedProvider(UUID id, String name) {}

    /** One statement whether there is such a workspace or not, so that its time tells little. */
    Future<Offered> offered(SqlClient client, UUID workspace) {
        return client.preparedQuery(
                        """
                        SELECT coalesce(w.password_sign_in, true) AS passwords, p.id, p.name
                        FROM (SELECT 1) AS always
                        LEFT JOIN users_workspace w ON w.id = $1
                        LEFT JOIN users_identity_provider p ON p.ws = w.no AND p.kind = 'people' AND p.enabled
                        ORDER BY p.name, p.id
                        """)
                .execute(Tuple.of(workspace))
                .map(rows -> {
                    var providers = new ArrayList<OfferedProvider>();
                    var passwords = true;
                    for (var row : rows) {
                        passwords = row.getBoolean("passwords");
                        if (row.getUUID("id") != null) {
                            providers.add(new OfferedProvider(row.getUUID("id"), row.getString("name")));
                        }
                    }
                    return new Offered(passwords, providers);
                });
    }

    Future<Optional<Place>> find(SqlClient client, UUID provider) {
        return client.preparedQuery(
                        """
                        SELECT p.*, w.id AS workspace, w.name AS workspace_name, w.two_factor_required
                        FROM users_identity_provider p JOIN users_workspace w ON w.no = p.ws
                        WHERE p.id = $1 AND p.kind = 'people' AND p.enabled
                        """)
                .execute(Tuple.of(provider))
                .map(SignInsStore::place);
    }

    Future<Void> begin(SqlClient client, Buffer hash, UUID provider, int minutes) {
        return client.preparedQuery(
                        """
                        INSERT INTO users_sign_in (hash, provider, expires_at)
                        VALUES ($1, $2, now() + make_interval(mins => $3))
                        """)
                .execute(Tuple.of(hash, provider, minutes))
                .mapEmpty();
    }

    /** Uses it up: of many at once one gets it. */
    Future<Optional<Place>> take(SqlClient client, Buffer hash) {
        return client.preparedQuery(
                        """
                        DELETE FROM users_sign_in s USING users_identity_provider p, users_workspace w
                        WHERE s.hash = $1 AND s.account IS NULL AND s.expires_at > now()
                          AND p.id = s.provider AND p.enabled AND w.no = p.ws
                        RETURNING p.*, w.id AS workspace, w.name AS workspace_name, w.two_factor_required
                        """)
                .execute(Tuple.of(hash))
                .map(SignInsStore::place);
    }

    private static Optional<Place> place(RowSet<Row> rows) {
        for (var row : rows) {
            return Optional.of(new Place(
                    IdentityProvidersStore.provider(row),
                    row.getUUID("workspace"),
                    row.getString("workspace_name"),
                    row.getBoolean("two_factor_required")));
        }
        return Optional.empty();
    }

    /** @param signedInAt when they last showed the provider who they are; null when it does not say */
    Future<Void> vouch(
            SqlClient tx,
            Buffer hash,
            UUID provider,
            UUID account,
            boolean secondFactor,
            Instant signedInAt,
            int seconds) {
        return tx.preparedQuery(
                        """
                        INSERT INTO users_sign_in (hash, provider, account, second_factor, signed_in_at, expires_at)
                        VALUES ($1, $2, $3, $4, least($5::timestamptz, now()), now() + make_interval(secs => $6))
                        """)
                .execute(Tuple.of(
                        hash,
                        provider,
                        account,
                        secondFactor,
                        (signedInAt == null ? Instant.EPOCH : signedInAt).atOffset(ZoneOffset.UTC),
                        seconds))
                .mapEmpty();
    }

    Future<Optional<Vouched>> findVouched(SqlClient client, Buffer hash) {
        return client.preparedQuery(
                        """
                        SELECT p.ws, w.id AS workspace, s.provider, s.account, coalesce(m.name, a.name) AS name,
                               a.email_folded, s.second_factor, s.signed_in_at
                        FROM users_sign_in s
                        JOIN users_identity_provider p ON p.id = s.provider AND p.enabled
                        JOIN users_workspace w ON w.no = p.ws
                        JOIN users_account a ON a.id = s.account AND a.disabled_at IS NULL
                        JOIN users_membership m
                          ON m.account = s.account AND m.ws = p.ws AND m.disabled_at IS NULL AND NOT m.invited
                        WHERE s.hash = $1 AND s.expires_at > now()
                        """)
                .execute(Tuple.of(hash))
                .map(rows -> {
                    for (var row : rows) {
                        return Optional.of(new Vouched(
                                row.getInteger("ws"),
                                row.getUUID("workspace"),
                                row.getUUID("provider"),
                                row.getUUID("account"),
                                row.getString("name"),
                                row.getString("email_folded"),
                                row.getBoolean("second_factor"),
                                row.getOffsetDateTime("signed_in_at").toInstant()));
                    }
                    return Optional.empty();
                });
    }

    /** Whether it was this call that used the code up. */
    Future<Boolean> takeVouched(SqlClient tx, Buffer hash) {
        return tx.preparedQuery(
                        "DELETE FROM users_sign_in WHERE hash = $1 AND account IS NOT NULL AND expires_at > now()")
                .execute(Tuple.of(hash))
                .map(rows -> rows.rowCount() == 1);
    }

    /** The account that this subject of the provider has been before. */
    Future<Optional<UUID>> linked(SqlClient tx, IdentityProvider provider, String subject) {
        return tx.preparedQuery(
                        """
                        SELECT account FROM users_external_identity WHERE provider = $1 AND issuer = $2 AND subject = $3
                        """)
                .execute(Tuple.of(provider.id(), provider.issuer(), subject))
                .map(rows -> {
                    for (var row : rows) {
                        return Optional.of(row.getUUID("account"));
                    }
                    return Optional.empty();
                });
    }

    /** Whether the account is somebody of the provider already. */
    Future<Boolean> isLinked(SqlClient tx, IdentityProvider provider, UUID account) {
        return tx.preparedQuery(
                        """
                        SELECT 1 FROM users_external_identity WHERE provider = $1 AND issuer = $2 AND account = $3 LIMIT 1
                        """)
                .execute(Tuple.of(provider.id(), provider.issuer(), account))
                .map(rows -> rows.size() == 1);
    }

    Future<Void> link(SqlClient tx, IdentityProvider provider, String subject, UUID account) {
        return tx.preparedQuery(
                        """
                        INSERT INTO users_external_identity (provider, issuer, subject, ws, account)
                        VALUES ($1, $2, $3, $4, $5)
                        """)
                .execute(Tuple.of(provider.id(), provider.issuer(), subject, provider.ws(), account))
                .mapEmpty();
    }

    Future<Void> purge(SqlClient client) {
        return client.query("DELETE FROM users_sign_in WHERE expires_at < now()")
                .execute()
                .mapEmpty();
    }
}
