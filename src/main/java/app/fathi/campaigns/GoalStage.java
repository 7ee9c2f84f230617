package app.fathi.campaigns;

import app.fathi.campaigns.GoalsStore.Armed;
import app.fathi.campaigns.GoalsStore.Candidate;
import app.fathi.cdp.DerivedBatch;
import app.fathi.cdp.ProfileStage;
import app.fathi.segments.rules.RuleEngine;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Records who did what a campaign is for, in the transaction that takes the event; when people become one, what both did is that
 * one's. A batch costs a look at one number; only
 * where an event is looked for the ledger is asked whom a message had reached.
 */
public final class GoalStage implements ProfileStage {
    private static final String TRACK = "track";

    private final GoalsStore store = new GoalsStore();
    private final EntriesStore entries = new EntriesStore();
    private volatile Known known = new Known(-1, Map.of());

    private record Place(int ws, String event) {}

    /** @param version by which it was read */
    private record Known(long version, Map<Place, List<Armed>> byEvent) {}

    GoalStage() {}

    @Override
    public Future<Void> apply(SqlConnection tx, DerivedBatch batch) {
        // Before what is done now: it is one person's from the first on.
        var moved = List.copyOf(batch.moved());
        return (moved.isEmpty()
                        ? Future.<Void>succeededFuture()
                        : store.follow(tx, moved).compose(done -> entries.unite(tx, moved)))
                .compose(done -> look(tx, batch));
    }

    private Future<Void> look(SqlConnection tx, DerivedBatch batch) {
        return batch.events().stream().noneMatch(event -> event.kind().equals(TRACK))
                ? Future.succeededFuture()
                : store.version(tx)
                        .compose(version -> version == known.version ? Future.succeededFuture() : learn(tx, version))
                        .compose(done -> {
                            var found = candidates(batch);
                            return found.isEmpty() ? Future.succeededFuture() : store.record(tx, found);
                        });
    }

    /** What is over by now is left out as well: it goes with the next change. */
    private Future<Void> learn(SqlConnection tx, long version) {
        return store.armed(tx).map(armed -> {
            known = new Known(
                    version,
                    armed.stream()
                            .collect(Collectors.groupingBy(one ->
                                    new Place(one.ws(), one.behaviour().call().name()))));
            return null;
        });
    }

    private List<Candidate> candidates(DerivedBatch batch) {
        var byEvent = known.byEvent;
        var found = new ArrayList<Candidate>();
        if (byEvent.isEmpty()) {
            return found;
        }
        for (var event : batch.events()) {
            if (!event.kind().equals(TRACK) || event.profileNo() == null) {
                continue;
            }
            var payload = event.payload();
            for (var armed : byEvent.getOrDefault(new Place(event.ws(), payload.getString("event")), List.of())) {
                var properties = payload.getJsonObject("properties", new JsonObject());
                if (RuleEngine.fits(armed.behaviour(), properties)) {
                    found.add(new Candidate(
                            event.ws(),
                            armed.campaign(),
                            event.profileNo(),
                            payload.getString("messageId"),
                            event.at(),
                            value(properties),
                            currency(properties)));
                }
            }
        }
        return found;
    }

    /** As Segment's events name it. */
    private static Double value(JsonObject properties) {
        for (var name : List.of("value", "revenue", "total")) {
            if (properties.getValue(name) instanceof Number number && Double.isFinite(number.doubleValue())) {
                return number.doubleValue();
            }
        }
        return null;
    }

    /** ISO 4217 alone: what is none would be summed with what is. */
    private static String currency(JsonObject properties) {
        return properties.getValue("currency") instanceof String text && text.matches("[A-Z]{3}") ? text : null;
    }
}
