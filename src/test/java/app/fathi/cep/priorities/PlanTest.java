package app.fathi.cep.priorities;

import app.fathi.cep.HotStatements;
import org.junit.jupiter.api.Test;

class PlanTest {
    /** What waits since a restore is a row or two. */
    private static final String NO_HOLD =
            "AND NOT EXISTS (SELECT FROM cep_hold h WHERE cep_run_order(r.run) <= h.last_run)";

    @Test
    void hot_statements_find_their_rows_by_index_without_any_statistics() {
        HotStatements.findTheirRowsByIndex(
                RivalsStore.DUE.replace(NO_HOLD, ""), RivalsStore.UNFOUND.replace(NO_HOLD, ""));
    }
}
