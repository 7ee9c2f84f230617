package app.fathi.cep.runs;

import static app.fathi.platform.db.SqlTime.instant;
import static app.fathi.platform.db.SqlTime.time;

import app.fathi.cep.message.ChannelKind;
import app.fathi.cep.message.MessageFilter;
import app.fathi.cep.message.Plan;
import app.fathi.cep.message.RunState;
import app.fathi.cep.message.Source;
import app.fathi.cep.message.Urgency;
import app.fathi.templates.Templates.Pin;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** SQL of {@code cep_run}. */
public final class RunsStore {
    private RunsStore() {}

    /** A new run's number and the database's time. */
    public record Number(long run, Instant now) {}

    public static Future<Number> nextNumber(SqlClient tx) {
        return tx.preparedQuery("SELECT cep_next_run() AS run, clock_timestamp() AS now")
                .execute()
                .map(rows -> {
                    var row = rows.iterator().next();
                    return new Number(row.getLong("run"), instant(row, "now"));
                });
    }

    public static Future<DatabaseClock> clock(SqlClient client) {
        long before = System.nanoTime();
        return client.preparedQuery("SELECT clock_timestamp() AS now")
                .execute()
                .map(rows -> new DatabaseClock(instant(rows.iterator().next(), "now"), before));
    }

    private static final String INSERT_RUN =
            """
            INSERT INTO cep_run (run, ws, id, kind, channel, state, purpose, content, ttl_seconds, urgency, topic,
                                 devices, tracking, send_at, expires_at, planned, unknown, chunks_left, created_at, finished_at,
                                 resend_of, tag, template, template_version, template_filling, plan, campaign)
            VALUES ($1, $2, $3, $20, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $21, $22,
                    $23, $24, $25, $26, $27)
            """;

    public static Future<Void> insertRun(SqlClient tx, Run run, int unknown, int chunks) {
        return insert(tx, run, unknown, chunks)
                .compose(done -> run.perMinute() == null ? Future.succeededFuture() : ThrottleStore.insert(tx, run));
    }

    private static Future<Void> insert(SqlClient tx, Run run, int unknown, int chunks) {
        return tx.preparedQuery(INSERT_RUN)
                .execute(Tuple.tuple()
                        .addLong(run.run())
                        .addInteger(run.ws())
                        .addUUID(run.id())
                        .addShort(run.channel().code())
                        .addString(run.state().word())
                        .addString(run.purpose())
                        .addJsonObject(run.content())
                        .addInteger(run.ttlSeconds())
                        .addString(run.urgency().word())
                        .addString(run.topic())
                        .addValue(run.devices() == null ? null : run.devices().shortValue())
                        .addBoolean(run.tracking())
                        .addOffsetDateTime(time(run.sendAt()))
                        .addOffsetDateTime(time(run.expiresAt()))
                        .addInteger(run.planned())
                        .addInteger(unknown)
                        .addInteger(chunks)
                        .addOffsetDateTime(time(run.createdAt()))
                        .addOffsetDateTime(run.state() == RunState.COMPLETED ? time(run.createdAt()) : null)
                        .addString(run.source().word())
                        .addUUID(run.resendOf())
                        .addString(run.tag())
                        .addUUID(run.pin() == null ? null : run.pin().template())
                        .addLong(run.pin() == null ? null : run.pin().version())
                        .addValue(run.pin() == null ? null : run.pin().filling())
                        .addValue(stored(run.plan()))
                        .addUUID(run.plan().campaign()))
                .mapEmpty();
    }

    private static JsonObject stored(Plan plan) {
        var json = plan.toJson();
        return json.isEmpty() ? null : json;
    }

    private static Plan plan(Row row) {
        var json = row.getJsonObject("plan");
        var campaign = row.getUUID("campaign");
        return json == null && campaign == null
                ? Plan.NONE
                : Plan.of(json == null ? new JsonObject() : json).of(campaign);
    }

