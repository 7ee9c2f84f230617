package app.fathi.bench;

import app.fathi.platform.audit.Chainer;
import app.fathi.platform.audit.OperatorAudit;
import app.fathi.platform.config.Config;
import app.fathi.platform.db.DatabaseAddress;
import app.fathi.platform.db.EmbeddedPostgres;
import app.fathi.platform.db.Migrations;
import app.fathi.platform.db.Pools;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;

/**
 * What chaining the audit trail costs those who change things: as many changes as the database commits, each a row of its own
 * with its line in the trail, while a chainer gives the lines their places, against the same without one. Lines that are left are
 * chained between the turns.
 */
final class AuditBench {
    private static final int WRITERS = 16;
    private static final int WORKSPACES = 4;
    private static final int THINGS = 10_000;
    private static final int ROUNDS = 7;
    private static final int SECONDS = 10;
    private static final int CHAIN_MILLIS = Config.of(Map.of()).audit().chainMillis();
    private static final byte[] KEY = new byte[32];
    private static final Duration PAUSE = Duration.ofMillis(50);

    private final DatabaseAddress address;
    private final Vertx vertx;
    private final Pools pools;
    private final int seconds;

    private AuditBench(DatabaseAddress address, Vertx vertx, Pools pools, int seconds) {
        this.address = address;
        this.vertx = vertx;
        this.pools = pools;
        this.seconds = seconds;
    }

    /** @param arguments how many seconds a turn lasts, when it is only to be tried */
    public static void main(String[] arguments) throws Exception {
        int seconds = arguments.length == 0 ? SECONDS : Integer.parseInt(arguments[0]);
        var report = new Report("audit", "changes with their line in the audit trail, which is chained meanwhile");
        var settings = Config.of(Map.of()).db();
        var vertx = Vertx.vertx();
        try (var postgres =
                EmbeddedPostgres.start(Files.createTempDirectory("fathi-bench"), settings.embeddedConnections())) {
            Migrations.run(postgres.address());
            var pools = Pools.open(vertx, settings, postgres.address());
            new AuditBench(postgres.address(), vertx, pools, seconds).run(report);
            pools.close().await();
        } finally {
            vertx.close().await();
        }
        report.finish();
    }

    private void run(Report report) throws Exception {
        execute(
                "CREATE TABLE bench_thing (id int PRIMARY KEY, version bigint NOT NULL DEFAULT 1) WITH (fillfactor = 50)");
        execute("INSERT INTO bench_thing (id) SELECT generate_series(1, " + THINGS + ")");
        var rounds = new Rounds()
                .turn("chained", millis -> turn(millis, true))
                .turn("not chained", millis -> turn(millis, false));
        rounds.warm(20_000, seconds * 3_000);
        rounds.run(ROUNDS, seconds * 1_000);
        var with = report.add(rounds.measure("chained", "changes, chained meanwhile", "perSecond", "/s"));
        var without = report.add(rounds.measure("not chained", "changes, not chained", "perSecond", "/s"));
        report.add(Measure.ratio("chained ÷ not chained", with, without).atLeast(0.9));
    }

    /** What is left of lines is chained before the next turn. */
    private JsonObject turn(int millis, boolean chainedMeanwhile) {
        var chainer = new Chainer(pools.worker(), KEY, CHAIN_MILLIS);
        var deployed = chainedMeanwhile ? vertx.deployVerticle(chainer).await() : null;
        var measured = changes(millis);
        if (!chainedMeanwhile) {
            deployed = vertx.deployVerticle(chainer).await();
        }
        while (number("SELECT count(*) FROM audit_event WHERE id > (SELECT id FROM audit_position)") > 0) {
            LockSupport.parkNanos(PAUSE.toNanos());
        }
        vertx.undeploy(deployed).await();
        return measured;
    }

    private JsonObject changes(int millis) {
        try (var writers = Executors.newFixedThreadPool(WRITERS)) {
            var work = new ArrayList<Callable<Long>>();
            for (int writer = 0; writer < WRITERS; writer++) {
                work.add(() -> change(millis * 1_000_000L));
            }
            long began = System.nanoTime();
            long changes = 0;
            for (var each : writers.invokeAll(work)) {
                changes += each.get();
            }
            return new JsonObject()
                    .put("operations", changes)
                    .put("perSecond", changes * 1e9 / (System.nanoTime() - began));
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private long change(long forNanos) throws SQLException {
        long end = System.nanoTime() + forNanos;
        long changes = 0;
        try (var connection = address.connect();
                var update = connection.prepareStatement(
                        "UPDATE bench_thing SET version = version + 1 WHERE id = ? RETURNING version")) {
            connection.setAutoCommit(false);
            while (System.nanoTime() < end) {
                int id = ThreadLocalRandom.current().nextInt(1, THINGS + 1);
                update.setInt(1, id);
                try (var row = update.executeQuery()) {
                    row.next();
                    record(connection, id, row.getLong(1));
                }
                connection.commit();
                changes++;
            }
        }
        return changes;
    }

    private static void record(Connection tx, int id, long version) throws SQLException {
        OperatorAudit.record(
                tx,
                1 + id % WORKSPACES,
                "bench-thing.update",
                "bench-thing",
                id,
                new JsonObject().put("version", version - 1),
                new JsonObject().put("version", version));
    }

    private void execute(String sql) throws SQLException {
        try (var connection = address.connect();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private long number(String sql) {
        try (var connection = address.connect();
                var statement = connection.createStatement();
                var row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
