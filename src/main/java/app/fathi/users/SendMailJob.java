package app.fathi.users;

import app.fathi.platform.db.Transactions;
import app.fathi.platform.jobs.Job;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.outbound.Mailer;
import app.fathi.platform.security.Secrets;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * Sends one mail of the installation: the job {@code users.sendMail}. The link in it is made when it is sent, so what is
 * secret lies in the mail alone; a retry makes another, and all that were sent work until one of them is used.
 */
final class SendMailJob implements JobHandler {
    static final String TYPE = "users.sendMail";

    private static final DateTimeFormatter UNTIL =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'").withZone(ZoneOffset.UTC);

    private final Transactions transactions;
    private final OneTimeLinks links;
    private final Secrets secrets;
    private final Mailer mailer;
    private final AccountsStore accounts = new AccountsStore();
    private final UsersStore users = new UsersStore();
    private final WorkspacesStore workspaces = new WorkspacesStore();

    SendMailJob(Transactions transactions, Mailer mailer, OneTimeLinks links, Secrets secrets) {
        this.transactions = transactions;
        this.mailer = mailer;
        this.links = links;
        this.secrets = secrets;
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public JsonObject describe(JsonObject payload) {
        var about = new JsonObject().put("mail", payload.getString("template"));
        return payload.containsKey("userId") ? about.put("userId", payload.getString("userId")) : about;
    }

    @Override
    public JobOutcome run(Job job, Lease lease) {
        if (!mailer.isOn()) {
            return JobOutcome.dead("there is no mail server any more (smtp.url)");
        }
        var written = transactions
                .run(tx -> lease.hold(tx).compose(held -> write(tx, job)))
                .await();
        try {
            written.ifPresent(mail -> mailer.send(mail.sender(), List.of(mail.to()), mail.subject(), mail.body())
                    .await());
            return JobOutcome.done();
        } catch (Mailer.NotSentException failure) {
            if (failure.isPermanent()) {
                return JobOutcome.dead(failure.getMessage());
            }
            throw failure;
        }
    }

    /** @param sender what it is called; null for what the installation is */
    private record Mail(String sender, String to, String subject, String body) {}

    /** Empty when there is nobody to write to (any more), which nobody is told. */
    private Future<Optional<Mail>> write(SqlClient tx, Job job) {
        return switch (job.payload().getString("template")) {
            case OneTimeLinks.INVITATION ->
                invitation(
                        tx,
                        job.ws(),
                        UUID.fromString(job.payload().getString("userId")),
                        job.payload().getString("by"));
            case OneTimeLinks.RESET -> reset(tx, job);
            default -> throw new IllegalArgumentException("There is no such mail");
        };
    }

    private Future<Optional<Mail>> invitation(SqlClient tx, int ws, UUID account, String by) {
        return users.find(tx, ws, account).compose(found -> found.filter(user -> user.invited() && !user.disabled())
                .map(user -> workspaces.find(tx, ws).compose(workspace -> links.invitation(tx, account, ws)
                        .map(link -> Optional.of(mail(
                                OneTimeLinks.INVITATION,
                                workspace.orElseThrow().rules().mailSender(),
                                user.email(),
                                Map.of(
                                        "by", by,
                                        "workspace", workspace.orElseThrow().name(),
                                        "name", user.name(),
                                        "url", link.url(),
                                        "until", until(link.expiresAt())))))))
                .orElseGet(() -> Future.succeededFuture(Optional.empty())));
    }

    private Future<Optional<Mail>> reset(SqlClient tx, Job job) {
        return secrets.workspaceKey(tx, job.ws())
                .compose(key -> accounts.findByAddress(
                        tx,
                        new String(
                                key.open(
                                        SystemMail.place(job.key()),
                                        Base64.getDecoder().decode(job.payload().getString("sealed"))),
                                StandardCharsets.UTF_8)))
                .compose(found ->
                        withUse(tx, found.filter(account -> !account.disabled() && account.passwordHash() != null)))
                .compose(found -> found.map(account -> links.reset(tx, account.id())
                                .map(link -> Optional.of(mail(
                                        OneTimeLinks.RESET,
                                        null,
                                        account.email(),
                                        Map.of(
                                                "name", account.name(),
                                                "url", link.url(),
                                                "until", until(link.expiresAt()))))))
                        .orElseGet(() -> Future.succeededFuture(Optional.empty())));
    }

    /** Who works only where no password lets in needs no other one. */
    private Future<Optional<AccountsStore.Person>> withUse(SqlClient tx, Optional<AccountsStore.Person> account) {
        return account.isEmpty()
                ? Future.succeededFuture(account)
                : accounts.memberships(tx, account.get().id())
                        .map(places -> account.filter(found ->
                                places.isEmpty() || places.stream().anyMatch(AccountsStore.Membership::passwords)));
    }

    private static String until(Instant expiresAt) {
        return UNTIL.format(expiresAt);
    }

    private static Mail mail(String template, String sender, String to, Map<String, String> values) {
        var text = MailText.of(template, values);
        return new Mail(sender, to, text.subject(), text.body());
    }
}
