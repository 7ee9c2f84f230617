package app.fathi.segments;

import app.fathi.platform.stream.StreamRecord;
import app.fathi.segments.LiveSegments.Numbered;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.SqlResult;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;

/** All SQL of who is in dynamic segments: people's own rows, what is counted of them, and the rules' versions. */
final class MembershipStore {
    /**
     * Where somebody belongs.
     *
     * @param members numbers of segments, ascending
     * @param due when time alone could change that; null for never
     */
    record Person(int no, int[] members, Instant due) {}

    /** What somebody did when, of one behaviour. */
    record Moments(int profileNo, int atom, long[] micros) {}

    /** What of somebody is counted of one behaviour. */
    record Counted(int profileNo, int atom) {
        Moments with(Map<Integer, Map<Integer, long[]>> moments) {
            return new Moments(profileNo, atom, moments.get(profileNo).get(atom));
        }
    }

    /** A person whose moment has come. */
    record Due(int ws, int profileNo) {}

    // ---- rules ----

    /**
     * Until the transaction ends nobody changes the workspace's rules: who asks people by them holds this, who changes them
     * ({@link SegmentsStore#lockAll}) waits for all of those. So when the change has committed, everybody goes by it.
     */
    Future<Void> holdRules(SqlConnection tx, int ws) {
        return tx.preparedQuery("SELECT pg_advisory_xact_lock_shared(hashtextextended('segments_segment', $1))")
                .execute(Tuple.of((long) ws))
                .mapEmpty();
    }

    /** Empty for a workspace that never had a dynamic segment. */
    Future<Optional<Long>> version(SqlClient client, int ws) {
        return client.preparedQuery("SELECT version FROM segments_workspace WHERE ws = $1")
                .execute(Tuple.of(ws))
                .map(rows -> rows.stream().map(row -> row.getLong("version")).findFirst());
    }

    Future<Map<String, Numbered>> atoms(SqlClient client, int ws) {
        return client.preparedQuery("SELECT no, key, keep FROM segments_atom WHERE ws = $1")
                .execute(Tuple.of(ws))
                .map(rows -> {
                    var atoms = new HashMap<String, Numbered>();
                    rows.forEach(row -> atoms.put(
                            row.getString("key"), new Numbered(row.getInteger("no"), row.getInteger("keep"))));
                    return atoms;
                });
    }

    /** Gives numbers to behaviours that have none, and room to those that need more. Under {@link SegmentsStore#lockAll}. */
    Future<Void> number(SqlConnection tx, int ws, Map<String, Integer> keepByKey) {
        if (keepByKey.isEmpty()) {
            return Future.succeededFuture();
        }
        var ordered = new TreeMap<>(keepByKey);
        var keys = ordered.keySet().toArray(String[]::new);
        var keeps = ordered.values().toArray(Integer[]::new);
        return tx.preparedQuery(
                        """
                        UPDATE segments_atom a SET keep = w.keep FROM unnest($2::text[], $3::int[]) AS w (key, keep)
                        WHERE a.ws = $1 AND md5(a.key) = md5(w.key) AND a.keep < w.keep
                        """)
                .execute(Tuple.of(ws, keys, keeps))
                .compose(done -> tx.preparedQuery(
                                """
                                WITH fresh AS (
                                  SELECT w.key, w.keep, row_number() OVER (ORDER BY w.key)::int AS place
                                  FROM unnest($2::text[], $3::int[]) AS w (key, keep)
                                  WHERE NOT EXISTS (SELECT FROM segments_atom a WHERE a.ws = $1 AND md5(a.key) = md5(w.key))),
                                taken AS (
                                  UPDATE segments_workspace SET next_atom = next_atom + (SELECT count(*) FROM fresh)
                                  WHERE ws = $1 RETURNING next_atom - (SELECT count(*) FROM fresh) AS first)
                                INSERT INTO segments_atom (ws, no, key, keep)
                                SELECT $1, taken.first + fresh.place - 1, fresh.key, fresh.keep FROM fresh, taken
                                """)
                        .execute(Tuple.of(ws, keys, keeps)))
                .mapEmpty();
    }

    // ---- people ----

    static final String STRANGERS =
            """
            SELECT no AS profile_no FROM unnest($2::int[]) AS no
            WHERE NOT EXISTS (SELECT FROM segments_person p WHERE p.ws = $1 AND p.profile_no = no)
            """;

    /** Those of these people who have no row. */
    Future<Set<Integer>> strangers(SqlConnection tx, int ws, Collection<Integer> people) {
        return tx.preparedQuery(STRANGERS)
                .execute(Tuple.of(ws, (Object) numbers(people)))
                .map(MembershipStore::numbersOf);
    }

    /** Gives these people a row; which of them had none. Nothing in a workspace that never had a dynamic segment. */
    Future<Set<Integer>> enter(SqlConnection tx, int ws, Collection<Integer> people) {
        if (people.isEmpty()) {
            return Future.succeededFuture(Set.of());
        }
        return tx.preparedQuery(
                        """
                        INSERT INTO segments_person (ws, profile_no) SELECT $1, no FROM unnest($2::int[]) AS no
                        WHERE EXISTS (SELECT FROM segments_workspace WHERE ws = $1) ORDER BY no
                        ON CONFLICT DO NOTHING RETURNING profile_no
                        """)
                .execute(Tuple.of(ws, (Object) numbers(people)))
                .map(MembershipStore::numbersOf);
    }

