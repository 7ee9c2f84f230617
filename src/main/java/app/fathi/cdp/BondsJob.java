package app.fathi.cdp;

import app.fathi.cdp.Bond.Told;
import app.fathi.cdp.Bonding.Outcome;
import app.fathi.cdp.Bonding.Person;
import app.fathi.cdp.LinksStore.Link;
import app.fathi.cdp.Regrouping.Moves;
import app.fathi.cdp.values.Value;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.jobs.Job;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Lane;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.NewJob;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes people one whom the same id was told of, and parts those whom nothing holds any more: the job {@code cdp.bindPeople}. The deriver only
 * writes down what is told ({@link Bonds}); here all of whom it may concern are taken together, and {@link Bonding} says who they are. Each step
 * is a transaction that has the workspace's people alone, as an operator's merge has; a crash repeats one step.
 */
public final class BondsJob implements JobHandler {
    static final String TYPE = "cdp.bindPeople";

    /** People of whom something is open, of one step. */
    private static final int A_STEP = 20;

    /** All whom one step may concern. */
    private static final int MAX_CONCERNED = 1_000;

    private static final int ALL_A_STEP = 1_000;
    private static final String ALL = "all";
    private static final Logger LOG = LoggerFactory.getLogger(BondsJob.class);

    private final Transactions transactions;
    private final Deriver deriver;
    private final Regrouping regrouping;
    private final BondsStore store = new BondsStore();
    private final IdentityRulesStore rules = new IdentityRulesStore();
    private final IdentitiesStore identities = new IdentitiesStore();
    private final LinksStore links = new LinksStore();
    private final Crowds crowds = new Crowds();

    /** @param transactions on the pool of the workers */
    public BondsJob(Transactions transactions, Deriver deriver, AddressBook addresses) {
        this.transactions = transactions;
        this.deriver = deriver;
        this.regrouping = new Regrouping(deriver, addresses);
    }

    /** There is one for each workspace; asked for again while it runs, it runs once more. */
    static NewJob job(int ws) {
        return new NewJob(ws, TYPE, Lane.MAINTENANCE, "open", new JsonObject(), Instant.now());
    }

    /** Everybody is looked at. */
    static NewJob ofAll(int ws) {
        return new NewJob(ws, TYPE, Lane.MAINTENANCE, ALL, new JsonObject().put(ALL, true), Instant.now());
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        var after = job.payload().getBoolean(ALL, false) ? "" : null;
        while (true) {
            if (lease.cancelled()) {
                return JobOutcome.cancelled();
            }
            if (lease.stopping() || !lease.stillMine()) {
                return JobOutcome.again(Instant.now());
            }
            if (after != null) {
                after = openNext(job.ws(), after);
            } else if (!step(job.ws(), lease::hold)) {
                return JobOutcome.done();
            }
        }
    }

    /** Opens what is known of the next of all people; the last of them, null when that was all. */
    private String openNext(int ws, String after) {
        return transactions
                .run(tx -> store.people(tx, ws, after, ALL_A_STEP)
                        .compose(people -> people.isEmpty()
                                ? Future.succeededFuture((String) null)
                                : store.open(tx, ws, people).map(people.getLast())))
                .await();
    }

    /**
     * Looks at the next people of whom something is open. Tells whether there were any.
     *
     * @param hold makes sure that nobody else is at it
     */
    boolean step(int ws, Function<SqlConnection, Future<?>> hold) {
        return transactions
                .run(tx -> deriver.enterAlone(tx, ws)
                        .compose(alone -> hold.apply(tx))
                        .compose(held -> store.waiting(tx, ws, A_STEP))
                        .compose(people -> people.isEmpty()
                                ? Future.succeededFuture(false)
                                : bindAndTell(tx, ws, people).map(true)))
                .await();
    }

    private Future<Void> bindAndTell(SqlConnection tx, int ws, List<String> people) {
        var moves = new ArrayList<Moves>();
        return look(tx, ws, people, moves)
                // Whatever is known of them: nobody is looked at without end.
                .compose(done -> store.close(tx, ws, people))
                .compose(done -> regrouping.tell(tx, moves));
    }

