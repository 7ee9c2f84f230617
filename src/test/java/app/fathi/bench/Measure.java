package app.fathi.bench;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * One figure of a run.
 *
 * @param unit as it stands behind the number; empty for a ratio
 * @param samples one per round, in order
 * @param reach what it should be; null when nothing is asked of it
 */
public record Measure(String name, String unit, List<Double> samples, Reach reach) {

    /** @param atLeast whether more is better */
    public record Reach(boolean atLeast, double value) {
        @Override
        public String toString() {
            return (atLeast ? "≥ " : "≤ ") + number(value);
        }
    }

    public Measure {
        if (samples.isEmpty()) {
            throw new IllegalArgumentException(name + " was not measured");
        }
        samples = List.copyOf(samples);
    }

    public static Measure of(String name, String unit, List<Double> samples) {
        return new Measure(name, unit, samples, null);
    }

    /** One over the other, round by round: what slowed a whole round down cancels out. */
    public static Measure ratio(String name, Measure over, Measure under) {
        var ratios = new ArrayList<Double>();
        for (int round = 0; round < Math.min(over.samples.size(), under.samples.size()); round++) {
            ratios.add(over.samples.get(round) / under.samples.get(round));
        }
        return of(name, "", ratios);
    }

    public Measure atLeast(double value) {
        return new Measure(name, unit, samples, new Reach(true, value));
    }

    public Measure atMost(double value) {
        return new Measure(name, unit, samples, new Reach(false, value));
    }

    public double median() {
        var sorted = samples.stream().sorted().toList();
        int half = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(half) : (sorted.get(half - 1) + sorted.get(half)) / 2;
    }

    public double min() {
        return samples.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
    }

    public double max() {
        return samples.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
    }

    /** By its median; true when nothing is asked. */
    public boolean reached() {
        return reach == null || (reach.atLeast ? median() >= reach.value : median() <= reach.value);
    }

    /** Three digits that matter, thousands set apart. */
    static String number(double value) {
        double size = Math.abs(value);
        var pattern = size >= 100 ? "%,.0f" : size >= 10 ? "%.1f" : "%.2f";
        return String.format(Locale.ROOT, pattern, value);
    }

    JsonObject toJson() {
        var json = new JsonObject()
                .put("name", name)
                .put("unit", unit)
                .put("median", median())
                .put("min", min())
                .put("max", max())
                .put("samples", new JsonArray(samples));
        if (reach != null) {
            json.put("reach", reach.toString()).put("reached", reached());
        }
        return json;
    }
}
