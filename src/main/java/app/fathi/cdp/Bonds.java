package app.fathi.cdp;

import app.fathi.cdp.Bond.Told;
import app.fathi.cdp.LinksStore.Link;
import app.fathi.cdp.values.Value;
import app.fathi.platform.jobs.NewJob;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.stream.Collectors;

/** What is told of ids beside userId and anonymousId is written down as it comes; {@link BondsJob} looks at what concerns several people. */
public final class Bonds {
    private final BiFunction<SqlConnection, List<NewJob>, Future<Void>> enqueue;
    private final BondsStore store = new BondsStore();

    /** @param enqueue jobs in a transaction */
    public Bonds(BiFunction<SqlConnection, List<NewJob>, Future<Void>> enqueue) {
        this.enqueue = enqueue;
    }

    /**
     * Writes down what the events of a batch tell. While something is new in a workspace, others who tell something new there wait for
     * the transaction.
     *
     * @param profileNos whose the userIds of the bonds are
     */
    Future<Void> tell(SqlConnection tx, List<Bond> told, Map<IdentityGraph.Id, Integer> profileNos) {
        // Of the same one the first event counts.
        var first = new HashMap<List<Object>, Bond>();
        told.forEach(bond -> first.merge(
                List.of(bond.ws(), bond.key()),
                bond,
                (one, other) -> one.at().isBefore(other.at())
                                || one.at().equals(other.at()) && Value.compare(one.messageId(), other.messageId()) < 0
                        ? one
                        : other));
        if (first.isEmpty()) {
            return Future.succeededFuture();
        }
        return store.news(tx, List.copyOf(first.values())).compose(news -> {
            Future<Void> locked = Future.succeededFuture();
            for (var ws : news.stream().map(Bond::ws).collect(Collectors.toCollection(TreeSet::new))) {
                locked = locked.compose(done -> store.lockTelling(tx, ws));
            }
            return news.isEmpty()
                    ? locked
                    : locked.compose(done -> store.tell(tx, news, together(news, profileNos)))
                            .compose(open -> look(tx, open));
        });
    }

    /** Whether another one of them is of the same person and kind, or of the same id. */
    private static List<Boolean> together(List<Bond> news, Map<IdentityGraph.Id, Integer> profileNos) {
        var ids = new HashMap<Told, Integer>();
        var people = new HashMap<List<Object>, Integer>();
        news.forEach(bond -> {
            ids.merge(bond.told(), 1, Integer::sum);
            people.merge(person(bond, profileNos), 1, Integer::sum);
        });
        return news.stream()
                .map(bond -> ids.get(bond.told()) > 1 || people.get(person(bond, profileNos)) > 1)
                .toList();
    }

    private static List<Object> person(Bond bond, Map<IdentityGraph.Id, Integer> profileNos) {
        return List.of(bond.ws(), bond.kind(), profileNos.get(IdentityGraph.Id.user(bond.ws(), bond.userId())));
    }

    /** Of the ids of a person those that are held together by one that was told of several. */
    Future<List<Link>> links(SqlConnection tx, int ws, List<Identity> all) {
        var users = all.stream()
                .filter(one -> one.id.kind() == IdentityGraph.USER)
                .collect(Collectors.toMap(one -> one.id.value(), one -> one.no));
        return store.of(tx, ws, users.keySet()).map(bonds -> {
            var owners = new HashMap<Told, Bond>();
            var links = new ArrayList<Link>();
            bonds.stream().filter(Bond::holds).forEach(bond -> {
                var owner = owners.putIfAbsent(bond.told(), bond);
                if (owner != null) {
                    links.add(new Link(
                            0,
                            users.get(bond.userId()),
                            users.get(owner.userId()),
                            LinksStore.BOND,
                            bond.at(),
                            bond.messageId(),
                            null,
                            null,
                            false));
                }
            });
            return links;
        });
    }

    /** Something else has been said of these people, so what holds them is looked at again. */
    Future<Void> lookAgain(SqlConnection tx, int ws, Collection<String> userIds) {
        return store.open(tx, ws, new HashSet<>(userIds))
                .compose(some -> some ? look(tx, Set.of(ws)) : Future.succeededFuture());
    }

    /** Of these workspaces something is open. */
    Future<Void> look(SqlConnection tx, Set<Integer> workspaces) {
        return workspaces.isEmpty()
                ? Future.succeededFuture()
                : enqueue.apply(tx, workspaces.stream().map(BondsJob::job).toList());
    }

    /** Other rules hold. */
    Future<Void> lookAtAll(SqlConnection tx, int ws) {
        return enqueue.apply(tx, List.of(BondsJob.ofAll(ws)));
    }
}
