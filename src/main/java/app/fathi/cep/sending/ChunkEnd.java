package app.fathi.cep.sending;

import app.fathi.cep.ledger.LedgerRow;
import app.fathi.cep.ledger.LedgerStore;
import app.fathi.cep.ledger.LedgerStore.Place;
import app.fathi.cep.ledger.LedgerStore.Rest;
import app.fathi.cep.message.Reason;
import app.fathi.cep.policies.Ring;
import app.fathi.cep.policies.RingsStore;
import app.fathi.cep.runs.Chunk;
import app.fathi.cep.runs.ChunksStore;
import app.fathi.cep.runs.DedupeStore;
import app.fathi.cep.runs.Run;
import app.fathi.cep.runs.RunCountsStore;
import app.fathi.cep.runs.RunsStore;
import app.fathi.platform.jobs.CrashPoint;
import app.fathi.platform.jobs.Lease;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The transactions that bring a chunk to its end: results of attempts, what is left when nothing more may be sent, the chunk itself. */
final class ChunkEnd {
    private final Sending sending;
    private final Run run;
    private final Chunk chunk;
    private final Lease lease;

    ChunkEnd(Sending sending, Run run, Chunk chunk, Lease lease) {
        this.sending = sending;
        this.run = run;
        this.chunk = chunk;
        this.lease = lease;
    }

    /**
     * What a transaction of results came to.
     *
     * @param rows that were written; the others belong to somebody else
     * @param finished the chunk has ended with them
     */
    record Written(int rows, boolean finished) {}

    /** @param unsent those of them that certainly did not leave, and have a place in the ring of their person */
    Future<Written> results(List<LedgerRow> rows, Set<Place> unsent) {
        return sending.transactions().run(tx -> writeResults(tx, rows, unsent));
    }

    private Future<Written> writeResults(SqlConnection tx, List<LedgerRow> rows, Set<Place> unsent) {
        // Asked in one go; without the lease the transaction fails, whatever the others have written.
        var hold = lease.hold(tx);
        var rings = unsent.isEmpty()
                ? Future.succeededFuture(Map.<Integer, Ring>of())
                : RingsStore.lock(
                        tx, run.ws(), unsent.stream().map(Place::profileNo).collect(Collectors.toSet()));
        var results = sending.ledger().results(tx, run, chunk.chunk(), lease.token(), rows);
        return Future.join(hold, rings, results)
                .compose(all -> giveBack(tx, rings.result(), written(results.result(), unsent)))
                .compose(done -> endGone(tx, results.result()))
                .map(done -> new Written(results.result().size(), false))
                .onSuccess(written -> CrashPoint.INSIDE_RESULT.hit());
    }

    private static Set<Place> written(List<LedgerRow> rows, Set<Place> unsent) {
        return rows.stream().map(Place::of).filter(unsent::contains).collect(Collectors.toSet());
    }

    /** The places of people to whom certainly nothing of the message has left, to none of their devices. */
    private Future<Void> giveBack(SqlConnection tx, Map<Integer, Ring> rings, Set<Place> unsent) {
        var people = unsent.stream().map(Place::profileNo).collect(Collectors.toSet());
        if (people.isEmpty()) {
            return Future.succeededFuture();
        }
        return LedgerStore.rowsOf(tx, run.run(), people).compose(rows -> {
            rows.stream()
                    .filter(row -> !unsent.contains(Place.of(row)) && !Unsent.isCertain(row))
                    .forEach(row -> people.remove(row.profileNo()));
            var without = new TreeMap<Integer, Ring>();
            people.forEach(no -> without.put(no, rings.get(no).without(run.run())));
            if (without.isEmpty()) {
                return Future.succeededFuture();
            }
            var released = run.plan().dedupe() == null
                    ? Future.<Void>succeededFuture()
                    : DedupeStore.release(tx, run, without.keySet());
            return Future.all(released, RingsStore.write(tx, run.ws(), without)).mapEmpty();
        });
    }

    private Future<Void> endGone(SqlConnection tx, List<LedgerRow> written) {
        var gone = written.stream()
                .filter(row -> row.reason() == Reason.GONE)
                .map(LedgerRow::subscription)
                .toList();
        return gone.isEmpty()
                ? Future.succeededFuture()
                : sending.channel(run.channel()).end(tx, run.ws(), gone);
    }

    /** Results that may be the last: then the chunk ends with them, and a message to one person costs a transaction less. */
    Future<Written> withLastResults(List<LedgerRow> rows, Set<Place> unsent) {
        return sending.transactions().run(tx -> RunsStore.lockRun(tx, run.run())
                .compose(locked -> writeResults(tx, rows, unsent))
                .compose(written -> LedgerStore.rest(tx, chunk)
                        .compose(rest -> isReached(rest)
                                ? finish(tx).map(new Written(written.rows(), true))
                                : Future.succeededFuture(written))));
    }

    /** Everybody was claimed, and every row is final. */
    boolean isReached(Rest rest) {
        return rest.claimed() == chunk.profileNos().size() && rest.nextAt() == null;
    }

    Future<Void> ofChunk() {
        return sending.transactions().run(tx -> RunsStore.lockRun(tx, run.run())
                .compose(done -> lease.hold(tx))
                .compose(hold -> finish(tx)));
    }

    /** Nothing more may be sent, for this reason: whoever is left ends with the chunk. */
    Future<Void> ofRest(Reason reason) {
        return sending.transactions().run(tx -> RunsStore.lockRun(tx, run.run())
                .compose(done -> lease.hold(tx))
                .compose(hold -> sending.ledger().endRest(tx, run, chunk, lease.token(), reason, true))
                .compose(done -> finish(tx)));
    }

    private Future<Void> finish(SqlConnection tx) {
        return ChunksStore.finish(tx, run.run(), chunk.chunk()).compose(done -> RunCountsStore.fold(tx, run.run()));
    }
}
