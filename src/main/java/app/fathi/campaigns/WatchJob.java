package app.fathi.campaigns;

import app.fathi.campaigns.CampaignLife.RunEnded;
import app.fathi.campaigns.RunsStore.Run;
import app.fathi.cep.TalliesStore;
import app.fathi.cep.message.Tally;
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
 * Sees that a run of a campaign is over, and the campaign with its last one: the job {@code campaigns.watch}. It asks again and
 * again, the more seldom the longer it takes.
 */
final class WatchJob implements JobHandler {
    static final String TYPE = "campaigns.watch";
    private static final Duration SOONEST = Duration.ofMillis(500);
    private static final Duration LATEST = Duration.ofSeconds(10);
    private static final Duration AFTER_DEATH = Duration.ofMinutes(1);
    private static final String ROUND = "round";
    /** Of how long it has taken so far. */
    private static final int PART = 10;

    private final Transactions transactions;
    private final CampaignsStore store = new CampaignsStore();
    private final RunsStore runs = new RunsStore();
    private final GoalsStore goals = new GoalsStore();

    WatchJob(Transactions transactions) {
        this.transactions = transactions;
    }

    static NewJob of(int ws, UUID campaign, Instant slot) {
        return new NewJob(
                ws,
                TYPE,
                Lane.MAINTENANCE,
                campaign + "/" + slot,
                new JsonObject().put("campaign", campaign.toString()).put("slot", slot.toString()),
                Instant.now().plus(SOONEST));
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        var id = UUID.fromString(job.payload().getString("campaign"));
        var slot = Instant.parse(job.payload().getString("slot"));
        var pool = transactions.pool();
        var found = runs.at(pool, job.ws(), id, slot).await();
        if (found.isEmpty() || found.getFirst().state() != RunsStore.State.SENDING) {
            return JobOutcome.done();
        }
        var run = found.getFirst();
        var tally =
                TalliesStore.of(pool, job.ws(), List.of(run.message())).await().get(run.message());
        if (tally != null && !tally.isOver()) {
            return JobOutcome.again(again(run.at()));
        }
        transactions
                .run(tx -> store.lock(tx, job.ws(), id).compose(campaign -> lease.hold(tx)
                        .compose(held -> campaign.isEmpty()
                                ? Future.succeededFuture()
                                : end(tx, job.ws(), campaign.get(), run, tally))))
                .await();
        return JobOutcome.done();
    }

    private static Instant again(Instant since) {
        var now = Instant.now();
        var pause = Duration.between(since, now).dividedBy(PART);
        return now.plus(pause.compareTo(SOONEST) < 0 ? SOONEST : pause.compareTo(LATEST) > 0 ? LATEST : pause);
    }

    /** @param tally null where the message is not kept any more */
    private Future<Void> end(SqlConnection tx, int ws, Campaign before, Run run, Tally tally) {
        var failure = tally == null ? null : tally.failure();
        var state = failure != null
                ? RunsStore.State.FAILED
                : tally != null && tally.isCancelled() ? RunsStore.State.CANCELLED : RunsStore.State.COMPLETED;
        return runs.end(tx, ws, before.id(), run.slot(), state, failure, tally == null ? null : tally.toJson())
                .compose(mine -> mine ? ended(tx, ws, before, failure) : Future.succeededFuture());
    }

    private Future<Void> ended(SqlConnection tx, int ws, Campaign before, String failure) {
        return store.now(tx).compose(now -> {
            var life = Turn.allowed(CampaignLife.after(before.life(), new RunEnded(failure != null), now));
            var after = before.at(life).saying(life.status() == Status.FAILED ? failure : before.comment());
            return store.turn(tx, ws, after).compose(kept -> CampaignFacts.moved(tx, ws, before, kept)
                    .compose(told -> kept.life().status().isOver()
                            ? goals.disarm(tx, ws, kept.id())
                            : Future.succeededFuture()));
        });
    }

    /** A campaign must not hang because the database was away for long: somebody else goes on looking. */
    @Override
    public List<NewJob> afterDeath(Job job) {
        int round = job.payload().getInteger(ROUND, 0) + 1;
        var key = job.payload().getString("campaign") + "/" + job.payload().getString("slot") + "/" + round;
        return List.of(new NewJob(
                job.ws(),
                TYPE,
                job.lane(),
                key,
                job.payload().copy().put(ROUND, round),
                Instant.now().plus(AFTER_DEATH)));
    }

    @Override
    public JsonObject describe(JsonObject payload) {
        return new JsonObject().put("campaignId", payload.getString("campaign")).put("slot", payload.getString("slot"));
    }
}
