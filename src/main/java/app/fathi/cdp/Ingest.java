package app.fathi.cdp;

import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.bus.Rfc3339;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.http.StrictJson;
import app.fathi.platform.security.Identities;
import app.fathi.platform.security.Tenancy;
import app.fathi.platform.stream.StreamRecord;
import app.fathi.platform.stream.Streams;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Segment's HTTP tracking API: checks events by hand to the limits of the contract, corrects their clock, and answers
 * once they are on the stream {@code ingest}.
 */
final class Ingest {
    private static final int MAX_EVENT_OCTETS = 32 * 1024;
    private static final int MAX_BATCH_OCTETS = 500 * 1024;
    private static final int MAX_BATCH_EVENTS = 2_500;
    private static final int MAX_ID_LENGTH = 255;
    private static final int MAX_NAME_LENGTH = 200;
    private static final int MAX_KEY_LENGTH = 100;
    private static final int MAX_FAULTS = 20;
    private static final Instant YEAR_0 = Instant.parse("0000-01-01T00:00:00Z");
    private static final int MAX_LANGUAGES_LENGTH = 200;
    private static final int MAX_AGENT_LENGTH = 500;
    /** Numbers beyond are no longer told apart by doubles, which is what rules count with. */
    private static final double MAX_WHOLE_NUMBER = 9_007_199_254_740_992.0;

    private static final String ALIAS = "alias";
    private static final String GROUP = "group";
    private static final List<String> TYPES = List.of("identify", "track", "page", "screen", GROUP, ALIAS);
    private final Streams streams;
    private final Identities identities;
    private final Tenancy tenancy;
    private final InstantSource clock;

    Ingest(Streams streams, Identities identities, Tenancy tenancy, InstantSource clock) {
        this.streams = streams;
        this.identities = identities;
        this.tenancy = tenancy;
        this.clock = clock;
    }

    Future<Reply> one(Call call, String type) {
        var json = body(call, MAX_EVENT_OCTETS);
        var faults = new ArrayList<Problem.Fault>();
        var sent = instant(json, "sentAt", "", faults);
        var event = event(call, json, type, "", sent, null, clock.instant(), faults);
        return take(call, faults, List.of(event), "");
    }

    /** Segment's: whole or not at all. */
    Future<Reply> batch(Call call) {
        var batch = read(call);
        var faults = new ArrayList<>(batch.faults());
        var events = new ArrayList<JsonObject>(batch.items().size());
        for (int i = 0; i < batch.items().size(); i++) {
            var event = item(batch, i, faults);
            if (event != null) {
                events.add(event);
            }
        }
        return take(call, faults, events, "/batch/");
    }

    /** Ours: each event for itself, with its verdict. */
    Future<Reply> batchEach(Call call) {
        var batch = read(call);
        if (!batch.faults().isEmpty()) {
            throw new ProblemException(
                    Problem.of(Kind.INVALID_REQUEST, "What stands beside the events does not fit.", batch.faults()));
        }
        var results = new JsonArray();
        var taken = new ArrayList<JsonObject>();
        Future<Void> chain = Future.succeededFuture();
        for (int i = 0; i < batch.items().size(); i++) {
            var pointer = "/batch/" + i;
            var faults = new ArrayList<Problem.Fault>();
            var event = item(batch, i, faults);
            chain = chain.compose(done -> event == null || !faults.isEmpty()
                            ? Future.<List<Problem.Fault>>succeededFuture(faults)
                            : verify(call, List.of(event), List.of(pointer))
                                    .map(List.<Problem.Fault>of())
                                    .recover(Ingest::faultsOf))
                    .map(found -> {
                        if (found.isEmpty()) {
                            taken.add(event);
                        }
                        results.add(verdict(event, found));
                        return null;
                    });
        }
        return chain.compose(done -> taken.isEmpty()
                        ? Future.<Void>succeededFuture()
                        : streams.append("ingest", records(call.ws(), taken)))
                .map(done -> Reply.ok(new JsonObject()
                        .put("accepted", taken.size())
                        .put("rejected", results.size() - taken.size())
                        .put("results", results)));
    }

    /** Of an event that needs what it has not; whatever else goes wrong is not the event's fault. */
    private static Future<List<Problem.Fault>> faultsOf(Throwable failure) {
        return failure instanceof ProblemException refused
                        && !refused.problem().faults().isEmpty()
                ? Future.succeededFuture(refused.problem().faults())
                : Future.failedFuture(failure);
    }

    private static JsonObject verdict(JsonObject event, List<Problem.Fault> faults) {
        var errors = new JsonArray();
        faults.stream()
                .limit(MAX_FAULTS)
                .forEach(fault -> errors.add(
                        new JsonObject().put("pointer", fault.pointer()).put("detail", fault.detail())));
        return new JsonObject()
                .put("status", faults.isEmpty() ? "accepted" : "rejected")
                .put("messageId", event == null ? null : event.getString("messageId"))
                .put("errors", errors);
    }

