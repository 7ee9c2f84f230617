package app.fathi.segments;

import app.fathi.cdp.values.Instants;
import app.fathi.segments.LiveSegments.Series;
import app.fathi.segments.rules.Sum;
import app.fathi.segments.rules.Summed;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.SqlResult;
import io.vertx.sqlclient.Tuple;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** All SQL of what people's events come to: read and written under the locks of {@code segments_person}. */
final class SumsStore {
    /**
     * A step of time.
     *
     * @param begin in seconds since 1970
     * @param day on which the events came; null for those that come in this transaction
     */
    record Place(int profileNo, int atom, long begin, Long day) {}

    /** What a rule asks of a person. */
    record Question(int profileNo, Series series, Summed.Asked asked) {}

    /** Adds what further events come to. */
    Future<Void> add(SqlConnection tx, int ws, Map<Place, Sum> sums) {
        if (sums.isEmpty()) {
            return Future.succeededFuture();
        }
        var places = List.copyOf(sums.keySet());
        var added = places.stream().map(sums::get).toList();
        return tx.preparedQuery(
                        """
                        INSERT INTO segments_sum AS s (ws, atom, profile_no, begins, day, numbers, total, low, high, first)
                        SELECT $1, a.atom, a.no, a.begins, coalesce(a.day, present.day), a.numbers, a.total::numeric, a.low, a.high, a.first
                        FROM unnest($2::int[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::float8[], $9::float8[], $10::bigint[])
                          AS a (atom, no, begins, day, numbers, total, low, high, first)
                        CROSS JOIN (
                          SELECT max(number) AS day FROM partition_period WHERE relation = 'cdp_event' AND begins_at <= now()) present
                        ON CONFLICT (ws, atom, profile_no, begins, day) DO UPDATE SET
                          numbers = s.numbers + excluded.numbers, total = s.total + excluded.total, low = least(s.low, excluded.low),
                          high = greatest(s.high, excluded.high), first = least(s.first, excluded.first)
                        """)
                .execute(Tuple.from(new Object[] {
                    ws,
                    places.stream().map(Place::atom).toArray(Integer[]::new),
                    places.stream().map(Place::profileNo).toArray(Integer[]::new),
                    places.stream().map(Place::begin).toArray(Long[]::new),
                    places.stream().map(Place::day).toArray(Long[]::new),
                    added.stream().map(Sum::numbers).toArray(Long[]::new),
                    added.stream().map(one -> one.total().toPlainString()).toArray(String[]::new),
                    added.stream().map(one -> finite(one.low())).toArray(Double[]::new),
                    added.stream().map(one -> finite(one.high())).toArray(Double[]::new),
                    added.stream().map(one -> Instants.micros(one.first())).toArray(Long[]::new)
                }))
                .mapEmpty();
    }

    private static Double finite(double number) {
        return Double.isFinite(number) ? (Double) number : null;
    }

    /**
     * What no window reaches any more goes by the way. Of days whose events are gone nothing is read; by days nothing is looked up, which
     * is what the sum of a day and nothing says to the planner.
     */
    static final String SUMMED =
            """
            WITH asked AS MATERIALIZED (
              SELECT * FROM unnest($2::int[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[])
                WITH ORDINALITY AS a (no, atom, least, begins, ends, place)),
            kept AS MATERIALIZED (SELECT min(number) AS day FROM partition_period WHERE relation = 'cdp_event'),
            gone AS (
              DELETE FROM segments_sum WHERE ctid = ANY (ARRAY (
                SELECT old.row FROM (SELECT DISTINCT no, atom, least FROM asked) a CROSS JOIN LATERAL (
                  SELECT s.ctid AS row FROM segments_sum s
                  WHERE s.ws = $1 AND s.atom = a.atom AND s.profile_no = a.no AND s.begins < a.least OFFSET 0) old)))
            SELECT a.place, w.* FROM asked a
            CROSS JOIN LATERAL (
              SELECT (sum(s.numbers) FILTER (WHERE s.begins <= a.ends))::bigint AS numbers,
                     (sum(s.total) FILTER (WHERE s.begins <= a.ends))::text AS total,
                     min(s.low) FILTER (WHERE s.begins <= a.ends) AS low, max(s.high) FILTER (WHERE s.begins <= a.ends) AS high,
                     min(s.first) FILTER (WHERE s.begins <= a.ends) AS first,
                     min(s.begins) FILTER (WHERE s.begins <= a.ends) AS earliest, min(s.begins) FILTER (WHERE s.begins > a.ends) AS coming
              FROM segments_sum s
              WHERE s.ws = $1 AND s.atom = a.atom AND s.profile_no = a.no AND s.begins >= a.begins
                AND s.day + 0 >= (SELECT day FROM kept)) w
            WHERE w.earliest IS NOT NULL OR w.coming IS NOT NULL
            """;

