package app.fathi.tool;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.TestServer;
import app.fathi.testing.ToolProcess;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ways in from the command line, beside a running server. */
@Tag("slow")
class UserLinksTest {
    private static final Pattern LINK =
            Pattern.compile("(?m)^https://push\\.example/account#(invitation|reset)=(\\S+)$");
    private static final String PASSWORD = "seven lonely lighthouses hum";

    @TempDir
    Path folder;

    @Test
    void an_operator_lets_somebody_in_and_helps_who_forgot_their_password() {
        try (var server = TestServer.start(Map.of())) {
            var settings = new HashMap<>(server.database().environment());
            settings.put("FATHI_PUBLIC_URL", "https://push.example");
            var made = ToolProcess.run(
                            folder, settings, "user", "create", "--email", "grace@example.com", "--name", "Grace")
                    .mustSucceed();
            var accepted = server.send(
                    "POST",
                    "/api/v1/auth/invitation",
                    null,
                    new JsonObject().put("token", token(made)).put("password", PASSWORD));
            assertThat(accepted.status()).as(accepted.body()).isEqualTo(204);
            assertThat(signIn(server, "grace@example.com", PASSWORD)).isEqualTo(200);

            var reset = ToolProcess.run(folder, settings, "user", "reset", "--email", TestServer.ADMIN_EMAIL)
                    .mustSucceed();
            var chosen = server.send(
                    "POST",
                    "/api/v1/auth/password/reset/confirm",
                    null,
                    new JsonObject().put("token", token(reset)).put("newPassword", PASSWORD));
            assertThat(chosen.status()).as(chosen.body()).isEqualTo(204);
            assertThat(signIn(server, TestServer.ADMIN_EMAIL, TestServer.ADMIN_PASSWORD))
                    .isEqualTo(401);
            assertThat(signIn(server, TestServer.ADMIN_EMAIL, PASSWORD)).isEqualTo(200);

            server.database()
                    .execute(
                            "UPDATE users_workspace SET password_sign_in = false; UPDATE security_epoch SET epoch = epoch + 1");
            assertThat(signIn(server, TestServer.ADMIN_EMAIL, PASSWORD)).isEqualTo(403);
            var opened = ToolProcess.run(
                            folder, settings, "user", "reset", "--email", TestServer.ADMIN_EMAIL, "--let-passwords-in")
                    .mustSucceed();
            assertThat(opened.out()).contains("The workspace Main lets people in by a password again");
            assertThat(signIn(server, TestServer.ADMIN_EMAIL, PASSWORD)).isEqualTo(200);

            var unknown = ToolProcess.run(folder, settings, "user", "reset", "--email", "nobody@example.com");
            assertThat(unknown.exit()).isEqualTo(1);
            assertThat(unknown.err()).hasLineCount(1).contains("nobody signs in with nobody@example.com");
        }
    }

    private static String token(ToolProcess.Answer answer) {
        var found = LINK.matcher(answer.out());
        assertThat(found.find()).as(answer.out()).isTrue();
        return found.group(2);
    }

    private static int signIn(TestServer server, String email, String password) {
        return server.send(
                        "POST",
                        "/api/v1/auth/login",
                        null,
                        new JsonObject().put("email", email).put("password", password))
                .status();
    }
}
