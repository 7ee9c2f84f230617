package app.fathi.segments;

import app.fathi.platform.db.Transactions;
import app.fathi.platform.jobs.Jobs;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The segments that every workspace has: {@code all} people, and those {@code subscribed} to web push. They are rows like
 * others, with ids like others' (a UUID made of a name would be of another version than all ids here, and the same one for
 * all workspaces would be no id of a workspace's thing), and stay what they are. Nobody can name one who has not read its id,
 * so they are made when a workspace first lists its segments. Where it has used a name for a segment of its own, that one
 * keeps it.
 */
final class BuiltIns {
    /** Who has made them. */
    static final UUID NOBODY = new UUID(0, 0);

    /** What describes each, by its name. */
    private static final Map<String, JsonObject> RULES = Map.of(
            "all", new JsonObject().put("type", "everyone"),
            "subscribed", new JsonObject().put("type", "subscribed").put("channel", "webpush"));

    /** They are kept for counting under these numbers also where nobody has listed them. */
    private static final Map<String, Integer> NUMBERS =
            Map.of("all", LiveSegments.EVERYBODY, "subscribed", LiveSegments.SUBSCRIBED);

    private static final Map<String, String> DESCRIPTIONS = Map.of(
            "all", "Everybody who is known, visitors too.",
            "subscribed", "Everybody who can be reached by web push.");

    private final Transactions transactions;
    private final Jobs jobs;
    private final BuiltInsStore store = new BuiltInsStore();
    /** Workspaces that have them. */
    private final Set<Integer> made = ConcurrentHashMap.newKeySet();

    BuiltIns(Transactions transactions, Jobs jobs) {
        this.transactions = transactions;
        this.jobs = jobs;
    }

    /** The workspace has them afterwards. Costs nothing but the first time. */
    Future<Void> make(int ws) {
        return made.contains(ws)
                ? Future.succeededFuture()
                : store.count(transactions.pool(), ws)
                        .compose(count ->
                                count == RULES.size() ? Future.succeededFuture() : transactions.run(tx -> make(tx, ws)))
                        .onSuccess(done -> made.add(ws));
    }

    private Future<Void> make(SqlConnection tx, int ws) {
        var making = new SegmentsStore().lockAll(tx, ws);
        for (var name : RULES.keySet().stream().sorted().toList()) {
            var id = UuidCreator.getTimeOrderedEpoch();
            making = making.compose(done ->
                    store.insert(tx, ws, id, name, NUMBERS.get(name), DESCRIPTIONS.get(name), RULES.get(name), NOBODY));
        }
        return making.compose(done -> store.enter(tx, ws))
                .compose(done -> jobs.enqueue(tx, List.of(RebuildJob.job(ws))));
    }
}
