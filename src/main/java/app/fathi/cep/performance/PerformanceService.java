package app.fathi.cep.performance;

import app.fathi.cep.besttime.BestTimes;
import app.fathi.cep.performance.PerformanceStore.Sides;
import app.fathi.cep.performance.Share.Interval;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.bus.Rfc3339;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.UUID;
import java.util.function.IntPredicate;

/** What messages bring about: what people did who were to get them, against people whom chance had left out. */
public final class PerformanceService {
    private static final Duration USUAL = Duration.ofDays(7);
    private static final Duration SHORTEST = Duration.ofHours(1);
    private static final Duration LONGEST = Duration.ofDays(90);
    private static final Duration LOOKS_BACK = Duration.ofDays(30);
    private static final int MESSAGES = 500;
    /** People of a large message are counted in pieces, the first two million: more say nothing more. */
    private static final int PAGE = 50_000;

    private static final int PAGES = 40;
    private static final int DECIMALS = 1_000_000;

    private final Transactions analytics;
    private final BestTimes bestTimes;

    /** @param analytics where questions to many people are asked, each for a bounded time */
    public PerformanceService(Transactions analytics, BestTimes bestTimes) {
        this.analytics = analytics;
        this.bestTimes = bestTimes;
    }

    public Future<Reply> get(Call call) {
        var event = call.parameters().getString("event");
        var within = within(call.parameters().getString("within"));
        var message = call.uuid("messageId");
        return analytics
                .run(tx -> messages(tx, call, message)
                        .compose(runs -> PerformanceStore.sides(tx, call.ws(), runs, control(message), event, within)
                                .compose(sides -> hours(tx, call.ws(), message)
                                        .map(hours -> toJson(event, within, runs.size(), sides, hours)))))
                .map(Reply::ok);
    }

    /** Whom one message leaves out may get another; who is left out of all gets none of several. */
    private static List<Short> control(UUID message) {
        return message == null
                ? List.of(PerformanceStore.GLOBAL_HOLDOUT)
                : List.of(PerformanceStore.HOLDOUT, PerformanceStore.GLOBAL_HOLDOUT);
    }

    /** What is given has to fit, all of it. */
    private static Future<List<Long>> messages(SqlConnection tx, Call call, UUID message) {
        var to = instant(call, "to", Instant.now());
        var from = instant(call, "from", message == null ? to.minus(LOOKS_BACK) : Instant.EPOCH);
        var tag = call.parameters().getString("tag");
        return (message == null ? Future.succeededFuture(true) : PerformanceStore.exists(tx, call.ws(), message))
                .compose(there -> {
                    if (!there) {
                        throw ProblemException.notFound("message");
                    }
                    return PerformanceStore.messages(tx, call.ws(), from, to, tag, message, MESSAGES + 1);
                })
                .map(runs -> {
                    if (runs.size() > MESSAGES) {
                        throw ProblemException.unprocessable(
                                "from",
                                "More than " + MESSAGES
                                        + " messages began in this time: take a shorter one, or a tag.");
                    }
                    return runs;
                });
    }

    private static Instant instant(Call call, String name, Instant otherwise) {
        var at = Rfc3339.at(name, call.parameters().getString(name));
        return at == null ? otherwise : at.toInstant();
    }

    private static Duration within(String text) {
        try {
            var within = text == null ? USUAL : Duration.parse(text);
            if (within.compareTo(SHORTEST) < 0 || within.compareTo(LONGEST) > 0) {
                throw ProblemException.invalid("within", "From an hour (PT1H) to 90 days (P90D).");
            }
            return within;
        } catch (DateTimeParseException e) {
            throw ProblemException.invalid("within", "A time is written as in P7D or PT12H.");
        }
    }

    /** Null of what did not go at each one's best hour, or to nobody by chance, or is not over. */
    private Future<JsonObject> hours(SqlConnection tx, int ws, UUID message) {
        return message == null
                ? Future.succeededFuture()
                : bestTimes
                        .byChance(tx, ws, message)
                        .compose(byChance -> byChance.isEmpty()
                                ? Future.succeededFuture()
                                : PerformanceStore.over(tx, ws, message)
                                        .compose(run -> run.isEmpty()
                                                ? Future.succeededFuture()
                                                : count(tx, run.get(), -1, PAGES, byChance.get(), new long[4])
                                                        .map(PerformanceService::hours)));
    }

    /** @param counts people at their best hour, those of them who clicked, and the same by chance */
    private static Future<long[]> count(
            SqlConnection tx, long run, int after, int pages, IntPredicate byChance, long[] counts) {
        return PerformanceStore.clicks(tx, run, after, PAGE).compose(people -> {
            for (var one : people) {
                int side = byChance.test(one.profileNo()) ? 2 : 0;
                counts[side]++;
                counts[side + 1] += one.clicked() ? 1 : 0;
            }
            return people.size() < PAGE || pages == 1
                    ? Future.succeededFuture(counts)
                    : count(tx, run, people.getLast().profileNo(), pages - 1, byChance, counts);
        });
    }

    private static JsonObject hours(long[] counts) {
        var best = new Share(counts[0], counts[1]);
        var chance = new Share(counts[2], counts[3]);
        return compared(new Uplift(best, chance)).put("best", toJson(best)).put("byChance", toJson(chance));
    }

    /** The contract's {@code Performance}. */
    private static JsonObject toJson(String event, Duration within, int messages, Sides sides, JsonObject hours) {
        var uplift = new Uplift(sides.messaged(), sides.control());
        return new JsonObject()
                .put("event", event)
                .put("withinHours", within.toHours())
                .put("messages", messages)
                .put("messaged", toJson(sides.messaged()))
                .put("control", toJson(sides.control()))
                .put("waiting", sides.waiting())
                .put("bestHour", hours)
                .mergeIn(compared(uplift));
    }

    private static JsonObject compared(Uplift uplift) {
        return new JsonObject()
                .put("difference", toJson(uplift.difference()))
                .put("uplift", uplift.relative() == null ? null : toJson(uplift.relative()))
                .put("enough", uplift.isEnough())
                .put("verdict", uplift.verdict().word());
    }

    private static JsonObject toJson(Share share) {
        return new JsonObject()
                .put("people", share.people())
                .put("did", share.did())
                .put("share", toJson(share.interval()));
    }

    private static JsonObject toJson(Interval interval) {
        return new JsonObject()
                .put("value", rounded(interval.value()))
                .put("low", rounded(interval.low()))
                .put("high", Double.isInfinite(interval.high()) ? null : rounded(interval.high()));
    }

    private static double rounded(double number) {
        return Math.round(number * DECIMALS) / (double) DECIMALS;
    }
}
