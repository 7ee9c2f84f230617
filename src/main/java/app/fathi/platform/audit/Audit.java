package app.fathi.platform.audit;

import app.fathi.platform.bus.Call;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.http.Contract;
import app.fathi.platform.http.Denials;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlClient;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the audit trail. Changes are recorded in their own transaction, so there is no change without its record and no
 * record without its change. Denied attempts are written once a second, off the request's path. Thread-safe, one for the
 * whole node.
 */
public final class Audit implements Denials {
    private static final Logger LOG = LoggerFactory.getLogger(Audit.class);
    private static final long FLUSH_MILLIS = 1_000;

    private final Vertx vertx;
    private final Pool pool;
    private final Contract contract;
    private final AuditStore store = new AuditStore();
    private final DeniedAttempts attempts = new DeniedAttempts();
    private volatile long timer = -1;

    public Audit(Vertx vertx, Pool pool, Contract contract) {
        this.vertx = vertx;
        this.pool = pool;
        this.contract = contract;
    }

    /** Begins to write denied attempts. */
    public void start() {
        timer = vertx.setPeriodic(FLUSH_MILLIS, id -> flush());
    }

    /** Writes what is still waiting. */
    public Future<Void> stop() {
        vertx.cancelTimer(timer);
        return flush();
    }

    /**
     * Records the call's change in the change's own transaction, under the contract's {@code x-audit} name.
     *
     * @param objectKind what was changed, such as {@code api-key}
     * @param before the changed fields as they were, {@code after} as they are; never a secret; null when there is nothing
     */
    public Future<Void> record(
            SqlClient tx, Call call, String objectKind, Object objectId, JsonObject before, JsonObject after) {
        return record(tx, call, call.ws(), objectKind, objectId, before, after);
    }

    /** The same for an operation whose workspace is known only after it began, such as a sign-in. */
    public Future<Void> record(
            SqlClient tx, Call call, int ws, String objectKind, Object objectId, JsonObject before, JsonObject after) {
        var name = contract.operations().get(call.operationId()).audit();
        if (name.equals("none")) {
            throw new IllegalStateException("The contract says x-audit: none for " + call.operationId());
        }
        return store.insert(tx, AuditEvent.of(call, ws, name, "success", objectKind, objectId, before, after));
    }

    /** Records a change that nobody asked for over HTTP, such as the first start. */
    public Future<Void> recordSystem(
            SqlClient tx, int ws, String operation, String objectKind, Object objectId, JsonObject after) {
        return store.insert(tx, AuditEvent.ofSystem(ws, operation, objectKind, objectId, after));
    }

    /** Notes an attempt that was refused; what no workspace can be blamed for is left to the access log. */
    @Override
    public void denied(Call call, Problem problem) {
        denied(call, call.ws(), null, null, problem);
    }

    /** The same where the workspace or the thing is known although nobody is signed in, such as a failed sign-in. */
    public void denied(Call call, int ws, String objectKind, UUID objectId, Problem problem) {
        if (ws == 0) {
            return;
        }
        var name = contract.operations().get(call.operationId()).audit();
        var operation = name.equals("none") ? call.operationId() : name;
        var result = refused(problem.kind()) ? "denied" : "failed";
        var after = new JsonObject().put("code", problem.kind().code());
        attempts.add(
                AuditEvent.of(call, ws, operation, result, objectKind, objectId, null, after),
                System.currentTimeMillis() / TimeUnit.MINUTES.toMillis(1));
    }

    private static boolean refused(Kind kind) {
        return kind == Kind.UNAUTHENTICATED || kind == Kind.FORBIDDEN || kind == Kind.RATE_LIMITED;
    }

    /** Writes the denied attempts that wait; those that cannot be written are lost with a line in the log. */
    public Future<Void> flush() {
        var waiting = attempts.take(System.currentTimeMillis() / TimeUnit.MINUTES.toMillis(1));
        if (waiting.isEmpty()) {
            return Future.succeededFuture();
        }
        return store.insert(pool, waiting).recover(failure -> {
            LOG.error("{} denied attempts could not be recorded: {}", waiting.size(), failure.toString());
            return Future.succeededFuture();
        });
    }

    AuditStore store() {
        return store;
    }

    Pool pool() {
        return pool;
    }
}
