package app.fathi.cep;

import app.fathi.cep.audiences.Expansions;
import app.fathi.cep.audiences.ExpansionsStore;
import app.fathi.cep.audiences.Frozen;
import app.fathi.cep.audiences.NamedPeople;
import app.fathi.cep.audiences.Spread;
import app.fathi.cep.audiences.Spread.Slot;
import app.fathi.cep.message.Audience;
import app.fathi.cep.message.Channel;
import app.fathi.cep.message.ChannelKind;
import app.fathi.cep.message.Delivery;
import app.fathi.cep.message.Looked;
import app.fathi.cep.message.MessageFilter;
import app.fathi.cep.message.MessageRequest;
import app.fathi.cep.message.MessageStatus;
import app.fathi.cep.message.Reason;
import app.fathi.cep.message.Resend;
import app.fathi.cep.message.RunState;
import app.fathi.cep.message.State;
import app.fathi.cep.message.Taken;
import app.fathi.cep.runs.Chunk;
import app.fathi.cep.runs.ChunkJob;
import app.fathi.cep.runs.ChunksStore;
import app.fathi.cep.runs.Run;
import app.fathi.cep.runs.RunsStore;
import app.fathi.cep.sending.Sending;
import app.fathi.cep.sending.Turns;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.Problem.Fault;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.jobs.Jobs;
import app.fathi.segments.Audiences;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;

/** How other domains send something, and how they ask what became of it. */
public final class Messages {
    private final Sending sending;
    private final Jobs jobs;
    private final Expansions expansions;
    private final Spread spread;
    private final NamedPeople named;
    private final MessageLooks looks;
    private final Resends resends;
    private final ChannelKind kind = ChannelKind.WEBPUSH;

    /** @param audiences who finds people that nobody names */
    public Messages(Sending sending, Jobs jobs, Audiences audiences) {
        this.sending = sending;
        this.jobs = jobs;
        this.expansions = new Expansions(audiences, jobs);
        this.spread = new Spread(sending.vertx(), sending.profiles(), sending.policies());
        this.named = new NamedPeople(channel(), sending.profiles(), sending.settings());
        this.looks = new MessageLooks(sending.profiles());
        this.resends = new Resends(this, named);
    }

    /**
     * The same request, with its people counted where that has to be done before a transaction: in a dry run to a segment
     * or a rule. Fails with {@code unprocessable} when there is no such segment, or the rule cannot be followed.
     */
    public Future<MessageRequest> counted(int ws, MessageRequest request) {
        return request.dryRun() && request.audience() instanceof Audience.Described described
                ? expansions.count(ws, described).map(request::to)
                : Future.succeededFuture(request);
    }

    /**
     * Freezes the audience and writes the run, its chunks and their jobs in the caller's transaction: when it commits,
     * the message is sent whatever happens. People whom nobody names are found when it is sent. Fails with an {@code
     * unprocessable} problem for templates that cannot be rendered, times that make no sense, and a segment or rule that
     * means nobody. A dry run writes nothing; one to a segment or a rule is to be {@link #counted} before.
     */
    public Future<Taken> request(SqlConnection tx, int ws, MessageRequest request) {
        return request(tx, ws, request, null);
    }

    /**
     * The same to people who are named.
     *
     * @param data what the content may name as {@code data}, the same for all of them; null for nothing
     */
    public Future<Taken> request(SqlConnection tx, int ws, MessageRequest request, JsonObject data) {
        var transaction = tx.transaction();
        if (transaction != null
                && Turns.isSmall(request.isTransactional(), request.audience().size())) {
            sending.turns().smallUntil(transaction.completion());
        }
        return ready(tx, ws, request, false)
                .compose(ready -> RunsStore.nextNumber(tx).compose(number -> take(tx, ws, ready, number, data)));
    }

