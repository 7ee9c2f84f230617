package app.fathi.webpush;

import app.fathi.cep.Batches;
import app.fathi.cep.Messages;
import app.fathi.cep.message.Audience;
import app.fathi.cep.message.BatchItem;
import app.fathi.cep.message.BatchTaken;
import app.fathi.cep.message.ByTemplate;
import app.fathi.cep.message.MessageFilter;
import app.fathi.cep.message.MessageRequest;
import app.fathi.cep.message.MessageStatus;
import app.fathi.cep.message.Plan;
import app.fathi.cep.message.Reason;
import app.fathi.cep.message.Resend;
import app.fathi.cep.message.Source;
import app.fathi.cep.message.State;
import app.fathi.cep.message.Taken;
import app.fathi.cep.message.Urgency;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.bus.Rfc3339;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Authorities;
import app.fathi.platform.security.Tenancy;
import app.fathi.webpush.encryption.VapidSubject;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The push API: reads the contract's message, checks what a schema cannot, and hands it to {@link Messages}. */
final class MessagesService {
    private static final String MESSAGES = "/api/v1/webpush/messages/";
    /** Who waits for a test does not wait for long. */
    private static final int TEST_TTL_SECONDS = 300;

    private static final JsonObject TEST =
            new JsonObject().put("title", "It works").put("body", "This is a test notification.");

    private final Transactions transactions;
    private final Messages messages;
    private final Batches batches;
    private final Audit audit;
    private final Authorities authorities;
    private final Cursor cursor;
    private final SubscriptionsStore subscriptions;
    private final Tenancy tenancy;
    private final LinkHosts links;
    private final String subject;

    /** @param subject the VAPID contact; empty when none is set */
    MessagesService(
            Transactions transactions,
            Messages messages,
            Batches batches,
            Audit audit,
            Authorities authorities,
            Cursor cursor,
            SubscriptionsStore subscriptions,
            Tenancy tenancy,
            LinkHosts links,
            String subject) {
        this.transactions = transactions;
        this.messages = messages;
        this.batches = batches;
        this.audit = audit;
        this.authorities = authorities;
        this.cursor = cursor;
        this.subscriptions = subscriptions;
        this.tenancy = tenancy;
        this.links = links;
        this.subject = subject;
    }

    /** Takes a message: run, audience, jobs, audit and the stored answer are one transaction. */
    Future<Reply> create(Call call) {
        var request = request(call.json());
        requireSubject();
        return requirePurpose(call, request.purpose())
                .compose(allowed -> requireAudience(call, request.audience()))
                .compose(allowed -> messages.counted(call.ws(), request))
                .compose(counted -> transactions.once(call, tx -> messages.request(tx, call.ws(), counted)
                        .compose(taken -> taken.dryRun()
                                ? Future.succeededFuture(taken)
                                : audit.record(tx, call, "message", taken.id(), null, after(request, taken))
                                        .map(taken))
                        .map(taken ->
                                Reply.accepted(taken.dryRun() ? MESSAGES : MESSAGES + taken.id(), taken.toJson()))));
    }

    private static JsonObject after(MessageRequest request, Taken taken) {
        var after = new JsonObject().put("purpose", request.purpose());
        return request.audience() instanceof Audience.Described described
                ? after.put("audience", described.rule())
                : after.put("planned", taken.planned());
    }

    /** Takes many: runs, jobs, audit and the stored answer are one transaction, whatever single items are worth. */
    Future<Reply> createBatch(Call call) {
        var json = call.json();
        var shared = request(json, null, batchContent(json));
        var items = items(json.getJsonArray("items"));
        requireSubject();
        return requirePurpose(call, shared.purpose())
                .compose(allowed -> transactions.once(call, tx -> batches.request(tx, call.ws(), shared, items)
                        .compose(taken -> taken.messages().isEmpty()
                                ? Future.succeededFuture(taken)
                                : audit.record(
                                                tx,
                                                call,
                                                "message",
                                                taken.messages().getFirst(),
                                                null,
                                                after(shared, taken))
                                        .map(taken))
                        .map(taken -> Reply.accepted(taken.toJson()))));
    }

