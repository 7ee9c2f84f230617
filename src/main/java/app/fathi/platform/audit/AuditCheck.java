package app.fathi.platform.audit;

import app.fathi.platform.alerts.Alert;
import app.fathi.platform.alerts.Alerts;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.jobs.Cron;
import app.fathi.platform.jobs.Job;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Lane;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.NewJob;
import app.fathi.platform.jobs.Schedule;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;

/**
 * The trail checks itself: the job {@code platform.verifyAudit}, at each start and once an hour. It goes on from where the last
 * check ended, and reads a chain wholly when it is short, once a week, and when anything about the last check is doubtful.
 * What does not fit is an alert.
 */
public final class AuditCheck implements JobHandler {
    static final String TYPE = "platform.verifyAudit";

    private final Transactions transactions;
    private final Verifier verifier;
    private final byte[] key;
    private final CheckStore store = new CheckStore();
    private final long shortLines;

    /** @param key {@code Secrets.derivedKey("audit")} */
    public AuditCheck(Transactions transactions, byte[] key) {
        this(transactions, key, Verifier.MAX_LINES);
    }

    /** @param shortLines a chain of so many lines is read wholly each time */
    AuditCheck(Transactions transactions, byte[] key, long shortLines) {
        this.shortLines = shortLines;
        this.transactions = transactions;
        this.verifier = new Verifier(transactions.pool(), key);
        this.key = key.clone();
    }

    public static Schedule hourly() {
        return new Schedule(
                0,
                TYPE,
                TYPE,
                Lane.MAINTENANCE,
                new JsonObject(),
                Cron.parse("17 * * * *"),
                ZoneOffset.UTC,
                Schedule.Missed.ONE);
    }

    /** The one of a start. */
    public static NewJob job() {
        return new NewJob(0, TYPE, Lane.MAINTENANCE, "start", new JsonObject(), Instant.now());
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        return checkAll(() -> !lease.stopping() && lease.stillMine())
                ? JobOutcome.done()
                : JobOutcome.again(Instant.now());
    }

    /** False when it may not go on. */
    boolean checkAll(BooleanSupplier mayGoOn) {
        var client = transactions.pool();
        var checks = store.all(client).await();
        var workspaces = new TreeSet<>(store.chained(client).await());
        // A chain whose end is gone was checked before, at least.
        workspaces.addAll(checks.keySet());
        for (int ws : workspaces) {
            var next = check(ws, Optional.ofNullable(checks.get(ws)), mayGoOn);
            if (next.isEmpty()) {
                return false;
            }
            transactions.run(tx -> conclude(tx, next.get())).await();
        }
        return true;
    }

    private Future<Void> conclude(SqlConnection tx, CheckStore.Check check) {
        var written = store.put(tx, check, check.end().sign(key));
        return check.faults() == 0
                ? written
                : written.compose(done -> Alerts.raise(
                        tx,
                        List.of(new Alert(
                                check.ws(),
                                Alert.Kind.AUDIT_FAULT,
                                "the audit trail",
                                check.fault()
                                        + (check.faults() == 1 ? "" : " And " + (check.faults() - 1) + " more.")
                                        + " Keep a copy of the database as it is before anything else."))));
    }

    /** Empty when it may not go on. */
    private Optional<CheckStore.Check> check(int ws, Optional<CheckStore.Check> last, BooleanSupplier mayGoOn) {
        var now = OffsetDateTime.now(ZoneOffset.UTC);
        var faults = new ArrayList<String>();
        var trusted = last.filter(check -> check.end().isSigned(key, check.signature()));
        if (last.isPresent() && trusted.isEmpty()) {
            faults.add("forged: what the last check has left is not signed by this server.");
        }
        var from = trusted.filter(check -> check.goesOn(now, shortLines));
        long above = from.map(CheckStore.Check::event).orElse(Long.MIN_VALUE);
        long event = store.settled(transactions.pool()).await();
        long lines = 0;
        var page = first(ws, from, trusted, above, faults);
        while (page.isPresent()) {
            lines += page.get().getLong("checked");
            faults.addAll(words(page.get()));
            var next = page.get().getLong("nextAfter");
            if (next == null) {
                break;
            }
            if (!mayGoOn.getAsBoolean()) {
                return Optional.empty();
            }
            page = Optional.of(verifier.verify(ws, Optional.of(next), Optional.empty(), above)
                    .await());
        }
        var whole = from.map(CheckStore.Check::wholeAt).orElse(now);
        var head = page.map(end -> end.getJsonObject("head"));
        if (!faults.isEmpty() || head.isEmpty()) {
            return Optional.of(CheckStore.Check.faulty(ws, trusted, now, whole, lines, faults));
        }
        var hash = HexFormat.of().parseHex(head.get().getString("hash"));
        return Optional.of(CheckStore.Check.good(ws, head.get().getLong("seq"), hash, event, now, whole, lines));
    }

    /** A chain that is shorter than it was has no first page. */
    private Optional<JsonObject> first(
            int ws,
            Optional<CheckStore.Check> from,
            Optional<CheckStore.Check> trusted,
            long above,
            List<String> faults) {
        try {
            return Optional.of(verifier.verify(
                            ws,
                            from.map(CheckStore.Check::seq),
                            trusted.map(check -> new Verifier.Known(check.seq(), check.hash())),
                            above)
                    .await());
        } catch (ProblemException shorter) {
            faults.add("truncated: the chain was longer, it had a number "
                    + from.orElseThrow().seq() + ".");
            return Optional.empty();
        }
    }

    private static List<String> words(JsonObject found) {
        var words = new ArrayList<String>();
        for (var each : found.getJsonArray("faults")) {
            var fault = (JsonObject) each;
            var seq = fault.getLong("seq");
            var event = fault.getString("event");
            words.add(fault.getString("kind") + ":"
                    + (seq == null ? "" : " number " + seq)
                    + (event == null ? "" : " (id " + event + ")")
                    + (seq == null && event == null ? " " : ". ")
                    + fault.getString("detail"));
        }
        return words;
    }
}
