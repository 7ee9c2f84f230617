package app.fathi.cep.audiences;

import app.fathi.cep.audiences.Spread.Slot;
import app.fathi.cep.runs.Chunk;
import app.fathi.cep.runs.ChunkJob;
import app.fathi.cep.runs.ChunksStore;
import app.fathi.cep.runs.Run;
import app.fathi.cep.runs.RunsStore;
import app.fathi.platform.config.Config;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.jobs.CrashPoint;
import app.fathi.platform.jobs.Job;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Jobs;
import app.fathi.platform.jobs.Lane;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.NewJob;
import app.fathi.segments.Audiences;
import app.fathi.segments.Audiences.Page;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Finds the people of a message to a segment or a rule: the job {@code cep.expand}. Each page of them becomes chunks, with
 * their jobs, in one transaction with how far it came; sending begins with the first. Also when the message is too late, or a
 * kill switch stops it, everybody is found: then each has a delivery that says why there was none.
 */
public final class ExpandJob implements JobHandler {
    static final String TYPE = "cep.expand";

    /** Of the first page: sending begins soon. */
    private static final int CHUNKS = 10;

    /** Each page is twice the one before, up to so many: the database looks for all people to find those of a page. */
    private static final int MOST_CHUNKS = 100;

    private static final String DIED = "died";

    private final Transactions transactions;
    private final int chunkProfiles;
    private final Jobs jobs;
    private final Audiences audiences;
    private final Spread spread;

    /**
     * @param transactions on the pool of the workers
     * @param audiences who knows whom a message is meant for
     */
    public ExpandJob(Transactions transactions, Spread spread, Jobs jobs, Audiences audiences, Config.Send settings) {
        this.transactions = transactions;
        this.spread = spread;
        this.jobs = jobs;
        this.audiences = audiences;
        this.chunkProfiles = settings.chunkProfiles();
    }

    static NewJob of(Run run, Instant runAt) {
        return new NewJob(
                run.ws(),
                TYPE,
                run.isTransactional() ? Lane.TRANSACTIONAL : Lane.CAMPAIGN,
                "" + run.run(),
                new JsonObject().put("run", run.run()).put("message", run.id().toString()),
                runAt,
                run.expiresAt());
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        long number = job.payload().getLong("run");
        var pool = transactions.pool();
        var run = RunsStore.run(pool, job.ws(), number).await();
        var expansion = ExpansionsStore.find(pool, number).await();
        if (run.isEmpty() || expansion.isEmpty() || !expansion.get().state().isOpen()) {
            return JobOutcome.done();
        }
        if (job.payload().getBoolean(DIED, false)) {
            end(
                    lease,
                    number,
                    Expansion.State.FAILED,
                    "People could not be found to the end. The server's log says why.");
            return JobOutcome.done();
        }
        if (lease.cancelled()) {
            end(lease, number, Expansion.State.STOPPED, null);
            return JobOutcome.cancelled();
        }
        if (RunsStore.clock(pool).await().now().isBefore(run.get().sendAt())) {
            return JobOutcome.again(run.get().sendAt());
        }
        if (expansion.get().state() == Expansion.State.WAITING && !begin(lease, run.get(), expansion.get())) {
            return JobOutcome.done();
        }
        return find(lease, run.get());
    }

    /** False when there is nobody to be found. */
    private boolean begin(Lease lease, Run run, Expansion expansion) {
        try {
            return transactions
                    .run(tx -> RunsStore.lockRun(tx, run.run())
                            .compose(locked -> lease.hold(tx))
                            .compose(held -> audiences.freeze(tx, run.ws(), expansion.rule()))
                            .compose(frozen -> ExpansionsStore.begin(
                                    tx, run.run(), frozen.definition(), frozen.names(), frozen.asOf())))
                    .await();
        } catch (ProblemException e) {
            // What it names was changed since: nobody can say any more who is meant.
            end(lease, run.run(), Expansion.State.FAILED, e.problem().detail());
            return false;
        }
    }

