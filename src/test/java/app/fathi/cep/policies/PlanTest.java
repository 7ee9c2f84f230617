package app.fathi.cep.policies;

import app.fathi.cep.HotStatements;
import org.junit.jupiter.api.Test;

class PlanTest {
    @Test
    void hot_statements_find_their_rows_by_index_without_any_statistics() {
        HotStatements.findTheirRowsByIndex(RingsStore.READ, RingsStore.WRITE, PoliciesStore.IN_FORCE);
    }
}
