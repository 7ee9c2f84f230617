package app.fathi.segments;

import app.fathi.platform.config.Config;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.NewJob;
import app.fathi.platform.jobs.Schedule;
import app.fathi.platform.stream.StreamConsumer.Consumed;
import app.fathi.platform.stream.Streams;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;
import java.util.function.Supplier;

/** The parts of this domain that follow what happens to people. One for the node. */
public final class Segments {
    private final Vertx vertx;
    private final Streams streams;
    private final Transactions workers;
    private final Config.Segments config;
    private final Supplier<Future<Boolean>> findMessages;
    private final RulesStore store = new RulesStore();
    private final Membership membership;

    /**
     * @param workers on the pool of the workers
     * @param findMessages makes the ledger ready to be asked for people's messages: called before a rule asks for them; false
     *     while somebody else is at it
     */
    public Segments(
            Vertx vertx,
            Streams streams,
            Transactions workers,
            Config.Segments config,
            Supplier<Future<Boolean>> findMessages) {
        this.vertx = vertx;
        this.streams = streams;
        this.workers = workers;
        this.config = config;
        this.findMessages = findMessages;
        this.membership = new Membership(vertx, store);
    }

    /** After profile: moves people as events come. */
    public MembershipStage stage() {
        return new MembershipStage(membership);
    }

    /** What the group {@code segments} does with {@code facts}. */
    public Future<Void> learn(SqlConnection tx, List<Consumed> facts) {
        return new MembershipFacts(vertx, membership).learn(tx, facts);
    }

    public MembershipTimers timers() {
        return new MembershipTimers(workers, streams, membership);
    }

    public List<JobHandler> jobs() {
        return List.of(
                new RebuildJob(workers, membership, findMessages),
                new MeasureJob(workers, config.historyHourlyDays(), config.historyDays()));
    }

    /** What comes by the clock, for all workspaces. */
    public Schedule hourly() {
        return MeasureJob.hourly();
    }

    /** Where not everybody was asked by all rules yet, as after an update of the program: to be asked for at each start. */
    public Future<List<NewJob>> overdue(SqlClient client) {
        return store.withUnasked(client)
                .map(workspaces -> workspaces.stream().map(RebuildJob::job).toList());
    }
}