    private static final String RUN_COLUMNS =
            """
            run, ws, id, channel, purpose, content, ttl_seconds, urgency, topic, devices, tracking, send_at,
            expires_at, planned, created_at, kind, resend_of, tag, template, template_version, template_filling, plan,
            campaign,
            CASE WHEN finished_at IS NULL AND EXISTS (SELECT FROM cep_series s
                                                      WHERE s.campaign = cep_run.campaign AND s.cancelled_at IS NOT NULL)
                 THEN 'cancelled' ELSE state END AS state,
            coalesce(paused_at, (SELECT s.paused_at FROM cep_series s
                                 WHERE s.campaign = cep_run.campaign AND cep_run.finished_at IS NULL)) AS paused_at,
            (SELECT t.per_minute FROM cep_throttle t WHERE t.run = cep_run.run) AS per_minute
            """;

    public static Future<Optional<Run>> run(SqlClient client, int ws, long run) {
        return client.preparedQuery("SELECT " + RUN_COLUMNS + " FROM cep_run WHERE run = $1 AND ws = $2")
                .execute(Tuple.of(run, ws))
                .map(rows -> first(rows));
    }

    public static Future<Optional<Run>> runById(SqlClient client, int ws, UUID id) {
        return client.preparedQuery("SELECT " + RUN_COLUMNS + " FROM cep_run WHERE id = $1 AND ws = $2")
                .execute(Tuple.of(id, ws))
                .map(rows -> first(rows));
    }

    /** The newest that is not after this one, and the one before it. */
    public static Future<List<Run>> latest(SqlClient client, int ws, Instant notAfter, long run, Instant from) {
        return client.preparedQuery(
                        "SELECT " + RUN_COLUMNS
                                + """
                         FROM cep_run WHERE ws = $1 AND (created_at, run) <= ($2, $3) AND created_at >= $4
                        ORDER BY created_at DESC, run DESC LIMIT 2
                        """)
                .execute(Tuple.of(ws, time(notAfter), run, time(from)))
                .map(rows -> rows.stream().map(RunsStore::run).toList());
    }

    /** Held against senders until the transaction ends. */
    public static Future<Optional<Run>> runByIdForUpdate(SqlClient tx, int ws, UUID id) {
        return tx.preparedQuery("SELECT " + RUN_COLUMNS + " FROM cep_run WHERE id = $1 AND ws = $2 FOR NO KEY UPDATE")
                .execute(Tuple.of(id, ws))
                .map(rows -> first(rows));
    }

    public static Future<Void> markSending(SqlClient client, long run) {
        return client.preparedQuery("UPDATE cep_run SET state = 'sending' WHERE run = $1 AND state = 'queued'")
                .execute(Tuple.of(run))
                .mapEmpty();
    }

    public static Future<Void> markCancelled(SqlClient tx, long run) {
        return tx.preparedQuery("UPDATE cep_run SET state = 'cancelled', finished_at = now() WHERE run = $1")
                .execute(Tuple.of(run))
                .mapEmpty();
    }

    /** False when nothing changes by it. */
    public static Future<Boolean> pause(SqlClient tx, long run, boolean paused) {
        return tx.preparedQuery(
                        """
                        UPDATE cep_run SET paused_at = CASE WHEN $2 THEN now() END
                        WHERE run = $1 AND paused_at IS NULL = $2
                        """)
                .execute(Tuple.of(run, paused))
                .map(rows -> rows.rowCount() == 1);
    }

    public static Future<Void> lockRun(SqlClient tx, long run) {
        return tx.preparedQuery("SELECT 1 FROM cep_run WHERE run = $1 FOR NO KEY UPDATE")
                .execute(Tuple.of(run))
                .mapEmpty();
    }

    /** A run of a list, or only how far was looked where {@code run} is null. */
    public record Listed(Run run, Instant lastCreatedAt, long lastRun, int looked) {}

