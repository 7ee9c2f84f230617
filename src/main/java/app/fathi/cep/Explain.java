package app.fathi.cep;

import app.fathi.cep.advisor.Question;
import app.fathi.cep.decisions.Candidate;
import app.fathi.cep.decisions.Situation;
import app.fathi.cep.decisions.Stage;
import app.fathi.cep.message.Audience;
import app.fathi.cep.message.ByTemplate;
import app.fathi.cep.message.MessageRequest;
import app.fathi.cep.message.Plan;
import app.fathi.cep.message.RunState;
import app.fathi.cep.message.Urgency;
import app.fathi.cep.policies.Ruling;
import app.fathi.cep.runs.Chunk;
import app.fathi.cep.runs.DatabaseClock;
import app.fathi.cep.runs.Run;
import app.fathi.cep.runs.RunsStore;
import app.fathi.cep.runs.RunsStore.Number;
import app.fathi.cep.sending.Decider;
import app.fathi.cep.sending.Intents;
import app.fathi.cep.sending.Sending;
import app.fathi.cep.stops.KillSwitch;
import app.fathi.cep.stops.KillSwitchStore;
import app.fathi.cep.stops.QuotaStore;
import app.fathi.cep.stops.Stops;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.bus.Rfc3339;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Tenancy;
import app.fathi.templates.Wording;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * What would become of a message to one person, without sending it: asked of the same {@link Stage}s by the same {@link Intents}
 * as when it is sent, with every stage told instead of the first alone.
 */
public final class Explain {
    private static final JsonObject ANYTHING = new JsonObject().put("title", "-");

    private final Transactions transactions;
    private final Sending sending;
    private final Messages messages;
    private final Tenancy tenancy;

    public Explain(Transactions transactions, Sending sending, Messages messages, Tenancy tenancy) {
        this.transactions = transactions;
        this.sending = sending;
        this.messages = messages;
        this.tenancy = tenancy;
    }

    Future<Reply> explain(Call call) {
        var json = call.json();
        var client = transactions.pool();
        return requirePurpose(call.ws(), json.getString("purpose"))
                .compose(allowed -> transactions.run(tx -> messages.ready(tx, call.ws(), request(json), false)))
                .compose(ready -> clock(client, json.getString("at")).compose(clock -> person(client, call.ws(), json)
                        .compose(no -> explain(client, call.ws(), no, ready, clock))))
                .map(told -> Reply.ok(saysNothing(json) ? withoutContent(told) : told));
    }

    private static boolean saysNothing(JsonObject json) {
        return !json.containsKey("content") && !json.containsKey("template");
    }

    /** What stands for the content is nobody's. */
    private static JsonObject withoutContent(JsonObject told) {
        told.getJsonArray("deliveries").forEach(delivery -> ((JsonObject) delivery).putNull("content"));
        return told;
    }

    Future<Void> requirePurpose(int ws, String purpose) {
        return tenancy.rules(ws).map(rules -> {
            if (!rules.purposes().contains(purpose)) {
                throw ProblemException.unprocessable("/purpose", "This workspace has no such purpose.");
            }
            return null;
        });
    }

    private static Future<DatabaseClock> clock(SqlClient client, String at) {
        return at == null
                ? RunsStore.clock(client)
                : Future.succeededFuture(new DatabaseClock(Rfc3339.at("/at", at).toInstant(), System.nanoTime()));
    }

    Future<Integer> person(SqlClient client, int ws, JsonObject json) {
        var userId = json.getString("userId");
        var found = userId != null
                ? sending.profiles()
                        .numbersByUserIds(client, ws, Set.of(userId))
                        .map(Map::values)
                : sending.profiles()
                        .numbersByIds(client, ws, Set.of(uuid("/profileId", json.getString("profileId"))))
                        .map(Map::values);
        return found.map(
                numbers -> numbers.stream().findFirst().orElseThrow(() -> ProblemException.notFound("profile")));
    }

