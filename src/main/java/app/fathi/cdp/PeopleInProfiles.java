package app.fathi.cdp;

import app.fathi.platform.db.Erasable;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Profiles, the ids that lead to them, their traits and events. The last to be asked: others find their rows by it. */
public final class PeopleInProfiles implements Erasable {
    private final ErasuresStore store = new ErasuresStore();

    @Override
    public Set<String> tables() {
        return Set.of(
                "cdp_profile",
                "cdp_identity",
                "cdp_link",
                "cdp_bond",
                "cdp_words",
                "cdp_trait",
                "cdp_computed_part",
                "cdp_computed_value",
                "cdp_event",
                "cdp_erasure",
                "dead_letter");
    }

    /** Told by {@link ExportService}, page by page, because there may be many events. */
    @Override
    public Future<List<JsonObject>> tell(SqlClient client, int ws, Collection<Integer> profileNos) {
        return Future.succeededFuture(List.of());
    }

    @Override
    public Future<Map<String, Integer>> erase(SqlConnection tx, int ws, Collection<Integer> nos) {
        var counts = new LinkedHashMap<String, Integer>();
        return store.forgetEvents(tx, ws, nos)
                .compose(events -> {
                    counts.put("cdp_event", events);
                    return store.forgetTraits(tx, ws, nos);
                })
                .compose(traits -> {
                    counts.put("cdp_trait", traits);
                    return store.forgetComputed(tx, ws, nos);
                })
                .compose(computed -> {
                    counts.put("cdp_computed_value", computed);
                    return store.forgetParts(tx, ws, nos);
                })
                .compose(parts -> {
                    counts.put("cdp_computed_part", parts);
                    return store.forgetLinks(tx, ws, nos);
                })
                .compose(links -> {
                    counts.put("cdp_link", links);
                    return store.forgetBonds(tx, ws, nos);
                })
                .compose(bonds -> {
                    counts.put("cdp_bond", bonds);
                    return store.forgetWords(tx, ws, nos);
                })
                .compose(words -> {
                    counts.put("cdp_words", words);
                    return store.forgetClaims(tx, ws, nos).compose(claims -> store.forgetIds(tx, ws, nos));
                })
                .compose(ids -> {
                    counts.put("cdp_identity", ids);
                    return store.forgetProfiles(tx, ws, nos);
                })
                .map(profiles -> {
                    counts.put("cdp_profile", profiles);
                    return counts;
                });
    }
}
