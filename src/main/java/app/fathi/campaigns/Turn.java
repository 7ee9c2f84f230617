package app.fathi.campaigns;

import app.fathi.campaigns.CampaignLife.Outcome;
import app.fathi.campaigns.CampaignLife.Refusal;
import app.fathi.campaigns.CampaignLife.State;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.json.JsonObject;

/** A step of a campaign's life, as it is asked for and told. */
final class Turn {
    private Turn() {}

    /** Where it stands now; fails with {@code conflict} where it cannot go there. */
    static State allowed(Outcome outcome) {
        return switch (outcome) {
            case State state -> state;
            case Refusal(var why) -> throw ProblemException.conflict(why);
        };
    }

    /** For the audit trail. */
    static JsonObject told(Campaign campaign) {
        return new JsonObject()
                .put("status", campaign.life().status().word())
                .put("approval", campaign.life().approval().word())
                .put("comment", campaign.comment())
                .put("templateVersion", campaign.templateVersion())
                .put("nextAt", Campaign.text(campaign.life().next()))
                .put("version", campaign.edits().version());
    }
}
