package app.fathi.webpush;

import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.db.Uploads;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.imports.ImportFormat;
import app.fathi.platform.jobs.Jobs;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.UUID;

/** Takes files of subscriptions, has a job read them, and tells how far it is and what could not be taken. */
final class ImportsService {
    private static final String IMPORTS = "/api/v1/webpush/imports/";

    private final Transactions transactions;
    private final ImportsStore store;
    private final PushKeys keys;
    private final Uploads uploads;
    private final Jobs jobs;
    private final Audit audit;
    private final Cursor cursor;

    ImportsService(
            Transactions transactions,
            ImportsStore store,
            PushKeys keys,
            Uploads uploads,
            Jobs jobs,
            Audit audit,
            Cursor cursor) {
        this.transactions = transactions;
        this.store = store;
        this.keys = keys;
        this.uploads = uploads;
        this.jobs = jobs;
        this.audit = audit;
        this.cursor = cursor;
    }

    /** Nothing of the file is read before the rest of the request is known to be good. */
    Future<Reply> start(Call call) {
        var format = ImportFormat.ofBody(call.header("content-type"));
        var keyId = call.uuid("keyId");
        if (keyId == null) {
            throw ProblemException.invalid("keyId", "Name the push key that these browsers subscribed with.");
        }
        return transactions
                .run(tx -> keys.bind(tx, call.ws(), keyId))
                .compose(usable -> call.incoming().get())
                .compose(upload -> start(call, format, keyId, upload)
                        .recover(failure -> uploads.delete(transactions.pool(), call.ws(), upload.id())
                                .transform(deleted -> Future.failedFuture(failure))));
    }

    private Future<Reply> start(Call call, ImportFormat format, UUID keyId, Uploads.Upload upload) {
        if (upload.octets() == 0) {
            return Future.failedFuture(ProblemException.of(Kind.MALFORMED, "The body is missing."));
        }
        var id = UuidCreator.getTimeOrderedEpoch();
        return transactions.run(tx -> keys.bind(tx, call.ws(), keyId)
                .compose(bound -> store.forgetOld(tx, call.ws()))
                .compose(done -> store.insert(tx, call.ws(), id, keyId, format, upload.id(), upload.octets()))
                .compose(done -> jobs.enqueue(tx, List.of(ImportJob.of(call.ws(), id))))
                .compose(done -> audit.record(
                        tx,
                        call,
                        "import",
                        id,
                        null,
                        new JsonObject()
                                .put("format", format.word())
                                .put("keyId", keyId.toString())
                                .put("octets", upload.octets())))
                .compose(done -> store.find(tx, call.ws(), id))
                .map(found -> Reply.accepted(IMPORTS + id, found.orElseThrow().toJson())));
    }

    Future<Reply> list(Call call) {
        var before = cursor.position(call).map(position -> position.uuid(0)).orElse(null);
        return store.page(transactions.pool(), call.ws(), before, Cursor.limit(call) + 1)
                .map(rows -> Reply.ok(cursor.page(
                        call, rows, Import::toJson, row -> List.of(row.id().toString()))));
    }

    Future<Reply> get(Call call) {
        return find(call).map(found -> Reply.ok(found.toJson()));
    }

    Future<Reply> faults(Call call) {
        long after = cursor.position(call).map(position -> position.number(0)).orElse(0L);
        return find(call)
                .compose(found -> store.faults(transactions.pool(), found.id(), after, Cursor.limit(call) + 1))
                .map(rows -> Reply.ok(cursor.page(call, rows, ImportsStore.Fault::toJson, row -> List.of(row.line()))));
    }

    private Future<Import> find(Call call) {
        return store.find(transactions.pool(), call.ws(), call.id("id", "import"))
                .map(found -> found.orElseThrow(() -> ProblemException.notFound("import")));
    }
}
