package app.fathi.bench;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Sends requests that are ready to be sent, on one thread: who shares the machine with what is measured must cost little. */
final class IngestLoad implements AutoCloseable {
    private static final long TICK_MILLIS = 1;

    private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    private final HttpClient http;
    private final RequestOptions request;

    IngestLoad(URI url, String token, int connections) {
        http = vertx.createHttpClient(new PoolOptions().setHttp1MaxSize(connections));
        request = new RequestOptions()
                .setMethod(HttpMethod.POST)
                .setHost(url.getHost())
                .setPort(url.getPort())
                .setURI(url.getPath())
                .putHeader("Authorization", "Bearer " + token)
                .putHeader("Content-Type", "application/json");
    }

    /** Requests a second when so many are under way at any time. */
    double rate(List<Buffer> bodies, int atOnce) {
        var all = new Closed(bodies);
        long began = System.nanoTime();
        vertx.runOnContext(started -> {
            for (int i = 0; i < atOnce; i++) {
                all.next();
            }
        });
        all.done.future().await();
        return bodies.size() * 1e9 / (System.nanoTime() - began);
    }

    /** Each begins when another one has ended. */
    private final class Closed {
        private final List<Buffer> bodies;
        private final Promise<Void> done = Promise.promise();
        private int sent;
        private int answered;

        Closed(List<Buffer> bodies) {
            this.bodies = bodies;
        }

        void next() {
            if (sent == bodies.size()) {
                return;
            }
            send(bodies.get(sent++)).onFailure(done::tryFail).onSuccess(taken -> {
                if (++answered == bodies.size()) {
                    done.complete();
                }
                next();
            });
        }
    }

    /** How long each took from when it was due, when they come evenly: who waits for a place is late, too. In milliseconds. */
    List<Double> millisAt(double rate, List<Buffer> bodies) {
        var all = new Open(bodies, rate);
        vertx.setPeriodic(TICK_MILLIS, all::tick);
        all.done.future().await();
        return all.millis;
    }

    /** Each begins when it is due. */
    private final class Open {
        private final List<Buffer> bodies;
        private final double nanosEach;
        private final long began = System.nanoTime();
        private final List<Double> millis;
        private final Promise<Void> done = Promise.promise();
        private int sent;

        Open(List<Buffer> bodies, double rate) {
            this.bodies = bodies;
            this.nanosEach = 1e9 / rate;
            this.millis = new ArrayList<>(bodies.size());
        }

        void tick(long timer) {
            for (; sent < bodies.size() && due(sent) <= System.nanoTime(); sent++) {
                long due = due(sent);
                send(bodies.get(sent)).onFailure(done::tryFail).onSuccess(taken -> {
                    millis.add((System.nanoTime() - due) * 1.0 / TimeUnit.MILLISECONDS.toNanos(1));
                    if (millis.size() == bodies.size()) {
                        done.complete();
                    }
                });
            }
            if (sent == bodies.size()) {
                vertx.cancelTimer(timer);
            }
        }

        private long due(int number) {
            return began + (long) (number * nanosEach);
        }
    }

    private Future<Void> send(Buffer body) {
        return http.request(request)
                .compose(ready -> ready.send(body))
                .compose(answer -> answer.statusCode() == 200
                        ? answer.end()
                        : answer.body()
                                .compose(text -> Future.failedFuture(
                                        new IllegalStateException(answer.statusCode() + ": " + text))));
    }

    @Override
    public void close() {
        vertx.close().await();
    }
}
