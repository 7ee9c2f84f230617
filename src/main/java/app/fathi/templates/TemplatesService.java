package app.fathi.templates;

import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.BiFunction;

/** How templates are made and changed: each change is a version, and what includes something keeps what that says then. */
final class TemplatesService {
    static final String TEMPLATES = "/api/v1/templates/";
    private static final int MAX_TEMPLATES = 2_000;
    /** Of all that one version says, as JSON. */
    private static final int MAX_CHARACTERS = 262_144;

    private final Transactions transactions;
    private final TemplatesStore store = new TemplatesStore();
    private final VersionsStore versions = new VersionsStore();
    private final SnippetsStore snippets = new SnippetsStore();
    private final Renderer renderer;
    private final Workshop workshop;
    private final Audit audit;
    private final Cursor cursor;

    TemplatesService(Transactions transactions, Renderer renderer, Workshop workshop, Audit audit, Cursor cursor) {
        this.transactions = transactions;
        this.renderer = renderer;
        this.workshop = workshop;
        this.audit = audit;
        this.cursor = cursor;
    }

    Future<Reply> list(Call call) {
        var before = cursor.position(call).map(position -> position.uuid(0)).orElse(null);
        var parameters = call.parameters();
        var filter = new TemplatesStore.Filter(
                parameters.getString("status"),
                parameters.getString("channel"),
                parameters.getString("category"),
                parameters.getString("tag"),
                parameters.getString("q"));
        return store.page(transactions.pool(), call.ws(), before, filter, Cursor.limit(call) + 1)
                .map(rows -> Reply.ok(cursor.page(call, rows, Template::toLine, row -> List.of(row.id()))));
    }

    Future<Reply> get(Call call) {
        return store.find(transactions.pool(), call.ws(), call.id("id", "template"))
                .map(found -> found.orElseThrow(() -> ProblemException.notFound("template")))
                .map(TemplatesService::shown);
    }

    static Reply shown(Template template) {
        return Reply.ok(template.toJson(), template.edits().version());
    }

    Future<Reply> create(Call call) {
        var draft = Template.of(UuidCreator.getTimeOrderedEpoch(), call.json());
        return transactions.once(call, tx -> insert(tx, call, draft));
    }

    /** A new one that says what another says now. */
    Future<Reply> copy(Call call) {
        var id = call.id("id", "template");
        return transactions.once(call, tx -> store.find(tx, call.ws(), id).compose(found -> {
            var fields = found.orElseThrow(() -> ProblemException.notFound("template"))
                    .fields()
                    .put("name", call.json().getString("name"));
            return insert(tx, call, Template.of(UuidCreator.getTimeOrderedEpoch(), fields));
        }));
    }

    private Future<Reply> insert(SqlConnection tx, Call call, Template draft) {
        return included(tx, call.ws(), draft.body())
                .compose(texts -> store.count(tx, call.ws())
                        .compose(count -> {
                            if (count >= MAX_TEMPLATES) {
                                throw ProblemException.conflict(
                                        "A workspace has at most " + MAX_TEMPLATES + " templates.");
                            }
                            return store.insert(
                                    tx, call.ws(), draft, call.caller().id());
                        })
                        .map(saved -> saved.orElseThrow(() -> taken(draft)))
                        .compose(template ->
                                versions.keep(tx, call.ws(), template, texts).map(template)))
                .compose(template -> audit.record(tx, call, "template", template.id(), null, told(template))
                        .map(Reply.created(TEMPLATES + template.id(), template.toJson())));
    }

    Future<Reply> update(Call call) {
        return change(call, (tx, before) -> Future.succeededFuture(call.json()));
    }

    /** Makes it say what it said. */
    Future<Reply> restore(Call call) {
        long version = call.json().getLong("version");
        return change(call, (tx, before) -> versions.find(tx, call.ws(), before.id(), version)
                .map(found -> found.orElseThrow(() -> ProblemException.unprocessable(
                                "/version", "There is no version " + version + " of this template."))
                        .fields()));
    }

    /** @param changes the fields that change, of the template as it is */
    private Future<Reply> change(Call call, BiFunction<SqlConnection, Template, Future<JsonObject>> changes) {
        var version = call.ifMatch();
        var id = call.id("id", "template");
        return transactions
                .run(tx -> store.lock(tx, call.ws(), id).compose(found -> {
                    var before = Template.current(found, version);
                    return changes.apply(tx, before).compose(change -> save(tx, call, before, change));
                }))
                .map(TemplatesService::shown);
    }

