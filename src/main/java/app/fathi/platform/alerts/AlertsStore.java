package app.fathi.platform.alerts;

import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/** All SQL over {@code alert}. */
final class AlertsStore {
    private AlertsStore() {}

    /** A thing about which nothing was heard for so long is a new one when it comes back. */
    private static final String QUIET = "interval '1 day'";

    private static final String RAISE =
            """
            INSERT INTO alert AS a (ws, kind, object, text, times)
            SELECT * FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::bigint[])
            ON CONFLICT (ws, kind, object) DO UPDATE SET
                text = excluded.text,
                times = excluded.times + CASE WHEN a.last_at < now() - %1$s THEN 0 ELSE a.times END,
                first_at = CASE WHEN a.last_at < now() - %1$s THEN now() ELSE a.first_at END,
                told_times = CASE WHEN a.last_at < now() - %1$s THEN 0 ELSE a.told_times END,
                told_at = CASE WHEN a.last_at < now() - %1$s THEN NULL ELSE a.told_at END,
                last_at = now()
            RETURNING ws, kind, object, first_at = now() AS fresh
            """
                    .formatted(QUIET);

    private record Name(int ws, String kind, String object) {
        static Name of(Alert alert) {
            return new Name(alert.ws(), alert.kind().word(), alert.object());
        }
    }

    /** In ascending order of their names, so that two transactions cannot wait for each other; gives those that are new. */
    static Future<List<Alert>> raise(SqlClient tx, List<Alert> alerts) {
        var last = new TreeMap<Name, Alert>(
                Comparator.comparingInt(Name::ws).thenComparing(Name::kind).thenComparing(Name::object));
        var times = new TreeMap<Name, Long>(last.comparator());
        for (var alert : alerts) {
            last.put(Name.of(alert), alert);
            times.merge(Name.of(alert), 1L, Long::sum);
        }
        var all = last.values();
        return tx.preparedQuery(RAISE)
                .execute(Tuple.of(
                        all.stream().map(Alert::ws).toArray(Integer[]::new),
                        texts(all, alert -> alert.kind().word()),
                        texts(all, Alert::object),
                        texts(all, Alert::text),
                        times.values().toArray(Long[]::new)))
                .map(rows -> {
                    var fresh = new ArrayList<Alert>();
                    for (var row : rows) {
                        if (row.getBoolean("fresh")) {
                            fresh.add(last.get(
                                    new Name(row.getInteger("ws"), row.getString("kind"), row.getString("object"))));
                        }
                    }
                    return fresh;
                });
    }

    private static String[] texts(Collection<Alert> alerts, Function<Alert, String> text) {
        return alerts.stream().map(text).toArray(String[]::new);
    }

    /**
     * Whether a mail has to be asked for: something new, but not within minutes of the mail before; or something that went on
     * for a day. Not while one is on its way.
     */
    private static final String DUE =
            """
            SELECT NOT EXISTS (SELECT FROM jobs WHERE ws = 0 AND type = $1)
               AND (EXISTS (SELECT FROM alert WHERE told_times < times AND told_at < now() - interval '1 day')
                    OR EXISTS (SELECT FROM alert WHERE told_at IS NULL)
                       AND NOT EXISTS (SELECT FROM alert WHERE told_at > now() - $2 * interval '1 second')) AS due
            """;

    static Future<Boolean> isMailDue(Pool pool, String jobType, int spacingSeconds) {
        return pool.preparedQuery(DUE)
                .execute(Tuple.of(jobType, spacingSeconds))
                .map(rows -> rows.iterator().next().getBoolean("due"));
    }

    /** A line of a mail. */
    record Untold(
            int ws, String kind, String object, String text, Instant firstAt, Instant lastAt, long times, long news) {}

    /** What no mail has told yet, the newest first. */
    static Future<List<Untold>> untold(SqlClient client) {
        return client.preparedQuery(
                        """
                        SELECT * FROM alert WHERE told_times < times
                        ORDER BY told_at IS NOT NULL, last_at DESC, ws, kind, object
                        """)
                .execute()
                .map(rows -> {
                    var untold = new ArrayList<Untold>();
                    rows.forEach(row -> untold.add(new Untold(
                            row.getInteger("ws"),
                            row.getString("kind"),
                            row.getString("object"),
                            row.getString("text"),
                            row.getOffsetDateTime("first_at").toInstant(),
                            row.getOffsetDateTime("last_at").toInstant(),
                            row.getLong("times"),
                            row.getLong("times") - row.getLong("told_times"))));
                    return untold;
                });
    }

    /** What came in the meantime stays untold. */
    static Future<Void> told(SqlClient client, List<Untold> told) {
        return client.preparedQuery(
                        """
                        UPDATE alert a SET told_at = now(), told_times = least(t.times, a.times)
                        FROM unnest($1::int[], $2::text[], $3::text[], $4::bigint[]) AS t (ws, kind, object, times)
                        WHERE a.ws = t.ws AND a.kind = t.kind AND a.object = t.object
                        """)
                .execute(Tuple.of(
                        told.stream().map(Untold::ws).toArray(Integer[]::new),
                        told.stream().map(Untold::kind).toArray(String[]::new),
                        told.stream().map(Untold::object).toArray(String[]::new),
                        told.stream().map(Untold::times).toArray(Long[]::new)))
                .mapEmpty();
    }

    /** Of the last day, by kind. */
    static Future<Map<Alert.Kind, Long>> active(Pool pool) {
        return pool.preparedQuery("SELECT kind, count(*) AS alerts FROM alert WHERE last_at > now() - %s GROUP BY kind"
                        .formatted(QUIET))
                .execute()
                .map(rows -> {
                    var words = new TreeMap<String, Long>();
                    rows.forEach(row -> words.put(row.getString("kind"), row.getLong("alerts")));
                    var active = new EnumMap<Alert.Kind, Long>(Alert.Kind.class);
                    for (var kind : Alert.Kind.values()) {
                        active.put(kind, words.getOrDefault(kind.word(), 0L));
                    }
                    return active;
                });
    }

    static Future<Void> forget(Pool pool, int days) {
        return pool.preparedQuery("DELETE FROM alert WHERE last_at < now() - $1 * interval '1 day'")
                .execute(Tuple.of(days))
                .mapEmpty();
    }
}
