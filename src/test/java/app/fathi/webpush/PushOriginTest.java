package app.fathi.webpush;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Who may go out to one push service, and when. */
class PushOriginTest {
    private static final Vertx VERTX = Vertx.vertx();

    private final PushOrigin origin = new PushOrigin(((VertxInternal) VERTX).createEventLoopContext(), 2, 5);
    private final List<Integer> entered = new ArrayList<>();

    @AfterAll
    static void close() {
        VERTX.close();
    }

    private void ask(int from, int to) {
        for (int i = from; i < to; i++) {
            int number = i;
            origin.enter(() -> true).onSuccess(in -> {
                if (in) {
                    entered.add(number);
                }
            });
        }
    }

    @Test
    void as_many_as_the_window_holds_are_out_and_the_others_follow_in_their_order() {
        ask(0, 14);
        assertThat(entered).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
        origin.leave();
        origin.leave();
        assertThat(entered).endsWith(9, 10, 11).hasSize(12);
    }

    @Test
    void a_service_that_allows_fewer_streams_gets_fewer_and_more_again_when_it_allows_them() {
        origin.allows(1);
        ask(0, 8);
        assertThat(entered).containsExactly(0, 1);
        origin.allows(3);
        assertThat(entered).containsExactly(0, 1, 2, 3, 4, 5);
        origin.allows(0);
        origin.leave();
        origin.leave();
        origin.leave();
        origin.leave();
        assertThat(entered)
                .as("above the new window, places are not given again")
                .hasSize(6);
        origin.leave();
        assertThat(entered).endsWith(6);
    }

    @Test
    void a_gate_that_shut_meanwhile_costs_nobody_a_place() {
        ask(0, 10);
        var told = new ArrayList<Boolean>();
        origin.enter(() -> false).onSuccess(told::add);
        ask(11, 12);
        origin.leave();
        assertThat(told).containsExactly(false);
        assertThat(entered).endsWith(11);
    }

    @Test
    void thousands_who_leave_at_once_after_they_were_let_in_are_no_recursion() {
        ask(0, 10);
        var done = new ArrayList<Integer>();
        for (int i = 0; i < 100_000; i++) {
            int number = i;
            origin.enter(() -> true).onSuccess(in -> {
                done.add(number);
                origin.leave();
            });
        }
        origin.leave();
        assertThat(done).hasSize(100_000).isSorted();
    }

    @Test
    void what_it_runs_and_what_it_is_told_happens_on_one_event_loop() throws Exception {
        var threads = new CompletableFuture<List<Thread>>();
        var elsewhere = VERTX.executeBlocking(() -> "answer");
        origin.run(() -> {
                    var first = Thread.currentThread();
                    return origin.here(elsewhere).map(answer -> List.of(first, Thread.currentThread()));
                })
                .onSuccess(threads::complete);
        var seen = threads.get(10, TimeUnit.SECONDS);
        assertThat(seen.get(1)).isSameAs(seen.get(0));
    }
}
