package app.fathi.cep.sending;

import app.fathi.cep.advisor.Advice;
import app.fathi.cep.advisor.Advisor;
import app.fathi.cep.advisor.Question;
import app.fathi.cep.decisions.Candidate;
import app.fathi.cep.decisions.Decided;
import app.fathi.cep.decisions.Situation;
import app.fathi.cep.decisions.Stage;
import app.fathi.cep.ledger.LedgerRow;
import app.fathi.cep.ledger.LedgerStore.Place;
import app.fathi.cep.ledger.NextStep;
import app.fathi.cep.message.Channel;
import app.fathi.cep.message.Plan;
import app.fathi.cep.message.Reason;
import app.fathi.cep.message.RunState;
import app.fathi.cep.message.State;
import app.fathi.cep.policies.PolicyBook.Laws;
import app.fathi.cep.policies.PolicyRules.Asked;
import app.fathi.cep.policies.PolicyRules.Due;
import app.fathi.cep.policies.PolicyRules.Holdout;
import app.fathi.cep.policies.Ring;
import app.fathi.cep.policies.Ring.Sent;
import app.fathi.cep.policies.RingsStore;
import app.fathi.cep.priorities.Score;
import app.fathi.cep.priorities.Scores;
import app.fathi.cep.runs.Chunk;
import app.fathi.cep.runs.DatabaseClock;
import app.fathi.cep.runs.DedupeStore;
import app.fathi.cep.runs.Run;
import app.fathi.cep.runs.RunsStore;
import app.fathi.cep.runs.UnitedStore;
import app.fathi.cep.stops.QuotaStore;
import app.fathi.cep.stops.Stops;
import app.fathi.cep.stops.StopsStore;
import app.fathi.platform.jobs.Lease;
import app.fathi.templates.Wording;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;

/**
 * Decides for a sub-batch of a chunk, and reserves: everything that may have changed is looked at once more in the transaction
 * that writes the intent, under the locks of the people's rings, and only there is anybody's place taken.
 */
public final class Intents {
    static final Comparator<LedgerRow> BY_PLACE =
            Comparator.comparingInt(LedgerRow::profileNo).thenComparingInt(LedgerRow::rank);

    private final Sending sending;
    private final Run run;
    private final Chunk chunk;
    private final Lease lease;
    private final DatabaseClock clock;
    private final Channel channel;
    private final Decider decider;
    private final Asked asked;
    private final Inquiry inquiry;
    /** People of the chunk who are no more among whom the message was meant for. */
    private final Set<Integer> left;

    public Intents(
            Sending sending,
            Run run,
            Chunk chunk,
            Wording wording,
            Lease lease,
            DatabaseClock clock,
            Set<Integer> left) {
        this.sending = sending;
        this.run = run;
        this.chunk = chunk;
        this.lease = lease;
        this.clock = clock;
        this.channel = sending.channel(run.channel());
        this.decider = new Decider(sending, run, chunk, wording, clock::now);
        this.asked = asked(run);
        this.inquiry = new Inquiry(sending, run);
        this.left = left;
    }

    static Asked asked(Run run) {
        var of = run.plan().campaign() == null ? run.id() : run.plan().campaign();
        return new Asked(
                run.ws(),
                run.run(),
                run.channel(),
                Ring.tag(run.tag()),
                run.sendAt(),
                run.expiresAt(),
                new Holdout(of, run.plan().holdoutPercent()),
                run.plan().priority());
    }

    // --- decide -----------------------------------------------------------------------------------------------------

    /**
     * A delivery with what was found out without a lock.
     *
     * @param uncounted a stage before those that count has something against it already: its person's ring need not be locked
     */
    private record Early(Decided decided, boolean uncounted, Score score) {}

    /**
     * What was decided of a sub-batch without a lock.
     *
     * @param due by person what they are about to get that is more important. It need not be asked again: what has left since is in
     *     their rings
     * @param scores null where how well channels suit is not asked
     * @param early what was known then
     * @param advisor who is to be asked besides; null for nobody
     * @param advice what that one said, by person
     */
    public record Draft(
            List<Early> deliveries,
            Laws laws,
            Map<Integer, Due> due,
            Scores.Known scores,
            Known early,
            Advisor advisor,
            Map<Integer, Advice> advice) {

        /** Whether somebody is to be asked who may take their time. */
        boolean asks() {
            return advisor != null;
        }

        private Draft advised(Map<Integer, Advice> said) {
            return new Draft(deliveries, laws, due, scores, early, advisor, said);
        }
    }

