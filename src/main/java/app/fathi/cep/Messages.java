package app.fathi.cep;

import app.fathi.cep.audiences.Expansion;
import app.fathi.cep.audiences.Expansions;
import app.fathi.cep.audiences.ExpansionsStore;
import app.fathi.cep.audiences.Spread;
import app.fathi.cep.audiences.Spread.Slot;
import app.fathi.cep.ledger.LedgerStore;
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
import app.fathi.cep.message.Timing;
import app.fathi.cep.runs.Chunk;
import app.fathi.cep.runs.ChunkJob;
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
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;

/** How other domains send something, and how they ask what became of it. */
public final class Messages {
    private static final Duration LONGEST_DELAY = Duration.ofDays(90);

    /** So long before it is time for the first of them people are looked for, where each gets it at an hour of their own. */
    private static final Duration AHEAD = Duration.ofMinutes(30);

    /** Rows that one page of a filtered list looks at: a few milliseconds, whatever is asked for. */
    private static final int LOOK = 5_000;

    private static final Instant END_OF_TIME = Instant.parse("9999-12-31T00:00:00Z");

    private final Sending sending;
    private final Jobs jobs;
    private final Expansions expansions;
    private final Spread spread;
    private final Resends resends;
    private final ChannelKind kind = ChannelKind.WEBPUSH;