    private Future<Template> save(SqlConnection tx, Call call, Template before, JsonObject change) {
        var draft = before.draft(change);
        return included(tx, call.ws(), draft.body()).compose(texts -> versions.find(
                        tx, call.ws(), before.id(), before.edits().version())
                .map(old -> before.with(
                        draft,
                        old.filter(version -> version.snippets().equals(texts)).isPresent()))
                .compose(changed ->
                        store.update(tx, call.ws(), changed, call.caller().id()))
                .map(saved -> saved.orElseThrow(() -> taken(draft)))
                .compose(after -> versions.keep(tx, call.ws(), after, texts)
                        .compose(kept -> audit.record(
                                tx,
                                call,
                                "template",
                                after.id(),
                                named(told(before), change),
                                named(told(after), change)))
                        .map(after)));
    }

    /** All that it includes, however deep, as it is now; fails when that or the template itself cannot be rendered. */
    private Future<Map<String, String>> included(SqlClient tx, int ws, TemplateBody body) {
        if (body.toJson().encode().length() > MAX_CHARACTERS) {
            throw ProblemException.of(
                    Kind.TOO_LARGE,
                    "All languages of a template together have at most " + MAX_CHARACTERS + " characters.");
        }
        var all = body.snippets().isEmpty() ? Future.succeededFuture(Map.<String, String>of()) : snippets.texts(tx, ws);
        return all.compose(texts -> {
            var included = new TreeMap<String, String>();
            body.snippets().forEach(name -> collect(name, texts, included));
            return workshop.work(() -> body.faults(renderer, new Snippets(included)))
                    .map(faults -> {
                        if (!faults.isEmpty()) {
                            throw new ProblemException(Problem.of(
                                    Kind.UNPROCESSABLE, "The template cannot be rendered as it is.", faults));
                        }
                        return included;
                    });
        });
    }

    private static void collect(String name, Map<String, String> texts, Map<String, String> included) {
        var text = texts.get(name);
        if (text != null && included.put(name, text) == null) {
            Snippets.names(text).forEach(inner -> collect(inner, texts, included));
        }
    }

    /** What messages said stays to be looked at: then it can only be archived. */
    Future<Reply> delete(Call call) {
        var version = call.ifMatch();
        var id = call.id("id", "template");
        return transactions
                .run(tx -> store.lock(tx, call.ws(), id).compose(found -> {
                    var template = Template.current(found, version);
                    return requireNoCampaign(store, tx, call.ws(), id)
                            .compose(free -> store.messages(tx, call.ws(), id, 1))
                            .compose(messages -> {
                                if (!messages.isEmpty()) {
                                    throw ProblemException.conflict("Messages were sent with it, the newest "
                                            + messages.getFirst().getString("id") + ": archive it instead.");
                                }
                                return store.delete(tx, call.ws(), id);
                            })
                            .compose(done -> audit.record(tx, call, "template", id, told(template), null));
                }))
                .map(Reply.noContent());
    }

    /** What a campaign is to say stays until that is over. */
    static Future<Void> requireNoCampaign(TemplatesStore store, SqlConnection tx, int ws, UUID id) {
        return store.campaigns(tx, ws, id).map(campaigns -> {
            if (!campaigns.isEmpty()) {
                throw ProblemException.conflict("These campaigns are to say it: " + String.join(", ", campaigns)
                        + ". Change them first, or wait until they are over.");
            }
            return null;
        });
    }

    /** For the audit trail: of what it says only the languages, for the words are kept with the version. */
    private static JsonObject told(Template template) {
        return template.fields()
                .put(
                        "variants",
                        new JsonArray(List.copyOf(template.body().variants().keySet())))
                .put("version", template.edits().version());
    }

    private static JsonObject named(JsonObject fields, JsonObject change) {
        var named = new JsonObject();
        change.fieldNames().forEach(name -> named.put(name, fields.getValue(name)));
        return named.put("version", fields.getValue("version"));
    }

    private static ProblemException taken(Template draft) {
        return ProblemException.conflict("There is a template named " + draft.name() + " already.");
    }
}
