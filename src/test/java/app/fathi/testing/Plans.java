package app.fathi.testing;

import app.fathi.platform.db.Pools;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** How a hot pool plans a statement while all tables are empty and without statistics: the worst moment, and it is kept. */
public final class Plans {
    private Plans() {}

    public static List<String> onEmptyTables(String sql) {
        try (var database = TestDatabase.create()) {
            var address = database.address();
            try (var connection = DriverManager.getConnection(
                            address.jdbcUrl() + "?preferQueryMode=simple", address.user(), address.password());
                    var statement = connection.createStatement()) {
                for (var setting : Pools.HOT.entrySet()) {
                    statement.execute("SET " + setting.getKey() + " = " + setting.getValue());
                }
                var plan = new ArrayList<String>();
                try (var rows = statement.executeQuery("EXPLAIN (GENERIC_PLAN) " + sql)) {
                    while (rows.next()) {
                        plan.add(rows.getString(1));
                    }
                }
                return plan;
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
