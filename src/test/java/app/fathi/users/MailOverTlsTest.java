package app.fathi.users;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.config.Config;
import app.fathi.platform.outbound.Mailer;
import app.fathi.testing.Closing;
import app.fathi.testing.RudeMailServer;
import app.fathi.testing.RudeMailServer.Encryption;
import app.fathi.testing.TestCertificate;
import com.icegreen.greenmail.util.GreenMail;
import com.icegreen.greenmail.util.ServerSetup;
import io.vertx.core.Vertx;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A password is said to the right mail server only, and to nobody else on the way. */
class MailOverTlsTest {
    private static Vertx vertx;
    /** {@code fathi} with {@code p:ss/w@rd+} as RFC 4616 has it. */
    private static final String LOGIN = "encrypted AUTH PLAIN "
            + Base64.getEncoder().encodeToString("\0fathi\0p:ss/w@rd+".getBytes(StandardCharsets.UTF_8));

    @BeforeAll
    static void open() {
        vertx = Vertx.vertx();
    }

    @AfterAll
    static void close() {
        Closing.close(vertx);
    }

    private static void send(String scheme, int port, TestCertificate trusted) throws Exception {
        var config = Config.of(Map.of(
                "FATHI_SMTP_URL",
                scheme + "://fathi:p%3Ass%2Fw%40rd+@127.0.0.1:" + port,
                "FATHI_SMTP_FROM",
                "Fathi <fathi@example.com>",
                "FATHI_OUTBOUND_TRUSTED_CERTIFICATE",
                trusted == null ? "" : trusted.pem().toString()));
        new Mailer(vertx, config)
                .send(List.of("grace@example.com"), "Hello", "Come in")
                .await(20, TimeUnit.SECONDS);
    }

    @ParameterizedTest
    @CsvSource({"smtps, AT_ONCE", "smtp, WHEN_ASKED"})
    void mails_go_to_a_server_that_is_who_it_says(String scheme, Encryption encryption) throws Exception {
        try (var server = RudeMailServer.start(encryption, TestCertificate.get())) {
            send(scheme, server.port(), TestCertificate.get());
            assertThat(server.logins()).containsExactly(LOGIN);
            assertThat(server.mails()).singleElement().asString().contains("Come in");
        }
    }

    @ParameterizedTest
    @CsvSource({"smtps, AT_ONCE", "smtp, WHEN_ASKED"})
    void nothing_is_said_to_a_server_whose_certificate_nobody_vouches_for(String scheme, Encryption encryption) {
        try (var server = RudeMailServer.start(encryption, TestCertificate.get())) {
            assertThatThrownBy(() -> send(scheme, server.port(), null)).isInstanceOf(Exception.class);
            assertThat(server.logins()).isEmpty();
            assertThat(server.mails()).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({"smtps, AT_ONCE", "smtp, WHEN_ASKED"})
    void nothing_is_said_to_a_server_that_shows_the_certificate_of_another(String scheme, Encryption encryption) {
        try (var server = RudeMailServer.start(encryption, TestCertificate.ofAnotherHost())) {
            assertThatThrownBy(() -> send(scheme, server.port(), TestCertificate.ofAnotherHost()))
                    .isInstanceOf(Exception.class);
            assertThat(server.logins()).isEmpty();
            assertThat(server.mails()).isEmpty();
        }
    }

    @Test
    void a_password_is_not_said_where_others_can_hear_it() {
        try (var server = RudeMailServer.start(Encryption.NEVER, TestCertificate.get())) {
            assertThatThrownBy(() -> send("smtp", server.port(), TestCertificate.get()))
                    .isInstanceOf(Exception.class);
            assertThat(server.logins()).isEmpty();
            assertThat(server.mails()).isEmpty();
        }
    }

    @Test
    void a_server_with_a_certificate_of_its_own_making_is_refused() {
        var setup = new ServerSetup(0, "127.0.0.1", ServerSetup.PROTOCOL_SMTPS);
        setup.setServerStartupTimeout(TimeUnit.SECONDS.toMillis(60));
        var greenMail = new GreenMail(setup);
        greenMail.start();
        try {
            assertThatThrownBy(() -> send("smtps", greenMail.getSmtps().getPort(), TestCertificate.get()))
                    .isInstanceOf(Exception.class);
            assertThat(greenMail.getReceivedMessages()).isEmpty();
        } finally {
            greenMail.stop();
        }
    }
}
