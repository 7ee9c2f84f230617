package app.fathi.cep.sending;

import app.fathi.cep.audiences.ExpansionsStore;
import app.fathi.cep.message.RunState;
import app.fathi.cep.runs.Chunk;
import app.fathi.cep.runs.ChunkJob;
import app.fathi.cep.runs.ChunksStore;
import app.fathi.cep.runs.DatabaseClock;
import app.fathi.cep.runs.Run;
import app.fathi.cep.runs.RunsStore;
import app.fathi.platform.jobs.Job;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.NewJob;
import app.fathi.segments.Audiences;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Sends one chunk of a run: the job {@code cep.send}. It asks to run again until all of the chunk's rows are final. */
public final class SendJob implements JobHandler {

    private final Sending sending;
    private final Audiences audiences;

    /** @param audiences who knows whom a message is meant for */
    public SendJob(Sending sending, Audiences audiences) {
        this.sending = sending;
        this.audiences = audiences;
    }

    @Override
    public String type() {
        return ChunkJob.TYPE;
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        var known = sending.transactions()
                .pool()
                .withConnection(connection -> Known.read(connection, job))
                .await();
        if (known.run.isEmpty() || known.chunk.isEmpty() || known.chunk.get().finished()) {
            // Without its run it was dropped by retention: there is nobody left to tell.
            return JobOutcome.done();
        }
        var chunk = known.chunk.get();
        var run = known.run.get().at(chunk);
        var clock = known.clock;
        if (run.state() != RunState.CANCELLED
                && !lease.cancelled()
                && clock.now().isBefore(run.sendAt())) {
            return JobOutcome.again(run.sendAt());
        }
        // Beside the sending, which does not wait for it, and not in a transaction of it: who froze there would hold up
        // the
        // run's other chunks.
        var marked = run.state() == RunState.QUEUED && !chunk.isAllOf(run)
                ? RunsStore.markSending(sending.transactions().pool(), run.run())
                : Future.<Void>succeededFuture();
        var outcome = new ChunkSender(sending, run, chunk, lease, clock, left(run, chunk)).send();
        marked.await();
        return outcome;
    }

    /**
     * Who of the people were meant when they were found, and are no more: asked again where that was a while ago. A message that
     * is over anyway does not ask.
     */
    private Set<Integer> left(Run run, Chunk chunk) {
        if (chunk.sendAt() == null || chunk.passed() || run.state() == RunState.CANCELLED) {
            return Set.of();
        }
        var found =
                ExpansionsStore.find(sending.transactions().pool(), run.run()).await();
        if (found.isEmpty() || found.get().frozen() == null) {
            return Set.of();
        }
        var left = new HashSet<>(chunk.profileNos());
        left.removeAll(audiences
                .among(run.ws(), found.get().frozen(), chunk.profileNos())
                .await());
        return left;
    }

    /** What there is to send, read in one go. */
    private record Known(Optional<Run> run, Optional<Chunk> chunk, DatabaseClock clock) {
        static Future<Known> read(SqlClient connection, Job job) {
            long number = job.payload().getLong("run");
            var run = RunsStore.run(connection, job.ws(), number);
            var chunk = ChunksStore.find(connection, number, job.payload().getInteger("chunk"));
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
                        job.ws(), ChunkJob.TYPE, job.lane(), job.key(), job.payload(), job.deadline(), job.deadline()));
    }

    @Override
    public JsonObject describe(JsonObject payload) {
        return new JsonObject()
                .put("messageId", payload.getString("message"))
                .put("chunk", payload.getInteger("chunk"));
    }

    @Override
    public Future<Long> recipients(SqlClient client, int ws, List<JsonObject> payloads) {
        return ChunksStore.peopleOf(client, ws, payloads);
    }
}
