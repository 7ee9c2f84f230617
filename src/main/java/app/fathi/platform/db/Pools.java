package app.fathi.platform.db;

import app.fathi.platform.config.Config;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClientOptions;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The connections of this node, in a pool per kind of work, so that one kind cannot starve another. A hot pool plans a
 * statement once and for all: its statements find their rows by key, whatever the parameters.
 *
 * @param admin people and back offices
 * @param ingest events that come in
 * @param send the push API, intents and results
 * @param analytics heavy reading
 * @param worker streams and jobs
 * @param address where all of them lead
 */
public record Pools(Pool admin, Pool ingest, Pool send, Pool analytics, Pool worker, DatabaseAddress address) {
    /**
     * How hot statements are planned: once, and by key. A table that was small when the plan was made would otherwise be
     * read whole, or hashed whole, for a few of its rows, long after it has grown.
     */
    public static final Map<String, String> HOT = Map.of(
            "plan_cache_mode", "force_generic_plan",
            "enable_seqscan", "off",
            "enable_hashjoin", "off",
            "enable_mergejoin", "off");

    /**
     * How rules and other large questions are planned: anew for each, by the values that are asked for. What somebody seeks among a million
     * people is found some times as slow by a plan that serves any value.
     */
    private static final Map<String, String> LARGE = Map.of("plan_cache_mode", "force_custom_plan");

    private static final Map<String, String> USUAL = Map.of();

    public static Pools open(Vertx vertx, Config.Database settings, DatabaseAddress address) {
        return new Pools(
                pool(vertx, settings, address, "admin", settings.adminPool(), USUAL),
                pool(vertx, settings, address, "ingest", settings.ingestPool(), HOT),
                pool(vertx, settings, address, "send", settings.sendPool(), HOT),
                pool(vertx, settings, address, "analytics", settings.analyticsPool(), LARGE),
                pool(vertx, settings, address, "worker", settings.workerPool(), HOT),
                address);
    }

    private static Pool pool(
            Vertx vertx,
            Config.Database settings,
            DatabaseAddress address,
            String name,
            int size,
            Map<String, String> planning) {
        var connection = new PgConnectOptions()
                .setHost(address.host())
                .setPort(address.port())
                .setDatabase(address.database())
                .setUser(address.user())
                .setPassword(address.password())
                .setCachePreparedStatements(true)
                .setPreparedStatementCacheMaxSize(settings.statementCache())
                .setPreparedStatementCacheSqlLimit(settings.statementCacheSqlBytes())
                .addProperty("application_name", "fathi-" + name)
                .addProperty("statement_timeout", settings.statementTimeoutSeconds() + "s")
                // A node that is frozen in a transaction must not hold its locks for ever.
                .addProperty("idle_in_transaction_session_timeout", settings.idleTransactionSeconds() + "s")
                .addProperty("TimeZone", "UTC");
        planning.forEach(connection::addProperty);
        return PgBuilder.pool()
                .using(vertx)
                .connectingTo(connection)
                .with(new NetClientOptions()
                        .setConnectTimeout((int) TimeUnit.SECONDS.toMillis(settings.connectTimeoutSeconds())))
                .with(new PoolOptions()
                        .setName("fathi-" + name)
                        .setShared(true)
                        .setMaxSize(size)
                        .setMaxWaitQueueSize(settings.poolQueue())
                        .setConnectionTimeout(settings.acquireTimeoutSeconds())
                        .setConnectionTimeoutUnit(TimeUnit.SECONDS))
                .build();
    }

    /** Succeeds while the database answers. */
    public Future<?> alive() {
        return admin.query("SELECT 1").execute();
    }

    public Future<?> close() {
        return Future.join(List.of(admin.close(), ingest.close(), send.close(), analytics.close(), worker.close()));
    }
}
