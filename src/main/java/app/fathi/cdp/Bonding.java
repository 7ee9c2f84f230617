package app.fathi.cdp;

import app.fathi.cdp.Bond.Told;
import app.fathi.cdp.LinksStore.Link;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Who is one person by all that holds ids together. Pure: what comes out depends on what is known and on nothing else, not on the order
 * in which it came, so a replay of the events ends where they ended.
 *
 * <p>What was said outright counts first, whatever the limits: aliases, operators' merges, claims of visitors. Then the bonds, in the order of
 * (corrected time, messageId) of the event that told each first, and within one event the most important kind first. A bond makes two people one
 * unless they together would have more ids of any kind than one may: then it is refused, and what follows is judged without it. An event that
 * comes late may therefore refuse what had held before, and the two are parted again. Of whom an operator has said that they are nobody else come
 * last: they keep what nobody else has, and are joined with nobody.
 */
final class Bonding {
    /** Known people of whom one id may be told. One that more have is a family's, a shop's or a mistake, and nobody's. */
    static final int MAX_SHARING = 10;

    /** Ids of one kind that are kept of one userId: those that were told first. */
    static final int MAX_TOLD = 50;

    /** All ids of one person, and the userId of whom their first id was told; null where none was. */
    record Person(List<Identity> ids, Identity lead) {}

    /**
     * @param refused of each bond why it does not hold; null where it does
     * @param forgotten those that are beyond what is kept
     */
    record Outcome(List<Person> people, Map<Bond, String> refused, List<Bond> forgotten) {}

    private final IdentityRules rules;
    private final Map<Long, Long> parents = new HashMap<>();
    private final Map<String, Identity> users;
    /** By the root of a person how many ids of each kind they have. */
    private final Map<Long, Map<String, Integer>> counts = new HashMap<>();

    private Bonding(Collection<Identity> all, IdentityRules rules) {
        this.rules = rules;
        this.users = all.stream()
                .filter(one -> one.id.kind() == IdentityGraph.USER)
                .collect(Collectors.toMap(one -> one.id.value(), one -> one));
    }

    /**
     * @param all each id of each person whom any of the bonds is about
     * @param links what aliases and operators have said of them
     * @param sharing of how many known people each id was told; those of whom it is not known are those among the bonds
     */
    static Outcome of(
            Collection<Identity> all,
            Collection<Link> links,
            Collection<Bond> bonds,
            Map<Told, Integer> sharing,
            IdentityRules rules) {
        var bonding = new Bonding(all, rules);
        bonding.outright(all, links);
        bonding.glue(all, bonds);
        all.stream()
                .filter(one -> one.id.kind() == IdentityGraph.USER)
                .forEach(one -> bonding.count(one.no, IdentityRules.USER_ID));
        var kept = new ArrayList<Bond>();
        var forgotten = new ArrayList<Bond>();
        var told = new HashMap<List<String>, Integer>();
        bonds.stream()
                .filter(bond -> bonding.users.containsKey(bond.userId()))
                .sorted(Comparator.<Bond, Boolean>comparing(
                                bond -> bonding.users.get(bond.userId()).isSettled())
                        .thenComparing(Bond.order(rules)))
                .forEach(bond -> (told.merge(List.of(bond.userId(), bond.kind()), 1, Integer::sum) <= MAX_TOLD
                                ? kept
                                : forgotten)
                        .add(bond));
        var refused = bonding.judge(kept, sharing);
        return bonding.outcome(all, kept, refused, forgotten);
    }

    private void outright(Collection<Identity> all, Collection<Link> links) {
        var nos = all.stream().map(one -> one.no).collect(Collectors.toSet());
        links.stream()
                .filter(link -> nos.contains(link.identityNo()) && nos.contains(link.otherNo()))
                .forEach(link -> join(link.identityNo(), link.otherNo()));
        all.stream().filter(one -> one.id.kind() == IdentityGraph.VISITOR).forEach(one -> {
            var user = one.claimUserId() == null ? null : users.get(one.claimUserId());
            if (user != null && user.profileNo() == one.profileNo()) {
                join(one.no, user.no);
            }
        });
    }

