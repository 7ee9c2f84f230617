package app.fathi.users;

import app.fathi.platform.config.Config;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.jobs.Job;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.JobOutcome;
import app.fathi.platform.jobs.Lease;
import app.fathi.platform.logging.Thrown;
import app.fathi.platform.outbound.TrustedAuthorities;
import app.fathi.platform.security.Secrets;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.mail.LoginOption;
import io.vertx.ext.mail.MailClient;
import io.vertx.ext.mail.MailConfig;
import io.vertx.ext.mail.MailMessage;
import io.vertx.ext.mail.SMTPException;
import io.vertx.ext.mail.StartTLSOptions;
import io.vertx.sqlclient.SqlClient;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends one mail of the installation: the job {@code users.sendMail}. The link in it is made when it is sent, so what is
 * secret lies in the mail alone; a retry makes another, and all that were sent work until one of them is used.
 */
final class SendMailJob implements JobHandler {
    static final String TYPE = "users.sendMail";

    private static final Logger LOG = LoggerFactory.getLogger(SendMailJob.class);

    private static final DateTimeFormatter UNTIL =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'").withZone(ZoneOffset.UTC);
    private static final int KEEP_ALIVE_SECONDS = 10;
    private static final int IMPLICIT_TLS_PORT = 465;
    private static final int SUBMISSION_PORT = 587;
    private static final int RELAY_PORT = 25;
    /** Refusals of who sends and not of the mail (RFC 4954 section 6): another password in the settings mends them. */
    private static final Set<Integer> OF_SIGNING_IN = Set.of(530, 534, 535, 538);

    private final Transactions transactions;
    private final Config.Smtp settings;
    private final OneTimeLinks links;
    private final Secrets secrets;
    private final MailClient client;
    private final AccountsStore accounts = new AccountsStore();
    private final UsersStore users = new UsersStore();
    private final WorkspacesStore workspaces = new WorkspacesStore();

    SendMailJob(Vertx vertx, Config config, Transactions transactions, OneTimeLinks links, Secrets secrets) {
        this.transactions = transactions;
        this.settings = config.smtp();
        this.links = links;
        this.secrets = secrets;
        this.client = settings.url().isEmpty()
                ? null
                : MailClient.create(vertx, server(settings, config.outbound().trustedCertificate()));
    }

    /** As {@code smtp://user:password@host:port} says it; a password is never sent in the clear. */
    static MailConfig server(Config.Smtp settings, String trustedCertificate) {
        var url = URI.create(settings.url());
        var user = url.getRawUserInfo();
        var ssl = url.getScheme().equals("smtps");
        var port = ssl ? IMPLICIT_TLS_PORT : user == null ? RELAY_PORT : SUBMISSION_PORT;
        var server = new MailConfig()
                .setHostname(url.getHost())
                .setPort(url.getPort() < 0 ? port : url.getPort())
                .setSsl(ssl)
                .setStarttls(user == null || ssl ? StartTLSOptions.OPTIONAL : StartTLSOptions.REQUIRED)
                .setLogin(user == null ? LoginOption.DISABLED : LoginOption.REQUIRED)
                .setConnectTimeout((int) TimeUnit.SECONDS.toMillis(settings.timeoutSeconds()))
                .setIdleTimeout(settings.timeoutSeconds())
                .setIdleTimeoutUnit(TimeUnit.SECONDS)
                .setMaxPoolSize(2)
                // Mails come seldom, and a connection that was left alone for long may lead nowhere any more.
                .setKeepAliveTimeout(KEEP_ALIVE_SECONDS);
        if (user != null) {
            var colon = user.indexOf(':');
            server.setUsername(decoded(colon < 0 ? user : user.substring(0, colon)))
                    .setPassword(colon < 0 ? "" : decoded(user.substring(colon + 1)));
        }
        if (!trustedCertificate.isEmpty()) {
            server.setTrustOptions(TrustedAuthorities.withCertificate(Path.of(trustedCertificate)));
        }
        return server;
    }

