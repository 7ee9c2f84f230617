package app.fathi.bench;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a benchmark found: a table for people and documents on stdout, the same with every sample as JSON lines in
 * {@code target/bench}.
 */
public final class Report {
    /** Where reports and whatever contenders need lie. */
    public static final Path FOLDER = Path.of("target", "bench");

    /** More of the machine in other hands makes the figures worthless. */
    private static final double OTHERS_LIMIT = 0.05;

    private final String id;
    private final String title;
    private final Machine machine = new Machine();
    private final List<Measure> measures = new ArrayList<>();

    /** Begins with the benchmark: what else happens on the machine from now on is told at the end. */
    public Report(String id, String title) {
        this.id = id;
        this.title = title;
    }

    /** The measure itself, for ratios. */
    public Measure add(Measure measure) {
        measures.add(measure);
        return measure;
    }

    /** When all contenders are closed. */
    public void finish() throws IOException {
        var table = table(machine.othersShare());
        System.out.println(table);
        Files.createDirectories(FOLDER);
        Files.writeString(FOLDER.resolve(id + ".md"), table);
        Files.write(FOLDER.resolve(id + ".jsonl"), jsonLines());
    }

    private String table(double others) {
        var text = new StringBuilder();
        text.append("\n### ").append(id).append(": ").append(title).append("\n\n");
        text.append(String.format(
                Locale.ROOT,
                "%s. %s; others used %.1f %% of the machine meanwhile%s.\n\n",
                Machine.line(),
                Instant.now().truncatedTo(ChronoUnit.MINUTES),
                100 * others,
                others > OTHERS_LIMIT ? ": **too much, do not publish these figures**" : ""));
        text.append("| | median | min – max | reach | |\n|---|---:|---:|---:|---|\n");
        measures.forEach(measure -> text.append(row(measure)));
        return text.toString();
    }

    private static String row(Measure measure) {
        var asked = measure.reach() != null;
        var cells = List.of(
                measure.name(),
                (Measure.number(measure.median()) + " " + measure.unit()).trim(),
                Measure.number(measure.min()) + " – " + Measure.number(measure.max()),
                asked ? measure.reach().toString() : "",
                asked ? measure.reached() ? "reached" : "missed" : "");
        return "| " + String.join(" | ", cells) + " |\n";
    }

    private List<String> jsonLines() {
        var lines = new ArrayList<String>();
        lines.add(new JsonObject()
                .put("benchmark", id)
                .put("at", Instant.now().toString())
                .mergeIn(machine.toJson())
                .encode());
        measures.forEach(measure -> lines.add(measure.toJson().encode()));
        return lines;
    }

    /** What is going on, for those who wait; not part of the report. */
    public static void progress(String what, Object... arguments) {
        System.err.println(String.format(Locale.ROOT, what, arguments));
    }
}
