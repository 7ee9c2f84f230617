package app.fathi.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.config.StartException;
import app.fathi.webpush.encryption.CryptoProviders;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** That a demo and a real installation never lie in one folder, and what a demo keeps in its own. */
class DemoFolderTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "FATHI_DB_URL",
                "FATHI_DATA_DIR",
                "FATHI_HTTP_HOST",
                "FATHI_MASTER_KEY",
                "FATHI_OUTBOUND_ALLOW",
                "FATHI_SOMETHING"
            })
    void a_demo_takes_no_settings_of_another_installation(String name) {
        assertThatThrownBy(() -> prepare(List.of(), Map.of(name, "x")))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("env -u " + name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "10001", "1e3", "many", "", "--people"})
    void a_demo_has_one_to_ten_thousand_people(String count) {
        assertThatThrownBy(() -> prepare(List.of(count), Map.of()))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("1 to 10000");
    }

    @Test
    void what_lies_where_a_demo_would_keep_its_data_is_left_alone() throws Exception {
        var file = Files.writeString(folder.resolve("master.key"), "real");
        assertThatThrownBy(() -> DemoFolder.open(folder))
                .isInstanceOf(StartException.class)
                .hasMessageContaining(folder.toString());
        assertThat(Files.list(folder)).containsExactly(file);
    }

    @Test
    void an_ordinary_start_refuses_a_demos_folder_and_no_other() {
        DemoFolder.open(folder.resolve("data-demo"));
        assertThatThrownBy(() -> Demo.refuseFolder(folder.resolve("data-demo")))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("scripts/start --demo");
        Demo.refuseFolder(folder);
        Demo.refuseFolder(folder.resolve("nothing"));
    }

    @Test
    void password_port_and_browsers_are_the_same_at_the_next_start() throws Exception {
        var first = DemoFolder.open(folder);
        var providers = new CryptoProviders();
        var three = ids(first.browsers(3, providers));
        var second = DemoFolder.open(folder);
        assertThat(second).isEqualTo(first);
        assertThat(second.password()).hasSizeGreaterThanOrEqualTo(12);
        assertThat(ids(second.browsers(5, providers)))
                .startsWith(three.toArray(String[]::new))
                .hasSize(5);
        assertThat(ids(second.browsers(2, providers))).isEqualTo(three.subList(0, 2));
        for (var name : List.of("demo.properties", "browsers")) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(name))))
                    .as(name)
                    .isEqualTo("rw-------");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "password=x\n", "password=x\npushPort=many\nkeyStorePassword=y\n"})
    void a_file_that_is_not_whole_ends_the_start_with_one_line(String facts) throws Exception {
        Files.writeString(folder.resolve("demo.properties"), facts);
        assertThatThrownBy(() -> DemoFolder.open(folder))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("begin anew");
    }

    @Test
    void a_push_port_that_somebody_else_has_ends_the_start_with_one_line() throws Exception {
        var demo = DemoFolder.open(folder);
        try (var taken = new ServerSocket(demo.pushPort(), 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(demo::requireFreePushPort)
                    .isInstanceOf(StartException.class)
                    .hasMessageContaining("port " + demo.pushPort());
        }
    }

    private static List<String> ids(List<VirtualBrowser> browsers) {
        return browsers.stream().map(VirtualBrowser::id).toList();
    }

    private static Demo prepare(List<String> arguments, Map<String, String> environment) {
        return Demo.prepare(arguments, environment, new PrintStream(PrintStream.nullOutputStream()));
    }
}
