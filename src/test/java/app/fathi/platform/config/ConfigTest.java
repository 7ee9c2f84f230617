package app.fathi.platform.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigTest {
    @TempDir
    Path folder;

    @Test
    void every_key_of_the_records_is_in_the_yaml_in_the_same_order_and_nothing_else() throws Exception {
        List<String> inYaml = new ArrayList<>();
        collect(new YAMLMapper().readTree(Path.of("conf/application.yaml").toFile()), "", inYaml);
        assertThat(inYaml).containsExactlyElementsOf(ConfigReader.keys());
    }

    @Test
    void every_key_of_the_yaml_has_a_line_that_says_why() throws Exception {
        assertThat(Files.readAllLines(Path.of("conf/application.yaml")))
                .filteredOn(line -> line.matches("\\s*[a-zA-Z]+: .*\\S.*")
                        && !line.stripLeading().startsWith("#"))
                .allMatch(line -> line.matches(".*\\s# \\S.*"));
    }

    @Test
    void each_key_has_its_own_environment_name() {
        assertThat(ConfigReader.keys().stream()
                        .map(ConfigReader::environmentName)
                        .distinct())
                .hasSameSizeAs(ConfigReader.keys());
        assertThat(ConfigReader.keys().stream()
                        .map(ConfigReader::environmentName)
                        .collect(Collectors.toSet()))
                .contains(
                        "FATHI_HTTP_PORT",
                        "FATHI_HTTP_HOST",
                        "FATHI_PUBLIC_URL",
                        "FATHI_DATA_DIR",
                        "FATHI_DB_URL",
                        "FATHI_DB_USER",
                        "FATHI_DB_PASSWORD",
                        "FATHI_ADMIN_EMAIL",
                        "FATHI_ADMIN_PASSWORD",
                        "FATHI_MASTER_KEY",
                        "FATHI_VAPID_SUBJECT",
                        "FATHI_OUTBOUND_ALLOW",
                        "FATHI_OUTBOUND_PLAINTEXT",
                        "FATHI_OUTBOUND_TRUSTED_CERTIFICATE",
                        "FATHI_LOG_FORMAT",
                        "FATHI_ROLES");
    }

    @Test
    void what_the_guides_call_a_clients_own_is_no_setting_and_keeps_no_server_from_starting() throws Exception {
        var settings =
                ConfigReader.keys().stream().map(ConfigReader::environmentName).collect(Collectors.toSet());
        var named = new HashSet<String>();
        try (var guides = Files.newDirectoryStream(Path.of("docs/guides"), "*.md")) {
            for (var guide : guides) {
                Pattern.compile("FATHI_[A-Z_]+")
                        .matcher(Files.readString(guide))
                        .results()
                        .forEach(found -> named.add(found.group()));
            }
        }
        named.removeAll(settings);
        assertThat(named).contains("FATHI_URL", "FATHI_KEY");
        Config.of(named.stream().collect(Collectors.toMap(name -> name, name -> "a client's")));
        assertThatThrownBy(() -> Config.of(Map.of("FATHI_URI", "x"))).hasMessageContaining("unknown setting FATHI_URI");
    }

    @Test
    void the_defaults_are_safe() {
        Config config = Config.of(Map.of());
        assertThat(config.http().host()).isEqualTo("127.0.0.1");
        assertThat(config.http().port()).isEqualTo(8080);
        assertThat(config.outbound().allow()).isEmpty();
        assertThat(config.outbound().plaintext()).isFalse();
        assertThat(config.admin().password()).isEmpty();
        assertThat(config.masterKey()).isEmpty();
        assertThat(config.roles()).containsExactly(Config.Role.API, Config.Role.WORKER);
        assertThat(config.db().embedded()).isTrue();
        assertThat(config.baseUrl(8080)).isEqualTo("http://127.0.0.1:8080");
        assertThat(config.db().adminPool()
                        + config.db().ingestPool()
                        + config.db().sendPool()
                        + config.db().analyticsPool()
                        + config.db().workerPool())
                .as("the pools fit into the embedded server")
                .isLessThan(config.db().embeddedConnections());
    }

    @Test
    void the_environment_wins_over_the_working_directory_and_that_over_the_package() throws Exception {
        Path file = folder.resolve("application.yaml");
        Files.writeString(file, "http:\n  port: 9001\n  host: 0.0.0.0\n");
        Config config = ConfigReader.read(file, Map.of("FATHI_HTTP_PORT", "9002"));
        assertThat(config.http().port()).isEqualTo(9002);
        assertThat(config.http().host()).isEqualTo("0.0.0.0");
        assertThat(config.http().urlLimitBytes()).isEqualTo(4096);
    }

    @Test
    void lists_and_choices_are_read_from_the_environment() {
        Config config = Config.of(Map.of(
                "FATHI_ROLES", "worker", "FATHI_OUTBOUND_ALLOW", "127.0.0.0/8, ::1/128", "FATHI_LOG_FORMAT", "json"));
        assertThat(config.roles()).containsExactly(Config.Role.WORKER);
        assertThat(config.outbound().allow()).containsExactly("127.0.0.0/8", "::1/128");
        assertThat(config.log().format()).isEqualTo(Config.Logging.Format.JSON);
    }

    @Test
    void a_wrong_value_is_refused_with_key_value_and_what_is_allowed() {
        Map<String, String> wrong = new LinkedHashMap<>();
        wrong.put("FATHI_HTTP_PORT", "eighty");
        wrong.put("FATHI_JOBS_LEASE_SECONDS", "0");
        wrong.put("FATHI_OUTBOUND_PLAINTEXT", "yes");
        wrong.put("FATHI_LOG_FORMAT", "xml");
        wrong.put("FATHI_ROLES", "api,boss");
        wrong.put("FATHI_OUTBOUND_ALLOW", "10.0.0.0/33");
        wrong.put("FATHI_VAPID_SUBJECT", "me");
        wrong.put("FATHI_DB_URL", "jdbc:postgresql://localhost/fathi");
        wrong.put("FATHI_PUBLIC_URL", "push.example.org");
        wrong.forEach((name, value) -> assertThatThrownBy(() -> Config.of(Map.of(name, value)))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(name)
                .hasMessageContaining("'" + value + "'")
                .hasMessageContaining("needed")
                .message()
                .hasLineCount(1));
        assertThatThrownBy(() -> Config.of(Map.of("FATHI_HTTP_PORT", "eighty")))
                .hasMessage("http.port is 'eighty': a whole number from 0 to 65535 is needed (FATHI_HTTP_PORT)");
        assertThatThrownBy(() -> Config.of(Map.of("FATHI_ROLES", ""))).hasMessageContaining("roles is empty");
    }

    @Test
    void a_secret_never_appears_in_a_message_or_in_the_printed_settings() {
        assertThatThrownBy(() -> Config.of(Map.of("FATHI_MASTER_KEY", "hunter2")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("FATHI_MASTER_KEY")
                .hasMessageNotContaining("hunter2");
        Config config = Config.of(Map.of("FATHI_ADMIN_PASSWORD", "hunter2", "FATHI_DB_PASSWORD", "hunter2"));
        assertThat(config + " " + config.admin() + " " + config.db()).doesNotContain("hunter2");
    }

    @Test
    void an_unknown_variable_or_key_is_refused_and_the_nearest_is_named() throws Exception {
        assertThatThrownBy(() -> Config.of(Map.of("FATHI_HTP_PORT", "1")))
                .isInstanceOf(ConfigException.class)
                .hasMessage("unknown setting FATHI_HTP_PORT in the environment; did you mean FATHI_HTTP_PORT?");
        Path file = folder.resolve("application.yaml");
        Files.writeString(file, "http:\n  prot: 1\n");
        assertThatThrownBy(() -> ConfigReader.read(file, Map.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("unknown setting http.prot")
                .hasMessageContaining("did you mean http.port?");
    }

    @Test
    void a_broken_file_is_refused_with_its_line() throws Exception {
        Path file = folder.resolve("application.yaml");
        Files.writeString(file, "http:\n  port: 1\n  port: 2\n");
        assertThatThrownBy(() -> ConfigReader.read(file, Map.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("line 3")
                .message()
                .hasLineCount(1);
    }

    private static void collect(JsonNode node, String path, List<String> into) {
        node.properties().forEach(property -> {
            String key = path.isEmpty() ? property.getKey() : path + "." + property.getKey();
            if (property.getValue().isObject()) {
                collect(property.getValue(), key, into);
            } else {
                into.add(key);
            }
        });
    }
}
