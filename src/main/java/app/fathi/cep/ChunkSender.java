package app.fathi.cep;

import app.fathi.cep.Answers.Answer;
import app.fathi.cep.Channel.Address;
import app.fathi.cep.Channel.Attempt;
import app.fathi.cep.Channel.Gate;
import app.fathi.cep.Decider.Decided;
import app.fathi.cep.LedgerStore.Place;
import app.fathi.platform.jobs.CrashPoint;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.LeaseLostException;
import app.fathi.platform.logging.Thrown;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends one chunk under one lease: takes sub-batches as the window allows, decides, commits the intent, posts, and
 * commits the results, several sub-batches overlapping. At most the window's messages are without a committed result at
 * any time: after a crash exactly these are ambiguous.
 *
 * <p>One virtual thread runs it; only the gate is called from elsewhere.
 */
final class ChunkSender {
    private static final Logger LOG = LoggerFactory.getLogger(ChunkSender.class);

    /** A cancel or a kill switch is seen within one of these. */
    private static final long WATCH_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** Without having looked for so long nothing leaves: a cancel or a kill switch stops everything within 5 s. */
    private static final long WATCH_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(4);

    private static final int SECONDS_PER_MINUTE = 60;
    private static final Duration RESULT_PAUSE = Duration.ofMillis(200);
    private static final Comparator<LedgerRow> BY_PLACE =
            Comparator.comparingInt(LedgerRow::profileNo).thenComparingInt(LedgerRow::rank);

    private final Sending sending;
    private final Run run;
    private final Chunk chunk;
    private final Lease lease;
    private final DatabaseClock clock;
    private final Channel channel;
    private final Pool pool;

    private final ChunkQueue queue;
    private final Decider decider;
    private final Answers answers;
    private final ChunkEnd end;
    private final int window;
    private final boolean small;

    private volatile Stops stops;
    private volatile long watchedNanos = System.nanoTime();
    private RuntimeException failure;
    /** The run's allowance is spent until then; null while it is not known to be. */
    private Instant throttledUntil;
    /** The last results have ended the chunk. */
    private boolean finished;

    ChunkSender(Sending sending, Run run, Chunk chunk, Lease lease, DatabaseClock clock) {
        this.sending = sending;
        this.run = run;
        this.chunk = chunk;
        this.lease = lease;
        this.clock = clock;
        this.channel = sending.channel(run.channel());
        this.pool = sending.transactions.pool();
        this.queue = new ChunkQueue(sending, run, chunk);
        this.decider = new Decider(sending, run, chunk, clock::now);
        this.answers = new Answers(sending.vertx);
        this.end = new ChunkEnd(sending, run, chunk, lease);
        this.window = sending.settings.windowMessages();
        this.small = Turns.isSmall(run.isTransactional(), chunk.profileNos().size());
        this.stops = run.state() == RunState.CANCELLED || lease.cancelled() ? Stops.NONE.cancel() : Stops.NONE;
    }

    JobOutcome send() {
        queue.load(clock.now());
        while (true) {
            watch();
            int pending = answers.inFlight() + answers.size();
            int free = window - pending;
            if (mayBegin() && (pending == 0 || free >= window / 2) && allowed(free)) {
                int share = sending.turns.share(small, share(free));
                inTurn(() -> begin(share));
                continue;
            }
            answers.collect();
            if (resultsAreDue()) {
                writeResults();
                continue;
            }
            if (answers.inFlight() == 0 && answers.size() == 0) {
                break;
            }
            answers.await(answers.size() == 0 ? WATCH_NANOS : resultWaitNanos());
        }
        if (failure != null) {
            throw failure;
        }
        return finished ? JobOutcome.done() : finish();
    }

    private void inTurn(Runnable work) {
        sending.turns.take(small, work);
    }

    private boolean mayBegin() {
        return failure == null
                && !stops.anything()
                && !expired()
                && !lease.stopping()
                && throttledUntil == null
                && !queue.isEmpty();
    }

