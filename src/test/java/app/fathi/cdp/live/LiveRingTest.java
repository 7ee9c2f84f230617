package app.fathi.cdp.live;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.bus.Reply;
import app.fathi.testing.Closing;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LiveRingTest {
    private final Vertx vertx = Vertx.vertx();
    private final LiveRing ring = new LiveRing(vertx, 10);

    @AfterEach
    void stop() {
        Closing.close(vertx);
    }

    @Test
    void who_listens_hears_what_comes_from_now_on() {
        arrive(1, 3);
        var listener = ring.listen(null);
        var next = listener.next();
        assertThat(next.isComplete()).isFalse();
        arrive(4, 5);
        assertThat(told(next.await())).containsExactly("4", "5");
        arrive(6, 6);
        assertThat(told(listener.next().await())).containsExactly("6");
    }

    @Test
    void who_is_overtaken_is_told_how_much_they_missed() {
        var listener = ring.listen(null);
        arrive(1, 3);
        ring.add(List.of(), 1_000);
        arrive(4, 15);
        assertThat(told(listener.next().await()))
                .as("all but ten, and what was only counted")
                .startsWith("gap 1005", "6", "7")
                .endsWith("15")
                .hasSize(11);
    }

    @Test
    void what_was_only_counted_is_told_in_its_place() {
        var listener = ring.listen(null);
        arrive(1, 1);
        ring.add(List.of(), 7);
        arrive(2, 2);
        assertThat(told(listener.next().await())).containsExactly("1", "gap 7", "2");
    }

    @Test
    void who_comes_again_goes_on_behind_what_they_heard_last() {
        var first = ring.listen(null);
        arrive(1, 2);
        var heard = first.next().await();
        first.end();
        arrive(3, 4);
        assertThat(told(ring.listen(heard.getFirst().id()).next().await())).containsExactly("2", "3", "4");
        assertThat(told(ring.listen(heard.getLast().id()).next().await())).containsExactly("3", "4");
    }

    @Test
    void a_place_that_nobody_knows_any_more_is_a_gap_of_unknown_size() {
        var first = ring.listen(null);
        arrive(1, 1);
        var heard = first.next().await().getFirst().id();
        arrive(2, 20);
        for (var id : List.of(heard, "elsewhere-1", "nonsense")) {
            var again = ring.listen(id);
            assertThat(told(again.next().await())).containsExactly("gap null");
        }
    }

    @Test
    void many_come_in_pages() {
        var large = new LiveRing(vertx, 1_000);
        var listener = large.listen(null);
        large.add(lines(1, 250), 0);
        assertThat(listener.next().await()).hasSize(100);
        assertThat(listener.next().await()).hasSize(100);
        assertThat(told(listener.next().await())).startsWith("201").endsWith("250");
    }

    private void arrive(int from, int to) {
        ring.add(lines(from, to), 0);
    }

    private static List<JsonObject> lines(int from, int to) {
        return IntStream.rangeClosed(from, to)
                .mapToObj(n -> new JsonObject().put("n", n))
                .toList();
    }

    private static List<String> told(List<Reply.Event> events) {
        return events.stream()
                .map(event -> event.name().equals("gap")
                        ? "gap " + event.data().getValue("missed")
                        : "" + event.data().getInteger("n"))
                .toList();
    }
}
