package app.fathi.cdp;

import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;

/** Finds the graph behind ids, locked; ids that are new get a profile of their own. */
final class IdentityGraph {
    static final short USER = 0;
    static final short VISITOR = 1;

    /** An id by which somebody is called. */
    record Id(int ws, short kind, String value) {
        static Id user(int ws, String value) {
            return new Id(ws, USER, value);
        }

        static Id visitor(int ws, String value) {
            return new Id(ws, VISITOR, value);
        }
    }

    /** A profile to be made, with the identity that leads to it. */
    record Fresh(Id id, int profileNo, UUID profileId, Instant at) {}

    private final IdentitiesStore store;
    private final SuppressionsStore suppressions = new SuppressionsStore();

    IdentityGraph(IdentitiesStore store) {
        this.store = store;
    }

    /** To be asked before anybody is loaded: which of these ids are of people who were erased, and must not come again. */
    Future<Set<Id>> enter(SqlConnection tx, Collection<Id> ids) {
        return suppressions.enter(tx, ids.stream().map(Id::ws).toList()).compose(done -> suppressions.erased(tx, ids));
    }

    /** Without their traits. */
    Future<Map<Id, Identity>> load(SqlConnection tx, Collection<Id> ids, Instant now) {
        return load(tx, ids, Set.of(), now);
    }

    /** @param saying those of them of which traits may be said: the others' are not read */
    Future<Map<Id, Identity>> load(SqlConnection tx, Collection<Id> ids, Set<Id> saying, Instant now) {
        var wanted = ids.stream().distinct().toList();
        return store.lockIdentities(tx, wanted, saying)
                .compose(found -> found.size() == wanted.size()
                        ? Future.succeededFuture(found)
                        : create(tx, wanted, saying, now));
    }

    /** Makings of one workspace wait for each other, so that an id never gets two profiles. Rare beside findings. */
    private Future<Map<Id, Identity>> create(SqlConnection tx, List<Id> wanted, Set<Id> saying, Instant now) {
        Future<Void> locked = Future.succeededFuture();
        for (var ws : wanted.stream().map(Id::ws).distinct().sorted().toList()) {
            locked = locked.compose(done -> store.lockMaking(tx, ws));
        }
        return locked.compose(done -> store.lockIdentities(tx, wanted, saying)).compose(found -> {
            var missing = new TreeMap<Integer, List<Id>>();
            wanted.stream().filter(id -> !found.containsKey(id)).forEach(id -> missing.computeIfAbsent(
                            id.ws(), ws -> new ArrayList<>())
                    .add(id));
            Future<Void> made = Future.succeededFuture();
            for (var entry : missing.entrySet()) {
                made = made.compose(done -> make(tx, entry.getKey(), entry.getValue(), now));
            }
            return made.compose(done -> missing.isEmpty()
                    ? Future.succeededFuture(found)
                    : store.lockIdentities(tx, wanted, saying).map(all -> (Map<Id, Identity>) new HashMap<>(all)));
        });
    }

    private Future<Void> make(SqlConnection tx, int ws, List<Id> ids, Instant now) {
        return store.takeNumbers(tx, ws, ids.size()).compose(first -> {
            var fresh = new ArrayList<Fresh>(ids.size());
            for (int i = 0; i < ids.size(); i++) {
                fresh.add(new Fresh(ids.get(i), first + i, UuidCreator.getTimeOrderedEpoch(), now));
            }
            return store.insert(tx, fresh)
                    .compose(done -> suppressions.mark(
                            tx, ws, fresh.stream().map(Fresh::profileNo).toList(), false));
        });
    }
}
