package app.fathi.cep.sending;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TurnsTest {
    private static final int AT_ONCE = Runtime.getRuntime().availableProcessors() + 1;

    private static final long COURTESY_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private static final int AT_ONCE_BESIDE_SMALL =
            Math.max(1, Runtime.getRuntime().availableProcessors() / 2);

    private final Turns turns = new Turns();

    @Test
    void large_work_is_done_by_few_at_once() throws InterruptedException {
        assertThat(mostAtOnce(8 * AT_ONCE)).isLessThanOrEqualTo(AT_ONCE);
    }

    @Test
    void where_small_work_was_a_moment_ago_large_work_is_done_by_fewer() throws InterruptedException {
        turns.take(true, () -> {});
        assertThat(mostAtOnce(8 * AT_ONCE)).isLessThanOrEqualTo(AT_ONCE_BESIDE_SMALL);
    }

    @Test
    void where_small_work_is_expected_a_large_turn_is_short() {
        assertThat(turns.share(false, 128)).as("before").isEqualTo(128);
        var ended = Promise.<Void>promise();
        turns.smallUntil(ended.future());
        assertThat(turns.share(false, 128)).as("meanwhile").isEqualTo(32);
        assertThat(turns.share(false, 7)).as("little room").isEqualTo(7);
        assertThat(turns.share(true, 128)).as("small itself").isEqualTo(128);
        ended.complete();
        assertThat(turns.share(false, 128)).as("at once after it").isEqualTo(32);
        pause(Duration.ofMillis(600));
        assertThat(turns.share(false, 128)).as("half a second after it").isEqualTo(128);
    }

    private int mostAtOnce(int works) throws InterruptedException {
        var now = new AtomicInteger();
        var most = new AtomicInteger();
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < works; i++) {
            threads.add(Thread.startVirtualThread(() -> turns.take(false, () -> {
                most.accumulateAndGet(now.incrementAndGet(), Math::max);
                pause(Duration.ofMillis(2));
                now.decrementAndGet();
            })));
        }
        for (var thread : threads) {
            thread.join();
        }
        return most.get();
    }

    @Test
    void small_work_waits_for_no_turn() throws InterruptedException {
        var go = new CountDownLatch(1);
        var all = new CountDownLatch(AT_ONCE);
        for (int i = 0; i < AT_ONCE; i++) {
            Thread.startVirtualThread(() -> turns.take(false, () -> {
                all.countDown();
                await(go);
            }));
        }
        all.await();
        turns.take(true, () -> {});
        go.countDown();
    }

    @Test
    void large_work_waits_for_small_work_and_not_for_ever() throws InterruptedException {
        var ended = Promise.<Void>promise();
        turns.smallUntil(ended.future());
        long began = System.nanoTime();
        turns.take(false, () -> {});
        assertThat(System.nanoTime() - began).as("nanoseconds").isGreaterThanOrEqualTo(COURTESY_NANOS);

        ended.complete();
        var done = new CountDownLatch(1);
        turns.take(false, done::countDown);
        done.await();
    }

    @Test
    void a_turn_that_fails_is_given_back() {
        for (int i = 0; i < 2 * AT_ONCE; i++) {
            try {
                turns.take(false, () -> {
                    throw new IllegalStateException("broken");
                });
            } catch (IllegalStateException expected) {
                assertThat(expected).hasMessage("broken");
            }
        }
        turns.take(false, () -> {});
    }

    @Test
    void transactional_messages_and_those_to_a_few_people_are_small() {
        assertThat(Turns.isSmall(true, 1_000)).isTrue();
        assertThat(Turns.isSmall(false, 16)).isTrue();
        assertThat(Turns.isSmall(false, 17)).isFalse();
    }

    private static void pause(Duration length) {
        try {
            Thread.sleep(length);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