    private Future<Taken> take(
            SqlConnection tx, int ws, MessageRequest request, RunsStore.Number number, JsonObject data) {
        MessageTimes.check(request, number.now());
        if (request.audience() instanceof Audience.Described described) {
            return expansions.write(tx, run(ws, request, number, RunState.QUEUED, 0), described);
        }
        if (request.audience() instanceof Audience.Counted counted) {
            return Future.succeededFuture(new Taken(null, counted.people(), counted.reachable(), List.of()));
        }
        return named.freeze(tx, ws, request.audience())
                .compose(audience -> request.dryRun()
                        ? named.count(tx, ws, audience)
                        : write(tx, ws, request, number, audience, given(audience, data)));
    }

    private static Map<Integer, JsonObject> given(Frozen audience, JsonObject data) {
        var own = new HashMap<Integer, JsonObject>();
        if (data != null) {
            audience.people().keySet().forEach(no -> own.put(no, new JsonObject().put("data", data)));
        }
        return own;
    }

    /**
     * The request with what it says: its own content, or the version of a template that it keeps to from now on. Fails with
     * {@code unprocessable} when that cannot be sent as it is.
     *
     * @param each whether people have something of their own, which is looked at later
     */
    Future<MessageRequest> ready(SqlConnection tx, int ws, MessageRequest request, boolean each) {
        var template = request.template();
        if (template == null) {
            return checkContent(ws, request).map(request);
        }
        return sending.templates()
                .pin(tx, ws, template.id(), template.version(), template.language(), template.variables(), each)
                .map(pinned -> {
                    for (var content : pinned.contents()) {
                        var faults = channel().check(ws, content, "/template/id");
                        if (!faults.isEmpty()) {
                            throw ProblemException.unprocessable(
                                    "/template/id", faults.getFirst().detail());
                        }
                    }
                    return request.pinned(pinned.content(), pinned.pin());
                });
    }

    /** Fails with {@code unprocessable} when the content cannot be sent as it is. */
    Future<Void> checkContent(int ws, MessageRequest request) {
        return sending.pool()
                .map(request.isTransactional(), List.of(request.content()), content -> faults(ws, content, "/content"))
                .map(faults -> {
                    if (!faults.getFirst().isEmpty()) {
                        throw new ProblemException(Problem.of(
                                Kind.UNPROCESSABLE, "The content cannot be sent as it is.", faults.getFirst()));
                    }
                    return null;
                });
    }

    /** Fails with {@code unprocessable} when its times make no sense, by the database's clock. */
    Future<Void> checkTimes(SqlConnection tx, MessageRequest request) {
        return RunsStore.nextNumber(tx).map(number -> {
            MessageTimes.check(request, number.now());
            return null;
        });
    }

    /** Templates that cannot be rendered, and what the channel could not send. CPU alone, for the send pool. */
    List<Fault> faults(int ws, JsonObject content, String pointer) {
        var faults = sending.renderer().check(content, pointer);
        return faults.isEmpty() ? channel().check(ws, content, pointer) : faults;
    }

    /**
     * Writes a run for these people, its chunks and their jobs.
     *
     * @param people by number; the addresses that were named, null for all that a person has
     * @param own what people get of their own, by number
     * @return the message's id
     */
    Future<UUID> write(
            SqlConnection tx,
            int ws,
            MessageRequest request,
            TreeMap<Integer, List<UUID>> people,
            Map<Integer, JsonObject> own) {
        var id = UuidCreator.getTimeOrderedEpoch();
        return RunsStore.nextNumber(tx)
                .compose(number -> write(tx, ws, id, request, number, people, own))
                .map(id);
    }

    /** The same with an id and a number that were there before. */
    Future<Void> write(
            SqlConnection tx,
            int ws,
            UUID id,
            MessageRequest request,
            RunsStore.Number number,
            TreeMap<Integer, List<UUID>> people,
            Map<Integer, JsonObject> own) {
        MessageTimes.check(request, number.now());
        return write(tx, ws, id, request, number, new Frozen(people, List.of()), own)
                .mapEmpty();
    }

    /** State and counts; fails with {@code not_found}. */
    public Future<MessageStatus> status(SqlClient client, int ws, UUID id) {
        return looks.status(client, ws, id);
    }

