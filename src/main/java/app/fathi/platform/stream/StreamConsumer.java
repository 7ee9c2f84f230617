package app.fathi.platform.stream;

import app.fathi.platform.alerts.Alert;
import app.fathi.platform.alerts.Alerts;
import app.fathi.platform.config.Config;
import app.fathi.platform.logging.Thrown;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.VertxException;
import io.vertx.core.json.JsonObject;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.BiFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Consumes a topic for a group. The members of a group share the partitions by leases; the offset moves in the
 * transaction of the effects and only under the epoch of the lease, so what a frozen member writes when it wakes is
 * rolled back. A batch that fails is taken apart by partitions, and of each is halved down to the record that fails alone,
 * which becomes a dead letter.
 *
 * <p>All that a member does happens one after the other: sharing, then a batch of all partitions with something new. So
 * a member that hangs in a batch renews nothing and loses its partitions, as it should.
 */
public final class StreamConsumer extends VerticleBase {
    private static final Logger LOG = LoggerFactory.getLogger(StreamConsumer.class);

    /** A statement that was cancelled so often at one place is the record's fault and not the moment's. */
    private static final int CANCELLATIONS = 5;

    private static final int MAX_REASON_LENGTH = 1_000;

    /**
     * One record with where and when it was appended.
     *
     * @param text its payload as it is stored
     */
    public record Consumed(StreamRecord record, String text, int part, long pos, Instant at) {
        /** One that comes from nowhere stored. */
        public Consumed(StreamRecord record, int part, long pos, Instant at) {
            this(record, record.payload().encode(), part, pos, at);
        }
    }

    private record Owned(long epoch, long pos, long period) {}

    private record Stuck(long pos, int times) {}

    /** The offset was moved by somebody else: the partition is no longer ours. */
    private static final class FencedException extends RuntimeException {
        FencedException() {
            super("The partition has another owner", null, false, false);
        }
    }

    private final Pool pool;
    private final String group;
    private final String topic;
    private final Config.Stream config;
    private final BiFunction<SqlConnection, List<Consumed>, Future<Void>> handler;
    private final long restMillis;
    private final UUID member = UUID.randomUUID();
    private final Map<Integer, Owned> owned = new HashMap<>();
    private final Map<Integer, Stuck> cancelled = new HashMap<>();
    private boolean running;
    private boolean again;
    /** There was more than fits into a batch. */
    private boolean more;

    private boolean shareDue;
    private boolean stopping;
    private Future<Void> round = Future.succeededFuture();

    /**
     * @param handler what to do with a batch, records of several partitions, those of each in their order, in the transaction
     *     that moves the offsets; it may be run again with the same records, or with some of them, when it failed
     */
    public StreamConsumer(
            Pool pool,
            String group,
            String topic,
            Config.Stream config,
            BiFunction<SqlConnection, List<Consumed>, Future<Void>> handler) {
        this(pool, group, topic, config, config.restMillis(), handler);
    }

    /**
     * One that rests for another time.
     *
     * @param restMillis between two batches, so long as one holds all that there is
     */
    public StreamConsumer(
            Pool pool,
            String group,
            String topic,
            Config.Stream config,
            long restMillis,
            BiFunction<SqlConnection, List<Consumed>, Future<Void>> handler) {
        this.restMillis = restMillis;
        this.pool = pool;
        this.group = group;
        this.topic = topic;
        this.config = config;
        this.handler = handler;
    }

    @Override
    public Future<?> start() {
        vertx.eventBus().consumer(Streams.hintAddress(topic), hint -> wake());
        vertx.setPeriodic(config.pollMillis(), tick -> wake());
        vertx.setPeriodic(config.leaseSeconds() * 1_000L / 3, tick -> {
            shareDue = true;
            wake();
        });
        return pool.preparedQuery(
                        """
                        INSERT INTO stream_offset (grp, topic, part)
                        SELECT $1, $2, part FROM generate_series(0, $3 - 1) AS part ON CONFLICT DO NOTHING
                        """)
                .execute(Tuple.of(group, topic, Streams.PARTITIONS))
                .onSuccess(done -> {
                    shareDue = true;
                    wake();
                });
    }

    /** Ends the batch under way, then gives the partitions to the others at once. */
    @Override
    public Future<?> stop() {
        stopping = true;
        return round.otherwiseEmpty()
                .compose(done -> pool.preparedQuery(
                                """
                                WITH gone AS (DELETE FROM stream_member WHERE grp = $1 AND member = $2)
                                UPDATE stream_offset SET owner = NULL, lease_until = '-infinity'
                                WHERE grp = $3 AND topic = $4 AND owner = $2
                                """)
                        .execute(Tuple.of(members(), member, group, topic)))
                .otherwiseEmpty();
    }

