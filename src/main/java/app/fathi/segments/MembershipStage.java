package app.fathi.segments;

import app.fathi.cdp.DerivedBatch;
import app.fathi.cdp.DerivedBatch.Changed;
import app.fathi.cdp.ProfileStage;
import app.fathi.segments.Membership.Did;
import app.fathi.segments.Membership.Touched;
import app.fathi.segments.rules.Rule.Call;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Moves people into segments and out of them as events come, in the transaction that takes the events. */
public final class MembershipStage implements ProfileStage {
    private final Membership membership;

    MembershipStage(Membership membership) {
        this.membership = membership;
    }

    @Override
    public Future<Void> apply(SqlConnection tx, DerivedBatch batch) {
        var byWorkspace = new TreeMap<Integer, Map<Integer, Touched>>();
        for (var change : batch.changes()) {
            byWorkspace
                    .computeIfAbsent(change.ws(), ws -> new TreeMap<>())
                    .put(change.profileNo(), new Touched(change, false, new ArrayList<>()));
        }
        for (var moved : batch.moved()) {
            var people = byWorkspace.computeIfAbsent(moved.ws(), ws -> new TreeMap<>());
            for (int no : new int[] {moved.fromNo(), moved.toNo()}) {
                people.put(no, new Touched(Changed.nothing(moved.ws(), no), true, new ArrayList<>()));
            }
        }
        for (var event : batch.events()) {
            Call.of(event.kind(), event.name()).ifPresent(call -> byWorkspace
                    .computeIfAbsent(event.ws(), ws -> new TreeMap<>())
                    .computeIfAbsent(
                            event.profileNo(),
                            no -> new Touched(Changed.nothing(event.ws(), no), false, new ArrayList<>()))
                    .events()
                    .add(new Did(call, event.at(), event.payload().getJsonObject("properties", new JsonObject()))));
        }
        var groups = batch.groups().stream().collect(Collectors.groupingBy(DerivedBatch.Group::ws));
        Future<Void> chain = Future.succeededFuture();
        for (var entry : byWorkspace.entrySet()) {
            chain = chain.compose(done -> membership.follow(
                            tx, entry.getKey(), entry.getValue(), groups.getOrDefault(entry.getKey(), List.of())))
                    .map(news -> {
                        news.forEach(batch::addFact);
                        return null;
                    });
        }
        return chain;
    }
}
