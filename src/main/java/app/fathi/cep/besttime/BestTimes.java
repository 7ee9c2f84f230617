package app.fathi.cep.besttime;

import app.fathi.cdp.Profiles;
import app.fathi.cep.besttime.HourOfWeek.Ahead;
import app.fathi.cep.message.ChannelKind;
import app.fathi.cep.message.Timing;
import app.fathi.cep.policies.Lot;
import app.fathi.cep.policies.Policies;
import app.fathi.cep.policies.PolicyBook;
import app.fathi.cep.policies.PolicyBook.Laws;
import app.fathi.cep.policies.PolicyRules;
import app.fathi.cep.policies.PolicyRules.Asked;
import app.fathi.cep.policies.PolicyRules.Person;
import app.fathi.cep.policies.Ring;
import app.fathi.cep.runs.Run;
import app.fathi.cep.runs.RunsStore;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.SqlClient;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.IntPredicate;

/**
 * When to send something to each of many people: in the hour of theirs in which a click is likeliest, by what they did with messages before and, where
 * that says little, by what everybody in the workspace does.
 */
public final class BestTimes {
    /** Later hours of a wanted time are hours of the same names again. */
    private static final Duration LONGEST = Duration.ofDays(7);

    private final Vertx vertx;
    private final Profiles profiles;
    private final PolicyBook policies;

    public BestTimes(Vertx vertx, Profiles profiles, PolicyBook policies) {
        this.vertx = vertx;
        this.profiles = profiles;
        this.policies = policies;
    }

    /**
     * For each of these people the start of their best hour, by the clock of where they are, that lies between the two; {@code from} itself when the hour
     * that has begun by then is the best one. An hour in their quiet hours, in those of the workspace or in a blackout is not chosen while there is another.
     * Of a time longer than a week the first week counts; of none that lies ahead {@code from} is answered. Four questions to the database, for however many
     * people; it computes for some fifty microseconds of each, on a worker's thread.
     *
     * @param profileNos people by whose addresses they are
     */
    public Future<Map<Integer, Instant>> instants(
            SqlClient client, int ws, Collection<Integer> profileNos, Instant from, Instant until) {
        var people = new HashSet<>(profileNos);
        var end = until.isAfter(from.plus(LONGEST)) ? from.plus(LONGEST) : until;
        if (people.isEmpty() || !from.isBefore(end)) {
            var now = new HashMap<Integer, Instant>();
            people.forEach(no -> now.put(no, from));
            return Future.succeededFuture(now);
        }
        var known = policies.of(ws);
        var places = profiles.whereabouts(client, ws, people);
        var habits = HabitsStore.read(client, ws, people);
        var all = HabitsStore.readAll(client, ws);
        return Future.all(known, places, habits, all)
                .compose(read -> vertx.executeBlocking(
                        () -> chosen(
                                ws,
                                people,
                                new Laws(known.result().policies(), places.result()),
                                habits.result(),
                                Likelihood.ofAll(all.result()),
                                from,
                                end),
                        false));
    }

    /**
     * Who of a message that goes at each one's best hour gets it at an hour by chance, so that one can see what choosing brings about; empty of other
     * messages, and where chance has nobody.
     */
    public Future<Optional<IntPredicate>> byChance(SqlClient client, int ws, UUID message) {
        return RunsStore.runById(client, ws, message).map(found -> found.filter(
                        run -> run.plan().timing() instanceof Timing.BestHour best && best.controlPercent() > 0)
                .map(run -> no -> isControl(run, no)));
    }

    /** Whether somebody gets it at an hour by chance, of a message that goes at the best one; always the same of a person. */
    public static boolean isControl(Run run, int no) {
        return run.plan().timing() instanceof Timing.BestHour best && Lot.isAmong(run.id(), no, best.controlPercent());
    }

    private static Map<Integer, Instant> chosen(
            int ws,
            Collection<Integer> people,
            Laws laws,
            Map<Integer, Habits> habits,
            double[] ofAll,
            Instant from,
            Instant until) {
        var ahead = new HashMap<ZoneId, List<Ahead>>();
        var chosen = new HashMap<Integer, Instant>(people.size() * 2);
        for (var no : people) {
            var person = laws.person(no, Ring.EMPTY, null);
            var zone = person.zone() == null ? laws.policies().zone() : person.zone();
            var hours = ahead.computeIfAbsent(zone, there -> HourOfWeek.from(from, until, there));
            var likely = Likelihood.of(habits.getOrDefault(no, Habits.NONE), ofAll);
            chosen.put(no, best(hours, likely, laws.policies(), person, ws, until));
        }
        return chosen;
    }

    private static Instant best(
            List<Ahead> hours, double[] likely, Policies policies, Person person, int ws, Instant until) {
        var asked = new Asked(ws, 0, ChannelKind.WEBPUSH, 0, until, until);
        var out = new boolean[hours.size()];
        int best = likeliest(hours, likely, out);
        // Mostly the first one will do: policies are asked of no more hours than need be.
        for (int at = best; at >= 0; at = likeliest(hours, likely, out)) {
            var instant = hours.get(at).at();
            if (PolicyRules.blackout(policies, person, asked, instant) == null
                    && PolicyRules.quietHours(policies, person, asked, instant) == null) {
                return instant;
            }
            out[at] = true;
        }
        return hours.get(best).at();
    }

    /** Of hours that are as good the earliest; less than none when all are out. */
    private static int likeliest(List<Ahead> hours, double[] likely, boolean[] out) {
        int best = -1;
        for (int at = 0; at < out.length; at++) {
            if (!out[at]
                    && (best < 0
                            || likely[hours.get(at).hour()]
                                    > likely[hours.get(best).hour()])) {
                best = at;
            }
        }
        return best;
    }
}