    /** Those who share this topic's partitions; a node has a member for each topic of a group. */
    private String members() {
        return group + "/" + topic;
    }

    private void wake() {
        if (running) {
            again = true;
            return;
        }
        if (stopping) {
            return;
        }
        running = true;
        again = false;
        more = false;
        round = round().onFailure(this::report).otherwiseEmpty();
        round.onComplete(done -> {
            if (restMillis == 0 || more) {
                rested();
            } else {
                vertx.setTimer(restMillis, timer -> rested());
            }
        });
    }

    private void rested() {
        running = false;
        if (again || more) {
            wake();
        }
    }

    /** One look at all heads, then what is new in all partitions together, a share of the batch for each. */
    private Future<Void> round() {
        return shareWhenDue()
                .compose(done -> owned.isEmpty()
                        ? Future.succeededFuture()
                        : pool.preparedQuery("SELECT part, next FROM stream_head WHERE topic = $1 ORDER BY part")
                                .execute(Tuple.of(topic))
                                .compose(this::consumeAll));
    }

    private Future<Void> consumeAll(RowSet<Row> heads) {
        var behind = new TreeMap<Integer, Owned>();
        for (var head : heads) {
            var mine = owned.get((int) head.getShort("part"));
            if (mine != null && mine.pos() < head.getLong("next")) {
                behind.put((int) head.getShort("part"), mine);
            }
        }
        return behind.isEmpty() || stopping ? Future.succeededFuture() : consume(behind);
    }

    private Future<Void> consume(SortedMap<Integer, Owned> behind) {
        int share = Math.max(1, config.consumeEvents() / behind.size());
        return pool.preparedQuery(
                        """
                        SELECT w.part, r.* FROM unnest($2::smallint[], $3::bigint[], $4::bigint[]) AS w (part, period, pos)
                        CROSS JOIN LATERAL (
                          SELECT period, pos, at, ws, key, kind, payload FROM stream_record
                          WHERE topic = $1 AND part = w.part AND period >= w.period AND pos >= w.pos
                          ORDER BY period, pos LIMIT $5) r
                        """)
                .execute(Tuple.of(
                        topic,
                        behind.keySet().stream().map(Integer::shortValue).toArray(Short[]::new),
                        behind.values().stream().map(Owned::period).toArray(Long[]::new),
                        behind.values().stream().map(Owned::pos).toArray(Long[]::new),
                        share))
                .compose(rows -> {
                    var batches = new TreeMap<Integer, List<Row>>();
                    rows.forEach(row -> batches.computeIfAbsent((int) row.getShort("part"), none -> new ArrayList<>())
                            .add(row));
                    more = batches.values().stream().anyMatch(batch -> batch.size() == share);
                    return batches.size() > 1 ? applyTogether(batches) : applyOneByOne(batches);
                });
    }

    /** One transaction costs the same for few records as for many: what is new in all partitions shares one, while all goes well. */
    private Future<Void> applyTogether(SortedMap<Integer, List<Row>> batches) {
        var mine = new TreeMap<Integer, Owned>(owned);
        mine.keySet().retainAll(batches.keySet());
        var lasts = new TreeMap<Integer, Row>();
        batches.forEach((part, batch) -> lasts.put(part, batch.getLast()));
        return pool.withTransaction(tx -> {
                    limitIdleTime(tx);
                    return handle(tx, batches).compose(done -> moveOffsets(tx, mine, lasts));
                })
                .onSuccess(done -> lasts.forEach((part, last) -> moved(part, mine.get(part), last)))
                .recover(failure -> {
                    if (isPassing(failure) && !isCancelled(failure)) {
                        again |= isDeadlock(failure);
                        return Future.failedFuture(failure);
                    }
                    return applyOneByOne(batches);
                });
    }

    private Future<Void> applyOneByOne(SortedMap<Integer, List<Row>> batches) {
        Future<Void> chain = Future.succeededFuture();
        for (var entry : batches.entrySet()) {
            chain = chain.compose(done -> shareWhenDue())
                    .compose(done -> stopping ? Future.succeededFuture() : apply(entry.getKey(), entry.getValue()))
                    // One partition's trouble is not its neighbours'.
                    .recover(failure -> {
                        report(failure);
                        return Future.succeededFuture();
                    });
        }
        return chain;
    }

    private Future<Void> apply(int part, List<Row> batch) {
        var mine = owned.get(part);
        if (mine == null || mine.pos() > batch.getFirst().getLong("pos")) {
            return Future.succeededFuture();
        }
        return pool.withTransaction(tx -> {
                    limitIdleTime(tx);
                    return handle(tx, new TreeMap<>(Map.of(part, batch)))
                            .compose(done -> moveOffset(tx, part, mine, batch.getLast()));
                })
                .onSuccess(done -> moved(part, mine, batch.getLast()))
                .recover(failure -> afterFailure(part, mine, batch, failure));
    }

