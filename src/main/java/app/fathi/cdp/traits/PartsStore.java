package app.fathi.cdp.traits;

import app.fathi.cdp.PropertiesStore;
import app.fathi.cdp.traits.Computation.Outcome;
import app.fathi.cdp.traits.TraitDefinitions.Defined;
import io.vertx.core.Future;
import io.vertx.core.json.Json;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Cursor;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/** All SQL of the parts of which computed traits are made: read and written under the lock of the profile. */
final class PartsStore {
    private static final Instant YEAR_1 = Instant.parse("0001-01-01T00:00:00Z");
    private static final long DAY_SECONDS = 86_400;
    private static final int PAGE = 200;

    /**
     * A step of time.
     *
     * @param begin in seconds since 1970
     * @param day on which the events came; null for those that come in this transaction
     */
    record Place(int profileNo, Defined trait, long begin, Long day, UUID key) {}

    /** A trait of somebody. */
    record Theirs(int profileNo, Defined trait) {}

    static final String ADD =
            """
            INSERT INTO cdp_computed_part AS s
              (ws, profile_no, trait, begins, day, key, newest, events, total, low, high, at, message_id, value)
            SELECT $1, a.no, a.trait, a.begins, coalesce(a.day, present.day), a.key, a.newest, a.events, a.total::numeric, a.low, a.high,
                   a.at, a.message_id, a.value::jsonb
            FROM unnest($2::int[], $3::uuid[], $4::bigint[], $5::bigint[], $6::uuid[], $7::boolean[], $8::bigint[], $9::text[],
                        $10::float8[], $11::float8[], $12::bigint[], $13::text[], $14::text[])
              AS a (no, trait, begins, day, key, newest, events, total, low, high, at, message_id, value)
            CROSS JOIN (SELECT max(number) AS day FROM partition_period WHERE relation = 'cdp_event' AND begins_at <= now()) present
            ON CONFLICT (ws, profile_no, trait, begins, day, key) DO UPDATE SET
              events = s.events + excluded.events, total = s.total + excluded.total,
              low = least(s.low, excluded.low), high = greatest(s.high, excluded.high),
              at = CASE WHEN %1$s THEN excluded.at ELSE s.at END,
              message_id = CASE WHEN %1$s THEN excluded.message_id ELSE s.message_id END,
              value = CASE WHEN %1$s THEN excluded.value ELSE s.value END
            RETURNING profile_no, trait, begins, key, xmax = 0 AS is_new
            """
                    .formatted("((excluded.at, excluded.message_id) > (s.at, s.message_id)) = s.newest");

    /** Adds what further events come to. */
    Future<Void> add(SqlConnection tx, int ws, Map<Place, Part> parts) {
        if (parts.isEmpty()) {
            return Future.succeededFuture();
        }
        var places = List.copyOf(parts.keySet());
        var added = places.stream().map(parts::get).toList();
        return tx.preparedQuery(ADD)
                .execute(Tuple.from(new Object[] {
                    ws,
                    places.stream().map(Place::profileNo).toArray(Integer[]::new),
                    places.stream().map(one -> one.trait().id()).toArray(UUID[]::new),
                    places.stream().map(Place::begin).toArray(Long[]::new),
                    places.stream().map(Place::day).toArray(Long[]::new),
                    places.stream().map(Place::key).toArray(UUID[]::new),
                    places.stream().map(one -> one.trait().by().newest()).toArray(Boolean[]::new),
                    added.stream().map(Part::events).toArray(Long[]::new),
                    added.stream().map(one -> one.total().toPlainString()).toArray(String[]::new),
                    added.stream().map(one -> finite(one.low())).toArray(Double[]::new),
                    added.stream().map(one -> finite(one.high())).toArray(Double[]::new),
                    added.stream().map(Part::at).toArray(Long[]::new),
                    added.stream().map(Part::messageId).toArray(String[]::new),
                    added.stream()
                            .map(one -> one.value() == null ? null : Json.encode(one.value()))
                            .toArray(String[]::new)
                }))
                .compose(rows -> bound(tx, ws, grown(rows, places)));
    }

    private static Double finite(double number) {
        return Double.isFinite(number) ? (Double) number : null;
    }

    /** Steps in which there are more values than before. */
    private static Set<Place> grown(RowSet<Row> rows, List<Place> places) {
        var traits = new HashMap<UUID, Defined>();
        places.forEach(place -> traits.put(place.trait().id(), place.trait()));
        var grown = new LinkedHashSet<Place>();
        for (var row : rows) {
            var trait = traits.get(row.getUUID("trait"));
            if (row.getBoolean("is_new") && trait.by().valuesLimit() < Integer.MAX_VALUE) {
                grown.add(new Place(row.getInteger("profile_no"), trait, row.getLong("begins"), null, Part.NO_KEY));
            }
        }
        return grown;
    }

