package app.fathi.cep.ledger;

import static app.fathi.platform.db.SqlTime.instant;
import static app.fathi.platform.db.SqlTime.time;

import app.fathi.cep.message.ChannelKind;
import app.fathi.cep.message.Delivery;
import app.fathi.cep.message.Reason;
import app.fathi.cep.message.Resend;
import app.fathi.cep.message.State;
import app.fathi.cep.runs.Chunk;
import app.fathi.cep.runs.Run;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.IntFunction;

/**
 * SQL of the ledger, {@code cep_message}. Hot writes are upserts on the primary key: they need no plan that depends on
 * statistics, which a fresh partition does not have.
 */
public final class LedgerStore {
    /** Messages are single steps until there are series. */
    private static final short STEP = 0;

    private LedgerStore() {}

    /** What names a row inside its run. */
    public record Place(int profileNo, int rank) {
        public static Place of(LedgerRow row) {
            return new Place(row.profileNo(), row.rank());
        }
    }

    private static final String WRITE_INTENTS_WITH =
            """
            INSERT INTO cep_message AS m (run, step, ws, token, channel, profile_no, rank, id, subscription, state,
                                          attempts, reason, retry_reason, next_at, attempted_at%1$s)
            SELECT $1, $2, $3, $4, $5, d.profile_no, d.rank, d.id, d.subscription, d.state, d.attempts, d.reason,
                   d.retry_reason, d.next_at, CASE WHEN d.state = 1 THEN clock_timestamp() END%2$s
            FROM unnest($6::int[], $7::smallint[], $8::uuid[], $9::uuid[], $10::smallint[], $11::smallint[],
                        $12::smallint[], $13::smallint[], $14::timestamptz[]%3$s)
                 AS d (profile_no, rank, id, subscription, state, attempts, reason, retry_reason, next_at%1$s)
            ON CONFLICT (run, step, profile_no, rank) DO UPDATE
            SET token = excluded.token, state = excluded.state, attempts = excluded.attempts, reason = excluded.reason,
                retry_reason = excluded.retry_reason, next_at = excluded.next_at%4$s,
                attempted_at = coalesce(excluded.attempted_at, m.attempted_at)
            WHERE m.state < 2 AND m.id = excluded.id
            RETURNING profile_no, rank
            """;

    static final String WRITE_INTENTS = WRITE_INTENTS_WITH.formatted("", "", "", "");

    /** With the policies that had a say; those of before stay where none has any more. */
    static final String WRITE_RULED_INTENTS = WRITE_INTENTS_WITH.formatted(
            ", factors", ", d.factors", ", $15::bytea[]", ", factors = coalesce(excluded.factors, m.factors)");

    /** With how well the channel suits, too. */
    static final String WRITE_SCORED_INTENTS = WRITE_INTENTS_WITH.formatted(
            ", factors, score",
            ", d.factors, d.score",
            ", $15::bytea[], $16::bytea[]",
            ", factors = coalesce(excluded.factors, m.factors), score = coalesce(excluded.score, m.score)");

    /** With what the workspace's own service said, too. */
    static final String WRITE_ADVISED_INTENTS = WRITE_INTENTS_WITH.formatted(
            ", factors, score, advice",
            ", d.factors, d.score, d.advice",
            ", $15::bytea[], $16::bytea[], $17::bytea[]",
            ", factors = coalesce(excluded.factors, m.factors), score = coalesce(excluded.score, m.score),"
                    + " advice = coalesce(excluded.advice, m.advice)");

