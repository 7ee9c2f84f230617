package app.fathi.cdp;

import app.fathi.platform.stream.StreamRecord;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** The events of one batch, each for the first time, and the facts that the stages conclude from them. */
public final class DerivedBatch {

    /**
     * @param kind {@code identify, track, page, screen, alias} or {@code interaction}
     * @param profileNo whose it is; null for interactions, which name it in their payload
     * @param at when it happened, by our clock
     */
    public record Event(int ws, String kind, JsonObject payload, Integer profileNo, Instant at) {}

    private final List<Event> events;
    private final List<StreamRecord> facts = new ArrayList<>();

    public DerivedBatch(List<Event> events) {
        this.events = List.copyOf(events);
    }

    public List<Event> events() {
        return events;
    }

    /** Appended to {@code facts} when the batch commits. */
    public void addFact(StreamRecord fact) {
        facts.add(fact);
    }

    List<StreamRecord> facts() {
        return facts;
    }
}
