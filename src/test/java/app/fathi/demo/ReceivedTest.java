package app.fathi.demo;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.demo.VirtualBrowser.Notification;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReceivedTest {
    private static final Instant AT = Instant.parse("2026-11-26T10:00:00Z");

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void name() {
        file = folder.resolve("received");
    }

    @Test
    void a_delivery_is_met_once_also_by_the_process_that_follows() throws Exception {
        try (var first = Received.open(file)) {
            assertThat(first.meet(7, notification("a"), AT)).isPresent();
            assertThat(first.meet(7, notification("a"), AT)).isEmpty();
        }
        try (var second = Received.open(file)) {
            assertThat(second.meet(7, notification("a"), AT)).isEmpty();
            assertThat(second.meet(7, notification("b"), AT)).isPresent();
        }
    }

    @Test
    void what_was_not_told_yet_is_known_after_a_restart() throws Exception {
        try (var first = Received.open(file)) {
            first.meet(1, notification("told"), AT);
            first.meet(2, notification("half"), AT);
            first.meet(3, notification("untold"), AT);
            first.told("told", "shown");
            first.told("told", "clicked");
            first.told("half", "shown");
        }
        // Twice, for the first of them writes the file anew.
        Received.open(file).close();
        try (var again = Received.open(file)) {
            assertThat(again.all())
                    .containsExactly(
                            new Received.Delivery(1, notification("told"), AT, true, true),
                            new Received.Delivery(2, notification("half"), AT, true, false),
                            new Received.Delivery(3, notification("untold"), AT, false, false));
        }
    }

    @Test
    void half_a_line_of_a_process_that_was_killed_does_no_harm() throws Exception {
        try (var first = Received.open(file)) {
            first.meet(1, notification("a"), AT);
        }
        Files.writeString(file, "{\"delivery\":\"b\",\"brow", StandardOpenOption.APPEND);
        try (var second = Received.open(file)) {
            assertThat(second.all()).hasSize(1);
            assertThat(second.meet(1, notification("b"), AT)).isPresent();
        }
        try (var third = Received.open(file)) {
            assertThat(third.all()).hasSize(2);
        }
    }

    private static Notification notification(String delivery) {
        return new Notification(delivery, "token-" + delivery, "http://localhost/track");
    }
}
