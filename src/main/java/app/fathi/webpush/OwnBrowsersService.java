package app.fathi.webpush;

import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Caller;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.security.MessageDigest;
import java.util.UUID;

/**
 * Browsers that staff link to themselves, so that tests can be sent to them. Who links one is signed in and shows the secret that this
 * browser alone got: nobody links another's.
 */
final class OwnBrowsersService {
    private static final int MOST = 10;

    private final Transactions transactions;
    private final SubscriptionsStore subscriptions;
    private final OwnBrowsersStore store = new OwnBrowsersStore();
    private final Audit audit;

    OwnBrowsersService(Transactions transactions, SubscriptionsStore subscriptions, Audit audit) {
        this.transactions = transactions;
        this.subscriptions = subscriptions;
        this.audit = audit;
    }

    private static UUID account(Call call) {
        if (call.caller().kind() != Caller.Kind.USER) {
            throw ProblemException.forbidden("This is for a person who is signed in, not for a key.");
        }
        return call.caller().id();
    }

    Future<Reply> list(Call call) {
        return store.of(transactions.pool(), call.ws(), account(call))
                .map(all -> Reply.ok(new JsonObject().put("items", new JsonArray(all))));
    }

    /** Linking it again changes nothing. Who lacks the secret does not learn that the subscription exists. */
    Future<Reply> link(Call call) {
        var account = account(call);
        var id = call.id("id", "subscription");
        var secret = SubscriptionsService.hash(call.json().getString("deviceSecret"));
        return transactions
                .run(tx -> subscriptions.lockById(tx, call.ws(), id).compose(found -> {
                    var held = found.filter(one -> MessageDigest.isEqual(secret, one.deviceSecret()))
                            .orElseThrow(() -> ProblemException.notFound("subscription"));
                    if (!held.status().equals("active")) {
                        throw ProblemException.conflict("This subscription has ended: subscribe anew in that browser.");
                    }
                    return store.of(tx, call.ws(), account)
                            .compose(linked -> {
                                boolean known = linked.stream()
                                        .anyMatch(one -> one.getString("id").equals(id.toString()));
                                if (!known && linked.size() >= MOST) {
                                    throw ProblemException.conflict("You have linked " + MOST
                                            + " browsers, as many as one may: unlink one first.");
                                }
                                return known
                                        ? Future.<Void>succeededFuture()
                                        : store.link(tx, call.ws(), account, id)
                                                .compose(done -> audit.record(
                                                        tx, call, "own-browser", id, null, new JsonObject()));
                            })
                            .compose(done -> store.find(tx, call.ws(), account, id));
                }))
                .map(linked -> Reply.ok(linked.orElseThrow()));
    }

    Future<Reply> unlink(Call call) {
        var account = account(call);
        var id = call.id("id", "browser");
        return transactions
                .run(tx -> store.unlink(tx, call.ws(), account, id).compose(was -> {
                    if (!was) {
                        throw ProblemException.notFound("browser");
                    }
                    return audit.record(tx, call, "own-browser", id, new JsonObject(), null);
                }))
                .map(Reply.noContent());
    }
}
