package app.fathi.platform.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.db.Pools;
import io.vertx.core.json.JsonArray;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What finding and taking work costs, in pages of the database that are touched: a number that does not depend on the
 * machine. Times are printed for people.
 */
@Tag("slow")
class ClaimCostTest {
    private static final int WORKSPACES = 1_000;
    private static final String[] TYPES = {JobsWorld.TYPE};

    private final JobsWorld world = new JobsWorld();
    private SqlConnection connection;

    @BeforeEach
    void connect() {
        connection = world.pool.getConnection().await();
        Pools.HOT.forEach((name, value) ->
                connection.query("SET " + name + " = " + value).execute().await());
    }

    @AfterEach
    void close() {
        connection.close().await();
        world.close();
    }

    /** One job each of 999 workspaces. */
    private void fill() {
        world.database.execute(
                """
                INSERT INTO jobs (id, ws, type, key, lane, payload, due_at)
                SELECT gen_random_uuid(), 1 + n, 'test.work', 'single', 2, '{}', now() - interval '1 minute'
                FROM generate_series(1, %d) n
                """
                        .formatted(WORKSPACES - 1));
        world.database.execute("INSERT INTO job_share SELECT 2, n, n FROM generate_series(1, 1000) n");
    }

    /** So many more of the first workspace. */
    private void flood(int jobs) {
        world.database.execute(
                """
                INSERT INTO jobs (id, ws, type, key, lane, payload, due_at)
                SELECT gen_random_uuid(), 1, 'test.work', 'flood' || gen_random_uuid(), 2, '{}', now() - interval '1 hour'
                FROM generate_series(1, %d) n
                """
                        .formatted(jobs));
        world.database.execute("VACUUM ANALYZE jobs");
    }

    private long look() {
        return pages(
                ClaimsStore.READY,
                Tuple.tuple().addArrayOfString(TYPES).addInteger(12).addArrayOfShort(new Short[] {0, 1, 2, 3}));
    }

    private long pages(String sql, Tuple parameters) {
        var plan = connection
                .preparedQuery("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + sql)
                .execute(parameters)
                .await()
                .iterator()
                .next();
        var root = ((JsonArray) plan.getValue(0)).getJsonObject(0);
        var top = root.getJsonObject("Plan");
        System.err.printf("  %.1f ms%n", root.getDouble("Execution Time"));
        return top.getLong("Shared Hit Blocks") + top.getLong("Shared Read Blocks");
    }

    @Test
    void a_look_costs_a_few_pages_for_each_workspace_and_nothing_for_each_job_and_a_claim_what_it_takes_alone() {
        fill();
        flood(100_000);
        System.err.println("Claim cost: a look over jobs of one and one job each of 999 workspaces");
        long few = look();
        flood(200_000);
        long many = look();
        System.err.printf("  %d pages for 100,000 jobs, %d for 300,000%n", few, many);
        assertThat(few).isLessThan(16L * WORKSPACES);
        assertThat(many).as("not for each job").isLessThan(few + WORKSPACES / 2);
        System.err.println("Claim cost: taking 12 jobs of 300,000");
        long taken = pages(
                ClaimsStore.CLAIM,
                Tuple.tuple()
                        .addArrayOfShort(new Short[] {2})
                        .addArrayOfInteger(new Integer[] {1})
                        .addArrayOfInteger(new Integer[] {12})
                        .addArrayOfLong(new Long[] {0L})
                        .addInteger(20)
                        .addArrayOfString(TYPES)
                        .addLong(30_000L)
                        .addUUID(UUID.randomUUID()));
        System.err.printf("  %d pages%n", taken);
        assertThat(taken).isLessThan(12 * 60);
    }

    /** Rows that were taken and ended leave their shadows in the index until they are cleaned away. */
    @Test
    void what_was_done_before_does_not_make_the_next_look_dear() {
        fill();
        flood(20_000);
        var scheduler = new Scheduler(12);
        long before = System.nanoTime();
        int taken = 0;
        while (taken < 6_000) {
            var plan = scheduler.plan(
                    Scheduler.Load.NONE,
                    ClaimsStore.ready(connection, Set.of(JobsWorld.TYPE), 12).await());
            var claimed = ClaimsStore.claim(
                            connection,
                            Set.of(JobsWorld.TYPE),
                            plan.takes(),
                            20,
                            Duration.ofSeconds(30),
                            UUID.randomUUID())
                    .await();
            var ended = claimed.stream()
                    .map(one -> new ResultsStore.Ended(one.job().id(), one.token(), new Verdict.Done(), null))
                    .toList();
            ResultsStore.end(connection, List.copyOf(ended)).await();
            taken += claimed.size();
        }
        System.err.printf(
                "Claim cost: %d jobs a second looked for, planned, taken and ended by one node%n",
                taken * 1_000_000_000L / (System.nanoTime() - before));
        long pages = look();
        System.err.printf("  %d pages for a look after %d jobs%n", pages, taken);
        assertThat(pages).as("not for each that was done").isLessThan(2L * WORKSPACES);
    }
}