    /**
     * Looks at so many runs and no more, the newest first, whatever the filter; the last one that was looked at stands
     * beside each that was found, and alone when none was.
     */
    static final String PAGE =
            """
            WITH looked AS MATERIALIZED (
              SELECT run, created_at, state, kind, purpose, topic FROM cep_run
              WHERE ws = $1 AND (created_at, run) < ($2, $3) AND created_at >= $4
              ORDER BY created_at DESC, run DESC LIMIT $5
            ), last AS (
              SELECT created_at AS last_created_at, run AS last_run, (SELECT count(*)::int FROM looked) AS looked
              FROM looked ORDER BY created_at, run LIMIT 1
            ), found AS (
              SELECT run AS found_run FROM looked
              WHERE ($6::text IS NULL OR state = $6) AND ($7::text IS NULL OR kind = $7)
                AND ($8::text IS NULL OR purpose = $8) AND ($9::text IS NULL OR topic = $9)
              ORDER BY created_at DESC, run DESC LIMIT $10
            )
            SELECT last_created_at, last_run, looked, %s
            FROM last LEFT JOIN (found JOIN cep_run ON cep_run.run = found_run) ON true
            ORDER BY created_at DESC, run DESC
            """
                    .formatted(RUN_COLUMNS);

    /**
     * @param before where the page before ended
     * @param look at so many
     */
    public static Future<List<Listed>> page(
            SqlClient client, int ws, MessageFilter filter, Instant before, long beforeRun, int look, int limit) {
        return client.preparedQuery(PAGE)
                .execute(Tuple.from(new Object[] {
                    ws,
                    time(before),
                    beforeRun,
                    time(filter.from() == null ? Instant.EPOCH : filter.from()),
                    look,
                    filter.state(),
                    filter.source() == null ? null : filter.source().word(),
                    filter.purpose(),
                    filter.topic(),
                    limit
                }))
                .map(rows -> rows.stream()
                        .map(row -> new Listed(
                                row.getLong("run") == null ? null : run(row),
                                instant(row, "last_created_at"),
                                row.getLong("last_run"),
                                row.getInteger("looked")))
                        .toList());
    }

    /** Chunks of the run that are not over yet, and the message that sends it again, if there is one. */
    public record Rest(int chunksLeft, UUID resentAs) {}

    public static Future<Rest> rest(SqlClient client, long run, UUID id) {
        return client.preparedQuery(
                        """
                        SELECT chunks_left, (SELECT id FROM cep_run WHERE resend_of = $2) AS resent_as
                        FROM cep_run WHERE run = $1
                        """)
                .execute(Tuple.of(run, id))
                .map(rows -> {
                    var row = rows.iterator().next();
                    return new Rest(row.getInteger("chunks_left"), row.getUUID("resent_as"));
                });
    }

    private static final String WEEKS = "SELECT cep_make_weeks(now(), $1) AS made";

    /** Makes the ledger's partitions of this week and those ahead; how many were missing. */
    public static Future<Integer> makeWeeks(SqlClient client, int weeks) {
        return client.preparedQuery(WEEKS)
                .execute(Tuple.of(weeks))
                .map(rows -> rows.iterator().next().getInteger("made"));
    }

    private static Optional<Run> first(Iterable<Row> rows) {
        var rest = rows.iterator();
        return rest.hasNext() ? Optional.of(run(rest.next())) : Optional.empty();
    }

    private static Run run(Row row) {
        var devices = row.getShort("devices");
        return new Run(
                row.getLong("run"),
                row.getInteger("ws"),
                row.getUUID("id"),
                ChannelKind.of(row.getShort("channel")),
                RunState.of(row.getString("state")),
                row.getString("purpose"),
                row.getJsonObject("content"),
                row.getInteger("ttl_seconds"),
                Urgency.of(row.getString("urgency")),
                row.getString("topic"),
                devices == null ? null : devices.intValue(),
                row.getInteger("per_minute"),
                row.getBoolean("tracking"),
                instant(row, "send_at"),
                instant(row, "expires_at"),
                row.getInteger("planned"),
                instant(row, "created_at"),
                Source.of(row.getString("kind")),
                row.getUUID("resend_of"),
                row.getString("tag"),
                row.getUUID("template") == null
                        ? null
                        : new Pin(
                                row.getUUID("template"),
                                row.getLong("template_version"),
                                row.getJsonObject("template_filling")),
                plan(row),
                instant(row, "paused_at"));
    }
}