    /** In ascending order, as everybody locks them. */
    Future<List<Person>> lock(SqlConnection tx, int ws, Collection<Integer> people) {
        return tx.preparedQuery(
                        """
                        SELECT profile_no, members, due FROM segments_person
                        WHERE ws = $1 AND profile_no = ANY ($2) ORDER BY profile_no FOR UPDATE
                        """)
                .execute(Tuple.of(ws, (Object) numbers(people)))
                .map(rows -> rows.stream().map(MembershipStore::person).toList());
    }

    Future<Void> update(SqlConnection tx, int ws, Collection<Person> people) {
        if (people.isEmpty()) {
            return Future.succeededFuture();
        }
        return tx.preparedQuery(
                        """
                        UPDATE segments_person p SET members = c.members::int[], due = c.due
                        FROM unnest($2::int[], $3::text[], $4::timestamptz[]) AS c (no, members, due)
                        WHERE p.ws = $1 AND p.profile_no = c.no
                        """)
                .execute(Tuple.of(
                        ws,
                        people.stream().map(Person::no).toArray(Integer[]::new),
                        people.stream().map(one -> array(one.members())).toArray(String[]::new),
                        people.stream().map(one -> utc(one.due())).toArray(OffsetDateTime[]::new)))
                .mapEmpty();
    }

    /** The moment at which whoever is asked now is asked: later than all at which somebody was whom this one waited for. */
    Future<Instant> now(SqlClient client) {
        return client.query("SELECT clock_timestamp() AS now")
                .execute()
                .map(rows -> rows.iterator().next().getOffsetDateTime("now").toInstant());
    }

    // ---- what is counted ----

    static final String MOMENTS =
            """
            SELECT asked.no AS profile_no, asked.atom, m.moments
            FROM unnest($2::int[], $3::int[]) AS asked (no, atom)
            CROSS JOIN LATERAL (
              SELECT moments FROM segments_moments WHERE ws = $1 AND profile_no = asked.no AND atom = asked.atom LIMIT 1) m
            """;

    /** By person and behaviour; only what is asked for: of most people much more is counted than one event concerns. */
    Future<Map<Integer, Map<Integer, long[]>>> moments(SqlClient client, int ws, Collection<Counted> counted) {
        return client.preparedQuery(MOMENTS)
                .execute(Tuple.of(
                        ws,
                        counted.stream().map(Counted::profileNo).toArray(Integer[]::new),
                        counted.stream().map(Counted::atom).toArray(Integer[]::new)))
                .map(rows -> {
                    var found = new HashMap<Integer, Map<Integer, long[]>>();
                    rows.forEach(row -> found.computeIfAbsent(row.getInteger("profile_no"), no -> new HashMap<>())
                            .put(
                                    row.getInteger("atom"),
                                    Arrays.stream(row.getArrayOfLongs("moments"))
                                            .mapToLong(Long::longValue)
                                            .toArray()));
                    return found;
                });
    }

    Future<Void> keep(SqlConnection tx, int ws, Collection<Moments> changed) {
        if (changed.isEmpty()) {
            return Future.succeededFuture();
        }
        return tx.preparedQuery(
                        """
                        INSERT INTO segments_moments (ws, profile_no, atom, moments)
                        SELECT $1, c.no, c.atom, c.moments::bigint[] FROM unnest($2::int[], $3::int[], $4::text[]) AS c (no, atom, moments)
                        ON CONFLICT (ws, profile_no, atom) DO UPDATE SET moments = excluded.moments
                        """)
                .execute(Tuple.of(
                        ws,
                        changed.stream().map(Moments::profileNo).toArray(Integer[]::new),
                        changed.stream().map(Moments::atom).toArray(Integer[]::new),
                        changed.stream().map(one -> array(one.micros())).toArray(String[]::new)))
                .mapEmpty();
    }

    /** @param atoms of which nothing is kept any more */
    Future<Void> forget(SqlConnection tx, int ws, Collection<Integer> people, Collection<Integer> atoms) {
        return tx.preparedQuery(
                        "DELETE FROM segments_moments WHERE ws = $1 AND profile_no = ANY ($2) AND atom = ANY ($3)")
                .execute(Tuple.of(ws, numbers(people), numbers(atoms)))
                .mapEmpty();
    }

    /**
     * What is gone of people.
     *
     * @param moves where bitmaps have to look again
     */
    record Erased(int people, int moments, List<StreamRecord> moves) {}

