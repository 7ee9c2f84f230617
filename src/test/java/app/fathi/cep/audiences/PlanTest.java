package app.fathi.cep.audiences;

import app.fathi.cep.HotStatements;
import org.junit.jupiter.api.Test;

class PlanTest {
    @Test
    void hot_statements_find_their_rows_by_index_without_any_statistics() {
        HotStatements.findTheirRowsByIndex(ExpansionsStore.OF_RUNS, ExpansionsStore.OPEN_CHUNKS, ExpansionsStore.END);
    }
}
