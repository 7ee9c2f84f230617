package app.fathi.cep.runs;

import app.fathi.cep.HotStatements;
import org.junit.jupiter.api.Test;

class PlanTest {
    @Test
    void hot_statements_find_their_rows_by_index_without_any_statistics() {
        HotStatements.findTheirRowsByIndex(
                RunsStore.PAGE,
                RunCountsStore.SUMS_OF_ALL,
                ChunksStore.WAKE,
                RunCountsStore.SUMS,
                RunCountsStore.FOLD,
                ChunksStore.FINISH,
                DedupeStore.TAKEN,
                DedupeStore.PUT,
                DedupeStore.UNITE,
                UnitedStore.GOT,
                SeriesStore.ADD,
                SeriesStore.FOLD,
                SeriesStore.SUMS,
                SeriesStore.WAKE);
    }
}
