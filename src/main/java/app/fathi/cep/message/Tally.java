package app.fathi.cep.message;

import io.vertx.core.json.JsonObject;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What became of a message.
 *
 * @param state {@code queued}, {@code sending}, {@code completed} or {@code cancelled}
 * @param failure why its people could not be found to the end; null where they were
 * @param counts as {@link MessageStatus#counts()}
 * @param reasons as {@link MessageStatus#reasons()}
 */
public record Tally(String state, String failure, Map<String, Long> counts, Map<String, Long> reasons) {
    /** Of nothing. */
    public static final Tally EMPTY = of(null, null, 0, null, null);

    public boolean isOver() {
        return state.equals(RunState.COMPLETED.word()) || state.equals(RunState.CANCELLED.word());
    }

    public boolean isCancelled() {
        return state.equals(RunState.CANCELLED.word());
    }

    /** Both together; what state they are in is not told. */
    public Tally and(Tally other) {
        return new Tally(null, null, sum(counts, other.counts), sum(reasons, other.reasons));
    }

    private static Map<String, Long> sum(Map<String, Long> one, Map<String, Long> other) {
        var sum = new TreeMap<>(one);
        other.forEach((name, n) -> sum.merge(name, n, Long::sum));
        return sum;
    }

    /**
     * How much of the ledger the counts hold for: a number that grows with each change of what is counted, be it a person who was found,
     * a delivery that ended or a click. Of one message, or of the same messages, the same position is the same counts, and of two the
     * higher one is the later.
     */
    public long position() {
        long ended =
                counts.get(State.ACCEPTED.word()) + counts.get(State.FAILED.word()) + counts.get(State.SKIPPED.word());
        long begun = counts.get("waiting") + ended;
        return begun
                + ended
                + counts.get(Reason.SHOWN.word())
                + counts.get(Reason.CLICKED.word())
                + counts.get(Reason.CLOSED.word());
    }

    /** {@code counts} and {@code reasons} of the contract's {@code Message}. */
    public JsonObject toJson() {
        return new JsonObject().put("counts", json(counts)).put("reasons", json(reasons));
    }

    public static Tally of(JsonObject json) {
        return new Tally(null, null, map(json.getJsonObject("counts")), map(json.getJsonObject("reasons")));
    }

    private static JsonObject json(Map<String, Long> map) {
        var json = new JsonObject();
        map.forEach(json::put);
        return json;
    }

    private static Map<String, Long> map(JsonObject json) {
        var map = new TreeMap<String, Long>();
        json.fieldNames().forEach(name -> map.put(name, json.getLong(name)));
        return map;
    }

    /** @param keys codes of {@link Reason}, or 0 for devices beyond a person's first; null for none */
    public static Tally of(String state, String failure, long planned, Short[] keys, Long[] sums) {
        var reasons = new TreeMap<String, Long>();
        var byState = new EnumMap<State, Long>(State.class);
        var interactions = new TreeMap<String, Long>();
        long further = 0;
        long ended = 0;
        for (int i = 0; keys != null && i < keys.length; i++) {
            if (keys[i] == 0) {
                further = sums[i];
                continue;
            }
            var reason = Reason.of(keys[i]);
            if (reason.finalState() == null) {
                interactions.put(reason.word(), sums[i]);
            } else {
                reasons.put(reason.word(), sums[i]);
                byState.merge(reason.finalState(), sums[i], Long::sum);
                ended += sums[i];
            }
        }
        var counts = new TreeMap<String, Long>();
        counts.put("planned", planned);
        counts.put("waiting", planned + further - ended);
        for (var end : List.of(State.ACCEPTED, State.FAILED, State.SKIPPED)) {
            counts.put(end.word(), byState.getOrDefault(end, 0L));
        }
        for (var interaction : List.of(Reason.SHOWN, Reason.CLICKED, Reason.CLOSED)) {
            counts.put(interaction.word(), interactions.getOrDefault(interaction.word(), 0L));
        }
        return new Tally(state, failure, counts, reasons);
    }
}
