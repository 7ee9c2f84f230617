package app.fathi.segments;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.Collection;
import java.util.UUID;

/** Who is put into static segments and taken out of them; rules that name these ask people again then. */
final class StaticMembers {
    private final SegmentsStore store = new SegmentsStore();
    private final MembershipStore membership = new MembershipStore();

    /** How many of them were not in it before. */
    Future<Integer> put(SqlConnection tx, int ws, UUID segment, Collection<Integer> people) {
        return store.add(tx, ws, segment, people)
                .compose(added -> membership.wake(tx, ws, people).map(added));
    }

    /** How many of them were in it, also as somebody who became part of them. */
    Future<Integer> take(SqlConnection tx, int ws, UUID segment, Collection<Integer> people) {
        return store.remove(tx, ws, segment, people)
                .compose(removed -> membership.wake(tx, ws, people).map(removed));
    }
}
