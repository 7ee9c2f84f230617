package app.fathi.platform.stream;

import app.fathi.platform.config.Config;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.VertxException;
import io.vertx.core.json.JsonObject;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.BiFunction;
import java.util.stream.StreamSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Consumes a topic for a group. The members of a group share the partitions by leases; the offset moves in the
 * transaction of the effects and only under the epoch of the lease, so what a frozen member writes when it wakes is
 * rolled back. A batch that fails is halved down to the record that fails alone, which becomes a dead letter.
 */
public final class StreamConsumer extends VerticleBase {
    private static final Logger LOG = LoggerFactory.getLogger(StreamConsumer.class);

    /** One record with where and when it was appended. */
    public record Consumed(StreamRecord record, int part, long pos, java.time.Instant at) {}

    private record Owned(long epoch, long pos, long period) {}

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
    private final UUID member = UUID.randomUUID();
    private final Map<Integer, Owned> owned = new HashMap<>();
    private boolean running;
    private boolean again;
    private boolean stopping;
    private Future<Void> round = Future.succeededFuture();

    public StreamConsumer(
            Pool pool,
            String group,
            String topic,
            Config.Stream config,
            BiFunction<SqlConnection, List<Consumed>, Future<Void>> handler) {
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
        vertx.setPeriodic(1, config.leaseSeconds() * 1_000L / 3, tick -> share().onFailure(this::report)
                .onComplete(done -> wake()));
        return pool.preparedQuery(
                        """
                        INSERT INTO stream_offset (grp, topic, part)
                        SELECT $1, $2, part FROM generate_series(0, $3 - 1) AS part ON CONFLICT DO NOTHING
                        """)
                .execute(Tuple.of(group, topic, Streams.PARTITIONS))
                .compose(done -> share());
    }

    @Override
    public Future<?> stop() {
        stopping = true;
        return round.otherwiseEmpty()
                .compose(done -> pool.preparedQuery(
                                """
                                WITH gone AS (DELETE FROM stream_member WHERE grp = $1 AND member = $2)
                                UPDATE stream_offset SET owner = NULL, lease_until = '-infinity' WHERE grp = $1 AND topic = $3 AND owner = $2
                                """)
                        .execute(Tuple.of(group, member, topic)))
                .otherwiseEmpty();
    }

    private void wake() {
        if (running) {
            again = true;
            return;
        }
        if (stopping || owned.isEmpty()) {
            return;
        }
        running = true;
        again = false;
        round = round().onFailure(this::report).otherwiseEmpty().onComplete(done -> {
            running = false;
            if (again) {
                wake();
            }
        });
    }

    /** One look at all heads, then a batch of each partition that has something new. */
    private Future<Void> round() {
        return pool.preparedQuery("SELECT part, next FROM stream_head WHERE topic = $1 ORDER BY part")
                .execute(Tuple.of(topic))
                .compose(heads -> {
                    Future<Void> chain = Future.succeededFuture();
                    for (var head : heads) {
                        int part = head.getShort("part");
                        long next = head.getLong("next");
                        chain = chain.compose(done -> {
                            var mine = owned.get(part);
                            return mine != null && mine.pos() < next && !stopping
                                    ? consume(part, mine)
                                    : Future.succeededFuture();
                        });
                    }
                    return chain;
                });
    }

    private Future<Void> consume(int part, Owned mine) {
        return pool.preparedQuery(
                        """
                        SELECT period, pos, at, ws, key, kind, payload FROM stream_record
                        WHERE topic = $1 AND part = $2 AND period >= $3 AND pos >= $4 ORDER BY period, pos LIMIT $5
                        """)
                .execute(Tuple.of(topic, (short) part, mine.period(), mine.pos(), config.consumeEvents()))
                .compose(rows -> {
                    var batch = StreamSupport.stream(rows.spliterator(), false).toList();
                    again |= batch.size() == config.consumeEvents();
                    return batch.isEmpty() ? Future.succeededFuture() : apply(part, batch);
                });
    }

    private Future<Void> apply(int part, List<Row> batch) {
        var mine = owned.get(part);
        if (mine == null) {
            return Future.succeededFuture();
        }
        var records = batch.stream().map(row -> consumed(part, row)).toList();
        return pool.withTransaction(
                        tx -> handler.apply(tx, records).compose(done -> moveOffset(tx, part, mine, batch.getLast())))
                .<Void>mapEmpty()
                .onSuccess(done -> moved(part, mine, batch.getLast()))
                .recover(failure -> afterFailure(part, mine, batch, records, failure));
    }

