package app.fathi.platform.audit;

import app.fathi.platform.bus.Call;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.http.Contract;
import app.fathi.platform.http.Witness;
import app.fathi.platform.logging.Thrown;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlClient;
import java.util.Collection;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the audit trail. Changes are recorded in their own transaction, so there is no change without its record and no
 * record without its change. Denied attempts and reads of personal data are written once a second, off the request's path.
 * Secrets that somebody hands in are hidden. Thread-safe, one for the whole node.
 */
public final class Audit implements Witness {
    private static final Logger LOG = LoggerFactory.getLogger(Audit.class);
    private static final long FLUSH_MILLIS = 1_000;
    private static final Pattern ID = Pattern.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");

    private final Vertx vertx;
    private final Pool pool;
    private final Contract contract;
    private final AuditStore store = new AuditStore();
    private final ChainStore chain = new ChainStore();
    private final Counted counted = new Counted();
    private volatile long timer = -1;

    public Audit(Vertx vertx, Pool pool, Contract contract) {
        this.vertx = vertx;
        this.pool = pool;
        this.contract = contract;
    }

    /** Begins to write denied attempts and reads. */
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
        counted.addAttempt(AuditEvent.of(call, ws, operation, result, objectKind, objectId, null, after), minute());
    }

    /** Notes that somebody was shown personal data: whose, where one thing was asked for. */
    @Override
    public void read(Call call) {
        var name = contract.operations().get(call.operationId()).audit();
        var asked = call.parameters().getString("id");
        var isId = asked != null && ID.matcher(asked).matches();
        counted.addRead(
                AuditEvent.of(
                        call,
                        call.ws(),
                        name,
                        "success",
                        asked == null ? null : name.substring(0, name.indexOf('.')),
                        isId ? asked : null,
                        null,
                        // Another name for it may be personal, and belongs where an erasure finds it.
                        asked == null || isId ? null : asked(asked)),
                minute());
    }

    private static long minute() {
        return System.currentTimeMillis() / TimeUnit.MINUTES.toMillis(1);
    }

    private static boolean refused(Kind kind) {
        return kind == Kind.UNAUTHENTICATED || kind == Kind.FORBIDDEN || kind == Kind.RATE_LIMITED;
    }

    /** Writes what waits; lines that cannot be written are lost with one in the log. */
    public Future<Void> flush() {
        var waiting = counted.take(minute());
        if (waiting.isEmpty()) {
            return Future.succeededFuture();
        }
        return store.insert(pool, waiting).recover(failure -> {
            LOG.error("{} denied attempts and reads could not be recorded: {}", waiting.size(), Thrown.text(failure));
            return Future.succeededFuture();
        });
    }

    /**
     * Blanks what the lines about an erased thing tell beyond who, what and when, in the erasure's own transaction. The
     * erasure is to be recorded with {@code objectKind} {@code erasure} and the receipt as {@code objectId}: the chain
     * verifies with it.
     *
     * @return how many lines were blanked
     */
    public Future<Integer> blank(SqlClient tx, int ws, String objectKind, Object objectId, UUID receipt) {
        return chain.blank(tx, ws, objectKind, objectId.toString(), receipt);
    }

    /** The same of looks at the thing under other names than its id, such as {@code user:customer-42}. */
    public Future<Integer> blankAsked(SqlClient tx, int ws, String objectKind, Collection<String> names, UUID receipt) {
        var asked = names.stream()
                .map(name -> asked(name).encode())
                .map(json -> json.substring(1, json.length() - 1))
                .toArray(String[]::new);
        return chain.blankAsked(tx, ws, objectKind, asked, receipt);
    }

    private static JsonObject asked(String name) {
        return new JsonObject().put("asked", name);
    }

    AuditStore store() {
        return store;
    }

    Pool pool() {
        return pool;
    }
}
