package app.fathi.platform.jobs;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** All SQL of schedules and their slots. */
final class SchedulesStore {
    private SchedulesStore() {}

    static Future<Instant> now(SqlClient client) {
        return client.query("SELECT now() AS now")
                .execute()
                .map(rows -> rows.iterator().next().getOffsetDateTime("now").toInstant());
    }

    private static final String PUT =
            """
            INSERT INTO job_schedule AS s (ws, name, type, lane, payload, cron, zone, missed, next_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (ws, name) DO UPDATE SET
                type = excluded.type, lane = excluded.lane, payload = excluded.payload, missed = excluded.missed,
                cron = excluded.cron, zone = excluded.zone, updated_at = now(),
                -- Who says the same again, as at each start, loses no slot that was missed.
                next_at = CASE WHEN (s.cron, s.zone) = (excluded.cron, excluded.zone) THEN s.next_at
                               ELSE excluded.next_at END
            """;

    static Future<Void> put(SqlClient tx, Schedule schedule, Instant next) {
        return tx.preparedQuery(PUT)
                .execute(Tuple.of(
                        schedule.ws(),
                        schedule.name(),
                        schedule.type(),
                        (short) schedule.lane().code(),
                        schedule.payload(),
                        schedule.cron().toString(),
                        schedule.zone().getId(),
                        schedule.missed().word(),
                        time(next)))
                .mapEmpty();
    }

    static Future<Void> remove(SqlClient tx, int ws, String name) {
        return tx.preparedQuery("DELETE FROM job_schedule WHERE ws = $1 AND name = $2")
                .execute(Tuple.of(ws, name))
                .mapEmpty();
    }

    /** A schedule whose next slot has come. */
    record Due(Schedule schedule, Instant next, Instant now) {}

    static final String DUE =
            """
            SELECT ws, name, type, lane, payload, cron, zone, missed, next_at, now() AS now
            FROM job_schedule WHERE next_at <= now()
            ORDER BY next_at LIMIT $1
            FOR UPDATE SKIP LOCKED
            """;

    /** Locks them until the transaction has decided: another node does not wait, it looks at others. */
    static Future<List<Due>> due(SqlConnection tx, int limit) {
        return tx.preparedQuery(DUE).execute(Tuple.of(limit)).map(rows -> rows.stream()
                .map(row -> new Due(
                        new Schedule(
                                row.getInteger("ws"),
                                row.getString("name"),
                                row.getString("type"),
                                Lane.of(row.getInteger("lane")),
                                row.getJsonObject("payload"),
                                Cron.parse(row.getString("cron")),
                                ZoneId.of(row.getString("zone")),
                                Schedule.Missed.of(row.getString("missed"))),
                        row.getOffsetDateTime("next_at").toInstant(),
                        row.getOffsetDateTime("now").toInstant()))
                .toList());
    }

    /** One slot of one schedule. */
    record Slot(int ws, String name, Instant at) {}

    static final String TAKE =
            """
            INSERT INTO job_slot (ws, name, slot)
            SELECT * FROM unnest($1::int[], $2::text[], $3::timestamptz[])
            ON CONFLICT DO NOTHING
            RETURNING ws, name, slot
            """;

    /** Answers those that nobody had taken before. */
    static Future<Set<Slot>> take(SqlClient tx, List<Slot> slots) {
        return tx.preparedQuery(TAKE)
                .execute(Tuple.tuple()
                        .addArrayOfInteger(slots.stream().map(Slot::ws).toArray(Integer[]::new))
                        .addArrayOfString(slots.stream().map(Slot::name).toArray(String[]::new))
                        .addArrayOfOffsetDateTime(
                                slots.stream().map(slot -> time(slot.at())).toArray(OffsetDateTime[]::new)))
                .map(rows -> {
                    var taken = new HashSet<Slot>();
                    rows.forEach(row -> taken.add(new Slot(
                            row.getInteger("ws"),
                            row.getString("name"),
                            row.getOffsetDateTime("slot").toInstant())));
                    return taken;
                });
    }

    static final String MOVE =
            """
            UPDATE job_schedule s SET next_at = m.next_at
            FROM unnest($1::int[], $2::text[], $3::timestamptz[]) AS m (ws, name, next_at)
            WHERE s.ws = m.ws AND s.name = m.name
            """;

    static Future<Void> move(SqlClient tx, List<Slot> next) {
        return tx.preparedQuery(MOVE)
                .execute(Tuple.tuple()
                        .addArrayOfInteger(next.stream().map(Slot::ws).toArray(Integer[]::new))
                        .addArrayOfString(next.stream().map(Slot::name).toArray(String[]::new))
                        .addArrayOfOffsetDateTime(
                                next.stream().map(slot -> time(slot.at())).toArray(OffsetDateTime[]::new)))
                .mapEmpty();
    }

    /** Slots never come back: a schedule only moves forward. */
    static Future<Void> forgetSlots(SqlClient client) {
        return client.query("DELETE FROM job_slot WHERE slot < now() - interval '30 days'")
                .execute()
                .mapEmpty();
    }

    private static OffsetDateTime time(Instant instant) {
        return instant.atOffset(ZoneOffset.UTC);
    }
}
