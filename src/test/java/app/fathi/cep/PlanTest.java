package app.fathi.cep;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.Plans;
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
            LedgerStore.FILTERED_DELIVERIES,
            LedgerStore.MISSED,
            RunsStore.PAGE,
            RunsStore.SUMS_OF_ALL,
            LedgerStore.WRITE_REPORTS,
            LedgerStore.WRITE_INTENTS,
            LedgerStore.WRITE_RULED_INTENTS,
            LedgerStore.WRITE_SCORED_INTENTS,
            LedgerStore.ROWS_OF,
            RingsStore.READ,
            RingsStore.WRITE,
            PoliciesStore.IN_FORCE,
            DecisionsStore.OF_PERSON,
            DecisionsStore.OF_MESSAGE,
            LedgerStore.WRITE_RESULTS,
            LedgerStore.ROWS_OF_CHUNK,
            LedgerStore.CLAIMED_OF_CHUNK,
            LedgerStore.REST_OF_CHUNK,
            LedgerStore.END_ROWS_OF_CHUNK,
            DedupeStore.TAKEN,
            DedupeStore.PUT,
            DedupeStore.UNITE,
            UnitedStore.GOT,
            RunsStore.WAKE,
            RunsStore.SUMS,
            RunsStore.FOLD,
            RunsStore.FINISH_CHUNK,
            SeriesStore.ADD,
            SeriesStore.FOLD,
            SeriesStore.SUMS,
            SeriesStore.WAKE,
            ExpansionsStore.OF_RUNS,
            ExpansionsStore.OPEN_CHUNKS,
            ExpansionsStore.END);

    /** What waits since a restore is a row or two. */
    private static final String NO_HOLD =
            "AND NOT EXISTS (SELECT FROM cep_hold h WHERE cep_run_order(r.run) <= h.last_run)";

    static final List<String> RIVALS =
            List.of(RivalsStore.DUE.replace(NO_HOLD, ""), RivalsStore.UNFOUND.replace(NO_HOLD, ""));

    @ParameterizedTest
    @FieldSource({"HOT", "RIVALS"})
    void hot_statements_find_their_rows_by_index_without_any_statistics(String sql) {
        var plan = Plans.onEmptyTables(sql);
        assertThat(plan).noneMatch(line -> line.contains("Seq Scan on cep_"));
        // A hash or merge join would walk through a whole run, a million rows, for a few of them.
        assertThat(plan).noneMatch(line -> line.contains("Hash Join") || line.contains("Merge Join"));
    }
}
