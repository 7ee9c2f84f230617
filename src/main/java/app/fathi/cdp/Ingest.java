package app.fathi.cdp;

import app.fathi.cdp.schemas.Pins;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.http.StrictJson;
import app.fathi.platform.security.Identities;
import app.fathi.platform.security.Tenancy;
import app.fathi.platform.stream.StreamRecord;
import app.fathi.platform.stream.Streams;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Segment's HTTP tracking API: checks events by hand to the limits of the contract, corrects their clock, and answers
 * once they are on the stream {@code ingest}.
 */
final class Ingest {
    private static final int MAX_EVENT_OCTETS = 32 * 1024;
    static final int MAX_BATCH_OCTETS = 500 * 1024;
    private static final int MAX_BATCH_EVENTS = 2_500;
    private static final int MAX_FAULTS = 20;

    private final Streams streams;
    private final Identities identities;
    private final Tenancy tenancy;
    private final InstantSource clock;
    private final Pins pins;
    private final IdentityRulesService identityRules;
    private final Refusals refusals;

    Ingest(
            Streams streams,
            Identities identities,
            Tenancy tenancy,
            InstantSource clock,
            Pins pins,
            IdentityRulesService identityRules,
            Refusals refusals) {
        this.identityRules = identityRules;
        this.streams = streams;
        this.identities = identities;
        this.tenancy = tenancy;
        this.clock = clock;
        this.pins = pins;
        this.refusals = refusals;
    }

    Future<Reply> one(Call call, String type) {
        return refusals.told(call, type, () -> tenancy.rules(call.ws()).compose(rules -> takeOne(call, type, rules)));
    }

    private Future<Reply> takeOne(Call call, String type, Tenancy.Rules rules) {
        var json = StrictJson.object(octets(call, MAX_EVENT_OCTETS));
        var faults = new ArrayList<Problem.Fault>();
        var sent = EventFields.instant(json, "sentAt", "", faults);
        var event = EventFields.event(call, rules, json, type, "", sent, null, clock.instant(), faults);
        return take(call, faults, List.of(event), "");
    }

    /** Segment's: whole or not at all. */
    Future<Reply> batch(Call call) {
        return refusals.told(call, null, () -> tenancy.rules(call.ws()).compose(rules -> takeAll(call, rules)));
    }

    private Future<Reply> takeAll(Call call, Tenancy.Rules rules) {
        var batch = read(call, rules);
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
        return refusals.told(call, null, () -> tenancy.rules(call.ws()).compose(rules -> takeEach(call, rules)));
    }

    private Future<Reply> takeEach(Call call, Tenancy.Rules rules) {
        var batch = read(call, rules);
        if (!batch.faults().isEmpty()) {
            throw new ProblemException(
                    Problem.of(Kind.INVALID_REQUEST, "What stands beside the events does not fit.", batch.faults()));
        }
        return pins.of(call.ws()).compose(pinned -> takeEach(batch, pinned));
    }

    private Future<Reply> takeEach(Batch batch, Pins.Pinned pinned) {
        var call = batch.call();
        var results = new JsonArray();
        var taken = new ArrayList<JsonObject>();
        Future<Void> chain = Future.succeededFuture();
        for (int i = 0; i < batch.items().size(); i++) {
            var item = batch.items().getValue(i);
            var pointer = "/batch/" + i;
            var faults = new ArrayList<Problem.Fault>();
            var event = item(batch, i, faults);
            chain = chain.compose(done -> event == null || !faults.isEmpty()
                            ? Future.<List<Problem.Fault>>succeededFuture(faults)
                            : verify(call, List.of(event), List.of(pointer))
                                    .map(verified -> pinned.look(event, pointer))
                                    .recover(Ingest::faultsOf))
                    .map(found -> {
                        if (found.isEmpty()) {
                            taken.add(event);
                        } else {
                            refusals.tell(call, item, found);
                        }
                        results.add(verdict(event, found));
                        return null;
                    });
        }
        return chain.compose(done -> taken.isEmpty() ? Future.<Void>succeededFuture() : append(call.ws(), taken))
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
                .put("errors", errors)
                .put(Pins.FLAGS, event == null ? new JsonArray() : event.getJsonArray(Pins.FLAGS, new JsonArray()));
    }

    /** A batch whose events were not looked at yet. */
    private record Batch(
            Call call,
            Tenancy.Rules rules,
            JsonArray items,
            List<Integer> octets,
            Map<Integer, String> unreadable,
            Object context,
            Instant sent,
            Instant now,
            List<Problem.Fault> faults) {}

