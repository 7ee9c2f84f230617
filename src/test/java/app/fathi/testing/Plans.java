package app.fathi.testing;

import app.fathi.platform.db.Pools;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** How a hot pool plans a statement while all tables are empty and without statistics: the worst moment, and it is kept. */
public final class Plans {
    private Plans() {}

    public static List<String> onEmptyTables(String sql) {
        return onEmptyTables(List.of(sql)).get(sql);
    }

    /** By statement: one database for all of them. */
    public static Map<String, List<String>> onEmptyTables(Collection<String> statements) {
        try (var database = TestDatabase.create()) {
            var address = database.address();
            try (var connection = DriverManager.getConnection(
                            address.jdbcUrl() + "?preferQueryMode=simple", address.user(), address.password());
                    var statement = connection.createStatement()) {
                for (var setting : Pools.HOT.entrySet()) {
                    statement.execute("SET " + setting.getKey() + " = " + setting.getValue());
                }
                var plans = new HashMap<String, List<String>>();
                for (var sql : statements) {
                    var plan = plans.computeIfAbsent(sql, first -> new ArrayList<>());
                    try (var rows = statement.executeQuery("EXPLAIN (GENERIC_PLAN) " + sql)) {
                        while (rows.next()) {
                            plan.add(rows.getString(1));
                        }
                    }
                }
                return plans;
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
