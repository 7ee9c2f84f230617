package app.fathi.cdp;

import app.fathi.cdp.ErasuresStore.Erasure;
import app.fathi.cdp.ErasuresStore.Part;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.db.Erasable;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.jobs.Job;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Lane;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.NewJob;
import app.fathi.platform.stream.Outbox;
import app.fathi.platform.stream.StreamRecord;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * Forgets one person, all or nothing: the job {@code cdp.erase}. What is left are hashes by which the person is known if they
 * come again, lines of ledgers under a number that means nobody, and a receipt that counts what went.
 */
public final class EraseJob implements JobHandler {
    static final String TYPE = "cdp.erase";

    /** Who has looked at the person is in the audit trail within a second: only then is it blanked. */
    private static final long WAIT_MILLIS = 2_000;

    private final Transactions transactions;
    private final Audit audit;
    private final List<Erasable> erasables;
    private final ErasuresStore store = new ErasuresStore();
    private final SuppressionsStore suppressions = new SuppressionsStore();

    /**
     * @param transactions on the pool of the workers
     * @param erasables all domains that hold something of people, the profiles themselves last
     */
    public EraseJob(Transactions transactions, Audit audit, List<Erasable> erasables) {
        this.transactions = transactions;
        this.audit = audit;
        this.erasables = List.copyOf(erasables);
    }

    static NewJob of(int ws, UUID receipt) {
        var payload = new JsonObject().put("erasureId", receipt.toString());
        return new NewJob(
                ws,
                TYPE,
                Lane.MAINTENANCE,
                receipt.toString(),
                payload,
                Instant.now().plusMillis(WAIT_MILLIS));
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public JsonObject describe(JsonObject payload) {
        return payload;
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        var id = UUID.fromString(job.payload().getString("erasureId"));
        transactions
                .run(tx -> lease.hold(tx)
                        .compose(held -> suppressions.enterAlone(tx, job.ws()))
                        .compose(alone -> store.lock(tx, job.ws(), id))
                        .compose(erasure -> erasure.isEmpty() || erasure.get().profileNo() == null
                                ? Future.<Void>succeededFuture()
                                : erase(tx, job.ws(), erasure.get())))
                .await();
        return JobOutcome.done();
    }

    private Future<Void> erase(SqlConnection tx, int ws, Erasure erasure) {
        return store.present(tx, ws, erasure.profileNo()).compose(profileNo -> erase(tx, ws, erasure, profileNo));
    }

    private Future<Void> erase(SqlConnection tx, int ws, Erasure erasure, int profileNo) {
        var counts = new LinkedHashMap<String, Integer>();
        return store.parts(tx, ws, profileNo).compose(parts -> {
            var nos = parts.stream().map(Part::no).toList();
            return store.names(tx, ws, nos).compose(names -> {
                Future<Void> chain = store.remember(tx, ws, nos)
                        .compose(remembered -> store.forgetDeadLetters(tx, ws, names))
                        .map(letters -> {
                            counts.put("dead_letter", letters);
                            return null;
                        });
                for (var erasable : erasables) {
                    chain = chain.compose(done -> erasable.erase(tx, ws, nos)).map(gone -> {
                        counts.putAll(gone);
                        return null;
                    });
                }
                for (var part : parts) {
                    chain = chain.compose(done -> audit.blank(tx, ws, "profile", part.id(), erasure.id()))
                            .map(lines -> {
                                counts.merge("audit_detail", lines, Integer::sum);
                                return null;
                            });
                }
                var asked = names.stream().map(ErasuresStore.Name::asked).toList();
                return chain.compose(done -> audit.blankAsked(tx, ws, "profile", asked, erasure.id()))
                        .compose(lines -> {
                            counts.merge("audit_detail", lines, Integer::sum);
                            return tell(tx, ws, erasure, counts);
                        });
            });
        });
    }

    private Future<Void> tell(SqlConnection tx, int ws, Erasure erasure, Map<String, Integer> counts) {
        var id = erasure.profileId().toString();
        return store.done(tx, ws, erasure.id(), counts)
                .compose(done -> audit.recordSystem(
                        tx, ws, "profile.erased", "erasure", erasure.id(), new JsonObject().put("profileId", id)))
                .compose(done -> Outbox.write(
                        tx,
                        "facts",
                        List.of(new StreamRecord(
                                ws,
                                "#" + erasure.profileNo(),
                                "profile.erased",
                                new JsonObject()
                                        .put("profileId", id)
                                        .put("erasureId", erasure.id().toString())))));
    }
}
