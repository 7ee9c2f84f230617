package app.fathi.cdp;

import app.fathi.cdp.DerivedBatch.Moved;
import app.fathi.cdp.IdentityGraph.Id;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Keeps a person from growing without end. Some browsers are a new visitor on each visit, and a broken client makes a new id for
 * each event; of the visitor ids that a known person has claimed the newest stay, an older one is a visitor of its own again. What
 * was done under it is found there, it is forgotten with the person, and what the person has agreed to or refused under it
 * goes on to count.
 */
final class Crowds {
    /** Visitor ids of one person: several years of browsers that forget each week. */
    static final int MAX_VISITOR_IDS = 200;

    private final IdentitiesStore store = new IdentitiesStore();

    /**
     * @param known the ids of the batch, of which those that have to leave are told so
     * @param moved who came to whom in the batch
     * @return who has left
     */
    Future<List<Identity>> leave(SqlConnection tx, Map<Id, Identity> known, Set<Moved> moved) {
        var grown = moved.stream()
                .collect(Collectors.groupingBy(
                        Moved::ws, TreeMap::new, Collectors.mapping(Moved::toNo, Collectors.toSet())));
        Future<List<Identity>> chain = Future.succeededFuture(new ArrayList<>());
        for (var entry : grown.entrySet()) {
            chain = chain.compose(left -> store.crowded(tx, entry.getKey(), entry.getValue(), MAX_VISITOR_IDS)
                    .compose(crowded -> leave(tx, entry.getKey(), crowded, known, left)));
        }
        return chain;
    }

    private Future<List<Identity>> leave(
            SqlConnection tx, int ws, List<Integer> crowded, Map<Id, Identity> known, List<Identity> left) {
        Future<Void> chain = Future.succeededFuture();
        for (var profileNo : crowded) {
            chain = chain.compose(done -> store.beyond(tx, ws, profileNo, MAX_VISITOR_IDS))
                    .compose(rows -> users(tx, ws, rows, known).compose(users -> {
                        var changed = new HashSet<Identity>();
                        for (var row : rows) {
                            var visitor = known.getOrDefault(row.id, row);
                            var user = users.get(Id.user(ws, visitor.claimUserId()));
                            user.hear(visitor);
                            visitor.leave();
                            changed.add(user);
                            changed.add(visitor);
                            left.add(visitor);
                        }
                        return changed.isEmpty() ? Future.succeededFuture() : store.update(tx, changed);
                    }));
        }
        return chain.map(left);
    }

    /** Those who have claimed these visitors: of the batch, or locked now. */
    private Future<Map<Id, Identity>> users(
            SqlConnection tx, int ws, List<Identity> visitors, Map<Id, Identity> known) {
        var users = new HashMap<Id, Identity>();
        var others = new ArrayList<Id>();
        visitors.stream().map(one -> Id.user(ws, one.claimUserId())).distinct().forEach(id -> {
            if (known.containsKey(id)) {
                users.put(id, known.get(id));
            } else {
                others.add(id);
            }
        });
        return others.isEmpty()
                ? Future.succeededFuture(users)
                : store.lockIdentities(tx, others, Set.of()).map(found -> {
                    users.putAll(found);
                    return users;
                });
    }
}
