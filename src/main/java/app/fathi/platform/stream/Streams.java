package app.fathi.platform.stream;

import app.fathi.platform.config.Config;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Transaction;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The streams on PostgreSQL: append-only topics cut into partitions by key. Positions of a partition have no gaps and
 * become visible in order, because an append moves the partition's head and holds it until it commits.
 */
public final class Streams {
    static final int PARTITIONS = 16;

    /**
     * Moves the heads in ascending order, so that two appends never wait for each other in a circle, and inserts the
     * records at the positions won: each has its place among those of its partition. A record takes the newest period that has
     * begun and exists.
     */
    private static final String APPEND =
            """
            WITH locked AS MATERIALIZED (
              SELECT part FROM stream_head WHERE topic = $1 AND part = ANY ($2) ORDER BY part FOR UPDATE),
            present AS (
              SELECT max(number) AS period FROM partition_period WHERE relation = 'stream_record' AND begins_at <= now()),
            moved AS (
              UPDATE stream_head h SET next = h.next + w.records, period = greatest(h.period, p.period)
              FROM unnest($2::smallint[], $3::int[]) AS w (part, records) JOIN locked USING (part) CROSS JOIN present p
              WHERE h.topic = $1 AND h.part = w.part
              RETURNING h.part, h.next - w.records AS first, h.period)
            INSERT INTO stream_record (topic, part, period, pos, at, ws, key, kind, payload)
            SELECT $1, m.part, m.period, m.first + r.place, clock_timestamp(), r.ws, r.key, r.kind, r.payload
            FROM unnest($4::smallint[], $5::int[], $6::int[], $7::text[], $8::text[], $9::text[])
              AS r (part, place, ws, key, kind, payload)
            JOIN moved m USING (part)
            """;

    private final Vertx vertx;
    private final Pool pool;
    private final Config.Stream config;
    private final Optional<BulkAppender> bulk;
    private final Map<String, Appender> appenders = new ConcurrentHashMap<>();
    /** To which topic a transaction appended last. */
    private final Map<Transaction, String> appended = Collections.synchronizedMap(new WeakHashMap<>());

    /** One for the node; its appenders group what all event loops bring. */
    public Streams(Vertx vertx, Pool pool, Config.Stream config) {
        this(vertx, pool, config, Optional.empty());
    }

    /** @param bulk takes what comes in large groups */
    public Streams(Vertx vertx, Pool pool, Config.Stream config, Optional<BulkAppender> bulk) {
        this.vertx = vertx;
        this.pool = pool;
        this.config = config;
        this.bulk = bulk;
    }

    /** Appends in a group with what others bring meanwhile; succeeds once it is committed. 503 when too much is waiting. */
    public Future<Void> append(String topic, List<StreamRecord> records) {
        return appenders.computeIfAbsent(topic, Appender::new).add(records);
    }

    /**
     * Appends inside the caller's transaction, which must be short: it holds the heads until it ends. Once in a
     * transaction; who has records for several topics appends in the order of the topics' names. Who came back for a lower
     * head would wait for somebody who waits for its higher one, so that is refused. Consumers are told when it has committed.
     */
    public Future<Void> append(SqlConnection tx, String topic, List<StreamRecord> records) {
        if (records.isEmpty()) {
            return Future.succeededFuture();
        }
        var transaction = tx.transaction();
        if (transaction != null) {
            var before = appended.put(transaction, topic);
            if (before != null && before.compareTo(topic) >= 0) {
                return Future.failedFuture(new IllegalStateException("This transaction appended to " + before
                        + " before: give all records of " + topic + " at once, topics in the order of their names"));
            }
            transaction.completion().onSuccess(committed -> wake(topic));
        }
        return tx.preparedQuery(APPEND).execute(tuple(topic, records)).mapEmpty();
    }

    /** The same as {@link #APPEND} for the oldest of the outbox: what is written there never leaves the database. */
    private static final String DRAIN =
            """
            WITH record AS MATERIALIZED (
              DELETE FROM outbox WHERE id IN (SELECT id FROM outbox ORDER BY id LIMIT $1)
              RETURNING id AS place, topic, part, ws, key, kind, payload),
            wanted AS (SELECT topic, part, count(*) AS records FROM record GROUP BY topic, part),
            locked AS MATERIALIZED (
              SELECT topic, part FROM stream_head
              WHERE (topic, part) IN (SELECT topic, part FROM wanted)
              ORDER BY topic, part FOR UPDATE),
            present AS (
              SELECT max(number) AS period FROM partition_period WHERE relation = 'stream_record' AND begins_at <= now()),
            moved AS (
              UPDATE stream_head h SET next = h.next + w.records, period = greatest(h.period, p.period)
              FROM locked l JOIN wanted w USING (topic, part) CROSS JOIN present p
              WHERE h.topic = l.topic AND h.part = l.part
              RETURNING h.topic, h.part, h.next - w.records AS first, h.period),
            appended AS (
              INSERT INTO stream_record (topic, part, period, pos, at, ws, key, kind, payload)
              SELECT topic, part, m.period,
                     m.first + row_number() OVER (PARTITION BY topic, part ORDER BY r.place) - 1,
                     clock_timestamp(), r.ws, r.key, r.kind, r.payload
              FROM record r JOIN moved m USING (topic, part))
            SELECT topic, records FROM wanted
            """;

