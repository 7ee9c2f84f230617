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
import app.fathi.segments.SegmentsStore.Asking;
import app.fathi.segments.rules.BehaviourKey;
import app.fathi.segments.rules.RuleParser;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;

/**
 * Asks everybody whether they are in a segment whose rule is new: the job {@code segments.rebuild}. It goes through people by
 * their numbers and puts down after each step how far it came, so a crash repeats one step. Meanwhile events move people by
 * the new rule as well; that everybody was asked is told as {@code segment.rebuilt}, and from then on who enters or leaves is
 * news.
 */
public final class RebuildJob implements JobHandler {
    static final String TYPE = "segments.rebuild";
    private static final int PEOPLE = 1_000;

    private final Transactions transactions;
    private final Membership membership;
    private final SegmentsStore store = new SegmentsStore();
    private final MembershipStore members = new MembershipStore();
    private final BlocksStore blocks = new BlocksStore();

    RebuildJob(Transactions transactions, Membership membership) {
        this.transactions = transactions;
        this.membership = membership;
    }

    /** There is one for each segment; asked for again while it runs, it runs once more. */
    static NewJob job(int ws, UUID segment) {
        return new NewJob(
                ws,
                TYPE,
                Lane.MAINTENANCE,
                segment.toString(),
                new JsonObject().put("segment", segment.toString()),
                Instant.now());
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public JsonObject describe(JsonObject payload) {
        return new JsonObject().put("segmentId", payload.getString("segment"));
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        var asking = begin(job.ws(), UUID.fromString(job.payload().getString("segment")));
        while (asking.isPresent() && !asking.get().isOver()) {
            if (lease.cancelled()) {
                return JobOutcome.cancelled();
            }
            if (lease.stopping() || !lease.stillMine()) {
                return JobOutcome.again(Instant.now());
            }
            lease.progress(asking.get().askedTo(), (long) asking.get().end(), null);
            asking = step(job.ws(), asking.get(), lease::hold);
        }
        asking.ifPresent(done -> end(job.ws(), done));
        return JobOutcome.done();
    }

    Optional<Asking> begin(int ws, UUID segment) {
        return transactions.run(tx -> begin(tx, ws, segment)).await();
    }

    /** @param hold makes sure that nobody else is at it */
    Optional<Asking> step(int ws, Asking asking, Function<SqlConnection, Future<?>> hold) {
        return transactions
                .run(tx -> hold.apply(tx).compose(held -> step(tx, ws, asking)))
                .await();
    }

    /** Everybody was asked. */
    void end(int ws, Asking asking) {
        for (int block = 0; block <= BlocksStore.block(asking.end()); block++) {
            int number = block;
            transactions.run(tx -> blocks.recount(tx, ws, asking.no(), number)).await();
        }
        transactions.run(tx -> finish(tx, ws, asking)).await();
    }

    /** Where it goes on; empty when nothing is to be asked. */
    private Future<Optional<Asking>> begin(SqlConnection tx, int ws, UUID segment) {
        return store.lockAll(tx, ws)
                .compose(locked -> store.find(tx, ws, segment))
                .compose(found -> {
                    if (found.isEmpty() || found.get().isStatic()) {
                        return Future.succeededFuture(Optional.empty());
                    }
                    var keep = new HashMap<String, Integer>();
                    LiveSegments.counted(RuleParser.parse(found.get().rule(), "/rule"))
                            .forEach((behaviour, count) -> keep.merge(BehaviourKey.of(behaviour), count, Math::max));
                    return members.number(tx, ws, keep).compose(done -> store.beginAsking(tx, ws, segment));
                });
    }

    /** The next of them; empty when the rule has changed or the segment is gone. */
    private Future<Optional<Asking>> step(SqlConnection tx, int ws, Asking asking) {
        return membership.rules(tx, ws).compose(rules -> {
            var live = rules.flatMap(all -> all.find(asking.segment())).filter(one -> one.ruleNo() == asking.ruleNo());
            if (live.isEmpty()) {
                // Whoever changed the rule has asked for the job again.
                return Future.succeededFuture(Optional.empty());
            }
            return store.people(tx, ws, asking.askedTo(), PEOPLE).compose(people -> membership
                    .ask(tx, ws, rules.get(), live.get(), people)
                    .compose(done -> store.asked(
                            tx, ws, asking, people.size() < PEOPLE ? Integer.MAX_VALUE : people.getLast() + 1)));
        });
    }

    private Future<Void> finish(SqlConnection tx, int ws, Asking asking) {
        return store.lockAll(tx, ws)
                .compose(locked -> store.asked(tx, ws, asking))
                .compose(kept -> kept
                        ? blocks.people(tx, ws, List.of(asking.no()))
                                .compose(people -> Outbox.write(
                                        tx,
                                        "facts",
                                        List.of(new StreamRecord(
                                                ws,
                                                asking.segment().toString(),
                                                "segment.rebuilt",
                                                new JsonObject()
                                                        .put(
                                                                "segment",
                                                                asking.segment().toString())
                                                        .put("people", people.getOrDefault(asking.no(), 0L))))))
                        : Future.succeededFuture());
    }
}
