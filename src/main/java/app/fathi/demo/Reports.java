package app.fathi.demo;

import app.fathi.demo.Received.Delivery;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.SplittableRandom;

/**
 * Tells the server what became of notifications, as {@code fathi-sw.js} does: shown at once, clicked when the person has
 * looked at it, each in a request of its own, as from a browser of its own. What the server does not take is told again.
 */
final class Reports {
    private static final int CONNECTIONS = 16;
    private static final long AGAIN_MILLIS = 1_000;
    private static final int SOONEST_CLICK_MILLIS = 300;
    private static final int LATEST_CLICK_MILLIS = 4_000;

    private final Vertx vertx;
    private final Received received;
    private final HttpClient http;

    Reports(Vertx vertx, Received received) {
        this.vertx = vertx;
        this.received = received;
        this.http = vertx.createHttpClient(
                new HttpClientOptions().setConnectTimeout((int) AGAIN_MILLIS),
                new PoolOptions().setHttp1MaxSize(CONNECTIONS));
    }

    /**
     * Tells what was not told yet.
     *
     * @param clicks whether this one's person clicks
     */
    void tell(Delivery delivery, boolean clicks) {
        if (delivery.notification().token() == null) {
            return; // sent without tracking
        }
        if (!delivery.shownTold()) {
            tell(delivery, "shown", () -> click(delivery, clicks));
        } else {
            click(delivery, clicks);
        }
    }

    private void click(Delivery delivery, boolean clicks) {
        if (clicks && !delivery.clickTold()) {
            var dice = new SplittableRandom(delivery.notification().delivery().hashCode());
            vertx.setTimer(
                    dice.nextInt(SOONEST_CLICK_MILLIS, LATEST_CLICK_MILLIS),
                    looked -> tell(delivery, "clicked", () -> {}));
        }
    }

    private void tell(Delivery delivery, String type, Runnable then) {
        var notification = delivery.notification();
        var at = type.equals("shown") ? delivery.at() : Instant.now();
        var report = new JsonObject()
                .put("token", notification.token())
                .put("type", type)
                .put("timestamp", at.toString());
        var body = new JsonObject().put("interactions", new JsonArray().add(report));
        http.request(new RequestOptions().setMethod(HttpMethod.POST).setAbsoluteURI(notification.track()))
                // A string goes from browsers as text/plain.
                .compose(request -> request.putHeader("Content-Type", "text/plain;charset=UTF-8")
                        .send(Buffer.buffer(body.encode())))
                .compose(response -> response.end().map(response))
                .map(HttpClientResponse::statusCode)
                .otherwise(503)
                .onSuccess(status -> {
                    if (status >= 500 || status == 429) {
                        vertx.setTimer(AGAIN_MILLIS, again -> tell(delivery, type, then));
                    } else {
                        received.told(notification.delivery(), type);
                        then.run();
                    }
                });
    }
}