    /** Whether the run's allowance has room for a sub-batch. Once it has none, this chunk lets others work. */
    private boolean allowed(int free) {
        if (run.perMinute() == null) {
            return true;
        }
        try {
            throttledUntil =
                    ThrottleStore.take(pool, run.run(), share(free)).await().orElse(null);
        } catch (RuntimeException e) {
            fail(e);
        }
        return throttledUntil == null && failure == null;
    }

    /** What is free of the window; of a run with an allowance no more than a second's worth. */
    private int share(int free) {
        return Math.max(1, run.perMinute() == null ? free : Math.min(free, run.perMinute() / SECONDS_PER_MINUTE));
    }

    private boolean expired() {
        return !clock.now().isBefore(run.expiresAt());
    }

    /** Looks once a second at what stands against sending. */
    private void watch() {
        if (stops.everything() || failure != null || System.nanoTime() - watchedNanos < WATCH_NANOS) {
            return;
        }
        try {
            long before = System.nanoTime();
            stops = seen(RunsStore.stops(pool, run.run()).await());
            watchedNanos = before;
        } catch (RuntimeException e) {
            fail(e);
        }
    }

    private Stops seen(Stops now) {
        return lease.cancelled() ? now.cancel() : now;
    }

    /** The first failure counts; what is in flight is still brought to its end. */
    private void fail(RuntimeException e) {
        if (failure == null) {
            failure = e;
        }
    }

    // --- decide, intent, post -------------------------------------------------------------------------------------

    private void begin(int free) {
        try {
            var candidates = queue.next(free);
            if (candidates.isEmpty()) {
                return;
            }
            var refusals = refusals(
                            pool, candidates.stream().map(Candidate::profileNo).toList())
                    .await();
            var decided = sending.pool
                    .map(
                            run.isTransactional(),
                            candidates,
                            candidate -> refusals.containsKey(candidate.profileNo())
                                    ? Decided.not(candidate, refusals.get(candidate.profileNo()))
                                    : decider.decide(candidate))
                    .await();
            CrashPoint.BEFORE_INTENT.hit();
            long before = System.nanoTime();
            var intent = sending.transactions.run(tx -> intent(tx, decided)).await();
            if (intent == null) {
                return;
            }
            watchedNanos = before;
            CrashPoint.AFTER_INTENT.hit();
            intent.rows.forEach((row, what) -> post(row, what, intent.hold));
        } catch (RuntimeException e) {
            fail(e);
        }
    }

    /** Who of these wants nothing, or must get nothing, of what this is. */
    private Future<Map<Integer, Reason>> refusals(SqlClient client, Collection<Integer> people) {
        return sending.profiles
                .refusals(
                        client,
                        run.ws(),
                        Set.copyOf(people),
                        run.purpose(),
                        run.channel().word())
                .map(found -> {
                    var reasons = new HashMap<Integer, Reason>();
                    found.forEach((no, refusal) -> reasons.put(
                            no,
                            switch (refusal) {
                                case SUPPRESSED -> Reason.SUPPRESSED;
                                case NO_CONSENT -> Reason.NO_CONSENT;
                            }));
                    return reasons;
                });
    }

    /** What an intent's commit allows. */
    private record Intent(Map<LedgerRow, Decided> rows, Lease.Hold hold) {}

    /** Looks once more at everything that may have changed, then reserves. Null when the run was stopped meanwhile. */
    private Future<Intent> intent(SqlConnection tx, List<Decided> decided) {
        var ids = new HashSet<UUID>();
        decided.stream()
                .filter(Decided::isTried)
                .forEach(d -> ids.add(d.candidate().address().id()));
        // Asked in one go: the connection answers them in this order, which is also the order of the locks.
        var now = RunsStore.lockStops(tx, run.run());
        var marked = run.state() == RunState.QUEUED && chunk.isAllOf(run)
                ? RunsStore.markSending(tx, run.run())
                : Future.<Void>succeededFuture();
        var hold = lease.hold(tx);
        var active = ids.isEmpty() ? Future.succeededFuture(Set.<UUID>of()) : channel.stillActive(tx, run.ws(), ids);
        var limited = QuotaStore.isLimited(tx, run.ws());
        var refused = ids.isEmpty()
                ? Future.succeededFuture(Map.<Integer, Reason>of())
                : refusals(
                        tx, decided.stream().map(d -> d.candidate().profileNo()).toList());
        return Future.all(now, marked, hold, active, limited, refused).compose(all -> {
            stops = seen(now.result());
            return stops.anything()
                    ? Future.succeededFuture(null)
                    : reserve(tx, decided, active.result(), refused.result(), limited.result())
                            .map(rows -> new Intent(rows, hold.result()));
        });
    }