    /**
     * Claims and resumes: rows become {@code attempting}, {@code waiting} or final under the token. A new claim of somebody who was
     * claimed already, and a row that has become final, are left alone.
     *
     * @param rows in ascending order of person and rank
     * @return the rows that were written
     */
    static Future<Set<Place>> writeIntents(SqlClient tx, Run run, long token, List<LedgerRow> rows) {
        boolean advised = rows.stream().anyMatch(row -> row.advice() != null);
        boolean scored = advised || rows.stream().anyMatch(row -> row.score() != null);
        boolean ruled = scored || rows.stream().anyMatch(row -> row.factors() != null);
        var values = Tuple.tuple()
                .addLong(run.run())
                .addShort(STEP)
                .addInteger(run.ws())
                .addLong(token)
                .addShort(run.channel().code())
                .addArrayOfInteger(array(rows, Integer[]::new, LedgerRow::profileNo))
                .addArrayOfShort(array(rows, Short[]::new, row -> (short) row.rank()))
                .addArrayOfUUID(array(rows, UUID[]::new, LedgerRow::id))
                .addArrayOfUUID(array(rows, UUID[]::new, LedgerRow::subscription))
                .addArrayOfShort(array(rows, Short[]::new, row -> row.state().code()))
                .addArrayOfShort(array(rows, Short[]::new, row -> (short) row.attempts()))
                .addArrayOfShort(array(rows, Short[]::new, LedgerStore::reason))
                .addArrayOfShort(array(rows, Short[]::new, LedgerStore::retry))
                .addArrayOfOffsetDateTime(array(rows, OffsetDateTime[]::new, row -> time(row.nextAt())));
        if (ruled) {
            values.addValue(octets(
                    rows, row -> row.factors() == null ? null : row.factors().octets()));
        }
        if (scored) {
            values.addValue(
                    octets(rows, row -> row.score() == null ? null : row.score().octets()));
        }
        if (advised) {
            values.addValue(octets(
                    rows, row -> row.advice() == null ? null : row.advice().octets()));
        }
        return tx.preparedQuery(
                        advised
                                ? WRITE_ADVISED_INTENTS
                                : scored ? WRITE_SCORED_INTENTS : ruled ? WRITE_RULED_INTENTS : WRITE_INTENTS)
                .execute(values)
                .map(LedgerStore::places);
    }

    static final String WRITE_RESULTS =
            """
            INSERT INTO cep_message AS m (run, step, ws, token, channel, profile_no, rank, id, subscription, state,
                                          attempts, reason, retry_reason, status, next_at, accepted_at)
            SELECT $1, $2, $3, $4, $5, d.profile_no, d.rank, d.id, d.subscription, d.state, d.attempts, d.reason,
                   d.retry_reason, d.status, d.next_at, CASE WHEN d.state = 2 THEN clock_timestamp() END
            FROM unnest($6::int[], $7::smallint[], $8::uuid[], $9::uuid[], $10::smallint[], $11::smallint[],
                        $12::smallint[], $13::smallint[], $14::smallint[], $15::timestamptz[])
                 AS d (profile_no, rank, id, subscription, state, attempts, reason, retry_reason, status, next_at)
            ON CONFLICT (run, step, profile_no, rank) DO UPDATE
            SET state = excluded.state, attempts = excluded.attempts, reason = excluded.reason,
                status = excluded.status, next_at = excluded.next_at, accepted_at = excluded.accepted_at
            WHERE m.token = excluded.token AND m.state = 1
            RETURNING profile_no, rank
            """;

    /**
     * Results of attempts, where the row is still under the token: a fenced sender writes nothing.
     *
     * @param rows in ascending order of person and rank
     * @return the rows that were written
     */
    static Future<Set<Place>> writeResults(SqlClient tx, Run run, long token, List<LedgerRow> rows) {
        return tx.preparedQuery(WRITE_RESULTS)
                .execute(Tuple.tuple()
                        .addLong(run.run())
                        .addShort(STEP)
                        .addInteger(run.ws())
                        .addLong(token)
                        .addShort(run.channel().code())
                        .addArrayOfInteger(array(rows, Integer[]::new, LedgerRow::profileNo))
                        .addArrayOfShort(array(rows, Short[]::new, row -> (short) row.rank()))
                        .addArrayOfUUID(array(rows, UUID[]::new, LedgerRow::id))
                        .addArrayOfUUID(array(rows, UUID[]::new, LedgerRow::subscription))
                        .addArrayOfShort(
                                array(rows, Short[]::new, row -> row.state().code()))
                        .addArrayOfShort(array(rows, Short[]::new, row -> (short) row.attempts()))
                        .addArrayOfShort(array(rows, Short[]::new, LedgerStore::reason))
                        .addArrayOfShort(array(rows, Short[]::new, LedgerStore::retry))
                        .addArrayOfShort(array(
                                rows,
                                Short[]::new,
                                row -> row.httpStatus() == null
                                        ? null
                                        : row.httpStatus().shortValue()))
                        .addArrayOfOffsetDateTime(array(rows, OffsetDateTime[]::new, row -> time(row.nextAt()))))
                .map(LedgerStore::places);
    }

