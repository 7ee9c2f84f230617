package app.fathi.webpush;

import app.fathi.cdp.DerivedBatch;
import app.fathi.cdp.ProfileStage;
import app.fathi.platform.stream.StreamRecord;
import app.fathi.webpush.PromptsStore.Told;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.time.ZoneOffset;
import java.util.Comparator;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;

/** Counts what pages tell of prompts: events like any other, so they come once and survive lost connections. */
final class PromptStage implements ProfileStage {
    private static final String SHOWN = "Prompt Shown";
    private static final String ACCEPTED = "Prompt Accepted";
    private static final String REFUSED = "Prompt Refused";

    private record Key(int ws, UUID prompt, int profileNo) {}

    private final PromptsStore store;

    PromptStage(PromptsStore store) {
        this.store = store;
    }

    @Override
    public Future<Void> apply(SqlConnection tx, DerivedBatch batch) {
        var told = new TreeMap<Key, Told>(
                Comparator.comparing(Key::prompt).thenComparing(Key::profileNo).thenComparing(Key::ws));
        for (var event : batch.events()) {
            told(event)
                    .ifPresent(one ->
                            told.merge(new Key(one.ws(), one.prompt(), one.profileNo()), one, PromptStage::both));
        }
        if (told.isEmpty()) {
            return Future.succeededFuture();
        }
        return store.count(tx, told.values()).map(known -> {
            told.values().stream()
                    .filter(one -> one.refused() > 0 && known.contains(one.prompt()))
                    .forEach(one -> batch.addFact(new StreamRecord(
                            one.ws(),
                            "#" + one.profileNo(),
                            "prompt.refused",
                            new JsonObject()
                                    .put("promptId", one.prompt().toString())
                                    .put("profileNo", one.profileNo()))));
            return null;
        });
    }

    private static Optional<Told> told(DerivedBatch.Event event) {
        var name = event.payload().getString("event", "");
        if (!event.kind().equals("track")
                || !(name.equals(SHOWN) || name.equals(ACCEPTED) || name.equals(REFUSED))
                || !(event.payload()
                                .getJsonObject("properties", new JsonObject())
                                .getValue("promptId")
                        instanceof String id)) {
            return Optional.empty();
        }
        try {
            var at = event.at().atOffset(ZoneOffset.UTC);
            return Optional.of(new Told(
                    event.ws(),
                    UUID.fromString(id),
                    event.profileNo(),
                    name.equals(SHOWN) ? 1 : 0,
                    name.equals(ACCEPTED) ? 1 : 0,
                    name.equals(REFUSED) ? 1 : 0,
                    name.equals(REFUSED) ? at : null,
                    at));
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // somebody else's event of this name
        }
    }

    private static Told both(Told one, Told other) {
        return new Told(
                one.ws(),
                one.prompt(),
                one.profileNo(),
                one.shown() + other.shown(),
                one.accepted() + other.accepted(),
                one.refused() + other.refused(),
                one.refusedAt() == null
                                || other.refusedAt() != null
                                        && other.refusedAt().isAfter(one.refusedAt())
                        ? other.refusedAt()
                        : one.refusedAt(),
                one.lastAt().isAfter(other.lastAt()) ? one.lastAt() : other.lastAt());
    }
}
