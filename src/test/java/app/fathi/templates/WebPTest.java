package app.fathi.templates;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.errors.ProblemException;
import com.sun.management.ThreadMXBean;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of libwebp, each beside a PNG of what libwebp itself reads of it. */
public class WebPTest {
    private static final Path FILES = Path.of("src/test/resources/webp");
    private static final int MUTATIONS = 2_000;
    /** Of one file of a few KB, whatever it says. */
    private static final long MOST_ALLOCATED = 80 << 20;

    static List<String> names() {
        try (var files = Files.list(FILES)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".webp") && !name.equals("alpha-as-it-is.webp"))
                    .map(name -> name.replace(".webp", ""))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static byte[] file(String name) {
        try {
            return Files.readAllBytes(FILES.resolve(name + ".webp"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static BufferedImage reference(String name) throws IOException {
        return ImageIO.read(FILES.resolve(name + ".png").toFile());
    }

    // --- what is right
    // --------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @MethodSource("names")
    void each_file_is_read_as_the_library_of_its_makers_reads_it(String name) throws IOException {
        var expected = reference(name);
        var webp = WebP.of(file(name));
        assertThat(webp.width()).isEqualTo(expected.getWidth());
        assertThat(webp.height()).isEqualTo(expected.getHeight());
        var read = webp.read(1);
        if (webp.frame().isLossless()) {
            assertThat(points(read)).isEqualTo(points(expected));
        } else {
            assertAlike(name, read, expected);
        }
    }

    private static int[] points(BufferedImage image) {
        return image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
    }

    /**
     * Colours lie two points apart in a lossy file, and both spread them in their own way. So brightness has to be the same but for
     * its last bits, and colours over an area: what drifts from block to block is seen in the last quarter.
     */
    private static void assertAlike(String name, BufferedImage read, BufferedImage expected) {
        int w = expected.getWidth();
        int h = expected.getHeight();
        for (int quarter = 0; quarter < 4; quarter++) {
            double brightness = 0;
            var components = new double[3];
            int points = 0;
            for (int y = quarter / 2 * h / 2; y < (quarter / 2 + 1) * h / 2; y++) {
                for (int x = quarter % 2 * w / 2; x < (quarter % 2 + 1) * w / 2; x++) {
                    int is = read.getRGB(x, y);
                    int should = expected.getRGB(x, y);
                    assertThat(is >>> 24).as("%s at %d, %d", name, x, y).isEqualTo(should >>> 24);
                    brightness += Math.abs(brightness(is) - brightness(should));
                    for (int i = 0; i < 3; i++) {
                        components[i] += (is >>> 8 * i & 0xFF) - (should >>> 8 * i & 0xFF);
                    }
                    points++;
                }
            }
            assertThat(brightness / Math.max(1, points))
                    .as("%s, quarter %d", name, quarter)
                    .isLessThan(1.5);
            for (double component : components) {
                assertThat(component / Math.max(1, points))
                        .as("%s, quarter %d", name, quarter)
                        .isBetween(-4.0, 4.0);
            }
        }
    }

    private static double brightness(int point) {
        return 0.299 * (point >> 16 & 0xFF) + 0.587 * (point >> 8 & 0xFF) + 0.114 * (point & 0xFF);
    }

    @Test
    void what_is_transparent_without_compression_is_refused_rather_than_shown() throws IOException {
        var octets = Files.readAllBytes(FILES.resolve("alpha-as-it-is.webp"));
        assertThatThrownBy(() -> WebP.of(octets))
                .isInstanceOf(ProblemException.class)
                .hasMessageContaining("Save it as PNG");
    }

    @Test
    void coarser_reading_keeps_each_third_point() throws IOException {
        for (var name : List.of("lossless-6", "alpha-filter-1")) {
            var webp = WebP.of(file(name));
            var whole = webp.read(1);
            var third = webp.read(3);
            assertThat(third.getWidth()).isEqualTo(34);
            assertThat(third.getHeight()).isEqualTo(23);
            for (int y = 0; y < 23; y++) {
                for (int x = 0; x < 34; x++) {
                    // Colours of a lossy one are spread otherwise then.
                    int unlike = third.getRGB(x, y) ^ whole.getRGB(3 * x, 3 * y);
                    assertThat(webp.frame().isLossless() ? unlike : unlike >>> 24)
                            .isZero();
                }
            }
        }
    }

    @Test
    void of_an_animation_the_first_frame_is_read_in_its_place() throws IOException {
        var frame = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        uint24(frame, 10 / 2);
        uint24(frame, 6 / 2);
        uint24(frame, 101 - 1);
        uint24(frame, 67 - 1);
        var animation = riff(
                chunk("VP8X", extended(0x02, 200, 100)),
                chunk("ANIM", new byte[6]),
                chunk("ANMF", frame.array(), inside("lossless-6")),
                chunk("ANMF", frame.array(), inside("lossless-0")));
        var webp = WebP.of(animation);
        assertThat(webp.width()).isEqualTo(200);
        var read = webp.read(1);
        var expected = reference("lossless-6");
        assertThat(read.getRGB(9, 6)).as("beside it is nothing").isZero();
        assertThat(read.getRGB(111, 50)).isZero();
        assertThat(read.getRGB(10, 6)).isEqualTo(expected.getRGB(0, 0));
        assertThat(read.getRGB(110, 72)).isEqualTo(expected.getRGB(100, 66));
    }

    // --- what is wrong
    // --------------------------------------------------------------------------------------------------

    @Test
    void headers_that_contradict_each_other_are_refused_before_anything_is_made_for_them() {
        var inside = inside("lossy-5");
        assertBroken(riff(chunk("VP8X", extended(0, 4_000, 4_000)), inside), "two sizes");
        assertBroken(riff(chunk("VP8X", extended(0, 101, 67))), "no points");
        assertBroken(riff(chunk("VP8X", new byte[9]), inside), "too short");
        var frame = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        uint24(frame, 0xFFFFFF);
        uint24(frame, 0);
        uint24(frame, 100);
        uint24(frame, 66);
        assertBroken(
                riff(chunk("VP8X", extended(2, 101, 67)), chunk("ANMF", frame.array(), inside)),
                "larger than the picture");
        assertBroken(riff(chunk("VP8X", extended(2, 101, 67)), chunk("ANMF", new byte[16], inside)), "two sizes");
        assertBroken(riff(chunk("VP8 ", new byte[10])), "no VP8");
        assertBroken(riff(chunk("VP8L", new byte[10])), "no VP8L");
        assertBroken(riff(chunk("ABCD", new byte[10])), "no points");
        var whole = file("lossy-75");
        assertBroken(Arrays.copyOf(whole, whole.length - 1), "end is missing");
    }

    private static void assertBroken(byte[] octets, String words) {
        assertThatThrownBy(() -> WebP.of(octets))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(words);
    }

    /** Octets changed, cut off and moved: it is read, or refused; nothing else, and never with more memory than such a file needs. */
    @Test
    void whatever_a_file_holds_it_is_read_or_refused_within_bounded_memory() {
        var random = new Random(20_261_127);
        var names = names().stream().filter(name -> !name.equals("halves")).toList();
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        int read = 0;
        for (int i = 0; i < MUTATIONS; i++) {
            var name = names.get(random.nextInt(names.size()));
            var octets = mutated(file(name), random);
            long before = threads.getCurrentThreadAllocatedBytes();
            try {
                var webp = WebP.of(octets);
                if ((long) webp.width() * webp.height() <= 100_000) {
                    webp.read(1);
                    read++;
                }
            } catch (IOException | RuntimeException e) {
                assertThat(e).as(name).isNotInstanceOf(IllegalStateException.class);
            }
            assertThat(threads.getCurrentThreadAllocatedBytes() - before)
                    .as("mutation %d, of %s", i, name)
                    .isLessThan(MOST_ALLOCATED);
        }
        assertThat(read).as("not all are refused at the door").isGreaterThan(MUTATIONS / 10);
    }

    private static byte[] mutated(byte[] octets, Random random) {
        int kind = random.nextInt(4);
        if (kind == 0) {
            // What is cut off says so, or its header would be all that is looked at.
            var cut = Arrays.copyOf(octets, 12 + random.nextInt(octets.length - 12));
            ByteBuffer.wrap(cut).order(ByteOrder.LITTLE_ENDIAN).putInt(4, cut.length - 8);
            if (cut.length >= 20) {
                ByteBuffer.wrap(cut).order(ByteOrder.LITTLE_ENDIAN).putInt(16, cut.length - 20);
            }
            return cut;
        }
        int changes = 1 + random.nextInt(kind == 1 ? 1 : 8);
        for (int i = 0; i < changes; i++) {
            int at = (kind == 3 ? 20 + random.nextInt(Math.min(40, octets.length - 20)) : random.nextInt(octets.length))
                    % octets.length;
            octets[at] = (byte) random.nextInt(256);
        }
        return octets;
    }

    /** Each block may have codes of its own, of 20 bits: a few KB could ask for half a GB. */
    @ParameterizedTest
    @ValueSource(ints = {1_000, 16_000})
    void the_kinds_of_codes_that_a_file_may_have_are_bounded(int kinds) throws IOException {
        var octets = riff(chunk("VP8L", manyKinds(512, kinds)));
        var webp = WebP.of(octets);
        if (kinds > 10_000) {
            assertThatThrownBy(() -> webp.read(1)).hasMessageContaining("more memory");
        } else {
            assertThat(webp.read(1).getRGB(511, 511)).isEqualTo(0xFF000000);
        }
    }

    @Test
    void points_that_end_early_are_refused_though_each_header_says_so() {
        for (var name : List.of("lossless-4", "lossless-noise", "lossy-60-parts", "alpha-filter-1")) {
            var inside = inside(name);
            boolean extended = name.startsWith("alpha");
            // Of the last chunk, which holds the points, the half.
            int at = extended ? lastChunk(inside) : 0;
            int length = (ByteBuffer.wrap(inside).order(ByteOrder.LITTLE_ENDIAN).getInt(at + 4) / 2) & ~1;
            var half = Arrays.copyOf(inside, at + 8 + length);
            ByteBuffer.wrap(half).order(ByteOrder.LITTLE_ENDIAN).putInt(at + 4, length);
            assertThatThrownBy(() -> WebP.of(riff(half)).read(1)).as(name).isInstanceOf(IOException.class);
        }
    }

    private static int lastChunk(byte[] inside) {
        var chunks = ByteBuffer.wrap(inside).order(ByteOrder.LITTLE_ENDIAN);
        int at = 0;
        while (true) {
            int length = chunks.getInt(at + 4);
            int next = at + 8 + length + (length & 1);
            if (next >= inside.length) {
                return at;
            }
            at = next;
        }
    }

    /** A square in blocks of 4, each of the next kind; all codes have one symbol, so that points take no bits. */
    private static byte[] manyKinds(int side, int kinds) {
        var bits = new BitWriter();
        bits.put(0x2F, 8).put(side - 1, 14).put(side - 1, 14).put(0, 1).put(0, 3);
        bits.put(0, 1).put(0, 1); // no transform, no cache
        bits.put(1, 1).put(0, 3); // blocks of 4
        bits.put(0, 1); // the blocks' image: no cache
        for (int i = 0; i < 2; i++) {
            // Green and red are 256 symbols of eight bits: the length 8 is the only one, and takes no bits.
            bits.put(0, 1).put(12 - 4, 4);
            for (int length : new int[] {17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8}) {
                bits.put(length == 8 ? 1 : 0, 3);
            }
            bits.put(1, 1).put(3, 3).put(256 - 2, 8);
        }
        for (int i = 0; i < 3; i++) {
            bits.one(0);
        }
        int blocks = (side / 4) * (side / 4);
        for (int block = 0; block < blocks; block++) {
            int kind = block % kinds;
            bits.put(Integer.reverse(kind & 0xFF) >>> 24, 8).put(Integer.reverse(kind >> 8) >>> 24, 8);
        }
        for (int kind = 0; kind < Math.min(kinds, blocks); kind++) {
            bits.one(0).one(0).one(0).one(255).one(0);
        }
        return bits.octets();
    }

    private static final class BitWriter {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();
        private int octet;
        private int count;

        BitWriter put(int value, int bits) {
            for (int i = 0; i < bits; i++) {
                octet |= (value >> i & 1) << count;
                if (++count == 8) {
                    out.write(octet);
                    octet = 0;
                    count = 0;
                }
            }
            return this;
        }

        /** A code of one symbol. */
        BitWriter one(int symbol) {
            put(1, 1).put(0, 1);
            return symbol > 1 ? put(1, 1).put(symbol, 8) : put(0, 1).put(symbol, 1);
        }

        byte[] octets() {
            put(0, 8);
            return out.toByteArray();
        }
    }

    // --- files made by hand
    // ---------------------------------------------------------------------------------------------

    public static byte[] riff(byte[]... chunks) {
        var body = joined(chunks);
        return ByteBuffer.allocate(12 + body.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put("RIFF".getBytes(StandardCharsets.US_ASCII))
                .putInt(4 + body.length)
                .put("WEBP".getBytes(StandardCharsets.US_ASCII))
                .put(body)
                .array();
    }

    public static byte[] chunk(String tag, byte[]... parts) {
        var body = joined(parts);
        return ByteBuffer.allocate(8 + body.length + (body.length & 1))
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(tag.getBytes(StandardCharsets.US_ASCII))
                .putInt(body.length)
                .put(body)
                .array();
    }

    /** The header of a file that has more than points. */
    public static byte[] extended(int flags, int width, int height) {
        var body = ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN).putInt(flags);
        uint24(body, width - 1);
        uint24(body, height - 1);
        return body.array();
    }

    /** The chunks of a file, without what stands before them. */
    public static byte[] inside(String name) {
        var octets = file(name);
        return Arrays.copyOfRange(octets, 12, octets.length);
    }

    private static void uint24(ByteBuffer into, int value) {
        into.putShort((short) value).put((byte) (value >> 16));
    }

    private static byte[] joined(byte[]... parts) {
        var out = new ByteArrayOutputStream();
        Stream.of(parts).forEach(out::writeBytes);
        return out.toByteArray();
    }
}
