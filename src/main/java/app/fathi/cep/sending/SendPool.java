package app.fathi.cep.sending;

import app.fathi.platform.config.Config;
import io.vertx.core.AsyncResult;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.PriorityBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;

/**
 * The few threads (one per core) for rendering and encryption. Work is done in slices of at most some milliseconds;
 * between them others get their turn, transactional messages first. Nothing here waits for anything, and all other threads
 * go before these.
 */
public final class SendPool implements AutoCloseable {
    static final String THREADS = "send-";

    private final ThreadPoolExecutor threads;
    private final int size;
    private final long sliceNanos;
    private final AtomicLong sequence = new AtomicLong();

    public SendPool(Config.Send settings) {
        size = settings.poolSize();
        sliceNanos = settings.sliceMillis() * 1_000_000L;
        var number = new AtomicInteger();
        threads = new ThreadPoolExecutor(
                size,
                size,
                0,
                TimeUnit.SECONDS,
                // Not bounded here: each chunk has at most one batch in it, and chunks are bounded by the job workers.
                new PriorityBlockingQueue<>(),
                task -> Thread.ofPlatform()
                        .name(THREADS + number.getAndIncrement())
                        .daemon()
                        .unstarted(() -> {
                            Niceness.lower();
                            task.run();
                        }));
        threads.prestartAllCoreThreads();
    }

    /**
     * Does the work for each item; results are in the items' order. Fails with the first failure. What follows runs on
     * the caller's context, not on these threads.
     */
    public <T, R> Future<List<R>> map(boolean urgent, List<T> items, Function<T, R> work) {
        if (items.isEmpty()) {
            return Future.succeededFuture(List.of());
        }
        var batch = new Batch<>(items, work);
        for (int i = 0; i < Math.min(size, items.size()); i++) {
            threads.execute(new Slice(batch, urgent, sequence.getAndIncrement()));
        }
        var context = Vertx.currentContext();
        if (context == null) {
            return batch.done.future();
        }
        var back = Promise.<List<R>>promise();
        batch.done.future().onComplete(result -> context.runOnContext(turn -> pass(result, back)));
        return back.future();
    }

    private static <T> void pass(AsyncResult<T> result, Promise<T> to) {
        if (result.succeeded()) {
            to.complete(result.result());
        } else {
            to.fail(result.cause());
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }

    /** Items that several threads take one by one. */
    private static final class Batch<T, R> {
        private final List<T> items;
        private final Function<T, R> work;
        private final Object[] results;
        private final AtomicInteger next = new AtomicInteger();
        private final AtomicInteger left;
        private final Promise<List<R>> done = Promise.promise();

        Batch(List<T> items, Function<T, R> work) {
            this.items = items;
            this.work = work;
            results = new Object[items.size()];
            left = new AtomicInteger(items.size());
        }

        /** Whether there may be more to do. */
        @SuppressWarnings("unchecked")
        boolean step() {
            int index = next.getAndIncrement();
            if (index >= results.length) {
                return false;
            }
            try {
                results[index] = work.apply(items.get(index));
            } catch (Throwable e) {
                next.set(results.length);
                done.tryFail(e);
                return false;
            }
            if (left.decrementAndGet() == 0) {
                done.tryComplete((List<R>) new ArrayList<>(Arrays.asList(results)));
            }
            return true;
        }
    }

    private final class Slice implements Runnable, Comparable<Slice> {
        private final Batch<?, ?> batch;
        private final boolean urgent;
        private final long place;

        Slice(Batch<?, ?> batch, boolean urgent, long place) {
            this.batch = batch;
            this.urgent = urgent;
            this.place = place;
        }

        @Override
        public void run() {
            long start = System.nanoTime();
            while (batch.step()) {
                if (System.nanoTime() - start >= sliceNanos) {
                    threads.execute(new Slice(batch, urgent, sequence.getAndIncrement()));
                    return;
                }
            }
        }

        @Override
        public int compareTo(Slice other) {
            return urgent == other.urgent ? Long.compare(place, other.place) : urgent ? -1 : 1;
        }
    }
}
