package app.fathi.testing;

import io.vertx.core.Vertx;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Ends what a test began. */
public final class Closing {
    private static final int LIMIT_SECONDS = 60;

    private Closing() {}

    /**
     * Its verticles first, as the server does: Vert.x itself closes the database pools before them, and waits for
     * connections that they still use. Fails, rather than hanging for ever, when it does not end.
     */
    public static void close(Vertx vertx) {
        for (var deployment : vertx.deploymentIDs()) {
            // One that another one deployed may be gone with it.
            vertx.undeploy(deployment)
                    .otherwiseEmpty()
                    .timeout(LIMIT_SECONDS, TimeUnit.SECONDS)
                    .await();
        }
        try {
            vertx.close().await(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("Vert.x did not close in " + LIMIT_SECONDS + " s", e);
        }
    }
}
