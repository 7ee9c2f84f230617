package app.fathi.campaigns;

import app.fathi.cep.Audience;
import app.fathi.cep.MessageRequest;
import app.fathi.cep.Messages;
import app.fathi.cep.Obstacles;
import app.fathi.cep.Source;
import app.fathi.cep.Urgency;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.util.UUID;
import java.util.stream.IntStream;

/** What can be found out about a campaign before it goes out. */
final class TrialsService {
    /** Who waits for a test does not wait for long. */
    private static final int TEST_TTL_SECONDS = 300;

    private final Transactions transactions;
    private final CampaignsStore store = new CampaignsStore();
    private final Checks checks;
    private final Messages messages;
    private final Obstacles obstacles;
    private final Audit audit;

    TrialsService(Transactions transactions, Checks checks, Messages messages, Obstacles obstacles, Audit audit) {
        this.transactions = transactions;
        this.checks = checks;
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
                .compose(campaign -> checks.count(call.ws(), campaign))
                .map(count -> Reply.ok(Checks.Report.counted(count)));
    }

    /** To a few people, ahead of all others and whatever the hour, soon or never; nothing of it counts as the campaign's. */
    Future<Reply> send(Call call) {
        var people = people(call.json());
        return find(call).compose(campaign -> requireSubject(call.ws(), campaign)
                .compose(ready -> transactions.once(call, tx -> messages.request(tx, call.ws(), test(campaign, people))
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

    private static MessageRequest test(Campaign campaign, Audience people) {
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
        return request.template() == null ? test : test.by(request.template());
    }

    private static Audience people(JsonObject json) {
        if (json.containsKey("profileIds") == json.containsKey("userIds")) {
            throw ProblemException.unprocessable("/profileIds", "Name people either by profileIds or by userIds.");
        }
        if (json.containsKey("userIds")) {
            return new Audience.Users(json.getJsonArray("userIds").stream()
                    .map(String.class::cast)
                    .distinct()
                    .toList());
        }
        var ids = json.getJsonArray("profileIds");
        return new Audience.Profiles(IntStream.range(0, ids.size())
                .mapToObj(i -> uuid(ids.getString(i), i))
                .distinct()
                .toList());
    }

    private static UUID uuid(String text, int index) {
        try {
            return UUID.fromString(text);
        } catch (IllegalArgumentException e) {
            throw ProblemException.invalid("/profileIds/" + index, "This is not a UUID.");
        }
    }
}
