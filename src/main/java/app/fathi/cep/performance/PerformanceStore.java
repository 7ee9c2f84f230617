package app.fathi.cep.performance;

import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** SQL over the ledger and the events that tells what people did after it was decided whether they get a message. */
final class PerformanceStore {
    private PerformanceStore() {}

    /** Reasons of whom chance had left out: {@code holdout} of one message, {@code global_holdout} of all. */
    static final short HOLDOUT = 25;

    static final short GLOBAL_HOLDOUT = 26;

    /** Reasons of what is decided before anybody is held out, so that nobody of them is in the control: they are on neither side. */
    static final List<Short> BEFORE =
            List.of((short) 20, (short) 21, (short) 22, (short) 24, (short) 28, (short) 37, (short) 39, (short) 40);

    static Future<Boolean> exists(SqlClient client, int ws, UUID message) {
        return client.preparedQuery("SELECT FROM cep_run WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(ws, message))
                .map(rows -> rows.size() > 0);
    }

    static final String MESSAGES =
            """
            SELECT run FROM cep_run
            WHERE ws = $1 AND created_at >= $2 AND created_at < $3 AND ($4::text IS NULL OR tag = $4) AND ($5::uuid IS NULL OR id = $5)
              AND purpose <> 'transactional'
            ORDER BY created_at DESC LIMIT $6
            """;

    /**
     * The newest first.
     *
     * @param tag null for any
     * @param message null for all
     */
    static Future<List<Long>> messages(
            SqlClient client, int ws, Instant from, Instant to, String tag, UUID message, int most) {
        return client.preparedQuery(MESSAGES)
                .execute(Tuple.of(ws, from.atOffset(ZoneOffset.UTC), to.atOffset(ZoneOffset.UTC), tag, message, most))
                .map(PerformanceStore::runs);
    }

    private static List<Long> runs(Iterable<Row> rows) {
        var runs = new ArrayList<Long>();
        rows.forEach(row -> runs.add(row.getLong("run")));
        return runs;
    }

    /**
     * Both sides.
     *
     * @param waiting people of whom it cannot be said yet, as their time is not over
     */
    record Sides(Share messaged, Share control, long waiting) {}

    /**
     * A person counts once, by the first of the messages; on which side, that one says, too. Events are read once, of the days on which they may have come:
     * of each person they would be looked for in each day's own index.
     */
    static final String SIDES =
            """
            WITH decided AS (
              SELECT m.profile_no, m.created_at AS at, coalesce(m.reason = ANY ($3), false) AS held
              FROM unnest($2::bigint[]) AS picked (run)
              CROSS JOIN LATERAL (
                SELECT profile_no, created_at, reason FROM cep_message
                WHERE run = picked.run AND step = 0 AND rank = 0 AND state >= 2 AND reason <> ALL ($4)
                  -- What waited for a blackout to end, and then was too late; and what was never looked at before it was.
                  AND NOT (reason = 30 AND factors IS NOT NULL AND get_byte(factors, 0) = 4)
                  AND NOT (reason = 66 AND attempts = 0)) m
            ), people AS MATERIALIZED (
              SELECT DISTINCT ON (a.actor) a.actor, d.at, d.held, d.at + $6 * interval '1 second' AS ends
              FROM decided d JOIN cep_actor a ON a.ws = $1 AND a.profile_no = d.profile_no
              ORDER BY a.actor, d.at
            ), over AS MATERIALIZED (SELECT * FROM people WHERE ends <= now()
            ), days AS (
              SELECT min(at) AS begins, max(ends) AS ends,
                     (SELECT max(number) FROM partition_period WHERE relation = 'cdp_event' AND begins_at <= min(at) - interval '1 day') AS period
              FROM over
            ), did AS (
              SELECT DISTINCT o.actor
              FROM cep_event e JOIN over o ON o.actor = e.profile_no AND e.at >= o.at AND e.at < o.ends
              WHERE e.ws = $1 AND e.name = $5 AND e.period >= coalesce((SELECT period FROM days), 0)
                AND e.at >= (SELECT begins FROM days) AND e.at < (SELECT ends FROM days)
            )
            SELECT count(*) FILTER (WHERE NOT o.held) AS messaged, count(d.actor) FILTER (WHERE NOT o.held) AS messaged_did,
                   count(*) FILTER (WHERE o.held) AS control, count(d.actor) FILTER (WHERE o.held) AS control_did,
                   (SELECT count(*) FROM people) - count(*) AS waiting
            FROM over o LEFT JOIN did d ON d.actor = o.actor
            """;

    /** @param control reasons of who is in the control */
    static Future<Sides> sides(
            SqlClient client, int ws, List<Long> runs, List<Short> control, String event, Duration within) {
        return client.preparedQuery(SIDES)
                .execute(Tuple.of(
                        ws,
                        runs.toArray(Long[]::new),
                        control.toArray(Short[]::new),
                        BEFORE.toArray(Short[]::new),
                        event,
                        within.toSeconds()))
                .map(rows -> {
                    var row = rows.iterator().next();
                    return new Sides(
                            new Share(row.getLong("messaged"), row.getLong("messaged_did")),
                            new Share(row.getLong("control"), row.getLong("control_did")),
                            row.getLong("waiting"));
                });
    }

    /** The number of a message of which all is over for a day, so that whoever clicks has clicked; empty before. */
    static Future<Optional<Long>> over(SqlClient client, int ws, UUID message) {
        return client.preparedQuery(
                        "SELECT run FROM cep_run WHERE ws = $1 AND id = $2 AND finished_at < now() - interval '1 day'")
                .execute(Tuple.of(ws, message))
                .map(rows -> runs(rows).stream().findFirst());
    }

    /** Whether somebody clicked within a day. */
    record Clicked(int profileNo, boolean clicked) {}

    static final String CLICKS =
            """
            SELECT profile_no, coalesce(bool_or(clicked_at < accepted_at + interval '1 day'), false) AS clicked
            FROM cep_message
            WHERE run = $1 AND step = 0 AND profile_no > $2 AND reason <> ALL ($3)
            GROUP BY profile_no ORDER BY profile_no LIMIT $4
            """;

    /** People of a message, in order, but those who were out before it was decided at which hour. */
    static Future<List<Clicked>> clicks(SqlClient client, long run, int after, int most) {
        var out = new ArrayList<>(BEFORE);
        out.add(HOLDOUT);
        out.add(GLOBAL_HOLDOUT);
        return client.preparedQuery(CLICKS)
                .execute(Tuple.of(run, after, out.toArray(Short[]::new), most))
                .map(rows -> rows.stream()
                        .map(row -> new Clicked(row.getInteger("profile_no"), row.getBoolean("clicked")))
                        .toList());
    }
}
