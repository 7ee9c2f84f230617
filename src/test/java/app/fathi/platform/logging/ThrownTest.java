package app.fathi.platform.logging;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.errors.ProblemException;
import io.vertx.core.VertxException;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.mail.SMTPException;
import io.vertx.pgclient.PgException;
import java.net.ConnectException;
import java.net.URI;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class ThrownTest {
    private static final String SENT = "grace@example.com";

    private static Throwable thrown(Runnable doing) {
        try {
            doing.run();
        } catch (RuntimeException e) {
            return e;
        }
        throw new AssertionError("It does not throw");
    }

    private static Throwable database(String message, String state) {
        return new PgException(message, "ERROR", state, "Key (email)=(" + SENT + ") already exists.");
    }

    @Test
    void what_quotes_what_it_was_given_is_told_by_its_class() {
        for (var each : List.of(
                thrown(() -> Instant.parse(SENT)),
                thrown(() -> Integer.parseInt(SENT)),
                thrown(() -> UUID.fromString(SENT)),
                thrown(() -> URI.create("https://" + SENT + "/ %")),
                thrown(() -> new JsonObject("{\"a\": " + SENT)),
                new SMTPException("recipient refused", 550, List.of("550 nobody is called " + SENT), true),
                database("invalid input syntax for type uuid: \"" + SENT + "\"", "22P02"),
                database("words of a trigger about " + SENT, "P0001"))) {
            assertThat(Thrown.text(each)).startsWith(each.getClass().getName()).doesNotContain(SENT);
        }
    }

    @Test
    void what_wraps_another_does_not_repeat_it() {
        var inner = thrown(() -> Integer.parseInt(SENT));
        assertThat(Thrown.text(new CompletionException(inner))).isEqualTo(CompletionException.class.getName());
    }

    @Test
    void what_helps_at_night_is_told() {
        assertThat(Thrown.text(new ConnectException("Connection refused: /127.0.0.1:5432")))
                .endsWith("ConnectException: Connection refused: /127.0.0.1:5432");
        assertThat(Thrown.text(new VertxException("Connection was closed"))).endsWith(": Connection was closed");
        assertThat(Thrown.text(ProblemException.notFound("job"))).contains("There is no job");
        assertThat(Thrown.text(database("relation \"jobs\" does not exist", "42P01")))
                .endsWith("PgException: 42P01 relation \"jobs\" does not exist");
        assertThat(Thrown.text(database("duplicate key value violates unique constraint \"x\"", "23505")))
                .endsWith("23505 duplicate key value violates unique constraint \"x\"")
                .doesNotContain(SENT);
    }
}
