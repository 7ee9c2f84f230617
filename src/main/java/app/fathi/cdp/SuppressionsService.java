package app.fathi.cdp;

import app.fathi.cdp.SuppressionsStore.Suppression;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Authorities;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.util.List;

/** Ids and addresses that nothing is sent to, whatever the purpose. */
final class SuppressionsService {
    private static final String PERSONAL = "personal:read";

    private final Transactions transactions;
    private final Authorities authorities;
    private final Audit audit;
    private final Cursor cursor;
    private final SuppressionsStore store = new SuppressionsStore();

    SuppressionsService(Transactions transactions, Authorities authorities, Audit audit, Cursor cursor) {
        this.transactions = transactions;
        this.authorities = authorities;
        this.audit = audit;
        this.cursor = cursor;
    }

    Future<Reply> list(Call call) {
        var kind = call.parameters().getString("kind");
        var value = call.parameters().getString("value");
        if (value != null && kind == null) {
            throw ProblemException.invalid("kind", "The parameter value needs the kind of value.");
        }
        return (value == null ? Future.succeededFuture(true) : authorities.permits(call.caller(), PERSONAL))
                .compose(may -> may
                        ? store.page(
                                transactions.pool(),
                                call.ws(),
                                cursor.position(call).map(at -> at.uuid(0)).orElse(null),
                                kind,
                                value == null ? null : SuppressionsStore.folded(kind, value),
                                call.parameters().getString("reason"),
                                Cursor.limit(call) + 1)
                        : Future.failedFuture(ProblemException.forbidden(
                                "Looking for somebody's address needs the permission " + PERSONAL + ".")))
                .map(rows -> Reply.ok(cursor.page(call, rows, Suppression::toJson, row -> List.of(row.id()))));
    }

    Future<Reply> create(Call call) {
        var body = call.json();
        var value = body.getString("value").strip();
        var kind = body.getString("kind");
        if (value.isEmpty() || kind.equals("phone") && value.chars().noneMatch(Character::isDigit)) {
            throw ProblemException.unprocessable("/value", "This names nobody.");
        }
        var draft = new Suppression(
                UuidCreator.getTimeOrderedEpoch(),
                kind,
                value,
                body.getString("reason", "manual"),
                body.getString("note", ""),
                call.caller().id(),
                null);
        return transactions.once(call, tx -> store.enterAlone(tx, call.ws())
                .compose(alone -> store.insert(tx, call.ws(), draft))
                .map(made -> made.orElseThrow(() -> ProblemException.conflict("This is on the list already.")))
                .compose(made -> store.matching(tx, call.ws(), made)
                        .compose(people -> store.mark(tx, call.ws(), people, false))
                        .compose(done -> audit.record(tx, call, "suppression", made.id(), null, told(made)))
                        .map(Reply.created("/api/v1/cdp/suppressions/" + made.id(), made.toJson()))));
    }

    Future<Reply> delete(Call call) {
        var id = call.id("id", "suppression");
        return transactions
                .run(tx -> store.enterAlone(tx, call.ws())
                        .compose(alone -> store.find(tx, call.ws(), id))
                        .map(found -> found.orElseThrow(() -> ProblemException.notFound("suppression")))
                        .compose(entry -> store.delete(tx, call.ws(), id)
                                .compose(done -> entry.value() == null
                                        // Of who was erased nobody is left to be marked.
                                        ? Future.<Void>succeededFuture()
                                        : store.matching(tx, call.ws(), entry)
                                                .compose(people -> store.mark(tx, call.ws(), people, true)))
                                .compose(done -> audit.record(tx, call, "suppression", id, told(entry), null))))
                .map(done -> Reply.noContent());
    }

    /** Without the value: the trail must not become a place where it is kept after erasure. */
    private static JsonObject told(Suppression entry) {
        return new JsonObject().put("kind", entry.kind()).put("reason", entry.reason());
    }
}
