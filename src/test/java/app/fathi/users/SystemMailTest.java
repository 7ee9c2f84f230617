package app.fathi.users;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.TestServer;
import com.icegreen.greenmail.util.GreenMail;
import com.icegreen.greenmail.util.ServerSetup;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeMessage;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Invitations and links to another password go by mail, over a real SMTP server, from the request to the sign-in. */
class SystemMailTest {
    private static final String PASSWORD = "seven lonely lighthouses hum";
    private static final Pattern LINK = Pattern.compile("/account#(invitation|reset)=(\\S+)");

    private static GreenMail smtp;
    private static TestServer server;

    @BeforeAll
    static void start() {
        smtp = mailServer(0);
        server = TestServer.start(Map.of(
                "FATHI_SMTP_URL",
                "smtp://127.0.0.1:" + smtp.getSmtp().getPort(),
                "FATHI_SMTP_FROM",
                "Fathi <fathi@example.com>",
                // A connection to the server that went away is found out by this.
                "FATHI_SMTP_TIMEOUT_SECONDS",
                "2",
                "FATHI_JOBS_BACKOFF_MILLIS",
                "50",
                "FATHI_JOBS_POLL_MILLIS",
                "50"));
    }

    private static GreenMail mailServer(int port) {
        var setup = new ServerSetup(port, "127.0.0.1", ServerSetup.PROTOCOL_SMTP);
        setup.setServerStartupTimeout(TimeUnit.SECONDS.toMillis(60));
        var started = new GreenMail(setup);
        started.start();
        return started;
    }

    @AfterAll
    static void stop() {
        server.close();
        smtp.stop();
    }

    @Test
    void who_is_invited_gets_the_link_by_mail_and_nobody_else_sees_it() throws Exception {
        var invited = invite("grace@example.com", "Grace Ünal");
        assertThat(invited.getJsonObject("invitation").getString("url")).isNull();
        var mail = mailTo("grace@example.com", 1);
        assertThat(mail.getSubject()).isEqualTo("Administrator invites you to Main");
        assertThat(mail.getFrom()[0].toString()).isEqualTo("Fathi <fathi@example.com>");
        assertThat(mail.getHeader("Auto-Submitted")).containsExactly("auto-generated");
        assertThat((String) mail.getContent()).contains("Hello Grace Ünal,", "the workspace Main");
        var accepted = server.send(
                "POST",
                "/api/v1/auth/invitation",
                null,
                new JsonObject().put("token", token(mail)).put("password", PASSWORD));
        assertThat(accepted.status()).isEqualTo(204);
        assertThat(signIn("grace@example.com", PASSWORD)).isEqualTo(200);
    }

    @Test
    void an_invitation_names_the_workspaces_own_sender_at_the_installations_address() throws Exception {
        var token =
                login(TestServer.ADMIN_EMAIL, TestServer.ADMIN_PASSWORD).json().getString("accessToken");
        var etag = server.send("GET", "/api/v1/workspaces/current", token, null).header("ETag");
        var change = new JsonObject().put("mailSender", "Grace Ünal's Shop");
        assertThat(server.send("PATCH", "/api/v1/workspaces/current", token, change, "If-Match", etag)
                        .status())
                .isEqualTo(200);
        invite("sender@example.com", "Sender");
        var from = (InternetAddress) mailTo("sender@example.com", 1).getFrom()[0];
        assertThat(from.getPersonal()).isEqualTo("Grace Ünal's Shop");
        assertThat(from.getAddress()).isEqualTo("fathi@example.com");
        server.database().execute("UPDATE users_workspace SET mail_sender = NULL, version = version + 1");
        server.database().execute("UPDATE security_epoch SET epoch = epoch + 1");
    }

