package app.fathi.users;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;

/** All SQL over {@code users_identity_provider} and {@code users_provider_audience}. What roles they give is with the roles. */
final class IdentityProvidersStore {

    /** Those whose machines show tokens of this issuer for any of these audiences, in all workspaces. */
    Future<List<MachineTokens.Machines>> findMachines(SqlClient client, String issuer, List<String> audiences) {
        return client.preparedQuery(
                        """
                        SELECT p.*, w.id AS workspace
                        FROM users_identity_provider p JOIN users_workspace w ON w.no = p.ws
                        WHERE p.enabled AND p.kind = 'machines'
                          AND p.id IN (SELECT provider FROM users_provider_audience
                                       WHERE issuer = $1 AND audience = ANY($2))
                        """)
                .execute(Tuple.tuple().addString(issuer).addArrayOfString(audiences.toArray(String[]::new)))
                .map(rows -> {
                    var found = new ArrayList<MachineTokens.Machines>();
                    rows.forEach(row -> found.add(new MachineTokens.Machines(provider(row), row.getUUID("workspace"))));
                    return found;
                });
    }

    /** One row more than a page holds, the newest first. */
    Future<List<IdentityProvider>> page(
            SqlClient client, int ws, String q, String tag, Optional<UUID> after, int rows) {
        return client.preparedQuery(
                        """
                        SELECT * FROM users_identity_provider
                        WHERE ws = $1 AND ($2::text IS NULL OR position($2 IN lower(name)) > 0)
                          AND ($3::text IS NULL OR $3 = ANY(tags)) AND ($4::uuid IS NULL OR id < $4)
                        ORDER BY id DESC
                        LIMIT $5
                        """)
                .execute(Tuple.of(ws, q, tag, after.orElse(null), rows))
                .map(IdentityProvidersStore::all);
    }

    Future<Integer> count(SqlClient client, int ws) {
        return client.preparedQuery("SELECT count(*)::int AS providers FROM users_identity_provider WHERE ws = $1")
                .execute(Tuple.of(ws))
                .map(rows -> rows.iterator().next().getInteger("providers"));
    }

    Future<Optional<IdentityProvider>> find(SqlClient client, int ws, UUID id) {
        return client.preparedQuery("SELECT * FROM users_identity_provider WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(ws, id))
                .map(rows -> all(rows).stream().findFirst());
    }

    Future<Optional<IdentityProvider>> lock(SqlClient tx, int ws, UUID id) {
        return tx.preparedQuery("SELECT * FROM users_identity_provider WHERE ws = $1 AND id = $2 FOR UPDATE")
                .execute(Tuple.of(ws, id))
                .map(rows -> all(rows).stream().findFirst());
    }

    Future<IdentityProvider> insert(SqlClient tx, IdentityProvider provider) {
        return tx.preparedQuery(
                        """
                        INSERT INTO users_identity_provider (id, ws, kind, name, description, tags, enabled, issuer, jwks_url,
                            audiences, client_id, client_secret, scopes, second_factor, create_accounts, link_by_email,
                            email_domains, required_claims, created_by, updated_by)
                        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $19)
                        RETURNING *
                        """)
                .execute(values(provider).addUUID(provider.updatedBy()))
                .map(rows -> all(rows).getFirst());
    }

    Future<IdentityProvider> update(SqlClient tx, IdentityProvider provider) {
        return tx.preparedQuery(
                        """
                        UPDATE users_identity_provider
                        SET kind = $3, name = $4, description = $5, tags = $6, enabled = $7, issuer = $8, jwks_url = $9,
                            audiences = $10, client_id = $11, client_secret = $12, scopes = $13, second_factor = $14,
                            create_accounts = $15, link_by_email = $16, email_domains = $17, required_claims = $18,
                            updated_by = $19, updated_at = now(), version = version + 1
                        WHERE id = $1 AND ws = $2
                        RETURNING *
                        """)
                .execute(values(provider).addUUID(provider.updatedBy()))
                .map(rows -> all(rows).getFirst());
    }

    private static Tuple values(IdentityProvider provider) {
        return Tuple.tuple()
                .addUUID(provider.id())
                .addInteger(provider.ws())
                .addString(provider.kind().word())
                .addString(provider.name())
                .addString(provider.description())
                .addArrayOfString(provider.tags().toArray(String[]::new))
                .addBoolean(provider.enabled())
                .addString(provider.issuer())
                .addString(provider.jwksUrl())
                .addArrayOfString(provider.audiences().toArray(String[]::new))
                .addString(provider.clientId())
                .addBuffer(provider.sealedSecret())
                .addArrayOfString(provider.scopes().toArray(String[]::new))
                .addArrayOfString(provider.secondFactor().toArray(String[]::new))
                .addBoolean(provider.createAccounts())
                .addBoolean(provider.linkByEmail())
                .addArrayOfString(provider.emailDomains().toArray(String[]::new))
                .addJsonArray(IdentityProvider.required(provider.requiredClaims()));
    }

    /** In place of those it had. Whether none of them is another provider's. */
    Future<Boolean> replaceAudiences(SqlClient tx, IdentityProvider provider) {
        return tx.preparedQuery("DELETE FROM users_provider_audience WHERE provider = $1")
                .execute(Tuple.of(provider.id()))
                .compose(done -> tx.preparedQuery(
                                """
                                INSERT INTO users_provider_audience (issuer, audience, provider)
                                SELECT $1, unnest($2::text[]), $3 ON CONFLICT DO NOTHING
                                """)
                        .execute(Tuple.tuple()
                                .addString(provider.issuer())
                                .addArrayOfString(provider.audiences().toArray(String[]::new))
                                .addUUID(provider.id())))
                .map(rows -> rows.rowCount() == provider.audiences().size());
    }

    Future<Void> delete(SqlClient tx, int ws, UUID id) {
        return tx.preparedQuery("DELETE FROM users_identity_provider WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(ws, id))
                .mapEmpty();
    }

    private static List<IdentityProvider> all(RowSet<Row> rows) {
        var providers = new ArrayList<IdentityProvider>();
        rows.forEach(row -> providers.add(provider(row)));
        return providers;
    }

    static IdentityProvider provider(Row row) {
        return new IdentityProvider(
                row.getUUID("id"),
                row.getInteger("ws"),
                IdentityProvider.Kind.valueOf(row.getString("kind").toUpperCase(Locale.ROOT)),
                row.getString("name"),
                row.getString("description"),
                List.of(row.getArrayOfStrings("tags")),
                row.getBoolean("enabled"),
                row.getString("issuer"),
                row.getString("jwks_url"),
                List.of(row.getArrayOfStrings("audiences")),
                row.getString("client_id"),
                row.getBuffer("client_secret"),
                List.of(row.getArrayOfStrings("scopes")),
                row.getJsonArray("required_claims").stream()
                        .map(JsonObject.class::cast)
                        .map(each -> new ForeignClaims.Required(each.getString("claim"), each.getString("value")))
                        .toList(),
                List.of(),
                List.of(row.getArrayOfStrings("second_factor")),
                row.getBoolean("create_accounts"),
                row.getBoolean("link_by_email"),
                List.of(row.getArrayOfStrings("email_domains")),
                row.getUUID("created_by"),
                row.getOffsetDateTime("created_at").toInstant(),
                row.getUUID("updated_by"),
                row.getOffsetDateTime("updated_at").toInstant(),
                row.getLong("version"));
    }
}