    /** A batch whose events were not looked at yet. */
    private record Batch(
            Call call, JsonArray items, Object context, Instant sent, Instant now, List<Problem.Fault> faults) {}

    private Batch read(Call call) {
        var json = body(call, MAX_BATCH_OCTETS);
        if (!(json.getValue("batch") instanceof JsonArray items)
                || items.isEmpty()
                || items.size() > MAX_BATCH_EVENTS) {
            throw ProblemException.invalid("/batch", "This takes an array of 1 to " + MAX_BATCH_EVENTS + " events.");
        }
        var now = clock.instant();
        var faults = new ArrayList<Problem.Fault>();
        var sent = instant(json, "sentAt", "", faults);
        text(json, "writeKey", MAX_KEY_LENGTH, "", faults);
        object(json, "context", "", faults);
        object(json, "integrations", "", faults);
        return new Batch(call, items, json.getValue("context"), sent, now, faults);
    }

    /** The event as it is stored, null where it is none at all. */
    private JsonObject item(Batch batch, int i, List<Problem.Fault> faults) {
        var pointer = "/batch/" + i;
        if (!(batch.items().getValue(i) instanceof JsonObject item)) {
            faults.add(new Problem.Fault(pointer, "An event is an object."));
        } else if (item.toBuffer().length() > MAX_EVENT_OCTETS) {
            faults.add(new Problem.Fault(pointer, "An event has at most " + MAX_EVENT_OCTETS + " octets."));
        } else if (!(item.getValue("type") instanceof String type) || !TYPES.contains(type)) {
            faults.add(new Problem.Fault(pointer + "/type", "This is one of " + String.join(", ", TYPES) + "."));
        } else {
            instant(item, "sentAt", pointer, faults);
            return event(batch.call(), item, type, pointer, batch.sent(), batch.context(), batch.now(), faults);
        }
        return null;
    }

    private static JsonObject body(Call call, int limit) {
        if (call.body() == null || call.body().length() == 0) {
            throw ProblemException.of(Kind.MALFORMED, "The body is missing.");
        }
        if (call.body().length() > limit) {
            // 400 and not 413: Segment's clients drop what is refused with 400 and would send a 413 again.
            throw ProblemException.of(Kind.INVALID_REQUEST, "The body has more than " + limit + " octets.");
        }
        return StrictJson.object(call.body());
    }

    /** @param list where the events stand in the body; empty when the body is the event */
    private Future<Reply> take(Call call, List<Problem.Fault> faults, List<JsonObject> events, String list) {
        if (!faults.isEmpty()) {
            return Future.failedFuture(new ProblemException(Problem.of(
                    Kind.INVALID_REQUEST,
                    "Nothing was taken: some events do not fit the contract.",
                    faults.stream().limit(MAX_FAULTS).toList())));
        }
        var pointers = IntStream.range(0, events.size())
                .mapToObj(i -> list.isEmpty() ? "" : list + i)
                .toList();
        return verify(call, events, pointers)
                .compose(done -> streams.append("ingest", records(call.ws(), events)))
                .map(done -> taken());
    }

    /** What Segment's clients measure of themselves: so that they do not send it again. */
    Future<Reply> metrics(Call call) {
        var json = body(call, MAX_BATCH_OCTETS);
        if (json.containsKey("series") && !(json.getValue("series") instanceof JsonArray)) {
            throw ProblemException.invalid("/series", "This takes an array.");
        }
        return Future.succeededFuture(taken());
    }

    private static Reply taken() {
        return Reply.ok(new JsonObject().put("success", true));
    }

    /**
     * Says of each event whether its claim of a {@code userId} is {@code verified}: always with a secret, else by its token;
     * and whether it is {@code trusted} with two known people, of whom a token proves only one.
     */
    private Future<Void> verify(Call call, List<JsonObject> events, List<String> pointers) {
        if (!call.caller().isBrowserKey()) {
            events.forEach(event -> {
                takeToken(event);
                event.put("verified", true).put("trusted", true);
            });
            return Future.succeededFuture();
        }
        return tenancy.rules(call.ws())
                .map(rules -> requireFromServer(rules.serverOnlyEvents(), events, pointers))
                .compose(checked -> identities.policy(call.ws()))
                .compose(policy -> verify(call, policy, events, pointers));
    }

    /** What some events cause must not be anybody's to cause who has read a page's source. */
    private static Void requireFromServer(Set<String> serverOnly, List<JsonObject> events, List<String> pointers) {
        for (int i = 0; i < events.size() && !serverOnly.isEmpty(); i++) {
            var event = events.get(i);
            if (event.getString("type").equals("track") && serverOnly.contains(event.getString("event"))) {
                throw ProblemException.unprocessable(
                        pointers.get(i) + "/event",
                        "This workspace takes the event " + event.getString("event")
                                + " from servers only: send it with a secret credential.");
            }
        }
        return null;
    }

