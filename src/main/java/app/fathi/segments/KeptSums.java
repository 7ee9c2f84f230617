package app.fathi.segments;

import app.fathi.platform.retention.Kept;
import app.fathi.platform.retention.Kind;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;

/**
 * What events came to is kept as long as the events: then whoever did them is asked again. What no rule asks any more goes as well.
 * Steps that lie behind all windows go when the person is asked, see {@link SumsStore#summed}.
 */
public final class KeptSums implements Kept {
    private final SegmentsStore segments = new SegmentsStore();
    private final RulesStore rules = new RulesStore();
    private final MembershipStore people = new MembershipStore();
    private final SumsStore sums = new SumsStore();

    @Override
    public Kind kind() {
        return Kind.EVENTS;
    }

    /** After the events themselves. */
    @Override
    public Future<Integer> forget(SqlConnection tx, int ws, int days, int most) {
        return sums.firstKept(tx, days).compose(day -> forgetBefore(tx, ws, day, most));
    }

    @Override
    public Future<Integer> forgetEverywhere(SqlConnection tx, int days, int most) {
        return sums.firstKept(tx).compose(day -> sums.withDaysBefore(tx, day)
                .compose(ws -> ws.isPresent()
                        ? forgetBefore(tx, ws.get(), day, most)
                        : sums.workspaces(tx).compose(workspaces -> forgetUnasked(tx, workspaces.iterator(), most))));
    }

    /** Locked before what is theirs is deleted, as by all who do that. */
    private Future<Integer> forgetBefore(SqlConnection tx, int ws, long day, int most) {
        return sums.whose(tx, ws, day, most)
                .compose(found -> found.isEmpty()
                        ? Future.succeededFuture(0)
                        : people.wake(tx, ws, found).compose(done -> sums.forgetBefore(tx, ws, found, day)));
    }

    private Future<Integer> forgetUnasked(SqlConnection tx, Iterator<Integer> workspaces, int most) {
        if (!workspaces.hasNext()) {
            return Future.succeededFuture(0);
        }
        int ws = workspaces.next();
        return unasked(tx, ws)
                .compose(some -> some.isEmpty()
                        ? forgetUnasked(tx, workspaces, most)
                        : segments.lockAll(tx, ws)
                                .compose(locked -> unasked(tx, ws))
                                .compose(numbers -> sums.drop(tx, ws, numbers, most)
                                        .compose(gone -> gone == most
                                                ? Future.succeededFuture(gone)
                                                : sums.unnumber(tx, ws, numbers)
                                                        .compose(done -> rules.newVersion(tx, ws))
                                                        .map(Math.max(1, gone)))));
    }

    /** None while there is a rule that this version cannot read: nobody knows what it asks. */
    private Future<List<Integer>> unasked(SqlConnection tx, int ws) {
        return rules.dynamic(tx, ws).compose(all -> {
            var asked = new HashSet<String>();
            all.forEach(
                    segment -> asked.addAll(LiveSegments.needs(segment.rule()).keySet()));
            return sums.unasked(tx, ws, asked, all.size());
        });
    }
}