    /** The locks of a frozen node end with its lease. Sent ahead of the first statement without waiting for it. */
    private void limitIdleTime(SqlConnection tx) {
        tx.query("SET LOCAL idle_in_transaction_session_timeout = '" + config.leaseSeconds() + "s'")
                .execute();
    }

    /** What the handler throws is its failure as well. */
    private Future<Void> handle(SqlConnection tx, SortedMap<Integer, List<Row>> batches) {
        return Future.future(promise -> {
            var records = new ArrayList<Consumed>();
            batches.forEach((part, batch) -> batch.forEach(row -> records.add(consumed(part, row))));
            handler.apply(tx, records).onComplete(promise);
        });
    }

    private Future<Void> afterFailure(int part, Owned mine, List<Row> batch, Throwable failure) {
        if (failure instanceof FencedException) {
            LOG.warn("Lost partition {} of {} to another member of {}", part, topic, group);
            owned.remove(part);
            return Future.succeededFuture();
        }
        if (isPassing(failure) && !isStuck(part, mine, failure)) {
            // Whoever was picked to end a deadlock goes on at once, the others wait for the poll.
            again |= isDeadlock(failure);
            return Future.failedFuture(failure);
        }
        if (batch.size() > 1) {
            var half = batch.size() / 2;
            return apply(part, batch.subList(0, half)).compose(done -> apply(part, batch.subList(half, batch.size())));
        }
        var poison = batch.getFirst();
        LOG.error("Record {} of {}/{} cannot be digested by {}", poison.getLong("pos"), topic, part, group, failure);
        return pool.withTransaction(
                        tx -> bury(tx, part, poison, failure).compose(done -> moveOffset(tx, part, mine, poison)))
                .onSuccess(done -> moved(part, mine, poison));
    }

    /**
     * Faults of the moment and not of the record: the whole batch is tried again later. A wait for a connection that took
     * too long, a connection that broke and a pool that is closing speak of themselves only, whatever was being done.
     */
    private static boolean isPassing(Throwable failure) {
        if (failure instanceof PgException e) {
            return e.getSqlState() == null
                    || List.of("08", "25", "40", "53", "55", "57", "58")
                            .contains(e.getSqlState().substring(0, 2));
        }
        return failure instanceof VertxException || !(failure instanceof RuntimeException || failure instanceof Error);
    }

    private static boolean isDeadlock(Throwable failure) {
        return failure instanceof PgException e
                && e.getSqlState() != null
                && e.getSqlState().startsWith("40");
    }

    /** A statement that takes too long may be the moment's fault or the record's: counted. */
    private boolean isStuck(int part, Owned mine, Throwable failure) {
        if (!isCancelled(failure)) {
            return false;
        }
        var times = cancelled.merge(
                part,
                new Stuck(mine.pos(), 1),
                (before, now) -> before.pos() == now.pos() ? new Stuck(now.pos(), before.times() + 1) : now);
        return times.times() > CANCELLATIONS;
    }

    private static boolean isCancelled(Throwable failure) {
        return failure instanceof PgException e && "57014".equals(e.getSqlState());
    }

    private Future<Void> moveOffset(SqlConnection tx, int part, Owned mine, Row last) {
        return moveOffsets(tx, new TreeMap<>(Map.of(part, mine)), new TreeMap<>(Map.of(part, last)));
    }

    /** Of all of these partitions, or fenced. */
    private Future<Void> moveOffsets(SqlConnection tx, SortedMap<Integer, Owned> mine, SortedMap<Integer, Row> lasts) {
        return tx.preparedQuery(
                        """
                        UPDATE stream_offset o SET pos = n.pos, period = n.period
                        FROM unnest($3::smallint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
                          AS n (part, old_pos, epoch, pos, period)
                        WHERE o.grp = $1 AND o.topic = $2 AND o.part = n.part AND o.pos = n.old_pos AND o.epoch = n.epoch
                        """)
                .execute(Tuple.from(new Object[] {
                    group,
                    topic,
                    mine.keySet().stream().map(Integer::shortValue).toArray(Short[]::new),
                    mine.values().stream().map(Owned::pos).toArray(Long[]::new),
                    mine.values().stream().map(Owned::epoch).toArray(Long[]::new),
                    lasts.values().stream().map(row -> row.getLong("pos") + 1).toArray(Long[]::new),
                    lasts.values().stream().map(row -> row.getLong("period")).toArray(Long[]::new)
                }))
                .map(result -> {
                    if (result.rowCount() < mine.size()) {
                        throw new FencedException();
                    }
                    return null;
                });
    }

