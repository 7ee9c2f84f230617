package app.fathi.segments;

import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.UUID;

/** Messages in the ledger, as if they had been sent. */
final class SentMessages {
    private SentMessages() {}

    /** What became of a message on one of a person's devices; null for never. */
    record Device(int profileNo, int rank, Instant sent, Instant shown, Instant clicked, Instant closed) {}

    /** Its public id, and the number by which the ledger knows it. */
    record Made(UUID id, long run) {}

    static Made make(Pool pool, int ws, String purpose) {
        var row = pool.preparedQuery(
                        """
                        INSERT INTO cep_run (run, ws, id, kind, channel, state, purpose, content, ttl_seconds, urgency,
                                             tracking, send_at, expires_at, planned, unknown, chunks_left)
                        VALUES (cep_next_run(), $1, gen_random_uuid(), 'api', 1, 'completed', $2, '{}', 0, 'normal',
                                true, now(), now(), 1, 0, 0) RETURNING id, run
                        """)
                .execute(Tuple.of(ws, purpose))
                .await()
                .iterator()
                .next();
        return new Made(row.getUUID("id"), row.getLong("run"));
    }

    /** Also again, with what has happened since. */
    static void put(Pool pool, int ws, Made message, Device device) {
        pool.preparedQuery(
                        """
                        INSERT INTO cep_message (run, token, ws, profile_no, step, rank, state, channel, attempts, id,
                                                 accepted_at, shown_at, clicked_at, closed_at)
                        VALUES ($1, 0, $2, $3, 0, $4, CASE WHEN $5::timestamptz IS NULL THEN 3 ELSE 2 END, 1, 1,
                                gen_random_uuid(), $5, $6, $7, $8)
                        ON CONFLICT (run, step, profile_no, rank) DO UPDATE
                        SET shown_at = excluded.shown_at, clicked_at = excluded.clicked_at, closed_at = excluded.closed_at
                        """)
                .execute(Tuple.from(new Object[] {
                    message.run(),
                    ws,
                    device.profileNo(),
                    device.rank(),
                    utc(device.sent()),
                    utc(device.shown()),
                    utc(device.clicked()),
                    utc(device.closed())
                }))
                .await();
    }

    private static OffsetDateTime utc(Instant instant) {
        return instant == null ? null : instant.atOffset(ZoneOffset.UTC);
    }
}
