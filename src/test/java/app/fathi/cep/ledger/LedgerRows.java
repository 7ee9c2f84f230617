package app.fathi.cep.ledger;

import app.fathi.cep.runs.Run;
import io.vertx.sqlclient.SqlClient;
import java.util.List;

/** Rows of the ledger, as tests of other parts write them. */
public final class LedgerRows {
    private LedgerRows() {}

    /** As a sender that is about to post them. */
    public static void intend(SqlClient client, Run run, long token, List<LedgerRow> rows) {
        LedgerStore.writeIntents(client, run, token, rows).await();
    }
}
