package app.fathi.cep.policies;

import app.fathi.cep.policies.Ring.Sent;
import app.fathi.platform.db.Transactions;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import java.util.List;

/** Policies, and what people got lately, as tests of other parts put them down and look at them. */
public final class PolicyRows {
    private PolicyRows() {}

    /** The document as the next version; whoever has asked this book already knows at once. */
    public static void layDown(Transactions transactions, PolicyBook book, int ws, int version, JsonObject document) {
        Policies.of(document);
        transactions
                .run(tx -> PoliciesStore.insert(tx, ws, version, document, null))
                .await()
                .orElseThrow();
        book.forget(ws);
    }

    /** The {@code ring} of somebody who got these messages. */
    public static byte[] ring(long... runs) {
        var ring = Ring.EMPTY;
        for (var run : runs) {
            ring = ring.with(new Sent(1_700_000_000 + run, run, 1, 0), List.of());
        }
        return ring.octets();
    }

    /** What a row's {@code ring} holds. */
    public static List<Sent> sent(Row row) {
        return Ring.of(row.getBuffer("ring").getBytes()).sent();
    }
}