    Future<Erased> erase(SqlConnection tx, int ws, Collection<Integer> people) {
        return tx.preparedQuery(
                        """
                        WITH gone AS (
                          DELETE FROM segments_person WHERE ws = $1 AND profile_no = ANY ($2) RETURNING profile_no, members)
                        SELECT g.profile_no, s.id, m.no, clock_timestamp() AS at
                        FROM gone g LEFT JOIN LATERAL unnest(g.members) AS m (no) ON true
                        LEFT JOIN segments_segment s ON s.ws = $1 AND s.no = m.no
                        """)
                .execute(Tuple.of(ws, (Object) numbers(people)))
                .compose(gone -> tx.preparedQuery(
                                "DELETE FROM segments_moments WHERE ws = $1 AND profile_no = ANY ($2)")
                        .execute(Tuple.of(ws, (Object) numbers(people)))
                        .map(moments -> new Erased(
                                numbersOf(gone).size(),
                                moments.rowCount(),
                                gone.stream()
                                        .filter(row -> row.getInteger("no") != null)
                                        .map(row -> MembershipFacts.fact(
                                                ws,
                                                MembershipFacts.COUNTED,
                                                row.getUUID("id") == null ? LiveSegments.NO_ID : row.getUUID("id"),
                                                row.getInteger("no"),
                                                row.getInteger("profile_no"),
                                                row.getOffsetDateTime("at").toInstant()))
                                        .toList())));
    }

    // ---- time ----

    static final String DUE =
            "SELECT ws, profile_no FROM segments_person WHERE due <= coalesce($1, now()) ORDER BY due LIMIT $2";

    /** @param now null for the database's own clock */
    Future<List<Due>> due(SqlClient client, Instant now, int limit) {
        return client.preparedQuery(DUE).execute(Tuple.of(utc(now), limit)).map(rows -> rows.stream()
                .map(row -> new Due(row.getInteger("ws"), row.getInteger("profile_no")))
                .toList());
    }

    /** How long until somebody is due, or is to be woken; empty where nobody ever is. */
    Future<Optional<Long>> millisToNext(SqlClient client) {
        return client.query(
                        """
                        SELECT CASE WHEN EXISTS (SELECT FROM segments_group) THEN 0
                               ELSE ceil(extract(epoch FROM min(due) - now()) * 1000)::bigint END AS millis
                        FROM (SELECT due FROM segments_person WHERE due IS NOT NULL ORDER BY due LIMIT 1) next
                        """)
                .execute()
                .map(rows -> Optional.ofNullable(rows.iterator().next().getLong("millis")));
    }

    /** These people, who could not be asked, are due again in a minute. */
    Future<Void> putOff(SqlClient client, int ws, Collection<Integer> people) {
        return client.preparedQuery(
                        """
                        UPDATE segments_person SET due = now() + interval '1 minute'
                        WHERE ws = $1 AND profile_no = ANY ($2) AND due <= now()
                        """)
                .execute(Tuple.of(ws, (Object) numbers(people)))
                .mapEmpty();
    }

    /**
     * These people are asked again as soon as may be, those whom nobody knows yet as well; how many. Nobody in a workspace that
     * never had a dynamic segment.
     */
    Future<Integer> wake(SqlClient tx, int ws, Collection<Integer> people) {
        return tx.preparedQuery(
                        """
                        INSERT INTO segments_person AS p (ws, profile_no, due)
                        SELECT $1, no, now() FROM unnest($2::int[]) AS no
                        WHERE EXISTS (SELECT FROM segments_workspace WHERE ws = $1) ORDER BY no
                        ON CONFLICT (ws, profile_no) DO UPDATE SET due = least(p.due, excluded.due)
                        """)
                .execute(Tuple.of(ws, (Object) numbers(people)))
                .map(SqlResult::rowCount);
    }

    /** Who is reached by these subscriptions. */
    Future<Set<Integer>> holders(SqlClient client, int ws, Collection<UUID> subscriptions) {
        return client.preparedQuery("SELECT DISTINCT profile_no FROM segments_address WHERE ws = $1 AND id = ANY ($2)")
                .execute(Tuple.of(ws, (Object) subscriptions.toArray(UUID[]::new)))
                .map(MembershipStore::numbersOf);
    }

    private static Set<Integer> numbersOf(RowSet<Row> rows) {
        var numbers = new HashSet<Integer>();
        rows.forEach(row -> numbers.add(row.getInteger("profile_no")));
        return numbers;
    }

    private static Person person(Row row) {
        var due = row.getOffsetDateTime("due");
        return new Person(
                row.getInteger("profile_no"),
                Arrays.stream(row.getArrayOfIntegers("members"))
                        .mapToInt(Integer::intValue)
                        .toArray(),
                due == null ? null : due.toInstant());
    }

    private static Integer[] numbers(Collection<Integer> numbers) {
        return numbers.stream().distinct().sorted().toArray(Integer[]::new);
    }

    private static String array(int[] numbers) {
        var text = Arrays.toString(numbers);
        return "{" + text.substring(1, text.length() - 1) + "}";
    }

    private static String array(long[] numbers) {
        var text = Arrays.toString(numbers);
        return "{" + text.substring(1, text.length() - 1) + "}";
    }

    private static OffsetDateTime utc(Instant instant) {
        return instant == null ? null : instant.atOffset(ZoneOffset.UTC);
    }
}
