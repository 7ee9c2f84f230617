package app.fathi.cep.audiences;

import app.fathi.cep.message.Audience;
import app.fathi.cep.message.Taken;
import app.fathi.cep.runs.ChunkJob;
import app.fathi.cep.runs.Run;
import app.fathi.cep.runs.RunsStore;
import app.fathi.platform.jobs.Jobs;
import app.fathi.segments.Audiences;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

/**
 * Messages to people whom nobody names. The run is written without them and is kept from its end by one place among its
 * chunks; {@link ExpandJob} finds them when it is to be sent, and gives the place back.
 */
public final class Expansions {
    /** What keeps a run open while people are looked for. */
    static final int PLACE = 1;

    private final Audiences audiences;
    private final Jobs jobs;

    public Expansions(Audiences audiences, Jobs jobs) {
        this.audiences = audiences;
        this.jobs = jobs;
    }

    /** What a dry run wants to know. On connections of its own, before any transaction. */
    public Future<Audience.Counted> count(int ws, Audience.Described described) {
        return audiences
                .count(ws, described.rule(), described.pointer())
                .map(count -> new Audience.Counted((int) count.people(), (int) count.reachable()));
    }

    /** Writes the run and has its people found; the caller has checked everything else. */
    public Future<Taken> write(SqlConnection tx, Run run, Audience.Described described) {
        return audiences
                .require(tx, run.ws(), described.rule(), described.pointer())
                .compose(names -> RunsStore.insertRun(tx, run, 0, PLACE)
                        .compose(done ->
                                ExpansionsStore.insert(tx, run.run(), described.segment(), described.rule(), names)))
                .compose(done -> jobs.enqueue(tx, List.of(ExpandJob.of(run, run.sendAt()))))
                .map(done -> new Taken(run.id(), 0, null, List.of()));
    }

    /**
     * Nobody is looked for any more. The jobs of those who were found already bring them to their end: of a million it would
     * take too long here.
     */
    public Future<Void> cancel(SqlConnection tx, Run run) {
        return ExpansionsStore.end(tx, run.run(), Expansion.State.STOPPED, null)
                .compose(done -> ExpansionsStore.openChunks(tx, run.run()))
                .compose(chunks -> {
                    var now = Instant.now();
                    return jobs.enqueue(
                            tx,
                            Stream.concat(
                                            Stream.of(ExpandJob.of(run, now)),
                                            chunks.stream().map(chunk -> ChunkJob.of(run, chunk, now)))
                                    .toList());
                });
    }
}
