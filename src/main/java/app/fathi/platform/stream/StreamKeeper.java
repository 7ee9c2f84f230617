package app.fathi.platform.stream;

import app.fathi.platform.config.Config;
import app.fathi.platform.logging.Thrown;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps the streams going on a worker node: drains the outbox, makes partitions ahead, drops what all have consumed. */
public final class StreamKeeper extends VerticleBase {
    private static final Logger LOG = LoggerFactory.getLogger(StreamKeeper.class);
    private static final long KEEP_MILLIS = TimeUnit.MINUTES.toMillis(10);

    private final Pool pool;
    private final Streams streams;
    private final Config.Stream config;
    private final List<Period> periods;
    private boolean draining;

    /** A relation that is cut by time. {@code keptPeriods} 0: never dropped here. */
    public record Period(String relation, int widthSeconds, int keptPeriods) {}

    /** @param periods relations of the domains that are cut by time, beside the streams' own */
    public StreamKeeper(Pool pool, Streams streams, Config.Stream config, List<Period> periods) {
        this.pool = pool;
        this.streams = streams;
        this.config = config;
        this.periods = periods;
    }

    @Override
    public Future<?> start() {
        vertx.setPeriodic(config.pollMillis(), tick -> drain());
        vertx.setPeriodic(
                KEEP_MILLIS, tick -> keep().onFailure(failure -> LOG.warn("Partitions: {}", Thrown.text(failure))));
        return keep();
    }

    private void drain() {
        if (draining) {
            return;
        }
        draining = true;
        drainOnce()
                .onFailure(failure -> LOG.warn("The outbox waits: {}", Thrown.text(failure)))
                .onComplete(done -> {
                    draining = false;
                    if (done.succeeded() && done.result() == config.appendEvents()) {
                        drain();
                    }
                });
    }

    /** One node at a time, so that records keep the order in which they were written: the lock comes before the look. */
    private Future<Integer> drainOnce() {
        return pool.withTransaction(tx -> tx.query(
                        "SELECT pg_try_advisory_xact_lock(hashtextextended('outbox', 0)) AS mine")
                .execute()
                .compose(rows -> rows.iterator().next().getBoolean("mine") ? take(tx) : Future.succeededFuture(0)));
    }

    private Future<Integer> take(SqlConnection tx) {
        return streams.drain(tx, config.appendEvents());
    }

    private Future<Void> keep() {
        Future<Void> chain = ahead(new Period("stream_record", 3_600, 0));
        for (var period : periods) {
            chain = chain.compose(done -> ahead(period)).compose(done -> drop(period));
        }
        return chain.compose(done -> dropConsumed());
    }

    private Future<Void> ahead(Period period) {
        return pool.preparedQuery(
                        "SELECT add_period($1, $2, now() + make_interval(secs => $2 * ahead)) FROM generate_series(0, 2) AS ahead")
                .execute(Tuple.of(period.relation(), period.widthSeconds()))
                .mapEmpty();
    }

    private Future<Void> drop(Period period) {
        return period.keptPeriods() == 0
                ? Future.succeededFuture()
                : pool.withTransaction(tx -> tx.query("SET LOCAL lock_timeout = '1s'")
                                .execute()
                                .compose(done -> tx.preparedQuery(
                                                """
                                                SELECT drop_period(relation, number) FROM partition_period
                                                WHERE relation = $1 AND begins_at < now() - make_interval(secs => $2::float8 * $3)
                                                """)
                                        .execute(Tuple.of(
                                                period.relation(),
                                                (double) period.widthSeconds(),
                                                (double) period.keptPeriods() + 1))))
                        .mapEmpty();
    }

    /**
     * An hour goes two hours later when every group of every topic has left it behind: it has read all there is, or a
     * record of a later hour, for records of one partition come in the order of hours.
     */
    private Future<Void> dropConsumed() {
        return pool.withTransaction(tx -> tx.query("SET LOCAL lock_timeout = '1s'")
                        .execute()
                        .compose(done -> tx.query(
                                        """
                                        SELECT drop_period('stream_record', p.number) FROM partition_period p
                                        WHERE p.relation = 'stream_record' AND p.begins_at < now() - interval '3 hours'
                                          AND p.number < (
                                            SELECT max(number) FROM partition_period
                                            WHERE relation = 'stream_record' AND begins_at <= now())
                                          AND NOT EXISTS (
                                            SELECT FROM stream_offset o JOIN stream_head h USING (topic, part)
                                            WHERE o.pos < h.next AND o.period <= p.number)
                                        """)
                                .execute()))
                .mapEmpty();
    }
}
