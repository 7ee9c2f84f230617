package app.fathi.campaigns;

import app.fathi.platform.db.Erasable;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What people did of what campaigns are for. */
public final class PeopleInCampaigns implements Erasable {
    private final GoalsStore store = new GoalsStore();

    @Override
    public Set<String> tables() {
        return Set.of("campaigns_conversion");
    }

    @Override
    public Future<List<JsonObject>> tell(SqlClient client, int ws, Collection<Integer> profileNos) {
        return store.of(client, ws, profileNos);
    }

    @Override
    public Future<Map<String, Integer>> erase(SqlConnection tx, int ws, Collection<Integer> profileNos) {
        return store.forget(tx, ws, profileNos).map(rows -> Map.of("campaigns_conversion", rows));
    }
}
