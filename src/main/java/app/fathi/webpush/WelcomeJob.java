package app.fathi.webpush;

import app.fathi.cep.Holds;
import app.fathi.cep.Messages;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.jobs.Job;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Lane;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.NewJob;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks for the welcome of a new subscription: the job {@code webpush.welcome}. Subscribing does not wait for it and does not fail with it, whatever has
 * become of the template; from then on it is a message like any other, with its policies and its decision.
 */
final class WelcomeJob implements JobHandler {
    private static final Logger LOG = LoggerFactory.getLogger(WelcomeJob.class);
    static final String TYPE = "webpush.welcome";

    /** Who is welcomed a day later wonders what it is about. */
    private static final Duration LATEST = Duration.ofHours(24);

    /** How often is looked whether what was held after a restore is released. */
    private static final Duration LOOK = Duration.ofSeconds(30);

    private final Transactions transactions;
    private final SubscriptionsStore subscriptions;
    private final SitesStore sites;
    private final Messages messages;
    private final String subject;

    /** @param subject the VAPID contact; empty when none is set, and nothing can be sent */
    WelcomeJob(
            Transactions transactions,
            SubscriptionsStore subscriptions,
            SitesStore sites,
            Messages messages,
            String subject) {
        this.transactions = transactions;
        this.subscriptions = subscriptions;
        this.sites = sites;
        this.messages = messages;
        this.subject = subject;
    }

    static NewJob of(int ws, UUID subscription, Instant now) {
        return new NewJob(
                ws,
                TYPE,
                Lane.TRIGGER,
                subscription.toString(),
                new JsonObject().put("subscriptionId", subscription.toString()),
                now,
                now.plus(LATEST));
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        var id = UUID.fromString(job.payload().getString("subscriptionId"));
        if (subject.isEmpty()) {
            LOG.warn("Workspace {} welcomes nobody: vapid.subject is not set", job.ws());
            return JobOutcome.done();
        }
        try {
            return transactions
                    .run(tx -> lease.hold(tx)
                            .compose(mine -> Holds.concern(tx, job.createdAt()))
                            .compose(held -> held
                                    ? Future.succeededFuture(
                                            JobOutcome.again(Instant.now().plus(LOOK)))
                                    : welcome(tx, job.ws(), id).map(JobOutcome.done())))
                    .await();
        } catch (ProblemException e) {
            // Nobody waits for an answer; the next one to look at the site's welcome is told the same.
            LOG.warn(
                    "Workspace {} cannot welcome a subscriber: {}",
                    job.ws(),
                    e.problem().kind().code());
            return JobOutcome.done();
        }
    }

    private Future<Void> welcome(SqlConnection tx, int ws, UUID id) {
        return subscriptions
                .markWelcomed(tx, ws, id)
                .compose(origin -> origin.isEmpty()
                        ? Future.succeededFuture()
                        : sites.byOrigin(tx, ws, origin.get()).compose(site -> {
                            var welcome = site.map(Site::welcome).orElse(null);
                            return welcome == null || !welcome.enabled()
                                    ? Future.succeededFuture()
                                    : messages.request(tx, ws, welcome.request(List.of(id), false))
                                            .mapEmpty();
                        }));
    }

    @Override
    public JsonObject describe(JsonObject payload) {
        return payload;
    }
}