    private Future<Void> verify(Call call, Identities.Policy policy, List<JsonObject> events, List<String> pointers) {
        Future<Void> chain = Future.succeededFuture();
        for (int i = 0; i < events.size(); i++) {
            var event = events.get(i);
            var pointer = pointers.get(i) + "/context/identityToken";
            event.put("trusted", policy == Identities.Policy.OFF);
            chain = chain.compose(done -> verify(call.ws(), policy, event, pointer));
        }
        return chain;
    }

    private Future<Void> verify(int ws, Identities.Policy policy, JsonObject event, String pointer) {
        var userId = event.getString("userId");
        var token = takeToken(event);
        if (userId == null || policy == Identities.Policy.OFF) {
            event.put("verified", policy == Identities.Policy.OFF);
            return Future.succeededFuture();
        }
        if (token instanceof String text) {
            return identities.verify(ws, pointer, text).map(proven -> {
                if (!proven.equals(userId)) {
                    throw ProblemException.unprocessable(pointer, "The token proves another userId.");
                }
                event.put("verified", true);
                return null;
            });
        }
        if (policy == Identities.Policy.ALL) {
            return Future.failedFuture(ProblemException.unprocessable(
                    pointer, "This workspace takes events with a userId from browsers only with an identity token."));
        }
        event.put("verified", false);
        return Future.succeededFuture();
    }

    /** It is not kept with the event; null when there is none. */
    private static Object takeToken(JsonObject event) {
        var context = event.getJsonObject("context");
        return context == null ? null : context.remove("identityToken");
    }

    private static List<StreamRecord> records(int ws, List<JsonObject> events) {
        return events.stream()
                .map(event -> new StreamRecord(
                        ws,
                        event.getString("userId") != null ? event.getString("userId") : event.getString("anonymousId"),
                        event.getString("type"),
                        event))
                .toList();
    }

    /** The event as it is stored: ids checked, {@code messageId} and corrected time {@code at} put in, the write key gone. */
    private static JsonObject event(
            Call call,
            JsonObject json,
            String type,
            String pointer,
            Instant sent,
            Object batchContext,
            Instant now,
            List<Problem.Fault> faults) {
        var event = json.copy();
        text(event, "writeKey", MAX_KEY_LENGTH, pointer, faults);
        event.remove("writeKey");
        event.remove("country"); // ours to say
        event.put("type", type);
        var userId = id(event, "userId", pointer, faults);
        var anonymousId = id(event, "anonymousId", pointer, faults);
        var previousId = id(event, "previousId", pointer, faults);
        if (type.equals(ALIAS)) {
            requireBoth(userId, previousId == null ? anonymousId : previousId, pointer, faults);
        } else if (userId == null && anonymousId == null) {
            faults.add(
                    new Problem.Fault(pointer + "/userId", "userId or anonymousId is needed, and must name somebody."));
        }
        if (text(event, "event", MAX_NAME_LENGTH, pointer, faults) == null && type.equals("track")) {
            faults.add(new Problem.Fault(pointer + "/event", "This property is missing."));
        }
        if (id(event, "groupId", pointer, faults) == null && type.equals(GROUP)) {
            faults.add(
                    new Problem.Fault(pointer + "/groupId", "A group needs its groupId, and it must name something."));
        }
        text(event, "name", MAX_NAME_LENGTH, pointer, faults);
        text(event, "category", MAX_NAME_LENGTH, pointer, faults);
        for (var name : List.of("traits", "properties", "context", "integrations")) {
            object(event, name, pointer, faults);
        }
        wholeNumbers(event, pointer, faults);
        if (!event.containsKey("context") && batchContext instanceof JsonObject context) {
            event.put("context", context.copy());
        }
        var messageId = text(event, "messageId", MAX_ID_LENGTH, pointer, faults);
        event.put(
                "messageId",
                messageId == null || messageId.isEmpty()
                        ? UuidCreator.getTimeOrderedEpoch().toString()
                        : messageId);
        var told = instant(event, "timestamp", pointer, faults);
        var original = instant(event, "originalTimestamp", pointer, faults);
        event.put("at", corrected(original == null ? told : original, sent, now).toString());
        event.put("receivedAt", now.toString());
        event.put("source", call.caller().kind().name().toLowerCase(Locale.ROOT).replace('_', '-'));
        if (call.caller().isBrowserKey()) {
            seenFrom(call, event);
        }
        return event;
    }

