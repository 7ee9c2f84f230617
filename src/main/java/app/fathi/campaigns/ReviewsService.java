package app.fathi.campaigns;

import app.fathi.campaigns.CampaignLife.Archived;
import app.fathi.campaigns.CampaignLife.Event;
import app.fathi.campaigns.CampaignLife.Rejected;
import app.fathi.campaigns.CampaignLife.Submitted;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Caller;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.function.UnaryOperator;

/**
 * How a second person looks at a campaign before it goes out. Where the workspace asks for four eyes, or the audience is above
 * its limit, nobody approves what they made or changed last.
 */
final class ReviewsService {
    private final Transactions transactions;
    private final CampaignsStore store = new CampaignsStore();
    private final Checks checks;
    private final FourEyes eyes;
    private final Audit audit;

    ReviewsService(Transactions transactions, Checks checks, FourEyes eyes, Audit audit) {
        this.transactions = transactions;
        this.checks = checks;
        this.eyes = eyes;
        this.audit = audit;
    }

    Future<Reply> submit(Call call) {
        return turn(call, new Submitted(), "submitted", campaign -> campaign.saying("")
                .pinned(null));
    }

    Future<Reply> reject(Call call) {
        var comment = call.json().getString("comment");
        return turn(call, new Rejected(), "rejected", campaign -> campaign.saying(comment));
    }

    Future<Reply> archive(Call call) {
        return turn(call, new Archived(), null, campaign -> campaign);
    }

    /**
     * The people are counted before the transaction. What is approved is what was read, and the version of the template that is
     * active now.
     */
    Future<Reply> approve(Call call) {
        var version = call.ifMatch();
        var id = call.id("id", "campaign");
        return store.find(transactions.pool(), call.ws(), id)
                .compose(found -> eyes.areNeeded(call.ws(), Campaign.current(found, version)))
                .compose(needsOthers ->
                        transactions.run(tx -> store.lock(tx, call.ws(), id).compose(found -> {
                            var before = Campaign.current(found, version);
                            return independent(tx, call, before, needsOthers)
                                    .compose(independent -> store.now(tx)
                                            .map(now -> Turn.allowed(CampaignLife.after(
                                                    before.life(), new CampaignLife.Approved(independent), now))))
                                    .compose(life -> pinned(tx, call.ws(), before.at(life)))
                                    .compose(after -> keep(tx, call, before, after.saying(""), "approved"));
                        })))
                .map(CampaignsService::shown);
    }

    private Future<Boolean> independent(SqlConnection tx, Call call, Campaign campaign, boolean needsOthers) {
        var caller = call.caller();
        if (caller.kind() != Caller.Kind.USER) {
            if (needsOthers) {
                throw ProblemException.forbidden(
                        "This campaign needs four eyes: a person approves, not a key. Sign in.");
            }
            return Future.succeededFuture(false);
        }
        return store.wrote(tx, call.ws(), campaign.id(), caller.id()).map(wrote -> {
            if (wrote && needsOthers) {
                throw ProblemException.forbidden(
                        "This campaign needs four eyes: somebody who neither made it nor changed it last approves it.");
            }
            return !wrote;
        });
    }

    private Future<Campaign> pinned(SqlConnection tx, int ws, Campaign campaign) {
        return campaign.body().template() == null
                ? Future.succeededFuture(campaign)
                : checks.pin(tx, ws, campaign)
                        .map(pinned -> campaign.pinned(pinned.pin().version()));
    }

    /** @param fact what others learn; null for nothing */
    private Future<Reply> turn(Call call, Event event, String fact, UnaryOperator<Campaign> change) {
        var version = call.ifMatch();
        var id = call.id("id", "campaign");
        return transactions
                .run(tx -> store.lock(tx, call.ws(), id).compose(found -> {
                    var before = Campaign.current(found, version);
                    return store.now(tx)
                            .map(now -> Turn.allowed(CampaignLife.after(before.life(), event, now)))
                            .compose(life -> keep(tx, call, before, change.apply(before.at(life)), fact));
                }))
                .map(CampaignsService::shown);
    }

    private Future<Campaign> keep(SqlConnection tx, Call call, Campaign before, Campaign after, String fact) {
        return store.turn(tx, call.ws(), after).compose(kept -> (fact == null
                        ? Future.<Void>succeededFuture()
                        : CampaignFacts.tell(
                                tx, call.ws(), fact, kept, call.caller().id()))
                .compose(told -> audit.record(tx, call, "campaign", kept.id(), Turn.told(before), Turn.told(kept)))
                .map(kept));
    }
}
