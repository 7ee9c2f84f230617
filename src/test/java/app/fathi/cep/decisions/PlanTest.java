package app.fathi.cep.decisions;

import app.fathi.cep.HotStatements;
import org.junit.jupiter.api.Test;

class PlanTest {
    @Test
    void hot_statements_find_their_rows_by_index_without_any_statistics() {
        HotStatements.findTheirRowsByIndex(DecisionsStore.OF_PERSON, DecisionsStore.OF_MESSAGE);
    }
}
