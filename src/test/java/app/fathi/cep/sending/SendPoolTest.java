package app.fathi.cep.sending;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.config.Config;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SendPoolTest {
    private final SendPool pool =
            new SendPool(Config.of(Map.of("FATHI_SEND_THREADS", "1", "FATHI_SEND_SLICE_MILLIS", "1"))
                    .send());

    @AfterEach
    void close() {
        pool.close();
    }

    private static void work(long nanos) {
        long end = System.nanoTime() + nanos;
        while (System.nanoTime() < end) {
            Thread.onSpinWait();
        }
    }

    @Test
    void results_come_in_the_items_order() {
        var items = IntStream.range(0, 1_000).boxed().toList();
        assertThat(pool.map(false, items, i -> i * 2).await())
                .isEqualTo(items.stream().map(i -> i * 2).toList());
        assertThat(pool.map(false, List.of(), i -> i).await()).isEmpty();
    }

    @Test
    void the_first_failure_fails_the_batch_and_the_pool_goes_on() {
        assertThatThrownBy(() -> pool.map(false, List.of(1, 2, 3), i -> {
                            if (i == 2) {
                                throw new IllegalStateException("two");
                            }
                            return i;
                        })
                        .await())
                .hasMessage("two");
        assertThat(pool.map(false, List.of(1), i -> i).await()).containsExactly(1);
    }

    @Test
    void a_long_batch_gives_others_their_turn_and_urgent_ones_first() {
        var begun = new CountDownLatch(1);
        // The one thread is held until all have queued: otherwise the order of arrival would decide, not the pool.
        var allQueued = new CountDownLatch(1);
        var ended = Collections.synchronizedList(new ArrayList<String>());
        var long_ = pool.map(false, IntStream.range(0, 200).boxed().toList(), i -> {
                    begun.countDown();
                    awaitLatch(allQueued);
                    work(500_000);
                    return i;
                })
                .onSuccess(done -> ended.add("long"));
        awaitLatch(begun);
        var normal = pool.map(false, List.of(1), i -> {
            ended.add("normal");
            return i;
        });
        var urgent = pool.map(true, List.of(1), i -> {
            ended.add("urgent");
            return i;
        });
        allQueued.countDown();
        normal.await();
        urgent.await();
        long_.await();
        assertThat(ended).containsExactly("urgent", "normal", "long");
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