    private static JsonObject after(MessageRequest shared, BatchTaken taken) {
        return new JsonObject()
                .put(
                        "messages",
                        new JsonArray(
                                taken.messages().stream().map(UUID::toString).toList()))
                .put("queued", taken.count(BatchTaken.Status.QUEUED))
                .put("purpose", shared.purpose());
    }

    Future<Reply> get(Call call) {
        return messages.status(transactions.pool(), call.ws(), call.id("id", "message"))
                .map(status -> Reply.ok(status.toJson()));
    }

    Future<Reply> deliveries(Call call) {
        return messages.deliveries(
                        transactions.pool(),
                        call.ws(),
                        call.id("id", "message"),
                        state(call.parameters().getString("state")),
                        reason("reason", call.parameters().getString("reason")),
                        cursor.position(call),
                        Cursor.limit(call))
                .map(page -> Reply.ok(cursor.pageUntil(call, page.items(), row -> row.toJson(), page.next())));
    }

    Future<Reply> list(Call call) {
        var parameters = call.parameters();
        var source = parameters.getString("source");
        var filter = new MessageFilter(
                parameters.getString("state"),
                source == null ? null : Source.of(source),
                parameters.getString("purpose"),
                parameters.getString("topic"),
                instant("from", parameters.getString("from")),
                instant("to", parameters.getString("to")));
        return messages.list(transactions.pool(), call.ws(), filter, cursor.position(call), Cursor.limit(call))
                .map(page -> Reply.ok(cursor.pageUntil(call, page.items(), row -> row.toJson(), page.next())));
    }

    /** Sends again what failed or was skipped; who may send such a message may. */
    Future<Reply> resend(Call call) {
        var id = call.id("id", "message");
        var json = call.json() == null ? new JsonObject() : call.json();
        var wanted = new Resend(
                texts(json, "states", State.FAILED.word(), State.SKIPPED.word()).stream()
                        .map(State::of)
                        .collect(Collectors.toSet()),
                texts(json, "reasons").stream()
                        .map(word -> reason("/reasons", word))
                        .collect(Collectors.toSet()),
                json.getInteger("ttl"),
                instant(json, "expiresAt"),
                json.getBoolean("dryRun", false));
        requireSubject();
        return messages.status(transactions.pool(), call.ws(), id)
                .compose(status -> requirePurpose(call, status.purpose()))
                .compose(allowed -> transactions.once(call, tx -> messages.resend(tx, call.ws(), id, wanted)
                        .compose(taken -> record(tx, call, taken, new JsonObject().put("resendOf", id.toString())))));
    }

    /** One push to one browser, for somebody who looks whether it works: ahead of all others, and soon or never. */
    Future<Reply> test(Call call) {
        var id = call.id("id", "subscription");
        var json = call.json() == null ? new JsonObject() : call.json();
        var request = new MessageRequest(
                        new Audience.Subscriptions(List.of(id)),
                        content("", json.getJsonObject("content", TEST)),
                        "transactional",
                        TEST_TTL_SECONDS,
                        Urgency.HIGH,
                        null,
                        null,
                        null,
                        null,
                        null,
                        true,
                        json.getBoolean("dryRun", false))
                .from(Source.TEST);
        requireSubject();
        return subscriptions
                .find(transactions.pool(), call.ws(), id)
                .map(found -> found.orElseThrow(() -> ProblemException.notFound("subscription")))
                .compose(found -> links.look(transactions.pool(), call.ws()).map(found))
                .compose(found -> found.status().equals("active")
                        ? transactions.once(call, tx -> messages.request(tx, call.ws(), request)
                                .compose(taken ->
                                        record(tx, call, taken, new JsonObject().put("subscriptionId", id.toString()))))
                        : Future.failedFuture(ProblemException.conflict(
                                "Nothing reaches this subscription: it is " + found.status() + ".")));
    }

