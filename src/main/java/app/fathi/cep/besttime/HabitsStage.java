package app.fathi.cep.besttime;

import app.fathi.cdp.DerivedBatch;
import app.fathi.cdp.DerivedBatch.Moved;
import app.fathi.cdp.ProfileStage;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;

/** Who becomes one person with somebody else has the habits of both; who becomes two have those of both as one. */
public final class HabitsStage implements ProfileStage {
    @Override
    public Future<Void> apply(SqlConnection tx, DerivedBatch batch) {
        Future<Void> done = Future.succeededFuture();
        for (int ws : batch.moved().stream().map(Moved::ws).distinct().sorted().toList()) {
            var here = batch.moved().stream().filter(one -> one.ws() == ws).toList();
            done = done.compose(before -> unite(tx, ws, here));
        }
        return done;
    }

    private static Future<Void> unite(SqlConnection tx, int ws, List<Moved> moved) {
        var people = new TreeSet<Integer>();
        moved.forEach(one -> {
            people.add(one.fromNo());
            people.add(one.toNo());
        });
        return HabitsStore.read(tx, ws, people)
                .compose(known -> known.isEmpty()
                        ? Future.succeededFuture()
                        : HabitsStore.lock(tx, ws, people).compose(habits -> {
                            var united = new TreeMap<Integer, Habits>();
                            for (var one : moved) {
                                var both = habits.getOrDefault(one.toNo(), Habits.NONE)
                                        .and(habits.getOrDefault(one.fromNo(), Habits.NONE));
                                habits.put(one.toNo(), both);
                                if (!both.isEmpty()) {
                                    united.put(one.toNo(), both);
                                }
                            }
                            return united.isEmpty() ? Future.succeededFuture() : HabitsStore.write(tx, ws, united);
                        }));
    }
}