    /** A statement about the range of a chunk, as one about its people. */
    private static String of(String ranged) {
        return ranged.replaceFirst("BETWEEN (\\$[0-9]+) AND \\$[0-9]+", "= ANY ($1)");
    }

    private static Tuple people(Chunk chunk, Tuple values) {
        return chunk.isRange()
                ? values.addInteger(chunk.firstProfileNo()).addInteger(chunk.lastProfileNo())
                : values.addArrayOfInteger(chunk.profileNos().toArray(Integer[]::new));
    }

    private static final String ROW_COLUMNS =
            "profile_no, rank, id, subscription, state, attempts, reason, retry_reason, status, next_at";

    static final String ROWS = "SELECT " + ROW_COLUMNS
            + """
                     FROM cep_message
                    WHERE run = $1 AND step = $2 AND profile_no BETWEEN $3 AND $4
                    ORDER BY profile_no, rank
                    """;
    static final String ROWS_OF_CHUNK = of(ROWS);

    /** All rows of the chunk, in ascending order. */
    public static Future<List<LedgerRow>> rows(SqlClient client, Chunk chunk) {
        return client.preparedQuery(chunk.isRange() ? ROWS : ROWS_OF_CHUNK)
                .execute(people(chunk, Tuple.of(chunk.run(), STEP)))
                .map(rows -> rows.stream().map(LedgerStore::row).toList());
    }

    static final String ROWS_OF =
            "SELECT " + ROW_COLUMNS + " FROM cep_message WHERE run = $1 AND step = $2 AND profile_no = ANY ($3)";

    /** All rows of these people. */
    public static Future<List<LedgerRow>> rowsOf(SqlClient client, long run, Collection<Integer> people) {
        return client.preparedQuery(ROWS_OF)
                .execute(Tuple.of(run, STEP, people.toArray(Integer[]::new)))
                .map(rows -> rows.stream().map(LedgerStore::row).toList());
    }

    static final String CLAIMED =
            "SELECT profile_no FROM cep_message WHERE run = $1 AND step = $2 AND rank = 0 AND profile_no BETWEEN $3 AND $4";
    static final String CLAIMED_OF_CHUNK = of(CLAIMED);

    /** People of the chunk who have been claimed. */
    static Future<Set<Integer>> claimed(SqlClient client, Chunk chunk) {
        return client.preparedQuery(chunk.isRange() ? CLAIMED : CLAIMED_OF_CHUNK)
                .execute(people(chunk, Tuple.of(chunk.run(), STEP)))
                .map(rows -> {
                    var people = new HashSet<Integer>();
                    rows.forEach(row -> people.add(row.getInteger("profile_no")));
                    return people;
                });
    }

    /**
     * What is left of a chunk.
     *
     * @param claimed how many of its people have been claimed
     * @param nextAt when its first open row is due; null when all are final
     */
    public record Rest(int claimed, Instant nextAt) {}

    static final String REST =
            """
            SELECT count(*) FILTER (WHERE rank = 0) AS claimed,
                   min(coalesce(next_at, now())) FILTER (WHERE state < 2) AS next_at
            FROM cep_message
            WHERE run = $1 AND step = $2 AND profile_no BETWEEN $3 AND $4
            """;
    static final String REST_OF_CHUNK = of(REST);

    public static Future<Rest> rest(SqlClient client, Chunk chunk) {
        return client.preparedQuery(chunk.isRange() ? REST : REST_OF_CHUNK)
                .execute(people(chunk, Tuple.of(chunk.run(), STEP)))
                .map(rows -> {
                    var row = rows.iterator().next();
                    return new Rest(row.getLong("claimed").intValue(), instant(row, "next_at"));
                });
    }

