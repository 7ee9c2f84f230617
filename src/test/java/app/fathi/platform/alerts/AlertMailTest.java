package app.fathi.platform.alerts;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.TestServer;
import com.icegreen.greenmail.util.GreenMail;
import com.icegreen.greenmail.util.ServerSetup;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import jakarta.mail.MessagingException;
import jakarta.mail.internet.MimeMessage;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What operators are told, how often, and that it is never a storm: from the job that dies to the mail. */
class AlertMailTest {
    private static final int SPACING_SECONDS = 300;

    private static GreenMail smtp;
    private static TestServer server;
    private static Vertx vertx;
    private static Pool pool;
    private static int jobs;

    @BeforeAll
    static void start() {
        smtp = new GreenMail(new ServerSetup(0, "127.0.0.1", ServerSetup.PROTOCOL_SMTP));
        smtp.start();
        server = TestServer.start(Map.of(
                "FATHI_SMTP_URL", "smtp://127.0.0.1:" + smtp.getSmtp().getPort(),
                "FATHI_SMTP_FROM", "Fathi <fathi@example.com>",
                "FATHI_ALERT_EMAIL", "ops@example.com,night@example.com",
                "FATHI_ALERT_MAIL_SECONDS", "" + SPACING_SECONDS,
                "FATHI_JOBS_ATTEMPTS", "1",
                "FATHI_JOBS_POLL_MILLIS", "50"));
        vertx = Vertx.vertx();
        pool = server.database().pool(vertx);
    }

    @AfterAll
    static void stop() {
        vertx.close().await();
        server.close();
        smtp.stop();
    }

    /** Whatever an earlier test has raised is told and long ago. */
    @BeforeEach
    void quiet() throws Exception {
        server.database().execute("DELETE FROM alert");
        isDue();
        server.database().execute("DELETE FROM alert");
        smtp.purgeEmailFromAllMailboxes();
    }

    private static long number(String sql) {
        return pool.query(sql).execute().await().iterator().next().getLong(0);
    }

    private static void aJobDies() {
        server.database()
                .execute(
                        """
                        INSERT INTO jobs (id, ws, type, key, lane, payload, due_at)
                        VALUES (gen_random_uuid(), 1, 'users.sendMail', 'poison-%d', 0,
                                '{"template": "reset", "sealed": "AAAA", "secret": "hunter2"}', now())
                        """
                                .formatted(jobs++));
    }

    /** Each lies in two mailboxes. */
    private static List<MimeMessage> mails() {
        var byId = new LinkedHashMap<String, MimeMessage>();
        for (var mail : smtp.getReceivedMessages()) {
            byId.putIfAbsent(id(mail), mail);
        }
        return List.copyOf(byId.values());
    }