    /** Decides, renders and composes; what something stands against already costs no rendering. */
    public Future<Draft> decide(List<Candidate> candidates, Stops stops) {
        var people = candidates.stream().map(Candidate::profileNo).collect(Collectors.toSet());
        var pool = sending.transactions().pool();
        var refusals = refusals(pool, people);
        var advisor = inquiry.advisor();
        var laws = run.isTransactional() ? Future.succeededFuture(Laws.NONE) : laws(pool, people, advisor);
        var now = clock.now();
        var duplicates = duplicates(pool, people, now);
        var due = laws.compose(in -> due(pool, in, people, now));
        var scores =
                laws.compose(in -> scores(pool, in, people, advisor.result().isPresent()));
        return Future.all(refusals, laws, duplicates, due, scores).compose(all -> {
            // What is due counts for nobody yet: the ring may say that the message has its place.
            var known = new Known(
                    stops,
                    laws.result(),
                    Map.of(),
                    Map.of(),
                    null,
                    refusals.result(),
                    duplicates.result(),
                    Map.of(),
                    now);
            return sending.pool()
                    .map(run.isTransactional(), candidates, candidate -> early(candidate, known, scores.result()))
                    .map(deliveries -> new Draft(
                            deliveries,
                            laws.result(),
                            due.result(),
                            scores.result(),
                            known,
                            advisor.result().orElse(null),
                            Map.of()));
        });
    }

    private Future<Laws> laws(SqlClient client, Set<Integer> people, Future<Optional<Advisor>> advisor) {
        var policies = sending.policies().of(run.ws());
        return Future.all(policies, advisor).compose(both -> policies.result()
                .at(client, run.ws(), people, advisor.result().isPresent()));
    }

    /** Nothing is asked of anybody where no message gives way. */
    private Future<Map<Integer, Due>> due(SqlClient client, Laws laws, Set<Integer> people, Instant now) {
        var priorities = laws.policies().priorities();
        return priorities == null || asked.priority() == Plan.MOST_IMPORTANT
                ? Future.succeededFuture(Map.of())
                : sending.rivals().due(client, run, people, now, priorities.within());
    }

    /**
     * Null where policies do not weigh channels.
     *
     * @param told somebody is told
     */
    private Future<Scores.Known> scores(SqlClient client, Laws laws, Set<Integer> people, boolean told) {
        return laws.policies().channelWeights().isEmpty() && !told || people.isEmpty()
                ? Future.succeededFuture()
                : sending.scores().of(client, run, laws.policies(), people);
    }

    private Score score(Decided decided, Laws laws, Scores.Known scores, Instant now) {
        if (scores == null) {
            return null;
        }
        int no = decided.candidate().profileNo();
        var outgoing = decided.outgoing();
        return scores.of(no, laws.zone(no), outgoing == null ? 1 : channel.fit(outgoing.content()), now);
    }

    private Early early(Candidate candidate, Known known, Scores.Known scores) {
        var unrendered = Decided.later(candidate, known.now);
        var against = Stage.before(Stage.THROTTLE, situation(unrendered, known, false));
        var decided = against == null ? decider.decide(candidate) : unrendered;
        boolean uncounted = against != null && against.stage().compareTo(Stage.PRIORITY) < 0;
        return new Early(decided, uncounted, score(decided, known.laws, scores, known.now));
    }

    /** Who of these wants nothing, or must get nothing, of what this is. */
    private Future<Map<Integer, Reason>> refusals(SqlClient client, Collection<Integer> people) {
        return sending.profiles()
                .refusals(client, run.ws(), people, run.purpose(), run.channel().word())
                .map(found -> {
                    var reasons = new HashMap<Integer, Reason>();
                    found.forEach((no, refusal) -> reasons.put(
                            no,
                            switch (refusal) {
                                case NO_CONSENT -> Reason.NO_CONSENT;
                                case SUPPRESSED -> Reason.SUPPRESSED;
                            }));
                    return reasons;
                });
    }

    /** Who of these got another message that is the same thing. */
    private Future<Set<Integer>> duplicates(SqlClient client, Collection<Integer> people, Instant now) {
        return run.plan().dedupe() == null || people.isEmpty()
                ? Future.succeededFuture(Set.of())
                : DedupeStore.taken(client, run, people, now);
    }

