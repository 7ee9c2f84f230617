package app.fathi.campaigns;

import app.fathi.campaigns.CampaignLife.Cancelled;
import app.fathi.campaigns.CampaignLife.Closed;
import app.fathi.campaigns.CampaignLife.Event;
import app.fathi.campaigns.CampaignLife.Launched;
import app.fathi.campaigns.CampaignLife.Opened;
import app.fathi.campaigns.CampaignLife.Paused;
import app.fathi.campaigns.CampaignLife.Resumed;
import app.fathi.campaigns.CampaignLife.Scheduled;
import app.fathi.cep.Messages;
import app.fathi.cep.Series;
import app.fathi.cep.message.MessageStatus;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.jobs.Jobs;
import app.fathi.platform.security.Authorities;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.function.BiFunction;

/** How a campaign goes out, rests, goes on and ends. */
final class LaunchesService {
    /** Times that passed while it was paused and are told. */
    private static final int TOLD = 10_000;

    private final Transactions transactions;
    private final CampaignsStore store = new CampaignsStore();
    private final RunsStore runs = new RunsStore();
    private final GoalsStore goals = new GoalsStore();
    private final Checks checks;
    private final FourEyes eyes;
    private final Messages messages;
    private final Series series;
    private final Jobs jobs;
    private final Authorities authorities;
    private final Audit audit;

    LaunchesService(
            Transactions transactions,
            Checks checks,
            FourEyes eyes,
            Messages messages,
            Series series,
            Jobs jobs,
            Authorities authorities,
            Audit audit) {
        this.transactions = transactions;
        this.checks = checks;
        this.eyes = eyes;
        this.messages = messages;
        this.series = series;
        this.jobs = jobs;
        this.authorities = authorities;
        this.audit = audit;
    }

    Future<Reply> schedule(Call call) {
        return begin(call, false, (campaign, report) -> {
            var schedule = campaign.body().schedule();
            if (schedule == null) {
                throw ProblemException.conflict("The campaign has no schedule: give it one, or launch it.");
            }
            if (schedule instanceof Schedule.Triggered) {
                throw ProblemException.conflict("A triggered campaign has no time of its own: launch it.");
            }
            return now -> new Scheduled(schedule.next(now), report.needsOthers());
        });
    }

    Future<Reply> launch(Call call) {
        return begin(call, true, (campaign, report) -> {
            if (campaign.body().schedule() instanceof Schedule.Recurring) {
                throw ProblemException.conflict("A recurring campaign goes by its rule: schedule it.");
            }
            return now -> campaign.body().isTriggered()
                    ? new Opened(report.needsOthers())
                    : new Launched(report.needsOthers());
        });
    }

    private interface Step {
        Event at(Instant now);
    }

    /** Everything is looked at before the transaction, which holds only if nobody has changed the campaign meanwhile. */
    private Future<Reply> begin(Call call, boolean atOnce, BiFunction<Campaign, Checks.Report, Step> steps) {
        var version = call.ifMatch();
        var id = call.id("id", "campaign");
        return store.find(transactions.pool(), call.ws(), id)
                .map(found -> Campaign.current(found, version))
                .compose(read -> requireTransactional(authorities, call, read)
                        .compose(allowed -> checks.of(call.ws(), read, atOnce))
                        .compose(report -> {
                            var step = steps.apply(read, report);
                            return store.now(transactions.pool()).compose(now -> {
                                Turn.allowed(CampaignLife.after(read.life(), step.at(now), now));
                                report.requireNothingStops();
                                return transactions.run(tx -> store.lock(tx, call.ws(), id)
                                        .compose(found -> begin(tx, call, Campaign.current(found, version), step)));
                            });
                        }))
                .map(CampaignsService::shown);
    }

    private Future<Campaign> begin(SqlConnection tx, Call call, Campaign before, Step step) {
        return store.now(tx).compose(now -> {
            var life = Turn.allowed(CampaignLife.after(before.life(), step.at(now), now));
            return store.asked(tx, call.ws(), before.id())
                    .compose(asked -> pinned(tx, call.ws(), before.at(life)))
                    .compose(after -> keep(tx, call, before, after.saying("")))
                    .compose(kept -> (kept.body().isTriggered()
                                    ? open(tx, call.ws(), kept)
                                    : jobs.enqueue(tx, List.of(LaunchJob.of(call.ws(), kept))))
                            .map(kept));
        });
    }

