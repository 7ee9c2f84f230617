package app.fathi.cdp.traits;

import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.jobs.Jobs;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiFunction;

/** Which traits are computed, for who says so. Each change has everybody computed again. */
public final class ComputedTraitsService {
    private static final String TRAITS = "/api/v1/cdp/computed-traits/";
    private static final String KIND = "computed trait";

    private final Transactions transactions;
    private final BiFunction<SqlConnection, Integer, Future<Void>> enterAlone;
    private final Rules rules;
    private final int limit;
    private final Jobs jobs;
    private final Audit audit;
    private final Cursor cursor;
    private final ComputedTraitsStore store = new ComputedTraitsStore();

    /**
     * @param enterAlone waits for whoever derives in the workspace, and keeps others out until the transaction ends
     * @param limit so many a workspace has at most
     */
    public ComputedTraitsService(
            Transactions transactions,
            BiFunction<SqlConnection, Integer, Future<Void>> enterAlone,
            Rules rules,
            int limit,
            Jobs jobs,
            Audit audit,
            Cursor cursor) {
        this.transactions = transactions;
        this.enterAlone = enterAlone;
        this.rules = rules;
        this.limit = limit;
        this.jobs = jobs;
        this.audit = audit;
        this.cursor = cursor;
    }

    public Future<Reply> list(Call call) {
        return store.page(
                        transactions.pool(),
                        call.ws(),
                        cursor.position(call).map(at -> at.text(0)).orElse(null),
                        call.parameters().getString("q"),
                        call.parameters().getString("tag"),
                        Cursor.limit(call) + 1)
                .map(rows -> Reply.ok(cursor.page(call, rows, ComputedTrait::toJson, row -> List.of(row.name()))));
    }

    public Future<Reply> get(Call call) {
        return store.find(transactions.pool(), call.ws(), id(call))
                .map(found -> found.orElseThrow(() -> ProblemException.notFound(KIND)))
                .map(ComputedTraitsService::shown);
    }

    public Future<Reply> create(Call call) {
        var draft = ComputedTrait.of(UuidCreator.getTimeOrderedEpoch(), call.json());
        check(draft);
        return transactions.once(call, tx -> enterAlone
                .apply(tx, call.ws())
                .compose(alone -> store.count(tx, call.ws()))
                .compose(count -> {
                    if (count >= limit) {
                        throw ProblemException.conflict("A workspace has at most " + limit + " computed traits.");
                    }
                    return store.insert(tx, call.ws(), draft, call.caller().id());
                })
                .map(saved -> saved.orElseThrow(() ->
                        ProblemException.conflict("There is a computed trait named " + draft.name() + " already.")))
                .compose(trait -> computeAll(tx, call.ws())
                        .compose(done -> audit.record(tx, call, KIND, trait.id(), null, trait.fields()))
                        .map(Reply.created(TRAITS + trait.id(), trait.toJson()))));
    }

    public Future<Reply> update(Call call) {
        var version = call.ifMatch();
        var id = id(call);
        return transactions
                .run(tx -> enterAlone
                        .apply(tx, call.ws())
                        .compose(alone -> store.lock(tx, call.ws(), id))
                        .compose(found -> {
                            var before = current(found, version);
                            var draft = before.with(call.json());
                            check(draft);
                            return store.update(
                                            tx, call.ws(), draft, call.caller().id())
                                    .compose(after -> (after.compute().equals(before.compute())
                                                    ? Future.<Void>succeededFuture()
                                                    : computeAll(tx, call.ws()))
                                            .compose(done ->
                                                    audit.record(tx, call, KIND, id, before.fields(), after.fields()))
                                            .map(after));
                        }))
                .map(ComputedTraitsService::shown);
    }

    public Future<Reply> delete(Call call) {
        var version = call.ifMatch();
        var id = id(call);
        return transactions
                .run(tx -> enterAlone
                        .apply(tx, call.ws())
                        .compose(alone -> store.lock(tx, call.ws(), id))
                        .compose(found -> {
                            var before = current(found, version);
                            return rules.segmentsAsking(tx, call.ws(), before.name())
                                    .compose(segments -> segments.isEmpty()
                                            ? store.delete(tx, call.ws(), id)
                                            : Future.failedFuture(ProblemException.conflict(
                                                    "The rules of these segments ask for the trait: "
                                                            + String.join(", ", segments) + ".")))
                                    .compose(done -> computeAll(tx, call.ws()))
                                    .compose(done -> audit.record(tx, call, KIND, id, before.fields(), null));
                        }))
                .map(Reply.noContent());
    }

    private Future<Void> computeAll(SqlConnection tx, int ws) {
        return store.changed(tx, ws)
                .compose(done -> jobs.enqueue(tx, List.of(ComputeJob.job(ws))))
                .mapEmpty();
    }

    private void check(ComputedTrait draft) {
        Computation.of(draft.compute(), rules, "/compute");
    }

    private static UUID id(Call call) {
        return call.id("id", KIND);
    }

    private static Reply shown(ComputedTrait trait) {
        return Reply.ok(trait.toJson(), trait.edits().version());
    }

    private static ComputedTrait current(Optional<ComputedTrait> found, long version) {
        var trait = found.orElseThrow(() -> ProblemException.notFound(KIND));
        if (trait.edits().version() != version) {
            throw ProblemException.of(
                    Kind.PRECONDITION_FAILED, "The computed trait has changed since it was read. Read it again.");
        }
        return trait;
    }
}