    /** @param audiences who finds people that nobody names */
    public Messages(Sending sending, Jobs jobs, Audiences audiences) {
        this.sending = sending;
        this.jobs = jobs;
        this.expansions = new Expansions(audiences, jobs);
        this.spread = new Spread(sending.vertx(), sending.profiles(), sending.policies());
        this.resends = new Resends(this);
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
        checkTimes(request, number.now());
        if (request.audience() instanceof Audience.Described described) {
            return expansions.write(tx, run(ws, request, number, RunState.QUEUED, 0), described);
        }
        if (request.audience() instanceof Audience.Counted counted) {
            return Future.succeededFuture(new Taken(null, counted.people(), counted.reachable(), List.of()));
        }
        return freeze(tx, ws, request.audience())
                .compose(audience -> request.dryRun()
                        ? count(tx, ws, audience)
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
            checkTimes(request, number.now());
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
        return write(tx, ws, id, request, people, own).map(id);
    }

    /** The same with an id that was there before. */
    Future<Void> write(
            SqlConnection tx,
            int ws,
            UUID id,
            MessageRequest request,
            TreeMap<Integer, List<UUID>> people,
            Map<Integer, JsonObject> own) {
        return RunsStore.nextNumber(tx)
                .compose(number -> {
                    checkTimes(request, number.now());
                    return write(tx, ws, id, request, number, new Frozen(people, List.of()), own);
                })
                .mapEmpty();
    }

    /** State and counts; fails with {@code not_found}. */
    public Future<MessageStatus> status(SqlClient client, int ws, UUID id) {
        return RunsStore.runById(client, ws, id).map(Messages::found).compose(run -> RunsStore.sums(client, run.run())
                .compose(sums -> ExpansionsStore.find(client, run.run())
                        .map(expansion -> status(run, sums, expansion.orElse(null)))));
    }

    /**
     * Messages, the newest first. Of those with a filter that has no index so many are looked at as {@link #LOOK}.
     *
     * @param after where the page before ended
     */
    public Future<Looked<MessageStatus>> list(
            SqlClient client, int ws, MessageFilter filter, Optional<Cursor.Position> after, int limit) {
        var before = after.map(p -> p.time(0).toInstant()).orElse(filter.to() == null ? END_OF_TIME : filter.to());
        long beforeRun = after.map(p -> p.number(1)).orElse(filter.to() == null ? Long.MAX_VALUE : Long.MIN_VALUE);
        return RunsStore.page(client, ws, filter, before, beforeRun, LOOK, limit + 1)
                .compose(listed -> {
                    var runs = listed.stream()
                            .map(RunsStore.Listed::run)
                            .filter(Objects::nonNull)
                            .toList();
                    var shown = runs.subList(0, Math.min(limit, runs.size()));
                    List<?> next = null;
                    if (runs.size() > limit) {
                        next = List.of(
                                shown.getLast().createdAt(), shown.getLast().run());
                    } else if (!listed.isEmpty() && listed.getFirst().looked() == LOOK) {
                        next = List.of(
                                listed.getFirst().lastCreatedAt(),
                                listed.getFirst().lastRun());
                    }
                    var rest = next;
                    return RunsStore.sums(client, shown).compose(sums -> ExpansionsStore.of(
                                    client, shown.stream().map(Run::run).toList())
                            .map(expansions -> new Looked<>(
                                    shown.stream()
                                            .map(run -> status(
                                                    run,
                                                    sums.getOrDefault(run.run(), RunsStore.Delta.NONE),
                                                    expansions.get(run.run())))
                                            .toList(),
                                    rest)));
                });
    }

    /**
     * Deliveries of a message by person and rank; people whose turn has not come have none yet. With a filter so many are
     * looked at as {@link #LOOK}.
     *
     * @param state only those in this state; null for all
     * @param reason only those with this reason; null for all
     * @param after where the page before ended
     */
    public Future<Looked<Delivery>> deliveries(
            SqlClient client, int ws, UUID id, State state, Reason reason, Optional<Cursor.Position> after, int limit) {
        var place = after.map(p -> new LedgerStore.Place((int) p.number(0), (int) p.number(1)))
                .orElse(new LedgerStore.Place(Integer.MIN_VALUE, 0));
        return RunsStore.runById(client, ws, id)
                .map(Messages::found)
                .compose(run -> state == null && reason == null
                        ? LedgerStore.deliveries(client, run.run(), place, limit + 1)
                                .map(rows -> page(rows, limit, null))
                        : LedgerStore.deliveries(client, run.run(), state, reason, place, LOOK, limit + 1)
                                .map(rows -> filtered(rows, limit)))
                .compose(page -> withProfiles(client, ws, page.items()).map(items -> new Looked<>(items, page.next())));
    }

    private static Looked<Delivery> filtered(List<LedgerStore.Listed> rows, int limit) {
        var found = rows.stream()
                .map(LedgerStore.Listed::delivery)
                .filter(Objects::nonNull)
                .toList();
        var last = rows.isEmpty() || rows.getFirst().looked() < LOOK
                ? null
                : rows.getFirst().last();
        return page(found, limit, last == null ? null : List.of(last.profileNo(), last.rank()));
    }

    /** @param rest where to go on when all of these fit on the page; null for nowhere */
    private static Looked<Delivery> page(List<Delivery> rows, int limit, List<?> rest) {
        return rows.size() > limit
                ? new Looked<>(rows.subList(0, limit), rows.get(limit - 1).position())
                : new Looked<>(rows, rest);
    }

    private Future<List<Delivery>> withProfiles(SqlClient client, int ws, List<Delivery> deliveries) {
        var people = new HashSet<Integer>();
        deliveries.forEach(delivery -> people.add(delivery.profileNo()));
        return people.isEmpty()
                ? Future.succeededFuture(deliveries)
                : sending.profiles().views(client, ws, people).map(views -> deliveries.stream()
                        .map(delivery -> {
                            var view = views.get(delivery.profileNo());
                            return view == null ? delivery : delivery.of(view.id());
                        })
                        .toList());
    }

    /**
     * Ends everything that has not been sent: when the caller's transaction has committed, nothing new begins, and what
     * a sender holds already leaves within seconds or never. Cancelling again changes nothing; a completed message is a
     * {@code conflict}.
     */
    public Future<MessageStatus> cancel(SqlConnection tx, int ws, UUID id) {
        return RunsStore.runByIdForUpdate(tx, ws, id).map(Messages::found).compose(run -> switch (run.state()) {
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
                .map(Messages::found)
                .compose(run -> RunsStore.pause(tx, requireOpen(run).run(), true))
                .compose(changed -> status(tx, ws, id));
    }

    /** It goes on where it was paused. Of one that was not nothing changes; one that is over is a {@code conflict}. */
    public Future<MessageStatus> resume(SqlConnection tx, int ws, UUID id) {
        return RunsStore.runByIdForUpdate(tx, ws, id)
                .map(Messages::found)
                .compose(run -> RunsStore.pause(tx, requireOpen(run).run(), false)
                        .compose(changed -> changed ? RunsStore.wake(tx, run.run()) : Future.succeededFuture()))
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
        return RunsStore.chunks(tx, run.run()).compose(chunks -> {
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

    /**
     * Whom a message is for, once and for all.
     *
     * @param people by number; the addresses that were named, null for all that a person has
     * @param unknown ids that name nobody
     */
    record Frozen(TreeMap<Integer, List<UUID>> people, List<String> unknown) {}

    private Future<Frozen> freeze(SqlConnection tx, int ws, Audience audience) {
        return switch (audience) {
            case Audience.Subscriptions named -> {
                var ids = new LinkedHashSet<>(named.ids());
                yield channel().owners(tx, ws, ids).map(owners -> {
                    var people = new TreeMap<Integer, List<UUID>>();
                    owners.forEach((id, profileNo) -> people.computeIfAbsent(profileNo, no -> new ArrayList<>())
                            .add(id));
                    ids.removeAll(owners.keySet());
                    return new Frozen(people, ids.stream().map(UUID::toString).toList());
                });
            }
            case Audience.Profiles named ->
                people(named.ids(), ids -> sending.profiles().numbersByIds(tx, ws, ids), UUID::toString);
            case Audience.Users named ->
                people(named.userIds(), ids -> sending.profiles().numbersByUserIds(tx, ws, ids), id -> id);
            case Audience.Staff staff ->
                channel().ofStaff(tx, ws, staff.accounts()).compose(linked -> {
                    var addresses =
                            linked.values().stream().flatMap(List::stream).toList();
                    return freeze(tx, ws, new Audience.Subscriptions(addresses))
                            .map(frozen -> new Frozen(
                                    frozen.people(),
                                    staff.accounts().stream()
                                            .filter(account -> !linked.containsKey(account))
                                            .map(UUID::toString)
                                            .toList()));
                });
            case Audience.Described described -> throw new IllegalArgumentException("They are found when it is sent");
            case Audience.Counted counted -> throw new IllegalArgumentException("Nobody is named");
        };
    }

    private static <T> Future<Frozen> people(
            List<T> named, Function<Set<T>, Future<Map<T, Integer>>> numbers, Function<T, String> text) {
        var ids = new LinkedHashSet<>(named);
        return numbers.apply(ids).map(found -> {
            var people = new TreeMap<Integer, List<UUID>>();
            found.values().forEach(no -> people.put(no, null));
            ids.removeAll(found.keySet());
            return new Frozen(people, ids.stream().map(text).toList());
        });
    }

    static void checkTimes(MessageRequest request, Instant now) {
        var sendAt = request.sendAt();
        var timing = request.plan().timing();
        if (sendAt != null && timing instanceof Timing.Local) {
            throw ProblemException.unprocessable(
                    "/sendAt", "Everybody gets it at an hour of their own day: give sendAt or localHour, not both.");
        }
        if (timing instanceof Timing.Local local) {
            checkLocal(local, now);
        }
        if (request.isTransactional() && request.plan().holdoutPercent() > 0) {
            throw ProblemException.unprocessable(
                    "/holdoutPercent", "A transactional message is for everybody it is meant for: nobody is held out.");
        }
        if (sendAt != null && sendAt.isAfter(now.plus(LONGEST_DELAY))) {
            throw ProblemException.unprocessable(
                    "/sendAt", "sendAt is more than " + LONGEST_DELAY.toDays() + " days ahead.");
        }
        var start = start(request, now);
        if (request.expiresAt() != null && !request.expiresAt().isAfter(start)) {
            throw ProblemException.unprocessable("/expiresAt", "expiresAt is before the message could be sent.");
        }
        if (request.plan().cutoff() != null && !request.plan().cutoff().isAfter(start)) {
            throw ProblemException.unprocessable("/cutoff", "The cutoff is before the message could be sent.");
        }
    }

    private static void checkLocal(Timing.Local local, Instant now) {
        if (local.earliest(now).isAfter(now.plus(LONGEST_DELAY))) {
            throw ProblemException.unprocessable(
                    "/localHour/at", "The hour is more than " + LONGEST_DELAY.toDays() + " days ahead.");
        }
        if (Spread.isOver(local.latest(now), now) && local.passed() != Timing.Passed.SEND) {
            throw ProblemException.unprocessable(
                    "/localHour/at", "The hour is over everywhere in the world: nobody would get it.");
        }
    }

    /** When people are looked for, which is before the first of them gets it. */
    private static Instant start(MessageRequest request, Instant now) {
        var timing = request.plan().timing();
        var sendAt = timing instanceof Timing.Local local ? local.earliest(now).minus(AHEAD) : request.sendAt();
        return sendAt == null || sendAt.isBefore(now) ? now : sendAt;
    }

    Future<Taken> count(SqlConnection tx, int ws, Frozen audience) {
        var unnamed = audience.people().entrySet().stream()
                .filter(person -> person.getValue() == null)
                .map(Map.Entry::getKey)
                .toList();
        var named = audience.people().values().stream().filter(Objects::nonNull).toList();
        Future<Integer> reachable = channel()
                .stillActive(tx, ws, named.stream().flatMap(List::stream).toList())
                .map(active -> (int) named.stream()
                        .filter(ids -> ids.stream().anyMatch(active::containsKey))
                        .count());
        for (var part : parts(unnamed)) {
            reachable = reachable.compose(before -> channel()
                    .addressesOf(tx, ws, part)
                    .map(addresses -> before
                            + (int) addresses.stream()
                                    .map(Channel.Address::profileNo)
                                    .distinct()
                                    .count()));
        }
        return reachable.map(n -> new Taken(null, audience.people().size(), n, audience.unknown()));
    }

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
        return RunsStore.insertRun(tx, run, audience.unknown().size(), chunks.size())
                .compose(done -> chunks.isEmpty()
                        ? Future.succeededFuture()
                        : RunsStore.insertChunks(tx, chunks).compose(inserted -> enqueue(tx, run, chunks)))
                .map(done -> new Taken(run.id(), run.planned(), null, audience.unknown()));
    }

    Run run(int ws, MessageRequest request, RunsStore.Number number, RunState state, int planned) {
        return run(ws, UuidCreator.getTimeOrderedEpoch(), request, number, state, planned);
    }

    private Run run(int ws, UUID id, MessageRequest request, RunsStore.Number number, RunState state, int planned) {
        var start = start(request, number.now());
        var timing = request.plan().timing();
        var last = timing == null ? start : later(timing.latest(start), start);
        var expiresAt = earlier(
                earlier(last.plus(Run.ttl(request.ttlSeconds())), request.expiresAt()),
                request.plan().cutoff());
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
                start,
                expiresAt,
                planned,
                number.now(),
                request.source(),
                request.resendOf(),
                request.tag(),
                request.pin(),
                request.plan(),
                null);
    }

    private static Instant earlier(Instant one, Instant other) {
        return other == null || one.isBefore(other) ? one : other;
    }

    private static Instant later(Instant one, Instant other) {
        return one.isAfter(other) ? one : other;
    }

    private List<Chunk> chunks(
            Run run, List<Slot> slots, TreeMap<Integer, List<UUID>> people, Map<Integer, JsonObject> own) {
        var chunks = new ArrayList<Chunk>();
        for (var slot : slots) {
            for (var part : parts(slot.people())) {
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

    private <T> List<List<T>> parts(List<T> all) {
        int size = sending.settings().chunkProfiles();
        var parts = new ArrayList<List<T>>();
        for (int from = 0; from < all.size(); from += size) {
            parts.add(all.subList(from, Math.min(all.size(), from + size)));
        }
        return parts;
    }

    private Future<Void> enqueue(SqlConnection tx, Run run, List<Chunk> chunks) {
        return jobs.enqueue(
                tx, chunks.stream().map(chunk -> ChunkJob.of(run, chunk)).toList());
    }

    Channel channel() {
        return sending.channel(kind);
    }

    // --- answers --------------------------------------------------------------------------------------------------

    static Run found(Optional<Run> run) {
        return run.orElseThrow(() -> ProblemException.notFound("message"));
    }

    /**
     * @param run read before the sums, so that what is completed is counted
     * @param expansion read after the sums, so that nobody is counted who is not planned; null where people were named
     */
    private static MessageStatus status(Run run, RunsStore.Delta sums, Expansion expansion) {
        int planned = expansion == null ? run.planned() : expansion.planned();
        var reasons = new LinkedHashMap<String, Long>();
        var byState = new LinkedHashMap<State, Long>();
        long ended = 0;
        for (var entry : sums.reasons().entrySet()) {
            var state = entry.getKey().finalState();
            if (state != null) {
                reasons.put(entry.getKey().word(), entry.getValue().longValue());
                byState.merge(state, entry.getValue().longValue(), Long::sum);
                ended += entry.getValue();
            }
        }
        var counts = new LinkedHashMap<String, Long>();
        counts.put("planned", (long) planned);
        counts.put("waiting", planned + sums.furtherDevices() - ended);
        for (var state : List.of(State.ACCEPTED, State.FAILED, State.SKIPPED)) {
            counts.put(state.word(), byState.getOrDefault(state, 0L));
        }
        for (var interaction : List.of(Reason.SHOWN, Reason.CLICKED, Reason.CLOSED)) {
            counts.put(interaction.word(), (long) sums.reasons().getOrDefault(interaction, 0));
        }
        return new MessageStatus(
                run.id(),
                run.state().word(),
                run.source(),
                run.resendOf(),
                run.purpose(),
                run.createdAt(),
                run.expiresAt(),
                run.pin(),
                run.plan(),
                run.pausedAt(),
                expansion == null ? null : expansion.toJson(),
                counts,
                reasons);
    }
}
