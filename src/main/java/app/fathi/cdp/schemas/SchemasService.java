package app.fathi.cdp.schemas;

import app.fathi.cdp.schemas.SchemasStore.Schema;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.SecurityEpochs;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** What events look like, for who looks at it and pins it. Each pin moves the security epoch, so that all doors follow. */
public final class SchemasService {
    private static final String KIND = "schema";

    private final Transactions transactions;
    private final SecurityEpochs epochs;
    private final Audit audit;
    private final Cursor cursor;
    private final SchemasStore store = new SchemasStore();

    public SchemasService(Transactions transactions, SecurityEpochs epochs, Audit audit, Cursor cursor) {
        this.transactions = transactions;
        this.epochs = epochs;
        this.audit = audit;
        this.cursor = cursor;
    }

    public Future<Reply> list(Call call) {
        return store.page(
                        transactions.pool(),
                        call.ws(),
                        cursor.position(call).map(at -> at.uuid(0)).orElse(null),
                        call.parameters().getString("type"),
                        call.parameters().getString("q"),
                        call.parameters().getBoolean("pinned"),
                        Cursor.limit(call) + 1)
                .map(rows -> Reply.ok(cursor.page(call, rows, Schema::toJson, row -> List.of(row.id()))));
    }

    public Future<Reply> get(Call call) {
        return store.find(transactions.pool(), call.ws(), call.id("id", KIND))
                .map(found -> found.orElseThrow(() -> ProblemException.notFound(KIND)))
                .compose(schema -> whole(transactions.pool(), schema));
    }

    public Future<Reply> pin(Call call) {
        return change(call, Pin.of(call.json()).toJson());
    }

    public Future<Reply> unpin(Call call) {
        return change(call, null).map(Reply.noContent());
    }

    private Future<Reply> change(Call call, JsonObject pin) {
        var version = call.ifMatch();
        var id = call.id("id", KIND);
        return transactions
                .run(tx -> store.findForUpdate(tx, call.ws(), id).compose(found -> {
                    var before = current(found, version);
                    return store.pin(
                                    tx,
                                    call.ws(),
                                    id,
                                    pin,
                                    pin == null ? null : call.caller().id())
                            .compose(after ->
                                    changed(tx, call, id, before.pin(), pin).compose(done -> whole(tx, after)));
                }))
                .compose(reply -> epochs.refresh().map(reply));
    }

    public Future<Reply> delete(Call call) {
        var version = call.ifMatch();
        var id = call.id("id", KIND);
        return transactions
                .run(tx -> store.lock(tx, call.ws())
                        .compose(alone -> store.findForUpdate(tx, call.ws(), id))
                        .compose(found -> {
                            var before = current(found, version);
                            return store.delete(tx, call.ws(), id)
                                    .compose(done -> changed(tx, call, id, before.pin(), null));
                        }))
                .compose(done -> epochs.refresh())
                .map(Reply.noContent());
    }

    private Future<Void> changed(SqlConnection tx, Call call, UUID id, JsonObject before, JsonObject after) {
        return audit.record(tx, call, KIND, id, before, after).compose(done -> SecurityEpochs.bump(tx, call.ws()));
    }

    private Future<Reply> whole(SqlClient client, Schema schema) {
        return store.properties(client, schema.id())
                .map(properties -> Reply.ok(schema.toJson().put("properties", properties), schema.version()));
    }

    private static Schema current(Optional<Schema> found, long version) {
        var schema = found.orElseThrow(() -> ProblemException.notFound(KIND));
        if (schema.version() != version) {
            throw ProblemException.of(
                    Kind.PRECONDITION_FAILED, "The schema was pinned or freed since it was read. Read it again.");
        }
        return schema;
    }
}