    /** Who of these got this very message under another number; a message to one person has only one. */
    private Future<Set<Integer>> asOthers(SqlClient client, Collection<Integer> people) {
        return people.isEmpty() || run.planned() == 1 && chunk.isAllOf(run)
                ? Future.succeededFuture(Set.of())
                : UnitedStore.got(client, run, people);
    }

    /**
     * All that is known of the people of a sub-batch.
     *
     * @param active whose the addresses are that are active still; null while that was not asked
     */
    private record Known(
            Stops stops,
            Laws laws,
            Map<Integer, Due> due,
            Map<Integer, Ring> rings,
            Map<UUID, Integer> active,
            Map<Integer, Reason> refused,
            Set<Integer> duplicates,
            Map<Integer, Advice> advice,
            Instant now) {

        private Known with(Map<Integer, Due> dueToThem, Map<Integer, Ring> got) {
            return new Known(stops, laws, dueToThem, got, active, refused, duplicates, advice, now);
        }
    }

    private Situation situation(Decided decided, Known known, boolean quotaSpent) {
        return situation(decided, known, quotaSpent, null);
    }

    private Situation situation(Decided decided, Known known, boolean quotaSpent, Score score) {
        var candidate = decided.candidate();
        int no = candidate.profileNo();
        var address = candidate.address();
        return new Situation(
                known.stops,
                known.laws.policies(),
                known.laws.person(no, known.rings.getOrDefault(no, Ring.EMPTY), known.due.get(no)),
                asked,
                decided,
                left.contains(no),
                known.duplicates.contains(no),
                known.refused.get(no),
                address != null && (known.active == null || Integer.valueOf(no).equals(known.active.get(address.id()))),
                quotaSpent,
                known.now,
                score,
                Inquiry.isAsked(candidate) ? known.advice.get(no) : null);
    }

    // --- ask --------------------------------------------------------------------------------------------------------

    /**
     * Asks the workspace's own service of whom it is still open. It may take its time: nothing is locked meanwhile, no connection is
     * held, and it fails only where the database does.
     *
     * @param dryRun nothing will be sent
     */
    public Future<Draft> ask(Draft draft, boolean dryRun) {
        var open = draft.deliveries.stream()
                .filter(one -> Inquiry.isAsked(one.decided.candidate()))
                .map(one -> one.decided.candidate().profileNo())
                .collect(Collectors.toSet());
        if (!draft.asks() || open.isEmpty()) {
            return Future.succeededFuture(draft);
        }
        var pool = sending.transactions().pool();
        var rings = draft.laws.policies().counts()
                ? RingsStore.read(pool, run.ws(), open)
                : Future.succeededFuture(Map.<Integer, Ring>of());
        return rings.compose(
                        got -> inquiry.ask(draft.advisor, passing(draft, got), draft.laws, draft.early.now, dryRun))
                .map(draft::advised);
    }

    /** Whom nothing that is known by now stands against, and to whom the message has not gone already; with how well the channel suits. */
    private Map<Integer, Score> passing(Draft draft, Map<Integer, Ring> rings) {
        var known = draft.early.with(draft.due, rings);
        var passing = new HashMap<Integer, Score>();
        for (var one : draft.deliveries) {
            var candidate = one.decided.candidate();
            var ring = rings.getOrDefault(candidate.profileNo(), Ring.EMPTY);
            if (Inquiry.isAsked(candidate)
                    && !ring.has(run.run())
                    && Stage.before(Stage.QUOTA, situation(one.decided, known, false)) == null) {
                passing.put(candidate.profileNo(), one.score);
            }
        }
        return passing;
    }

    /** What the service would be asked of these people, whatever stands against telling them. */
    public Future<Question> question(Draft draft) {
        var people = new HashMap<Integer, Score>();
        draft.deliveries.forEach(one -> people.put(one.decided.candidate().profileNo(), one.score));
        return inquiry.question(people, draft.laws, draft.early.now, true).map(Inquiry.Of::question);
    }

    // --- look -------------------------------------------------------------------------------------------------------