    private JobOutcome find(Lease lease, Run run) {
        int limit = CHUNKS * chunkProfiles;
        var at = ExpansionsStore.find(transactions.pool(), run.run()).await().orElseThrow();
        int before = at.before();
        int chunks = at.chunks();
        long found = at.planned();
        while (true) {
            if (lease.cancelled()) {
                end(lease, run.run(), Expansion.State.STOPPED, null);
                return JobOutcome.cancelled();
            }
            if (lease.stopping()) {
                return JobOutcome.again(Instant.now());
            }
            var page = audiences
                    .page(run.ws(), at.frozen(), at.asOf(), before, limit)
                    .await();
            var slots = spread.of(transactions.pool(), run, at.asOf(), page.profileNos())
                    .await();
            var made = chunks(run, chunks, slots);
            int from = before;
            boolean mine = transactions
                    .run(tx -> write(tx, lease, run, from, page, made))
                    .await();
            if (!mine || page.last()) {
                return JobOutcome.done();
            }
            before = page.before();
            chunks += made.size();
            found += page.profileNos().size();
            limit = Math.min(2 * limit, MOST_CHUNKS * chunkProfiles);
            lease.progress(found, null, null);
        }
    }

    private List<Chunk> chunks(Run run, int first, List<Slot> slots) {
        int size = chunkProfiles;
        var chunks = new ArrayList<Chunk>();
        for (var slot : slots) {
            for (int from = 0; from < slot.people().size(); from += size) {
                var part = slot.people().subList(from, Math.min(slot.people().size(), from + size));
                chunks.add(new Chunk(
                        run.run(), first + chunks.size(), part, null, Map.of(), slot.at(), slot.passed(), false));
            }
        }
        return chunks;
    }

    /** False when it was stopped meanwhile: then nothing is written. */
    private Future<Boolean> write(SqlConnection tx, Lease lease, Run run, int from, Page page, List<Chunk> chunks) {
        return RunsStore.lockRun(tx, run.run())
                .compose(locked -> lease.hold(tx))
                .compose(held -> ExpansionsStore.advance(tx, run.run(), from, page.before(), chunks.size()))
                .compose(mine -> mine
                        ? add(tx, run, page, chunks)
                                .onSuccess(done -> CrashPoint.INSIDE_EXPANSION.hit())
                                .map(true)
                        : Future.succeededFuture(false));
    }

    private Future<Void> add(SqlConnection tx, Run run, Page page, List<Chunk> chunks) {
        var added = chunks.isEmpty()
                ? Future.<Void>succeededFuture()
                : ChunksStore.insert(tx, chunks)
                        .compose(done -> ExpansionsStore.grow(
                                tx, run.run(), page.profileNos().size(), chunks.size()))
                        .compose(done -> jobs.enqueue(
                                tx,
                                chunks.stream()
                                        .map(chunk -> ChunkJob.of(run, chunk))
                                        .toList()));
        return page.last()
                ? added.compose(done -> ExpansionsStore.end(tx, run.run(), Expansion.State.FOUND, null))
                : added;
    }

    private void end(Lease lease, long run, Expansion.State state, String reason) {
        transactions
                .run(tx -> RunsStore.lockRun(tx, run)
                        .compose(locked -> lease.hold(tx))
                        .compose(held -> ExpansionsStore.end(tx, run, state, reason)))
                .await();
    }

    /** Cancelled, it says so in the message. */
    @Override
    public boolean settles() {
        return true;
    }

    /** One that died has the message say that it did; who was found gets it all the same. */
    @Override
    public List<NewJob> afterDeath(Job job) {
        return job.payload().getBoolean(DIED, false)
                ? List.of()
                : List.of(new NewJob(
                        job.ws(),
                        TYPE,
                        job.lane(),
                        job.key() + "/" + DIED,
                        job.payload().copy().put(DIED, true),
                        Instant.now(),
                        job.deadline()));
    }

    @Override
    public JsonObject describe(JsonObject payload) {
        return new JsonObject().put("messageId", payload.getString("message"));
    }
}
