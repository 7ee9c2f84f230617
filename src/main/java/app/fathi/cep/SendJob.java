package app.fathi.cep;

import app.fathi.platform.jobs.Job;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Lane;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.NewJob;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Sends one chunk of a run: the job {@code cep.send}. It asks to run again until all of the chunk's rows are final. */
public final class SendJob implements JobHandler {
    static final String TYPE = "cep.send";

    private final Sending sending;

    public SendJob(Sending sending) {
        this.sending = sending;
    }

    static NewJob of(Run run, int chunk, Instant runAt) {
        return new NewJob(
                run.ws(),
                TYPE,
                run.isTransactional() ? Lane.TRANSACTIONAL : Lane.CAMPAIGN,
                run.run() + "/" + chunk,
                new JsonObject()
                        .put("run", run.run())
                        .put("chunk", chunk)
                        .put("message", run.id().toString()),
                runAt,
                run.expiresAt());
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        var known = sending.transactions
                .pool()
                .withConnection(connection -> Known.read(connection, job))
                .await();
        var run = known.run;
        var chunk = known.chunk;
        if (run.isEmpty() || chunk.isEmpty() || chunk.get().finished()) {
            // Without its run it was dropped by retention: there is nobody left to tell.
            return JobOutcome.done();
        }
        var clock = known.clock;
        if (run.get().state() != RunState.CANCELLED
                && !lease.cancelled()
                && clock.now().isBefore(run.get().sendAt())) {
            return JobOutcome.again(run.get().sendAt());
        }
        // Beside the sending, which does not wait for it, and not in a transaction of it: who froze there would hold up
        // the
        // run's other chunks.
        var marked = run.get().state() == RunState.QUEUED && !chunk.get().isAllOf(run.get())
                ? RunsStore.markSending(sending.transactions.pool(), run.get().run())
                : Future.<Void>succeededFuture();
        var outcome = new ChunkSender(sending, run.get(), chunk.get(), lease, clock).send();
        marked.await();
        return outcome;
    }

    /** What there is to send, read in one go. */
    private record Known(Optional<Run> run, Optional<Chunk> chunk, DatabaseClock clock) {
        static Future<Known> read(SqlClient connection, Job job) {
            long number = job.payload().getLong("run");
            var run = RunsStore.run(connection, job.ws(), number);
            var chunk = RunsStore.chunk(connection, number, job.payload().getInteger("chunk"));
            var clock = RunsStore.clock(connection);
            return Future.all(run, chunk, clock).map(all -> new Known(run.result(), chunk.result(), clock.result()));
        }
    }

    /** Whoever was not sent to is then skipped as cancelled: no delivery is left without its end. */
    @Override
    public boolean settles() {
        return true;
    }

    /** A chunk that died is asked for once more when nothing may be sent any more, to bring its deliveries to their end. */
    @Override
    public List<NewJob> afterDeath(Job job) {
        return job.deadline() == null || !job.deadline().isAfter(Instant.now())
                ? List.of()
                : List.of(new NewJob(
                        job.ws(), TYPE, job.lane(), job.key(), job.payload(), job.deadline(), job.deadline()));
    }

    @Override
    public JsonObject describe(JsonObject payload) {
        return new JsonObject()
                .put("messageId", payload.getString("message"))
                .put("chunk", payload.getInteger("chunk"));
    }

    @Override
    public Future<Long> recipients(SqlClient client, int ws, List<JsonObject> payloads) {
        return RunsStore.peopleOf(client, ws, payloads);
    }
}