    /**
     * Messages, the newest first. Of those with a filter that has no index so many are looked at as {@link MessageLooks#LOOK}.
     *
     * @param after where the page before ended
     */
    public Future<Looked<MessageStatus>> list(
            SqlClient client, int ws, MessageFilter filter, Optional<Cursor.Position> after, int limit) {
        return looks.list(client, ws, filter, after, limit);
    }

    /**
     * Deliveries of a message by person and rank; people whose turn has not come have none yet. With a filter so many are
     * looked at as {@link MessageLooks#LOOK}.
     *
     * @param state only those in this state; null for all
     * @param reason only those with this reason; null for all
     * @param after where the page before ended
     */
    public Future<Looked<Delivery>> deliveries(
            SqlClient client, int ws, UUID id, State state, Reason reason, Optional<Cursor.Position> after, int limit) {
        return looks.deliveries(client, ws, id, state, reason, after, limit);
    }

    /**
     * Ends everything that has not been sent: when the caller's transaction has committed, nothing new begins, and what
     * a sender holds already leaves within seconds or never. Cancelling again changes nothing; a completed message is a
     * {@code conflict}.
     */
    public Future<MessageStatus> cancel(SqlConnection tx, int ws, UUID id) {
        return RunsStore.runByIdForUpdate(tx, ws, id).map(MessageLooks::found).compose(run -> switch (run.state()) {
            case CANCELLED -> status(tx, ws, id);
            case COMPLETED ->
                Future.failedFuture(
                        ProblemException.conflict("The message is completed: there is nothing left to cancel."));
            case QUEUED, SENDING -> cancel(tx, run).compose(done -> status(tx, ws, id));
        });
    }

    /** See {@link Resends}: the same message once more, to whom it did not reach. */
    public Future<Taken> resend(SqlConnection tx, int ws, UUID id, Resend wanted) {
        return resends.resend(tx, ws, id, wanted);
    }

    private Future<Void> cancel(SqlConnection tx, Run run) {
        return RunsStore.markCancelled(tx, run.run())
                .compose(done -> ExpansionsStore.find(tx, run.run()))
                .compose(expansion -> expansion.isPresent() ? expansions.cancel(tx, run) : cancelNamed(tx, run));
    }

    /**
     * Nothing new of it is sent from now on, until it {@link #resume goes on}: its time goes by meanwhile. Pausing again changes
     * nothing; one that is over is a {@code conflict}.
     */
    public Future<MessageStatus> pause(SqlConnection tx, int ws, UUID id) {
        return RunsStore.runByIdForUpdate(tx, ws, id)
                .map(MessageLooks::found)
                .compose(run -> RunsStore.pause(tx, requireOpen(run).run(), true))
                .compose(changed -> status(tx, ws, id));
    }

    /** It goes on where it was paused. Of one that was not nothing changes; one that is over is a {@code conflict}. */
    public Future<MessageStatus> resume(SqlConnection tx, int ws, UUID id) {
        return RunsStore.runByIdForUpdate(tx, ws, id)
                .map(MessageLooks::found)
                .compose(run -> RunsStore.pause(tx, requireOpen(run).run(), false)
                        .compose(changed -> changed ? ChunksStore.wake(tx, run.run()) : Future.succeededFuture()))
                .compose(changed -> {
                    tx.transaction().completion().onSuccess(done -> jobs.wake());
                    return status(tx, ws, id);
                });
    }

    private static Run requireOpen(Run run) {
        return switch (run.state()) {
            case QUEUED, SENDING -> run;
            case COMPLETED, CANCELLED ->
                throw ProblemException.conflict(
                        "The message is " + run.state().word() + ": nothing of it is to be sent.");
        };
    }

    private Future<Void> cancelNamed(SqlConnection tx, Run run) {
        return ChunksStore.of(tx, run.run()).compose(chunks -> {
            var open = chunks.stream().filter(chunk -> !chunk.finished()).toList();
            // The jobs end what their senders hold; before the ledger, because that is the order of all locks.
            var now = Instant.now();
            var ending = jobs.enqueue(
                    tx,
                    open.stream()
                            .map(chunk -> ChunkJob.of(run, chunk.chunk(), now))
                            .toList());
            for (var chunk : open) {
                ending = ending.compose(done -> sending.ledger().endRest(tx, run, chunk, 0, Reason.CANCELLED, false));
            }
            return ending;
        });
    }