    static final String END_ROWS =
            """
            UPDATE cep_message
            SET state = CASE WHEN state = 1 OR retry_reason = 0 THEN $6::smallint ELSE $3::smallint END,
                reason = CASE WHEN state = 1 OR retry_reason = 0 THEN $7::smallint ELSE $4::smallint END,
                retry_reason = CASE WHEN state = 1 THEN 0 ELSE retry_reason END,
                next_at = NULL
            WHERE run = $1 AND step = $2 AND state <= $5 AND profile_no BETWEEN $8 AND $9
            RETURNING
            """
                    + ROW_COLUMNS;
    static final String END_ROWS_OF_CHUNK = of(END_ROWS);

    /**
     * Ends the rows of the chunk that wait. Those that are {@code attempting} too when their sender is known to be dead:
     * nobody knows what came of them, nor of those that were and wait since then, so they are not called skipped, but failed by
     * our own fault, with the crash on record.
     */
    static Future<List<LedgerRow>> endRows(SqlClient tx, Chunk chunk, Reason reason, boolean attempting) {
        return tx.preparedQuery(chunk.isRange() ? END_ROWS : END_ROWS_OF_CHUNK)
                .execute(people(
                        chunk,
                        Tuple.tuple()
                                .addLong(chunk.run())
                                .addShort(STEP)
                                .addShort(reason.finalState().code())
                                .addShort(reason.code())
                                .addShort((attempting ? State.ATTEMPTING : State.WAITING).code())
                                .addShort(Reason.INTERNAL.finalState().code())
                                .addShort(Reason.INTERNAL.code())))
                .map(rows -> rows.stream().map(LedgerStore::row).toList());
    }

    private static final String DELIVERY_COLUMNS =
            """
            profile_no, rank, id, subscription, channel, state, reason, status, attempts, retry_reason,
            created_at, attempted_at, accepted_at, shown_at, clicked_at, clicked_action, closed_at
            """;

    static final String DELIVERIES =
            """
            SELECT %s FROM cep_message
            WHERE run = $1 AND step = $2 AND (profile_no, rank) > ($3, $4)
            ORDER BY profile_no, rank
            LIMIT $5
            """
                    .formatted(DELIVERY_COLUMNS);

    public static Future<List<Delivery>> deliveries(SqlClient client, long run, Place after, int limit) {
        return client.preparedQuery(DELIVERIES)
                .execute(Tuple.of(run, STEP, after.profileNo(), (short) after.rank(), limit))
                .map(rows -> rows.stream().map(LedgerStore::delivery).toList());
    }

    /** A row of a filtered list, or only how far was looked where {@code delivery} is null. */
    public record Listed(Delivery delivery, Place last, int looked) {}

    /** Looks at so many rows and no more; the last one that was looked at stands beside each that was found. */
    static final String FILTERED_DELIVERIES =
            """
            WITH looked AS MATERIALIZED (
              SELECT %s FROM cep_message
              WHERE run = $1 AND step = $2 AND (profile_no, rank) > ($3, $4)
              ORDER BY profile_no, rank LIMIT $5
            ), last AS (
              SELECT profile_no AS last_profile_no, rank AS last_rank, (SELECT count(*)::int FROM looked) AS looked
              FROM looked ORDER BY profile_no DESC, rank DESC LIMIT 1
            ), found AS (
              SELECT * FROM looked
              WHERE ($6::smallint IS NULL OR state = $6) AND ($7::smallint IS NULL OR reason = $7)
              ORDER BY profile_no, rank LIMIT $8
            )
            SELECT * FROM last LEFT JOIN found ON true ORDER BY profile_no, rank
            """
                    .formatted(DELIVERY_COLUMNS);

