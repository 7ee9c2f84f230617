package app.fathi.tool;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.security.SealedOutput;
import app.fathi.testing.ToolProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OpenSealedTest {
    private static final String PASSPHRASE = "a sentence that only we know";

    @TempDir
    Path folder;

    private Path sealed;
    private Path plain;

    @BeforeEach
    void seal() throws IOException {
        sealed = folder.resolve("export.sealed");
        plain = folder.resolve("export.ndjson");
        try (var out = new SealedOutput(Files.newOutputStream(sealed), PASSPHRASE)) {
            out.write("x".repeat(100_000).getBytes());
            out.finish();
        }
    }

    private ToolProcess.Answer open(String passphrase) {
        // A setting that no server knows, such as the documentation's examples use, is nothing to it.
        return ToolProcess.run(
                folder,
                Map.of("FATHI_BACKUP_PASSPHRASE", passphrase, "FATHI_URL", "http://localhost:8080"),
                "open",
                sealed.toString(),
                plain.toString());
    }

    @Test
    void what_was_sealed_lies_there_for_its_owner_alone() throws IOException {
        assertThat(open(PASSPHRASE).exit()).isZero();
        assertThat(Files.readString(plain)).isEqualTo("x".repeat(100_000));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(plain)))
                .isEqualTo("rw-------");
        assertThat(open(PASSPHRASE).err()).contains("exists already").hasLineCount(1);
    }

    @Test
    void what_does_not_open_leaves_nothing_behind() throws IOException {
        assertThat(open("another passphrase").err())
                .contains("does not open", "passphrase")
                .hasLineCount(1);
        assertThat(plain).doesNotExist();
        var whole = Files.readAllBytes(sealed);
        Files.write(sealed, Arrays.copyOf(whole, whole.length - 1));
        var cut = open(PASSPHRASE);
        assertThat(cut.exit()).isEqualTo(1);
        assertThat(cut.err()).contains("cut off").hasLineCount(1);
        assertThat(plain).doesNotExist();
        Files.delete(sealed);
        assertThat(open(PASSPHRASE).err()).contains("there is no file").hasLineCount(1);
    }
}