    private static UUID uuid(String pointer, String text) {
        try {
            return UUID.fromString(text);
        } catch (IllegalArgumentException e) {
            throw ProblemException.invalid(pointer, "This is not a UUID.");
        }
    }

    static MessageRequest request(JsonObject json) {
        var expiresAt = Rfc3339.at("/expiresAt", json.getString("expiresAt"));
        return new MessageRequest(
                        new Audience.Profiles(List.of()),
                        json.getJsonObject("content", ANYTHING),
                        json.getString("purpose"),
                        json.getInteger("ttl", MessageRequest.DEFAULT_TTL_SECONDS),
                        Urgency.NORMAL,
                        null,
                        null,
                        expiresAt == null ? null : expiresAt.toInstant(),
                        null,
                        null,
                        true,
                        true)
                .tagged(json.getString("tag"))
                .planned(Plan.NONE.important(json.getInteger("priority", Plan.USUAL_PRIORITY)))
                .by(template(json));
    }

    private static ByTemplate template(JsonObject json) {
        var template = json.getJsonObject("template");
        if (template == null) {
            return null;
        }
        if (json.containsKey("content")) {
            throw ProblemException.unprocessable(
                    "/content", "A message shows either its own content or what a template says: give one of both.");
        }
        return new ByTemplate(
                uuid("/template/id", template.getString("id")),
                template.getLong("version"),
                template.getString("language"),
                template.getJsonObject("variables", new JsonObject()));
    }

    /** What a workspace's own service would be asked of the person, whatever stands against telling them. */
    Future<Question> question(SqlClient client, int ws, int no, MessageRequest request, DatabaseClock clock) {
        var run = run(ws, request, clock);
        // Without words: those of a test say nothing of anybody.
        var intents = intents(run, no, null, clock);
        return sending.channel(run.channel())
                .addressesOf(client, ws, List.of(no))
                .compose(addresses -> intents.decide(
                                Candidate.claims(no, addresses.stream().limit(1).toList(), null, null), Stops.NONE)
                        .compose(intents::question));
    }

    private Run run(int ws, MessageRequest request, DatabaseClock clock) {
        return messages.run(ws, request, new Number(0, clock.now()), RunState.SENDING, 1);
    }

    private Intents intents(Run run, int no, Wording wording, DatabaseClock clock) {
        var chunk = new Chunk(0, 0, List.of(no), null, Map.of());
        return new Intents(sending, run, chunk, wording, null, clock, Set.of());
    }

    /** A person's deliveries by now: one for each device, and what each stage has against it. */
    Future<List<Situation>> situations(SqlClient client, int ws, int no, MessageRequest request, DatabaseClock clock) {
        var run = run(ws, request, clock);
        var channel = sending.channel(run.channel());
        var wording = Decider.wording(sending, run);
        var addresses = channel.addressesOf(client, ws, List.of(no));
        var views = sending.profiles().views(client, ws, Set.of(no));
        var switches = KillSwitchStore.all(client, ws);
        var limited = QuotaStore.isLimited(client, ws);
        return Future.all(wording, addresses, views, switches, limited).compose(all -> {
            var intents = intents(run, no, wording.result(), clock);
            var view = views.result().get(no);
            var devices = addresses.result().stream().limit(run.deviceLimit()).toList();
            var candidates = Candidate.claims(no, devices, view == null ? null : view.traits(), null);
            var stops = stops(switches.result(), run);
            return intents.decide(candidates, stops)
                    .compose(draft -> intents.ask(draft, true))
                    .compose(draft -> intents.look(client, draft, stops))
                    .compose(situations ->
                            limited.result() ? withQuota(ws, situations) : Future.succeededFuture(situations));
        });
    }

    private static Stops stops(List<KillSwitch> switches, Run run) {
        var stops = Stops.NONE;
        for (var one : switches) {
            if (!one.exceptTransactional() || !run.isTransactional()) {
                stops = stops.with(
                        one.scope(), one.target(), run.channel(), run.plan().campaign());
            }
        }
        return stops;
    }