    private Batch read(Call call, Tenancy.Rules rules) {
        var apart = StrictJson.apart(octets(call, MAX_BATCH_OCTETS), "batch");
        var json = apart.object();
        if (!(json.getValue("batch") instanceof JsonArray items)
                || items.isEmpty()
                || items.size() > MAX_BATCH_EVENTS) {
            throw ProblemException.invalid("/batch", "This takes an array of 1 to " + MAX_BATCH_EVENTS + " events.");
        }
        var now = clock.instant();
        var faults = new ArrayList<Problem.Fault>();
        var sent = EventFields.instant(json, "sentAt", "", faults);
        EventFields.text(json, "writeKey", EventFields.MAX_KEY_LENGTH, "", faults);
        EventFields.object(json, "context", "", faults);
        EventFields.object(json, "integrations", "", faults);
        return new Batch(
                call, rules, items, apart.octets(), apart.unreadable(), json.getValue("context"), sent, now, faults);
    }

    /** The event as it is stored, null where it is none at all. */
    private JsonObject item(Batch batch, int i, List<Problem.Fault> faults) {
        var pointer = "/batch/" + i;
        if (batch.unreadable().containsKey(i)) {
            faults.add(new Problem.Fault(pointer, batch.unreadable().get(i)));
        } else if (!(batch.items().getValue(i) instanceof JsonObject item)) {
            faults.add(new Problem.Fault(pointer, "An event is an object."));
        } else if (batch.octets().get(i) > MAX_EVENT_OCTETS) {
            faults.add(new Problem.Fault(pointer, "An event has at most " + MAX_EVENT_OCTETS + " octets."));
        } else if (!(item.getValue("type") instanceof String type) || !EventFields.TYPES.contains(type)) {
            faults.add(new Problem.Fault(
                    pointer + "/type", "This is one of " + String.join(", ", EventFields.TYPES) + "."));
        } else {
            EventFields.instant(item, "sentAt", pointer, faults);
            return EventFields.event(
                    batch.call(),
                    batch.rules(),
                    item,
                    type,
                    pointer,
                    batch.sent(),
                    batch.context(),
                    batch.now(),
                    faults);
        }
        return null;
    }

    private static Buffer octets(Call call, int limit) {
        if (call.body() == null || call.body().length() == 0) {
            throw ProblemException.of(Kind.MALFORMED, "The body is missing.");
        }
        if (call.body().length() > limit) {
            // 400 and not 413: Segment's clients drop what is refused with 400 and would send a 413 again.
            throw ProblemException.of(Kind.INVALID_REQUEST, "The body has more than " + limit + " octets.");
        }
        return call.body();
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
                .compose(done -> pins.of(call.ws()))
                .compose(pinned -> look(pinned, events, pointers))
                .compose(done -> append(call.ws(), events))
                .map(done -> taken());
    }

    /** With the ids by which the workspace knows people. */
    private Future<Void> append(int ws, List<JsonObject> events) {
        return identityRules
                .of(ws)
                .compose(rules -> rules.knowsMore()
                        ? tenancy.rules(ws).compose(workspace -> {
                            events.forEach(event -> CarriedIds.read(event, rules, workspace));
                            return streams.append("ingest", records(ws, events));
                        })
                        : streams.append("ingest", records(ws, events)));
    }

    private static Future<Void> look(Pins.Pinned pinned, List<JsonObject> events, List<String> pointers) {
        var faults = new ArrayList<Problem.Fault>();
        for (int i = 0; i < events.size(); i++) {
            faults.addAll(pinned.look(events.get(i), pointers.get(i)));
        }
        return faults.isEmpty()
                ? Future.succeededFuture()
                : Future.failedFuture(new ProblemException(Problem.of(
                        Kind.UNPROCESSABLE,
                        "Nothing was taken: some events are not as their pinned schema wants them.",
                        faults.stream().limit(MAX_FAULTS).toList())));
    }

    /** What Segment's clients measure of themselves: so that they do not send it again. */
    Future<Reply> metrics(Call call) {
        var json = StrictJson.object(octets(call, MAX_BATCH_OCTETS));
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
        if (context == null || !context.containsKey("identityToken")) {
            return null;
        }
        var rest = EventFields.own(context);
        var token = rest.remove("identityToken");
        event.put("context", rest);
        return token;
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
}
