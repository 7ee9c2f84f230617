package app.fathi.cep.audiences;

import app.fathi.cdp.Profiles;
import app.fathi.cdp.Profiles.Whereabouts;
import app.fathi.cep.besttime.BestTimes;
import app.fathi.cep.message.Timing;
import app.fathi.cep.policies.Lot;
import app.fathi.cep.policies.PolicyBook;
import app.fathi.cep.runs.Run;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.SqlClient;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntFunction;

/** Divides the people of a message by when each is to get it. */
public final class Spread {
    /** An hour that began so lately is not over: finding many people takes a while. */
    private static final Duration LATE = Duration.ofMinutes(15);

    private final Profiles profiles;
    private final PolicyBook policies;
    private final BestTimes bestTimes;

    public Spread(Vertx vertx, Profiles profiles, PolicyBook policies) {
        this.profiles = profiles;
        this.policies = policies;
        this.bestTimes = new BestTimes(vertx, profiles, policies);
    }

    /**
     * People who get it at the same instant.
     *
     * @param at null for all with the run
     * @param passed it was over before the message began, and they are to get none
     * @param people ascending
     */
    public record Slot(Instant at, boolean passed, List<Integer> people) {}

    private record When(Instant at, boolean passed) implements Comparable<When> {
        @Override
        public int compareTo(When other) {
            int byTime = at.compareTo(other.at);
            return byTime != 0 ? byTime : Boolean.compare(passed, other.passed);
        }
    }

    /**
     * The earliest first.
     *
     * @param begun when the message began: what was over then is over for everybody, however long it takes to find them
     * @param people ascending
     */
    public Future<List<Slot>> of(SqlClient client, Run run, Instant begun, List<Integer> people) {
        return switch (run.plan().timing()) {
            case null -> Future.succeededFuture(List.of(new Slot(null, false, people)));
            case Timing.Local local -> local(client, run, local, begun, people);
            case Timing.BestHour best -> best(client, run, best, begun, people);
        };
    }

    /** Hours that were over when people began to be looked for are not chosen; there is at least the present one. */
    private Future<List<Slot>> best(
            SqlClient client, Run run, Timing.BestHour best, Instant begun, List<Integer> people) {
        var from = begun.isAfter(run.sendAt()) ? begun : run.sendAt();
        return bestTimes
                .instants(client, run.ws(), people, from, run.sendAt().plus(best.within()))
                .map(instants -> slots(
                        people,
                        no -> new When(
                                BestTimes.isControl(run, no)
                                        ? byChance(run, best, no)
                                        : instants.getOrDefault(no, from),
                                false)));
    }

    private Future<List<Slot>> local(
            SqlClient client, Run run, Timing.Local local, Instant begun, List<Integer> people) {
        var places = profiles.whereabouts(client, run.ws(), people);
        var otherwise = local.otherwise() == null
                ? policies.of(run.ws()).map(known -> known.policies().zone())
                : Future.succeededFuture(local.otherwise());
        return Future.all(places, otherwise)
                .map(both -> slots(people, no -> when(local, zone(places.result(), no, otherwise.result()), begun)));
    }

    private static ZoneId zone(Map<Integer, Whereabouts> places, int no, ZoneId otherwise) {
        var place = places.get(no);
        return place == null || place.zone() == null ? otherwise : place.zone();
    }

    /** When somebody in this zone gets it, and whether that was over. */
    private static When when(Timing.Local local, ZoneId zone, Instant begun) {
        var at = at(local, zone, begun);
        return new When(at, local.passed() == Timing.Passed.SKIP && isOver(at, begun));
    }

    /** When somebody in this zone gets a message that began then. */
    static Instant at(Timing.Local local, ZoneId zone, Instant begun) {
        var at = local.at().atZone(zone).toInstant();
        if (!isOver(at, begun)) {
            return at;
        }
        return switch (local.passed()) {
            case SKIP -> at;
            case SEND -> begun;
            case NEXT_DAY -> local.at().plusDays(1).atZone(zone).toInstant();
        };
    }

    public static boolean isOver(Instant at, Instant begun) {
        return at.plus(LATE).isBefore(begun);
    }

    private static Instant byChance(Run run, Timing.BestHour best, int no) {
        long hours = Math.max(1, best.within().toHours());
        return run.sendAt().plus(Duration.ofHours(Lot.of(run.id(), no, (int) hours)));
    }

    private static List<Slot> slots(Collection<Integer> people, IntFunction<When> when) {
        var byTime = new TreeMap<When, List<Integer>>();
        people.forEach(no ->
                byTime.computeIfAbsent(when.apply(no), key -> new ArrayList<>()).add(no));
        return byTime.entrySet().stream()
                .map(slot -> new Slot(slot.getKey().at(), slot.getKey().passed(), slot.getValue()))
                .toList();
    }
}
