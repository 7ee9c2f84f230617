package app.fathi.cep.stops;

import app.fathi.platform.audit.OperatorAudit;
import io.vertx.core.json.JsonObject;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Holding back what is older than a restore, and releasing it: for who is at the machine itself. */
public final class OperatorHold {
    private static final String OBJECT_KIND = "hold";
    private static final String OBJECT_ID = "older-messages";

    private OperatorHold() {}

    /** What is held, and since when. */
    public record Held(String reason, String heldBy, Instant heldAt, List<Waiting> waiting) {
        public long messages() {
            return waiting.stream().mapToLong(Waiting::messages).sum();
        }
    }

    /**
     * The messages of one workspace that are not over.
     *
     * @param people whom they would reach at most
     * @param expired messages whose time is up: they end without being sent
     */
    public record Waiting(
            String workspace, long messages, long people, long expired, Instant oldestAt, Instant newestAt) {}

    /** What is held now; empty when nothing is. */
    public static Optional<Held> find(Connection connection) throws SQLException {
        var hold = HoldStore.find(connection);
        return hold.isEmpty() ? Optional.empty() : Optional.of(held(connection, hold.get()));
    }

    /** Whether any message is not over. */
    public static boolean isAnythingWaiting(Connection connection) throws SQLException {
        return !HoldStore.waiting(connection, Long.MAX_VALUE).isEmpty();
    }

    /** Holds all messages made so far, in the caller's transaction. */
    public static Held hold(Connection tx, String reason) throws SQLException {
        HoldStore.hold(tx, reason, OperatorAudit.operator());
        var held = held(tx, HoldStore.find(tx).orElseThrow());
        record(tx, "sending.hold", null, json(held));
        return held;
    }

    /** Lets go on what is held, in the caller's transaction; empty when nothing was. */
    public static Optional<Held> release(Connection tx) throws SQLException {
        var hold = HoldStore.find(tx);
        if (hold.isEmpty()) {
            return Optional.empty();
        }
        var held = held(tx, hold.get());
        HoldStore.release(tx);
        HoldStore.wake(tx, hold.get().lastRun());
        record(tx, "sending.release", json(held), null);
        return Optional.of(held);
    }

    private static Held held(Connection connection, HoldStore.Hold hold) throws SQLException {
        var waiting = HoldStore.waiting(connection, hold.lastRun()).stream()
                .map(one -> new Waiting(
                        one.workspace(), one.messages(), one.people(), one.expired(), one.oldestAt(), one.newestAt()))
                .toList();
        return new Held(hold.reason(), hold.heldBy(), hold.heldAt(), waiting);
    }

    private static JsonObject json(Held held) {
        return new JsonObject()
                .put("reason", held.reason())
                .put("heldAt", held.heldAt().toString())
                .put("messages", held.messages());
    }

    private static void record(Connection tx, String operation, JsonObject before, JsonObject after)
            throws SQLException {
        OperatorAudit.record(tx, OperatorAudit.FIRST_WORKSPACE, operation, OBJECT_KIND, OBJECT_ID, before, after);
    }
}
