package app.fathi.segments;

import app.fathi.platform.db.Transactions;
import app.fathi.segments.GroupsStore.Changed;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;
import java.util.Set;

/**
 * Wakes who is in a group of which something became other, so that {@link MembershipTimers} asks them again: a piece in each
 * transaction, the groups by turns. What becomes other of a group meanwhile is told once more when all of its members were.
 */
final class GroupMembers {
    private static final int MEMBERS = 1_000;
    /** So many people are looked through for members of a large group at once. */
    private static final int LOOKED = 50_000;

    private final Transactions transactions;
    private final GroupsStore groups = new GroupsStore();
    private final MembershipStore people = new MembershipStore();

    GroupMembers(Transactions transactions) {
        this.transactions = transactions;
    }

    /**
     * One piece of one group.
     *
     * @return how many were woken; -1 where no group is left
     */
    Future<Integer> wake() {
        return transactions.run(tx -> groups.take(tx)
                .compose(taken -> taken.map(group -> wake(tx, group)).orElse(Future.succeededFuture(-1))));
    }

    private Future<Integer> wake(SqlConnection tx, Changed group) {
        return (group.next() > 0 ? Future.succeededFuture(List.<Integer>of()) : groups.some(tx, group, MEMBERS + 1))
                .compose(some -> group.next() > 0 || some.size() > MEMBERS
                        ? piece(tx, group)
                        : people.wake(tx, group.ws(), Set.copyOf(some))
                                .compose(woken -> end(tx, group).map(some.size())));
    }

    private Future<Integer> piece(SqlConnection tx, Changed group) {
        return groups.end(tx, group.ws()).compose(end -> {
            int upTo = Math.min(end, group.next() + LOOKED);
            return groups.next(tx, group, upTo, MEMBERS)
                    .compose(members -> people.wake(tx, group.ws(), members).compose(woken -> {
                        int next = members.size() < MEMBERS ? upTo : members.getLast() + 1;
                        return (next < end ? groups.goOn(tx, group, next) : end(tx, group)).map(members.size());
                    }));
        });
    }

    private Future<Void> end(SqlConnection tx, Changed group) {
        return group.again() ? groups.goOn(tx, group, 0) : groups.done(tx, group);
    }
}
