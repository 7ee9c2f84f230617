package app.fathi.cep.besttime;

import app.fathi.cdp.Profiles;
import app.fathi.cdp.Profiles.Whereabouts;
import app.fathi.cep.besttime.LearningStore.Learned;
import app.fathi.cep.besttime.LearningStore.Unlearned;
import app.fathi.platform.config.Config;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.jobs.Cron;
import app.fathi.platform.jobs.Job;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Lane;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.NewJob;
import app.fathi.platform.jobs.Schedule;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Learns when people react, of messages that went a day ago: the job {@code cep.learnHabits}, each hour. It reads the ledger once from end to end, a
 * piece in each transaction together with what it learned of it and how far it came. Senders and who takes reports have no part in it: it is also told what was
 * never clicked, of which nobody reports.
 */
public final class LearnHabitsJob implements JobHandler {
    static final String TYPE = "cep.learnHabits";

    private static final int RUNS = 1_000;

    private final Transactions transactions;
    private final Profiles profiles;
    private final Config.BestTime settings;

    /** @param transactions on the pool of the workers */
    public LearnHabitsJob(Transactions transactions, Profiles profiles, Config.BestTime settings) {
        this.transactions = transactions;
        this.profiles = profiles;
        this.settings = settings;
    }

    /** To be asked for at each start: there is one of it, however many nodes ask. */
    public static NewJob job() {
        return new NewJob(0, TYPE, Lane.MAINTENANCE, "now", new JsonObject(), Instant.now());
    }

    public static Schedule hourly() {
        return new Schedule(
                0,
                TYPE,
                TYPE,
                Lane.MAINTENANCE,
                new JsonObject(),
                Cron.parse("41 * * * *"),
                ZoneOffset.UTC,
                Schedule.Missed.SKIP);
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        long learned = 0;
        boolean more = true;
        while (more) {
            if (lease.cancelled()) {
                return JobOutcome.cancelled();
            }
            if (lease.stopping() || !lease.stillMine()) {
                return JobOutcome.again(Instant.now());
            }
            var step = transactions
                    .run(tx -> lease.hold(tx).compose(held -> step(tx)))
                    .await();
            learned += step.people;
            more = step.more;
            lease.progress(learned, null, "people");
        }
        return JobOutcome.done();
    }

    /** What one transaction has come to. */
    private record Step(int people, boolean more) {}

    private Future<Step> step(SqlConnection tx) {
        return LearningStore.note(tx, settings.learnAfterHours(), RUNS)
                .compose(passed -> LearningStore.unlearned(tx, settings.learnAfterHours(), RUNS)
                        .compose(unlearned -> unlearned.isEmpty()
                                ? Future.succeededFuture(new Step(0, passed > 0))
                                : LearningStore.reactions(tx, unlearned, settings.batchPeople())
                                        .compose(learned -> learn(tx, learned)
                                                .compose(done -> mark(tx, unlearned, learned))
                                                .map(new Step(learned.size(), true)))));
    }

    /** A piece that is not full was the rest of these messages; of a full one all are done but the last, of which there may be more. */
    private Future<Void> mark(SqlConnection tx, List<Unlearned> unlearned, List<Learned> learned) {
        var runs = unlearned.stream().map(Unlearned::run).toList();
        if (learned.size() < settings.batchPeople()) {
            return LearningStore.done(tx, runs);
        }
        var last = learned.getLast();
        return LearningStore.done(tx, runs.subList(0, runs.indexOf(last.run())))
                .compose(done -> LearningStore.cameTo(tx, last.run(), last.profileNo()));
    }

    private Future<Void> learn(SqlConnection tx, List<Learned> learned) {
        var byWorkspace = learned.stream()
                .filter(one -> one.person() != null)
                .collect(Collectors.groupingBy(Learned::ws, TreeMap::new, Collectors.toList()));
        Future<Void> done = Future.succeededFuture();
        for (var entry : byWorkspace.entrySet()) {
            done = done.compose(before -> learn(tx, entry.getKey(), entry.getValue()));
        }
        return done;
    }

    private Future<Void> learn(SqlConnection tx, int ws, List<Learned> learned) {
        var everybody = learned.stream().map(Learned::person).collect(Collectors.toCollection(TreeSet::new));
        var places = profiles.whereabouts(tx, ws, everybody);
        var zone = LearningStore.zone(tx, ws);
        var before = HabitsStore.lock(tx, ws, everybody);
        var all = HabitsStore.lockAll(tx, ws);
        return Future.all(places, zone, before, all).compose(read -> {
            var pooled = new Habits.Sum(all.result());
            var people = new TreeMap<Integer, Habits.Sum>();
            before.result().forEach((no, habits) -> people.put(no, new Habits.Sum(habits)));
            for (var one : learned) {
                var own = people.get(one.person());
                if (own != null) {
                    var there = zone(places.result().get(one.person()), zone.result());
                    one.reaction().count(own, there);
                    one.reaction().count(pooled, there);
                }
            }
            return HabitsStore.write(tx, ws, habits(people))
                    .compose(done -> HabitsStore.writeAll(tx, ws, pooled.habits()));
        });
    }

    private static ZoneId zone(Whereabouts place, ZoneId otherwise) {
        return place == null || place.zone() == null ? otherwise : place.zone();
    }

    private static SortedMap<Integer, Habits> habits(Map<Integer, Habits.Sum> people) {
        var habits = new TreeMap<Integer, Habits>();
        people.forEach((no, sum) -> habits.put(no, sum.habits()));
        return habits;
    }
}
