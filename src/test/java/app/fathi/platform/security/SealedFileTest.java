package app.fathi.platform.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SealedFileTest {
    private static final String PASSPHRASE = "Zur\u00fcck in f\u00fcnf Minuten";
    private static final int PIECE = 65_536 + 16;
    private static final int HEADER = 42;

    @Test
    void what_was_sealed_in_whatever_portions_opens_again() throws IOException {
        var random = new Random(3);
        for (int size : new int[] {0, 1, 65_535, 65_536, 65_537, 131_072, 300_000}) {
            var plain = new byte[size];
            random.nextBytes(plain);
            // The same letters, composed by another keyboard.
            assertThat(open(seal(plain, random), "Zuru\u0308ck in fu\u0308nf Minuten"))
                    .isEqualTo(plain);
        }
    }

    @Test
    void nothing_else_opens_it() throws IOException {
        var plain = new byte[200_000];
        var sealed = seal(plain, new Random(4));
        assertThatThrownBy(() -> open(sealed, "another passphrase")).hasMessageContaining("does not open");
        for (int at : new int[] {HEADER - 20, HEADER, HEADER + PIECE + 5, sealed.length - 1}) {
            var changed = sealed.clone();
            changed[at] ^= 1;
            assertThatThrownBy(() -> open(changed, PASSPHRASE))
                    .as("octet " + at)
                    .isInstanceOf(IOException.class);
        }
        for (int length : new int[] {0, 5, HEADER, HEADER + PIECE, HEADER + 2 * PIECE, sealed.length - 1}) {
            assertThatThrownBy(() -> open(Arrays.copyOf(sealed, length), PASSPHRASE))
                    .as("cut to " + length)
                    .isInstanceOf(IOException.class);
        }
        assertThatThrownBy(() -> open(Arrays.copyOf(sealed, sealed.length + 1), PASSPHRASE))
                .isInstanceOf(IOException.class);
        var swapped = sealed.clone();
        System.arraycopy(sealed, HEADER, swapped, HEADER + PIECE, PIECE);
        System.arraycopy(sealed, HEADER + PIECE, swapped, HEADER, PIECE);
        assertThatThrownBy(() -> open(swapped, PASSPHRASE)).isInstanceOf(IOException.class);
    }

    @Test
    void a_header_that_asks_for_all_memory_is_refused_before_any_work() throws IOException {
        var sealed = seal(new byte[1], new Random(5));
        sealed[10] = 0x7f;
        assertThatThrownBy(() -> open(sealed, PASSPHRASE)).hasMessageContaining("what no file of ours does");
        assertThatThrownBy(() -> open("{\"endpoint\": \"https://not.sealed.at.all.example/x\"}".getBytes(), PASSPHRASE))
                .hasMessageContaining("no sealed file");
    }

    @Test
    void two_files_of_the_same_have_nothing_in_common() throws IOException {
        var first = seal(new byte[100], new Random(6));
        var second = seal(new byte[100], new Random(6));
        assertThat(Arrays.copyOfRange(first, HEADER, first.length))
                .isNotEqualTo(Arrays.copyOfRange(second, HEADER, second.length));
    }

    private static byte[] seal(byte[] plain, Random random) throws IOException {
        var file = SealedFile.begin(PASSPHRASE);
        var sealed = new ByteArrayOutputStream();
        sealed.write(file.header());
        for (int from = 0; from < plain.length; ) {
            int to = Math.min(plain.length, from + random.nextInt(150_000));
            sealed.write(file.add(Arrays.copyOfRange(plain, from, to)));
            from = to;
        }
        sealed.write(file.end());
        return sealed.toByteArray();
    }

    private static byte[] open(byte[] sealed, String passphrase) throws IOException {
        var plain = new ByteArrayOutputStream();
        SealedFile.open(new ByteArrayInputStream(sealed), passphrase, plain);
        return plain.toByteArray();
    }
}
