package app.fathi.browsers;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What can be said of the SDK without a browser. */
class SdkTest {
    static final Path SDK = Path.of("src/main/resources/sdk");

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
