package app.fathi.cep.besttime;

import static app.fathi.platform.db.SqlTime.instant;

import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;

/** SQL that finds in the ledger what is not learned of yet. One at a time: whoever learns holds the cursor. */
final class LearningStore {
    private LearningStore() {}

    /** A message of which something is to be learned. */
    record Unlearned(long run, int afterProfile) {}

    /**
     * What somebody did with one.
     *
     * @param profileNo as the ledger has it
     * @param person who that is now; null for nobody any more
     */
    record Learned(int ws, long run, int profileNo, Integer person, Reaction reaction) {}

    /**
     * Notes messages that were asked for so long ago, at most so many at once: those of which something can be learned. They come in
     * the order of their numbers, which is about that of time: it ends before the first that is too young.
     */
    static final String NOTE =
            """
            WITH cursor AS (SELECT run FROM cep_habits_cursor FOR UPDATE),
            next AS MATERIALIZED (
              SELECT r.run, r.tracking AND r.purpose <> 'transactional' AS tells, r.created_at >= now() - make_interval(hours => $1) AS young
              FROM cursor c CROSS JOIN LATERAL (SELECT * FROM cep_run WHERE run > c.run ORDER BY run LIMIT $2) r),
            old AS (SELECT run, tells FROM next WHERE run < coalesce((SELECT min(run) FROM next WHERE young), 9223372036854775807)),
            noted AS (INSERT INTO cep_habits_run (run) SELECT run FROM old WHERE tells ON CONFLICT DO NOTHING),
            moved AS (UPDATE cep_habits_cursor SET run = (SELECT max(run) FROM old) WHERE EXISTS (SELECT FROM old))
            SELECT count(*)::int AS passed FROM old
            """;

    /** How many messages the cursor has passed. Waits for whoever else learns. */
    static Future<Integer> note(SqlConnection tx, int hours, int most) {
        return tx.preparedQuery(NOTE)
                .execute(Tuple.of(hours, most))
                .map(rows -> rows.iterator().next().getInteger("passed"));
    }

    static final String UNLEARNED =
            """
            SELECT h.run, h.after_profile FROM cep_habits_run h JOIN cep_run r ON r.run = h.run
            WHERE least(r.finished_at, r.expires_at) < now() - make_interval(hours => $1)
            ORDER BY h.run LIMIT $2
            """;

    /** Messages of which all was sent so long ago. */
    static Future<List<Unlearned>> unlearned(SqlConnection tx, int hours, int most) {
        return tx.preparedQuery(UNLEARNED).execute(Tuple.of(hours, most)).map(rows -> rows.stream()
                .map(row -> new Unlearned(row.getLong("run"), row.getInteger("after_profile")))
                .toList());
    }

    /** A person is one, however many devices they have. */
    static final String REACTIONS =
            """
            SELECT m.*, (SELECT p.person FROM cep_person p WHERE p.ws = m.ws AND p.profile_no = m.profile_no) AS person
            FROM unnest($1::bigint[], $2::int[]) WITH ORDINALITY AS u (run, after_profile, nth)
            CROSS JOIN LATERAL (
              SELECT run, ws, profile_no, min(accepted_at) AS accepted_at, min(shown_at) AS shown_at, min(clicked_at) AS clicked_at
              FROM cep_message WHERE run = u.run AND step = 0 AND profile_no > u.after_profile
              GROUP BY run, ws, profile_no HAVING min(accepted_at) IS NOT NULL ORDER BY profile_no LIMIT $3) m
            ORDER BY u.nth, m.profile_no LIMIT $3
            """;

    /** In the order of the messages, and of each by person, so many; fewer when that is all. */
    static Future<List<Learned>> reactions(SqlConnection tx, List<Unlearned> of, int most) {
        return tx.preparedQuery(REACTIONS)
                .execute(Tuple.of(
                        of.stream().map(Unlearned::run).toArray(Long[]::new),
                        of.stream().map(Unlearned::afterProfile).toArray(Integer[]::new),
                        most))
                .map(rows -> rows.stream().map(LearningStore::learned).toList());
    }

    private static Learned learned(Row row) {
        return new Learned(
                row.getInteger("ws"),
                row.getLong("run"),
                row.getInteger("profile_no"),
                row.getInteger("person"),
                new Reaction(instant(row, "accepted_at"), instant(row, "shown_at"), instant(row, "clicked_at")));
    }

    static Future<Void> done(SqlConnection tx, List<Long> runs) {
        return tx.preparedQuery("DELETE FROM cep_habits_run WHERE run = ANY ($1)")
                .execute(Tuple.tuple().addArrayOfLong(runs.toArray(Long[]::new)))
                .mapEmpty();
    }

    static Future<Void> cameTo(SqlConnection tx, long run, int profileNo) {
        return tx.preparedQuery("UPDATE cep_habits_run SET after_profile = $2 WHERE run = $1")
                .execute(Tuple.of(run, profileNo))
                .mapEmpty();
    }

    /** By whose clock those go of whom nobody knows where they are. */
    static Future<ZoneId> zone(SqlConnection tx, int ws) {
        return tx.preparedQuery("SELECT timezone FROM users_zone WHERE ws = $1")
                .execute(Tuple.of(ws))
                .map(rows -> {
                    try {
                        return rows.size() == 0
                                ? ZoneOffset.UTC
                                : ZoneId.of(rows.iterator().next().getString("timezone"));
                    } catch (DateTimeException e) {
                        return ZoneOffset.UTC;
                    }
                });
    }
}