    private Future<Void> open(SqlConnection tx, int ws, Campaign campaign) {
        var body = campaign.body();
        var until = ((Schedule.Triggered) body.schedule()).until();
        return series.open(tx, ws, campaign.id())
                .compose(done ->
                        body.goal() == null ? Future.succeededFuture() : goals.arm(tx, ws, campaign.id(), body.goal()))
                .compose(done -> until == null
                        ? Future.succeededFuture()
                        : jobs.enqueue(tx, List.of(CloseJob.of(ws, campaign.id(), until))));
    }

    private Future<Campaign> pinned(SqlConnection tx, int ws, Campaign campaign) {
        return campaign.body().template() == null
                ? Future.succeededFuture(campaign)
                : checks.pin(tx, ws, campaign)
                        .map(pinned -> campaign.pinned(pinned.pin().version()));
    }

    /** Who sets off what goes to people whatever they have agreed to needs more than to send. */
    static Future<Void> requireTransactional(Authorities authorities, Call call, Campaign campaign) {
        return campaign.body().isTransactional()
                ? mayBeTransactional(authorities, call).map(may -> {
                    requireTransactional(campaign, may);
                    return null;
                })
                : Future.succeededFuture();
    }

    static Future<Boolean> mayBeTransactional(Authorities authorities, Call call) {
        return authorities.permits(call.caller(), "messages:send-transactional");
    }

    static void requireTransactional(Campaign campaign, boolean may) {
        if (campaign.body().isTransactional() && !may) {
            throw ProblemException.forbidden(
                    "A transactional campaign needs the permission messages:send-transactional.");
        }
    }

    Future<Reply> pause(Call call) {
        return turn(call, (tx, before) -> store.now(tx)
                .map(now -> Turn.allowed(CampaignLife.after(before.life(), new Paused(), now)))
                .compose(life -> eachOpen(
                                tx,
                                call.ws(),
                                before.id(),
                                (all, ws, message) -> unlessOver(messages.pause(all, ws, message)))
                        .compose(done -> before.life().opened()
                                ? series.pause(tx, call.ws(), before.id())
                                : Future.succeededFuture())
                        .compose(done -> keep(tx, call, before, before.at(life)))));
    }

    /**
     * Times that passed meanwhile are left out. Where something of it is still to go out it is asked before the transaction whether
     * somebody else has to approve it: what was asked of a campaign that was changed meanwhile is asked again when it is due.
     */
    Future<Reply> resume(Call call) {
        return store.find(transactions.pool(), call.ws(), call.id("id", "campaign"))
                .map(found -> found.orElseThrow(() -> ProblemException.notFound("campaign")))
                .compose(read -> read.life().status() != Status.PAUSED
                                || read.life().next() == null && !read.life().opened()
                        ? Future.succeededFuture(false)
                        : eyes.areMissing(call.ws(), read))
                .compose(missing -> resume(call, missing));
    }

    private Future<Reply> resume(Call call, boolean needsOthers) {
        return turn(call, (tx, before) -> store.now(tx).compose(now -> {
            if (before.life().opened()) {
                return reopen(tx, call, before, needsOthers, now);
            }
            var next = before.life().next();
            boolean passed =
                    next != null && before.body().schedule() instanceof Schedule.Recurring && !next.isAfter(now);
            var later = passed ? before.body().schedule().next(now) : next;
            var life = Turn.allowed(CampaignLife.after(before.life(), new Resumed(later, needsOthers), now));
            return (passed ? leaveOut(tx, call.ws(), before, next, now) : Future.<Void>succeededFuture())
                    .compose(left -> eachOpen(
                            tx,
                            call.ws(),
                            before.id(),
                            (all, ws, message) -> unlessOver(messages.resume(all, ws, message))))
                    .compose(done -> store.asked(tx, call.ws(), before.id()))
                    .compose(done -> keep(tx, call, before, before.at(life).saying("")))
                    .compose(kept -> (kept.life().next() == null
                                    ? Future.<Void>succeededFuture()
                                    : jobs.enqueue(tx, List.of(LaunchJob.of(call.ws(), kept))))
                            .map(kept));
        }));
    }

