package app.fathi.cep.ledger;

import app.fathi.cep.ledger.LedgerStore.Place;
import app.fathi.cep.message.Reason;
import app.fathi.cep.runs.Chunk;
import app.fathi.cep.runs.Run;
import app.fathi.cep.runs.RunCountsStore;
import app.fathi.cep.runs.RunCountsStore.Delta;
import com.github.f4b6a3.uuid.UuidCreator;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Writes to the ledger together with what must agree with it: the run's counts and the facts. Everything happens in the
 * caller's transaction, and only for rows that were really written; what ended is counted for the metrics when it commits.
 *
 * <p>Locks are taken in one order everywhere, so that nobody waits in a circle: run, job, ledger rows by person,
 * addresses, streams.
 */
public final class Ledger {
    private final MeterRegistry registry;

    public Ledger(MeterRegistry registry) {
        this.registry = registry;
        // A counter that begins with its first increment hides it from whoever computes a rate.
        Stream.of(Reason.values()).filter(reason -> reason.finalState() != null).forEach(this::deliveries);
    }

    private Counter deliveries(Reason reason) {
        return registry.counter("deliveries", "state", reason.finalState().word(), "reason", reason.word());
    }

    /**
     * Claims, resumes and skips.
     *
     * @param claims places of the rows that are new
     * @return the rows that were written; the others belong to somebody else or are final
     */
    public Future<List<LedgerRow>> intents(
            SqlConnection tx, Run run, int chunk, long token, List<LedgerRow> rows, Set<Place> claims) {
        return LedgerStore.writeIntents(tx, run, token, rows)
                .map(places -> written(rows, places))
                .compose(written -> account(tx, run, chunk, written, claims).map(written));
    }

    /** Results of attempts; what is answered is less than {@code rows} when somebody else has taken rows over. */
    public Future<List<LedgerRow>> results(SqlConnection tx, Run run, int chunk, long token, List<LedgerRow> rows) {
        return LedgerStore.writeResults(tx, run, token, rows)
                .map(places -> written(rows, places))
                .compose(written -> account(tx, run, chunk, written, Set.of()).map(written));
    }

    /**
     * Ends what is left of a chunk: people who were never claimed, and rows that wait.
     *
     * @param token 0 when no lease is held
     * @param attempting also rows that are {@code attempting}: only for who knows that their sender is dead
     */
    public Future<Void> endRest(SqlConnection tx, Run run, Chunk chunk, long token, Reason reason, boolean attempting) {
        return LedgerStore.claimed(tx, chunk)
                .compose(claimed -> {
                    var rows = chunk.profileNos().stream()
                            .filter(no -> !claimed.contains(no))
                            .map(no -> LedgerRow.ended(no, 0, UuidCreator.getTimeOrderedEpoch(), null, reason))
                            .toList();
                    return rows.isEmpty()
                            ? Future.succeededFuture(List.<LedgerRow>of())
                            : LedgerStore.writeIntents(tx, run, token, rows).map(places -> written(rows, places));
                })
                .compose(unclaimed -> LedgerStore.endRows(tx, chunk, reason, attempting)
                        .compose(waiting -> {
                            var all = new ArrayList<>(unclaimed);
                            all.addAll(waiting);
                            return account(tx, run, chunk.chunk(), all, Set.of());
                        }));
    }

    private static List<LedgerRow> written(List<LedgerRow> rows, Set<Place> places) {
        return places.size() == rows.size()
                ? rows
                : rows.stream().filter(row -> places.contains(Place.of(row))).toList();
    }

    private Future<Void> account(SqlConnection tx, Run run, int chunk, List<LedgerRow> written, Set<Place> claims) {
        var ended = written.stream().filter(row -> row.state().isFinal()).toList();
        var reasons = new EnumMap<Reason, Integer>(Reason.class);
        ended.forEach(row -> reasons.merge(row.reason(), 1, Integer::sum));
        int further = (int) written.stream()
                .filter(row -> row.rank() > 0 && claims.contains(Place.of(row)))
                .count();
        tx.transaction()
                .completion()
                .onSuccess(committed ->
                        reasons.forEach((reason, count) -> deliveries(reason).increment(count)));
        var delta = new Delta(reasons, further);
        return delta.isEmpty()
                ? Future.succeededFuture()
                : Future.join(RunCountsStore.add(tx, run, delta), Facts.ended(tx, run, chunk, ended))
                        .mapEmpty();
    }
}