    private Future<Reply> record(SqlConnection tx, Call call, Taken taken, JsonObject after) {
        var recorded = taken.dryRun()
                ? Future.<Void>succeededFuture()
                : audit.record(tx, call, "message", taken.id(), null, after.put("planned", taken.planned()));
        return recorded.map(done -> Reply.accepted(taken.dryRun() ? MESSAGES : MESSAGES + taken.id(), taken.toJson()));
    }

    private static List<String> texts(JsonObject json, String name, String... otherwise) {
        var given = json.getJsonArray(name);
        return given == null
                ? List.of(otherwise)
                : given.stream().map(String.class::cast).toList();
    }

    Future<Reply> cancel(Call call) {
        return change(call, tx -> messages.cancel(tx, call.ws(), call.id("id", "message")));
    }

    Future<Reply> pause(Call call) {
        return change(call, tx -> messages.pause(tx, call.ws(), call.id("id", "message")));
    }

    Future<Reply> resume(Call call) {
        return change(call, tx -> messages.resume(tx, call.ws(), call.id("id", "message")));
    }

    private Future<Reply> change(Call call, Function<SqlConnection, Future<MessageStatus>> change) {
        return transactions
                .run(tx -> change.apply(tx).compose(status -> audit.record(
                                tx, call, "message", status.id(), null, new JsonObject().put("state", status.state()))
                        .map(status)))
                .map(status -> Reply.ok(status.toJson()));
    }

    private Future<Void> requirePurpose(Call call, String purpose) {
        return tenancy.rules(call.ws())
                .compose(rules -> {
                    if (!rules.purposes().contains(purpose)) {
                        throw ProblemException.unprocessable(
                                "/purpose",
                                "This workspace has the purposes "
                                        + String.join(
                                                ", ",
                                                rules.purposes().stream()
                                                        .sorted()
                                                        .toList()) + ".");
                    }
                    return links.look(transactions.pool(), call.ws());
                })
                .compose(looked -> requireTransactional(call, purpose));
    }

    private Future<Void> requireTransactional(Call call, String purpose) {
        return !purpose.equals("transactional")
                ? Future.succeededFuture()
                : authorities.require(
                        call.caller(),
                        "messages:send-transactional",
                        "A transactional message needs the permission messages:send-transactional.");
    }

    /** How many a rule means tells what people are like: who may not try rules out may not ask here either. */
    private Future<Void> requireAudience(Call call, Audience audience) {
        return switch (audience) {
            case Audience.Segment segment ->
                authorities.require(
                        call.caller(), "segments:read", "A message to a segment needs the permission segments:read.");
            case Audience.Meant meant ->
                authorities.require(
                        call.caller(), "segments:manage", "A message to a rule needs the permission segments:manage.");
            default -> Future.succeededFuture();
        };
    }

    /** Push services want to know whom to talk to; Apple refuses placeholders, and so do we before anything is sent. */
    private void requireSubject() {
        try {
            VapidSubject.require(subject);
        } catch (IllegalArgumentException e) {
            throw ProblemException.conflict(
                    "Nothing can be sent yet: set FATHI_VAPID_SUBJECT to a mailto: or https: contact (" + e.getMessage()
                            + ").");
        }
    }

    private static Reason reason(String pointer, String word) {
        try {
            return word == null ? null : Reason.of(word);
        } catch (IllegalArgumentException e) {
            throw ProblemException.invalid(pointer, "There is no such reason.");
        }
    }

    private static Instant instant(String name, String text) {
        var at = Rfc3339.at(name, text);
        return at == null ? null : at.toInstant();
    }

    /** The contract has checked the word already. */
    private static State state(String word) {
        return word == null ? null : State.of(word);
    }

    private static MessageRequest request(JsonObject json) {
        return request(json, audience(json.getJsonObject("audience")), content(json));
    }