    /** By person; without what nobody has done anything of. */
    Future<Map<Integer, Map<Summed.Asked, Summed>>> summed(
            SqlClient client, int ws, List<Question> questions, Instant now) {
        if (questions.isEmpty()) {
            return Future.succeededFuture(Map.of());
        }
        return client.preparedQuery(SUMMED)
                .execute(Tuple.of(
                        ws,
                        questions.stream().map(Question::profileNo).toArray(Integer[]::new),
                        questions.stream().map(one -> one.series().no()).toArray(Integer[]::new),
                        questions.stream().map(one -> one.series().begin(now)).toArray(Long[]::new),
                        questions.stream().map(one -> one.asked().begin(now)).toArray(Long[]::new),
                        questions.stream()
                                .map(one -> one.asked().step().begin(now))
                                .toArray(Long[]::new)))
                .map(rows -> {
                    var found = new HashMap<Integer, Map<Summed.Asked, Summed>>();
                    rows.forEach(row -> {
                        var question = questions.get((int) (row.getLong("place") - 1));
                        found.computeIfAbsent(question.profileNo(), no -> new HashMap<>())
                                .put(question.asked(), summed(row, question.asked()));
                    });
                    return found;
                });
    }

    private static Summed summed(Row row, Summed.Asked asked) {
        var earliest = row.getLong("earliest");
        var sum = earliest == null
                ? Sum.NOTHING
                : new Sum(
                        row.getLong("numbers"),
                        new BigDecimal(row.getString("total")),
                        row.getDouble("low") == null ? Sum.NOTHING.low() : row.getDouble("low"),
                        row.getDouble("high") == null ? Sum.NOTHING.high() : row.getDouble("high"),
                        Instant.EPOCH.plus(row.getLong("first"), ChronoUnit.MICROS));
        return Summed.of(sum, earliest, row.getLong("coming"), asked.behaviour());
    }

    /** @param atoms of which nothing is kept any more */
    Future<Void> forget(SqlConnection tx, int ws, Collection<Integer> people, Collection<Integer> atoms) {
        if (atoms.isEmpty()) {
            return Future.succeededFuture();
        }
        return tx.preparedQuery("DELETE FROM segments_sum WHERE ws = $1 AND profile_no = ANY ($2) AND atom = ANY ($3)")
                .execute(Tuple.of(ws, people.toArray(Integer[]::new), atoms.toArray(Integer[]::new)))
                .mapEmpty();
    }

    /** Of these people; how many rows are gone. */
    Future<Integer> erase(SqlConnection tx, int ws, Collection<Integer> people) {
        return tx.preparedQuery(
                        """
                        DELETE FROM segments_sum WHERE ws = $1 AND profile_no = ANY ($2)
                          AND atom = ANY (ARRAY (SELECT no FROM segments_atom WHERE ws = $1))
                        """)
                .execute(Tuple.of(ws, (Object) people.toArray(Integer[]::new)))
                .map(SqlResult::rowCount);
    }

    // ---- what is kept no more ----