    /** Writes what was decided; what is answered may be sent. */
    private Future<Map<LedgerRow, Decided>> reserve(
            SqlConnection tx, List<Decided> decided, Set<UUID> active, Map<Integer, Reason> refused, boolean limited) {
        long first = limited
                ? decided.stream().filter(d -> isFirst(d, active, refused)).count()
                : 0;
        return first == 0
                ? write(tx, decided, active, refused, Integer.MAX_VALUE)
                : QuotaStore.take(tx, run.ws(), (int) first)
                        .compose(granted -> write(tx, decided, active, refused, granted));
    }

    /** A delivery counts once, with its claim, however often it is tried. */
    private boolean isFirst(Decided decided, Set<UUID> active, Map<Integer, Reason> refused) {
        return decided.candidate().previous() == null
                && !row(decided, active, refused).state().isFinal();
    }

    /** @param quota how many of them may begin for the first time */
    private Future<Map<LedgerRow, Decided>> write(
            SqlConnection tx, List<Decided> decided, Set<UUID> active, Map<Integer, Reason> refused, int quota) {
        var byPlace = new HashMap<Place, Decided>();
        var claims = new HashSet<Place>();
        var rows = new ArrayList<LedgerRow>();
        int left = quota;
        for (var d : decided) {
            boolean begins = isFirst(d, active, refused);
            var row = begins && left == 0 ? d.candidate().ended(Reason.QUOTA_EXCEEDED) : row(d, active, refused);
            left -= begins && left > 0 ? 1 : 0;
            rows.add(row);
            byPlace.put(Place.of(row), d);
            if (d.candidate().previous() == null) {
                claims.add(Place.of(row));
            }
        }
        rows.sort(BY_PLACE);
        return sending.ledger
                .intents(tx, run, chunk.chunk(), lease.token(), rows, claims)
                .map(written -> {
                    var toSend = new HashMap<LedgerRow, Decided>();
                    for (var row : written) {
                        if (row.state() == State.ATTEMPTING) {
                            toSend.put(row, byPlace.get(Place.of(row)));
                        }
                    }
                    return toSend;
                });
    }

    private LedgerRow row(Decided decided, Set<UUID> active, Map<Integer, Reason> refused) {
        var candidate = decided.candidate();
        var fault = decided.fault() != null ? decided.fault() : refused.get(candidate.profileNo());
        if (fault != null) {
            return candidate.ended(fault);
        }
        if (stops.stop(candidate.address())) {
            return candidate.ended(Reason.KILL_SWITCH);
        }
        if (decided.heldUntil() != null) {
            return candidate.later(later(decided.heldUntil()));
        }
        return active.contains(candidate.address().id())
                ? candidate.attempting()
                : candidate.ended(Reason.NO_SUBSCRIPTION);
    }

    private Gate gate(Lease.Hold hold, Address address) {
        return () -> hold.maySend()
                && !stops.stop(address)
                && System.nanoTime() - watchedNanos < WATCH_LIMIT_NANOS
                && !expired();
    }

    private void post(LedgerRow row, Decided decided, Lease.Hold hold) {
        answers.expect();
        var gate = gate(hold, decided.candidate().address());
        if (!gate.open()) {
            answers.arrive(row, Attempt.NOT_SENT);
            return;
        }
        // What is thrown is an answer, too: else it would be waited for without end.
        Future.<Attempt>future(answer -> channel.send(decided.outgoing(), decided.composed(), gate)
                        .onComplete(answer))
                .onComplete(
                        result -> answers.arrive(row, result.succeeded() ? result.result() : broken(result.cause())));
    }