    private static JsonObject content(JsonObject json) {
        if (json.containsKey("content") == json.containsKey("template")) {
            throw ProblemException.unprocessable(
                    "/content", "A message shows either its own content or what a template says: give one of both.");
        }
        return json.getJsonObject("content", new JsonObject());
    }

    /** What all items say where they do not say it themselves. */
    private static JsonObject batchContent(JsonObject json) {
        if (json.getJsonObject("template") != null && json.getJsonObject("content") != null) {
            throw ProblemException.unprocessable(
                    "/content", "The template says it: an item's own content replaces single fields of it.");
        }
        return json.getJsonObject("content", new JsonObject());
    }

    private static ByTemplate template(JsonObject json) {
        return json == null
                ? null
                : new ByTemplate(
                        uuid("/template/id", json.getString("id")),
                        json.getLong("version"),
                        json.getString("language"),
                        json.getJsonObject("variables", new JsonObject()));
    }

    private static List<BatchItem> items(JsonArray array) {
        return IntStream.range(0, array.size())
                .mapToObj(index -> {
                    var item = array.getJsonObject(index);
                    var pointer = "/items/" + index;
                    return new BatchItem(
                            uuid(pointer, item, "subscriptionId"),
                            uuid(pointer, item, "profileId"),
                            item.getString("userId"),
                            content(pointer, item.getJsonObject("content")),
                            item.getJsonObject("data"));
                })
                .toList();
    }

    private static UUID uuid(String pointer, JsonObject item, String name) {
        var text = item.getString(name);
        return text == null ? null : uuid(pointer + "/" + name, text);
    }

    private static MessageRequest request(JsonObject json, Audience audience, JsonObject content) {
        var devices = json.getValue("devices") instanceof JsonObject chosen ? chosen.getInteger("lastActive") : null;
        return new MessageRequest(
                        audience,
                        content("", content),
                        json.getString("purpose"),
                        json.getInteger("ttl", MessageRequest.DEFAULT_TTL_SECONDS),
                        Urgency.of(json.getString("urgency", "normal")),
                        json.getString("topic"),
                        instant(json, "sendAt"),
                        instant(json, "expiresAt"),
                        devices,
                        json.getInteger("perMinute"),
                        json.getBoolean("tracking", true),
                        json.getBoolean("dryRun", false))
                .tagged(json.getString("tag"))
                .planned(Plan.of(json))
                .by(template(json.getJsonObject("template")));
    }

    /** The notification's time is read only when it is sent, and then it is too late to say that it is none. */
    private static JsonObject content(String pointer, JsonObject content) {
        if (content != null) {
            Rfc3339.at(pointer + "/content/timestamp", content.getString("timestamp"));
        }
        return content;
    }

    private static Audience audience(JsonObject json) {
        var kind = json.fieldNames().iterator().next();
        return switch (kind) {
            case "subscriptionIds" ->
                new Audience.Subscriptions(uuids("/audience/subscriptionIds", json.getJsonArray(kind)));
            case "profileIds" -> new Audience.Profiles(uuids("/audience/profileIds", json.getJsonArray(kind)));
            case "segment" -> new Audience.Segment(uuid("/audience/segment", json.getString(kind)));
            case "rule" -> new Audience.Meant(json.getJsonObject(kind));
            default ->
                new Audience.Users(json.getJsonArray(kind).stream()
                        .map(String.class::cast)
                        .distinct()
                        .toList());
        };
    }

    private static List<UUID> uuids(String pointer, JsonArray ids) {
        return IntStream.range(0, ids.size())
                .mapToObj(index -> uuid(pointer + "/" + index, ids.getString(index)))
                .distinct()
                .toList();
    }

    private static UUID uuid(String pointer, String text) {
        try {
            return UUID.fromString(text);
        } catch (IllegalArgumentException e) {
            throw ProblemException.invalid(pointer, "This is not a UUID.");
        }
    }

    private static Instant instant(JsonObject json, String name) {
        return instant("/" + name, json.getString(name));
    }
}
