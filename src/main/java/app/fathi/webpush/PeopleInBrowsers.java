package app.fathi.webpush;

import app.fathi.platform.db.Erasable;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** People's browsers, which staff may have linked as their own and which no link outlives, and the prompts that they saw. */
public final class PeopleInBrowsers implements Erasable {
    private final PeopleStore store = new PeopleStore();

    @Override
    public Set<String> tables() {
        return Set.of("webpush_subscription", "webpush_own_browser", "webpush_prompt_person");
    }

    @Override
    public Future<List<JsonObject>> tell(SqlClient client, int ws, Collection<Integer> profileNos) {
        return store.browsers(client, ws, profileNos);
    }

    @Override
    public Future<Map<String, Integer>> erase(SqlConnection tx, int ws, Collection<Integer> profileNos) {
        return store.forgetBrowsers(tx, ws, profileNos).compose(browsers -> store.forgetPrompts(tx, ws, profileNos)
                .map(prompts -> Map.of("webpush_subscription", browsers, "webpush_prompt_person", prompts)));
    }
}