    /** What the browser's request tells and the event does not; what somebody's server asks with tells nothing of the person. */
    private static void seenFrom(Call call, JsonObject event) {
        if (event.containsKey("context") && !(event.getValue("context") instanceof JsonObject)) {
            return; // a fault already
        }
        var context = event.getJsonObject("context", new JsonObject());
        put(context, "userAgent", call.header("user-agent"), MAX_AGENT_LENGTH);
        var languages = call.header("accept-language");
        put(context, "locale", languages == null ? null : languages.split("[,;]", 2)[0].strip(), MAX_LANGUAGES_LENGTH);
        if (!context.isEmpty()) {
            event.put("context", context);
        }
        put(event, "country", call.header(Call.COUNTRY), 2);
    }

    private static void put(JsonObject json, String name, String value, int limit) {
        if (json.getValue(name) == null && value != null && !value.isBlank() && value.length() <= limit) {
            json.put(name, value);
        }
    }

    private static void wholeNumbers(JsonObject event, String pointer, List<Problem.Fault> faults) {
        if (event.getValue("traits") instanceof JsonObject traits) {
            beyondDoubles(traits)
                    .ifPresent(name -> faults.add(new Problem.Fault(
                            pointer + "/traits/" + pointer(name),
                            "A whole number beyond 2^53 loses digits. Send it as a text.")));
        }
    }

    /** The name of a trait whose whole number is beyond what a double tells apart from its neighbours. */
    static Optional<String> beyondDoubles(JsonObject traits) {
        return traits.stream()
                .filter(trait -> trait.getValue() instanceof Number number
                        && Math.abs(number.doubleValue()) > MAX_WHOLE_NUMBER
                        && number.doubleValue() == Math.rint(number.doubleValue()))
                .map(Map.Entry::getKey)
                .findFirst();
    }

    /** A name as a part of a JSON pointer. */
    static String pointer(String name) {
        return name.replace("~", "~0").replace("/", "~1");
    }

    private static void requireBoth(String userId, String previousId, String pointer, List<Problem.Fault> faults) {
        if (userId == null) {
            faults.add(new Problem.Fault(pointer + "/userId", "An alias needs the userId, and it must name somebody."));
        }
        if (previousId == null) {
            faults.add(new Problem.Fault(
                    pointer + "/previousId",
                    "An alias needs the previousId, or the anonymousId in its place, and it must name somebody."));
        }
    }

    /** {@code receivedAt − (sentAt − originalTimestamp)}, and never in the future, nor before there were years. */
    private static Instant corrected(Instant happened, Instant sent, Instant now) {
        if (happened == null) {
            return now;
        }
        var at = sent == null ? happened : now.minus(Duration.between(happened, sent));
        return at.isAfter(now) ? now : at.isBefore(YEAR_0) ? YEAR_0 : at;
    }

    private static String id(JsonObject event, String name, String pointer, List<Problem.Fault> faults) {
        var value = event.getValue(name);
        // Some clients send numbers as ids.
        var text = value instanceof Number number ? number.toString() : value;
        if (text == null || (text instanceof String told && Profiles.namesNobody(told))) {
            event.remove(name);
            return null;
        }
        if (!(text instanceof String told) || length(told) > MAX_ID_LENGTH) {
            faults.add(new Problem.Fault(
                    pointer + "/" + name, "This takes a text of at most " + MAX_ID_LENGTH + " characters."));
            return "";
        }
        event.put(name, told);
        return told;
    }

    private static String text(JsonObject event, String name, int limit, String pointer, List<Problem.Fault> faults) {
        var value = event.getValue(name);
        if (value == null) {
            event.remove(name);
            return null;
        }
        if (!(value instanceof String text) || length(text) > limit) {
            faults.add(
                    new Problem.Fault(pointer + "/" + name, "This takes a text of at most " + limit + " characters."));
            return "";
        }
        return text;
    }

    private static void object(JsonObject event, String name, String pointer, List<Problem.Fault> faults) {
        if (event.getValue(name) == null) {
            event.remove(name);
        } else if (!(event.getValue(name) instanceof JsonObject)) {
            faults.add(new Problem.Fault(pointer + "/" + name, "This takes an object."));
        }
    }

    /** In characters, as the contract counts. */
    private static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    private static Instant instant(JsonObject event, String name, String pointer, List<Problem.Fault> faults) {
        var value = event.getValue(name);
        return value == null ? null : parse(value, pointer + "/" + name, faults);
    }

    private static Instant parse(Object value, String pointer, List<Problem.Fault> faults) {
        var time = value instanceof String text ? Rfc3339.parse(text) : Optional.<OffsetDateTime>empty();
        if (time.isEmpty()) {
            faults.add(new Problem.Fault(pointer, "This is not an RFC 3339 time."));
        }
        return time.map(OffsetDateTime::toInstant).orElse(null);
    }
}