    /**
     * Of too many values those with the least keys stay: they have been there since they first came, so what is kept of them is all of it,
     * whatever came when.
     */
    private static Future<Void> bound(SqlConnection tx, int ws, Set<Place> places) {
        if (places.isEmpty()) {
            return Future.succeededFuture();
        }
        return tx.preparedQuery(
                        """
                        DELETE FROM cdp_computed_part p
                        USING unnest($2::int[], $3::uuid[], $4::bigint[], $5::int[]) AS a (no, trait, begins, most)
                        CROSS JOIN LATERAL (
                          SELECT DISTINCT key FROM cdp_computed_part k
                          WHERE k.ws = $1 AND k.profile_no = a.no AND k.trait = a.trait AND k.begins = a.begins
                          ORDER BY key OFFSET a.most) beyond
                        WHERE p.ws = $1 AND p.profile_no = a.no AND p.trait = a.trait AND p.begins = a.begins AND p.key = beyond.key
                        """)
                .execute(Tuple.of(
                        ws,
                        places.stream().map(Place::profileNo).toArray(Integer[]::new),
                        places.stream().map(one -> one.trait().id()).toArray(UUID[]::new),
                        places.stream().map(Place::begin).toArray(Long[]::new),
                        places.stream()
                                .map(one -> one.trait().by().valuesLimit())
                                .toArray(Integer[]::new)))
                .mapEmpty();
    }

    /** What no window reaches any more goes by the way. Of days whose events are gone nothing is read. */
    static final String WHOLE =
            """
            WITH asked AS MATERIALIZED (
              SELECT * FROM unnest($2::int[], $3::uuid[], $4::bigint[], $5::bigint[])
                WITH ORDINALITY AS a (no, trait, begins, ends, place)),
            kept AS MATERIALIZED (SELECT min(number) AS day FROM partition_period WHERE relation = 'cdp_event'),
            gone AS (
              DELETE FROM cdp_computed_part WHERE ctid = ANY (ARRAY (
                SELECT old.row FROM asked a CROSS JOIN LATERAL (
                  SELECT p.ctid AS row FROM cdp_computed_part p
                  WHERE p.ws = $1 AND p.profile_no = a.no AND p.trait = a.trait AND p.begins < a.begins OFFSET 0) old)))
            SELECT a.place, w.* FROM asked a
            CROSS JOIN LATERAL (
              SELECT g.events, g.total::text AS total, g.low, g.high, g.at, g.message_id, g.value,
                     min(g.earliest) OVER () AS earliest, min(g.coming) OVER () AS coming
              FROM (
                SELECT sum(p.events) FILTER (WHERE p.begins <= a.ends)::bigint AS events,
                       sum(p.total) FILTER (WHERE p.begins <= a.ends) AS total,
                       min(p.low) FILTER (WHERE p.begins <= a.ends) AS low, max(p.high) FILTER (WHERE p.begins <= a.ends) AS high,
                       max(p.at) FILTER (WHERE p.begins <= a.ends) AS at,
                       (array_agg(p.message_id ORDER BY p.at DESC, p.message_id DESC) FILTER (WHERE p.begins <= a.ends))[1] AS message_id,
                       CASE WHEN bool_and(p.newest)
                         THEN (array_agg(p.value ORDER BY p.at DESC, p.message_id DESC) FILTER (WHERE p.begins <= a.ends))[1]
                         ELSE (array_agg(p.value ORDER BY p.at, p.message_id) FILTER (WHERE p.begins <= a.ends))[1] END AS value,
                       min(p.begins) FILTER (WHERE p.begins <= a.ends) AS earliest, min(p.begins) FILTER (WHERE p.begins > a.ends) AS coming
                FROM cdp_computed_part p
                WHERE p.ws = $1 AND p.profile_no = a.no AND p.trait = a.trait AND p.begins >= a.begins
                  AND p.day + 0 >= (SELECT day FROM kept)
                GROUP BY p.key) g
              ORDER BY g.events DESC NULLS LAST, g.at DESC, g.message_id DESC LIMIT 1) w
            """;

    /** What they come to; without those of whom there is nothing. */
    Future<Map<Theirs, Outcome>> outcomes(SqlConnection tx, int ws, List<Theirs> asked, Instant now) {
        if (asked.isEmpty()) {
            return Future.succeededFuture(Map.of());
        }
        return tx.preparedQuery(WHOLE)
                .execute(Tuple.of(
                        ws,
                        asked.stream().map(Theirs::profileNo).toArray(Integer[]::new),
                        asked.stream().map(one -> one.trait().id()).toArray(UUID[]::new),
                        asked.stream().map(one -> one.trait().by().first(now)).toArray(Long[]::new),
                        asked.stream()
                                .map(one -> one.trait().by().step().begin(now))
                                .toArray(Long[]::new)))
                .map(rows -> {
                    var found = new HashMap<Theirs, Outcome>();
                    rows.forEach(row -> {
                        var one = asked.get((int) (row.getLong("place") - 1));
                        found.put(
                                one,
                                one.trait().by().outcome(part(row), row.getLong("earliest"), row.getLong("coming")));
                    });
                    return found;
                });
    }

