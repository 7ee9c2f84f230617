package app.fathi.cdp;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** People with the given traits, put down as the deriver does. */
public final class TraitRows {
    private TraitRows() {}

    /** Their numbers are 1, 2, 3 and so on. */
    public static Future<Void> put(SqlConnection tx, int ws, List<JsonObject> people) {
        var seen = Instant.parse("2026-01-01T00:00:00Z").atOffset(ZoneOffset.UTC);
        var rows = new ArrayList<Tuple>();
        var changes = new ArrayList<TraitsStore.Change>();
        for (int i = 0; i < people.size(); i++) {
            rows.add(Tuple.of(ws, i + 1, UUID.randomUUID(), people.get(i), seen));
            changes.add(new TraitsStore.Change(i + 1, new JsonObject(), people.get(i)));
        }
        return tx.preparedQuery(
                        """
                        INSERT INTO cdp_profile (ws, profile_no, id, traits, first_seen_at, last_seen_at)
                        VALUES ($1, $2, $3, $4, $5, $5)
                        """)
                .executeBatch(rows)
                .compose(done -> new TraitsStore().tell(tx, ws, changes));
    }
}