    /** Takes of the quota as a sender does, and gives it back. */
    private Future<List<Situation>> withQuota(int ws, List<Situation> situations) {
        int wanted = (int) situations.stream().filter(Explain::begins).count();
        return transactions
                .pool()
                .withConnection(connection -> connection.begin().compose(tx -> QuotaStore.take(connection, ws, wanted)
                        .eventually(tx::rollback)))
                .map(granted -> {
                    var known = new ArrayList<Situation>();
                    int left = granted;
                    for (var situation : situations) {
                        known.add(begins(situation) && left-- <= 0 ? situation.withoutQuota() : situation);
                    }
                    return known;
                });
    }

    private static boolean begins(Situation situation) {
        var verdict = Stage.first(situation);
        return verdict == null || verdict.ruling().isHeld();
    }

    private Future<JsonObject> explain(SqlClient client, int ws, int no, MessageRequest request, DatabaseClock clock) {
        MessageTimes.check(request, clock.now());
        return situations(client, ws, no, request, clock).map(situations -> {
            var deliveries = new JsonArray();
            situations.forEach(situation -> deliveries.add(told(situation)));
            var first = situations.getFirst();
            var place = first.person();
            return new JsonObject()
                    .put("at", first.now().truncatedTo(ChronoUnit.MILLIS).toString())
                    .put("policiesVersion", first.policies().version())
                    .put(
                            "person",
                            new JsonObject()
                                    .put(
                                            "timezone",
                                            place.zone() == null
                                                    ? null
                                                    : place.zone().getId())
                                    .put(
                                            "quietHours",
                                            place.own() == null
                                                    ? null
                                                    : new JsonObject()
                                                            .put(
                                                                    "start",
                                                                    place.own()
                                                                            .start()
                                                                            .toString())
                                                            .put(
                                                                    "end",
                                                                    place.own()
                                                                            .end()
                                                                            .toString()))
                                    .put(
                                            "lastMessages",
                                            new JsonArray(place.ring().sent().reversed().stream()
                                                    .map(sent -> sent.at().toString())
                                                    .toList())))
                    .put("deliveries", deliveries);
        });
    }

    private static JsonObject told(Situation situation) {
        var verdict = Stage.first(situation);
        var address = situation.decided().candidate().address();
        var stages = new JsonArray();
        for (var stage : Stage.values()) {
            var ruling = stage.ask(situation);
            stages.add(ruled(situation, ruling).put("stage", stage.word()).put("passes", ruling == null));
        }
        return ruled(situation, verdict == null ? null : verdict.ruling())
                .put("subscriptionId", address == null ? null : address.id().toString())
                .put("outcome", verdict == null ? "send" : verdict.ruling().isHeld() ? "wait" : "skip")
                .put("stage", verdict == null ? null : verdict.stage().word())
                .put("stages", stages)
                .put(
                        "score",
                        situation.score() == null ? null : situation.score().toJson())
                .put(
                        "service",
                        situation.advice() == null ? null : situation.advice().toJson())
                .put("content", content(situation));
    }

    /** What they would be told; null where it cannot be rendered for them, and where there is no device. */
    private static JsonObject content(Situation situation) {
        var outgoing = situation.decided().outgoing();
        return outgoing == null ? null : outgoing.content();
    }

    private static JsonObject ruled(Situation situation, Ruling ruling) {
        return new JsonObject()
                .put(
                        "reason",
                        ruling == null || ruling.reason() == null
                                ? null
                                : ruling.reason().word())
                .put("heldUntil", ruling == null ? null : text(ruling.heldUntil()))
                .put(
                        "policy",
                        ruling == null || ruling.factors() == null
                                ? null
                                : ruling.factors().toJson(situation.policies()));
    }

    private static String text(Instant at) {
        return at == null ? null : at.toString();
    }
}