    private Future<Void> look(SqlConnection tx, int ws, List<String> people, List<Moves> moves) {
        return gather(tx, ws, new Concerned(new LinkedHashSet<>(people))).compose(concerned -> {
            if (concerned.userIds.size() <= MAX_CONCERNED) {
                return bind(tx, ws, concerned, moves);
            }
            if (people.size() > 1) {
                Future<Void> chain = Future.succeededFuture();
                for (var one : people) {
                    chain = chain.compose(done -> look(tx, ws, List.of(one), moves));
                }
                return chain;
            }
            LOG.warn(
                    "More than {} people of workspace {} hang together by ids: nobody more joins them",
                    MAX_CONCERNED,
                    ws);
            return store.close(tx, ws, people);
        });
    }

    // ---- all whom it may concern ----

    /** People by their userIds, and what is known of their ids. */
    private static final class Concerned {
        final Set<String> userIds;
        List<Identity> all = List.of();
        List<Bond> bonds = List.of();
        final Map<Told, Integer> sharing = new HashMap<>();

        Concerned(Set<String> userIds) {
            this.userIds = userIds;
        }
    }

    /** Until nobody more comes: those of the same profiles, and those of whom the same ids were told. */
    private Future<Concerned> gather(SqlConnection tx, int ws, Concerned concerned) {
        int before = concerned.userIds.size();
        return store.profiles(tx, ws, concerned.userIds)
                .compose(profiles -> identities.lockAll(tx, ws, profiles))
                .compose(all -> {
                    concerned.all = all;
                    concerned.userIds.addAll(MergesService.userIds(all));
                    return store.of(tx, ws, concerned.userIds);
                })
                .compose(bonds -> {
                    concerned.bonds = bonds;
                    var told = bonds.stream().map(Bond::told).collect(Collectors.toSet());
                    return store.sharing(tx, ws, told, Bonding.MAX_SHARING + 1);
                })
                .compose(sharing -> {
                    concerned.sharing.clear();
                    sharing.forEach(bond -> concerned.sharing.merge(bond.told(), 1, Integer::sum));
                    sharing.stream()
                            .filter(bond -> concerned.sharing.get(bond.told()) <= Bonding.MAX_SHARING)
                            .forEach(bond -> concerned.userIds.add(bond.userId()));
                    return concerned.userIds.size() == before || concerned.userIds.size() > MAX_CONCERNED
                            ? Future.succeededFuture(concerned)
                            : gather(tx, ws, concerned);
                });
    }

    private Future<Void> bind(SqlConnection tx, int ws, Concerned concerned, List<Moves> moves) {
        var nos = concerned.all.stream().map(one -> one.no).toList();
        var shared = concerned.sharing.entrySet().stream()
                .filter(one -> one.getValue() > Bonding.MAX_SHARING)
                .map(Map.Entry::getKey)
                .toList();
        return rules.find(tx, ws).compose(laid -> links.of(tx, ws, nos)
                .compose(found -> store.share(tx, ws, shared).compose(done -> {
                    var outcome = Bonding.of(concerned.all, found, concerned.bonds, concerned.sharing, laid.rules());
                    return store.judge(tx, ws, outcome.refused())
                            .compose(judged -> store.forget(tx, ws, outcome.forgotten()))
                            .compose(forgotten -> part(tx, ws, concerned.all, found, outcome, moves))
                            .compose(parted -> join(tx, ws, outcome, moves));
                })));
    }

    // ---- who is who ----

