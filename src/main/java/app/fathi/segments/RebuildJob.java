package app.fathi.segments;

import app.fathi.platform.db.Transactions;
import app.fathi.platform.jobs.Job;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Lane;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.NewJob;
import app.fathi.platform.stream.Outbox;
import app.fathi.platform.stream.StreamRecord;
import app.fathi.segments.RulesStore.Asking;
import app.fathi.segments.rules.Mentions;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Asks everybody of a workspace by all rules that are new: the job {@code segments.rebuild}. It goes through people by their
 * numbers and puts down after each step how far it came, so a crash repeats one step. Meanwhile events move people by the new
 * rules as well; that everybody was asked is told as {@code segment.rebuilt}, and from then on who enters or leaves is news.
 * Rules that come while it runs have their turn after it, together.
 */
public final class RebuildJob implements JobHandler {
    static final String TYPE = "segments.rebuild";
    private static final int PEOPLE = 1_000;

    private final Transactions transactions;
    private final Membership membership;
    private final Supplier<Future<Boolean>> findMessages;
    private final SegmentsStore segments = new SegmentsStore();
    private final RulesStore store = new RulesStore();
    private final MembershipStore members = new MembershipStore();
    private final BlocksStore blocks = new BlocksStore();
    private final SizesStore sizes = new SizesStore();

    /** @param findMessages makes the ledger ready to be asked for people's messages; false while somebody else is at it */
    RebuildJob(Transactions transactions, Membership membership, Supplier<Future<Boolean>> findMessages) {
        this.transactions = transactions;
        this.membership = membership;
        this.findMessages = findMessages;
    }

    /** There is one for each workspace; asked for again while it runs, it runs once more. */
    static NewJob job(int ws) {
        return new NewJob(ws, TYPE, Lane.MAINTENANCE, "segments", new JsonObject(), Instant.now());
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        while (true) {
            if (asksMessages(job.ws()) && !findMessages.get().await()) {
                return JobOutcome.again(Instant.now().plusSeconds(1));
            }
            var asking = begin(job.ws());
            if (asking.isEmpty()) {
                return JobOutcome.done();
            }
            var now = asking.get();
            while (!now.isOver()) {
                if (lease.cancelled()) {
                    return JobOutcome.cancelled();
                }
                if (lease.stopping() || !lease.stillMine()) {
                    return JobOutcome.again(Instant.now());
                }
                lease.progress(now.askedTo(), (long) now.end(), now.ids().size() + " segments");
                now = step(job.ws(), now, lease::hold);
            }
            end(job.ws(), now);
        }
    }

    /** Before {@link #begin}: from then on events move people by the new rules, too. */
    private boolean asksMessages(int ws) {
        return store.dynamic(transactions.pool(), ws).await().stream()
                .anyMatch(segment -> Mentions.of(segment.rule()).messages());
    }

    /** Where it goes on; empty when nothing is to be asked. */
    Optional<Asking> begin(int ws) {
        return transactions
                .run(tx -> segments.lockAll(tx, ws).compose(locked -> begin(tx, ws)))
                .await();
    }

    private Future<Optional<Asking>> begin(SqlConnection tx, int ws) {
        return store.askedTo(tx, ws)
                .compose(askedTo -> askedTo.isPresent()
                        ? store.asking(tx, ws, askedTo.get()).map(Optional::of)
                        : store.dynamic(tx, ws).compose(all -> {
                            var unasked =
                                    all.stream().filter(one -> !one.kept()).toList();
                            if (unasked.isEmpty()) {
                                return Future.succeededFuture(Optional.empty());
                            }
                            var keep = new HashMap<String, Integer>();
                            unasked.forEach(segment -> LiveSegments.needs(segment.rule())
                                    .forEach((key, count) -> keep.merge(key, count, Math::max)));
                            return members.number(tx, ws, keep)
                                    .compose(done -> store.beginAsking(
                                            tx,
                                            ws,
                                            unasked.stream()
                                                    .map(Segment.Dynamic::no)
                                                    .toList()))
                                    .compose(done -> store.asking(tx, ws, 0))
                                    .map(Optional::of);
                        }));
    }

    /**
     * Asks the next of them.
     *
     * @param hold makes sure that nobody else is at it
     */
    Asking step(int ws, Asking asking, Function<SqlConnection, Future<?>> hold) {
        // First the rules, then the job: so does whoever changes a rule and asks for the job.
        return transactions
                .run(tx -> membership.rules(tx, ws).compose(rules -> hold.apply(tx)
                        .compose(held -> step(tx, ws, asking, rules.orElseThrow()))))
                .await();
    }

    private Future<Asking> step(SqlConnection tx, int ws, Asking asking, LiveSegments rules) {
        return store.people(tx, ws, asking.askedTo(), PEOPLE).compose(people -> {
            var next = people.size() < PEOPLE ? Integer.MAX_VALUE : people.getLast() + 1;
            return membership
                    .ask(tx, ws, rules, rules.still(asking.ruleNos()), people)
                    .compose(done -> store.asked(tx, ws, next))
                    .map(asking.upTo(next));
        });
    }

    /** Everybody was asked. */
    void end(int ws, Asking asking) {
        var turned = new ArrayList<>(asking.ruleNos().keySet());
        turned.add(LiveSegments.EVERYBODY);
        turned.add(LiveSegments.SUBSCRIBED);
        for (int block = 0; block <= BlocksStore.block(asking.end()); block++) {
            int number = block;
            transactions.run(tx -> blocks.recount(tx, ws, turned, number)).await();
        }
        transactions.run(tx -> finish(tx, ws, asking)).await();
    }

    private Future<Void> finish(SqlConnection tx, int ws, Asking asking) {
        return segments.lockAll(tx, ws)
                .compose(locked -> store.finish(tx, ws, asking))
                .compose(kept -> kept.isEmpty()
                        ? Future.succeededFuture()
                        : blocks.sizes(tx, ws, kept).compose(found -> tell(tx, ws, asking, kept, found)));
    }

    private Future<Void> tell(
            SqlConnection tx, int ws, Asking asking, List<Integer> kept, Map<Integer, BlocksStore.Size> found) {
        var ids = new HashMap<Integer, UUID>();
        kept.forEach(no -> ids.put(no, asking.ids().get(no)));
        var nobody = new BlocksStore.Size(0, 0);
        return sizes.keep(tx, ws, ids, found, null)
                .compose(done -> Outbox.write(
                        tx,
                        "facts",
                        kept.stream()
                                .map(no -> rebuilt(
                                        ws,
                                        ids.get(no),
                                        found.getOrDefault(no, nobody).people()))
                                .toList()));
    }

    private static StreamRecord rebuilt(int ws, UUID segment, long people) {
        return new StreamRecord(
                ws,
                segment.toString(),
                "segment.rebuilt",
                new JsonObject().put("segment", segment.toString()).put("people", people));
    }
}