    /** The first day of which a workspace that keeps events for so many days has any. */
    Future<Long> firstKept(SqlClient client, int days) {
        return number(
                client, "SELECT floor(extract(epoch FROM now() - make_interval(days => $1)) / 86400)::bigint", days);
    }

    /** The first day of which there are events. */
    Future<Long> firstKept(SqlClient client) {
        return number(client, "SELECT coalesce(min(number), 0) FROM partition_period WHERE relation = 'cdp_event'");
    }

    private static Future<Long> number(SqlClient client, String sql, Object... values) {
        return client.preparedQuery(sql)
                .execute(Tuple.from(values))
                .map(rows -> rows.iterator().next().getLong(0));
    }

    /** A workspace in which something is kept of earlier days. */
    Future<Optional<Integer>> withDaysBefore(SqlClient client, long day) {
        return client.preparedQuery(
                        """
                        SELECT ws FROM segments_workspace w
                        WHERE EXISTS (SELECT FROM segments_sum s WHERE s.ws = w.ws AND s.day < $1) ORDER BY ws LIMIT 1
                        """)
                .execute(Tuple.of(day))
                .map(rows -> rows.stream().map(row -> row.getInteger("ws")).findFirst());
    }

    /** Of whom something is kept of earlier days, some of them. */
    Future<List<Integer>> whose(SqlClient client, int ws, long day, int most) {
        return client.preparedQuery(
                        """
                        SELECT DISTINCT profile_no FROM (
                          SELECT profile_no FROM segments_sum WHERE ws = $1 AND day < $2 ORDER BY day LIMIT $3) few
                        """)
                .execute(Tuple.of(ws, day, most))
                .map(rows ->
                        rows.stream().map(row -> row.getInteger("profile_no")).toList());
    }

    Future<Integer> forgetBefore(SqlConnection tx, int ws, Collection<Integer> people, long day) {
        return tx.preparedQuery("DELETE FROM segments_sum WHERE ws = $1 AND day < $2 AND profile_no = ANY ($3)")
                .execute(Tuple.of(ws, day, people.toArray(Integer[]::new)))
                .map(SqlResult::rowCount);
    }

    /** Those in which anything is summed up. */
    Future<List<Integer>> workspaces(SqlClient client) {
        return client.query("SELECT DISTINCT ws FROM segments_atom WHERE key LIKE '{%' ORDER BY ws")
                .execute()
                .map(rows -> rows.stream().map(row -> row.getInteger("ws")).toList());
    }

    /**
     * Numbers of what is summed up and has another key than these; none where the workspace has another number of dynamic segments.
     */
    Future<List<Integer>> unasked(SqlClient client, int ws, Collection<String> keys, int segments) {
        return client.preparedQuery(
                        """
                        SELECT no FROM segments_atom WHERE ws = $1 AND key LIKE '{%' AND NOT key = ANY ($2)
                          AND $3 = (SELECT count(*) FROM segments_segment WHERE ws = $1 AND no IS NOT NULL)
                        """)
                .execute(Tuple.of(ws, keys.toArray(String[]::new), segments))
                .map(rows -> rows.stream().map(row -> row.getInteger("no")).toList());
    }

    Future<Integer> drop(SqlConnection tx, int ws, Collection<Integer> atoms, int most) {
        return tx.preparedQuery(
                        """
                        DELETE FROM segments_sum WHERE ctid = ANY (ARRAY (
                          SELECT ctid FROM segments_sum WHERE ws = $1 AND atom = ANY ($2) LIMIT $3))
                        """)
                .execute(Tuple.of(ws, atoms.toArray(Integer[]::new), most))
                .map(SqlResult::rowCount);
    }

    /** A rule that asks for it again gets another number. */
    Future<Void> unnumber(SqlConnection tx, int ws, Collection<Integer> atoms) {
        return tx.preparedQuery("DELETE FROM segments_atom WHERE ws = $1 AND no = ANY ($2)")
                .execute(Tuple.of(ws, (Object) atoms.toArray(Integer[]::new)))
                .mapEmpty();
    }
}
