package app.fathi.platform.health;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.ServerProcess;
import app.fathi.testing.TestDatabase;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.File;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What operators import: alerts and dashboard speak of what there is, and each alert tells what to do. */
class AlertsTest {
    private static final Path ALERTS = Path.of("conf/alerts.yaml");
    private static final Path DASHBOARD = Path.of("conf/grafana/fathi.json");
    private static final Pattern METRIC = Pattern.compile("fathi_[a-z0-9_]+");
    private static final int COMMANDS = 3;

    @TempDir
    Path folder;

    private static List<JsonNode> rules() throws IOException {
        var rules = new ArrayList<JsonNode>();
        new YAMLMapper().readTree(ALERTS.toFile()).at("/groups/0/rules").forEach(rules::add);
        return rules;
    }

    @Test
    void each_alert_has_a_heading_with_what_it_means_and_three_commands() throws IOException {
        var chapters = Stream.of(Files.readString(Path.of("docs/operations.md")).split("(?m)^###? "))
                .collect(Collectors.toMap(chapter -> chapter.lines().findFirst().orElse(""), chapter -> chapter));
        for (var rule : rules()) {
            var name = rule.path("alert").asText();
            assertThat(chapters).containsKey(name);
            var parts = chapters.get(name).split("```");
            assertThat(parts).as(name).hasSize(3);
            assertThat(parts[0]).as(name).hasSizeGreaterThan(100);
            assertThat(parts[1].strip().lines()).as(name).hasSize(COMMANDS);
            assertThat(rule.at("/annotations/runbook_url").asText())
                    .isEqualTo("docs/operations.md#" + name.toLowerCase(Locale.ROOT));
        }
    }

    @Test
    @Tag("slow")
    void alerts_and_dashboard_name_only_what_a_server_tells() throws Exception {
        try (var database = TestDatabase.create();
                var server = ServerProcess.start(folder, database.environment())) {
            var address = server.awaitReady();
            try (var client = HttpClient.newHttpClient()) {
                // What is counted by the request exists after the first one.
                get(client, address.resolve("/health/ready").toString());
                var told = metrics(get(client, address.resolve("/metrics").toString()));
                assertThat(told).containsAll(metrics(Files.readString(ALERTS)));
                assertThat(told).containsAll(metrics(Files.readString(DASHBOARD)));
            }
        }
    }

    @Test
    void prometheus_takes_the_alerts_and_raises_them_when_it_should() throws Exception {
        assertThat(promtool("check", "rules", ALERTS.toString())).contains("SUCCESS");
        assertThat(promtool("test", "rules", "src/test/prometheus/alerts.test.yaml"))
                .contains("SUCCESS");
        var tested = Files.readString(Path.of("src/test/prometheus/alerts.test.yaml"));
        assertThat(rules()).allSatisfy(rule -> assertThat(tested)
                .contains("alertname: " + rule.path("alert").asText() + "\n        exp_alerts:\n"));
    }

    private static Set<String> metrics(String text) {
        return METRIC.matcher(text).results().map(MatchResult::group).collect(Collectors.toSet());
    }

    private static String get(HttpClient client, String url) throws Exception {
        return client.send(HttpRequest.newBuilder(java.net.URI.create(url)).build(), BodyHandlers.ofString())
                .body();
    }

    /** Installed by {@code scripts/test}. */
    private static String promtool(String... arguments) throws Exception {
        var places = Stream.concat(
                Stream.of(Path.of("target/promtool/usr/bin/promtool")),
                Arrays.stream(System.getenv("PATH").split(File.pathSeparator)).map(path -> Path.of(path, "promtool")));
        var program = places.filter(Files::isExecutable).findFirst();
        assertThat(program).as("promtool, which scripts/test installs").isPresent();
        var command = new ArrayList<>(List.of(program.get().toString()));
        command.addAll(List.of(arguments));
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var said = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(said).isZero();
        return said;
    }
}
