package app.fathi.platform.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import app.fathi.testing.Closing;
import app.fathi.testing.TestDatabase;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Pool;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class RateBudgetStoreTest {
    private static Vertx vertx;
    private static TestDatabase database;
    private static Pool pool;

    @BeforeAll
    static void open() {
        vertx = Vertx.vertx();
        database = TestDatabase.create();
        pool = database.pool(vertx);
    }

    @AfterAll
    static void close() {
        Closing.close(vertx);
        database.close();
    }

    private static RateBudgetStore.Wanted wanted(String key, int quota, double want, double owed) {
        return new RateBudgetStore.Wanted(Buffer.buffer(key), new TokenBucket.Ask(quota, want, owed));
    }

    private static Map<Buffer, RateBudgetStore.Lease> lease(RateBudgetStore.Wanted... wanted) {
        return RateBudgetStore.lease(pool, List.of(wanted)).await();
    }

    private static RateBudgetStore.Lease lease(String key, double want, double owed) {
        // So slow that no time passes.
        return lease(wanted(key, 10, want, owed)).get(Buffer.buffer(key));
    }

    private static void assertLease(RateBudgetStore.Lease lease, double granted, double left) {
        assertThat(lease.granted()).isCloseTo(granted, within(0.5));
        assertThat(lease.left()).isCloseTo(left, within(0.5));
    }

    @Test
    void a_budget_is_full_gives_what_is_there_and_no_more() {
        assertLease(lease("a", 4, 0), 4, 5);
        assertLease(lease("a", 4, 0), 4, 1);
        assertLease(lease("a", 4, 0), 1, 0);
        assertLease(lease("a", 4, 0), 0, 0);
        assertLease(lease("another", 4, 0), 4, 5);
    }

    @Test
    void what_nodes_owe_is_taken_first_whatever_is_there_and_up_to_a_whole_quota() {
        assertLease(lease("b", 4, 7), 2, 0);
        assertLease(lease("b", 4, 6), 0, -6);
        assertLease(lease("b", 4, 60), 0, -10);
    }

    @Test
    void time_fills_it_again() {
        lease("c", 9, 0);
        database.execute("UPDATE rate_budget SET at = at - interval '20 seconds' WHERE key = 'c'");
        assertLease(lease("c", 0, 0), 0, 3);
        database.execute("UPDATE rate_budget SET at = at - interval '1 hour' WHERE key = 'c'");
        assertLease(lease("c", 0, 0), 0, 9);
    }

    @Test
    void nodes_that_ask_for_many_at_once_get_together_what_is_there() {
        var all = new ArrayList<Future<Map<Buffer, RateBudgetStore.Lease>>>();
        for (int node = 0; node < 40; node++) {
            var keys = Stream.of("d", "e", "f", "g").toList();
            // Each in an order of its own.
            var mine = new ArrayList<>(keys.subList(node % 4, 4));
            mine.addAll(keys.subList(0, node % 4));
            all.add(RateBudgetStore.lease(
                    pool, mine.stream().map(key -> wanted(key, 100, 5, 0)).toList()));
        }
        double granted = 0;
        for (var each : all) {
            for (var lease : each.await().values()) {
                granted += lease.granted();
            }
        }
        // First rows may be made by several at once, who then owe each other what they gave: seconds later it is even.
        assertThat(granted).isBetween(4 * 90.0, 4 * 90.0 + 4 * 8 * 5);
        for (var key : List.of("d", "e", "f", "g")) {
            assertThat(lease(wanted(key, 100, 5, 0)).get(Buffer.buffer(key)).granted())
                    .isLessThan(5);
        }
    }

    @Test
    void who_did_not_ask_for_long_is_forgotten() {
        lease("h", 1, 0);
        database.execute("UPDATE rate_budget SET at = at - interval '6 minutes' WHERE key = 'h'");
        lease("i", 1, 0);
        RateBudgetStore.forgetFull(pool).await();
        var kept = new ArrayList<String>();
        pool.query("SELECT convert_from(key, 'UTF8') AS key FROM rate_budget WHERE key IN ('h', 'i')")
                .execute()
                .await()
                .forEach(row -> kept.add(row.getString("key")));
        assertThat(kept).containsExactly("i");
    }
}
