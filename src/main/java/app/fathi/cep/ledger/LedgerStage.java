package app.fathi.cep.ledger;

import app.fathi.cdp.DerivedBatch;
import app.fathi.cdp.DerivedBatch.Moved;
import app.fathi.cdp.ProfileStage;
import app.fathi.cep.ledger.LedgerStore.FirstReports;
import app.fathi.cep.ledger.LedgerStore.Reports;
import app.fathi.cep.message.Interaction;
import app.fathi.cep.message.Reason;
import app.fathi.cep.policies.Ring;
import app.fathi.cep.policies.RingsStore;
import app.fathi.cep.runs.DedupeStore;
import app.fathi.cep.runs.Run;
import app.fathi.cep.runs.RunCountsStore;
import app.fathi.cep.runs.RunCountsStore.Delta;
import app.fathi.cep.runs.RunsStore;
import app.fathi.cep.runs.UnitedStore;
import app.fathi.platform.stream.StreamRecord;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Writes what devices report (shown, clicked, closed) into the ledger, the run's counts and the facts. The first report
 * of each kind wins, so a repeated one changes nothing; a click implies nothing else. And what somebody got goes with them when
 * they become part of another person.
 */
public final class LedgerStage implements ProfileStage {
    /** Increments of a run that are summed by the reader before one of us makes one of them. */
    private static final int FOLD_EVERY = 32;

    private record RunKey(int ws, long run) {}

    private record Place(int step, int profileNo, int rank) {}

    @Override
    public Future<Void> apply(SqlConnection tx, DerivedBatch batch) {
        // Ascending: rows are locked in the same order by everybody.
        var byRun = new TreeMap<RunKey, Map<Place, Reports>>(
                Comparator.comparingLong(RunKey::run).thenComparingInt(RunKey::ws));
        for (var event : batch.events()) {
            if (event.kind().equals(Interaction.KIND)) {
                var interaction = Interaction.of(event.ws(), event.payload());
                var at = interaction.delivery();
                byRun.computeIfAbsent(
                                new RunKey(at.ws(), at.run()),
                                run -> new TreeMap<>(Comparator.comparingInt(Place::step)
                                        .thenComparingInt(Place::profileNo)
                                        .thenComparingInt(Place::rank)))
                        .merge(
                                new Place(at.step(), at.profileNo(), at.rank()),
                                reports(interaction),
                                LedgerStage::earliest);
            }
        }
        Future<Void> done = batch.moved().isEmpty() ? Future.succeededFuture() : unite(tx, batch.moved());
        for (var entry : byRun.entrySet()) {
            done = done.compose(before -> write(
                    tx, batch, entry.getKey(), List.copyOf(entry.getValue().values())));
        }
        return done;
    }

    /** Who became one person has got what both got: a cap counts it so. Who became two have both got what they got as one. */
    private static Future<Void> unite(SqlConnection tx, Set<Moved> moved) {
        Future<Void> done = Future.succeededFuture();
        for (int ws : moved.stream().map(Moved::ws).distinct().sorted().toList()) {
            var here = moved.stream().filter(one -> one.ws() == ws).toList();
            var people = here.stream()
                    .flatMap(one -> Stream.of(one.fromNo(), one.toNo()))
                    .collect(Collectors.toSet());
            var from = here.stream().map(Moved::fromNo).toList();
            var to = here.stream().map(Moved::toNo).toList();
            done = done.compose(before -> UnitedStore.note(tx, ws, from, to))
                    .compose(noted -> RingsStore.read(tx, ws, people))
                    .compose(known -> known.isEmpty()
                            ? Future.succeededFuture()
                            : RingsStore.lock(tx, ws, people).compose(rings -> {
                                var united = new TreeMap<Integer, Ring>();
                                for (var one : here) {
                                    var ring = rings.get(one.toNo()).and(rings.get(one.fromNo()));
                                    united.put(one.toNo(), ring);
                                    rings.put(one.toNo(), ring);
                                }
                                // Whoever got one of the same thing has a ring, if an empty one.
                                return RingsStore.write(tx, ws, united)
                                        .compose(written -> DedupeStore.unite(tx, ws, from, to));
                            }));
        }
        return done;
    }

    private static Future<Void> write(SqlConnection tx, DerivedBatch batch, RunKey key, List<Reports> reports) {
        return RunsStore.run(tx, key.ws(), key.run())
                .compose(run -> run.isEmpty()
                        ? Future.succeededFuture()
                        : LedgerStore.writeReports(tx, key.ws(), key.run(), reports)
                                .compose(first -> account(tx, batch, run.get(), first)));
    }

    private static Future<Void> account(SqlConnection tx, DerivedBatch batch, Run run, List<FirstReports> first) {
        var counts = new EnumMap<Reason, Integer>(Reason.class);
        tell(batch, run, Reason.SHOWN, first, FirstReports::shown, counts);
        tell(batch, run, Reason.CLICKED, first, FirstReports::clicked, counts);
        tell(batch, run, Reason.CLOSED, first, FirstReports::closed, counts);
        return counts.isEmpty()
                ? Future.succeededFuture()
                : RunCountsStore.add(tx, run, new Delta(counts, 0))
                        .compose(seq ->
                                seq % FOLD_EVERY == 0 ? RunCountsStore.fold(tx, run.run()) : Future.succeededFuture());
    }

    private static void tell(
            DerivedBatch batch,
            Run run,
            Reason type,
            List<FirstReports> all,
            Predicate<FirstReports> isFirst,
            Map<Reason, Integer> counts) {
        var told = all.stream().filter(isFirst).toList();
        if (told.isEmpty()) {
            return;
        }
        counts.put(type, told.size());
        var deliveries = new JsonObject()
                .put("id", Facts.column(told, report -> report.id().toString()))
                .put("profileNo", Facts.column(told, FirstReports::profileNo))
                .put("rank", Facts.column(told, FirstReports::rank));
        if (type == Reason.CLICKED) {
            deliveries.put("action", Facts.column(told, FirstReports::action));
        }
        batch.addFact(new StreamRecord(
                run.ws(),
                run.id().toString(),
                "message." + type.word(),
                Facts.about(run).put("deliveries", deliveries)));
    }

    private static Reports reports(Interaction interaction) {
        var at = interaction.delivery();
        var type = interaction.type();
        return new Reports(
                at.step(),
                at.profileNo(),
                at.rank(),
                type == Reason.SHOWN ? interaction.at() : null,
                type == Reason.CLICKED ? interaction.at() : null,
                type == Reason.CLICKED ? interaction.action() : null,
                type == Reason.CLOSED ? interaction.at() : null);
    }

    private static Reports earliest(Reports one, Reports other) {
        boolean firstClickIsOther = one.clicked() == null
                || other.clicked() != null && other.clicked().isBefore(one.clicked());
        return new Reports(
                one.step(),
                one.profileNo(),
                one.rank(),
                earliest(one.shown(), other.shown()),
                earliest(one.clicked(), other.clicked()),
                firstClickIsOther ? other.action() : one.action(),
                earliest(one.closed(), other.closed()));
    }

    private static Instant earliest(Instant one, Instant other) {
        if (one == null || other == null) {
            return one == null ? other : one;
        }
        return one.isBefore(other) ? one : other;
    }
}
