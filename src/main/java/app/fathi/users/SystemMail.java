package app.fathi.users;

import app.fathi.platform.config.Config;
import app.fathi.platform.jobs.Jobs;
import app.fathi.platform.jobs.Lane;
import app.fathi.platform.jobs.NewJob;
import app.fathi.platform.security.Secrets;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** Asks for the mails of the installation itself, which {@link SendMailJob} sends. No request waits for a mail server. */
final class SystemMail {
    /** The installation itself, which is no workspace: whoever forgot their password belongs to nobody yet. */
    private static final int INSTALLATION = 0;

    private final Config config;
    private final Jobs jobs;
    private final Secrets secrets;
    private final InstantSource clock;

    SystemMail(Config config, Jobs jobs, Secrets secrets, InstantSource clock) {
        this.config = config;
        this.jobs = jobs;
        this.secrets = secrets;
        this.clock = clock;
    }

    /** Whether there is a mail server; without one links are shown to who makes them. */
    boolean isOn() {
        return !config.smtp().url().isEmpty();
    }

    /** @param by the name of who invites */
    Future<Void> invite(SqlClient tx, int ws, UUID account, String by) {
        var payload = new JsonObject()
                .put("template", OneTimeLinks.INVITATION)
                .put("userId", account.toString())
                .put("by", by);
        return jobs.enqueue(
                tx,
                List.of(new NewJob(
                        ws,
                        SendMailJob.TYPE,
                        Lane.TRIGGER,
                        OneTimeLinks.INVITATION + "|" + account,
                        payload,
                        clock.instant())));
    }

    /**
     * The same work whether there is such an account or not: whoever measures the time learns nothing.
     *
     * @param key names the address without telling it
     */
    Future<Void> reset(SqlClient tx, String key, String emailFolded) {
        return secrets.workspaceKey(tx, INSTALLATION).compose(seal -> {
            var sealed = seal.seal(place(key), emailFolded.getBytes(StandardCharsets.UTF_8));
            var payload = new JsonObject()
                    .put("template", OneTimeLinks.RESET)
                    .put("sealed", Base64.getEncoder().encodeToString(sealed));
            var now = clock.instant();
            return jobs.enqueue(
                    tx,
                    List.of(new NewJob(
                            INSTALLATION,
                            SendMailJob.TYPE,
                            Lane.TRIGGER,
                            key,
                            payload,
                            now,
                            now.plusMillis(
                                    TimeUnit.MINUTES.toMillis(config.security().resetMinutes())))));
        });
    }

    static String place(String key) {
        return "jobs.payload|" + key;
    }
}
