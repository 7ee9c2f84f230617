package app.fathi.cdp;

import app.fathi.cdp.LinksStore.Link;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which ids go when one person becomes two again, and which links hold no longer. Pure.
 *
 * @param going the numbers of the ids that go
 * @param cut links between who goes and who stays
 */
record Parting(Set<Long> going, List<Link> cut) {

    /** Whether the id goes. */
    boolean takes(Identity one) {
        return going.contains(one.no);
    }

    /**
     * An operator's merge is undone: its two ids part, and each takes along who is linked to it. Of links that would hold the two
     * together all the same the first to arrive count; what came later, while they were one, holds no longer. A visitor goes with who
     * has claimed it.
     */
    static Parting undo(Collection<Identity> all, List<Link> links, Link merge) {
        var sides = new Sides(merge.identityNo(), merge.otherNo());
        var nos = all.stream().map(one -> one.no).collect(Collectors.toSet());
        for (var link : links) {
            if (link.no() != merge.no() && nos.contains(link.identityNo()) && nos.contains(link.otherNo())) {
                sides.join(link.identityNo(), link.otherNo());
            }
        }
        var users = byUserId(all);
        all.stream()
                .filter(one -> one.id.kind() == IdentityGraph.VISITOR && users.containsKey(one.claimUserId()))
                .forEach(one -> sides.join(one.no, users.get(one.claimUserId())));
        return of(nos.stream().filter(sides::go).collect(Collectors.toSet()), links);
    }

    /** These ids go, and with them the visitors that they have claimed or that an operator has put to them. */
    static Parting naming(Collection<Identity> all, List<Link> links, Set<Long> named) {
        var going = new HashSet<>(named);
        var users = byUserId(all);
        for (var one : all) {
            if (one.id.kind() == IdentityGraph.VISITOR
                    && (going.contains(users.getOrDefault(one.claimUserId(), -1L))
                            || links.stream()
                                    .anyMatch(link -> link.identityNo() == one.no && named.contains(link.otherNo())))) {
                going.add(one.no);
            }
        }
        return of(going, links);
    }

    private static Parting of(Set<Long> going, List<Link> links) {
        return new Parting(
                going,
                links.stream()
                        .filter(link -> going.contains(link.identityNo()) != going.contains(link.otherNo()))
                        .toList());
    }

    private static Map<String, Long> byUserId(Collection<Identity> all) {
        return all.stream()
                .filter(one -> one.id.kind() == IdentityGraph.USER)
                .collect(Collectors.toMap(one -> one.id.value(), one -> one.no));
    }

    /** Sets that grow together, but never the two that part. */
    private static final class Sides {
        private final Map<Long, Long> parents = new HashMap<>();
        private final long goes;
        private final long stays;

        Sides(long goes, long stays) {
            this.goes = goes;
            this.stays = stays;
        }

        private long root(long no) {
            var parent = parents.getOrDefault(no, no);
            return parent == no ? no : root(parent);
        }

        void join(long one, long other) {
            var first = root(one);
            var second = root(other);
            var parting = Set.of(root(goes), root(stays));
            if (first != second && !(parting.contains(first) && parting.contains(second))) {
                parents.put(first, second);
            }
        }

        boolean go(long no) {
            return root(no) == root(goes);
        }
    }
}