    private static Part part(Row row) {
        return row.getLong("events") == null
                ? null
                : new Part(
                        Part.NO_KEY,
                        row.getLong("events"),
                        new BigDecimal(row.getString("total")),
                        row.getDouble("low") == null ? 0 : row.getDouble("low"),
                        row.getDouble("high") == null ? 0 : row.getDouble("high"),
                        row.getLong("at"),
                        row.getString("message_id"),
                        row.getValue("value"));
    }

    // ---- counted again ----

    /** Takes an event of somebody. */
    interface Taker {
        /** @param day on which it came */
        void take(int profileNo, Happening event, Long day);
    }

    /** Nothing comes before it happened, so no older partitions are looked into, but for one because of clocks. */
    static final String EVENTS =
            """
            SELECT asked.no AS profile_no, e.kind, e.name, e.at, e.message_id, e.period AS day, %s AS properties
            FROM unnest($2::int[]) AS asked (no)
            CROSS JOIN LATERAL (SELECT no FROM cdp_identity WHERE ws = $1 AND profile_no = asked.no OFFSET 0) i
            CROSS JOIN LATERAL (
              SELECT * FROM cdp_event n WHERE n.ws = $1 AND n.identity_no = i.no AND n.at >= $4 AND n.period >= $5 OFFSET 0) e
            WHERE e.kind || '/' || e.name = ANY ($3) OR e.kind = ANY ($3)
            """
                    .formatted(PropertiesStore.whole("(e.payload -> 'properties')", "$6::text[]"));

    /**
     * All events that these are computed of, in no order: of who did very much no more than a page is in memory.
     *
     * @param since seconds since 1970, nothing older is looked at; 0 for all
     */
    Future<Void> each(SqlConnection tx, int ws, Collection<Theirs> computed, long since, Taker taker) {
        return tx.prepare(EVENTS).compose(statement -> {
            var from = since == 0 ? YEAR_1 : Instant.ofEpochSecond(since);
            var cursor = statement.cursor(Tuple.of(
                    ws,
                    computed.stream().map(Theirs::profileNo).distinct().toArray(Integer[]::new),
                    computed.stream()
                            .map(one -> one.trait().by().event())
                            .distinct()
                            .toArray(String[]::new),
                    from.atOffset(ZoneOffset.UTC),
                    since == 0 ? 0 : since / DAY_SECONDS - 1,
                    computed.stream()
                            .flatMap(one -> one.trait().reads().stream())
                            .distinct()
                            .toArray(String[]::new)));
            return read(cursor, taker).eventually(() -> cursor.close()).eventually(() -> statement.close());
        });
    }

    private static Future<Void> read(Cursor cursor, Taker taker) {
        return cursor.read(PAGE).compose(rows -> {
            rows.forEach(row -> taker.take(
                    row.getInteger("profile_no"),
                    new Happening(
                            row.getString("kind"),
                            row.getString("name"),
                            row.getOffsetDateTime("at").toInstant(),
                            row.getString("message_id"),
                            row.getJson("properties") instanceof JsonObject json ? json : new JsonObject()),
                    row.getLong("day")));
            return cursor.hasMore() ? read(cursor, taker) : Future.succeededFuture();
        });
    }

    Future<Void> forget(SqlConnection tx, int ws, Collection<Theirs> theirs) {
        return tx.preparedQuery(
                        """
                        DELETE FROM cdp_computed_part p USING unnest($2::int[], $3::uuid[]) AS g (no, trait)
                        WHERE p.ws = $1 AND p.profile_no = g.no AND p.trait = g.trait
                        """)
                .execute(Tuple.of(
                        ws,
                        theirs.stream().map(Theirs::profileNo).toArray(Integer[]::new),
                        theirs.stream().map(one -> one.trait().id()).toArray(UUID[]::new)))
                .mapEmpty();
    }

    /** Of these people everything but that of these traits. */
    Future<Void> forgetOthers(SqlConnection tx, int ws, Collection<Integer> people, Collection<UUID> traits) {
        if (people.isEmpty()) {
            return Future.succeededFuture();
        }
        return tx.preparedQuery(
                        "DELETE FROM cdp_computed_part WHERE ws = $1 AND profile_no = ANY ($2) AND NOT trait = ANY ($3)")
                .execute(Tuple.of(ws, people.toArray(Integer[]::new), traits.toArray(UUID[]::new)))
                .mapEmpty();
    }
}
