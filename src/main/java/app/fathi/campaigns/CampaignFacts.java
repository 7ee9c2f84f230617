package app.fathi.campaigns;

import app.fathi.platform.stream.Outbox;
import app.fathi.platform.stream.StreamRecord;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** What this domain tells on {@code facts}, in the transaction of what happened. */
final class CampaignFacts {
    private static final String TOPIC = "facts";

    private CampaignFacts() {}

    /** @param by who did it; null where nobody did */
    static Future<Void> tell(SqlClient tx, int ws, String kind, Campaign campaign, UUID by) {
        var fact = new JsonObject()
                .put("campaign", campaign.id().toString())
                .put("name", campaign.name())
                .put("status", campaign.life().status().word())
                .put("comment", campaign.comment())
                .put("by", by == null ? null : by.toString());
        return Outbox.write(
                tx, TOPIC, List.of(new StreamRecord(ws, campaign.id().toString(), "campaign." + kind, fact)));
    }

    /** What the way from one status to another is called; nothing is told of some. */
    static Future<Void> moved(SqlClient tx, int ws, Campaign from, Campaign to) {
        var kind = to.life().status() == from.life().status()
                ? Optional.<String>empty()
                : switch (to.life().status()) {
                    case RUNNING ->
                        from.edits().startedAt() == null ? Optional.of("started") : Optional.<String>empty();
                    case PAUSED -> Optional.of("paused");
                    case COMPLETED -> Optional.of("completed");
                    case FAILED -> Optional.of("failed");
                    default -> Optional.<String>empty();
                };
        return kind.isPresent() ? tell(tx, ws, kind.get(), to, null) : Future.succeededFuture();
    }
}