    /** A + stands for itself here. */
    private static String decoded(String text) {
        return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
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
        if (client == null) {
            return JobOutcome.dead("there is no mail server any more (smtp.url)");
        }
        var written = transactions
                .run(tx -> lease.hold(tx).compose(held -> write(tx, job)))
                .await();
        if (written.isEmpty()) {
            return JobOutcome.done();
        }
        try {
            // A client that never answers must not hold a worker for ever.
            client.sendMail(written.get())
                    .timeout(2L * settings.timeoutSeconds(), TimeUnit.SECONDS)
                    .await();
            return JobOutcome.done();
        } catch (SMTPException refused) {
            // Without what the server said: it names the address.
            if (OF_SIGNING_IN.contains(refused.getReplyCode())) {
                LOG.warn(
                        "The mail server refuses our user or password ({}): check FATHI_SMTP_URL. Its mails wait",
                        refused.getReplyCode());
                throw new MailNotSentException(
                        "the mail server refuses our user or password: " + refused.getReplyCode());
            }
            if (refused.isPermanent()) {
                return JobOutcome.dead("the mail server refuses it for good: " + refused.getReplyCode());
            }
            throw new MailNotSentException("the mail server does not take it now: " + refused.getReplyCode());
        } catch (Exception unreachable) {
            // await() throws whatever the client failed with, checked or not.
            LOG.warn("The mail server cannot be reached: {}", Thrown.text(unreachable));
            throw new MailNotSentException("the mail server cannot be reached");
        }
    }

    /** Not sent, and why, in words that name nobody. */
    private static final class MailNotSentException extends RuntimeException {
        MailNotSentException(String message) {
            super(message, null, false, false);
        }
    }

    /** Empty when there is nobody to write to (any more), which nobody is told. */
    private Future<Optional<MailMessage>> write(SqlClient tx, Job job) {
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

    private Future<Optional<MailMessage>> invitation(SqlClient tx, int ws, UUID account, String by) {
        return users.find(tx, ws, account).compose(found -> found.filter(user -> user.invited() && !user.disabled())
                .map(user -> workspaces.find(tx, ws).compose(workspace -> links.invitation(tx, account, ws)
                        .map(link -> Optional.of(mail(
                                OneTimeLinks.INVITATION,
                                user.email(),
                                Map.of(
                                        "by", by,
                                        "workspace", workspace.orElseThrow().name(),
                                        "name", user.name(),
                                        "url", link.url(),
                                        "until", until(link.expiresAt())))))))
                .orElseGet(() -> Future.succeededFuture(Optional.empty())));
    }

    private Future<Optional<MailMessage>> reset(SqlClient tx, Job job) {
        return secrets.workspaceKey(tx, job.ws())
                .compose(key -> accounts.findByAddress(
                        tx,
                        new String(
                                key.open(
                                        SystemMail.place(job.key()),
                                        Base64.getDecoder().decode(job.payload().getString("sealed"))),
                                StandardCharsets.UTF_8)))
                .compose(found -> found.filter(account -> !account.disabled() && account.passwordHash() != null)
                        .map(account -> links.reset(tx, account.id())
                                .map(link -> Optional.of(mail(
                                        OneTimeLinks.RESET,
                                        account.email(),
                                        Map.of(
                                                "name", account.name(),
                                                "url", link.url(),
                                                "until", until(link.expiresAt()))))))
                        .orElseGet(() -> Future.succeededFuture(Optional.empty())));
    }

    private static String until(Instant expiresAt) {
        return UNTIL.format(expiresAt);
    }

    private MailMessage mail(String template, String to, Map<String, String> values) {
        var text = MailText.of(template, values);
        return new MailMessage()
                .setFrom(settings.from())
                .setTo(to)
                .setSubject(text.subject())
                .setText(text.body())
                // Nobody's holiday notice answers it (RFC 3834).
                .addHeader("Auto-Submitted", "auto-generated");
    }
}
