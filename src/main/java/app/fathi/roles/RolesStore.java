package app.fathi.roles;

import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** All SQL over {@code roles_role}, {@code roles_assignment} and {@code roles_mapping}. */
final class RolesStore {

    Future<List<String>> rolesOf(SqlClient client, int ws, UUID account) {
        return client.preparedQuery("SELECT role FROM roles_assignment WHERE ws = $1 AND account = $2 ORDER BY role")
                .execute(Tuple.of(ws, account))
                .map(rows -> {
                    var roles = new ArrayList<String>();
                    rows.forEach(row -> roles.add(row.getString("role")));
                    return roles;
                });
    }

    Future<Void> assign(SqlClient tx, int ws, UUID account, String role) {
        return tx.preparedQuery(
                        """
                        INSERT INTO roles_assignment (ws, account, role) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
                        """)
                .execute(Tuple.of(ws, account, role))
                .mapEmpty();
    }

    Future<Map<UUID, List<String>>> rolesOf(SqlClient client, int ws, Collection<UUID> accounts) {
        return client.preparedQuery(
                        """
                        SELECT account, array_agg(role ORDER BY role) AS roles
                        FROM roles_assignment WHERE ws = $1 AND account = ANY($2) GROUP BY account
                        """)
                .execute(Tuple.tuple().addInteger(ws).addArrayOfUUID(accounts.toArray(UUID[]::new)))
                .map(rows -> {
                    var roles = new HashMap<UUID, List<String>>();
                    rows.forEach(row -> roles.put(row.getUUID("account"), List.of(row.getArrayOfStrings("roles"))));
                    return roles;
                });
    }

    Future<List<UUID>> holders(SqlClient client, int ws, String role) {
        return client.preparedQuery("SELECT account FROM roles_assignment WHERE ws = $1 AND role = $2")
                .execute(Tuple.of(ws, role))
                .map(rows -> {
                    var holders = new ArrayList<UUID>();
                    rows.forEach(row -> holders.add(row.getUUID("account")));
                    return holders;
                });
    }

    /** What stays is not touched. */
    Future<Void> replace(SqlClient tx, int ws, UUID account, Collection<String> roles) {
        var names = roles.toArray(String[]::new);
        return tx.preparedQuery("DELETE FROM roles_assignment WHERE ws = $1 AND account = $2 AND role <> ALL($3)")
                .execute(Tuple.tuple().addInteger(ws).addUUID(account).addArrayOfString(names))
                .compose(done -> tx.preparedQuery(
                                """
                                INSERT INTO roles_assignment (ws, account, role)
                                SELECT $1, $2, unnest($3::text[]) ON CONFLICT DO NOTHING
                                """)
                        .execute(Tuple.tuple().addInteger(ws).addUUID(account).addArrayOfString(names)))
                .mapEmpty();
    }

    /** Whoever changes roles of the workspace waits for whoever does: parents must not become a circle in two halves. */
    Future<Void> lock(SqlClient tx, int ws) {
        return tx.preparedQuery("SELECT pg_advisory_xact_lock(hashtextextended('roles.' || $1::int, 0))")
                .execute(Tuple.of(ws))
                .mapEmpty();
    }

    /** All that the workspace has made, by name: there are few. */
    Future<List<Role>> made(SqlClient client, int ws) {
        return client.preparedQuery("SELECT * FROM roles_role WHERE ws = $1 ORDER BY name")
                .execute(Tuple.of(ws))
                .map(RolesStore::all);
    }

    Future<Role> insert(SqlClient tx, int ws, Role role) {
        return tx.preparedQuery(
                        """
                        INSERT INTO roles_role (id, ws, name, description, tags, permissions, parents, created_by, updated_by)
                        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
                        RETURNING *
                        """)
                .execute(Tuple.tuple()
                        .addUUID(role.id())
                        .addInteger(ws)
                        .addString(role.name())
                        .addString(role.description())
                        .addArrayOfString(role.tags().toArray(String[]::new))
                        .addArrayOfString(role.permissions().toArray(String[]::new))
                        .addArrayOfString(role.parents().toArray(String[]::new))
                        .addUUID(role.createdBy()))
                .map(rows -> all(rows).getFirst());
    }

    /** Empty when it has another version. */
    Future<Optional<Role>> update(SqlClient tx, int ws, Role role) {
        return tx.preparedQuery(
                        """
                        UPDATE roles_role
                        SET name = $4, description = $5, tags = $6, permissions = $7, parents = $8, updated_by = $9,
                            updated_at = now(), version = version + 1
                        WHERE ws = $1 AND id = $2 AND version = $3
                        RETURNING *
                        """)
                .execute(Tuple.tuple()
                        .addInteger(ws)
                        .addUUID(role.id())
                        .addLong(role.version())
                        .addString(role.name())
                        .addString(role.description())
                        .addArrayOfString(role.tags().toArray(String[]::new))
                        .addArrayOfString(role.permissions().toArray(String[]::new))
                        .addArrayOfString(role.parents().toArray(String[]::new))
                        .addUUID(role.updatedBy()))
                .map(rows -> all(rows).stream().findFirst());
    }