    /**
     * What of a draft would be decided now, without a lock, and with nothing written; in the order of its deliveries. All are
     * rendered, so that each stage has its say.
     */
    public Future<List<Situation>> look(SqlClient client, Draft draft, Stops stops) {
        var candidates =
                draft.deliveries.stream().map(one -> one.decided.candidate()).toList();
        var people = candidates.stream().map(Candidate::profileNo).collect(Collectors.toSet());
        var addresses = candidates.stream()
                .map(Candidate::address)
                .filter(Objects::nonNull)
                .map(Channel.Address::id)
                .collect(Collectors.toSet());
        var rings = draft.laws.policies().counts()
                ? RingsStore.read(client, run.ws(), people)
                : Future.succeededFuture(Map.<Integer, Ring>of());
        var active = channel.stillActive(client, run.ws(), addresses);
        var refused = refusals(client, people);
        var decided = sending.pool().map(run.isTransactional(), candidates, this::rendered);
        var now = clock.now();
        var duplicates = duplicates(client, people, now);
        return Future.all(rings, active, refused, decided, duplicates).map(all -> {
            var known = new Known(
                    stops,
                    draft.laws,
                    draft.due,
                    rings.result(),
                    active.result(),
                    refused.result(),
                    duplicates.result(),
                    draft.advice,
                    now);
            return decided.result().stream()
                    .map(one -> situation(one, known, false, score(one, draft.laws, draft.scores, known.now)))
                    .toList();
        });
    }

    private Decided rendered(Candidate candidate) {
        return candidate.address() == null ? Decided.not(candidate, null) : decider.decide(candidate);
    }

    // --- reserve ----------------------------------------------------------------------------------------------------

    /**
     * What a commit allows.
     *
     * @param stops what stood against the run then; with anything among them nothing was written
     * @param rows that may be sent
     * @param counted people in whose rings the message has a place
     */
    record Intent(Stops stops, Map<LedgerRow, Decided> rows, Set<Integer> counted, Lease.Hold hold) {}

    Future<Intent> commit(Draft draft) {
        return sending.transactions().run(tx -> intent(tx, draft));
    }

    private Future<Intent> intent(SqlConnection tx, Draft draft) {
        var addresses = new HashSet<UUID>();
        var people = new HashSet<Integer>();
        var counted = new HashSet<Integer>();
        for (var one : draft.deliveries) {
            var candidate = one.decided.candidate();
            people.add(candidate.profileNo());
            if (candidate.address() != null) {
                addresses.add(candidate.address().id());
            }
            if (!one.uncounted) {
                counted.add(candidate.profileNo());
            }
        }
        // Asked in one go: the connection answers them in this order, which is also the order of the locks.
        var now = StopsStore.lockStops(tx, run.run());
        var marked = run.state() == RunState.QUEUED && chunk.isAllOf(run)
                ? RunsStore.markSending(tx, run.run())
                : Future.<Void>succeededFuture();
        var hold = lease.hold(tx);
        boolean counts = draft.laws.policies().counts() || run.plan().dedupe() != null;
        var rings = counts && !counted.isEmpty()
                ? RingsStore.lock(tx, run.ws(), counted)
                : Future.succeededFuture(Map.<Integer, Ring>of());
        var active = addresses.isEmpty()
                ? Future.succeededFuture(Map.<UUID, Integer>of())
                : channel.stillActive(tx, run.ws(), addresses);
        var limited = QuotaStore.isLimited(tx, run.ws());
        var refused = refusals(tx, people);
        // After the locks: whoever came before has written.
        var duplicates = duplicates(tx, people, clock.now());
        var asOthers = asOthers(tx, people);
        return Future.all(List.of(now, marked, hold, rings, active, limited, refused, duplicates, asOthers))
                .compose(all -> {
                    var stops = lease.cancelled() ? now.result().cancel() : now.result();
                    if (stops.anything()) {
                        return Future.succeededFuture(new Intent(stops, Map.of(), Set.of(), hold.result()));
                    }
                    var known = new Known(
                            stops,
                            draft.laws,
                            draft.due,
                            rings.result(),
                            active.result(),
                            refused.result(),
                            both(duplicates.result(), asOthers.result()),
                            draft.advice,
                            clock.now());
                    return reserve(tx, draft, known, limited.result(), hold.result());
                });
    }

    private static Set<Integer> both(Set<Integer> some, Set<Integer> others) {
        if (others.isEmpty()) {
            return some;
        }
        var all = new HashSet<>(some);
        all.addAll(others);
        return all;
    }

