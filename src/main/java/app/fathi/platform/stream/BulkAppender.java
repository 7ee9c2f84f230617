package app.fathi.platform.stream;

import app.fathi.platform.config.Config;
import app.fathi.platform.db.DatabaseAddress;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.logging.Thrown;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Appends many records at once by {@code COPY} in its binary format, at half of what a statement costs the database for each of
 * them. The reactive client has no {@code COPY}, so this has connections of its own, of JDBC, and threads that wait for them.
 */
public final class BulkAppender {
    private static final Logger LOG = LoggerFactory.getLogger(BulkAppender.class);

    /** Fewer are appended sooner by one statement: this takes four round trips. */
    static final int FEWEST = 100;

    private static final byte[] SIGNATURE = {'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xFF, '\r', '\n', 0};
    private static final int RECORD_OCTETS = 512;
    private static final short COLUMNS = 9;

    /** As in {@link Streams}, for JDBC, which has its own sign for parameters. */
    private static final String MOVE =
            """
            WITH locked AS MATERIALIZED (
              SELECT part FROM stream_head WHERE topic = ? AND part = ANY (?) ORDER BY part FOR UPDATE),
            present AS (
              SELECT max(number) AS period FROM partition_period WHERE relation = 'stream_record' AND begins_at <= now())
            UPDATE stream_head h SET next = h.next + w.records, period = greatest(h.period, p.period)
            FROM unnest(?::smallint[], ?::int[]) AS w (part, records) JOIN locked USING (part) CROSS JOIN present p
            WHERE h.topic = ? AND h.part = w.part
            RETURNING h.part, h.next - w.records AS first, h.period,
                      (extract(epoch FROM clock_timestamp()) * 1000000)::bigint - 946684800000000 AS micros
            """;

    private static final String COPY =
            "COPY stream_record (topic, part, period, pos, at, ws, key, kind, payload) FROM STDIN (FORMAT binary)";

    private final DatabaseAddress address;
    private final Config.Database settings;
    private final WorkerExecutor threads;
    private final ConcurrentLinkedDeque<Line> idle = new ConcurrentLinkedDeque<>();
    private volatile boolean closed;

    /** @param atOnce so many connections */
    public BulkAppender(Vertx vertx, DatabaseAddress address, Config.Database settings, int atOnce) {
        this.address = address;
        this.settings = settings;
        this.threads = vertx.createSharedWorkerExecutor("append", atOnce);
    }

    /** A connection with its statement. */
    private record Line(Connection connection, PreparedStatement move) {
        void drop() {
            try {
                connection.close();
            } catch (SQLException e) {
                LOG.debug("A connection could not be closed: {}", Thrown.text(e));
            }
        }
    }

    /** In one transaction. False when it is certain that nothing was appended; fails when that is not known. */
    Future<Boolean> append(String topic, List<StreamRecord> records) {
        return threads.executeBlocking(() -> appendNow(topic, records), false);
    }

    private boolean appendNow(String topic, List<StreamRecord> records) throws SQLException {
        var free = idle.pollFirst();
        var line = Optional.<Line>empty();
        try {
            line = Optional.of(free == null ? open() : free);
            copy(line.get(), topic, records);
        } catch (SQLException | RuntimeException e) {
            LOG.debug("{} records could not be copied to {}: {}", records.size(), topic, Thrown.text(e));
            line.ifPresent(Line::drop);
            return false;
        }
        try {
            line.get().connection().commit();
        } catch (SQLException e) {
            LOG.warn("Nothing is known of {} records for {}: {}", records.size(), topic, Thrown.text(e));
            line.get().drop();
            throw new ProblemException(Problem.retryLater(
                    Kind.UNAVAILABLE, "The database did not say whether it has stored this. Try again.", 1));
        }
        idle.addFirst(line.get());
        if (closed) {
            dropIdle();
        }
        return true;
    }

    private static void copy(Line line, String topic, List<StreamRecord> records) throws SQLException {
        var places = Places.of(records);
        // Before the heads are moved: others wait for them until this has committed.
        var rows = Rows.of(topic, records, places);
        var octets = rows.at(move(line, topic, places), places);
        var into = line.connection().unwrap(PGConnection.class).getCopyAPI().copyIn(COPY);
        into.writeToCopy(octets, 0, octets.length);
        into.endCopy();
    }

    /**
     * Where the records of each partition begin.
     *
     * @param at microseconds since 2000, as PostgreSQL counts
     */
    private record Won(long[] first, long[] period, long at) {}

    private static Won move(Line line, String topic, Places places) throws SQLException {
        var parts = line.connection().createArrayOf("int2", places.moved());
        var move = line.move();
        move.setString(1, topic);
        move.setArray(2, parts);
        move.setArray(3, parts);
        move.setArray(4, line.connection().createArrayOf("int4", places.counts()));
        move.setString(5, topic);
        var first = new long[Streams.PARTITIONS];
        var period = new long[Streams.PARTITIONS];
        long at = 0;
        int moved = 0;
        try (var rows = move.executeQuery()) {
            for (; rows.next(); moved++) {
                first[rows.getInt("part")] = rows.getLong("first");
                period[rows.getInt("part")] = rows.getLong("period");
                at = rows.getLong("micros");
            }
        }
        if (moved != places.moved().length) {
            throw new IllegalStateException("Topic " + topic + " has " + moved + " of its heads");
        }
        return new Won(first, period, at);
    }

    /**
     * What is copied, whole but for where it belongs.
     *
     * @param won where period, position and moment of each record stand, one behind the other
     */
    private record Rows(Buffer octets, int[] won) {
        private static final int POSITION = Integer.BYTES + Long.BYTES;

        static Rows of(String topic, List<StreamRecord> records, Places places) {
            var into = Buffer.buffer(records.size() * RECORD_OCTETS)
                    .appendBytes(SIGNATURE)
                    .appendInt(0)
                    .appendInt(0);
            var name = topic.getBytes(StandardCharsets.UTF_8);
            var won = new int[records.size()];
            for (int i = 0; i < records.size(); i++) {
                var record = records.get(i);
                into.appendShort(COLUMNS);
                text(into, name);
                into.appendInt(Short.BYTES).appendShort(places.parts()[i]);
                won[i] = into.length() + Integer.BYTES;
                for (int column = 0; column < 3; column++) {
                    into.appendInt(Long.BYTES).appendLong(0);
                }
                into.appendInt(Integer.BYTES).appendInt(record.ws());
                text(into, record.key().getBytes(StandardCharsets.UTF_8));
                text(into, record.kind().getBytes(StandardCharsets.UTF_8));
                // Not toBuffer(), which writes emoji as two escapes and not as they came.
                text(into, record.payload().encode().getBytes(StandardCharsets.UTF_8));
            }
            return new Rows(into.appendShort((short) -1), won);
        }

        private static void text(Buffer into, byte[] octets) {
            into.appendInt(octets.length).appendBytes(octets);
        }

        byte[] at(Won heads, Places places) {
            for (int i = 0; i < won.length; i++) {
                int part = places.parts()[i];
                octets.setLong(won[i], heads.period()[part]);
                octets.setLong(won[i] + POSITION, heads.first()[part] + places.places()[i]);
                octets.setLong(won[i] + 2 * POSITION, heads.at());
            }
            return octets.getBytes();
        }
    }

    private Line open() throws SQLException {
        var connection = address.connect();
        try (var statement = connection.createStatement()) {
            statement.execute("SET application_name = 'fathi-append'; SET statement_timeout = '"
                    + settings.statementTimeoutSeconds() + "s'; SET idle_in_transaction_session_timeout = '"
                    + settings.idleTransactionSeconds() + "s'; SET enable_seqscan = off");
            connection.setAutoCommit(false);
            return new Line(connection, connection.prepareStatement(MOVE));
        } catch (SQLException e) {
            connection.close();
            throw e;
        }
    }

    private void dropIdle() {
        for (var line = idle.pollFirst(); line != null; line = idle.pollFirst()) {
            line.drop();
        }
    }

    /** What is under way ends before. */
    public Future<Void> close() {
        closed = true;
        return threads.close().onComplete(done -> dropIdle());
    }
}