    private void moved(int part, Owned before, Row last) {
        cancelled.remove(part);
        owned.computeIfPresent(
                part,
                (same, now) -> now.epoch() == before.epoch()
                        ? new Owned(now.epoch(), last.getLong("pos") + 1, last.getLong("period"))
                        : now);
    }

    private Future<Void> bury(SqlConnection tx, int part, Row poison, Throwable failure) {
        var reason = Thrown.text(failure);
        return tx.preparedQuery(
                        """
                        INSERT INTO dead_letter (grp, topic, part, pos, ws, key, kind, payload, reason)
                        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                        """)
                .execute(Tuple.from(List.of(
                        group,
                        topic,
                        (short) part,
                        poison.getLong("pos"),
                        poison.getInteger("ws"),
                        poison.getString("key"),
                        poison.getString("kind"),
                        poison.getString("payload"),
                        reason.substring(0, Math.min(reason.length(), MAX_REASON_LENGTH)))))
                .compose(
                        buried -> Alerts.raise(
                                tx,
                                List.of(
                                        new Alert(
                                                poison.getInteger("ws"),
                                                Alert.Kind.RECORD_SET_ASIDE,
                                                group + " of " + topic,
                                                // Without the reason, which may quote what was sent.
                                                "Record " + poison.getLong("pos") + " of partition " + part + " ("
                                                        + poison.getString("kind")
                                                        + ") could not be digested; the table dead_letter holds it with the reason."))));
    }

    private Future<Void> shareWhenDue() {
        if (!shareDue || stopping) {
            return Future.succeededFuture();
        }
        shareDue = false;
        return share().onFailure(failure -> shareDue = true);
    }

    /** Renews what is ours, gives back what is more than our share, takes what is free. */
    private Future<Void> share() {
        return pool.withTransaction(tx -> tx.preparedQuery(
                                """
                                INSERT INTO stream_member (grp, member, lease_until)
                                VALUES ($1, $2, now() + make_interval(secs => $3))
                                ON CONFLICT (grp, member) DO UPDATE SET lease_until = excluded.lease_until
                                """)
                        .execute(Tuple.of(members(), member, (double) config.leaseSeconds()))
                        .compose(done -> tx.preparedQuery(
                                        """
                                        WITH dead AS (DELETE FROM stream_member WHERE grp = $1 AND lease_until < now() - interval '1 minute')
                                        SELECT count(*) AS alive FROM stream_member WHERE grp = $1 AND lease_until > now()
                                        """)
                                .execute(Tuple.of(members())))
                        .compose(rows -> {
                            var alive = Math.max(1, rows.iterator().next().getLong("alive"));
                            return lease(tx, (int) Math.ceilDiv(Streams.PARTITIONS, alive));
                        }))
                .map(rows -> {
                    // The table is the truth: we are between two batches, so nothing of ours is under way.
                    owned.clear();
                    rows.forEach(row -> owned.put(
                            (int) row.getShort("part"),
                            new Owned(row.getLong("epoch"), row.getLong("pos"), row.getLong("period"))));
                    return null;
                });
    }

    private Future<RowSet<Row>> lease(SqlConnection tx, int fairShare) {
        return tx.preparedQuery(
                        """
                        WITH candidate AS (
                          SELECT part, owner = $3 AND lease_until > now() AS ours FROM stream_offset
                          WHERE grp = $1 AND topic = $2 AND (owner = $3 OR lease_until < now())
                          ORDER BY ours DESC NULLS LAST, part LIMIT $4 FOR UPDATE SKIP LOCKED),
                        surplus AS (
                          UPDATE stream_offset SET owner = NULL, lease_until = '-infinity'
                          WHERE grp = $1 AND topic = $2 AND owner = $3 AND part NOT IN (SELECT part FROM candidate))
                        UPDATE stream_offset o
                        SET owner = $3, lease_until = now() + make_interval(secs => $5),
                            epoch = CASE WHEN c.ours THEN o.epoch ELSE o.epoch + 1 END
                        FROM candidate c WHERE o.grp = $1 AND o.topic = $2 AND o.part = c.part
                        RETURNING o.part, o.epoch, o.pos, o.period
                        """)
                .execute(Tuple.of(group, topic, member, fairShare, (double) config.leaseSeconds()));
    }

    private void report(Throwable failure) {
        LOG.warn("{} could not go on with {}: {}", group, topic, Thrown.text(failure));
    }

    private static Consumed consumed(int part, Row row) {
        var text = row.getString("payload");
        return new Consumed(
                new StreamRecord(
                        row.getInteger("ws"), row.getString("key"), row.getString("kind"), new JsonObject(text)),
                text,
                part,
                row.getLong("pos"),
                row.getOffsetDateTime("at").toInstant());
    }
}
