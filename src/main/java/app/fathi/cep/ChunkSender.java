package app.fathi.cep;

import app.fathi.cep.Channel.Address;
import app.fathi.cep.Channel.Attempt;
import app.fathi.cep.Channel.Composed;
import app.fathi.cep.Channel.Gate;
import app.fathi.cep.Channel.Outgoing;
import app.fathi.cep.LedgerStore.Place;
import app.fathi.platform.jobs.CrashPoint;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.LeaseLostException;
import app.fathi.templates.RenderException;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends one chunk under one lease: takes sub-batches as the window allows, decides, commits the intent, posts, and
 * commits the results, several sub-batches overlapping. At most the window's messages are without a committed result at
 * any time: after a crash exactly these are ambiguous.
 *
 * <p>One virtual thread runs it; only {@link #arrive} and the gate are called from elsewhere.
 */
final class ChunkSender {
    private static final Logger LOG = LoggerFactory.getLogger(ChunkSender.class);

    /** A cancel is seen within one of these. */
    private static final long WATCH_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** Without having seen the run's state for so long nothing leaves: a cancel stops everything within 5 s. */
    private static final long WATCH_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(4);
    /** Devices of one person: beyond it somebody is playing. */
    private static final int DEVICES_LIMIT = 100;

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
    /** The content is the same for everybody: nobody's traits are needed. */
    private final boolean constant;

    /** Rows to resume: they waited, or their sender died. */
    private final Deque<LedgerRow> due = new ArrayDeque<>();
    /** People nobody has claimed. */
    private final Deque<Integer> unclaimed = new ArrayDeque<>();
    /** Addresses of a chunk that names them, by person; null until needed. */
    private Map<Integer, List<Address>> named;

    private final Queue<Answer> arrived = new ConcurrentLinkedQueue<>();
    private final List<Answer> answers = new ArrayList<>();
    private long answersSinceNanos;
    private int inFlight;
    private volatile Promise<Void> bell = Promise.promise();

    private volatile boolean cancelled;
    private volatile long watchedNanos = System.nanoTime();
    private RuntimeException failure;

    ChunkSender(Sending sending, Run run, Chunk chunk, Lease lease, DatabaseClock clock) {
        this.sending = sending;
        this.run = run;
        this.chunk = chunk;
        this.lease = lease;
        this.clock = clock;
        this.channel = sending.channel(run.channel());
        this.pool = sending.transactions.pool();
        this.constant = sending.renderer.isConstant(run.content());
        this.cancelled = run.state() == RunState.CANCELLED || lease.cancelled();
    }

    /** One delivery on its way. {@code previous} is null for a new claim. */
    private record Candidate(
            int profileNo, int rank, UUID id, Address address, JsonObject traits, LedgerRow previous) {}

    /** What was decided for it: a reason not to send, or what to send. */
    private record Decided(Candidate candidate, Reason fault, Outgoing outgoing, Composed composed) {}

    private record Answer(LedgerRow row, Attempt attempt) {}

    JobOutcome send() {
        load();
        while (true) {
            watch();
            boolean more = mayBegin();
            int pending = inFlight + answers.size();
            int free = sending.settings.windowMessages() - pending;
            if (more && (pending == 0 || free >= sending.settings.windowMessages() / 2)) {
                begin(Math.max(1, free));
                continue;
            }
            collect();
            if (answersAreDue()) {
                writeResults();
                continue;
            }
            if (inFlight == 0 && answers.isEmpty()) {
                break;
            }
            waitForAnswers();
        }
        if (failure != null) {
            throw failure;
        }
        return finish();
    }

    private void load() {
        var rows = LedgerStore.rows(pool, chunk).await();
        var now = clock.now();
        var claimed = new HashSet<Integer>();
        for (var row : rows) {
            claimed.add(row.profileNo());
            boolean dead = row.state() == State.ATTEMPTING;
            if (dead || row.state() == State.WAITING && !row.nextAt().isAfter(now)) {
                due.add(row);
            }
        }
        chunk.profileNos().stream().filter(no -> !claimed.contains(no)).forEach(unclaimed::add);
    }

    private boolean mayBegin() {
        return failure == null
                && !cancelled
                && !expired()
                && !lease.stopping()
                && !(due.isEmpty() && unclaimed.isEmpty());
    }

    private boolean expired() {
        return !clock.now().isBefore(run.expiresAt());
    }

    /** Looks at the run's state once a second. */
    private void watch() {
        if (cancelled || failure != null || System.nanoTime() - watchedNanos < WATCH_NANOS) {
            return;
        }
        try {
            long before = System.nanoTime();
            cancelled = lease.cancelled() || RunsStore.state(pool, run.run()).await() == RunState.CANCELLED;
            watchedNanos = before;
        } catch (RuntimeException e) {
            fail(e);
        }
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
            var candidates = next(free);
            if (candidates.isEmpty()) {
                return;
            }
            var decided = sending.pool
                    .map(run.isTransactional(), candidates, this::decide)
                    .await();
            CrashPoint.BEFORE_INTENT.hit();
            var intent = sending.transactions.run(tx -> intent(tx, decided)).await();
            if (intent == null) {
                return;
            }
            watchedNanos = System.nanoTime();
            CrashPoint.AFTER_INTENT.hit();
            intent.rows.forEach((row, what) -> post(row, what, intent.gate));
        } catch (RuntimeException e) {
            fail(e);
        }
    }

    /** The next people or rows, about as many deliveries as there is room; a person's devices stay together. */
    private List<Candidate> next(int free) {
        return due.isEmpty() ? nextPeople(free) : nextDue(free);
    }

    private List<Candidate> nextDue(int free) {
        var rows = new ArrayList<LedgerRow>();
        while (rows.size() < free && !due.isEmpty()) {
            rows.add(due.poll());
        }
        var addresses = new HashMap<UUID, Address>();
        channel.addresses(
                        pool,
                        run.ws(),
                        rows.stream().map(LedgerRow::subscription).distinct().toList())
                .await()
                .forEach(address -> addresses.put(address.id(), address));
        var traits = traits(rows.stream().map(LedgerRow::profileNo).toList());
        return rows.stream()
                .map(row -> {
                    var address = addresses.get(row.subscription());
                    // Since then the device may have passed to somebody else, to whom the message is not addressed.
                    var same = address != null && address.profileNo() == row.profileNo() ? address : null;
                    return new Candidate(row.profileNo(), row.rank(), row.id(), same, traits.get(row.profileNo()), row);
                })
                .toList();
    }

    private List<Candidate> nextPeople(int free) {
        var people = new ArrayList<Integer>();
        while (people.size() < free && !unclaimed.isEmpty()) {
            people.add(unclaimed.poll());
        }
        var addresses = addresses(people);
        var candidates = new ArrayList<Candidate>();
        var taken = new ArrayList<Integer>();
        for (var person : people) {
            var devices = addresses.getOrDefault(person, List.of());
            if (!candidates.isEmpty() && candidates.size() + devices.size() > free) {
                break;
            }
            taken.add(person);
            if (devices.isEmpty()) {
                candidates.add(new Candidate(person, 0, UuidCreator.getTimeOrderedEpoch(), null, null, null));
            }
            for (int rank = 0; rank < devices.size(); rank++) {
                candidates.add(
                        new Candidate(person, rank, UuidCreator.getTimeOrderedEpoch(), devices.get(rank), null, null));
            }
        }
        people.subList(taken.size(), people.size()).reversed().forEach(unclaimed::addFirst);
        var traits = traits(taken);
        return candidates.stream()
                .map(c -> new Candidate(c.profileNo, c.rank, c.id, c.address, traits.get(c.profileNo), null))
                .toList();
    }

    /** Each person's devices, as many as the run wants. */
    private Map<Integer, List<Address>> addresses(List<Integer> people) {
        if (chunk.subscriptions() != null) {
            if (named == null) {
                named = byPerson(
                        channel.addresses(pool, run.ws(), chunk.subscriptions()).await());
            }
            return named;
        }
        return byPerson(channel.addressesOf(pool, run.ws(), people).await());
    }

    private Map<Integer, List<Address>> byPerson(List<Address> addresses) {
        int limit = run.devices() == null ? DEVICES_LIMIT : Math.min(run.devices(), DEVICES_LIMIT);
        var byPerson = new HashMap<Integer, List<Address>>();
        for (var address : addresses) {
            var devices = byPerson.computeIfAbsent(address.profileNo(), no -> new ArrayList<>());
            if (devices.size() < limit) {
                devices.add(address);
            }
        }
        return byPerson;
    }

    /** Traits of the people, where the content asks for them; people who are no more have none. */
    private Map<Integer, JsonObject> traits(Collection<Integer> people) {
        if (constant) {
            return Map.of();
        }
        var traits = new HashMap<Integer, JsonObject>();
        sending.profiles
                .views(pool, run.ws(), new HashSet<>(people))
                .await()
                .forEach((no, view) -> traits.put(no, view.traits()));
        return traits;
    }

    /** Reachable, render, size: pure CPU, on the send pool. */
    private Decided decide(Candidate candidate) {
        if (candidate.address == null) {
            return new Decided(candidate, Reason.NO_SUBSCRIPTION, null, null);
        }
        if (candidate.previous != null && candidate.previous.attempts() >= sending.settings.attempts()) {
            // Whoever tried it died, again and again.
            return new Decided(candidate, Reason.INTERNAL, null, null);
        }
        if (!constant && candidate.traits == null) {
            return new Decided(candidate, Reason.NOT_IN_AUDIENCE, null, null);
        }
        try {
            var content = constant
                    ? run.content()
                    : sending.renderer.render(run.content(), new JsonObject().put("traits", candidate.traits));
            var outgoing = outgoing(candidate, content);
            var composed = channel.compose(outgoing);
            return new Decided(candidate, composed.fault(), outgoing, composed);
        } catch (RenderException e) {
            // Without the exception's text: it may quote the person's traits.
            LOG.debug("Message {} does not render for person {}", run.id(), candidate.profileNo);
            return new Decided(candidate, Reason.TEMPLATE_ABORTED, null, null);
        } catch (RuntimeException e) {
            LOG.error("Message {} cannot be composed for person {}", run.id(), candidate.profileNo, e);
            return new Decided(candidate, Reason.INTERNAL, null, null);
        }
    }

    private Outgoing outgoing(Candidate candidate, JsonObject content) {
        var now = clock.now();
        var token = run.tracking()
                ? sending.tokens.sign(
                        new DeliveryKey(run.ws(), run.run(), 0, candidate.profileNo, candidate.rank),
                        now.plus(Duration.ofDays(sending.trackTokenDays)))
                : null;
        long left = Math.max(0, Duration.between(now, run.expiresAt()).toSeconds());
        return new Outgoing(
                run.ws(),
                candidate.id,
                token,
                content,
                candidate.address,
                run.expiresAt(),
                (int) Math.min(run.ttlSeconds(), left),
                run.urgency(),
                run.topic());
    }

    /** What an intent's commit allows. */
    private record Intent(Map<LedgerRow, Decided> rows, Gate gate) {}

    /** Looks once more at everything that may have changed, then reserves. Null when the run was cancelled meanwhile. */
    private Future<Intent> intent(SqlConnection tx, List<Decided> decided) {
        var ids = new HashSet<UUID>();
        decided.stream().filter(d -> d.fault == null).forEach(d -> ids.add(d.candidate.address.id()));
        // Asked in one go: the connection answers them in this order, which is also the order of the locks.
        var state = RunsStore.lockState(tx, run.run());
        var hold = lease.hold(tx);
        var active = ids.isEmpty() ? Future.succeededFuture(Set.<UUID>of()) : channel.stillActive(tx, run.ws(), ids);
        return Future.all(state, hold, active).compose(all -> {
            if (state.result() == RunState.CANCELLED || lease.cancelled()) {
                cancelled = true;
                return Future.succeededFuture(null);
            }
            var byPlace = new HashMap<Place, Decided>();
            var claims = new HashSet<Place>();
            var rows = new ArrayList<LedgerRow>();
            for (var d : decided) {
                boolean gone = d.fault == null && !active.result().contains(d.candidate.address.id());
                var row = row(d, gone ? Reason.NO_SUBSCRIPTION : d.fault);
                rows.add(row);
                byPlace.put(Place.of(row), d);
                if (d.candidate.previous == null) {
                    claims.add(Place.of(row));
                }
            }
            rows.sort(BY_PLACE);
            return Ledger.intents(tx, run, chunk.chunk(), lease.token(), rows, claims)
                    .map(written -> {
                        var toSend = new HashMap<LedgerRow, Decided>();
                        for (var row : written) {
                            if (row.state() == State.ATTEMPTING) {
                                toSend.put(row, byPlace.get(Place.of(row)));
                            }
                        }
                        return new Intent(toSend, gate(hold.result()));
                    });
        });
    }

    private static LedgerRow row(Decided decided, Reason fault) {
        var c = decided.candidate;
        var subscription = c.previous != null ? c.previous.subscription() : c.address == null ? null : c.address.id();
        int attempts = c.previous == null ? 0 : c.previous.attempts();
        var retry = c.previous == null ? null : retry(c.previous);
        return fault == null
                ? new LedgerRow(
                        c.profileNo,
                        c.rank,
                        c.id,
                        subscription,
                        State.ATTEMPTING,
                        attempts + 1,
                        null,
                        retry,
                        null,
                        null)
                : new LedgerRow(
                        c.profileNo,
                        c.rank,
                        c.id,
                        subscription,
                        fault.finalState(),
                        attempts,
                        fault,
                        retry,
                        null,
                        null);
    }

    private static RetryReason retry(LedgerRow previous) {
        // A crash stays on record: it is what can explain a duplicate.
        if (previous.state() == State.ATTEMPTING || RetryReason.CRASH.equals(previous.retry())) {
            return RetryReason.CRASH;
        }
        return previous.reason() == null ? previous.retry() : new RetryReason(previous.reason());
    }

    private Gate gate(Lease.Hold hold) {
        return () -> hold.maySend() && !cancelled && System.nanoTime() - watchedNanos < WATCH_LIMIT_NANOS && !expired();
    }

    private void post(LedgerRow row, Decided decided, Gate gate) {
        inFlight++;
        if (!gate.open()) {
            arrive(new Answer(row, Attempt.NOT_SENT));
            return;
        }
        // What is thrown is an answer, too: else it would be waited for without end.
        Future.<Attempt>future(answer ->
                        channel.send(decided.outgoing, decided.composed, gate).onComplete(answer))
                .onComplete(result ->
                        arrive(new Answer(row, result.succeeded() ? result.result() : broken(result.cause()))));
    }

    private Attempt broken(Throwable cause) {
        LOG.error("The channel {} failed where it must answer", run.channel(), cause);
        return new Attempt(Reason.CHANNEL_ERROR, true, null, 0, true);
    }

    // --- results --------------------------------------------------------------------------------------------------

    /** Called on any thread. */
    private void arrive(Answer answer) {
        arrived.add(answer);
        bell.tryComplete();
    }

    private void collect() {
        for (var answer = arrived.poll(); answer != null; answer = arrived.poll()) {
            inFlight--;
            if (answers.isEmpty()) {
                answersSinceNanos = System.nanoTime();
            }
            answers.add(answer);
            CrashPoint.AFTER_ANSWER.hit();
        }
    }

    private boolean answersAreDue() {
        return !answers.isEmpty() && (answers.size() >= resultsAtOnce() || inFlight == 0 || answersWaitNanos() <= 0);
    }

    /** Half the window is enough: one attempt that hangs must not make the others wait for company. */
    private int resultsAtOnce() {
        return Math.max(1, Math.min(sending.settings.resultMessages(), sending.settings.windowMessages() / 2));
    }

    private long answersWaitNanos() {
        return answersSinceNanos
                + TimeUnit.MILLISECONDS.toNanos(sending.settings.resultWaitMillis())
                - System.nanoTime();
    }

    private void waitForAnswers() {
        bell = Promise.promise();
        if (!arrived.isEmpty()) {
            return;
        }
        long nanos = answers.isEmpty() ? WATCH_NANOS : answersWaitNanos();
        var timer = sending.vertx.timer(Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos)));
        Future.any(bell.future(), timer).await();
        timer.cancel();
    }

    /** Tried for as long as a lease lasts: what is not written here is sent again by who comes next. */
    private void writeResults() {
        var batch = answers.subList(0, Math.min(answers.size(), sending.settings.resultMessages()));
        var rows = new ArrayList<LedgerRow>();
        batch.forEach(answer -> rows.add(result(answer)));
        rows.sort(BY_PLACE);
        long giveUpNanos = System.nanoTime() + lease.length().toNanos();
        while (true) {
            try {
                int written = sending.transactions.run(tx -> result(tx, rows)).await();
                if (written < rows.size()) {
                    LOG.warn("{} results of message {} were fenced", rows.size() - written, run.id());
                }
                break;
            } catch (RuntimeException e) {
                if (e instanceof LeaseLostException || !lease.stillMine() || System.nanoTime() - giveUpNanos > 0) {
                    LOG.warn("{} results of message {} are given up: {}", rows.size(), run.id(), e.toString());
                    fail(e);
                    break;
                }
                LOG.info("Results of message {} are not written yet: {}", run.id(), e.toString());
                sending.vertx.timer(RESULT_PAUSE.toMillis()).await();
            }
        }
        batch.clear();
        answersSinceNanos = System.nanoTime();
    }

    private Future<Integer> result(SqlConnection tx, List<LedgerRow> rows) {
        return lease.hold(tx)
                .compose(hold -> Ledger.results(tx, run, chunk.chunk(), lease.token(), rows))
                .compose(written -> {
                    var gone = written.stream()
                            .filter(row -> row.reason() == Reason.GONE)
                            .map(LedgerRow::subscription)
                            .toList();
                    return (gone.isEmpty() ? Future.<Void>succeededFuture() : channel.end(tx, run.ws(), gone))
                            .map(written.size());
                })
                .onSuccess(written -> CrashPoint.INSIDE_RESULT.hit());
    }

    private LedgerRow result(Answer answer) {
        var row = answer.row;
        var attempt = answer.attempt;
        if (attempt.reason() == null) {
            // The gate was shut: this was no attempt.
            var back = with(row, State.WAITING, row.attempts() - 1, null, null, clock.now());
            return cancelled ? back.end(Reason.CANCELLED) : back;
        }
        var next = sending.retries.after(
                attempt, row.attempts(), clock.now(), run.expiresAt(), ThreadLocalRandom.current());
        var status = attempt.httpStatus() == 0 ? null : attempt.httpStatus();
        var after = with(row, next.state(), row.attempts(), next.reason(), status, next.nextAt());
        return cancelled && next.state() == State.WAITING ? after.end(Reason.CANCELLED) : after;
    }

    private static LedgerRow with(
            LedgerRow row, State state, int attempts, Reason reason, Integer httpStatus, Instant nextAt) {
        return new LedgerRow(
                row.profileNo(),
                row.rank(),
                row.id(),
                row.subscription(),
                state,
                attempts,
                reason,
                row.retry(),
                httpStatus,
                nextAt);
    }

    // --- end ------------------------------------------------------------------------------------------------------

    private JobOutcome finish() {
        if (cancelled || expired()) {
            var reason = cancelled ? Reason.CANCELLED : Reason.TTL_EXPIRED;
            sending.transactions
                    .run(tx -> RunsStore.lockRun(tx, run.run())
                            .compose(done -> lease.hold(tx))
                            .compose(hold -> Ledger.endRest(tx, run, chunk, lease.token(), reason, true))
                            .compose(done -> finishChunk(tx)))
                    .await();
            return lease.cancelled() ? JobOutcome.cancelled() : JobOutcome.done();
        }
        var rest = LedgerStore.rest(pool, chunk).await();
        if (rest.claimed() < chunk.profileNos().size()) {
            return JobOutcome.again(clock.now());
        }
        if (rest.nextAt() != null) {
            return JobOutcome.again(rest.nextAt());
        }
        sending.transactions
                .run(tx -> RunsStore.lockRun(tx, run.run())
                        .compose(done -> lease.hold(tx))
                        .compose(hold -> finishChunk(tx)))
                .await();
        return JobOutcome.done();
    }

    private Future<Void> finishChunk(SqlConnection tx) {
        return RunsStore.finishChunk(tx, run.run(), chunk.chunk()).compose(done -> RunsStore.fold(tx, run.run()));
    }
}
