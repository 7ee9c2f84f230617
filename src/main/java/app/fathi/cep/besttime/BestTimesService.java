package app.fathi.cep.besttime;

import app.fathi.cdp.Profiles;
import app.fathi.cdp.Profiles.Whereabouts;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.DayOfWeek;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import java.util.stream.DoubleStream;

/** When people react, as a team looks at it: everybody's week, and that of one person. */
public final class BestTimesService {
    private static final int DECIMALS = 10_000;

    private final Transactions transactions;
    private final Profiles profiles;

    public BestTimesService(Transactions transactions, Profiles profiles) {
        this.transactions = transactions;
        this.profiles = profiles;
    }

    public Future<Reply> get(Call call) {
        var pool = transactions.pool();
        var id = call.uuid("profileId");
        return HabitsStore.readAll(pool, call.ws()).compose(all -> {
            var ofAll = Likelihood.ofAll(all);
            var everybody = week(all, ofAll);
            return id == null
                    ? Future.succeededFuture(Reply.ok(
                            new JsonObject().put("everybody", everybody).putNull("person")))
                    : person(call.ws(), id, ofAll)
                            .map(person -> Reply.ok(
                                    new JsonObject().put("everybody", everybody).put("person", person)));
        });
    }

    private Future<JsonObject> person(int ws, UUID id, double[] ofAll) {
        var pool = transactions.pool();
        return profiles.numbersByIds(pool, ws, Set.of(id)).compose(numbers -> {
            var no = numbers.get(id);
            if (no == null) {
                throw ProblemException.notFound("profile");
            }
            var habits = HabitsStore.read(pool, ws, Set.of(no));
            var places = profiles.whereabouts(pool, ws, Set.of(no));
            return Future.all(habits, places).map(both -> {
                var own = habits.result().getOrDefault(no, Habits.NONE);
                return week(own, Likelihood.of(own, ofAll))
                        .put("timezone", zone(places.result().get(no)));
            });
        });
    }

    private static String zone(Whereabouts place) {
        return place == null || place.zone() == null ? null : place.zone().getId();
    }

    /** The contract's {@code Week}. */
    private static JsonObject week(Habits habits, double[] likely) {
        int best = 0;
        for (int hour = 1; hour < likely.length; hour++) {
            best = likely[hour] > likely[best] ? hour : best;
        }
        return new JsonObject()
                .put("tried", hours(habits.tried()))
                .put("clicks", hours(habits.liked()))
                .put(
                        "likelihood",
                        hours(DoubleStream.of(likely)
                                .map(one -> Math.min(1, one))
                                .toArray()))
                .put(
                        "best",
                        new JsonObject()
                                .put(
                                        "day",
                                        DayOfWeek.of(best / HourOfWeek.HOURS + 1)
                                                .name()
                                                .toLowerCase(Locale.ROOT))
                                .put("hour", best % HourOfWeek.HOURS));
    }

    private static JsonArray hours(double[] numbers) {
        var hours = new JsonArray();
        for (var number : numbers) {
            hours.add(rounded(number));
        }
        return hours;
    }

    private static double rounded(double number) {
        return Math.round(number * DECIMALS) / (double) DECIMALS;
    }
}
