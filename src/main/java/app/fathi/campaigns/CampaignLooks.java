package app.fathi.campaigns;

import app.fathi.campaigns.RunsStore.Run;
import app.fathi.cep.Series;
import app.fathi.cep.TalliesStore;
import app.fathi.cep.message.Tally;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/** What came of a campaign: straight from the ledger, so that it always equals it. */
final class CampaignLooks {
    /** Runs that are added up; an hourly campaign has as many in eleven years. */
    private static final int MOST = 100_000;
    /** Runs that are told apart; {@code /runs} has all of them. */
    private static final int TOLD = 100;

    private final Transactions transactions;
    private final CampaignsStore store = new CampaignsStore();
    private final RunsStore runs = new RunsStore();
    private final GoalsStore goals = new GoalsStore();
    private final EntriesStore entries = new EntriesStore();
    private final Series series;
    private final Progress progress;
    private final Cursor cursor;

    CampaignLooks(Transactions transactions, Series series, Progress progress, Cursor cursor) {
        this.transactions = transactions;
        this.series = series;
        this.progress = progress;
        this.cursor = cursor;
    }

    private Future<Campaign> find(Call call) {
        return find(transactions.pool(), call.ws(), call.id("id", "campaign"));
    }

    private Future<Campaign> find(SqlClient client, int ws, UUID id) {
        return store.find(client, ws, id).map(found -> found.orElseThrow(() -> ProblemException.notFound("campaign")));
    }

    Future<Reply> runs(Call call) {
        return find(call)
                .compose(campaign -> campaign.body().isTriggered() ? entries(call, campaign) : runs(call, campaign));
    }

    private Future<Reply> runs(Call call, Campaign campaign) {
        var before = cursor.position(call).map(position -> position.time(0)).orElse(null);
        return runs.page(transactions.pool(), call.ws(), campaign.id(), before, Cursor.limit(call) + 1)
                .compose(rows -> tallies(transactions.pool(), call.ws(), rows)
                        .map(tallies -> Reply.ok(
                                cursor.page(call, rows, run -> told(run, tallies), run -> List.of(run.slot())))));
    }

    private Future<Reply> entries(Call call, Campaign campaign) {
        var before = cursor.position(call).map(position -> position.uuid(0)).orElse(null);
        return entries.page(transactions.pool(), call.ws(), campaign.id(), before, Cursor.limit(call) + 1)
                .map(rows -> rows.stream().map(Run::of).toList())
                .compose(rows -> tallies(transactions.pool(), call.ws(), rows)
                        .map(tallies -> Reply.ok(
                                cursor.page(call, rows, run -> told(run, tallies), run -> List.of(run.message())))));
    }

    /** Everything is of one moment: the position says which. */
    Future<Reply> stats(Call call) {
        var id = call.id("id", "campaign");
        return transactions.look(tx -> find(tx, call.ws(), id)
                .compose(campaign -> campaign.body().isTriggered()
                        ? ofSeries(tx, call.ws(), campaign)
                        : ofRuns(tx, call.ws(), campaign))
                .compose(stats -> goals.count(tx, call.ws(), id)
                        .map(conversions -> Reply.ok(stats.put("conversions", conversions)))));
    }

    private Future<JsonObject> ofRuns(SqlClient tx, int ws, Campaign campaign) {
        return runs.page(tx, ws, campaign.id(), null, MOST)
                .compose(all -> tallies(tx, ws, all).map(tallies -> stats(campaign, all, tallies)));
    }

    /** Runs are too many to be added up: they are counted together as the ledger changes. */
    private Future<JsonObject> ofSeries(SqlClient tx, int ws, Campaign campaign) {
        return series.count(tx, ws, campaign.id()).compose(counted -> entries.page(tx, ws, campaign.id(), null, TOLD)
                .map(rows -> rows.stream().map(Run::of).toList())
                .compose(latest -> tallies(tx, ws, latest)
                        .map(tallies -> stats(campaign, counted.tally(), counted.messages(), latest, tallies))));
    }

    private static JsonObject stats(Campaign campaign, List<Run> all, Map<UUID, Tally> tallies) {
        var sum = all.stream()
                .map(run -> tally(run, tallies))
                .filter(Objects::nonNull)
                .reduce(Tally.EMPTY, Tally::and);
        return stats(campaign, sum, all.size(), all, tallies);
    }

    private static JsonObject stats(
            Campaign campaign, Tally sum, long count, List<Run> latest, Map<UUID, Tally> tallies) {
        return sum.toJson()
                .put("status", campaign.life().status().word())
                .put("position", sum.position())
                .put("runs", count)
                .put(
                        "latest",
                        new JsonArray(latest.stream()
                                .limit(TOLD)
                                .map(run -> told(run, tallies))
                                .toList()));
    }

    static Future<Map<UUID, Tally>> tallies(SqlClient client, int ws, List<Run> rows) {
        return TalliesStore.of(
                client,
                ws,
                rows.stream().map(Run::message).filter(Objects::nonNull).toList());
    }

    /** Of a message that is not kept any more what it was when it ended; null where nothing is known. */
    private static Tally tally(Run run, Map<UUID, Tally> tallies) {
        var now = run.message() == null ? null : tallies.get(run.message());
        return now == null && run.counts() != null ? Tally.of(run.counts()) : now;
    }

    /** The contract's {@code CampaignRun}. */
    static JsonObject told(Run run, Map<UUID, Tally> tallies) {
        var tally = tally(run, tallies);
        var json = new JsonObject()
                .put("slot", run.slot().toString())
                .put("state", run.state().word())
                .put("messageId", run.message() == null ? null : run.message().toString())
                .put("reason", run.reason())
                .put("at", run.at().toString())
                .put("finishedAt", Campaign.text(run.finishedAt()));
        return tally == null ? json : json.mergeIn(tally.toJson()).put("position", tally.position());
    }

    Future<Reply> progress(Call call) {
        return find(call)
                .map(campaign -> progress.listen(
                        call.ws(), campaign.id(), call.parameters().getInteger("seconds")));
    }
}
