package app.fathi.cep.runs;

import app.fathi.templates.Renderer;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * A part of a run's frozen audience: the work of one job.
 *
 * @param profileNos ascending, never empty
 * @param subscriptions only these addresses of the people; null for all they have
 * @param items what people get of their own, by number, see {@link app.fathi.cep.message.BatchItem#own()}; empty where all get the same
 * @param sendAt when these get it; null where all of the run do at once. Chunks of a run that have one are not ranges of people
 * @param passed that was over before the message began, and they are to get none
 */
public record Chunk(
        long run,
        int chunk,
        List<Integer> profileNos,
        List<UUID> subscriptions,
        Map<Integer, JsonObject> items,
        Instant sendAt,
        boolean passed,
        boolean finished) {

    /** Of people who get it with all others. */
    public Chunk(
            long run, int chunk, List<Integer> profileNos, List<UUID> subscriptions, Map<Integer, JsonObject> items) {
        this(run, chunk, profileNos, subscriptions, items, null, false, false);
    }

    /** No other chunk of the run has people between its first and its last. */
    public boolean isRange() {
        return sendAt == null;
    }

    /** Whether nobody's traits are needed to know what they get. */
    public boolean isConstant(Run of, Renderer renderer) {
        return !of.isFilled()
                && renderer.isConstant(of.content())
                && items.values().stream()
                        .map(own -> own.getJsonObject("content"))
                        .allMatch(content -> content == null || renderer.isConstant(content));
    }

    /** Whether the run has no other. */
    public boolean isAllOf(Run of) {
        return profileNos.size() == of.planned();
    }

    public int firstProfileNo() {
        return profileNos.getFirst();
    }

    public int lastProfileNo() {
        return profileNos.getLast();
    }
}
