package app.fathi.webpush;

import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.jobs.Jobs;
import app.fathi.webpush.encryption.VapidKey;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * The life of push keys: new ones for new subscribers, while each older one stays for those who are bound to it, until
 * they have come back (a page of the site then subscribes them with the current one) or are given up.
 */
final class PushKeysService {
    private static final String KEYS = "/api/v1/webpush/keys/";

    private final Transactions transactions;
    private final PushKeysStore store;
    private final PushKeys keys;
    private final Jobs jobs;
    private final Audit audit;
    private final Cursor cursor;

    PushKeysService(
            Transactions transactions, PushKeysStore store, PushKeys keys, Jobs jobs, Audit audit, Cursor cursor) {
        this.transactions = transactions;
        this.store = store;
        this.keys = keys;
        this.jobs = jobs;
        this.audit = audit;
        this.cursor = cursor;
    }

    Future<Reply> list(Call call) {
        var before = cursor.position(call).map(position -> position.uuid(0)).orElse(null);
        return store.reports(transactions.pool(), call.ws(), before, Cursor.limit(call) + 1)
                .map(rows -> Reply.ok(cursor.page(
                        call,
                        rows,
                        PushKeyReport::toJson,
                        row -> List.of(row.id().toString()))));
    }

    Future<Reply> get(Call call) {
        return store.report(transactions.pool(), call.ws(), call.id("id", "push key"))
                .map(found -> Reply.ok(found.orElseThrow(() -> ProblemException.notFound("push key"))
                        .toJson()));
    }

    /** New subscribers get a new key, or the one that the body names. */
    Future<Reply> rotate(Call call) {
        var wanted = call.json() == null ? null : call.json().getString("keyId");
        return transactions.once(call, tx -> store.lockChanges(tx, call.ws())
                .compose(done -> store.current(tx, call.ws()))
                .compose(before -> (wanted == null ? keys.rotate(tx, call.ws()) : use(tx, call, uuid("/keyId", wanted)))
                        .compose(id -> audit.record(
                                        tx,
                                        call,
                                        "push-key",
                                        id,
                                        before.map(key -> new JsonObject()
                                                        .put(
                                                                "currentKeyId",
                                                                key.id().toString()))
                                                .orElse(null),
                                        new JsonObject().put("currentKeyId", id.toString()))
                                .compose(done -> store.report(tx, call.ws(), id))
                                .map(found -> Reply.created(
                                        KEYS + id, found.orElseThrow().toJson())))));
    }

    private Future<UUID> use(SqlConnection tx, Call call, UUID id) {
        return store.find(tx, call.ws(), id)
                .compose(found -> {
                    var key = found.orElseThrow(
                            () -> ProblemException.unprocessable("/keyId", "There is no such push key."));
                    if (key.retired()) {
                        throw ProblemException.conflict("This push key is retired. Import it again to bring it back.");
                    }
                    return store.makeCurrent(tx, call.ws(), id);
                })
                .map(done -> id);
    }

    /** Takes a pair that was made elsewhere; one that is known already is no error. */
    Future<Reply> take(Call call) {
        var key = pair(call.json());
        var makeCurrent = call.json().getBoolean("makeCurrent", false);
        return transactions.once(call, tx -> store.lockChanges(tx, call.ws())
                .compose(done -> store.findByPublicKey(tx, call.ws(), key.point()))
                .compose(found -> {
                    Future<UUID> kept;
                    if (found.isEmpty()) {
                        kept = keys.keep(tx, call.ws(), key);
                    } else {
                        var id = found.get().id();
                        kept = found.get().retired()
                                ? keys.revive(tx, call.ws(), id, key).map(done -> id)
                                : Future.succeededFuture(id);
                    }
                    return kept.compose(id -> makeCurrent
                                    ? store.makeCurrent(tx, call.ws(), id).map(done -> id)
                                    : Future.succeededFuture(id))
                            .compose(id -> audit.record(
                                            tx,
                                            call,
                                            "push-key",
                                            id,
                                            null,
                                            new JsonObject()
                                                    .put("publicKey", key.publicKey())
                                                    .put("makeCurrent", makeCurrent))
                                    .compose(done -> store.report(tx, call.ws(), id))
                                    .map(report -> found.isEmpty()
                                            ? Reply.created(
                                                    KEYS + id,
                                                    report.orElseThrow().toJson())
                                            : Reply.ok(report.orElseThrow().toJson())));
                }));
    }

    /** No message is sent with it any more. While subscriptions are bound to it that has to be said. */
    Future<Reply> retire(Call call) {
        var id = call.id("id", "push key");
        var end = call.json() != null && call.json().getBoolean("endSubscriptions", false);
        return transactions
                .run(tx -> store.lockChanges(tx, call.ws())
                        .compose(done -> store.lock(tx, call.ws(), id))
                        .compose(found -> {
                            var key = found.orElseThrow(() -> ProblemException.notFound("push key"));
                            if (key.current()) {
                                throw ProblemException.conflict(
                                        "This is the current key, with which browsers subscribe. Rotate first.");
                            }
                            return store.report(tx, call.ws(), id)
                                    .compose(report -> key.retired()
                                            ? Future.succeededFuture()
                                            : retire(tx, call, report.orElseThrow(), end));
                        })
                        .compose(done -> store.report(tx, call.ws(), id)))
                .map(report -> Reply.ok(report.orElseThrow().toJson()));
    }

    private Future<Void> retire(SqlConnection tx, Call call, PushKeyReport report, boolean end) {
        if (report.active() > 0 && !end) {
            throw ProblemException.conflict(report.active() + " subscriptions are bound to this key, "
                    + report.within30Days() + " of them seen in the last 30 days, the latest at "
                    + PushKeyReport.text(report.lastSeenAt())
                    + ". They would be lost. Wait until their browsers come back, or send endSubscriptions.");
        }
        return store.retire(tx, call.ws(), report.id())
                .compose(done -> report.active() == 0
                        ? store.forget(tx, call.ws(), report.id())
                        : jobs.enqueue(tx, List.of(RetireKeyJob.of(call.ws(), report.id(), Instant.now()))))
                .compose(done -> audit.record(
                        tx,
                        call,
                        "push-key",
                        report.id(),
                        null,
                        new JsonObject().put("endedSubscriptions", report.active())));
    }

    private static VapidKey pair(JsonObject json) {
        var pem = json.getString("pem");
        var privateKey = json.getString("privateKey");
        var publicKey = json.getString("publicKey");
        try {
            return pem == null ? VapidKey.parse(privateKey, publicKey) : VapidKey.parsePem(pem, publicKey);
        } catch (IllegalArgumentException e) {
            throw ProblemException.unprocessable(
                    pem == null ? "" : "/pem", "This is no pair of VAPID keys: " + e.getMessage() + ".");
        }
    }

    private static UUID uuid(String pointer, String text) {
        try {
            return UUID.fromString(text);
        } catch (IllegalArgumentException e) {
            throw ProblemException.invalid(pointer, "This is not a UUID.");
        }
    }
}