    /** Of people from before links were remembered nobody knows what holds them: whatever is not held by bonds stays as it is. */
    private void glue(Collection<Identity> all, Collection<Bond> bonds) {
        var held = new Bonding(all, rules);
        held.parents.putAll(parents);
        var owners = new HashMap<Told, Identity>();
        bonds.stream().filter(Bond::holds).forEach(bond -> {
            var user = users.get(bond.userId());
            var owner = user == null ? null : owners.putIfAbsent(bond.told(), user);
            if (owner != null) {
                held.join(owner.no, user.no);
            }
        });
        all.stream()
                .collect(Collectors.groupingBy(Identity::profileNo))
                .values()
                .forEach(one -> {
                    var pieces = new HashSet<Long>();
                    one.stream()
                            .filter(id -> pieces.add(held.root(id.no)))
                            .forEach(id -> join(one.getFirst().no, id.no));
                });
    }

    private Map<Bond, String> judge(List<Bond> bonds, Map<Told, Integer> sharing) {
        var carriers = new HashMap<Told, Set<String>>();
        bonds.forEach(bond ->
                carriers.computeIfAbsent(bond.told(), none -> new HashSet<>()).add(bond.userId()));
        var owners = new HashMap<Told, Identity>();
        var refused = new HashMap<Bond, String>();
        for (var bond : bonds) {
            var kind = rules.more(bond.kind());
            int people = Math.max(carriers.get(bond.told()).size(), sharing.getOrDefault(bond.told(), 0));
            refused.put(
                    bond,
                    kind.isEmpty()
                            ? Bond.KIND
                            : kind.get().isBlocked(bond.value())
                                    ? Bond.BLOCKED
                                    : people > MAX_SHARING ? Bond.SHARED : judge(bond, owners));
        }
        return refused;
    }

    /** Why it does not hold; null where it does. */
    private String judge(Bond bond, Map<Told, Identity> owners) {
        var user = users.get(bond.userId());
        var owner = owners.get(bond.told());
        if (owner == null) {
            if (counted(user.no, bond.kind()) >= rules.limit(bond.kind())) {
                return Bond.LIMIT;
            }
            owners.put(bond.told(), user);
            count(user.no, bond.kind());
            return null;
        }
        if (root(owner.no) == root(user.no)) {
            return null;
        }
        if (user.isSettled()) {
            return Bond.OPERATOR;
        }
        if (rules.kinds().stream().anyMatch(kind -> beyond(kind, owner, user))) {
            return Bond.LIMIT;
        }
        join(user.no, owner.no);
        return null;
    }

    /** Of visitors' ids the newest stay whatever comes, see {@link Crowds}. */
    private boolean beyond(IdentityRules.Kind kind, Identity one, Identity other) {
        return counted(one.no, kind.name()) + counted(other.no, kind.name()) > kind.limit();
    }

    private int counted(long no, String kind) {
        return counts.getOrDefault(root(no), Map.of()).getOrDefault(kind, 0);
    }

    private void count(long no, String kind) {
        counts.computeIfAbsent(root(no), none -> new HashMap<>()).merge(kind, 1, Integer::sum);
    }

    private Outcome outcome(
            Collection<Identity> all, List<Bond> bonds, Map<Bond, String> refused, List<Bond> forgotten) {
        var leads = new HashMap<Long, Identity>();
        bonds.stream().filter(bond -> refused.get(bond) == null).forEach(bond -> {
            var user = users.get(bond.userId());
            leads.putIfAbsent(root(user.no), user);
        });
        var people = new ArrayList<Person>();
        all.stream()
                .collect(Collectors.groupingBy(one -> root(one.no), TreeMap::new, Collectors.toList()))
                .forEach((root, ids) -> people.add(new Person(ids, leads.get(root))));
        return new Outcome(people, refused, forgotten);
    }

    private long root(long no) {
        var root = no;
        while (true) {
            long parent = parents.getOrDefault(root, root);
            if (parent == root) {
                return root;
            }
            // Half of the way is cut off for who comes after.
            long above = parents.getOrDefault(parent, parent);
            parents.put(root, above);
            root = above;
        }
    }

    private void join(long one, long other) {
        var first = root(one);
        var second = root(other);
        if (first == second) {
            return;
        }
        parents.put(first, second);
        var gone = counts.remove(first);
        if (gone != null) {
            gone.forEach((kind, many) ->
                    counts.computeIfAbsent(second, none -> new HashMap<>()).merge(kind, many, Integer::sum));
        }
    }
}
