package app.fathi.platform.http;

import app.fathi.platform.config.Config;
import java.util.Map;
import java.util.concurrent.Semaphore;

/**
 * Bounds how many requests of each class are in flight on this node, because the bus has no bound of its own. What does
 * not fit is answered 503 at once rather than queued; administration has its own share and so stays reachable.
 */
final class Admission {
    enum Class {
        INGEST,
        SEND,
        ADMIN,
        ANALYTICS,
        UPLOAD
    }

    private final Map<Class, Semaphore> free;
    private final int retryAfterSeconds;

    Admission(Config.Admission config) {
        this.free = Map.of(
                Class.INGEST, new Semaphore(config.ingestInFlight()),
                Class.SEND, new Semaphore(config.sendInFlight()),
                Class.ADMIN, new Semaphore(config.adminInFlight()),
                Class.ANALYTICS, new Semaphore(config.analyticsInFlight()),
                Class.UPLOAD, new Semaphore(config.uploadsInFlight()));
        this.retryAfterSeconds = config.retryAfterSeconds();
    }

    boolean enter(Contract.Operation operation) {
        return free.get(classOf(operation)).tryAcquire();
    }

    void leave(Contract.Operation operation) {
        free.get(classOf(operation)).release();
    }

    int retryAfterSeconds() {
        return retryAfterSeconds;
    }

    static Class classOf(Contract.Operation operation) {
        if (operation.takesUpload()) {
            return Class.UPLOAD;
        }
        if (operation.parsesBody()) {
            return Class.INGEST;
        }
        if (operation.domain().equals("analytics")) {
            return Class.ANALYTICS;
        }
        return switch (operation.permission()) {
            case "messages:send", "messages:test", "subscriptions:subscribe" -> Class.SEND;
            default -> Class.ADMIN;
        };
    }
}
