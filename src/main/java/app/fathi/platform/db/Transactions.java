package app.fathi.platform.db;

import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Secrets;
import app.fathi.platform.security.WorkspaceKey;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** Transactions on a pool: plain ones, and ones whose effect happens once per {@code Idempotency-Key}. */
public final class Transactions {
    private static final int MAX_KEY_LENGTH = 255;

    private final Pool pool;

    public Transactions(Pool pool) {
        this.pool = pool;
    }

    public Pool pool() {
        return pool;
    }

    /** Commits when the future succeeds, rolls back when it fails; the failure is passed on. */
    public <T> Future<T> run(Function<SqlConnection, Future<T>> work) {
        return pool.withTransaction(work);
    }

    /** All that is read is of one moment, whatever others write meanwhile. Nothing can be written. */
    public <T> Future<T> look(Function<SqlConnection, Future<T>> reading) {
        return pool.withTransaction(tx -> tx.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                .execute()
                .compose(set -> reading.apply(tx)));
    }

    /**
     * Runs the effect once per (workspace, credential, operation, key): the same key with the same body replays the
     * stored answer, with another body it is 422, and 409 while the first is still running. The answer is stored in the
     * effect's own transaction, kept for 24 hours; a failed effect stores nothing. Without the header it is a plain
     * transaction.
     */
    public Future<Reply> once(Call call, Function<SqlConnection, Future<Reply>> effect) {
        return once(call, tx -> Future.succeededFuture(Optional.empty()), effect);
    }

    /** The same for an answer that shows a secret: it is kept as ciphertext. */
    public Future<Reply> onceSealed(Call call, Secrets secrets, Function<SqlConnection, Future<Reply>> effect) {
        return once(call, tx -> secrets.workspaceKey(tx, call.ws()).map(Optional::of), effect);
    }

    private Future<Reply> once(
            Call call,
            Function<SqlConnection, Future<Optional<WorkspaceKey>>> sealing,
            Function<SqlConnection, Future<Reply>> effect) {
        var header = call.header("idempotency-key");
        if (header == null) {
            return run(effect);
        }
        var key = unquote(header);
        if (key.isEmpty() || key.length() > MAX_KEY_LENGTH) {
            return Future.failedFuture(ProblemException.invalid(
                    "Idempotency-Key", "An Idempotency-Key has 1 to " + MAX_KEY_LENGTH + " characters."));
        }
        var scope = sha256(call.ws() + "|" + call.caller().id() + "|" + call.operationId() + "|" + key);
        var bodyHash = Buffer.buffer(
                call.body() == null ? new byte[0] : sha256(call.body().getBytes()));
        return run(tx -> tx.preparedQuery("SELECT pg_try_advisory_xact_lock($1) AS free")
                .execute(Tuple.of(ByteBuffer.wrap(scope).getLong()))
                .compose(rows -> rows.iterator().next().getBoolean("free")
                        ? sealing.apply(tx)
                        : Future.failedFuture(new ProblemException(Problem.retryLater(
                                Kind.STILL_RUNNING, "A request with this Idempotency-Key is still running.", 1))))
                .compose(seal -> replayOrRun(tx, new Slot(call.ws(), Buffer.buffer(scope), bodyHash, seal), effect)));
    }

    /** Where the answer of one key is kept, and whether sealed. */
    private record Slot(int ws, Buffer scope, Buffer bodyHash, Optional<WorkspaceKey> seal) {
        Buffer kept(Buffer body) {
            return body == null || seal.isEmpty()
                    ? body
                    : Buffer.buffer(seal.get().seal(place(), body.getBytes()));
        }

        Buffer shown(Buffer kept) {
            return kept == null || seal.isEmpty()
                    ? kept
                    : Buffer.buffer(seal.get().open(place(), kept.getBytes()));
        }

        private String place() {
            return "idempotency.body|" + HexFormat.of().formatHex(scope.getBytes());
        }
    }

    private static Future<Reply> replayOrRun(
            SqlConnection tx, Slot slot, Function<SqlConnection, Future<Reply>> effect) {
        return tx.preparedQuery("SELECT body_hash, status, headers, body FROM idempotency WHERE scope = $1")
                .execute(Tuple.of(slot.scope()))
                .compose(rows -> {
                    if (rows.size() == 0) {
                        return effect.apply(tx).compose(reply -> store(tx, slot, reply));
                    }
                    var row = rows.iterator().next();
                    if (!row.getBuffer("body_hash").equals(slot.bodyHash())) {
                        return Future.failedFuture(ProblemException.of(
                                Kind.KEY_REUSED,
                                "This Idempotency-Key was used with another body. Use a new key for a new request."));
                    }
                    var headers = new HashMap<String, String>();
                    row.getJsonObject("headers")
                            .forEach(entry -> headers.put(entry.getKey(), (String) entry.getValue()));
                    headers.put("Idempotency-Replayed", "true");
                    var body = slot.shown(row.getBuffer("body"));
                    return Future.succeededFuture(new Reply(row.getInteger("status"), body, Map.copyOf(headers), null));
                });
    }

    private static Future<Reply> store(SqlConnection tx, Slot slot, Reply reply) {
        if (reply.problem() != null) {
            return Future.failedFuture(new ProblemException(reply.problem()));
        }
        var headers = new JsonObject();
        reply.headers().forEach(headers::put);
        return tx.preparedQuery(
                        """
                        INSERT INTO idempotency (scope, ws, body_hash, status, headers, body, sealed)
                        VALUES ($1, $2, $3, $4, $5, $6, $7)
                        """)
                .execute(Tuple.of(
                        slot.scope(),
                        slot.ws(),
                        slot.bodyHash(),
                        reply.status(),
                        headers,
                        slot.kept(reply.body()),
                        slot.seal().isPresent()))
                .map(reply);
    }

    private static String unquote(String header) {
        var key = header.strip();
        return key.length() >= 2 && key.startsWith("\"") && key.endsWith("\"")
                ? key.substring(1, key.length() - 1)
                : key;
    }

    private static byte[] sha256(String text) {
        return sha256(text.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] sha256(byte[] octets) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(octets);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JDK has SHA-256", e);
        }
    }
}
