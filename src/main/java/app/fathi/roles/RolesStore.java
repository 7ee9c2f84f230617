package app.fathi.roles;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** All SQL over {@code roles_assignment}. */
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
}
