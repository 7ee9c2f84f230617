package app.fathi.cep.sending;

import app.fathi.cep.decisions.Decided;
import app.fathi.cep.ledger.LedgerRow;
import app.fathi.cep.ledger.LedgerStore;
import app.fathi.cep.ledger.LedgerStore.Place;
import app.fathi.cep.ledger.NextStep;
import app.fathi.cep.message.Channel;
import app.fathi.cep.message.Channel.Address;
import app.fathi.cep.message.Channel.Attempt;
import app.fathi.cep.message.Channel.Gate;
import app.fathi.cep.message.Reason;
import app.fathi.cep.message.RunState;
import app.fathi.cep.message.State;
import app.fathi.cep.runs.Chunk;
import app.fathi.cep.runs.DatabaseClock;
import app.fathi.cep.runs.Run;
import app.fathi.cep.runs.ThrottleStore;
import app.fathi.cep.sending.Answers.Answer;
import app.fathi.cep.sending.Intents.Draft;
import app.fathi.cep.stops.Stops;
import app.fathi.cep.stops.StopsStore;
import app.fathi.platform.jobs.CrashPoint;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.LeaseLostException;
import app.fathi.platform.logging.Thrown;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
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

    private final Sending sending;
    private final Run run;
    private final Chunk chunk;
    private final Lease lease;
    private final DatabaseClock clock;
    private final Channel channel;
    private final Pool pool;

    private final ChunkQueue queue;
    private final Intents intents;
    private final Answers answers;
    private final ChunkEnd end;
    private final int window;
    private final boolean small;

    /** People with whom a place is taken for the message: of what certainly did not leave it is given back. */
    private final Set<Integer> counted = new HashSet<>();

    private volatile Stops stops;
    private volatile long watchedNanos = System.nanoTime();
    private RuntimeException failure;
    /** What the workspace's own service is asked about before it is committed; null for nothing. */
    private Draft asking;
    /** The run's allowance is spent until then; null while it is not known to be. */
    private Instant throttledUntil;
    /** The last results have ended the chunk. */
    private boolean finished;

    /** @param left people of the chunk who are no more among whom the message was meant for */
    ChunkSender(Sending sending, Run run, Chunk chunk, Lease lease, DatabaseClock clock, Set<Integer> left) {
        this.sending = sending;
        this.run = run;
        this.chunk = chunk;
        this.lease = lease;
        this.clock = clock;
        this.channel = sending.channel(run.channel());
        this.pool = sending.transactions().pool();
        this.queue = new ChunkQueue(sending, run, chunk);
        var wording = Decider.wording(sending, run).await();
        this.intents = new Intents(sending, run, chunk, wording, lease, clock, left);
        this.answers = new Answers(sending.vertx());
        this.end = new ChunkEnd(sending, run, chunk, lease);
        this.window = sending.settings().windowMessages();
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
                int share = sending.turns().share(small, share(free));
                begin(share);
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
        sending.turns().take(small, work);
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
            stops = seen(StopsStore.stops(pool, run.run()).await());
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

    /** In one turn where nobody else is asked; who is has their time between two of them, in which others get theirs. */
    private void begin(int free) {
        inTurn(() -> {
            asking = decided(free);
            if (asking != null && !asking.asks()) {
                commit(asking);
                asking = null;
            }
        });
        if (asking == null) {
            return;
        }
        try {
            var asked = intents.ask(asking, false).await();
            inTurn(() -> commit(asked));
        } catch (RuntimeException e) {
            fail(e);
        }
    }

    /** Null when there is nobody, or the database has failed. */
    private Draft decided(int free) {
        try {
            var candidates = queue.next(free);
            return candidates.isEmpty()
                    ? null
                    : intents.decide(candidates, stops).await();
        } catch (RuntimeException e) {
            fail(e);
            return null;
        }
    }

    private void commit(Draft draft) {
        try {
            CrashPoint.BEFORE_INTENT.hit();
            long before = System.nanoTime();
            var intent = intents.commit(draft).await();
            stops = intent.stops();
            if (stops.anything()) {
                return;
            }
            watchedNanos = before;
            counted.addAll(intent.counted());
            CrashPoint.AFTER_INTENT.hit();
            intent.rows().forEach((row, what) -> post(row, what, intent.hold()));
        } catch (RuntimeException e) {
            fail(e);
        }
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
        return Math.max(1, Math.min(sending.settings().resultMessages(), window));
    }

    private long resultWaitNanos() {
        return TimeUnit.MILLISECONDS.toNanos(sending.settings().resultWaitMillis()) - answers.ageNanos();
    }

    /** Tried for as long as a lease lasts: what is not written here is sent again by who comes next. */
    private void writeResults() {
        var first = answers.first(sending.settings().resultMessages());
        var rows = first.stream().map(this::result).sorted(Intents.BY_PLACE).toList();
        var unsent = unsent(first);
        boolean last = isLast(rows.size());
        long began = System.nanoTime();
        while (true) {
            try {
                inTurn(() -> write(rows, unsent, last));
                break;
            } catch (RuntimeException e) {
                boolean late = System.nanoTime() - began > lease.length().toNanos();
                if (late || e instanceof LeaseLostException || !lease.stillMine()) {
                    LOG.warn("{} results of message {} are given up: {}", rows.size(), run.id(), Thrown.text(e));
                    fail(e);
                    break;
                }
                LOG.info("Results of message {} are not written yet: {}", run.id(), Thrown.text(e));
                sending.vertx().timer(RESULT_PAUSE.toMillis()).await();
            }
        }
        answers.drop(rows.size());
    }

    private Set<Place> unsent(List<Answer> all) {
        return counted.isEmpty()
                ? Set.of()
                : all.stream()
                        .filter(answer -> counted.contains(answer.row().profileNo())
                                && Unsent.isCertain(answer.row(), answer.attempt()))
                        .map(answer -> Place.of(answer.row()))
                        .collect(Collectors.toSet());
    }

    private void write(List<LedgerRow> rows, Set<Place> unsent, boolean last) {
        var written = (last ? end.withLastResults(rows, unsent) : end.results(rows, unsent)).await();
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
        var next = sending.retries()
                .after(attempt, row.attempts(), clock.now(), run.expiresAt(), ThreadLocalRandom.current());
        return row.after(next, row.attempts(), attempt.httpStatus() == 0 ? null : attempt.httpStatus());
    }

    private NextStep later(Instant notBefore) {
        return sending.retries().later(notBefore, clock.now(), run.expiresAt(), ThreadLocalRandom.current());
    }

    // --- end ------------------------------------------------------------------------------------------------------

    private JobOutcome finish() {
        if (stops.everything() || expired()) {
            end.ofRest(stops.everything() ? stops.reason() : run.late(chunk)).await();
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
