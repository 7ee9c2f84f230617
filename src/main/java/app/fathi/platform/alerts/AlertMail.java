package app.fathi.platform.alerts;

import app.fathi.platform.alerts.AlertsStore.Untold;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.jobs.Job;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Lane;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.jobs.NewJob;
import app.fathi.platform.outbound.Mailer;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Writes to the operators what no mail has told yet, all of it in one: the job {@code platform.mailAlerts}. A crash between the
 * mail and its note means that it comes twice, never that it does not come.
 */
public final class AlertMail implements JobHandler {
    public static final String TYPE = "platform.mailAlerts";

    private static final DateTimeFormatter AT =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'").withZone(ZoneOffset.UTC);
    /** The rest is counted: who has more has one trouble, not many. */
    private static final int LINES = 50;

    private final Transactions transactions;
    private final Mailer mailer;
    private final List<String> to;
    private final Supplier<String> baseUrl;

    /** @param baseUrl where this installation is reached: says which one writes */
    public AlertMail(Transactions transactions, Mailer mailer, List<String> to, Supplier<String> baseUrl) {
        this.transactions = transactions;
        this.mailer = mailer;
        this.to = List.copyOf(to);
        this.baseUrl = baseUrl;
    }

    static NewJob job() {
        return new NewJob(0, TYPE, Lane.TRIGGER, "alerts", new JsonObject(), Instant.now());
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        var untold = transactions
                .run(tx -> lease.hold(tx).compose(held -> AlertsStore.untold(tx)))
                .await();
        if (untold.isEmpty() || to.isEmpty()) {
            return JobOutcome.done();
        }
        // What is refused for good is tried again as well: somebody will mend the settings.
        mailer.send(to, subject(untold), body(untold)).await();
        transactions.run(tx -> AlertsStore.told(tx, untold)).await();
        return JobOutcome.done();
    }

    private static String subject(List<Untold> untold) {
        var kinds = untold.stream().map(Untold::kind).distinct().collect(Collectors.joining(", "));
        return "Fathi: " + (untold.size() == 1 ? "an alert" : untold.size() + " alerts") + ": " + kinds;
    }

    private String body(List<Untold> untold) {
        var body = new StringBuilder("The Fathi at ")
                .append(baseUrl.get())
                .append(" needs somebody to look. What each of these means and what to do about it stands in\n"
                        + "docs/operations.md under \"Alerts by mail\"; scripts/fathi doctor shows how it is now.\n");
        untold.stream().limit(LINES).forEach(one -> body.append("\n")
                .append(one.kind())
                .append(" (")
                .append(one.object())
                .append(one.ws() == 0 ? ")" : ", workspace " + one.ws() + ")")
                .append("\n  ")
                .append(one.text())
                .append("\n  ")
                .append(times(one))
                .append("\n"));
        if (untold.size() > LINES) {
            body.append("\nand ").append(untold.size() - LINES).append(" more.\n");
        }
        return body.append("\nWhat happens again is told once a day.\n").toString();
    }

    private static String times(Untold one) {
        return one.times() == 1
                ? "at " + AT.format(one.firstAt())
                : one.times() + " times since " + AT.format(one.firstAt()) + ", the last at " + AT.format(one.lastAt());
    }
}
