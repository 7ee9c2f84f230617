package app.fathi.cep.ledger;

import app.fathi.cep.HotStatements;
import org.junit.jupiter.api.Test;

class PlanTest {
    @Test
    void hot_statements_find_their_rows_by_index_without_any_statistics() {
        HotStatements.findTheirRowsByIndex(
                LedgerStore.ROWS,
                LedgerStore.CLAIMED,
                LedgerStore.REST,
                LedgerStore.END_ROWS,
                LedgerStore.DELIVERIES,
                LedgerStore.FILTERED_DELIVERIES,
                LedgerStore.MISSED,
                LedgerStore.WRITE_REPORTS,
                LedgerStore.WRITE_INTENTS,
                LedgerStore.WRITE_RULED_INTENTS,
                LedgerStore.WRITE_SCORED_INTENTS,
                LedgerStore.ROWS_OF,
                LedgerStore.WRITE_RESULTS,
                LedgerStore.ROWS_OF_CHUNK,
                LedgerStore.CLAIMED_OF_CHUNK,
                LedgerStore.REST_OF_CHUNK,
                LedgerStore.END_ROWS_OF_CHUNK);
    }
}