    /** Moves the oldest records of the outbox to their topics; how many. Who calls it does so one at a time. */
    Future<Integer> drain(SqlConnection tx, int limit) {
        return tx.preparedQuery(DRAIN).execute(Tuple.of(limit)).map(rows -> {
            var topics = new HashSet<String>();
            int records = 0;
            for (var row : rows) {
                topics.add(row.getString("topic"));
                records += row.getLong("records").intValue();
            }
            tx.transaction().completion().onSuccess(committed -> topics.forEach(this::wake));
            return records;
        });
    }

    /** Tells the consumers of all nodes that there may be something new. Losing it costs a second. */
    public void wake(String topic) {
        vertx.eventBus().publish(hintAddress(topic), "");
    }

    static String hintAddress(String topic) {
        return "fathi.hint.stream." + topic;
    }

    static int partition(StreamRecord record) {
        var hash = 31 * record.ws() + record.key().hashCode();
        return (hash ^ (hash >>> 16)) & (PARTITIONS - 1);
    }

    private static Tuple tuple(String topic, List<StreamRecord> records) {
        var places = Places.of(records);
        return Tuple.from(new Object[] {
            topic,
            places.moved(),
            places.counts(),
            places.parts(),
            places.places(),
            records.stream().map(StreamRecord::ws).toArray(Integer[]::new),
            records.stream().map(StreamRecord::key).toArray(String[]::new),
            records.stream().map(StreamRecord::kind).toArray(String[]::new),
            records.stream().map(record -> record.payload().encode()).toArray(String[]::new)
        });
    }

    /** Groups appends to one topic: a flush takes all that wait, at most two are under way. */
    private final class Appender {
        private record Waiting(List<StreamRecord> records, Promise<Void> done) {}

        private final String topic;
        private final ArrayDeque<Waiting> queue = new ArrayDeque<>();
        private int queued;
        private int flushing;
        private boolean timerSet;

        Appender(String topic) {
            this.topic = topic;
        }

        Future<Void> add(List<StreamRecord> records) {
            // Answers come on the thread that asked, with its logging context, whichever thread flushes.
            Promise<Void> done = ((VertxInternal) vertx).getOrCreateContext().promise();
            synchronized (this) {
                if (queued + records.size() > config.appendQueue()) {
                    return Future.failedFuture(new ProblemException(Problem.retryLater(
                            Kind.UNAVAILABLE, "More arrives than can be stored right now. Try again shortly.", 1)));
                }
                queue.add(new Waiting(records, done));
                queued += records.size();
            }
            flushOrWait();
            return done.future();
        }

        private void flushOrWait() {
            List<Waiting> group;
            synchronized (this) {
                if (queue.isEmpty() || flushing >= config.appendsInFlight()) {
                    return;
                }
                if (queued < config.appendEvents() && !timerSet) {
                    timerSet = true;
                    vertx.setTimer(config.appendWaitMillis(), fired -> {
                        synchronized (this) {
                            timerSet = false;
                        }
                        flush(take());
                    });
                    return;
                }
                if (queued < config.appendEvents()) {
                    return;
                }
                group = take();
            }
            flush(group);
        }

        private synchronized List<Waiting> take() {
            var group = new ArrayList<Waiting>();
            var records = 0;
            while (!queue.isEmpty()
                    && flushing < config.appendsInFlight()
                    && (group.isEmpty() || records + queue.peek().records().size() <= config.appendEvents())) {
                var next = queue.poll();
                records += next.records().size();
                group.add(next);
            }
            queued -= records;
            if (!group.isEmpty()) {
                flushing++;
            }
            return group;
        }

        private void flush(List<Waiting> group) {
            if (group.isEmpty()) {
                return;
            }
            write(group).onComplete(done -> {
                synchronized (this) {
                    flushing--;
                }
                flushOrWait();
            });
        }

        /** One statement is one transaction: it commits before it answers. Succeeds when everybody was told. */
        private Future<Void> write(List<Waiting> group) {
            var records = group.stream()
                    .flatMap(waiting -> waiting.records().stream())
                    .toList();
            return append(records)
                    .onSuccess(committed -> {
                        group.forEach(waiting -> waiting.done().complete());
                        wake(topic);
                    })
                    .recover(failure -> {
                        if (group.size() > 1 && isFaultOfData(failure)) {
                            return eachAlone(group);
                        }
                        group.forEach(waiting -> waiting.done().fail(failure));
                        return Future.succeededFuture();
                    });
        }

        /** Whatever is wrong with what could not be copied, the statement says it. */
        private Future<Void> append(List<StreamRecord> records) {
            return bulk.isPresent() && records.size() >= BulkAppender.FEWEST
                    ? bulk.get()
                            .append(topic, records)
                            .compose(appended -> appended ? Future.succeededFuture() : insert(records))
                    : insert(records);
        }

        private Future<Void> insert(List<StreamRecord> records) {
            return pool.preparedQuery(APPEND).execute(tuple(topic, records)).mapEmpty();
        }

        /** What one request brought must not fail its neighbours'. */
        private Future<Void> eachAlone(List<Waiting> group) {
            Future<Void> chain = Future.succeededFuture();
            for (var waiting : group) {
                chain = chain.compose(done -> write(List.of(waiting)));
            }
            return chain;
        }

        /** SQLSTATE classes 22 (data) and 54 (limits). */
        private static boolean isFaultOfData(Throwable failure) {
            return failure instanceof PgException e
                    && e.getSqlState() != null
                    && (e.getSqlState().startsWith("22") || e.getSqlState().startsWith("54"));
        }
    }
}
