package app.fathi.webpush;

import app.fathi.platform.db.Transactions;
import app.fathi.platform.jobs.Job;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Lane;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.NewJob;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.UUID;

/**
 * Ends the subscriptions that are bound to a retired key, a thousand at a time, then forgets the key's private half: the
 * job {@code webpush.retireKey}. Until then they can still be sent to, so that no send finds a key that it cannot open.
 */
final class RetireKeyJob implements JobHandler {
    static final String TYPE = "webpush.retireKey";
    private static final int BATCH = 1_000;

    private final Transactions transactions;
    private final PushKeysStore keys;
    private final SubscriptionsStore subscriptions;

    RetireKeyJob(Transactions transactions, PushKeysStore keys, SubscriptionsStore subscriptions) {
        this.transactions = transactions;
        this.keys = keys;
        this.subscriptions = subscriptions;
    }

    static NewJob of(int ws, UUID keyId, Instant at) {
        return new NewJob(
                ws, TYPE, Lane.MAINTENANCE, keyId.toString(), new JsonObject().put("keyId", keyId.toString()), at);
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        var keyId = UUID.fromString(job.payload().getString("keyId"));
        long ended = 0;
        while (!lease.stopping() && !lease.cancelled()) {
            var now = step(job, lease, keyId);
            if (now < 0) {
                return JobOutcome.done();
            }
            ended += now;
            lease.progress(ended, null, null);
        }
        return lease.cancelled() ? JobOutcome.cancelled() : JobOutcome.again(Instant.now());
    }

    /** How many it ended; less than none when nothing is left to do. */
    private int step(Job job, Lease lease, UUID keyId) {
        return transactions
                .run(tx -> lease.hold(tx)
                        .compose(held -> keys.lock(tx, job.ws(), keyId))
                        .compose(key -> key.isEmpty() || !key.get().retired()
                                ? Future.succeededFuture(-1)
                                : subscriptions
                                        .endOfKey(tx, job.ws(), keyId, BATCH)
                                        .compose(gone -> gone.isEmpty()
                                                ? keys.forget(tx, job.ws(), keyId)
                                                        .map(-1)
                                                : SubscriptionsService.tell(tx, job.ws(), "subscription.expired", gone)
                                                        .map(gone.size()))))
                .await();
    }

    @Override
    public JsonObject describe(JsonObject payload) {
        return payload;
    }
}
