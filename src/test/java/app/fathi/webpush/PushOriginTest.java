package app.fathi.webpush;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cep.message.Channel.Gate;
import app.fathi.cep.message.Urgency;
import app.fathi.webpush.PushAnswer.Outcome;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Who may go out to one push service, and when. */
class PushOriginTest {
    private static Vertx vertx;
    private static final PushAnswer ACCEPTED = new PushAnswer(Outcome.ACCEPTED, 201, null, true, null);
    private static final Gate OPEN = () -> true;

    private final ContextInternal loop = ((VertxInternal) vertx).createEventLoopContext();
    private final PushOrigin origin = new PushOrigin(
            "https://push.example", loop, Instant::now, 2, 5, Duration.ofMinutes(5), (url, keyId, answer) -> {});

    /** Attempts under way, by the number they were asked with. */
    private final Map<Integer, Promise<PushAnswer>> out = new ConcurrentHashMap<>();

    private final List<Integer> begun = new CopyOnWriteArrayList<>();

    @BeforeAll
    static void open() {
        vertx = Vertx.vertx();
    }

    @AfterAll
    static void close() {
        vertx.close().await();
    }

    private static PushRequest push(boolean urgent) {
        return new PushRequest(
                URI.create("https://push.example/x"),
                new byte[0],
                "",
                UUID.randomUUID(),
                urgent,
                false,
                60,
                Urgency.NORMAL,
                "t");
    }

    private Future<PushAnswer> ask(int number, Gate gate) {
        return ask(number, gate, true);
    }

    private Future<PushAnswer> ask(int number, Gate gate, boolean urgent) {
        return origin.send(push(urgent), gate, () -> {
            begun.add(number);
            var answer = Promise.<PushAnswer>promise();
            out.put(number, answer);
            return answer.future();
        });
    }

    private List<Future<PushAnswer>> ask(int from, int to) {
        var asked = new ArrayList<Future<PushAnswer>>();
        for (int i = from; i < to; i++) {
            asked.add(ask(i, OPEN));
        }
        settle();
        return asked;
    }

    private void answer(int number) {
        loop.runOnContext(turn -> out.remove(number).complete(ACCEPTED));
        settle();
    }

    /** What was handed to the event loop before has happened. */
    private void settle() {
        var done = Promise.<Void>promise();
        loop.runOnContext(turn -> done.complete());
        done.future().await();
    }

    @Test
    void as_many_as_the_window_holds_are_out_and_the_others_follow_in_their_order() {
        ask(0, 14);
        assertThat(begun).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
        answer(3);
        answer(0);
        assertThat(begun).endsWith(9, 10, 11).hasSize(12);
    }

    @Test
    void what_is_urgent_passes_all_that_waits_and_finds_room_that_is_kept_for_it() {
        for (int i = 0; i < 20; i++) {
            ask(i, OPEN, false);
        }
        settle();
        assertThat(begun).as("of ten places").hasSize(8);
        ask(100, 104);
        assertThat(begun).endsWith(100, 101).hasSize(10);
        answer(0);
        answer(1);
        answer(2);
        assertThat(begun).endsWith(100, 101, 102, 103).hasSize(12);
        answer(3);
        answer(4);
        assertThat(begun).endsWith(103, 8);
    }

    @Test
    void a_service_that_allows_fewer_streams_gets_fewer() {
        origin.allows(1);
        settle();
        ask(0, 8);
        assertThat(begun).containsExactly(0, 1);
        answer(0);
        assertThat(begun).containsExactly(0, 1, 2);
    }

    @Test
    void a_gate_that_shut_meanwhile_costs_nobody_a_place() {
        ask(0, 10);
        var shut = ask(10, () -> false);
        ask(11, 12);
        answer(0);
        assertThat(shut.await()).isEqualTo(PushAnswer.SHUT);
        assertThat(begun).endsWith(11);
    }

    @Test
    void who_waits_for_a_service_that_takes_none_is_told_to_come_later_instead_of_filling_the_senders_window() {
        ask(0, 10);
        var waiting = ask(10, 12);
        var answer = eventually("an answer", () -> waiting.getFirst().result(), found -> found != null);
        assertThat(answer.outcome()).isEqualTo(Outcome.HELD);
        assertThat(answer.notBefore()).isAfter(Instant.now().minusSeconds(5));
        assertThat(begun).as("was not tried").hasSize(10);
        assertThat(origin.heldUntil()).as("who could make something for it").isAfter(Instant.now());
        answer(0);
        assertThat(origin.heldUntil()).as("since it has answered").isNull();
    }

    @Test
    void thousands_that_end_as_they_begin_are_no_recursion() {
        ask(0, 10);
        var done = Collections.synchronizedList(new ArrayList<Integer>());
        for (int i = 0; i < 50_000; i++) {
            int number = i;
            origin.send(push(true), OPEN, () -> {
                done.add(number);
                return Future.succeededFuture(ACCEPTED);
            });
        }
        settle();
        answer(0);
        assertThat(done).hasSize(50_000).isSorted();
    }

    @Test
    void what_was_told_elsewhere_is_told_on_its_event_loop() {
        var seen = new CopyOnWriteArrayList<Thread>();
        var elsewhere = vertx.executeBlocking(() -> "answer");
        elsewhere.await();
        loop.runOnContext(turn -> {
            seen.add(Thread.currentThread());
            origin.here(elsewhere).onSuccess(answer -> seen.add(Thread.currentThread()));
        });
        eventually("both", () -> seen.size(), size -> size == 2);
        assertThat(seen.get(1)).isSameAs(seen.get(0));
    }
}
