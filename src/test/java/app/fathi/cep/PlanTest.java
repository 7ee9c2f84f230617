package app.fathi.cep;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.TestDatabase;
import java.sql.DriverManager;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** A plan is made once and kept, often while a new week's partition is still empty: it must be right for a full one. */
class PlanTest {
    static final List<String> HOT = List.of(
            LedgerStore.ROWS,
            LedgerStore.CLAIMED,
            LedgerStore.REST,
            LedgerStore.END_ROWS,
            LedgerStore.DELIVERIES,
            LedgerStore.WRITE_REPORTS,
            LedgerStore.WRITE_INTENTS,
            LedgerStore.WRITE_RESULTS,
            RunsStore.SUMS,
            RunsStore.FOLD,
            RunsStore.FINISH_CHUNK);

    @ParameterizedTest
    @FieldSource("HOT")
    void hot_statements_find_their_rows_by_index_without_any_statistics(String sql) throws Exception {
        var plan = new ArrayList<String>();
        try (var database = TestDatabase.create()) {
            var address = database.address();
            try (var connection = DriverManager.getConnection(
                            address.jdbcUrl() + "?preferQueryMode=simple", address.user(), address.password());
                    var statement = connection.createStatement();
                    var rows = statement.executeQuery("EXPLAIN (GENERIC_PLAN) " + sql)) {
                while (rows.next()) {
                    plan.add(rows.getString(1));
                }
            }
        }
        assertThat(plan).noneMatch(line -> line.contains("Seq Scan on cep_"));
        // A hash or merge join would walk through a whole run, a million rows, for a few of them.
        assertThat(plan).noneMatch(line -> line.contains("Hash Join") || line.contains("Merge Join"));
    }
}
