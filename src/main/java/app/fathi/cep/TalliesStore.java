package app.fathi.cep;

import app.fathi.cep.message.Tally;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/** SQL of what became of many messages at once, straight from the ledger's counts: for those who send the same again and again. */
public final class TalliesStore {
    private TalliesStore() {}

    static final String OF_ALL =
            """
            SELECT r.id, r.state, r.planned, e.reason AS failure, s.keys, s.sums
            FROM cep_run r
            LEFT JOIN cep_expansion e ON e.run = r.run AND e.state = 'failed'
            LEFT JOIN LATERAL (
              SELECT array_agg(k.key) AS keys, array_agg(k.n) AS sums FROM (
                SELECT u.key, sum(u.n)::bigint AS n FROM cep_run_delta d, unnest(d.keys, d.sums) AS u (key, n)
                WHERE d.run = r.run GROUP BY u.key) k
            ) s ON true
            WHERE r.ws = $1 AND r.id = ANY ($2)
            """;

    /** By message; those that are not kept any more are left out. */
    public static Future<Map<UUID, Tally>> of(SqlClient client, int ws, Collection<UUID> messages) {
        return messages.isEmpty()
                ? Future.succeededFuture(Map.of())
                : client.preparedQuery(OF_ALL)
                        .execute(Tuple.of(ws, (Object) messages.toArray(UUID[]::new)))
                        .map(rows -> {
                            var tallies = new HashMap<UUID, Tally>();
                            for (var row : rows) {
                                tallies.put(
                                        row.getUUID("id"),
                                        Tally.of(
                                                row.getString("state"),
                                                row.getString("failure"),
                                                row.getInteger("planned"),
                                                row.getArrayOfShorts("keys"),
                                                row.getArrayOfLongs("sums")));
                            }
                            return tallies;
                        });
    }
}