    /**
     * @param state null for all
     * @param reason null for all
     */
    public static Future<List<Listed>> deliveries(
            SqlClient client, long run, State state, Reason reason, Place after, int look, int limit) {
        return client.preparedQuery(FILTERED_DELIVERIES)
                .execute(Tuple.from(new Object[] {
                    run,
                    STEP,
                    after.profileNo(),
                    (short) after.rank(),
                    look,
                    state == null ? null : state.code(),
                    reason == null ? null : reason.code(),
                    limit
                }))
                .map(rows -> rows.stream()
                        .map(row -> new Listed(
                                row.getInteger("profile_no") == null ? null : delivery(row),
                                new Place(row.getInteger("last_profile_no"), row.getShort("last_rank")),
                                row.getInteger("looked")))
                        .toList());
    }

    /** To whom something did not arrive, without who is held out (reason 25): the address, or null where the person had none. */
    public record Missed(int profileNo, UUID subscription) {}

    static final String MISSED =
            """
            SELECT profile_no, subscription FROM cep_message
            WHERE run = $1 AND step = $2 AND state = ANY ($3) AND ($4::smallint[] IS NULL OR reason = ANY ($4))
              AND reason IS DISTINCT FROM 25
            ORDER BY profile_no, rank LIMIT $5
            """;

    public static Future<List<Missed>> missed(SqlClient client, long run, Resend wanted, int limit) {
        return client.preparedQuery(MISSED)
                .execute(Tuple.of(
                        run,
                        STEP,
                        wanted.states().stream().map(State::code).toArray(Short[]::new),
                        wanted.reasons().isEmpty()
                                ? null
                                : wanted.reasons().stream().map(Reason::code).toArray(Short[]::new),
                        limit))
                .map(rows -> rows.stream()
                        .map(row -> new Missed(row.getInteger("profile_no"), row.getUUID("subscription")))
                        .toList());
    }

    /**
     * What was reported of one delivery.
     *
     * @param shown the earliest report; null for none; {@code clicked} and {@code closed} likewise
     * @param action of the earliest click
     */
    record Reports(int step, int profileNo, int rank, Instant shown, Instant clicked, String action, Instant closed) {}

    /** A delivery with what was reported of it for the first time. */
    record FirstReports(
            UUID id, int profileNo, int rank, boolean shown, boolean clicked, boolean closed, String action) {}

    /**
     * Reads and locks each row by its key, then upserts: a join to the run could be planned as a walk through all of it.
     */
    static final String WRITE_REPORTS =
            """
            WITH before AS MATERIALIZED (
              SELECT m.*, r.shown_at AS new_shown_at, r.clicked_at AS new_clicked_at, r.action AS new_action,
                     r.closed_at AS new_closed_at
              FROM unnest($3::smallint[], $4::int[], $5::smallint[], $6::timestamptz[], $7::timestamptz[], $8::text[],
                          $9::timestamptz[]) AS r (step, profile_no, rank, shown_at, clicked_at, action, closed_at)
              CROSS JOIN LATERAL (
                SELECT * FROM cep_message
                WHERE run = $1 AND step = r.step AND profile_no = r.profile_no AND rank = r.rank
                  AND ws = $2 AND subscription IS NOT NULL
                LIMIT 1
                FOR NO KEY UPDATE
              ) m
            ), first AS (
              SELECT *, shown_at IS NULL AND new_shown_at IS NOT NULL AS first_shown,
                     clicked_at IS NULL AND new_clicked_at IS NOT NULL AS first_clicked,
                     closed_at IS NULL AND new_closed_at IS NOT NULL AS first_closed
              FROM before
            ), written AS (
              INSERT INTO cep_message AS m (run, step, ws, token, channel, profile_no, rank, id, state, attempts,
                                            shown_at, clicked_at, clicked_action, closed_at)
              SELECT run, step, ws, token, channel, profile_no, rank, id, state, attempts,
                     new_shown_at, new_clicked_at, new_action, new_closed_at
              FROM first
              WHERE first_shown OR first_clicked OR first_closed
              ON CONFLICT (run, step, profile_no, rank) DO UPDATE
              SET shown_at = coalesce(m.shown_at, excluded.shown_at),
                  clicked_at = coalesce(m.clicked_at, excluded.clicked_at),
                  clicked_action = CASE WHEN m.clicked_at IS NULL THEN excluded.clicked_action ELSE m.clicked_action END,
                  closed_at = coalesce(m.closed_at, excluded.closed_at)
            )
            SELECT id, profile_no, rank, first_shown, first_clicked, first_closed, new_action
            FROM first
            WHERE first_shown OR first_clicked OR first_closed
            """;

