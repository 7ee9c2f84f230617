package app.fathi.cep.runs;

import app.fathi.platform.jobs.Lane;
import app.fathi.platform.jobs.NewJob;
import io.vertx.core.json.JsonObject;
import java.time.Instant;

/** How a chunk is asked to be sent: one job for each, which {@link app.fathi.cep.sending.SendJob} does. */
public final class ChunkJob {
    public static final String TYPE = "cep.send";

    private ChunkJob() {}

    /** For when the chunk's people are to get it. */
    public static NewJob of(Run run, Chunk chunk) {
        var then = run.at(chunk);
        return of(then, chunk.chunk(), then.sendAt());
    }

    public static NewJob of(Run run, int chunk, Instant runAt) {
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
}
