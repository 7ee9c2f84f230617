package app.fathi.segments;

import app.fathi.cdp.DerivedBatch;
import app.fathi.platform.stream.StreamRecord;
import app.fathi.segments.LiveSegments.Atom;
import app.fathi.segments.LiveSegments.Live;
import app.fathi.segments.LiveSegments.Series;
import app.fathi.segments.MembershipStore.Counted;
import app.fathi.segments.MembershipStore.Person;
import app.fathi.segments.rules.Mentions;
import app.fathi.segments.rules.NextChange;
import app.fathi.segments.rules.Rule.Call;
import app.fathi.segments.rules.RuleEngine;
import app.fathi.segments.rules.Summed;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Keeps who is in which dynamic segment. People are asked after an event ({@link MembershipStage}), when their moment has
 * come or somebody else said that something about them has changed ({@link MembershipTimers}), and all of them when a rule is
 * new ({@link RebuildJob}): always here, under the lock of their row, in the transaction of what made it necessary.
 */
final class Membership {
    private static final int MAX_WORKSPACES = 1_000;

    private final Vertx vertx;
    private final RulesStore segments;
    private final GroupsStore groups = new GroupsStore();
    private final MembershipStore store = new MembershipStore();
    private final SumsStore sums = new SumsStore();
    private final PeopleStore people = new PeopleStore();
    private final Cache<Integer, LiveSegments> rules =
            Caffeine.newBuilder().maximumSize(MAX_WORKSPACES).build();

    Membership(Vertx vertx, RulesStore segments) {
        this.vertx = vertx;
        this.segments = segments;
    }

    /** One event of a kind that a rule may count. */
    record Did(Call call, Instant at, JsonObject properties) {}

    /**
     * What became other of a person.
     *
     * @param change traits and all else that may have become other
     * @param everything somebody else's events are theirs now, or theirs somebody else's
     */
    record Touched(DerivedBatch.Changed change, boolean everything, List<Did> events) {}

    /** The rules as they stand until the transaction ends; empty for a workspace that never had a dynamic segment. */
    Future<Optional<LiveSegments>> rules(SqlConnection tx, int ws) {
        // Sent one behind the other: the database goes by their order, so nobody has to wait in between.
        var held = store.holdRules(tx, ws);
        var current = store.version(tx, ws);
        return held.compose(done -> current)
                .compose(version -> version.isEmpty()
                        ? Future.succeededFuture(Optional.empty())
                        : rules(tx, ws, version.get()).map(Optional::of));
    }

    private Future<LiveSegments> rules(SqlConnection tx, int ws, long version) {
        var known = rules.getIfPresent(ws);
        if (known != null && known.version() == version) {
            return Future.succeededFuture(known);
        }
        return segments.dynamic(tx, ws).compose(list -> store.atoms(tx, ws).map(atoms -> {
            var read = new LiveSegments(version, list, atoms);
            rules.put(ws, read);
            return read;
        }));
    }

    /** After a batch of events: asks those of whom something became other that a rule speaks of. What is news is told. */
    Future<List<StreamRecord>> follow(
            SqlConnection tx, int ws, Map<Integer, Touched> touched, Collection<DerivedBatch.Group> groups) {
        var rules = rules(tx, ws);
        var strangers = store.strangers(tx, ws, touched.keySet());
        return rules.compose(found -> lookLater(tx, ws, groups, found)
                .compose(done -> strangers)
                .compose(unknown -> store.enter(tx, ws, unknown))
                .compose(fresh -> found.isEmpty()
                        ? Future.succeededFuture(List.of())
                        : follow(tx, ws, touched, fresh, found.get())));
    }

    /**
     * Whoever is in a group of which something became other that a rule asks for is asked again, by {@link MembershipTimers}. Before anybody
     * is locked, as they do it.
     */
    private Future<Void> lookLater(
            SqlConnection tx, int ws, Collection<DerivedBatch.Group> groups, Optional<LiveSegments> rules) {
        var asked = groups.stream()
                .filter(group -> rules.isPresent() && rules.get().askGroups(group.traits()))
                .map(DerivedBatch.Group::id)
                .collect(Collectors.toCollection(TreeSet::new));
        return asked.isEmpty()
                ? Future.succeededFuture()
                : this.groups.changed(tx, ws, asked).onSuccess(done -> MembershipTimers.wakeAfter(vertx, tx));
    }

