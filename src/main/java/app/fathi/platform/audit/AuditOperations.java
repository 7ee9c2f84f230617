package app.fathi.platform.audit;

import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/** Answers the operations over the audit trail. */
public final class AuditOperations {
    private static final int EXPORT_PAGE = 500;

    private final Audit audit;
    private final Verifier verifier;
    private final Cursor cursor;

    /** @param key {@code Secrets.derivedKey("audit")} */
    public AuditOperations(Audit audit, byte[] key, Cursor cursor) {
        this.audit = audit;
        this.verifier = new Verifier(audit.pool(), key);
        this.cursor = cursor;
    }

    /** What answers which operation of the contract. */
    public Map<String, Function<Call, Future<Reply>>> operations() {
        return Map.of(
                "listAuditEvents", this::listAuditEvents,
                "exportAuditEvents", this::exportAuditEvents,
                "verifyAudit", this::verifyAudit);
    }

    private Future<Reply> listAuditEvents(Call call) {
        var below = cursor.position(call).map(position -> position.number(0)).orElse(Long.MAX_VALUE);
        return audit.store()
                .page(audit.pool(), call, below, Cursor.limit(call) + 1)
                .map(events -> Reply.ok(cursor.page(call, events, event -> event, event -> List.of(number(event)))));
    }

    private static long number(JsonObject event) {
        return Long.parseLong(event.getString("id"));
    }

    private Future<Reply> verifyAudit(Call call) {
        return verifier.verify(
                        call.ws(),
                        Optional.ofNullable(call.parameters().getLong("after")),
                        Optional.ofNullable(call.parameters().getString("head")).map(Verifier.Known::of))
                .map(Reply::ok);
    }

    // ---- export ----

    private static final List<String> COLUMNS = List.of(
            "id",
            "at",
            "operation",
            "result",
            "actor.kind",
            "actor.id",
            "actor.name",
            "object.kind",
            "object.id",
            "remoteAddress",
            "requestId",
            "before",
            "after");

    /** The first page is there before the answer begins: what is wrong with the filters is told as a problem. */
    private Future<Reply> exportAuditEvents(Call call) {
        var csv = call.parameters().getString("format").equals("csv");
        var export = new Export(call);
        return export.page()
                .map(first -> Reply.rows(
                        "audit." + (csv ? "csv" : "ndjson"),
                        new Reply.Rows(csv ? COLUMNS : List.of(), export.startingWith(first))));
    }

    private final class Export {
        private final Call call;
        private long below = Long.MAX_VALUE;
        private boolean ended;
        private List<JsonObject> first;

        Export(Call call) {
            this.call = call;
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
            return audit.store().page(audit.pool(), call, below, EXPORT_PAGE).onSuccess(events -> {
                ended = events.size() < EXPORT_PAGE;
                if (!events.isEmpty()) {
                    below = number(events.getLast());
                }
            });
        }
    }
}
