package app.fathi.cdp;

import app.fathi.cdp.live.LiveFeed;
import app.fathi.cdp.live.LiveLine;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.http.StrictJson;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/** Tells who listens what was refused at the door, and why: what was taken is told when it is derived. */
final class Refusals {
    /** What the sender can mend; whatever else goes wrong says nothing of the events. */
    private static final Set<Kind> TOLD = Set.of(Kind.MALFORMED, Kind.INVALID_REQUEST, Kind.UNPROCESSABLE);

    private static final Pattern ITEM = Pattern.compile("/batch/([0-9]{1,4})(/.*)?");
    private static final String BESIDE =
            "Another event of the batch does not fit: this batch is taken whole or refused whole.";

    private final LiveFeed feed;
    private final InstantSource clock;

    Refusals(LiveFeed feed, InstantSource clock) {
        this.feed = feed;
        this.clock = clock;
    }

    /** @param type what the events are called where each does not say so itself; null otherwise */
    Future<Reply> told(Call call, String type, Supplier<Future<Reply>> answer) {
        return Future.<Reply>future(promise -> answer.get().onComplete(promise)).onFailure(failure -> {
            if (feed.isWanted(call.ws())
                    && failure instanceof ProblemException refused
                    && TOLD.contains(refused.problem().kind())) {
                tell(call, type, refused.problem());
            }
        });
    }

    /** One event of a batch in which each is taken for itself. */
    void tell(Call call, Object item, List<Problem.Fault> faults) {
        if (feed.isWanted(call.ws())) {
            var line = line(call, item, null, faults.getFirst().detail(), faults);
            feed.tell(call.ws(), 1, first -> line);
        }
    }

    private void tell(Call call, String type, Problem problem) {
        var body = read(call);
        var items = body != null && body.getValue("batch") instanceof JsonArray batch ? batch : new JsonArray();
        var faults = byItem(problem.faults());
        if (items.isEmpty() || faults.isEmpty()) {
            var whole = items.isEmpty() ? body : null;
            var reason = problem.faults().isEmpty()
                    ? problem.detail()
                    : problem.faults().getFirst().detail();
            feed.tell(call.ws(), 1, first -> line(call, whole, type, reason, problem.faults()));
            return;
        }
        feed.tell(call.ws(), items.size(), i -> {
            var own = faults.getOrDefault(i, List.of());
            return line(
                    call,
                    items.getValue(i),
                    type,
                    own.isEmpty() ? BESIDE : own.getFirst().detail(),
                    own);
        });
    }

    private JsonObject line(Call call, Object item, String type, String reason, List<Problem.Fault> faults) {
        return LiveLine.refused(
                item,
                type,
                reason,
                faults,
                EventFields.source(call),
                clock.instant().toString());
    }

    private static Map<Integer, List<Problem.Fault>> byItem(List<Problem.Fault> faults) {
        var all = new TreeMap<Integer, List<Problem.Fault>>();
        for (var fault : faults) {
            var item = ITEM.matcher(fault.pointer());
            if (item.matches()) {
                all.computeIfAbsent(Integer.valueOf(item.group(1)), none -> new ArrayList<>())
                        .add(fault);
            }
        }
        return all;
    }

    /** The body once more; null when it cannot be read. */
    private static JsonObject read(Call call) {
        try {
            return call.body() == null || call.body().length() > Ingest.MAX_BATCH_OCTETS
                    ? null
                    : StrictJson.apart(call.body(), "batch").object();
        } catch (ProblemException e) {
            return null;
        }
    }
}
