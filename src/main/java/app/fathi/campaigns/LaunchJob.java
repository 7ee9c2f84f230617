package app.fathi.campaigns;

import app.fathi.campaigns.CampaignLife.Due;
import app.fathi.campaigns.CampaignLife.Fate;
import app.fathi.campaigns.CampaignLife.Outgrown;
import app.fathi.cep.Holds;
import app.fathi.cep.Messages;
import app.fathi.cep.message.Audience;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.jobs.CrashPoint;
import app.fathi.platform.jobs.Job;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Jobs;
import app.fathi.platform.jobs.Lane;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.NewJob;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Sends a campaign out when its time has come: the job {@code campaigns.launch}, one for each slot. Claim, message and what comes
 * next are one transaction: whenever a process dies, the slot is either not claimed or has its message.
 */
final class LaunchJob implements JobHandler {
    static final String TYPE = "campaigns.launch";
    private static final String DIED = "died";

    /** How often is looked whether what was held is released. */
    private static final Duration LOOK = Duration.ofSeconds(30);

    /** Slots that passed while nobody was there and are told: those of an hourly campaign in a year. */
    private static final int TOLD = 10_000;

    private static final String OUTGROWN =
            "When it was due it was for more people than the approval limit allows without a second person. Have somebody approve it who neither made it nor changed it last, then resume it.";

    private final Transactions transactions;
    private final CampaignsStore store = new CampaignsStore();
    private final RunsStore runs = new RunsStore();
    private final GoalsStore goals = new GoalsStore();
    private final Messages messages;
    private final Jobs jobs;
    private final FourEyes eyes;

    LaunchJob(Transactions transactions, Messages messages, Jobs jobs, FourEyes eyes) {
        this.transactions = transactions;
        this.eyes = eyes;
        this.messages = messages;
        this.jobs = jobs;
    }

    /** For the slot that the campaign waits for. */
    static NewJob of(int ws, Campaign campaign) {
        var slot = campaign.life().next();
        return new NewJob(
                ws,
                TYPE,
                Lane.CAMPAIGN,
                campaign.id() + "/" + slot,
                new JsonObject().put("campaign", campaign.id().toString()).put("slot", slot.toString()),
                slot);
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        var id = UUID.fromString(job.payload().getString("campaign"));
        var slot = Instant.parse(job.payload().getString("slot"));
        if (job.payload().getBoolean(DIED, false)) {
            return inside(
                    lease,
                    job.ws(),
                    id,
                    slot,
                    (tx, campaign, now) ->
                            failed(tx, job.ws(), campaign, now, "It could not be sent. The server's log says why."));
        }
        try {
            boolean outgrown = isOutgrown(job.ws(), id, slot);
            return inside(
                    lease,
                    job.ws(),
                    id,
                    slot,
                    (tx, campaign, now) ->
                            outgrown ? pause(tx, job.ws(), campaign, now) : due(tx, job.ws(), campaign, now));
        } catch (ProblemException e) {
            // As it stands it can never be sent: what it names was changed since.
            return inside(
                    lease,
                    job.ws(),
                    id,
                    slot,
                    (tx, campaign, now) ->
                            failed(tx, job.ws(), campaign, now, e.problem().detail()));
        }
    }

    private interface Deed {
        Future<Void> of(SqlConnection tx, Campaign campaign, Instant now);
    }

    /** Nothing is done for a slot that the campaign does not wait for any more: somebody changed, paused or cancelled it. */
    private JobOutcome inside(Lease lease, int ws, UUID id, Instant slot, Deed deed) {
        return transactions
                .run(tx -> store.lock(tx, ws, id)
                        .compose(found -> lease.hold(tx)
                                .map(found.filter(campaign -> campaign.life().waitsFor(slot))))
                        .compose(found -> found.isEmpty()
                                ? Future.succeededFuture(JobOutcome.done())
                                : store.now(tx)
                                        .compose(now -> now.isBefore(slot)
                                                ? Future.succeededFuture(JobOutcome.again(slot))
                                                : unlessHeld(tx, found.get(), deed, now))))
                .await();
    }

    /**
     * What was asked for before a restore waits like the messages of before: the instance that it comes from may have sent it. What
     * somebody lets go out afterwards goes, however old it is.
     */
    private static Future<JobOutcome> unlessHeld(SqlConnection tx, Campaign campaign, Deed deed, Instant now) {
        return Holds.concern(tx, campaign.edits().askedAt())
                .compose(held -> held
                        ? Future.succeededFuture(JobOutcome.again(now.plus(LOOK)))
                        : deed.of(tx, campaign, now).map(JobOutcome.done()));
    }

    /**
     * Whether somebody else has to approve it by now. People are counted before the transaction, and not for a time that it does not
     * wait for or that has not come.
     */
    private boolean isOutgrown(int ws, UUID id, Instant slot) {
        var pool = transactions.pool();
        var found = store.find(pool, ws, id).await().filter(campaign -> campaign.life()
                .waitsFor(slot));
        return found.isPresent()
                && !store.now(pool).await().isBefore(slot)
                && eyes.areMissing(ws, found.get()).await();
    }

