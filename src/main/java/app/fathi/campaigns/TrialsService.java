package app.fathi.campaigns;

import app.fathi.cep.Messages;
import app.fathi.cep.Obstacles;
import app.fathi.cep.message.Audience;
import app.fathi.cep.message.ByTemplate;
import app.fathi.cep.message.MessageRequest;
import app.fathi.cep.message.Source;
import app.fathi.cep.message.Urgency;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Caller;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;

/** What can be found out about a campaign before it goes out. */
final class TrialsService {
    /** Who waits for a test does not wait for long. */
    private static final int TEST_TTL_SECONDS = 300;

    private static final String ME = "me";

    private final Transactions transactions;
    private final CampaignsStore store = new CampaignsStore();
    private final Checks checks;
    private final FourEyes eyes;
    private final Messages messages;
    private final Obstacles obstacles;
    private final Audit audit;

    TrialsService(
            Transactions transactions,
            Checks checks,
            FourEyes eyes,
            Messages messages,
            Obstacles obstacles,
            Audit audit) {
        this.transactions = transactions;
        this.checks = checks;
        this.eyes = eyes;
        this.messages = messages;
        this.obstacles = obstacles;
        this.audit = audit;
    }

    private Future<Campaign> find(Call call) {
        return store.find(transactions.pool(), call.ws(), call.id("id", "campaign"))
                .map(found -> found.orElseThrow(() -> ProblemException.notFound("campaign")));
    }

    Future<Reply> check(Call call) {
        return find(call)
                .compose(campaign -> checks.of(call.ws(), campaign, false))
                .map(report -> Reply.ok(report.toJson()));
    }

    Future<Reply> estimate(Call call) {
        return find(call)
                .compose(campaign -> eyes.count(call.ws(), campaign))
                .map(count -> Reply.ok(Checks.Report.counted(count)));
    }

    /** To a few people, ahead of all others and whatever the hour, soon or never; nothing of it counts as the campaign's. */
    Future<Reply> send(Call call) {
        var people = people(call);
        var data = call.json().getJsonObject("data");
        return find(call).compose(campaign -> requireSubject(call.ws(), campaign)
                .compose(ready -> transactions.once(call, tx -> messages.request(
                                tx, call.ws(), test(campaign, people, data), data)
                        .compose(taken -> audit.record(
                                        tx,
                                        call,
                                        "campaign",
                                        campaign.id(),
                                        null,
                                        new JsonObject()
                                                .put("message", taken.id().toString())
                                                .put("planned", taken.planned()))
                                .map(Reply.accepted("/api/v1/webpush/messages/" + taken.id(), taken.toJson()))))));
    }

    private Future<Void> requireSubject(int ws, Campaign campaign) {
        if (campaign.body().content() == null && campaign.body().template() == null) {
            throw ProblemException.conflict("The campaign says nothing yet: give it content or a template.");
        }
        return obstacles.channel(transactions.pool(), ws).map(found -> {
            found.forEach(one -> {
                throw ProblemException.conflict(one.detail());
            });
            return null;
        });
    }

    /** @param data what an entry would give; null for nothing */
    private static MessageRequest test(Campaign campaign, Audience people, JsonObject data) {
        var body = campaign.body();
        var request = body.request(campaign.id(), people, campaign.templateVersion(), null);
        var test = new MessageRequest(
                        people,
                        request.content(),
                        "transactional",
                        TEST_TTL_SECONDS,
                        Urgency.HIGH,
                        null,
                        null,
                        null,
                        null,
                        null,
                        false,
                        false)
                .from(Source.TEST);
        var template = request.template();
        if (template == null) {
            return test;
        }
        var variables = template.variables().copy().mergeIn(data == null ? new JsonObject() : data);
        return test.by(new ByTemplate(template.id(), template.version(), template.language(), variables));
    }

    private static Audience people(Call call) {
        var json = call.json().copy();
        json.remove("data");
        if (json.size() != 1) {
            throw ProblemException.unprocessable("/profileIds", "Name people by one of profileIds, userIds and staff.");
        }
        if (json.containsKey("userIds")) {
            return new Audience.Users(json.getJsonArray("userIds").stream()
                    .map(String.class::cast)
                    .distinct()
                    .toList());
        }
        return json.containsKey("staff")
                ? new Audience.Staff(ids(
                        json, "staff", text -> text.equals(ME) ? requireUser(call.caller()) : UUID.fromString(text)))
                : new Audience.Profiles(ids(json, "profileIds", UUID::fromString));
    }

    private static List<UUID> ids(JsonObject json, String name, Function<String, UUID> id) {
        var texts = json.getJsonArray(name);
        var ids = new LinkedHashSet<UUID>();
        for (int i = 0; i < texts.size(); i++) {
            try {
                ids.add(id.apply(texts.getString(i)));
            } catch (IllegalArgumentException e) {
                throw ProblemException.invalid(
                        "/" + name + "/" + i,
                        name.equals("staff") ? "This is neither a user's UUID nor me." : "This is not a UUID.");
            }
        }
        return List.copyOf(ids);
    }

    private static UUID requireUser(Caller caller) {
        if (caller.kind() != Caller.Kind.USER) {
            throw ProblemException.unprocessable("/staff", "A key has no browsers: name people, or sign in.");
        }
        return caller.id();
    }
}
