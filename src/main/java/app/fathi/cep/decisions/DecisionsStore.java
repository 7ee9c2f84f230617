package app.fathi.cep.decisions;

import static app.fathi.platform.db.SqlTime.instant;
import static app.fathi.platform.db.SqlTime.time;

import app.fathi.cep.advisor.Advice;
import app.fathi.cep.message.ChannelKind;
import app.fathi.cep.message.Reason;
import app.fathi.cep.message.State;
import app.fathi.cep.policies.Factors;
import app.fathi.cep.priorities.Score;
import app.fathi.cep.runs.Run;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * SQL over the ledger's decisions: what became of a message for a person. Of several devices the one counts that says most: one
 * that has it, else one that may still get it, else the first.
 */
final class DecisionsStore {
    private DecisionsStore() {}

    /**
     * @param campaign whose message it is; null for none
     * @param reason null while nothing has ended it
     */
    record Decision(
            UUID messageId,
            UUID campaign,
            UUID deliveryId,
            int profileNo,
            ChannelKind channel,
            State state,
            Reason reason,
            int attempts,
            Instant createdAt,
            Instant attemptedAt,
            Instant nextAt,
            Factors factors,
            Score score,
            Advice advice) {}

    /** A row of a list, or only how far was looked where {@code decision} is null. */
    record Listed(Decision decision, Instant runAt, Long run, Instant lastAt, long lastNo, int looked) {}

    private static final String BEST =
            """
            SELECT id AS delivery_id, profile_no, channel, state, reason, attempts, created_at, attempted_at, next_at, factors, score, advice
            FROM cep_message WHERE run = %s AND step = 0 AND profile_no = %s
            ORDER BY state <> 2, state >= 2, rank LIMIT 1
            """;

    static final String OF_PERSON =
            """
            WITH looked AS MATERIALIZED (
              SELECT run, id, campaign, created_at FROM cep_run
              WHERE ws = $1 AND (created_at, run) < ($2, $3) AND created_at >= $4
              ORDER BY created_at DESC, run DESC LIMIT $5
            ), last AS (
              SELECT created_at AS last_at, run AS last_no, (SELECT count(*)::int FROM looked) AS looked
              FROM looked ORDER BY created_at, run LIMIT 1
            ), found AS (
              SELECT l.id AS message_id, l.campaign, l.created_at AS run_at, l.run, m.* FROM looked l CROSS JOIN LATERAL (%s) m
              WHERE $7::smallint IS NULL OR m.reason = $7
              ORDER BY l.created_at DESC, l.run DESC LIMIT $8
            )
            SELECT * FROM last LEFT JOIN found ON true ORDER BY run_at DESC, run DESC
            """
                    .formatted(BEST.formatted("l.run", "$6"));

    /** Of a person, the newest message first; so many messages are looked at and no more. */
    static Future<List<Listed>> ofPerson(
            SqlClient client,
            int ws,
            int no,
            Reason reason,
            Instant before,
            long beforeRun,
            Instant from,
            int look,
            int limit) {
        return client.preparedQuery(OF_PERSON)
                .execute(Tuple.from(new Object[] {
                    ws, time(before), beforeRun, time(from), look, no, reason == null ? null : reason.code(), limit
                }))
                .map(rows -> rows.stream().map(DecisionsStore::listed).toList());
    }

    static final String OF_MESSAGE =
            """
            WITH looked AS MATERIALIZED (
              SELECT m.run, m.profile_no FROM cep_message m
              WHERE m.run = $1 AND m.step = 0 AND m.profile_no > $2 AND m.rank = 0
                AND ($3::int IS NULL OR m.profile_no = $3)
              ORDER BY m.profile_no LIMIT $4
            ), last AS (
              SELECT NULL::timestamptz AS last_at, profile_no::bigint AS last_no, (SELECT count(*)::int FROM looked) AS looked
              FROM looked ORDER BY profile_no DESC LIMIT 1
            ), found AS (
              SELECT $5::uuid AS message_id, $10::uuid AS campaign, NULL::timestamptz AS run_at, l.run, m.* FROM looked l CROSS JOIN LATERAL (%s) m
              WHERE ($6::smallint IS NULL OR m.reason = $6) AND m.created_at >= $7 AND m.created_at < $8
              ORDER BY m.profile_no LIMIT $9
            )
            SELECT * FROM last LEFT JOIN found ON true ORDER BY profile_no
            """
                    .formatted(BEST.formatted("l.run", "l.profile_no"));

    /**
     * Of a message, by person; so many people are looked at and no more.
     *
     * @param no only of this person; null for all
     */
    static Future<List<Listed>> ofMessage(
            SqlClient client,
            Run run,
            Integer no,
            Reason reason,
            Instant from,
            Instant to,
            int after,
            int look,
            int limit) {
        return client.preparedQuery(OF_MESSAGE)
                .execute(Tuple.from(new Object[] {
                    run.run(),
                    after,
                    no,
                    look,
                    run.id(),
                    reason == null ? null : reason.code(),
                    time(from),
                    time(to),
                    limit,
                    run.plan().campaign()
                }))
                .map(rows -> rows.stream().map(DecisionsStore::listed).toList());
    }

    private static Listed listed(Row row) {
        return new Listed(
                row.getUUID("delivery_id") == null ? null : decision(row),
                instant(row, "run_at"),
                row.getLong("run"),
                instant(row, "last_at"),
                row.getLong("last_no"),
                row.getInteger("looked"));
    }

    private static Decision decision(Row row) {
        var reason = row.getShort("reason");
        var factors = row.getBuffer("factors");
        var score = row.getBuffer("score");
        var advice = row.getBuffer("advice");
        return new Decision(
                row.getUUID("message_id"),
                row.getUUID("campaign"),
                row.getUUID("delivery_id"),
                row.getInteger("profile_no"),
                ChannelKind.of(row.getShort("channel")),
                State.of(row.getShort("state")),
                reason == null ? null : Reason.of(reason),
                row.getShort("attempts"),
                instant(row, "created_at"),
                instant(row, "attempted_at"),
                instant(row, "next_at"),
                factors == null ? null : Factors.of(factors.getBytes()),
                score == null ? null : Score.of(score.getBytes()),
                advice == null ? null : Advice.of(advice.getBytes()));
    }
}