    // --- request --------------------------------------------------------------------------------------------------

    Future<Taken> write(
            SqlConnection tx,
            int ws,
            MessageRequest request,
            RunsStore.Number number,
            Frozen audience,
            Map<Integer, JsonObject> own) {
        return write(tx, ws, UuidCreator.getTimeOrderedEpoch(), request, number, audience, own);
    }

    private Future<Taken> write(
            SqlConnection tx,
            int ws,
            UUID id,
            MessageRequest request,
            RunsStore.Number number,
            Frozen audience,
            Map<Integer, JsonObject> own) {
        int planned = audience.people().size();
        var run = run(ws, id, request, number, planned == 0 ? RunState.COMPLETED : RunState.QUEUED, planned);
        return spread.of(tx, run, number.now(), List.copyOf(audience.people().keySet()))
                .map(slots -> chunks(run, slots, audience.people(), own))
                .compose(chunks -> write(tx, run, audience, chunks));
    }

    private Future<Taken> write(SqlConnection tx, Run run, Frozen audience, List<Chunk> chunks) {
        // Asked in one go, in this order. All are waited for, also where one fails: a job finds its place in its own
        // time.
        var inserted = RunsStore.insertRun(tx, run, audience.unknown().size(), chunks.size());
        var whole = chunks.isEmpty()
                ? inserted
                : Future.join(inserted, ChunksStore.insert(tx, chunks), enqueue(tx, run, chunks));
        return whole.map(done -> new Taken(run.id(), run.planned(), null, audience.unknown()));
    }

    Run run(int ws, MessageRequest request, RunsStore.Number number, RunState state, int planned) {
        return run(ws, UuidCreator.getTimeOrderedEpoch(), request, number, state, planned);
    }

    private Run run(int ws, UUID id, MessageRequest request, RunsStore.Number number, RunState state, int planned) {
        return new Run(
                number.run(),
                ws,
                id,
                kind,
                state,
                request.purpose(),
                request.content(),
                request.ttlSeconds(),
                request.urgency(),
                request.topic(),
                request.devices(),
                request.perMinute(),
                request.tracking(),
                MessageTimes.start(request, number.now()),
                MessageTimes.end(request, number.now()),
                planned,
                number.now(),
                request.source(),
                request.resendOf(),
                request.tag(),
                request.pin(),
                request.plan(),
                null);
    }

    private List<Chunk> chunks(
            Run run, List<Slot> slots, TreeMap<Integer, List<UUID>> people, Map<Integer, JsonObject> own) {
        var chunks = new ArrayList<Chunk>();
        for (var slot : slots) {
            for (var part : named.parts(slot.people())) {
                chunks.add(chunk(run, chunks.size(), slot, part, people, own));
            }
        }
        return chunks;
    }

    private static Chunk chunk(
            Run run,
            int number,
            Slot slot,
            List<Integer> part,
            TreeMap<Integer, List<UUID>> people,
            Map<Integer, JsonObject> own) {
        var named = part.stream()
                .map(people::get)
                .filter(Objects::nonNull)
                .flatMap(Collection::stream)
                .toList();
        var items = new HashMap<Integer, JsonObject>();
        if (!own.isEmpty()) {
            part.forEach(no -> items.put(no, own.get(no)));
        }
        return new Chunk(
                run.run(), number, part, named.isEmpty() ? null : named, items, slot.at(), slot.passed(), false);
    }

    private Future<Void> enqueue(SqlConnection tx, Run run, List<Chunk> chunks) {
        return jobs.enqueue(
                tx, chunks.stream().map(chunk -> ChunkJob.of(run, chunk)).toList());
    }

    Channel channel() {
        return sending.channel(kind);
    }
}
