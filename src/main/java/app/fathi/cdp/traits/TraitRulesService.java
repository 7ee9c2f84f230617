package app.fathi.cdp.traits;

import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.jobs.Jobs;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;
import java.util.function.BiFunction;

/** Which word of a trait stands: one document for the workspace. */
public final class TraitRulesService {
    private static final String KIND = "trait-rules";

    private final Transactions transactions;
    private final BiFunction<SqlConnection, Integer, Future<Void>> enterAlone;
    private final Jobs jobs;
    private final Audit audit;
    private final TraitRulesStore store = new TraitRulesStore();
    private final ComputedTraitsStore traits = new ComputedTraitsStore();

    /** @param enterAlone waits for whoever derives in the workspace, and keeps others out until the transaction ends */
    public TraitRulesService(
            Transactions transactions,
            BiFunction<SqlConnection, Integer, Future<Void>> enterAlone,
            Jobs jobs,
            Audit audit) {
        this.transactions = transactions;
        this.enterAlone = enterAlone;
        this.jobs = jobs;
        this.audit = audit;
    }

    public Future<Reply> get(Call call) {
        return store.find(transactions.pool(), call.ws()).map(TraitRulesService::shown);
    }

    /** Of a person with several ids another one's word may stand now, so everybody is looked at. */
    public Future<Reply> put(Call call) {
        var version = call.ifMatch();
        var oldest = call.json().getJsonArray("oldest").stream()
                .map(String.class::cast)
                .distinct()
                .sorted()
                .toList();
        return transactions
                .run(tx -> enterAlone
                        .apply(tx, call.ws())
                        .compose(alone -> store.find(tx, call.ws()))
                        .compose(before -> store.lay(
                                        tx,
                                        call.ws(),
                                        oldest,
                                        version,
                                        call.caller().id())
                                .map(laid -> laid.orElseThrow(() -> ProblemException.of(
                                        Kind.PRECONDITION_FAILED,
                                        "Somebody has changed the rules of traits since. Read them again.")))
                                .compose(laid -> traits.changed(tx, call.ws())
                                        .compose(done -> jobs.enqueue(tx, List.of(ComputeJob.job(call.ws()))))
                                        .compose(done ->
                                                audit.record(tx, call, KIND, KIND, before.fields(), laid.fields()))
                                        .map(laid))))
                .map(TraitRulesService::shown);
    }

    private static Reply shown(TraitRulesStore.Laid laid) {
        return Reply.ok(laid.toJson(), laid.version());
    }
}