    private Future<Intent> reserve(SqlConnection tx, Draft draft, Known known, boolean limited, Lease.Hold hold) {
        var rows = new ArrayList<LedgerRow>();
        draft.deliveries.forEach(one -> rows.add(row(one, known, false)));
        int first = 0;
        for (int i = 0; limited && i < rows.size(); i++) {
            first += begins(draft.deliveries.get(i).decided, rows.get(i)) ? 1 : 0;
        }
        return first == 0
                ? write(tx, draft, known, rows, hold)
                : QuotaStore.take(tx, run.ws(), first).compose(granted -> {
                    int left = granted;
                    for (int i = 0; i < rows.size(); i++) {
                        var one = draft.deliveries.get(i);
                        if (begins(one.decided, rows.get(i)) && left-- <= 0) {
                            rows.set(i, row(one, known, true));
                        }
                    }
                    return write(tx, draft, known, rows, hold);
                });
    }

    /** A delivery counts once, with its claim, however often it is tried. */
    private static boolean begins(Decided decided, LedgerRow row) {
        return decided.candidate().previous() == null && !row.state().isFinal();
    }

    private LedgerRow row(Early one, Known known, boolean quotaSpent) {
        var candidate = one.decided.candidate();
        var advice = Inquiry.isAsked(candidate) ? known.advice.get(candidate.profileNo()) : null;
        return row(one.decided, known, quotaSpent).knowing(one.score, advice);
    }

    private LedgerRow row(Decided decided, Known known, boolean quotaSpent) {
        var candidate = decided.candidate();
        var verdict = Stage.first(situation(decided, known, quotaSpent));
        if (verdict == null) {
            return candidate.attempting();
        }
        var ruling = verdict.ruling();
        if (!ruling.isHeld()) {
            return candidate.ended(ruling.reason()).by(ruling.factors());
        }
        return verdict.stage() == Stage.THROTTLE
                ? candidate.later(sending.retries()
                        .later(ruling.heldUntil(), known.now, run.expiresAt(), ThreadLocalRandom.current()))
                : candidate
                        .later(new NextStep(State.WAITING, null, ruling.heldUntil()))
                        .by(ruling.factors());
    }

    private Future<Intent> write(SqlConnection tx, Draft draft, Known known, List<LedgerRow> rows, Lease.Hold hold) {
        var byPlace = new HashMap<Place, Decided>();
        var claims = new HashSet<Place>();
        for (int i = 0; i < rows.size(); i++) {
            var place = Place.of(rows.get(i));
            var decided = draft.deliveries.get(i).decided;
            byPlace.put(place, decided);
            if (decided.candidate().previous() == null) {
                claims.add(place);
            }
        }
        rows.sort(BY_PLACE);
        var counted = known.rings.isEmpty() ? Set.<Integer>of() : attempting(rows);
        var written = sending.ledger().intents(tx, run, chunk.chunk(), lease.token(), rows, claims);
        return Future.all(written, count(tx, known, counted)).map(both -> {
            var toSend = new HashMap<LedgerRow, Decided>();
            for (var row : written.result()) {
                if (row.state() == State.ATTEMPTING) {
                    toSend.put(row, byPlace.get(Place.of(row)));
                }
            }
            return new Intent(known.stops, toSend, counted, hold);
        });
    }

    private static Set<Integer> attempting(List<LedgerRow> rows) {
        return rows.stream()
                .filter(row -> row.state() == State.ATTEMPTING)
                .map(LedgerRow::profileNo)
                .collect(Collectors.toSet());
    }

    /** Gives the message its place with these people; who has one for it already needs no other. */
    private Future<Void> count(SqlConnection tx, Known known, Set<Integer> people) {
        var sent = new Sent(known.now.getEpochSecond(), run.run(), run.channel().code(), asked.tag(), asked.priority());
        var claimed = run.plan().dedupe() == null || people.isEmpty()
                ? Future.<Void>succeededFuture()
                : DedupeStore.put(tx, run, people, known.now);
        if (!known.laws.policies().counts()) {
            return claimed;
        }
        var needs = known.laws.policies().needs();
        var rings = new TreeMap<Integer, Ring>();
        for (var no : people) {
            var ring = known.rings.getOrDefault(no, Ring.EMPTY);
            if (!ring.has(run.run())) {
                rings.put(no, ring.with(sent, needs));
            }
        }
        return rings.isEmpty()
                ? claimed
                : Future.all(claimed, RingsStore.write(tx, run.ws(), rings)).mapEmpty();
    }
}
