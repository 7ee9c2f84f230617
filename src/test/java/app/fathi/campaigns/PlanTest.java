package app.fathi.campaigns;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.Plans;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Of a triggered campaign there may be a million runs, and as many people: nothing walks through them. */
class PlanTest {
    static final List<String> HOT = List.of(
            EntriesStore.CLAIM,
            EntriesStore.ENTER,
            EntriesStore.RESTING,
            EntriesStore.PAGE,
            EntriesStore.UNITE,
            EntriesStore.FORGET_ENTRIES,
            GoalsStore.RECORD);

    @ParameterizedTest
    @FieldSource("HOT")
    void rows_of_entries_are_found_by_index_without_any_statistics(String sql) {
        var plan = Plans.onEmptyTables(sql);
        assertThat(plan)
                .noneMatch(line -> line.contains("Seq Scan on campaigns_entr") || line.contains("Seq Scan on cep_"))
                .noneMatch(line -> line.contains("Hash Join") || line.contains("Merge Join"));
    }
}