    private Future<Void> afterFailure(
            int part, Owned mine, List<Row> batch, List<Consumed> records, Throwable failure) {
        if (failure instanceof FencedException) {
            LOG.warn("Lost partition {} of {} to another member of {}", part, topic, group);
            owned.remove(part);
            return Future.succeededFuture();
        }
        if (isPassing(failure)) {
            return Future.failedFuture(failure);
        }
        if (batch.size() > 1) {
            var half = batch.size() / 2;
            return apply(part, batch.subList(0, half)).compose(done -> apply(part, batch.subList(half, batch.size())));
        }
        LOG.error(
                "Record {} of {}/{} cannot be digested by {}",
                records.getFirst().pos(),
                topic,
                part,
                group,
                failure);
        return pool.withTransaction(tx -> bury(tx, records.getFirst(), failure)
                        .compose(done -> moveOffset(tx, part, mine, batch.getFirst())))
                .<Void>mapEmpty()
                .onSuccess(done -> moved(part, mine, batch.getFirst()));
    }

    /**
     * Faults of the moment and not of the record: the whole batch is tried again later. A wait for a connection that took
     * too long, a connection that broke and a pool that is closing speak of themselves only, whatever was being done.
     */
    private static boolean isPassing(Throwable failure) {
        return !(failure instanceof PgException e)
                ? !(failure instanceof RuntimeException) || failure instanceof VertxException
                : e.getSqlState() == null
                        || List.of("08", "40", "53", "55", "57")
                                .contains(e.getSqlState().substring(0, 2));
    }

    private Future<Void> moveOffset(SqlConnection tx, int part, Owned mine, Row last) {
        return tx.preparedQuery(
                        """
                        UPDATE stream_offset SET pos = $1, period = $2
                        WHERE grp = $3 AND topic = $4 AND part = $5 AND pos = $6 AND epoch = $7
                        """)
                .execute(Tuple.of(
                        last.getLong("pos") + 1,
                        last.getLong("period"),
                        group,
                        topic,
                        (short) part,
                        mine.pos(),
                        mine.epoch()))
                .map(result -> {
                    if (result.rowCount() == 0) {
                        throw new FencedException();
                    }
                    return null;
                });
    }

    private void moved(int part, Owned before, Row last) {
        owned.computeIfPresent(
                part,
                (same, now) -> now.epoch() == before.epoch()
                        ? new Owned(now.epoch(), last.getLong("pos") + 1, last.getLong("period"))
                        : now);
    }

    private Future<Void> bury(SqlConnection tx, Consumed poison, Throwable failure) {
        return tx.preparedQuery(
                        """
                        INSERT INTO dead_letter (grp, topic, part, pos, ws, key, kind, payload, reason)
                        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                        """)
                .execute(Tuple.from(List.of(
                        group,
                        topic,
                        (short) poison.part(),
                        poison.pos(),
                        poison.record().ws(),
                        poison.record().key(),
                        poison.record().kind(),
                        poison.record().payload().encode(),
                        String.valueOf(failure))))
                .mapEmpty();
    }

    /** Renews what is ours, gives back what is more than our share, takes what is free. */
    private Future<Void> share() {
        if (stopping) {
            return Future.succeededFuture();
        }
        return pool.withTransaction(tx -> tx.preparedQuery(
                                """
                                INSERT INTO stream_member (grp, member, lease_until)
                                VALUES ($1, $2, now() + make_interval(secs => $3))
                                ON CONFLICT (grp, member) DO UPDATE SET lease_until = excluded.lease_until
                                """)
                        .execute(Tuple.of(group, member, (double) config.leaseSeconds()))
                        .compose(done -> tx.preparedQuery(
                                        """
                                        WITH dead AS (DELETE FROM stream_member WHERE grp = $1 AND lease_until < now() - interval '1 minute')
                                        SELECT count(*) AS alive FROM stream_member WHERE grp = $1 AND lease_until > now()
                                        """)
                                .execute(Tuple.of(group)))
                        .compose(rows -> {
                            var alive = Math.max(1, rows.iterator().next().getLong("alive"));
                            return lease(tx, (int) Math.ceilDiv(Streams.PARTITIONS, alive));
                        }))
                .map(rows -> {
                    var leased = new HashMap<Integer, Owned>();
                    rows.forEach(row -> leased.put(
                            (int) row.getShort("part"),
                            new Owned(row.getLong("epoch"), row.getLong("pos"), row.getLong("period"))));
                    owned.keySet().retainAll(leased.keySet());
                    // Between two shares the offset moves in memory; what is ours with the same epoch is further there.
                    leased.forEach((part, fresh) ->
                            owned.merge(part, fresh, (ours, read) -> ours.epoch() == read.epoch() ? ours : read));
                    return null;
                });
    }

    private Future<io.vertx.sqlclient.RowSet<Row>> lease(SqlConnection tx, int fairShare) {
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
        LOG.warn("{} could not go on with {}: {}", group, topic, failure.toString());
    }

    private static Consumed consumed(int part, Row row) {
        return new Consumed(
                new StreamRecord(
                        row.getInteger("ws"),
                        row.getString("key"),
                        row.getString("kind"),
                        new JsonObject(row.getString("payload"))),
                part,
                row.getLong("pos"),
                row.getOffsetDateTime("at").toInstant());
    }
}