    @Test
    void who_forgot_their_password_gets_a_link_and_who_is_nobody_gets_nothing() throws Exception {
        server.otherWorkspace();
        server.database()
                .execute(
                        """
                        UPDATE users_workspace SET password_sign_in = false WHERE name = 'Other';
                        UPDATE users_account SET email_folded = 'closed@example.com', email = 'closed@example.com'
                        WHERE name = 'Other'
                        """);
        for (var email : List.of("nobody@example.com", "closed@example.com", " ADMIN@fathi.test")) {
            assertThat(server.send("POST", "/api/v1/auth/password/reset", null, new JsonObject().put("email", email))
                            .status())
                    .isEqualTo(202);
        }
        var mail = mailTo(TestServer.ADMIN_EMAIL, 1);
        assertThat(mail.getSubject()).isEqualTo("A new password for Fathi");
        eventually("all jobs are done", SystemMailTest::waiting, count -> count == 0);
        assertThat(mails("nobody@example.com")).isEmpty();
        assertThat(mails("closed@example.com"))
                .as("who works only where no password lets in")
                .isEmpty();
        var change = new JsonObject().put("token", token(mail)).put("newPassword", TestServer.ADMIN_PASSWORD);
        assertThat(server.send("POST", "/api/v1/auth/password/reset/confirm", null, change)
                        .status())
                .isEqualTo(204);
        assertThat(server.send("GET", "/api/v1/auth/me", server.token(), null).status())
                .as("what was signed in before")
                .isEqualTo(401);
        assertThat(signIn(TestServer.ADMIN_EMAIL, TestServer.ADMIN_PASSWORD)).isEqualTo(200);
    }

    @Test
    void a_mail_server_that_is_away_gets_the_mail_when_it_is_back() throws Exception {
        int port = smtp.getSmtp().getPort();
        smtp.stop();
        invite("late@example.com", "Late");
        eventually("a try in vain", SystemMailTest::triesInVain, tries -> tries > 0);
        smtp = mailServer(port);
        var accepted = server.send(
                "POST",
                "/api/v1/auth/invitation",
                null,
                new JsonObject()
                        .put("token", token(mailTo("late@example.com", 1)))
                        .put("password", PASSWORD));
        assertThat(accepted.status()).isEqualTo(204);
    }

    private static int triesInVain() {
        return number(
                "SELECT coalesce(max(attempts), 0) FROM jobs WHERE type = 'users.sendMail' AND reason IS NOT NULL");
    }

    private static int waiting() {
        return number("SELECT count(*) FROM jobs WHERE type = 'users.sendMail'");
    }

    private static int number(String sql) {
        try (var connection = server.database().address().connect();
                var row = connection.createStatement().executeQuery(sql)) {
            row.next();
            return row.getInt(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** By the administrator, whose sessions one of the tests ends. */
    private static JsonObject invite(String email, String name) {
        var answer = server.send(
                "POST",
                "/api/v1/users",
                login(TestServer.ADMIN_EMAIL, TestServer.ADMIN_PASSWORD).json().getString("accessToken"),
                new JsonObject().put("email", email).put("name", name).put("roles", new JsonArray().add("analyst")));
        assertThat(answer.status()).as(answer.body()).isEqualTo(201);
        return answer.json();
    }

    private static int signIn(String email, String password) {
        return login(email, password).status();
    }

    private static TestServer.Answer login(String email, String password) {
        return server.send(
                "POST",
                "/api/v1/auth/login",
                null,
                new JsonObject().put("email", email).put("password", password));
    }

    private static List<MimeMessage> mails(String to) {
        return Arrays.stream(smtp.getReceivedMessages())
                .filter(mail -> recipients(mail).contains(to))
                .toList();
    }

    private static String recipients(MimeMessage mail) {
        try {
            return Arrays.toString(mail.getAllRecipients());
        } catch (jakarta.mail.MessagingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static MimeMessage mailTo(String address, int count) {
        return eventually("a mail to " + address, () -> mails(address), mails -> mails.size() == count)
                .getLast();
    }

    private static String token(MimeMessage mail) throws Exception {
        var found = LINK.matcher((String) mail.getContent());
        assertThat(found.find()).as((String) mail.getContent()).isTrue();
        return found.group(2);
    }
}
