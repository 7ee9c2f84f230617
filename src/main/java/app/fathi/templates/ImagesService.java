package app.fathi.templates;

import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.config.Config;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.db.Uploads;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import app.fathi.templates.ImagesStore.Image;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.function.Supplier;

/** Pictures for notifications: taken within bounds, made into the sizes that platforms show, and served to everybody. */
final class ImagesService {
    private static final String IMAGES = "/api/v1/template-images/";
    private static final int TOKEN_OCTETS = 16;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final Transactions transactions;
    private final ImagesStore store = new ImagesStore();
    private final Workshop workshop;
    private final Uploads uploads;
    private final Config.Images settings;
    private final Supplier<String> publicUrl;
    private final Audit audit;
    private final Cursor cursor;

    /** @param publicUrl where the files are served; known once the port is bound */
    ImagesService(
            Transactions transactions,
            Workshop workshop,
            Uploads uploads,
            Config.Images settings,
            Supplier<String> publicUrl,
            Audit audit,
            Cursor cursor) {
        this.transactions = transactions;
        this.workshop = workshop;
        this.uploads = uploads;
        this.settings = settings;
        this.publicUrl = publicUrl;
        this.audit = audit;
        this.cursor = cursor;
    }

    Future<Reply> list(Call call) {
        var before = cursor.position(call).map(position -> position.uuid(0)).orElse(null);
        return store.page(
                        transactions.pool(),
                        call.ws(),
                        before,
                        call.parameters().getString("q"),
                        Cursor.limit(call) + 1)
                .map(rows -> Reply.ok(cursor.page(call, rows, this::json, row -> List.of(row.id()))));
    }

    Future<Reply> get(Call call) {
        return store.find(transactions.pool(), call.ws(), call.id("id", "image"))
                .map(found -> found.orElseThrow(() -> ProblemException.notFound("image")))
                .map(image -> Reply.ok(json(image)));
    }

    private JsonObject json(Image image) {
        var files = publicUrl.get() + "/images/" + image.token() + "/";
        return new JsonObject()
                .put("id", image.id().toString())
                .put("name", image.name())
                .put("width", image.width())
                .put("height", image.height())
                .put(
                        "urls",
                        new JsonObject()
                                .put("icon", files + Picture.ICON)
                                .put("largeIcon", files + Picture.LARGE_ICON)
                                .put("badge", files + Picture.BADGE)
                                .put("image", files + Picture.IMAGE))
                .put("createdBy", image.by().toString())
                .put("createdAt", image.at().toInstant().toString());
    }

    // --- taking one -----------------------------------------------------------------------------------------------

    /** What a request brings: a picture and what to call it. */
    private record Brought(String name, byte[] octets) {}

    Future<Reply> create(Call call) {
        return store.count(transactions.pool(), call.ws())
                .compose(count -> {
                    requireRoom(count);
                    return call.incoming().get();
                })
                .compose(upload -> octets(call, upload)
                        .eventually(() -> uploads.delete(transactions.pool(), call.ws(), upload.id())))
                .compose(octets -> workshop.work(() -> {
                    var brought = brought(call, octets);
                    return new Made(brought.name, Picture.of(brought.octets, settings.pixelsLimit()));
                }))
                .compose(made -> keep(call, made));
    }

    private record Made(String name, Picture picture) {}

    private Future<Reply> keep(Call call, Made made) {
        return transactions.run(tx -> store.count(tx, call.ws())
                .compose(count -> {
                    requireRoom(count);
                    return store.insert(
                            tx,
                            call.ws(),
                            UuidCreator.getTimeOrderedEpoch(),
                            token(),
                            made.name,
                            made.picture,
                            call.caller().id());
                })
                .compose(image -> audit.record(tx, call, "image", image.id(), null, told(image))
                        .map(Reply.created(IMAGES + image.id(), json(image)))));
    }

    private void requireRoom(long count) {
        if (count >= settings.perWorkspace()) {
            throw ProblemException.conflict(
                    "A workspace has at most " + settings.perWorkspace() + " images. Delete one that nothing shows.");
        }
    }

    private static JsonObject told(Image image) {
        return new JsonObject()
                .put("name", image.name())
                .put("width", image.width())
                .put("height", image.height());
    }

    private static String token() {
        var octets = new byte[TOKEN_OCTETS];
        RANDOM.nextBytes(octets);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(octets);
    }

    private Future<Buffer> octets(Call call, Uploads.Upload upload) {
        if (upload.octets() == 0) {
            return Future.failedFuture(ProblemException.of(Kind.MALFORMED, "The body is missing."));
        }
        // As JSON it is a third longer.
        if (upload.octets() > settings.uploadLimitBytes() * 4L / 3 + 1_024) {
            return Future.failedFuture(tooLarge());
        }
        return part(call, upload, 0, Buffer.buffer((int) upload.octets()));
    }

    private Future<Buffer> part(Call call, Uploads.Upload upload, int number, Buffer all) {
        return uploads.part(transactions.pool(), call.ws(), upload.id(), number)
                .compose(part -> part.isEmpty()
                        ? Future.succeededFuture(all)
                        : part(call, upload, number + 1, all.appendBuffer(part.get())));
    }

    private ProblemException tooLarge() {
        return ProblemException.of(Kind.TOO_LARGE, "A picture has at most " + settings.uploadLimitBytes() + " octets.");
    }

    /** Nobody else looks at the body and the parameters of an upload. */
    private Brought brought(Call call, Buffer octets) {
        var brought = call.header("content-type").startsWith("application/json")
                ? ofJson(octets)
                : new Brought(call.parameters().getString("name"), octets.getBytes());
        if (brought.octets.length > settings.uploadLimitBytes()) {
            throw tooLarge();
        }
        var name = brought.name;
        if (name == null || name.isBlank() || name.length() > 200 || name.indexOf('\0') >= 0) {
            throw ProblemException.invalid("/name", "A name has 1 to 200 characters.");
        }
        return new Brought(name.strip(), brought.octets);
    }

    private static Brought ofJson(Buffer octets) {
        try {
            var json = new JsonObject(octets);
            if (!List.of("name", "data").containsAll(json.fieldNames())) {
                throw ProblemException.invalid("", "Only name and data are known here.");
            }
            return new Brought(json.getString("name"), Base64.getDecoder().decode(json.getString("data")));
        } catch (DecodeException e) {
            throw ProblemException.of(Kind.MALFORMED, "The body is no JSON object.");
        } catch (IllegalArgumentException | ClassCastException | NullPointerException e) {
            throw ProblemException.invalid("/data", "This is the picture's octets in base64.");
        }
    }

    /** What shows it shows nothing in its place from then on, once no cache has it any more. */
    Future<Reply> delete(Call call) {
        var id = call.id("id", "image");
        return transactions
                .run(tx -> store.find(tx, call.ws(), id)
                        .map(found -> found.orElseThrow(() -> ProblemException.notFound("image")))
                        .compose(image -> store.delete(tx, call.ws(), id)
                                .compose(done -> audit.record(tx, call, "image", id, told(image), null))))
                .map(Reply.noContent());
    }
}
