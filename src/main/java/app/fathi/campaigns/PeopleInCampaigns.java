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
import java.util.stream.Stream;

/** What people did of what campaigns are for, and when they were entered into triggered ones. */
public final class PeopleInCampaigns implements Erasable {
    private final GoalsStore store = new GoalsStore();
    private final EntriesStore entries = new EntriesStore();

    @Override
    public Set<String> tables() {
        return Set.of("campaigns_conversion", "campaigns_entrant");
    }

    @Override
    public Future<List<JsonObject>> tell(SqlClient client, int ws, Collection<Integer> profileNos) {
        return store.of(client, ws, profileNos).compose(conversions -> entries.of(client, ws, profileNos)
                .map(entered ->
                        Stream.concat(conversions.stream(), entered.stream()).toList()));
    }

    @Override
    public Future<Map<String, Integer>> erase(SqlConnection tx, int ws, Collection<Integer> profileNos) {
        return store.forget(tx, ws, profileNos).compose(conversions -> entries.erase(tx, ws, profileNos)
                .map(entered -> Map.of("campaigns_conversion", conversions, "campaigns_entrant", entered)));
    }
}
