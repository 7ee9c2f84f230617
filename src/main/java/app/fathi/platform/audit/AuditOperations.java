package app.fathi.platform.audit;

import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import io.vertx.core.Future;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Answers the operations over the audit trail. */
public final class AuditOperations {
    private final Audit audit;
    private final Cursor cursor;

    public AuditOperations(Audit audit, Cursor cursor) {
        this.audit = audit;
        this.cursor = cursor;
    }

    /** What answers which operation of the contract. */
    public Map<String, Function<Call, Future<Reply>>> operations() {
        return Map.of("listAuditEvents", this::listAuditEvents);
    }

    private Future<Reply> listAuditEvents(Call call) {
        return audit.store()
                .page(audit.pool(), call, cursor.position(call))
                .map(events -> Reply.ok(cursor.page(
                        call, events, event -> event, event -> List.of(Long.parseLong(event.getString("id"))))));
    }
}
