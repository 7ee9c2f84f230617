package app.fathi.demo;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.demo.PublicApi.Answer;
import app.fathi.testing.ServerProcess;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** A newcomer's first minute, as {@code scripts/start --demo} gives it, with fewer people and a push service that dies. */
@Tag("slow")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DemoTest {
    private static final int PEOPLE = 200;
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Pattern PUSH_SERVICE = Pattern.compile("push service +https://[0-9.:]+, process ([0-9]+)");
    private static final Pattern SERVER = Pattern.compile("server +(http://localhost:[0-9]+)");
    private static final Pattern MESSAGE = Pattern.compile("GET /api/v1/webpush/messages/([0-9a-f-]{36})");
    private static final Pattern PASSWORD = Pattern.compile("admin@localhost  ([a-z0-9-]+)");
    private static final Map<String, String> ANY_PORT = Map.of("FATHI_HTTP_PORT", "0");

    @TempDir
    static Path folder;

    @Test
    @Order(1)
    void all_is_shown_once_and_counted_although_the_push_service_is_killed_in_the_middle() throws Exception {
        try (var demo = ServerProcess.startDemo(folder, ANY_PORT, "" + PEOPLE)) {
            var first = Long.parseLong(awaitSaid(demo, PUSH_SERVICE));
            var got = eventually("some to be received", () -> received(), lines -> lines > 0);
            ProcessHandle.of(first).orElseThrow().destroyForcibly();
            assertThat(got).as("received before the push service was killed").isLessThan(PEOPLE);

            awaitSaid(demo, PASSWORD);
            assertThat(said(demo))
                    .contains("the push service has ended (exit code 137)", "the push service is back as process")
                    .doesNotContain("does not go on")
                    .as("the log goes to its file")
                    .doesNotContain(" INFO ", " WARN ", " DEBUG ");
            var second = demo.output().stream()
                    .filter(line -> line.contains("kill -9 "))
                    .map(line -> Long.parseLong(line.replaceAll(".*kill -9 ([0-9]+).*", "$1")))
                    .findFirst()
                    .orElseThrow();
            assertThat(second).isNotEqualTo(first);

            var api = new PublicApi(awaitSaid(demo, SERVER));
            var counts = message(api, demo).getJsonObject("counts");
            assertThat(counts.getInteger("accepted")).isEqualTo(PEOPLE);
            assertThat(counts.getInteger("shown")).isEqualTo(PEOPLE);
            assertThat(counts.getInteger("failed")).isZero();
            assertThat(counts.getLong("clicked")).isEqualTo(curious());
            assertThat(deliveries()).hasSize(PEOPLE).doesNotHaveDuplicates();
            assertThatPagesAreServed(api);

            demo.terminate();
            assertThat(demo.awaitExit()).isZero();
            assertThat(demo.errors()).isEmpty();
            eventually(
                    "the end of the push service",
                    () -> ProcessHandle.of(second).isPresent(),
                    alive -> !alive);
        }
    }

    @Test
    @Order(2)
    void the_next_start_goes_on_with_the_same_people_and_ends_with_its_parent_when_that_is_killed() {
        var before = received();
        try (var demo = ServerProcess.startDemo(folder, ANY_PORT, "" + PEOPLE)) {
            awaitSaid(demo, PASSWORD);
            var push = Long.parseLong(awaitSaid(demo, PUSH_SERVICE));
            var api = new PublicApi(awaitSaid(demo, SERVER));
            var message = message(api, demo);
            assertThat(message.getJsonObject("counts").getInteger("accepted")).isEqualTo(PEOPLE);
            assertThat(message.getJsonObject("counts").getInteger("shown")).isEqualTo(PEOPLE);
            assertThat(deliveries()).hasSize(before + PEOPLE).doesNotHaveDuplicates();

            demo.kill();
            eventually(
                    "the end of the push service", () -> ProcessHandle.of(push).isPresent(), alive -> !alive);
        }
    }

    @Test
    void a_start_with_settings_of_another_installation_ends_with_one_line_and_makes_nothing(@TempDir Path elsewhere) {
        var settings = Map.of("FATHI_DB_URL", "postgresql://127.0.0.1:1/fathi");
        try (var demo = ServerProcess.startDemo(elsewhere, settings)) {
            assertThat(demo.awaitExit()).isNotZero();
            assertThat(demo.errors()).singleElement().asString().contains("env -u FATHI_DB_URL scripts/start --demo");
            assertThat(demo.output()).isEmpty();
            assertThat(elsewhere).isEmptyDirectory();
        }
    }

    private static void assertThatPagesAreServed(PublicApi api) throws Exception {
        try (var http = HttpClient.newHttpClient()) {
            var page = http.send(
                    HttpRequest.newBuilder(URI.create(api.baseUrl() + "/demo")).build(), BodyHandlers.ofString());
            assertThat(page.statusCode()).isEqualTo(200);
            assertThat(page.headers().firstValue("Content-Security-Policy").orElseThrow())
                    .contains("default-src 'none'")
                    .doesNotContain("unsafe");
            assertThat(page.body()).contains("data-write-key=\"fwk_b_").doesNotContain("{{", "fsk_");
        }
        var figures = api.ask("GET", "/demo/figures", null).join().json();
        assertThat(figures.getInteger("people")).isEqualTo(PEOPLE);
        assertThat(figures.getJsonObject("counts").getInteger("shown")).isEqualTo(PEOPLE);
    }

    /** As the newcomer would, with what the terminal says. */
    private static JsonObject message(PublicApi api, ServerProcess demo) {
        var login = new JsonObject().put("email", "admin@localhost").put("password", awaitSaid(demo, PASSWORD));
        var token = good(api.ask("POST", "/api/v1/auth/login", login).join()).getString("accessToken");
        return good(api.ask(
                        "GET",
                        "/api/v1/webpush/messages/" + awaitSaid(demo, MESSAGE),
                        null,
                        "Authorization",
                        "Bearer " + token)
                .join());
    }

    private static JsonObject good(Answer answer) {
        assertThat(answer.isGood()).as(answer.detail()).isTrue();
        return answer.json();
    }

    private static long curious() {
        return IntStream.rangeClosed(1, PEOPLE)
                .mapToObj(Person::of)
                .filter(Person::curious)
                .count();
    }

    private static String awaitSaid(ServerProcess demo, Pattern pattern) {
        return eventually(
                pattern.pattern() + " in " + said(demo),
                PATIENCE,
                () -> demo.output().stream()
                        .map(pattern::matcher)
                        .filter(Matcher::find)
                        .map(found -> found.group(1))
                        .findFirst()
                        .orElse(""),
                found -> !found.isEmpty());
    }

    private static String said(ServerProcess demo) {
        return String.join("\n", demo.output()) + "\n" + String.join("\n", demo.errors());
    }

    private static int received() {
        return deliveries().size();
    }

    /** What the virtual browsers noted as shown. */
    private static List<String> deliveries() {
        var file = folder.resolve("data-demo/received");
        try {
            return Files.exists(file)
                    ? Files.readAllLines(file).stream()
                            .filter(line -> line.contains("\"browser\"") && line.endsWith("}"))
                            .map(line -> new JsonObject(line).getString("delivery"))
                            .toList()
                    : List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
