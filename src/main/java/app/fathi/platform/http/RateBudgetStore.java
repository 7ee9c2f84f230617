package app.fathi.platform.http;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** All SQL over {@code rate_budget}, which nodes share where there are several. */
final class RateBudgetStore {
    private RateBudgetStore() {}

    /** @param key which budget */
    record Wanted(Buffer key, TokenBucket.Ask ask) {}

    /** @param left in the budget, below 0 while nodes owe it something */
    record Lease(double granted, double left) {}

    /** Known rows are locked in the order of their keys, so that nodes do not wait for each other in a circle. */
    private static final String LEASE =
            """
            WITH asked AS (
                SELECT * FROM unnest($1::bytea[], $2::int[], $3::float8[], $4::float8[]) AS a (key, quota, want, owed)
            ), known AS (
                SELECT b.key, b.tokens, b.at FROM rate_budget b WHERE b.key = ANY ($1) ORDER BY b.key FOR UPDATE
            ), present AS (
                SELECT a.key, a.quota, a.want, a.owed, t.at,
                       least(a.quota * $5::float8,
                             coalesce(k.tokens + greatest(0, extract(epoch FROM t.at - k.at)) * a.quota * $5 / 60,
                                      a.quota * $5)) - a.owed AS tokens
                FROM asked a
                LEFT JOIN known k ON k.key = a.key
                CROSS JOIN LATERAL (SELECT clock_timestamp() AS at WHERE a.key IS NOT NULL) t
            )
            INSERT INTO rate_budget AS b (key, quota, tokens, taken, at)
            SELECT key, quota, tokens - greatest(0, least(want, tokens)), owed + greatest(0, least(want, tokens)), at
            FROM present ORDER BY key
            ON CONFLICT (key) DO UPDATE SET
                quota = EXCLUDED.quota,
                tokens = greatest(-EXCLUDED.quota, least(EXCLUDED.quota * $5,
                             b.tokens + greatest(0, extract(epoch FROM EXCLUDED.at - b.at)) * EXCLUDED.quota * $5 / 60)
                         - EXCLUDED.taken),
                taken = EXCLUDED.taken,
                at = greatest(b.at, EXCLUDED.at)
            RETURNING key, tokens, taken
            """;

    /** Each gets what it wants as far as it is there. Keys are distinct. */
    static Future<Map<Buffer, Lease>> lease(SqlClient client, List<Wanted> wanted) {
        var owed = new HashMap<Buffer, Double>();
        wanted.forEach(each -> owed.put(each.key, each.ask.owed()));
        return client.preparedQuery(LEASE)
                .execute(Tuple.of(
                        wanted.stream().map(Wanted::key).toArray(Buffer[]::new),
                        wanted.stream().map(each -> each.ask.quota()).toArray(Integer[]::new),
                        wanted.stream().map(each -> each.ask.want()).toArray(Double[]::new),
                        wanted.stream().map(each -> each.ask.owed()).toArray(Double[]::new),
                        1 - TokenBucket.OWN))
                .map(rows -> {
                    var leases = new HashMap<Buffer, Lease>();
                    rows.forEach(row -> {
                        var key = row.getBuffer("key");
                        leases.put(key, new Lease(row.getDouble("taken") - owed.get(key), row.getDouble("tokens")));
                    });
                    return leases;
                });
    }

    /** A budget that nobody asked for so long is full, as one without a row. */
    static Future<Void> forgetFull(SqlClient client) {
        return client.query("DELETE FROM rate_budget WHERE at < now() - interval '5 minutes'")
                .execute()
                .mapEmpty();
    }
}