    private static String id(MimeMessage mail) {
        try {
            return mail.getMessageID();
        } catch (MessagingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static boolean isDue() {
        eventually(
                "no mail is on its way",
                () -> number("SELECT count(*) FROM jobs WHERE type = 'platform.mailAlerts'"),
                none -> none == 0);
        return AlertsStore.isMailDue(pool, AlertMail.TYPE, SPACING_SECONDS).await();
    }

    private static void raise(Alert.Kind kind, String object) {
        Alerts.raise(pool, new Alert(0, kind, object, "It is so.")).await();
    }

    @Test
    void a_job_that_dies_is_mailed_at_once_counted_afterwards_and_told_to_others() throws Exception {
        long facts = number("SELECT count(*) FROM stream_record WHERE kind = 'system.alert'");
        aJobDies();
        var mail = eventually("the mail", AlertMailTest::mails, mails -> mails.size() == 1)
                .getFirst();
        assertThat(mail.getSubject()).isEqualTo("Fathi: an alert: job-died");
        assertThat(mail.getAllRecipients())
                .extracting(Object::toString)
                .containsExactly("ops@example.com", "night@example.com");
        assertThat((String) mail.getContent())
                .contains(
                        server.url(),
                        "job-died (users.sendMail, workspace 1)",
                        "is dead after 1 attempts",
                        "docs/operations.md")
                .doesNotContain("hunter2", "AAAA");
        eventually(
                "the fact",
                () -> number("SELECT count(*) FROM stream_record WHERE kind = 'system.alert'"),
                now -> now == facts + 1);

        aJobDies();
        eventually("it is counted", () -> number("SELECT times FROM alert"), times -> times == 2);
        assertThat(isDue()).as("another mail").isFalse();
        assertThat(number("SELECT count(*) FROM outbox WHERE kind = 'system.alert'")
                        + number("SELECT count(*) FROM stream_record WHERE kind = 'system.alert'"))
                .isEqualTo(facts + 1);
    }

    @Test
    void what_goes_on_is_told_once_a_day_and_what_comes_back_after_a_day_is_new() {
        raise(Alert.Kind.PUSH_KEY_REFUSED, "https://push.example");
        eventually("the first mail", AlertMailTest::mails, mails -> mails.size() == 1);
        eventually("it is told", () -> number("SELECT told_times FROM alert"), told -> told == 1);
        IntStream.range(0, 5).forEach(n -> raise(Alert.Kind.PUSH_KEY_REFUSED, "https://push.example"));
        assertThat(isDue()).isFalse();
        assertThat(number("SELECT times FROM alert")).isEqualTo(6);
        server.database().execute("UPDATE alert SET told_at = now() - interval '25 hours'");
        var digest = eventually("the digest", AlertMailTest::mails, mails -> mails.size() == 2)
                .getLast();
        assertThat(text(digest)).contains("6 times since");
        eventually("that is told", () -> number("SELECT told_times FROM alert"), told -> told == 6);

        server.database()
                .execute("UPDATE alert SET last_at = now() - interval '25 hours', told_at = now() - interval '2 days'");
        assertThat(isDue()).as("nothing new").isFalse();
        raise(Alert.Kind.PUSH_KEY_REFUSED, "https://push.example");
        var again = eventually("it is new again", AlertMailTest::mails, mails -> mails.size() == 3)
                .getLast();
        assertThat(text(again)).doesNotContain("times since");
    }

    @Test
    void many_new_things_are_one_mail_and_the_next_waits_some_minutes() {
        pool.withTransaction(tx -> Alerts.raise(
                        tx,
                        IntStream.range(0, 120)
                                .mapToObj(n -> new Alert(
                                        0, Alert.Kind.RECORD_SET_ASIDE, "record\r\nBcc: " + n, "x".repeat(900)))
                                .toList()))
                .await();
        var mail = eventually("the mail", AlertMailTest::mails, mails -> mails.size() == 1)
                .getFirst();
        assertThat(text(mail)).contains("and 70 more.", "record  Bcc: ").doesNotContain("\nBcc");
        eventually("all are told", () -> number("SELECT count(*) FROM alert WHERE told_at IS NULL"), none -> none == 0);
        raise(Alert.Kind.AUDIT_LATE, "the audit trail");
        assertThat(isDue()).as("within minutes of the mail before").isFalse();
        server.database()
                .execute("UPDATE alert SET told_at = now() - interval '301 seconds' WHERE told_at IS NOT NULL");
        eventually("the next mail", AlertMailTest::mails, mails -> mails.size() == 2);
    }

    @Test
    void nodes_that_see_the_same_at_once_raise_one_alert() {
        long facts = number("SELECT count(*) FROM outbox") + number("SELECT count(*) FROM stream_record");
        var all = IntStream.range(0, 20)
                .mapToObj(n -> Alerts.raise(pool, new Alert(0, Alert.Kind.AUDIT_FAULT, "the audit trail", "n " + n)))
                .toList();
        Future.all(all).await();
        assertThat(number("SELECT count(*) FROM alert WHERE kind = 'audit-fault'"))
                .isOne();
        assertThat(number("SELECT times FROM alert WHERE kind = 'audit-fault'")).isEqualTo(20);
        assertThat(number("SELECT count(*) FROM outbox") + number("SELECT count(*) FROM stream_record"))
                .isEqualTo(facts + 1);
    }

    private static String text(MimeMessage mail) {
        try {
            return (String) mail.getContent();
        } catch (IOException | MessagingException e) {
            throw new IllegalStateException(e);
        }
    }
}