    private Attempt broken(Throwable cause) {
        LOG.error("The channel {} failed where it must answer", run.channel(), cause);
        return new Attempt(Reason.CHANNEL_ERROR, true, null, 0, true);
    }

    // --- results --------------------------------------------------------------------------------------------------

    private boolean resultsAreDue() {
        return answers.size() > 0
                && (answers.size() >= resultsAtOnce() || answers.inFlight() == 0 || resultWaitNanos() <= 0);
    }

    /** What answers quickly is written in one go; one attempt that hangs lets the others wait for the result wait alone. */
    private int resultsAtOnce() {
        return Math.max(1, Math.min(sending.settings.resultMessages(), window));
    }

    private long resultWaitNanos() {
        return TimeUnit.MILLISECONDS.toNanos(sending.settings.resultWaitMillis()) - answers.ageNanos();
    }

    /** Tried for as long as a lease lasts: what is not written here is sent again by who comes next. */
    private void writeResults() {
        var rows = answers.first(sending.settings.resultMessages()).stream()
                .map(this::result)
                .sorted(BY_PLACE)
                .toList();
        boolean last = isLast(rows.size());
        long began = System.nanoTime();
        while (true) {
            try {
                inTurn(() -> write(rows, last));
                break;
            } catch (RuntimeException e) {
                boolean late = System.nanoTime() - began > lease.length().toNanos();
                if (late || e instanceof LeaseLostException || !lease.stillMine()) {
                    LOG.warn("{} results of message {} are given up: {}", rows.size(), run.id(), Thrown.text(e));
                    fail(e);
                    break;
                }
                LOG.info("Results of message {} are not written yet: {}", run.id(), Thrown.text(e));
                sending.vertx.timer(RESULT_PAUSE.toMillis()).await();
            }
        }
        answers.drop(rows.size());
    }

    private void write(List<LedgerRow> rows, boolean last) {
        var written = (last ? end.withLastResults(rows) : end.results(rows)).await();
        finished = written.finished();
        if (written.rows() < rows.size()) {
            LOG.warn("{} results of message {} were fenced", rows.size() - written.rows(), run.id());
        }
    }

    /** Whether these results may be all that was missing; the ledger knows. */
    private boolean isLast(int rows) {
        return queue.isEmpty()
                && answers.inFlight() == 0
                && answers.size() == rows
                && throttledUntil == null
                && failure == null
                && !stops.anything();
    }

    private LedgerRow result(Answer answer) {
        var after = after(answer.row(), answer.attempt());
        return stops.everything() && after.state() == State.WAITING ? after.end(stops.reason()) : after;
    }

    private LedgerRow after(LedgerRow row, Attempt attempt) {
        if (attempt.reason() == null) {
            // The gate was shut, or the channel asks to wait: this was no attempt.
            return row.after(later(attempt.notBefore()), row.attempts() - 1, null);
        }
        var next = sending.retries.after(
                attempt, row.attempts(), clock.now(), run.expiresAt(), ThreadLocalRandom.current());
        return row.after(next, row.attempts(), attempt.httpStatus() == 0 ? null : attempt.httpStatus());
    }

    private RetrySchedule.Next later(Instant notBefore) {
        return sending.retries.later(notBefore, clock.now(), run.expiresAt(), ThreadLocalRandom.current());
    }

    // --- end ------------------------------------------------------------------------------------------------------

    private JobOutcome finish() {
        if (stops.everything() || expired()) {
            end.ofRest(stops.everything() ? stops.reason() : Reason.TTL_EXPIRED).await();
            return lease.cancelled() ? JobOutcome.cancelled() : JobOutcome.done();
        }
        var rest = LedgerStore.rest(pool, chunk).await();
        if (!end.isReached(rest) && stops.held()) {
            // Whoever releases it wakes it; else it comes to its end when nobody would want it any more.
            return JobOutcome.again(run.expiresAt());
        }
        if (!end.isReached(rest)) {
            boolean unclaimed = rest.claimed() < chunk.profileNos().size();
            return JobOutcome.again(throttledUntil != null ? throttledUntil : unclaimed ? clock.now() : rest.nextAt());
        }
        end.ofChunk().await();
        return JobOutcome.done();
    }
}
