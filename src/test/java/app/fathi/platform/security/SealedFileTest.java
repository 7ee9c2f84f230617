package app.fathi.platform.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Only the passphrase opens a sealed file, and only as it was written. */
class SealedFileTest {
    private static final String PASSPHRASE = "correct horse battery staple";
    private static final int CHUNK = Seal.CHUNK_OCTETS + Seal.TAG_OCTETS;

    /** Two whole chunks and a bit. */
    private static final byte[] PLAIN = new byte[2 * Seal.CHUNK_OCTETS + 100];

    private static byte[] sealed;

    @BeforeAll
    static void seal() throws IOException {
        new Random(1).nextBytes(PLAIN);
        sealed = seal(PLAIN);
    }

    private static byte[] seal(byte[] plain) throws IOException {
        var file = new ByteArrayOutputStream();
        try (var out = new SealedOutput(file, quick(PASSPHRASE))) {
            out.write(plain);
            out.finish();
        }
        return file.toByteArray();
    }

    /** What a guess costs stands in the file: nearly nothing here, where a file is opened again and again. */
    private static Seal quick(String passphrase) {
        return Seal.make(passphrase, 64, 1, 4);
    }

    private static byte[] open(byte[] file, String passphrase) throws IOException {
        try (var in = new SealedInput(new ByteArrayInputStream(file), passphrase)) {
            return in.readAllBytes();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, Seal.CHUNK_OCTETS - 1, Seal.CHUNK_OCTETS, Seal.CHUNK_OCTETS + 1})
    void what_was_sealed_comes_out_again(int length) throws IOException {
        var plain = Arrays.copyOf(PLAIN, length);
        assertThat(open(seal(plain), PASSPHRASE)).isEqualTo(plain);
    }

    @Test
    void a_guess_costs_what_rfc_9106_asks_for() throws IOException {
        var file = new ByteArrayOutputStream();
        try (var out = new SealedOutput(file, PASSPHRASE)) {
            out.write(PLAIN);
            out.finish();
        }
        var costs = ByteBuffer.wrap(file.toByteArray(), 8, 12).slice().asIntBuffer();
        assertThat(new int[] {costs.get(), costs.get(), costs.get()}).containsExactly(65_536, 3, 4);
        assertThat(open(file.toByteArray(), PASSPHRASE)).isEqualTo(PLAIN);
    }

    @Test
    void another_passphrase_does_not_open_it() {
        assertThatThrownBy(() -> open(sealed, PASSPHRASE + "r"))
                .isInstanceOf(SealedException.class)
                .hasMessageContaining("passphrase");
    }

    @Test
    void a_passphrase_is_the_same_however_its_accents_are_typed() throws IOException {
        var file = new ByteArrayOutputStream();
        try (var out = new SealedOutput(file, quick("caf\u00e9 caf\u00e9 caf\u00e9"))) {
            out.finish();
        }
        assertThat(open(file.toByteArray(), "cafe\u0301 cafe\u0301 cafe\u0301")).isEmpty();
    }

    /** In the magic, the version, the parameters, the salt, the HMAC, a chunk, its tag, the last chunk. */
    @ParameterizedTest
    @ValueSource(ints = {0, 7, 10, 13, 17, 25, 60, 84, 84 + 65_536, 84 + 2 * (65_536 + 16), -1})
    void no_flipped_bit_goes_unnoticed(int place) {
        var changed = sealed.clone();
        changed[place < 0 ? changed.length - 1 : place] ^= 1;
        assertThatThrownBy(() -> open(changed, PASSPHRASE)).isInstanceOf(SealedException.class);
    }

    /** Within the header, at its end, within a chunk, at a chunk's end, one octet short. */
    @ParameterizedTest
    @ValueSource(ints = {0, 40, 84, 5_000, 84 + 65_552, 84 + 2 * 65_552, -1})
    void no_cut_goes_unnoticed(int length) {
        var cut = Arrays.copyOf(sealed, length < 0 ? sealed.length - 1 : length);
        assertThatThrownBy(() -> open(cut, PASSPHRASE)).isInstanceOf(SealedException.class);
    }

    @Test
    void chunks_cannot_change_places_and_nothing_can_follow() {
        var swapped = sealed.clone();
        System.arraycopy(sealed, Seal.HEADER_OCTETS, swapped, Seal.HEADER_OCTETS + CHUNK, CHUNK);
        System.arraycopy(sealed, Seal.HEADER_OCTETS + CHUNK, swapped, Seal.HEADER_OCTETS, CHUNK);
        assertThatThrownBy(() -> open(swapped, PASSPHRASE)).isInstanceOf(SealedException.class);
        assertThatThrownBy(() -> open(Arrays.copyOf(sealed, sealed.length + 1), PASSPHRASE))
                .isInstanceOf(SealedException.class);
    }

    @Test
    void a_file_that_was_not_finished_does_not_open() throws IOException {
        var file = new ByteArrayOutputStream();
        try (var out = new SealedOutput(file, quick(PASSPHRASE))) {
            out.write(PLAIN);
        }
        assertThatThrownBy(() -> open(file.toByteArray(), PASSPHRASE)).isInstanceOf(SealedException.class);
    }

    @Test
    void in_whatever_portions_it_is_written_it_is_the_same() throws IOException {
        var random = new Random(3);
        var file = new ByteArrayOutputStream();
        try (var out = new SealedOutput(file, quick(PASSPHRASE))) {
            for (int from = 0; from < PLAIN.length; ) {
                int some = Math.min(PLAIN.length - from, random.nextInt(100_000));
                out.write(PLAIN, from, some);
                from += some;
            }
            out.finish();
        }
        assertThat(open(file.toByteArray(), PASSPHRASE)).isEqualTo(PLAIN);
    }

    @Test
    void a_header_that_asks_for_all_memory_is_refused_before_any_work() {
        var greedy = sealed.clone();
        greedy[8] = 0x7f;
        assertThatThrownBy(() -> open(greedy, PASSPHRASE)).hasMessageContaining("beginning was changed");
        assertThatThrownBy(() -> open("{\"not\": \"sealed\"}".repeat(20).getBytes(), PASSPHRASE))
                .hasMessageContaining("no sealed file");
    }

    @Test
    void two_files_of_the_same_have_nothing_in_common() throws IOException {
        var other = seal(PLAIN);
        assertThat(Arrays.copyOfRange(other, Seal.HEADER_OCTETS, other.length))
                .isNotEqualTo(Arrays.copyOfRange(sealed, Seal.HEADER_OCTETS, sealed.length));
    }
}
