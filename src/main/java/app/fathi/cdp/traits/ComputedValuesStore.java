package app.fathi.cdp.traits;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** All SQL of what people's events come to. */
final class ComputedValuesStore {
    /**
     * What is kept of one person.
     *
     * @param traits name → [value, microseconds when it changed, microseconds when time may change it, by which definition]
     */
    record Kept(int profileNo, JsonObject traits, Instant due) {}

    /** A person whose moment has come. */
    record Due(int ws, int profileNo) {}

    Future<Map<Integer, Kept>> kept(SqlClient client, int ws, Collection<Integer> people) {
        return client.preparedQuery(
                        "SELECT profile_no, traits, due FROM cdp_computed_value WHERE ws = $1 AND profile_no = ANY ($2)")
                .execute(Tuple.of(ws, (Object) people.toArray(Integer[]::new)))
                .map(rows -> {
                    var found = new HashMap<Integer, Kept>();
                    rows.forEach(row -> found.put(
                            row.getInteger("profile_no"),
                            new Kept(
                                    row.getInteger("profile_no"),
                                    row.getJsonObject("traits"),
                                    row.getOffsetDateTime("due") == null
                                            ? null
                                            : row.getOffsetDateTime("due").toInstant())));
                    return found;
                });
    }

    /** The moment of whoever is computed now: later than all of those for whom this one waited. */
    Future<Instant> now(SqlClient client) {
        return client.query("SELECT clock_timestamp() AS now")
                .execute()
                .map(rows -> rows.iterator().next().getOffsetDateTime("now").toInstant());
    }

    /** Of whom nothing is left the row goes. */
    Future<Void> keep(SqlConnection tx, int ws, Collection<Kept> changed) {
        var some = changed.stream().filter(one -> !one.traits().isEmpty()).toList();
        var gone = changed.stream()
                .filter(one -> one.traits().isEmpty())
                .map(Kept::profileNo)
                .toArray(Integer[]::new);
        Future<?> written = some.isEmpty()
                ? Future.succeededFuture()
                : tx.preparedQuery(
                                """
                                INSERT INTO cdp_computed_value (ws, profile_no, traits, due)
                                SELECT $1, c.no, c.traits::jsonb, c.due FROM unnest($2::int[], $3::text[], $4::timestamptz[]) AS c (no, traits, due)
                                ON CONFLICT (ws, profile_no) DO UPDATE SET traits = excluded.traits, due = excluded.due
                                """)
                        .execute(Tuple.of(
                                ws,
                                some.stream().map(Kept::profileNo).toArray(Integer[]::new),
                                some.stream().map(one -> one.traits().encode()).toArray(String[]::new),
                                some.stream().map(one -> utc(one.due())).toArray(OffsetDateTime[]::new)));
        return written.compose(done -> gone.length == 0
                        ? Future.succeededFuture()
                        : tx.preparedQuery("DELETE FROM cdp_computed_value WHERE ws = $1 AND profile_no = ANY ($2)")
                                .execute(Tuple.of(ws, (Object) gone)))
                .mapEmpty();
    }

    // ---- time ----

    static final String DUE =
            "SELECT ws, profile_no FROM cdp_computed_value WHERE due <= coalesce($1, now()) ORDER BY due LIMIT $2";

    /** @param now null for the database's own clock */
    Future<List<Due>> due(SqlClient client, Instant now, int limit) {
        return client.preparedQuery(DUE).execute(Tuple.of(utc(now), limit)).map(rows -> rows.stream()
                .map(row -> new Due(row.getInteger("ws"), row.getInteger("profile_no")))
                .toList());
    }

    /** How long until somebody is due; empty where nobody ever is. */
    Future<Optional<Long>> millisToNext(SqlClient client) {
        return client.query(
                        """
                        SELECT ceil(extract(epoch FROM min(due) - now()) * 1000)::bigint AS millis
                        FROM (SELECT due FROM cdp_computed_value WHERE due IS NOT NULL ORDER BY due LIMIT 1) next
                        """)
                .execute()
                .map(rows -> Optional.ofNullable(rows.iterator().next().getLong("millis")));
    }

    /** These people, who could not be computed, are due again in a minute. */
    Future<Void> putOff(SqlClient client, int ws, Collection<Integer> people) {
        return client.preparedQuery(
                        """
                        UPDATE cdp_computed_value SET due = now() + interval '1 minute'
                        WHERE ws = $1 AND profile_no = ANY ($2) AND due <= now()
                        """)
                .execute(Tuple.of(ws, (Object) people.toArray(Integer[]::new)))
                .mapEmpty();
    }

    private static OffsetDateTime utc(Instant instant) {
        return instant == null ? null : instant.atOffset(ZoneOffset.UTC);
    }
}