    /**
     * The first report of each kind stays; which those were is answered. A report implies no other.
     *
     * @param reports in ascending order of step, person and rank
     */
    static Future<List<FirstReports>> writeReports(SqlClient tx, int ws, long run, List<Reports> reports) {
        return tx.preparedQuery(WRITE_REPORTS)
                .execute(Tuple.tuple()
                        .addLong(run)
                        .addInteger(ws)
                        .addArrayOfShort(array(reports, Short[]::new, r -> (short) r.step()))
                        .addArrayOfInteger(array(reports, Integer[]::new, Reports::profileNo))
                        .addArrayOfShort(array(reports, Short[]::new, r -> (short) r.rank()))
                        .addArrayOfOffsetDateTime(array(reports, OffsetDateTime[]::new, r -> time(r.shown())))
                        .addArrayOfOffsetDateTime(array(reports, OffsetDateTime[]::new, r -> time(r.clicked())))
                        .addArrayOfString(array(reports, String[]::new, Reports::action))
                        .addArrayOfOffsetDateTime(array(reports, OffsetDateTime[]::new, r -> time(r.closed()))))
                .map(rows -> rows.stream()
                        .map(row -> new FirstReports(
                                row.getUUID("id"),
                                row.getInteger("profile_no"),
                                row.getShort("rank"),
                                row.getBoolean("first_shown"),
                                row.getBoolean("first_clicked"),
                                row.getBoolean("first_closed"),
                                row.getString("new_action")))
                        .toList());
    }

    private static <T, V> V[] array(List<T> rows, IntFunction<V[]> make, Function<T, V> value) {
        var values = make.apply(rows.size());
        for (int i = 0; i < values.length; i++) {
            values[i] = value.apply(rows.get(i));
        }
        return values;
    }

    private static Buffer[] octets(List<LedgerRow> rows, Function<LedgerRow, byte[]> of) {
        return array(rows, Buffer[]::new, row -> {
            var octets = of.apply(row);
            return octets == null ? null : Buffer.buffer(octets);
        });
    }

    private static Short reason(LedgerRow row) {
        return row.reason() == null ? null : row.reason().code();
    }

    private static Short retry(LedgerRow row) {
        return row.retry() == null ? null : row.retry().code();
    }

    private static Set<Place> places(Iterable<Row> rows) {
        var places = new HashSet<Place>();
        rows.forEach(row -> places.add(new Place(row.getInteger("profile_no"), row.getShort("rank"))));
        return places;
    }

    private static LedgerRow row(Row row) {
        var reason = row.getShort("reason");
        return new LedgerRow(
                row.getInteger("profile_no"),
                row.getShort("rank"),
                row.getUUID("id"),
                row.getUUID("subscription"),
                State.of(row.getShort("state")),
                row.getShort("attempts"),
                reason == null ? null : Reason.of(reason),
                RetryReason.of(number(row, "retry_reason")),
                number(row, "status"),
                instant(row, "next_at"),
                null,
                null,
                null);
    }

    private static Delivery delivery(Row row) {
        var reason = row.getShort("reason");
        var retry = RetryReason.of(number(row, "retry_reason"));
        return new Delivery(
                row.getInteger("profile_no"),
                row.getShort("rank"),
                row.getUUID("id"),
                null,
                row.getUUID("subscription"),
                ChannelKind.of(row.getShort("channel")),
                State.of(row.getShort("state")),
                reason == null ? null : Reason.of(reason),
                number(row, "status"),
                row.getShort("attempts"),
                retry == null ? null : retry.word(),
                instant(row, "created_at"),
                instant(row, "attempted_at"),
                instant(row, "accepted_at"),
                instant(row, "shown_at"),
                instant(row, "clicked_at"),
                row.getString("clicked_action"),
                instant(row, "closed_at"));
    }

    private static Integer number(Row row, String column) {
        var value = row.getShort(column);
        return value == null ? null : value.intValue();
    }
}