    /** Nothing goes out, what is going out already goes on, and this time is left out when somebody lets it go on later. */
    private Future<Void> pause(SqlConnection tx, int ws, Campaign before, Instant now) {
        var life = Turn.allowed(
                CampaignLife.after(before.life(), new Outgrown(before.life().next()), now));
        return store.turn(tx, ws, before.at(life).saying(OUTGROWN))
                .compose(kept -> CampaignFacts.moved(tx, ws, before, kept));
    }

    /** Of slots that passed while nobody was there the last one is sent, unless it is too late for it as well. */
    private Future<Void> due(SqlConnection tx, int ws, Campaign campaign, Instant now) {
        var slots = new ArrayList<Instant>();
        slots.add(campaign.life().next());
        if (campaign.body().schedule() instanceof Schedule.Recurring recurring) {
            slots.addAll(recurring.rule().between(campaign.life().next(), now, TOLD));
        }
        var last = slots.removeLast();
        var cutoff = cutoff(campaign, last);
        boolean late = cutoff != null && !cutoff.isAfter(now);
        return runs.missed(tx, ws, campaign.id(), slots, "No server was there at that time.")
                .compose(done -> runs.claim(
                        tx,
                        ws,
                        campaign.id(),
                        last,
                        late ? RunsStore.State.MISSED : RunsStore.State.SENDING,
                        late ? "Its cutoff had passed." : null))
                .compose(mine -> mine && !late
                        ? send(tx, ws, campaign, last, cutoff)
                                .compose(sent -> go(tx, ws, campaign, now, Fate.SENT, last, ""))
                        : go(tx, ws, campaign, now, Fate.MISSED, last, "Its cutoff passed before it could be sent."));
    }

    private static Instant cutoff(Campaign campaign, Instant slot) {
        var schedule = campaign.body().schedule();
        return schedule == null ? null : schedule.cutoff(slot);
    }

    private Future<Void> send(SqlConnection tx, int ws, Campaign campaign, Instant slot, Instant cutoff) {
        var body = campaign.body();
        var people = new Audience.Meant(body.audience().meant());
        return messages.request(tx, ws, body.request(campaign.id(), people, campaign.templateVersion(), cutoff))
                .compose(taken -> runs.sends(tx, ws, campaign.id(), slot, taken.id()))
                .compose(done ->
                        body.goal() == null ? Future.succeededFuture() : goals.arm(tx, ws, campaign.id(), body.goal()));
    }

    private Future<Void> failed(SqlConnection tx, int ws, Campaign campaign, Instant now, String reason) {
        var slot = campaign.life().next();
        return runs.claim(tx, ws, campaign.id(), slot, RunsStore.State.FAILED, reason)
                .compose(mine -> go(tx, ws, campaign, now, Fate.FAILED, slot, reason));
    }

    /** @param last the slot that was decided, with all before it */
    private Future<Void> go(
            SqlConnection tx, int ws, Campaign before, Instant now, Fate fate, Instant last, String reason) {
        var next = before.body().schedule() instanceof Schedule.Recurring recurring ? recurring.next(last) : null;
        var life = Turn.allowed(
                CampaignLife.after(before.life(), new Due(before.life().next(), fate, next), now));
        var after = before.at(life).saying(life.status() == Status.FAILED ? reason : before.comment());
        return store.turn(tx, ws, after)
                .compose(kept -> CampaignFacts.moved(tx, ws, before, kept)
                        .compose(told -> kept.life().status().isOver()
                                ? goals.disarm(tx, ws, kept.id())
                                : Future.succeededFuture())
                        .compose(done -> jobs.enqueue(tx, following(ws, kept, fate, last))))
                .onSuccess(done -> CrashPoint.INSIDE_LAUNCH.hit());
    }

    private static List<NewJob> following(int ws, Campaign campaign, Fate fate, Instant slot) {
        var following = new ArrayList<NewJob>();
        if (fate == Fate.SENT) {
            following.add(WatchJob.of(ws, campaign.id(), slot));
        }
        if (campaign.life().next() != null) {
            following.add(of(ws, campaign));
        }
        return following;
    }

    /** One that died has the campaign say so. */
    @Override
    public List<NewJob> afterDeath(Job job) {
        return job.payload().getBoolean(DIED, false)
                ? List.of()
                : List.of(new NewJob(
                        job.ws(),
                        TYPE,
                        job.lane(),
                        job.key() + "/" + DIED,
                        job.payload().copy().put(DIED, true),
                        Instant.now()));
    }

    @Override
    public JsonObject describe(JsonObject payload) {
        return new JsonObject().put("campaignId", payload.getString("campaign")).put("slot", payload.getString("slot"));
    }
}
