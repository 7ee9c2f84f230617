package app.fathi.roles;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
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
}
