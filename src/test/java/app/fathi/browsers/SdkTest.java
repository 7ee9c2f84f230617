package app.fathi.browsers;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What can be said of the SDK without a browser. */
class SdkTest {
    static final Path SDK = Path.of("src/main/resources/sdk");

    private static final int LIMIT_OCTETS = 8 * 1024;

    @ParameterizedTest
    @ValueSource(strings = {"fathi.js", "fathi-sw.js"})
    void it_is_small_for_the_pages_that_load_it(String file) throws IOException {
        var compressed = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(compressed)) {
            Files.copy(SDK.resolve(file), gzip);
        }
        assertThat(compressed.size()).isLessThanOrEqualTo(LIMIT_OCTETS);
    }

    @Test
    void its_types_let_right_code_compile_and_no_wrong_code() throws Exception {
        var compiler = new ProcessBuilder("src/test/js/node_modules/.bin/tsc", "--project", "src/test/js/types")
                .redirectErrorStream(true)
                .start();
        assertThat(new String(compiler.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .isEmpty();
        assertThat(compiler.waitFor()).isZero();
    }
}