    /** Of each profile those stay whose it was in the beginning; all others become people of their own. */
    private Future<Void> part(
            SqlConnection tx, int ws, List<Identity> all, List<Link> found, Outcome outcome, List<Moves> moves) {
        var persons = new HashMap<Long, Person>();
        outcome.people().forEach(person -> person.ids().forEach(one -> persons.put(one.no, person)));
        var byProfile =
                all.stream().collect(Collectors.groupingBy(Identity::profileNo, TreeMap::new, Collectors.toList()));
        Future<Void> chain = Future.succeededFuture();
        for (var entry : byProfile.entrySet()) {
            int no = entry.getKey();
            var here = entry.getValue();
            var stays = persons.get(here.stream()
                    .min(Comparator.<Identity, Boolean>comparing(one -> !Objects.equals(one.ownNo(), no))
                            .thenComparing(one -> one.no))
                    .orElseThrow()
                    .no);
            var others = here.stream()
                    .map(one -> persons.get(one.no))
                    .filter(person -> person != stays)
                    .collect(Collectors.toCollection(LinkedHashSet::new));
            for (var person : others) {
                chain = chain.compose(done -> {
                    var left =
                            here.stream().filter(one -> one.profileNo() == no).toList();
                    var going = person.ids().stream()
                            .filter(left::contains)
                            .map(one -> one.no)
                            .collect(Collectors.toSet());
                    return regrouping
                            .part(tx, ws, no, left, new Parting(going, List.of()), found, null)
                            .map(parted -> {
                                moves.add(parted.moves());
                                return null;
                            });
                });
            }
        }
        return chain;
    }

    private Future<Void> join(SqlConnection tx, int ws, Outcome outcome, List<Moves> moves) {
        Future<Void> chain = Future.succeededFuture();
        for (var person : outcome.people()) {
            if (person.lead() != null) {
                chain = chain.compose(done -> join(tx, ws, person, moves));
            }
        }
        return chain;
    }

    private Future<Void> join(SqlConnection tx, int ws, Person person, List<Moves> moves) {
        int to = person.lead().profileNo();
        var others = person.ids().stream()
                .map(Identity::profileNo)
                .filter(no -> no != to)
                .collect(Collectors.toCollection(TreeSet::new));
        var moved = new HashSet<DerivedBatch.Moved>();
        Future<Void> chain = Future.succeededFuture();
        for (int from : others) {
            moved.add(new DerivedBatch.Moved(ws, from, to));
            chain = chain.compose(done -> ids(tx, ws, from, to))
                    .compose(ids -> regrouping.join(tx, ws, from, ids.get(from), to, ids.get(to)))
                    .map(joined -> {
                        moves.add(joined);
                        person.ids().forEach(one -> one.move(from, to));
                        return null;
                    });
        }
        return chain.compose(done -> moved.isEmpty() ? Future.succeededFuture() : makeRoom(tx, ws, moved, moves))
                .compose(done -> MergesService.userIds(person.ids()).size() > 1
                        ? store.name(tx, ws, to, name(person))
                        : Future.succeededFuture());
    }

    /** Of visitors' ids the newest stay. */
    private Future<Void> makeRoom(SqlConnection tx, int ws, Set<DerivedBatch.Moved> moved, List<Moves> moves) {
        return crowds.leave(tx, new HashMap<>(), moved).compose(left -> {
            var nos = new TreeSet<Integer>();
            moved.forEach(one -> nos.add(one.toNo()));
            left.forEach(one -> {
                nos.add(one.profileNo());
                moves.add(new Moves(new DerivedBatch.Moved(ws, one.loadedNo(), one.profileNo()), null));
            });
            return left.isEmpty() ? Future.succeededFuture() : deriver.refresh(tx, ws, nos);
        });
    }

    private Future<Map<Integer, UUID>> ids(SqlConnection tx, int ws, int one, int other) {
        return links.places(tx, ws, one, Set.of(other)).map(places -> {
            var ids = new LinkedHashMap<Integer, UUID>();
            places.forEach((no, place) -> ids.put(no, place.id()));
            return ids;
        });
    }

    /** What the latest alias says; else the userId of which an id was told first. */
    private static String name(Person person) {
        return person.ids().stream()
                .filter(one -> one.id.kind() == IdentityGraph.USER && one.claimUserId() != null)
                .max(Comparator.comparing(Identity::claimAt).thenComparing(Identity::claimId, Value::compare))
                .map(Identity::claimUserId)
                .orElse(person.lead().id.value());
    }
}
