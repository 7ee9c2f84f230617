package app.fathi.bench;

import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * Contenders that take turns: each works alone, and whatever the machine does meanwhile, it does to all of them. Every
 * second round goes backwards, so that none is always the one after the same other.
 */
public final class Rounds {
    private static final int WARM_TURN_MILLIS = 500;

    private final Map<String, IntFunction<JsonObject>> turns = new LinkedHashMap<>();
    private final Map<String, List<JsonObject>> answers = new LinkedHashMap<>();

    /** @param ask works for so many milliseconds; what it measured */
    public Rounds turn(String name, IntFunction<JsonObject> ask) {
        turns.put(name, ask);
        answers.put(name, new ArrayList<>());
        return this;
    }

    /**
     * All of them until each has done so many operations, or has had so much time; forgotten, because compilers need it. On
     * a busy machine time alone would not do.
     */
    public void warm(long operations, int limitMillis) {
        turns.forEach((name, ask) -> {
            Report.progress("warming up: %s", name);
            long end = System.nanoTime() + limitMillis * 1_000_000L;
            long done = 0;
            while (done < operations && System.nanoTime() < end) {
                done += ask.apply(WARM_TURN_MILLIS).getLong("operations");
            }
        });
    }

    public void run(int rounds, int millis) {
        var names = List.copyOf(turns.keySet());
        for (int round = 1; round <= rounds; round++) {
            Report.progress("round %d of %d", round, rounds);
            for (var name : round % 2 == 1 ? names : names.reversed()) {
                answers.get(name).add(turns.get(name).apply(millis));
            }
        }
    }

    /** A figure in the answers to a turn, under the turn's name. */
    public Measure measure(String turn, String field, String unit) {
        return measure(turn, turn, field, unit);
    }

    /** A figure in the answers to a turn, under a name of its own. */
    public Measure measure(String turn, String name, String field, String unit) {
        return Measure.of(
                name,
                unit,
                answers.get(turn).stream()
                        .map(answer -> answer.getDouble(field))
                        .toList());
    }
}
