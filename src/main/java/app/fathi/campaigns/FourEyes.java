package app.fathi.campaigns;

import app.fathi.campaigns.CampaignLife.Approval;
import app.fathi.campaigns.CampaignsStore.Workspace;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import app.fathi.segments.Audiences;
import io.vertx.core.Future;

/**
 * Whether somebody has to approve a campaign who neither made it nor changed it last. It is asked whenever one is approved, scheduled
 * or launched, and each time that one goes out: an audience grows. People are counted on connections of their own.
 */
final class FourEyes {
    private final Transactions transactions;
    private final Audiences audiences;
    private final CampaignsStore store = new CampaignsStore();

    FourEyes(Transactions transactions, Audiences audiences) {
        this.transactions = transactions;
        this.audiences = audiences;
    }

    /** How many it is for now. Fails with {@code unprocessable} where it says nobody, or what cannot be followed. */
    Future<Audiences.Count> count(int ws, Campaign campaign) {
        if (!campaign.body().saysWhom()) {
            return Future.failedFuture(ProblemException.unprocessable(
                    "/audience",
                    campaign.body().isTriggered()
                            ? "It is for whoever is entered: who could be is counted where it has an audience."
                            : "The campaign does not say whom it is for."));
        }
        return audiences.count(ws, campaign.body().audience().meant(), "/audience");
    }

    /**
     * One that is triggered needs them wherever there is a limit: for how many it will be nobody knows.
     *
     * @param count of the audience; null where it cannot be counted
     */
    static boolean areNeeded(Workspace workspace, Campaign campaign, Audiences.Count count) {
        return workspace.fourEyes()
                || workspace.approvalLimit() != null
                        && (campaign.body().isTriggered()
                                || count == null
                                || count.people() > workspace.approvalLimit());
    }

    /** Whether they are needed as of now. Where the workspace has no limit nobody is counted. */
    Future<Boolean> areNeeded(int ws, Campaign campaign) {
        return store.workspace(transactions.pool(), ws)
                .compose(workspace -> workspace.fourEyes()
                                || workspace.approvalLimit() == null
                                || campaign.body().isTriggered()
                        ? Future.succeededFuture(areNeeded(workspace, campaign, null))
                        : count(ws, campaign).map(count -> areNeeded(workspace, campaign, count)));
    }

    /** Whether it must not go out as it is. What others have approved may, however many it is for by now. */
    Future<Boolean> areMissing(int ws, Campaign campaign) {
        return campaign.life().approval() == Approval.INDEPENDENT
                ? Future.succeededFuture(false)
                : areNeeded(ws, campaign);
    }
}
