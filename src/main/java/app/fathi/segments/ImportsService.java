package app.fathi.segments;

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
import io.vertx.sqlclient.SqlClient;
import java.util.List;
import java.util.UUID;

/** Takes files of people for static segments, has a job read them, and tells how far it is and what could not be taken. */
final class ImportsService {
    private static final String IMPORTS = "/api/v1/segment-imports/";

    private final Transactions transactions;
    private final ImportsStore store = new ImportsStore();
    private final SegmentsStore segments = new SegmentsStore();
    private final Uploads uploads;
    private final Jobs jobs;
    private final Audit audit;
    private final Cursor cursor;

    ImportsService(Transactions transactions, Uploads uploads, Jobs jobs, Audit audit, Cursor cursor) {
        this.transactions = transactions;
        this.uploads = uploads;
        this.jobs = jobs;
        this.audit = audit;
        this.cursor = cursor;
    }

    /** Nothing of the file is read before the rest of the request is known to be good. */
    Future<Reply> start(Call call) {
        var segment = call.id("id", "segment");
        var mode = mode(call.parameters().getString("mode", "add"));
        var format = ImportFormat.ofBody(call.header("content-type"));
        return requireStatic(transactions.pool(), call.ws(), segment)
                .compose(usable -> call.incoming().get())
                .compose(upload -> start(call, segment, mode, format, upload)
                        .recover(failure -> uploads.delete(transactions.pool(), call.ws(), upload.id())
                                .transform(deleted -> Future.failedFuture(failure))));
    }

    /** Nobody else looks at the parameters of an upload. */
    private static Import.Mode mode(String word) {
        return switch (word) {
            case "add" -> Import.Mode.ADD;
            case "replace" -> Import.Mode.REPLACE;
            default -> throw ProblemException.invalid("mode", "One of add, replace.");
        };
    }

    private Future<Void> requireStatic(SqlClient client, int ws, UUID id) {
        return segments.find(client, ws, id).map(found -> {
            if (!found.orElseThrow(() -> ProblemException.notFound("segment")).isStatic()) {
                throw ProblemException.conflict("Who is in a dynamic segment is what its rule says: change the rule.");
            }
            return null;
        });
    }

    private Future<Reply> start(Call call, UUID segment, Import.Mode mode, ImportFormat format, Uploads.Upload upload) {
        if (upload.octets() == 0) {
            return Future.failedFuture(ProblemException.of(Kind.MALFORMED, "The body is missing."));
        }
        var file = new Import(
                UuidCreator.getTimeOrderedEpoch(),
                segment,
                mode,
                format,
                upload.id(),
                upload.octets(),
                Import.State.QUEUED,
                null,
                null,
                0,
                1,
                null,
                null,
                null);
        return transactions.run(tx -> segments.lock(tx, call.ws(), segment)
                .compose(locked -> requireStatic(tx, call.ws(), segment))
                .compose(usable -> store.forgetOld(tx, call.ws()))
                .compose(done -> store.insert(tx, call.ws(), file))
                .compose(free -> {
                    if (!free) {
                        throw ProblemException.conflict(
                                "A file is being read into this segment, and one of both is to replace who is in it."
                                        + " Wait until it was read, or cancel its job.");
                    }
                    return jobs.enqueue(tx, List.of(ImportJob.of(call.ws(), file)));
                })
                .compose(done -> audit.record(
                        tx,
                        call,
                        "segment",
                        segment,
                        null,
                        new JsonObject()
                                .put("import", file.id().toString())
                                .put("mode", mode.word())
                                .put("format", format.word())
                                .put("octets", upload.octets())))
                .compose(done -> store.find(tx, call.ws(), file.id()))
                .map(found ->
                        Reply.accepted(IMPORTS + file.id(), found.orElseThrow().toJson())));
    }

    Future<Reply> list(Call call) {
        var before = cursor.position(call).map(position -> position.uuid(0)).orElse(null);
        return store.page(transactions.pool(), call.ws(), before, call.uuid("segment"), Cursor.limit(call) + 1)
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