    /** One whose end has come meanwhile takes nobody any more: who was entered before gets it. */
    private Future<Campaign> reopen(SqlConnection tx, Call call, Campaign before, boolean needsOthers, Instant now) {
        var life = Turn.allowed(CampaignLife.after(before.life(), new Resumed(null, needsOthers), now));
        boolean over = ((Schedule.Triggered) before.body().schedule()).isOver(now);
        var after = over ? Turn.allowed(CampaignLife.after(life, new Closed(), now)) : life;
        return series.resume(tx, call.ws(), before.id())
                .compose(done -> over
                        ? goals.disarm(tx, call.ws(), before.id(), before.body().longestWait())
                        : Future.succeededFuture())
                .compose(done -> keep(tx, call, before, before.at(after).saying("")));
    }

    /** Nobody is entered any more. Who was gets what they are to get, and what they do of the goal still counts. */
    Future<Reply> finish(Call call) {
        return turn(call, (tx, before) -> store.now(tx)
                .map(now -> Turn.allowed(CampaignLife.after(before.life(), new Closed(), now)))
                .compose(life -> goals.disarm(
                                tx, call.ws(), before.id(), before.body().longestWait())
                        .compose(done -> keep(tx, call, before, before.at(life)))));
    }

    private Future<Void> leaveOut(SqlConnection tx, int ws, Campaign campaign, Instant first, Instant now) {
        var rule = ((Schedule.Recurring) campaign.body().schedule()).rule();
        return runs.missed(tx, ws, campaign.id(), rule.between(first.minusNanos(1), now, TOLD), "It was paused.");
    }

    /** What is on its way already leaves within seconds or never. */
    Future<Reply> cancel(Call call) {
        return turn(call, (tx, before) -> store.now(tx)
                .map(now -> Turn.allowed(CampaignLife.after(before.life(), new Cancelled(), now)))
                .compose(life -> eachOpen(
                                tx,
                                call.ws(),
                                before.id(),
                                (all, ws, message) -> unlessOver(messages.cancel(all, ws, message)))
                        .compose(done -> before.life().opened()
                                ? series.cancel(tx, call.ws(), before.id())
                                : Future.succeededFuture())
                        .compose(done -> goals.disarm(tx, call.ws(), before.id()))
                        .compose(done -> keep(tx, call, before, before.at(life)))));
    }

    /** One that has just ended by itself has nothing left of which it could be said. */
    private static Future<?> unlessOver(Future<MessageStatus> told) {
        return told.otherwise(failure -> {
            if (failure instanceof ProblemException refused && refused.problem().kind() == Kind.CONFLICT) {
                return null;
            }
            throw failure instanceof RuntimeException unchecked ? unchecked : new IllegalStateException(failure);
        });
    }

    private interface OnMessage {
        Future<?> of(SqlConnection tx, int ws, UUID message);
    }

    private Future<Void> eachOpen(SqlConnection tx, int ws, UUID campaign, OnMessage what) {
        return runs.open(tx, ws, campaign).compose(open -> {
            Future<Void> all = Future.succeededFuture();
            for (var run : open) {
                all = all.compose(done -> what.of(tx, ws, run.message()).mapEmpty());
            }
            return all;
        });
    }

    private Future<Reply> turn(Call call, BiFunction<SqlConnection, Campaign, Future<Campaign>> step) {
        var id = call.id("id", "campaign");
        return transactions
                .run(tx -> store.lock(tx, call.ws(), id)
                        .compose(found ->
                                step.apply(tx, found.orElseThrow(() -> ProblemException.notFound("campaign")))))
                .map(CampaignsService::shown);
    }

    private Future<Campaign> keep(SqlConnection tx, Call call, Campaign before, Campaign after) {
        return store.turn(tx, call.ws(), after).compose(kept -> CampaignFacts.moved(tx, call.ws(), before, kept)
                .compose(told -> audit.record(tx, call, "campaign", kept.id(), Turn.told(before), Turn.told(kept)))
                .map(kept));
    }
}
