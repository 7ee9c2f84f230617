package app.fathi.cdp.traits;

import app.fathi.cdp.PropertiesStore;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** All SQL of what people's events come to. */
final class ComputedValuesStore {
    /**
     * What is kept of one person.
     *
     * @param traits name → [value, microseconds when it changed, microseconds when time may change it]
     */
    record Kept(int profileNo, JsonObject traits, Instant due) {}

    private static final Instant YEAR_1 = Instant.parse("0001-01-01T00:00:00Z");
    private static final long DAY_SECONDS = 86_400;

    /** A person whose moment has come. */
    record Due(int ws, int profileNo) {}

    /**
     * The newest events of each id, and of these the ones that have the names: so a person with very many costs as much as one with
     * many. Nothing comes before it happened, so no older partitions are looked into, but for one because of clocks.
     */
    static final String EVENTS =
            """
            SELECT asked.no AS profile_no, e.kind, e.name, e.at, e.message_id,
                   CASE WHEN e.kind || '/' || e.name = ANY ($4) OR e.kind = ANY ($4) THEN %s END AS properties
            FROM (SELECT no, array_agg(name) AS names FROM unnest($2::int[], $3::text[]) AS p (no, name) GROUP BY no) asked
            CROSS JOIN LATERAL (SELECT no FROM cdp_identity WHERE ws = $1 AND profile_no = asked.no OFFSET 0) i
            CROSS JOIN LATERAL (
              SELECT * FROM cdp_event n WHERE n.ws = $1 AND n.identity_no = i.no AND n.at >= $5 AND n.period >= $7
              ORDER BY n.at DESC LIMIT $6) e
            WHERE e.kind || '/' || e.name = ANY (asked.names) OR e.kind = ANY (asked.names)
            """
                    .formatted(PropertiesStore.members("(e.payload -> 'properties')", "$8::text[]"));

    /**
     * @param names keys of events, by person
     * @param read those of them whose properties are read
     * @param properties which of these
     * @param since nothing older is looked at; null for all
     * @param most so many events of each id are looked at, the newest
     */
    Future<Map<Integer, List<Happening>>> events(
            SqlConnection tx,
            int ws,
            Map<Integer, Set<String>> names,
            Set<String> read,
            Set<String> properties,
            Instant since,
            int most) {
        var nos = new ArrayList<Integer>();
        var wanted = new ArrayList<String>();
        names.forEach((no, theirs) -> theirs.forEach(name -> {
            nos.add(no);
            wanted.add(name);
        }));
        if (nos.isEmpty()) {
            return Future.succeededFuture(Map.of());
        }
        return tx.preparedQuery(EVENTS)
                .execute(Tuple.from(new Object[] {
                    ws,
                    nos.toArray(Integer[]::new),
                    wanted.toArray(String[]::new),
                    read.toArray(String[]::new),
                    utc(since == null ? YEAR_1 : since),
                    most,
                    since == null ? 0L : since.getEpochSecond() / DAY_SECONDS - 1,
                    properties.toArray(String[]::new)
                }))
                .map(rows -> {
                    var found = new HashMap<Integer, List<Happening>>();
                    rows.forEach(row -> found.computeIfAbsent(row.getInteger("profile_no"), no -> new ArrayList<>())
                            .add(new Happening(
                                    row.getString("kind"),
                                    row.getString("name"),
                                    row.getOffsetDateTime("at").toInstant(),
                                    row.getString("message_id"),
                                    row.getJson("properties") instanceof JsonObject json ? json : new JsonObject())));
                    found.values().forEach(events -> events.sort(Happening.ORDER));
                    return found;
                });
    }

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
