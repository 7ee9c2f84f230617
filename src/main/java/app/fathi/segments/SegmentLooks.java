package app.fathi.segments;

import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.bus.Rfc3339;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import app.fathi.segments.People.Question;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.function.Supplier;

/** What there is to read about a segment beside itself: what it was and how large, what it is used for, and a file
 * of who is in it. */
final class SegmentLooks {
    private static final int EXPORT_PAGE = 500;
    private static final List<String> COLUMNS = List.of("id", "userId", "subscribed");

    private final Transactions transactions;
    private final Transactions analytics;
    private final SegmentsStore store = new SegmentsStore();
    private final VersionsStore versions = new VersionsStore();
    private final UsageStore usage = new UsageStore();
    private final SizesStore sizes = new SizesStore();
    private final People people = new People(store);
    private final Cursor cursor;

    SegmentLooks(Transactions transactions, Transactions analytics, Cursor cursor) {
        this.transactions = transactions;
        this.analytics = analytics;
        this.cursor = cursor;
    }

    private Future<Segment> find(Call call) {
        return store.find(transactions.pool(), call.ws(), call.id("id", "segment"))
                .map(found -> found.orElseThrow(() -> ProblemException.notFound("segment")));
    }

    Future<Reply> versions(Call call) {
        long before = cursor.position(call).map(position -> position.number(0)).orElse(Long.MAX_VALUE);
        return find(call)
                .compose(segment ->
                        versions.page(transactions.pool(), call.ws(), segment.id(), before, Cursor.limit(call) + 1))
                .map(rows -> Reply.ok(
                        cursor.page(call, rows, VersionsStore.Version::toJson, row -> List.of(row.version()))));
    }

    /** How many people were in it, as often as that was measured. */
    Future<Reply> history(Call call) {
        var range = new SizesStore.Range(
                Rfc3339.at("from", call.parameters().getString("from")),
                Rfc3339.at("to", call.parameters().getString("to")),
                call.parameters().getString("interval", "hour"));
        var before = cursor.position(call).map(position -> position.time(0)).orElse(null);
        return find(call)
                .compose(segment ->
                        sizes.page(transactions.pool(), call.ws(), segment.id(), range, before, Cursor.limit(call) + 1))
                .map(rows -> Reply.ok(cursor.page(call, rows, SizesStore.Measured::toJson, row -> List.of(row.at()))));
    }

    Future<Reply> usage(Call call) {
        return find(call).compose(segment -> usage.segments(transactions.pool(), call.ws(), segment.id())
                .compose(segments -> usage.campaigns(transactions.pool(), call.ws(), segment.id())
                        .compose(campaigns -> usage.messages(transactions.pool(), call.ws(), segment.id())
                                .map(messages -> Reply.ok(new JsonObject()
                                        .put("segments", new JsonArray(segments))
                                        .put("campaigns", new JsonArray(campaigns))
                                        .put("messages", new JsonArray(messages)))))));
    }

    /** All are asked for one moment. The first page is there before the answer begins: what is wrong is told as a problem. */
    Future<Reply> export(Call call) {
        var csv = call.parameters().getString("format", "ndjson").equals("csv");
        return find(call).compose(segment -> analytics
                .run(tx -> people.resolve(tx, call.ws(), segment.asRule(), null)
                        .compose(resolved -> people.ask(tx, call.ws(), resolved)))
                .map(question -> new Export(call.ws(), question))
                .compose(export -> export.page()
                        .map(first -> Reply.rows(
                                "segment-" + segment.id() + (csv ? ".csv" : ".ndjson"),
                                new Reply.Rows(csv ? COLUMNS : List.of(), export.startingWith(first))))));
    }

    /** The file, a page at each call, the newest people first. */
    private final class Export {
        private final int ws;
        private final Question question;
        private int before = Integer.MAX_VALUE;
        private boolean ended;
        private List<JsonObject> first;

        Export(int ws, Question question) {
            this.ws = ws;
            this.question = question;
        }

        Supplier<Future<List<JsonObject>>> startingWith(List<JsonObject> page) {
            first = page;
            return this::next;
        }

        private Future<List<JsonObject>> next() {
            if (first != null) {
                var page = first;
                first = null;
                return Future.succeededFuture(page);
            }
            return ended ? Future.succeededFuture() : page();
        }

        Future<List<JsonObject>> page() {
            return analytics
                    .run(tx -> people.page(tx, ws, question, before, EXPORT_PAGE))
                    .map(found -> {
                        ended = found.size() < EXPORT_PAGE;
                        if (!ended) {
                            before = found.getLast().no();
                        }
                        return found.stream().map(SegmentAnswers::member).toList();
                    });
        }
    }
}
