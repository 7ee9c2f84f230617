package app.fathi.campaigns;

import app.fathi.campaigns.CampaignLife.Closed;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.jobs.Job;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Lane;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.NewJob;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * Ends a triggered campaign when its time has come: the job {@code campaigns.close}. Nobody is entered from that instant on anyway;
 * one that is paused then ends when it is resumed.
 */
final class CloseJob implements JobHandler {
    static final String TYPE = "campaigns.close";
    private static final String ROUND = "round";
    private static final Duration AFTER_DEATH = Duration.ofMinutes(1);

    private final Transactions transactions;
    private final CampaignsStore store = new CampaignsStore();
    private final GoalsStore goals = new GoalsStore();

    CloseJob(Transactions transactions) {
        this.transactions = transactions;
    }

    static NewJob of(int ws, UUID campaign, Instant until) {
        return of(ws, campaign, 0, until);
    }

    private static NewJob of(int ws, UUID campaign, int round, Instant at) {
        return new NewJob(
                ws,
                TYPE,
                Lane.MAINTENANCE,
                campaign + "/" + round,
                new JsonObject().put("campaign", campaign.toString()).put(ROUND, round),
                at);
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        var id = UUID.fromString(job.payload().getString("campaign"));
        return transactions
                .run(tx -> store.lock(tx, job.ws(), id)
                        .compose(found -> lease.hold(tx).map(found))
                        .compose(found -> store.now(tx)
                                .compose(now -> found.isPresent()
                                                && found.get().body().schedule() instanceof Schedule.Triggered triggered
                                                && found.get().life().takesEntries()
                                        ? close(tx, job.ws(), found.get(), triggered.until(), now)
                                        : Future.succeededFuture(JobOutcome.done()))))
                .await();
    }

    private Future<JobOutcome> close(SqlConnection tx, int ws, Campaign before, Instant until, Instant now) {
        if (until == null || now.isBefore(until)) {
            return Future.succeededFuture(until == null ? JobOutcome.done() : JobOutcome.again(until));
        }
        var life = Turn.allowed(CampaignLife.after(before.life(), new Closed(), now));
        return store.turn(tx, ws, before.at(life))
                .compose(kept -> CampaignFacts.moved(tx, ws, before, kept))
                .compose(told -> goals.disarm(tx, ws, before.id(), before.body().longestWait()))
                .map(JobOutcome.done());
    }

    /** Somebody else tries: a campaign must not say for ever that it runs. */
    @Override
    public List<NewJob> afterDeath(Job job) {
        return List.of(of(
                job.ws(),
                UUID.fromString(job.payload().getString("campaign")),
                job.payload().getInteger(ROUND, 0) + 1,
                Instant.now().plus(AFTER_DEATH)));
    }

    @Override
    public JsonObject describe(JsonObject payload) {
        return new JsonObject().put("campaignId", payload.getString("campaign"));
    }
}
