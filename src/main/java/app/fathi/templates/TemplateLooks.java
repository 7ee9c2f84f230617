package app.fathi.templates;

import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import app.fathi.templates.VersionsStore.Version;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;

/** What there is to read about a template beside itself: what it was, how two versions differ, and what was sent with it. */
final class TemplateLooks {
    /** Messages that are told. */
    private static final int MESSAGES = 100;
    /** Differences that are told; two versions that have nothing in common need no list. */
    private static final int DIFFERENCES = 1_000;

    private final Transactions transactions;
    private final TemplatesStore store = new TemplatesStore();
    private final VersionsStore versions = new VersionsStore();
    private final Cursor cursor;

    TemplateLooks(Transactions transactions, Cursor cursor) {
        this.transactions = transactions;
        this.cursor = cursor;
    }

    private Future<Template> find(Call call) {
        return store.find(transactions.pool(), call.ws(), call.id("id", "template"))
                .map(found -> found.orElseThrow(() -> ProblemException.notFound("template")));
    }

    Future<Reply> versions(Call call) {
        long before = cursor.position(call).map(position -> position.number(0)).orElse(Long.MAX_VALUE);
        return find(call)
                .compose(template ->
                        versions.page(transactions.pool(), call.ws(), template.id(), before, Cursor.limit(call) + 1))
                .map(rows -> Reply.ok(cursor.page(call, rows, TemplateLooks::line, row -> List.of(row.version()))));
    }

    /** In a list: without what it says. */
    private static JsonObject line(Version version) {
        var json = version.toJson();
        List.of("variants", "variables", "snippets").forEach(json::remove);
        return json.put(
                "languages", new JsonArray(List.copyOf(version.body().variants().keySet())));
    }

    Future<Reply> version(Call call) {
        return find(call)
                .compose(template ->
                        version(call, number(call, "number", template.edits().version())))
                .map(version -> Reply.ok(version.toJson()));
    }

    private Future<Version> version(Call call, long number) {
        return versions.find(transactions.pool(), call.ws(), call.id("id", "template"), number)
                .map(found -> found.orElseThrow(() ->
                        ProblemException.of(Kind.NOT_FOUND, "There is no version " + number + " of this template.")));
    }

    /** Where nothing is named, the newest and the one before. */
    Future<Reply> diff(Call call) {
        return find(call).compose(template -> {
            long to = number(call, "to", template.edits().version());
            long from = number(call, "from", Math.max(1, to - 1));
            return version(call, from).compose(before -> version(call, to)
                    .map(after -> Reply.ok(new JsonObject()
                            .put("from", from)
                            .put("to", to)
                            .put("changes", changes(said(before), said(after))))));
        });
    }

    private static long number(Call call, String name, long otherwise) {
        var given = call.parameters().getLong(name);
        return given == null ? otherwise : given;
    }

    /** Variants by language and variables by name, so that a new one does not make all behind it another. */
    private static JsonObject said(Version version) {
        var json = version.fields();
        var variants = new JsonObject();
        version.body().variants().forEach(variants::put);
        var variables = new JsonObject();
        version.body().variables().forEach(variable -> variables.put(variable.name(), variable.toJson()));
        var snippets = new JsonObject();
        version.snippets().forEach(snippets::put);
        return json.put("variants", variants).put("variables", variables).put("snippets", snippets);
    }

    private static JsonArray changes(JsonObject from, JsonObject to) {
        var before = new TreeMap<String, Object>();
        var after = new TreeMap<String, Object>();
        leaves(from, "", before);
        leaves(to, "", after);
        var all = new TreeMap<>(before);
        all.putAll(after);
        var changes = new JsonArray();
        for (var pointer : all.keySet()) {
            var old = before.get(pointer);
            var now = after.get(pointer);
            if (!Objects.equals(old, now) && changes.size() < DIFFERENCES) {
                changes.add(new JsonObject()
                        .put("pointer", pointer)
                        .put("before", old)
                        .put("after", now));
            }
        }
        return changes;
    }

    /** Lists stay in one piece: their elements have no names to be compared by. */
    private static void leaves(Object value, String pointer, TreeMap<String, Object> leaves) {
        if (value instanceof JsonObject object && !object.isEmpty()) {
            object.forEach(entry -> leaves(entry.getValue(), pointer + "/" + Texts.escape(entry.getKey()), leaves));
        } else if (value != null) {
            leaves.put(pointer, value);
        }
    }

    Future<Reply> usage(Call call) {
        return find(call)
                .compose(template -> store.messages(transactions.pool(), call.ws(), template.id(), MESSAGES))
                .map(messages -> Reply.ok(new JsonObject().put("messages", new JsonArray(messages))));
    }
}