    /** Who holds it, what gives it, and whose parent it is, know it by its new name. */
    Future<Void> rename(SqlClient tx, int ws, String from, String to) {
        return tx.preparedQuery("UPDATE roles_assignment SET role = $3 WHERE ws = $1 AND role = $2")
                .execute(Tuple.of(ws, from, to))
                .compose(done -> tx.preparedQuery(
                                """
                                UPDATE roles_role SET parents = array_replace(parents, $2, $3), version = version + 1
                                WHERE ws = $1 AND $2 = ANY(parents)
                                """)
                        .execute(Tuple.of(ws, from, to)))
                .compose(done -> tx.preparedQuery("UPDATE roles_mapping SET role = $3 WHERE ws = $1 AND role = $2")
                        .execute(Tuple.of(ws, from, to)))
                .mapEmpty();
    }

    /** Whether it was there in this version. */
    Future<Boolean> delete(SqlClient tx, int ws, UUID id, long version) {
        return tx.preparedQuery("DELETE FROM roles_role WHERE ws = $1 AND id = $2 AND version = $3")
                .execute(Tuple.of(ws, id, version))
                .map(rows -> rows.rowCount() == 1);
    }

    /** What somebody was given of a role that has gone in the same moment: nobody gets a new one by an old name. */
    Future<Void> forget(SqlClient tx, int ws, String role) {
        return tx.preparedQuery("DELETE FROM roles_assignment WHERE ws = $1 AND role = $2")
                .execute(Tuple.of(ws, role))
                .compose(done -> tx.preparedQuery("DELETE FROM roles_mapping WHERE ws = $1 AND role = $2")
                        .execute(Tuple.of(ws, role)))
                .mapEmpty();
    }

    /** The names of some who hold it, for a message. */
    Future<List<String>> holderNames(SqlClient client, int ws, String role, int limit) {
        return client.preparedQuery(
                        """
                        SELECT u.name FROM roles_assignment a JOIN users_account u ON u.id = a.account
                        WHERE a.ws = $1 AND a.role = $2
                        ORDER BY u.name
                        LIMIT $3
                        """)
                .execute(Tuple.of(ws, role, limit))
                .map(rows -> {
                    var names = new ArrayList<String>();
                    rows.forEach(row -> names.add(row.getString("name")));
                    return names;
                });
    }

    /** The names of some identity providers that give it, for a message. */
    Future<List<String>> providerNames(SqlClient client, int ws, String role, int limit) {
        return client.preparedQuery(
                        """
                        SELECT DISTINCT p.name FROM roles_mapping r JOIN users_identity_provider p ON p.id = r.provider
                        WHERE r.ws = $1 AND r.role = $2
                        ORDER BY p.name
                        LIMIT $3
                        """)
                .execute(Tuple.of(ws, role, limit))
                .map(rows -> {
                    var names = new ArrayList<String>();
                    rows.forEach(row -> names.add(row.getString("name")));
                    return names;
                });
    }

    Future<Map<UUID, List<RoleMapping>>> mappings(SqlClient client, Collection<UUID> providers) {
        return client.preparedQuery(
                        """
                        SELECT provider, claim, value, role FROM roles_mapping WHERE provider = ANY($1) ORDER BY provider, no
                        """)
                .execute(Tuple.tuple().addArrayOfUUID(providers.toArray(UUID[]::new)))
                .map(rows -> {
                    var mappings = new HashMap<UUID, List<RoleMapping>>();
                    rows.forEach(row -> mappings.computeIfAbsent(row.getUUID("provider"), id -> new ArrayList<>())
                            .add(new RoleMapping(
                                    row.getString("claim"), row.getString("value"), row.getString("role"))));
                    return mappings;
                });
    }

    Future<Void> replaceMappings(SqlClient tx, int ws, UUID provider, List<RoleMapping> mappings) {
        return tx.preparedQuery("DELETE FROM roles_mapping WHERE provider = $1")
                .execute(Tuple.of(provider))
                .compose(done -> tx.preparedQuery(
                                """
                                INSERT INTO roles_mapping (provider, no, ws, claim, value, role)
                                SELECT $1, no, $2, claim, value, role
                                FROM unnest($3::text[], $4::text[], $5::text[]) WITH ORDINALITY
                                     AS given (claim, value, role, no)
                                """)
                        .execute(Tuple.tuple()
                                .addUUID(provider)
                                .addInteger(ws)
                                .addArrayOfString(mappings.stream()
                                        .map(RoleMapping::claim)
                                        .toArray(String[]::new))
                                .addArrayOfString(mappings.stream()
                                        .map(RoleMapping::value)
                                        .toArray(String[]::new))
                                .addArrayOfString(
                                        mappings.stream().map(RoleMapping::role).toArray(String[]::new))))
                .mapEmpty();
    }

    private static List<Role> all(RowSet<Row> rows) {
        var roles = new ArrayList<Role>();
        for (var row : rows) {
            roles.add(new Role(
                    row.getUUID("id"),
                    row.getString("name"),
                    row.getString("description"),
                    List.of(row.getArrayOfStrings("tags")),
                    List.of(row.getArrayOfStrings("permissions")),
                    List.of(row.getArrayOfStrings("parents")),
                    row.getUUID("created_by"),
                    row.getOffsetDateTime("created_at").toInstant(),
                    row.getUUID("updated_by"),
                    row.getOffsetDateTime("updated_at").toInstant(),
                    row.getLong("version")));
        }
        return roles;
    }
}
