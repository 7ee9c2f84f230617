package app.fathi.cdp;

import app.fathi.cdp.live.LiveFeed;
import app.fathi.cdp.live.LiveLine;
import app.fathi.platform.stream.StreamRecord;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Tells who listens what became of each event of a batch, once that is committed. */
final class Verdicts {
    private static final String DUPLICATE = "An event with this messageId came before: it counts once.";
    private static final String DROPPED = "Who it is of was erased, and nothing of them is kept any more.";

    private final LiveFeed feed;

    Verdicts(LiveFeed feed) {
        this.feed = feed;
    }

    /**
     * @param fresh payloads that came for the first time
     * @param kept those of them that are derived
     */
    void tell(SqlConnection tx, List<StreamRecord> arrived, Collection<JsonObject> fresh, Collection<JsonObject> kept) {
        var listening =
                arrived.stream().filter(record -> feed.isWanted(record.ws())).toList();
        if (listening.isEmpty() || tx.transaction() == null) {
            return;
        }
        var first = same(fresh);
        var derived = same(kept);
        tx.transaction().completion().onSuccess(committed -> listening.stream()
                .collect(Collectors.groupingBy(StreamRecord::ws, TreeMap::new, Collectors.toList()))
                .forEach((ws, records) ->
                        feed.tell(ws, records.size(), i -> line(records.get(i).payload(), first, derived))));
    }

    private static JsonObject line(JsonObject event, Set<JsonObject> first, Set<JsonObject> derived) {
        if (!first.contains(event)) {
            return LiveLine.of(event, "duplicate", DUPLICATE);
        }
        return derived.contains(event) ? LiveLine.of(event, "accepted", null) : LiveLine.of(event, "dropped", DROPPED);
    }

    /** By what they are, not by what they say. */
    private static Set<JsonObject> same(Collection<JsonObject> payloads) {
        Set<JsonObject> set = Collections.newSetFromMap(new IdentityHashMap<>());
        set.addAll(payloads);
        return set;
    }
}