    private Future<List<StreamRecord>> follow(
            SqlConnection tx, int ws, Map<Integer, Touched> touched, Set<Integer> fresh, LiveSegments rules) {
        var questions = new TreeMap<Integer, Collection<Live>>();
        var moved = new HashSet<Integer>();
        touched.forEach((no, change) -> {
            if (change.everything()) {
                moved.add(no);
            }
            var concerned = fresh.contains(no) || change.everything() ? rules.all() : concerned(rules, change);
            if (!concerned.isEmpty()) {
                questions.put(no, concerned);
            }
        });
        if (questions.isEmpty()) {
            return Future.succeededFuture(List.of());
        }
        return see(tx, ws, rules, questions, null).compose(seen -> {
            var counts = new Counts(rules::atoms, rules::series, seen.moments());
            touched.forEach((no, change) -> {
                if (!moved.contains(no)) {
                    change.events().forEach(event -> counts.count(no, event, null));
                }
            });
            // Of those who became others everything is counted again.
            return recount(tx, ws, rules.atoms(), rules.series(), moved).compose(again -> {
                seen.moments().putAll(again);
                var kept = store.keep(tx, ws, counts.changed());
                var added = sums.add(tx, ws, counts.sums());
                var news = conclude(tx, ws, rules, questions, seen);
                return kept.compose(done -> added).compose(done -> news);
            });
        });
    }

    /**
     * What is known of people who are asked something, under the locks of their rows.
     *
     * @param moments by person and behaviour
     */
    private record Seen(
            List<Person> people, Map<Integer, Map<Integer, long[]>> moments, Map<Integer, Known> known, Instant now) {}

    /** @param clock null for the database's */
    private Future<Seen> see(
            SqlConnection tx, int ws, LiveSegments rules, Map<Integer, Collection<Live>> questions, Instant clock) {
        var groupTraits = new HashSet<String>();
        var looked = new HashSet<Integer>();
        var counted = new HashSet<Counted>();
        questions.forEach((no, lives) -> lives.forEach(live -> {
            groupTraits.addAll(live.groupTraits());
            live.atoms().forEach(atom -> counted.add(new Counted(no, atom)));
            if (live.looks()) {
                looked.add(no);
            }
        }));
        // One behind the other as well: all that follows the lock is as whoever had it before has left it.
        var locked = store.lock(tx, ws, questions.keySet());
        var moments = counted.isEmpty()
                ? Future.succeededFuture(new HashMap<Integer, Map<Integer, long[]>>())
                : store.moments(tx, ws, counted);
        var now = clock == null ? store.now(tx) : Future.succeededFuture(clock);
        boolean messages =
                questions.values().stream().anyMatch(lives -> lives.stream().anyMatch(rules::asksMessages));
        var known = people.known(
                tx,
                ws,
                questions.keySet(),
                looked,
                new Mentions(Set.of(), Set.of(), Set.of(), groupTraits, rules.staticSegments(), messages));
        return locked.compose(all ->
                moments.compose(kept -> now.compose(moment -> known.map(of -> new Seen(all, kept, of, moment)))));
    }

    private static Collection<Live> concerned(LiveSegments rules, Touched touched) {
        var concerned = new LinkedHashSet<Live>();
        var change = touched.change();
        change.traits().forEach(name -> concerned.addAll(rules.ofTrait(name)));
        touched.events().forEach(event -> concerned.addAll(rules.ofEvent(event.call())));
        if (change.consents()) {
            concerned.addAll(rules.ofConsent());
        }
        if (change.tags()) {
            concerned.addAll(rules.ofTags());
        }
        if (change.groups()) {
            concerned.addAll(rules.ofGroups());
        }
        return concerned;
    }

    /** Counts from the events themselves and puts it down; people of whom there is nothing are in the answer, too. */
    Future<Map<Integer, Map<Integer, long[]>>> recount(
            SqlConnection tx, int ws, Collection<Atom> atoms, Collection<Series> series, Collection<Integer> who) {
        if (who.isEmpty() || atoms.isEmpty() && series.isEmpty()) {
            return Future.succeededFuture(Map.of());
        }
        var calls = new HashSet<Call>();
        var properties = new HashSet<String>();
        Stream.concat(atoms.stream().map(Atom::behaviour), series.stream().map(one -> one.asked()
                        .behaviour()))
                .forEach(behaviour -> {
                    calls.add(behaviour.call());
                    properties.addAll(Mentions.properties(behaviour));
                });
        series.stream()
                .filter(one -> one.asked().property() != null)
                .forEach(one -> properties.add(one.asked().property().root()));
        var counts = Counts.anew(atoms, series);
        who.forEach(no -> counts.moments().put(no, new HashMap<>()));
        return people.each(tx, ws, who, calls, properties, counts::count)
                .compose(done ->
                        store.forget(tx, ws, who, atoms.stream().map(Atom::no).toList()))
                .compose(done ->
                        sums.forget(tx, ws, who, series.stream().map(Series::no).toList()))
                .compose(done -> store.keep(tx, ws, counts.changed()))
                .compose(done -> sums.add(tx, ws, counts.sums()))
                .map(counts.moments());
    }

