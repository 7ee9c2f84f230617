package app.fathi.platform.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.db.Pools;
import app.fathi.testing.TestDatabase;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** A plan is made once and kept, often while the tables are still empty: it must be right for full ones. */
class PlanTest {
    private static TestDatabase database;
    private static Connection connection;

    @BeforeAll
    static void open() throws SQLException {
        database = TestDatabase.create();
        var address = database.address();
        connection = DriverManager.getConnection(
                address.jdbcUrl() + "?preferQueryMode=simple", address.user(), address.password());
        // As in the pools that run them.
        for (var setting : Pools.HOT.entrySet()) {
            try (var statement = connection.createStatement()) {
                statement.execute("SET " + setting.getKey() + " = " + setting.getValue());
            }
        }
    }

    @AfterAll
    static void close() throws SQLException {
        connection.close();
        database.close();
    }

    private static Map<String, String> hot() {
        var hot = new LinkedHashMap<String, String>();
        hot.put("enqueue", JobsStore.ENQUEUE);
        hot.put("hold", JobsStore.HOLD);
        hot.put("adopt", JobsStore.ADOPT);
        hot.put("ready", ClaimsStore.READY);
        hot.put("claim", ClaimsStore.CLAIM);
        hot.put("renew", ResultsStore.RENEW);
        hot.put("progress", ResultsStore.PROGRESS);
        hot.put("end", ResultsStore.END);
        hot.put("fold", ChildrenStore.FOLD);
        hot.put("wake", ChildrenStore.WAKE);
        hot.put("cancel", ChildrenStore.CANCEL);
        return hot;
    }

    @TestFactory
    Stream<DynamicTest> jobs_and_shares_are_found_by_index_without_any_statistics() {
        return hot().entrySet().stream()
                .map(entry -> DynamicTest.dynamicTest(entry.getKey(), () -> assertThat(plan(entry.getValue()))
                        .noneMatch(line -> line.contains("Seq Scan on jobs") || line.contains("Seq Scan on job_share"))
                        .noneMatch(line -> line.contains("Hash Join") || line.contains("Merge Join"))));
    }

    @Test
    void looking_for_work_reads_the_index_of_due_jobs_alone() throws SQLException {
        assertThat(plan(ClaimsStore.READY))
                .filteredOn(line -> line.contains(" on jobs"))
                .hasSize(3)
                .allMatch(line -> line.contains("Index Only Scan using jobs_due"));
    }

    @Test
    void taking_work_reads_the_due_jobs_of_one_workspace_in_order() throws SQLException {
        var plan = plan(ClaimsStore.CLAIM);
        assertThat(plan).anyMatch(line -> line.contains("Index Scan using jobs_due"));
        assertThat(plan).noneMatch(line -> line.contains("Sort Key: jobs.due_at"));
    }

    private static List<String> plan(String sql) throws SQLException {
        var plan = new ArrayList<String>();
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery("EXPLAIN (GENERIC_PLAN) " + sql)) {
            while (rows.next()) {
                plan.add(rows.getString(1));
            }
        }
        return plan;
    }
}
