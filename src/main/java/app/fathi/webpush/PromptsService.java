package app.fathi.webpush;

import app.fathi.cdp.Profiles;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.EpochCache;
import app.fathi.platform.security.SecurityEpochs;
import app.fathi.webpush.PromptsStore.Refusals;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * The prompts of a workspace, for the team and for pages. Pages ask all the time, so what they get is remembered until
 * the workspace's security epoch moves, as it does with each change.
 */
final class PromptsService {
    private static final String PROMPTS = "/api/v1/webpush/prompts/";
    private static final int MAX_PROMPTS = 100;

    /** Each page asks; what was changed is seen by everybody five minutes later. */
    private static final Map<String, String> CACHING = Map.of(
            "Cache-Control", "private, max-age=300", "Vary", "Origin, Authorization, X-Write-Key, Accept-Language");

    private final Transactions transactions;
    private final PromptsStore store;
    private final SitesStore sitesStore;
    private final Sites sites;
    private final Profiles profiles;
    private final SecurityEpochs epochs;
    private final EpochCache<Integer, List<Prompt>> active;
    private final Audit audit;
    private final Cursor cursor;

    PromptsService(
            Transactions transactions,
            PromptsStore store,
            SitesStore sitesStore,
            Sites sites,
            Profiles profiles,
            SecurityEpochs epochs,
            Audit audit,
            Cursor cursor) {
        this.transactions = transactions;
        this.store = store;
        this.sitesStore = sitesStore;
        this.sites = sites;
        this.profiles = profiles;
        this.epochs = epochs;
        this.active = new EpochCache<>(epochs);
        this.audit = audit;
        this.cursor = cursor;
    }

    Future<Reply> list(Call call) {
        var before = cursor.position(call).map(position -> position.uuid(0)).orElse(null);
        return store.page(transactions.pool(), call.ws(), before, Cursor.limit(call) + 1)
                .map(rows -> Reply.ok(cursor.page(call, rows, Prompt::toJson, row -> List.of(row.id()))));
    }

    Future<Reply> get(Call call) {
        return store.find(transactions.pool(), call.ws(), call.id("id", "prompt"))
                .map(found -> {
                    var prompt = found.orElseThrow(() -> ProblemException.notFound("prompt"));
                    return Reply.ok(prompt.toJson(), prompt.edits().version());
                });
    }

    /** What may appear on the page that asks, in its reader's language. */
    Future<Reply> forPage(Call call) {
        var client = transactions.pool();
        var languages = PromptText.wanted(call.parameters().getString("language"), call.header("accept-language"));
        return sites.byOrigin(client, call.ws())
                .map(known -> call.header("origin") == null ? null : known.get(call.header("origin")))
                .compose(site -> active.get(call.ws(), () -> store.active(client, call.ws())
                                .map(prompts -> EpochCache.found(call.ws(), prompts)))
                        .map(prompts -> prompts.stream()
                                .filter(prompt -> prompt.site() == null
                                        || site != null && prompt.site().equals(site.id()))
                                .map(prompt -> prompt.forPage(languages, site))
                                .toList()))
                .compose(here -> (here.isEmpty() ? Future.succeededFuture(Refusals.NONE) : refusals(call))
                        .map(refusals -> new Reply(
                                200,
                                new JsonObject()
                                        .put("items", new JsonArray(here))
                                        .put("refusals", refusals.toJson())
                                        .toBuffer(),
                                CACHING,
                                null)));
    }

    /** What the person behind the page has refused before, in another browser, say. */
    private Future<Refusals> refusals(Call call) {
        var visitor = call.parameters().getString("anonymousId");
        if (visitor == null) {
            return Future.succeededFuture(Refusals.NONE);
        }
        return profiles.provenVisitor(transactions.pool(), call.ws(), visitor)
                .compose(person -> person.isEmpty()
                        ? Future.succeededFuture(Refusals.NONE)
                        : store.refusals(transactions.pool(), call.ws(), person.get()));
    }

    Future<Reply> create(Call call) {
        var draft = Prompt.of(UuidCreator.getTimeOrderedEpoch(), call.json());
        return transactions
                .once(call, tx -> store.count(tx, call.ws()).compose(count -> {
                    if (count >= MAX_PROMPTS) {
                        throw ProblemException.conflict("A workspace has at most " + MAX_PROMPTS + " prompts.");
                    }
                    return requireSite(tx, call, draft)
                            .compose(done -> store.insert(
                                    tx, call.ws(), draft, call.caller().id()))
                            .map(saved -> saved.orElseThrow(() -> ProblemException.conflict(
                                    "The workspace has a prompt named " + draft.name() + " already.")))
                            .compose(prompt -> changed(tx, call, prompt.id(), null, prompt.fields())
                                    .map(Reply.created(PROMPTS + prompt.id(), prompt.toJson())));
                }))
                .compose(reply -> epochs.refresh().map(reply));
    }

    Future<Reply> update(Call call) {
        var version = call.ifMatch();
        var id = call.id("id", "prompt");
        return transactions
                .run(tx -> store.lock(tx, call.ws(), id).compose(found -> {
                    var before = current(found, version);
                    var after = before.with(call.json());
                    return requireSite(tx, call, after)
                            .compose(done -> store.update(
                                    tx, call.ws(), after, call.caller().id()))
                            .compose(saved -> changed(
                                            tx,
                                            call,
                                            id,
                                            SitesService.named(before.fields(), call.json()),
                                            SitesService.named(saved.fields(), call.json()))
                                    .map(saved));
                }))
                .compose(prompt -> epochs.refresh()
                        .map(Reply.ok(prompt.toJson(), prompt.edits().version())));
    }

    Future<Reply> delete(Call call) {
        var version = call.ifMatch();
        var id = call.id("id", "prompt");
        return transactions
                .run(tx -> store.lock(tx, call.ws(), id).compose(found -> {
                    var prompt = current(found, version);
                    return store.delete(tx, call.ws(), id)
                            .compose(done -> changed(tx, call, id, prompt.fields(), null));
                }))
                .compose(done -> epochs.refresh())
                .map(Reply.noContent());
    }

    private Future<Void> requireSite(SqlConnection tx, Call call, Prompt prompt) {
        return prompt.site() == null
                ? Future.succeededFuture()
                : sitesStore.find(tx, call.ws(), prompt.site()).map(found -> {
                    if (found.isEmpty()) {
                        throw ProblemException.unprocessable("/siteId", "There is no such site.");
                    }
                    return null;
                });
    }

    private Future<Void> changed(SqlConnection tx, Call call, UUID id, JsonObject before, JsonObject after) {
        return audit.record(tx, call, "prompt", id, before, after).compose(done -> SecurityEpochs.bump(tx, call.ws()));
    }

    private static Prompt current(Optional<Prompt> found, long version) {
        var prompt = found.orElseThrow(() -> ProblemException.notFound("prompt"));
        if (prompt.edits().version() != version) {
            throw ProblemException.of(
                    Kind.PRECONDITION_FAILED, "The prompt has changed since it was read. Read it again.");
        }
        return prompt;
    }
}
