package app.fathi.webpush;

import app.fathi.cep.Messages;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.SecurityEpochs;
import app.fathi.platform.security.Tenancy;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * The sites of a workspace. Each change moves the security epoch: browser keys may be bound to sites, and senders and
 * pages remember them under it.
 */
final class SitesService {
    private static final String SITES = "/api/v1/webpush/sites/";
    private static final int MAX_SITES = 100;

    private final Transactions transactions;
    private final SitesStore store;
    private final PromptsStore prompts;
    private final SecurityEpochs epochs;
    private final Audit audit;
    private final Cursor cursor;
    private final Messages messages;
    private final Tenancy tenancy;

    SitesService(
            Transactions transactions,
            SitesStore store,
            PromptsStore prompts,
            SecurityEpochs epochs,
            Audit audit,
            Cursor cursor,
            Messages messages,
            Tenancy tenancy) {
        this.transactions = transactions;
        this.store = store;
        this.prompts = prompts;
        this.epochs = epochs;
        this.audit = audit;
        this.cursor = cursor;
        this.messages = messages;
        this.tenancy = tenancy;
    }

    Future<Reply> list(Call call) {
        var before = cursor.position(call).map(position -> position.uuid(0)).orElse(null);
        return store.page(transactions.pool(), call.ws(), before, Cursor.limit(call) + 1)
                .map(rows -> Reply.ok(cursor.page(call, rows, Site::toJson, row -> List.of(row.id()))));
    }

    Future<Reply> get(Call call) {
        return store.find(transactions.pool(), call.ws(), call.id("id", "site")).map(found -> {
            var site = found.orElseThrow(() -> ProblemException.notFound("site"));
            return Reply.ok(site.toJson(), site.edits().version());
        });
    }

    Future<Reply> create(Call call) {
        var draft = Site.of(UuidCreator.getTimeOrderedEpoch(), call.json());
        return transactions
                .once(call, tx -> store.all(tx, call.ws()).compose(sites -> {
                    if (sites.size() >= MAX_SITES) {
                        throw ProblemException.conflict("A workspace has at most " + MAX_SITES + " sites.");
                    }
                    return check(tx, call.ws(), draft)
                            .compose(fine -> store.insert(
                                    tx, call.ws(), draft, call.caller().id()))
                            .map(saved -> saved.orElseThrow(() -> ProblemException.conflict(
                                    "The workspace has a site with the origin " + draft.origin() + " already.")))
                            .compose(site -> changed(tx, call, site.id(), null, site.fields())
                                    .map(Reply.created(SITES + site.id(), site.toJson())));
                }))
                .compose(reply -> epochs.refresh().map(reply));
    }

    Future<Reply> update(Call call) {
        var version = call.ifMatch();
        var id = call.id("id", "site");
        return transactions
                .run(tx -> store.lock(tx, call.ws(), id).compose(found -> {
                    var before = current(found, version);
                    var changed = before.with(call.json());
                    return (call.json().containsKey("welcome")
                                    ? check(tx, call.ws(), changed)
                                    : Future.<Void>succeededFuture())
                            .compose(fine -> store.update(
                                    tx, call.ws(), changed, call.caller().id()))
                            .compose(after -> changed(
                                            tx,
                                            call,
                                            id,
                                            named(before.fields(), call.json()),
                                            named(after.fields(), call.json()))
                                    .map(after));
                }))
                .compose(site -> epochs.refresh()
                        .map(Reply.ok(site.toJson(), site.edits().version())));
    }

    /** Subscriptions from this origin stay. A prompt that is for this site alone would ask nowhere, or everywhere. */
    Future<Reply> delete(Call call) {
        var version = call.ifMatch();
        var id = call.id("id", "site");
        return transactions
                .run(tx -> store.lock(tx, call.ws(), id).compose(found -> {
                    var site = current(found, version);
                    return prompts.namesOfSite(tx, call.ws(), id).compose(names -> {
                        if (!names.isEmpty()) {
                            throw ProblemException.conflict("These prompts are for this site: "
                                    + names.stream().collect(Collectors.joining(", ")) + ".");
                        }
                        return store.delete(tx, call.ws(), id)
                                .compose(done -> changed(tx, call, id, site.fields(), null));
                    });
                }))
                .compose(done -> epochs.refresh())
                .map(Reply.noContent());
    }

    private Future<Void> check(SqlConnection tx, int ws, Site site) {
        return site.welcome() == null
                ? Future.succeededFuture()
                : site.welcome().check(tx, ws, messages, tenancy);
    }

    private Future<Void> changed(SqlConnection tx, Call call, UUID id, JsonObject before, JsonObject after) {
        return audit.record(tx, call, "site", id, before, after).compose(done -> SecurityEpochs.bump(tx, call.ws()));
    }

    private static Site current(Optional<Site> found, long version) {
        var site = found.orElseThrow(() -> ProblemException.notFound("site"));
        if (site.edits().version() != version) {
            throw ProblemException.of(
                    Kind.PRECONDITION_FAILED, "The site has changed since it was read. Read it again.");
        }
        return site;
    }

    /** The fields that a change names, as they stand here. */
    static JsonObject named(JsonObject fields, JsonObject change) {
        var named = new JsonObject();
        change.fieldNames().forEach(field -> named.put(field, fields.getValue(field)));
        return named;
    }
}
