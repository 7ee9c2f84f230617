package app.fathi.platform.outbound;

import app.fathi.platform.config.Config;
import app.fathi.platform.logging.Thrown;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import io.vertx.ext.mail.LoginOption;
import io.vertx.ext.mail.MailClient;
import io.vertx.ext.mail.MailConfig;
import io.vertx.ext.mail.MailMessage;
import io.vertx.ext.mail.SMTPException;
import io.vertx.ext.mail.StartTLSOptions;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Hands the installation's own mails, plain text, to the server that {@code smtp.url} names. One for the whole node. */
public final class Mailer {
    private static final Logger LOG = LoggerFactory.getLogger(Mailer.class);
    private static final int KEEP_ALIVE_SECONDS = 10;
    private static final int IMPLICIT_TLS_PORT = 465;
    private static final int SUBMISSION_PORT = 587;
    private static final int RELAY_PORT = 25;
    /** Refusals of who sends and not of the mail (RFC 4954 section 6): another password in the settings mends them. */
    private static final Set<Integer> OF_SIGNING_IN = Set.of(530, 534, 535, 538);

    private final Config.Smtp settings;
    private final MailClient client;
    private final Context loop;

    public Mailer(Vertx vertx, Config config) {
        this.settings = config.smtp();
        this.loop = ((VertxInternal) vertx).createEventLoopContext();
        this.client = settings.url().isEmpty()
                ? null
                : MailClient.create(vertx, server(settings, config.outbound().trustedCertificate()));
    }

    /** Whether there is a mail server. */
    public boolean isOn() {
        return client != null;
    }

    /** Not sent, and why, in words that name nobody. */
    public static final class NotSentException extends RuntimeException {
        private final boolean permanent;

        NotSentException(String message, boolean permanent) {
            super(message, null, false, false);
            this.permanent = permanent;
        }

        /** No further try will help. */
        public boolean isPermanent() {
            return permanent;
        }
    }

    /**
     * Succeeds when the server has taken it for at least one of the addresses.
     *
     * @param subject one line
     */
    public Future<Void> send(List<String> to, String subject, String text) {
        return send(null, to, subject, text);
    }

    /**
     * The same under another name, at the same address.
     *
     * @param sender what it is called, without marks that addresses are written with; null for what {@code smtp.from} says
     */
    public Future<Void> send(String sender, List<String> to, String subject, String text) {
        if (client == null) {
            return Future.failedFuture(new NotSentException("there is no mail server any more (smtp.url)", true));
        }
        var mail = new MailMessage()
                .setFrom(sender == null ? settings.from() : sender + " <" + address(settings.from()) + ">")
                .setTo(to)
                .setSubject(subject)
                .setText(text)
                // Nobody's holiday notice answers it (RFC 3834).
                .addHeader("Auto-Submitted", "auto-generated");
        var sent = Promise.<Void>promise();
        // Line by line, so on an event loop: on the thread of a job that waits for it each line would be a turn.
        loop.runOnContext(turn -> client.sendMail(mail).<Void>mapEmpty().onComplete(sent));
        // A client that never answers must not hold a worker for ever.
        return sent.future()
                .timeout(2L * settings.timeoutSeconds(), TimeUnit.SECONDS)
                .recover(failure -> Future.failedFuture(notSent(failure)));
    }

    /** Without what the server said: it names the address. */
    private static NotSentException notSent(Throwable failure) {
        if (failure instanceof SMTPException refused) {
            if (OF_SIGNING_IN.contains(refused.getReplyCode())) {
                LOG.warn(
                        "The mail server refuses our user or password ({}): check FATHI_SMTP_URL. Its mails wait",
                        refused.getReplyCode());
                return new NotSentException(
                        "the mail server refuses our user or password: " + refused.getReplyCode(), false);
            }
            return refused.isPermanent()
                    ? new NotSentException("the mail server refuses it for good: " + refused.getReplyCode(), true)
                    : new NotSentException("the mail server does not take it now: " + refused.getReplyCode(), false);
        }
        LOG.warn("The mail server cannot be reached: {}", Thrown.text(failure));
        return new NotSentException("the mail server cannot be reached", false);
    }

    private static String address(String from) {
        int open = from.indexOf('<');
        return open < 0 ? from : from.substring(open + 1, from.indexOf('>'));
    }

    /** As {@code smtp://user:password@host:port} says it; a password is never sent in the clear. */
    private static MailConfig server(Config.Smtp settings, String trustedCertificate) {
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
                .setAllowRcptErrors(true)
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
}
