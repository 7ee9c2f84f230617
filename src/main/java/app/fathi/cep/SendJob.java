package app.fathi.cep;

import app.fathi.platform.jobs.Job;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Lane;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.NewJob;
import io.vertx.core.json.JsonObject;
import java.time.Instant;

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
                new JsonObject().put("run", run.run()).put("chunk", chunk),
                runAt);
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        var pool = sending.transactions.pool();
        var run = RunsStore.run(pool, job.ws(), job.payload().getLong("run")).await();
        if (run.isEmpty()) {
            // Dropped by retention: there is nobody left to tell.
            return JobOutcome.done();
        }
        var chunk = RunsStore.chunk(pool, run.get().run(), job.payload().getInteger("chunk"))
                .await();
        if (chunk.isEmpty() || chunk.get().finished()) {
            return JobOutcome.done();
        }
        var clock = RunsStore.clock(pool).await();
        if (run.get().state() != RunState.CANCELLED
                && clock.now().isBefore(run.get().sendAt())) {
            return JobOutcome.again(run.get().sendAt());
        }
        if (run.get().state() == RunState.QUEUED) {
            RunsStore.markSending(pool, run.get().run()).await();
        }
        return new ChunkSender(sending, run.get(), chunk.get(), lease, clock).send();
    }
}
