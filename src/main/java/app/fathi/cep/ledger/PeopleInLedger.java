package app.fathi.cep.ledger;

import app.fathi.cep.policies.RingsStore;
import app.fathi.cep.runs.DedupeStore;
import app.fathi.cep.runs.UnitedStore;
import app.fathi.platform.db.Erasable;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Messages to people. Their lines stay, because the counts of messages are made of them: with the profile the number in them
 * has lost its meaning. What somebody got of their own, such as the items of a batch, goes, and what a workspace's own
 * service said of them.
 */
public final class PeopleInLedger implements Erasable {
    private final PeopleStore store = new PeopleStore();

    @Override
    public Set<String> tables() {
        return Set.of("cep_message", "cep_chunk", "cep_profile_policy", "cep_dedupe", "cep_united");
    }

    @Override
    public Future<List<JsonObject>> tell(SqlClient client, int ws, Collection<Integer> profileNos) {
        return store.messages(client, ws, profileNos);
    }

    @Override
    public Future<Map<String, Integer>> erase(SqlConnection tx, int ws, Collection<Integer> profileNos) {
        return store.forgetItems(tx, ws, profileNos).compose(chunks -> RingsStore.erase(tx, ws, profileNos)
                .compose(rings -> DedupeStore.erase(tx, ws, profileNos)
                        .compose(keys -> UnitedStore.erase(tx, ws, profileNos)
                                .compose(parts -> store.forgetAdvice(tx, ws, profileNos)
                                        .map(told -> Map.of(
                                                "cep_chunk", chunks,
                                                "cep_message", told,
                                                "cep_profile_policy", rings,
                                                "cep_dedupe", keys,
                                                "cep_united", parts))))));
    }
}
