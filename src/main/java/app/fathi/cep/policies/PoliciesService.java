package app.fathi.cep.policies;

import app.fathi.cep.policies.PoliciesStore.Saved;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Future;
import java.util.Optional;

/** When messages go, as the team lays it down: one document for the workspace. */
public final class PoliciesService {
    private final Transactions transactions;
    private final PolicyBook book;
    private final Audit audit;

    public PoliciesService(Transactions transactions, PolicyBook book, Audit audit) {
        this.transactions = transactions;
        this.book = book;
        this.audit = audit;
    }

    public Future<Reply> get(Call call) {
        return PoliciesStore.latest(transactions.pool(), call.ws()).map(PoliciesService::shown);
    }

    /** The new document as a whole: what it does not name is not laid down any more. */
    public Future<Reply> put(Call call) {
        int version = (int) Math.min(Integer.MAX_VALUE, call.ifMatch());
        var document = Policies.of(call.json()).toJson();
        return transactions
                .run(tx -> PoliciesStore.latest(tx, call.ws())
                        .compose(before -> PoliciesStore.insert(
                                        tx,
                                        call.ws(),
                                        version,
                                        document,
                                        call.caller().id())
                                .compose(saved -> saved.isPresent()
                                        ? audit.record(
                                                tx,
                                                call,
                                                "policies",
                                                "policies",
                                                before.map(Saved::body).orElse(null),
                                                document)
                                        : Future.failedFuture(ProblemException.of(
                                                Kind.PRECONDITION_FAILED,
                                                "Somebody has changed the policies since. Read them again."))))
                        .compose(done -> PoliciesStore.latest(tx, call.ws())))
                .onSuccess(saved -> book.forget(call.ws()))
                .map(PoliciesService::shown);
    }

    private static Reply shown(Optional<Saved> saved) {
        var json = Policies.NONE.toJson();
        // What was laid down before there was such a policy does not name it.
        saved.map(Saved::body).ifPresent(json::mergeIn);
        int version = saved.map(Saved::version).orElse(0);
        return Reply.ok(
                json.put("version", version)
                        .put(
                                "updatedBy",
                                saved.map(Saved::createdBy)
                                        .map(Object::toString)
                                        .orElse(null))
                        .put(
                                "updatedAt",
                                saved.map(Saved::createdAt)
                                        .map(Object::toString)
                                        .orElse(null)),
                version);
    }
}