    /**
     * Asks people everything again: time has passed, or somebody said that they became others. What is news is told.
     *
     * @param now null for the database's clock
     */
    Future<List<StreamRecord>> again(SqlConnection tx, int ws, Collection<Integer> who, Instant now) {
        return rules(tx, ws).compose(found -> {
            var rules = found.orElse(new LiveSegments(0, List.of(), Map.of()));
            var questions = new TreeMap<Integer, Collection<Live>>();
            who.forEach(no -> questions.put(no, rules.all()));
            return see(tx, ws, rules, questions, now).compose(seen -> conclude(tx, ws, rules, questions, seen));
        });
    }

    /** Asks people new rules, and those who have no row yet all rules. What comes of it is no news. */
    Future<Void> ask(SqlConnection tx, int ws, LiveSegments rules, List<Live> lives, Collection<Integer> who) {
        var atoms = lives.stream()
                .flatMap(live -> LiveSegments.counted(live.rule()).keySet().stream())
                .map(rules::atom)
                .collect(Collectors.toSet());
        var series = lives.stream()
                .flatMap(live -> live.asked().stream())
                .map(rules::series)
                .collect(Collectors.toSet());
        return store.enter(tx, ws, who).compose(fresh -> store.lock(tx, ws, who).compose(locked -> {
            var questions = new TreeMap<Integer, Collection<Live>>();
            locked.forEach(one -> questions.put(one.no(), fresh.contains(one.no()) ? rules.all() : lives));
            return recount(tx, ws, atoms, series, who)
                    .compose(done -> recount(tx, ws, rules.atoms(), rules.series(), fresh))
                    .compose(done -> see(tx, ws, rules, questions, null))
                    .compose(seen -> conclude(tx, ws, rules, questions, seen))
                    .mapEmpty();
        }));
    }

    private Future<List<StreamRecord>> conclude(
            SqlConnection tx, int ws, LiveSegments rules, Map<Integer, Collection<Live>> questions, Seen seen) {
        var asked = new LinkedHashSet<SumsStore.Question>();
        questions.forEach((no, lives) -> lives.forEach(
                live -> live.asked().forEach(one -> asked.add(new SumsStore.Question(no, rules.series(one), one)))));
        return sums.summed(tx, ws, List.copyOf(asked), seen.now())
                .compose(summed -> conclude(tx, ws, rules, questions, seen, summed));
    }

    private Future<List<StreamRecord>> conclude(
            SqlConnection tx,
            int ws,
            LiveSegments rules,
            Map<Integer, Collection<Live>> questions,
            Seen seen,
            Map<Integer, Map<Summed.Asked, Summed>> summed) {
        var changed = new ArrayList<Person>();
        var news = new ArrayList<StreamRecord>();
        for (var person : seen.people()) {
            // Nobody is left of who became part of somebody else.
            var known = seen.known().get(person.no());
            var after = known == null
                    ? new Person(person.no(), new int[0], null)
                    : answer(
                            rules,
                            person,
                            questions.get(person.no()),
                            new LivePerson(
                                    known,
                                    rules,
                                    seen.moments().getOrDefault(person.no(), Map.of()),
                                    summed.getOrDefault(person.no(), Map.of())),
                            seen.now());
            if (!Arrays.equals(after.members(), person.members()) || !Objects.equals(after.due(), person.due())) {
                changed.add(after);
                news.addAll(news(ws, rules, person, after, seen.now()));
            }
        }
        return store.update(tx, ws, changed).map(news);
    }

    /** When everything was asked the moment of the next question is known; else it can only come nearer. */
    private static Person answer(
            LiveSegments rules, Person before, Collection<Live> asked, LivePerson person, Instant now) {
        var whole = asked.size() == rules.all().size();
        var members = new TreeSet<Integer>();
        for (int no : before.members()) {
            if (rules.knows(no)) {
                members.add(no);
            }
        }
        var due = whole ? null : before.due();
        for (var live : asked) {
            if (RuleEngine.evaluate(live.rule(), person, now).holds()) {
                members.add(live.no());
            } else {
                members.remove(live.no());
            }
            var next = NextChange.after(live.rule(), person, now).orElse(null);
            if (next != null && (due == null || next.isBefore(due))) {
                due = next;
            }
        }
        return new Person(
                before.no(), members.stream().mapToInt(Integer::intValue).toArray(), due);
    }

    /** Whoever turns membership round looks at each of these; people are told only of segments that everybody was asked. */
    private static List<StreamRecord> news(int ws, LiveSegments rules, Person before, Person after, Instant now) {
        if (Arrays.equals(before.members(), after.members())) {
            return List.of();
        }
        var news = new ArrayList<StreamRecord>();
        for (var live : rules.all()) {
            // Both are in ascending order.
            boolean was = Arrays.binarySearch(before.members(), live.no()) >= 0;
            boolean is = Arrays.binarySearch(after.members(), live.no()) >= 0;
            if (was != is) {
                var kind = !live.kept() ? MembershipFacts.COUNTED : is ? MembershipFacts.ENTERED : MembershipFacts.LEFT;
                news.add(MembershipFacts.fact(ws, kind, live.id(), live.no(), before.no(), now));
            }
        }
        return news;
    }
}
