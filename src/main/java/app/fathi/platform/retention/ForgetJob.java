package app.fathi.platform.retention;

import app.fathi.platform.config.Config;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.jobs.Cron;
import app.fathi.platform.jobs.Job;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Jobs;
import app.fathi.platform.jobs.Lane;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.NewJob;
import app.fathi.platform.jobs.Schedule;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.function.Function;

/**
 * Forgets what is older than it is kept: the job {@code platform.forgetOld}. That of the installation, once a day, takes what
 * does not go by itself with whole partitions, and asks for one of each workspace that keeps something for a shorter time; these
 * are seen among the workspace's jobs, with how many rows are gone. Each transaction is short, and what was begun goes on where
 * it was.
 */
public final class ForgetJob implements JobHandler {
    static final String TYPE = "platform.forgetOld";
    private static final int INSTALLATION = 0;

    private final Transactions transactions;
    private final Jobs jobs;
    private final Config config;
    private final Shorter shorter;
    private final List<Kept> kept;

    /** @param transactions on the pool of the workers */
    public ForgetJob(Transactions transactions, Jobs jobs, Config config, Shorter shorter, List<Kept> kept) {
        this.transactions = transactions;
        this.jobs = jobs;
        this.config = config;
        this.shorter = shorter;
        this.kept = List.copyOf(kept);
    }

    public static Schedule daily() {
        return new Schedule(
                INSTALLATION,
                TYPE,
                TYPE,
                Lane.MAINTENANCE,
                new JsonObject(),
                Cron.parse("11 3 * * *"),
                ZoneOffset.UTC,
                Schedule.Missed.ONE);
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        var step = new Step(lease);
        return job.ws() == INSTALLATION ? everywhere(step) : of(job.ws(), step);
    }

    private JobOutcome everywhere(Step step) {
        for (var each : kept) {
            var days = each.kind().longest(config);
            if (!step.repeat(each.kind(), tx -> each.forgetEverywhere(tx, days, most()))) {
                return step.outcome();
            }
        }
        transactions
                .run(tx -> shorter.workspaces(tx)
                        .compose(workspaces -> jobs.enqueue(
                                tx, workspaces.stream().map(ForgetJob::of).toList())))
                .await();
        return JobOutcome.done();
    }

    private static NewJob of(int ws) {
        return new NewJob(ws, TYPE, Lane.MAINTENANCE, "old", new JsonObject(), Instant.now());
    }

    private JobOutcome of(int ws, Step step) {
        var days = shorter.days(transactions.pool(), ws).await();
        for (var each : kept) {
            var own = days.get(each.kind());
            if (own != null && !step.repeat(each.kind(), tx -> each.forget(tx, ws, own, most()))) {
                return step.outcome();
            }
        }
        return JobOutcome.done();
    }

    private int most() {
        return config.retention().batchRows();
    }

    /** One transaction after another under the job's lease. */
    private final class Step {
        private final Lease lease;
        private long gone;

        Step(Lease lease) {
            this.lease = lease;
        }

        /** Until nothing is left; false when it must not go on. */
        boolean repeat(Kind kind, Function<SqlConnection, Future<Integer>> forget) {
            int now;
            do {
                if (lease.stopping() || lease.cancelled() || !lease.stillMine()) {
                    return false;
                }
                now = transactions
                        .run(tx -> lease.hold(tx).compose(held -> forget.apply(tx)))
                        .await();
                gone += now;
                lease.progress(gone, null, kind.word());
            } while (now > 0);
            return true;
        }

        JobOutcome outcome() {
            return lease.cancelled() ? JobOutcome.cancelled() : JobOutcome.again(Instant.now());
        }
    }
}
