package app.fathi.templates;

import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import app.fathi.templates.SnippetsStore.Snippet;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;

/** The rules of snippets. What a version of a template includes is kept with it, so no change of one changes what is sent. */
final class SnippetsService {
    private static final String SNIPPETS = "/api/v1/template-snippets/";
    private static final int MAX_SNIPPETS = 500;

    private final Transactions transactions;
    private final SnippetsStore store = new SnippetsStore();
    private final Renderer renderer;
    private final Workshop workshop;
    private final Audit audit;
    private final Cursor cursor;

    SnippetsService(Transactions transactions, Renderer renderer, Workshop workshop, Audit audit, Cursor cursor) {
        this.transactions = transactions;
        this.renderer = renderer;
        this.workshop = workshop;
        this.audit = audit;
        this.cursor = cursor;
    }

    Future<Reply> list(Call call) {
        var after = cursor.position(call).map(position -> position.text(0)).orElse(null);
        return store.page(
                        transactions.pool(), call.ws(), after, call.parameters().getString("q"), Cursor.limit(call) + 1)
                .map(rows -> Reply.ok(cursor.page(call, rows, Snippet::toJson, row -> List.of(row.name()))));
    }

    Future<Reply> get(Call call) {
        return store.find(transactions.pool(), call.ws(), call.id("id", "snippet"))
                .map(found -> found.orElseThrow(() -> ProblemException.notFound("snippet")))
                .map(snippet -> Reply.ok(snippet.toJson(), snippet.edits().version()));
    }

    Future<Reply> create(Call call) {
        var json = call.json();
        var draft = new Snippet(
                UuidCreator.getTimeOrderedEpoch(),
                json.getString("name"),
                json.getString("description", ""),
                json.getString("text"),
                null);
        return transactions.once(call, tx -> check(tx, call.ws(), draft, null)
                .compose(checked -> store.count(tx, call.ws()))
                .compose(count -> {
                    if (count >= MAX_SNIPPETS) {
                        throw ProblemException.conflict("A workspace has at most " + MAX_SNIPPETS + " snippets.");
                    }
                    return store.insert(tx, call.ws(), draft, call.caller().id());
                })
                .map(saved -> saved.orElseThrow(() -> taken(draft)))
                .compose(snippet -> audit.record(tx, call, "snippet", snippet.id(), null, snippet.fields())
                        .map(Reply.created(SNIPPETS + snippet.id(), snippet.toJson()))));
    }

    Future<Reply> update(Call call) {
        var version = call.ifMatch();
        var id = call.id("id", "snippet");
        return transactions
                .run(tx -> store.lock(tx, call.ws(), id).compose(found -> {
                    var before = current(found, version);
                    var fields = before.fields().mergeIn(call.json());
                    var draft = new Snippet(
                            id,
                            fields.getString("name"),
                            fields.getString("description"),
                            fields.getString("text"),
                            null);
                    return check(tx, call.ws(), draft, before.name())
                            .compose(checked -> store.update(
                                    tx, call.ws(), draft, call.caller().id()))
                            .map(saved -> saved.orElseThrow(() -> taken(draft)))
                            .compose(after -> audit.record(tx, call, "snippet", id, before.fields(), after.fields())
                                    .map(after));
                }))
                .map(after -> Reply.ok(after.toJson(), after.edits().version()));
    }

    /** Versions of templates that include it keep what it said; those that are saved from now on do not find it. */
    Future<Reply> delete(Call call) {
        var version = call.ifMatch();
        var id = call.id("id", "snippet");
        return transactions
                .run(tx -> store.lock(tx, call.ws(), id).compose(found -> {
                    var before = current(found, version);
                    return store.delete(tx, call.ws(), id)
                            .compose(done -> audit.record(tx, call, "snippet", id, before.fields(), null));
                }))
                .map(Reply.noContent());
    }

    /** That it can be read, with all that it includes, and does not come back to itself. */
    private Future<?> check(SqlClient tx, int ws, Snippet draft, String formerName) {
        return store.texts(tx, ws).compose(texts -> {
            var all = new HashMap<>(texts);
            all.remove(formerName);
            all.put(draft.name(), draft.text());
            return workshop.work(() -> fault(draft, new Snippets(all))).map(fault -> {
                fault.ifPresent(words -> {
                    throw ProblemException.unprocessable("/text", words);
                });
                return null;
            });
        });
    }

    private Optional<String> fault(Snippet draft, Snippets all) {
        try {
            return renderer.check(all.expand("{% include '" + draft.name() + "' %}"));
        } catch (RenderException e) {
            return Optional.of(e.getMessage());
        }
    }

    private static Snippet current(Optional<Snippet> found, long version) {
        var snippet = found.orElseThrow(() -> ProblemException.notFound("snippet"));
        if (snippet.edits().version() != version) {
            throw ProblemException.of(
                    Kind.PRECONDITION_FAILED, "The snippet has changed since it was read. Read it again.");
        }
        return snippet;
    }

    private static ProblemException taken(Snippet draft) {
        return ProblemException.conflict("There is a snippet named " + draft.name() + " already.");
    }
}
