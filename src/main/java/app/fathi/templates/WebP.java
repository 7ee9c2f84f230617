package app.fathi.templates;

import com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi;
import java.awt.AlphaComposite;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * What a WebP file says of itself, looked at before anything is made for it. Points are read by a library, which is given no more
 * than the chunks of one frame that were looked at here. Of an animation the first frame counts.
 *
 * @param width of the whole picture
 * @param exif what a camera wrote beside the points (TIFF); null for nothing
 */
record WebP(int width, int height, ByteBuffer exif, Frame frame) {
    private static final int HEADER = 12;
    private static final int CHUNK_HEADER = 8;
    private static final int FRAME_HEADER = 16;
    private static final int EXTENDED = 10;

    private static final int RIFF = tag("RIFF");
    private static final int WEBP = tag("WEBP");
    private static final int VP8 = tag("VP8 ");
    private static final int VP8L = tag("VP8L");
    private static final int VP8X = tag("VP8X");
    private static final int ALPH = tag("ALPH");
    private static final int ANMF = tag("ANMF");
    private static final int EXIF = tag("EXIF");

    private static final int HAS_ALPHA = 0x10;

    /** Bits are taken ahead of those that are needed: these are nothing, behind the end. */
    private static final int TAKEN_AHEAD = 16;

    /**
     * @param x where it lies in the whole picture
     * @param points lossy ({@code VP8}) or lossless ({@code VP8L})
     * @param alpha how transparent each is, where that is held apart; else null
     */
    record Frame(int x, int y, int width, int height, Chunk points, Chunk alpha) {
        boolean isLossless() {
            return points.tag == VP8L;
        }

        /** Up to where the file of this frame may ask for tables of any size: a lossy part takes what its points need. */
        private long tablesEnd() {
            return isLossless() ? Long.MAX_VALUE : alpha == null ? 0 : HEADER + CHUNK_HEADER + EXTENDED + alpha.room();
        }

        /** A file of this frame alone, without colour profiles and whatever else there was. */
        private byte[] file() {
            var file = ByteBuffer.allocate(HEADER
                            + CHUNK_HEADER
                            + EXTENDED
                            + points.room()
                            + (alpha == null ? 0 : alpha.room())
                            + TAKEN_AHEAD)
                    .order(ByteOrder.LITTLE_ENDIAN);
            file.putInt(RIFF).putInt(0).putInt(WEBP);
            if (alpha != null) {
                file.putInt(VP8X).putInt(EXTENDED).putInt(HAS_ALPHA);
                putUint24(file, width - 1);
                putUint24(file, height - 1);
                alpha.writeTo(file);
            }
            points.writeTo(file);
            file.putInt(4, file.position() - CHUNK_HEADER);
            return Arrays.copyOf(file.array(), file.position() + TAKEN_AHEAD);
        }
    }

    /** A part of the file. */
    record Chunk(int tag, ByteBuffer body) {
        /** Moves behind it. */
        static Chunk next(ByteBuffer file) throws IOException {
            if (file.remaining() < CHUNK_HEADER) {
                throw broken("its end is missing");
            }
            int tag = file.getInt();
            long length = Integer.toUnsignedLong(file.getInt());
            if (length > file.remaining()) {
                throw broken("its end is missing");
            }
            var body = file.slice(file.position(), (int) length).order(ByteOrder.LITTLE_ENDIAN);
            // What is odd is followed by an octet of nothing.
            file.position((int) Math.min(file.limit(), file.position() + length + (length & 1)));
            return new Chunk(tag, body);
        }

        int room() {
            return CHUNK_HEADER + body.limit() + 1;
        }

        void writeTo(ByteBuffer file) {
            file.putInt(tag).putInt(body.limit()).put(body.duplicate().rewind());
            if (body.limit() % 2 == 1) {
                file.put((byte) 0);
            }
        }
    }

    private static int tag(String name) {
        return ByteBuffer.wrap(name.getBytes(StandardCharsets.US_ASCII))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getInt();
    }

    static boolean is(byte[] octets) {
        var file = ByteBuffer.wrap(octets).order(ByteOrder.LITTLE_ENDIAN);
        return octets.length >= HEADER && file.getInt(0) == RIFF && file.getInt(8) == WEBP;
    }

    /** Looks at the headers alone. Fails with an {@code IOException} when they contradict each other, or the end is missing. */
    static WebP of(byte[] octets) throws IOException {
        var file = ByteBuffer.wrap(octets).order(ByteOrder.LITTLE_ENDIAN);
        long end = CHUNK_HEADER + Integer.toUnsignedLong(file.getInt(4));
        if (end > octets.length || end < HEADER) {
            throw broken("its end is missing");
        }
        file.limit((int) end).position(HEADER);
        var first = Chunk.next(file);
        if (first.tag != VP8X) {
            var frame = frame(first, null);
            return new WebP(frame.width, frame.height, null, frame);
        }
        if (first.body.remaining() < EXTENDED) {
            throw broken("its header is too short");
        }
        return extended(uint24(first.body, 4) + 1, uint24(first.body, 7) + 1, file);
    }

    private static WebP extended(int width, int height, ByteBuffer file) throws IOException {
        Frame frame = null;
        Chunk alpha = null;
        ByteBuffer exif = null;
        while (file.remaining() >= CHUNK_HEADER) {
            var chunk = Chunk.next(file);
            if (chunk.tag == EXIF) {
                exif = chunk.body;
            } else if (chunk.tag == ALPH) {
                alpha = chunk;
            } else if (frame == null && chunk.tag == ANMF) {
                frame = animated(chunk.body);
            } else if (frame == null && (chunk.tag == VP8 || chunk.tag == VP8L)) {
                frame = sized(frame(chunk, alpha), 0, 0, width, height);
            }
        }
        if (frame == null) {
            throw broken("it holds no points");
        }
        if ((long) frame.x + frame.width > width || (long) frame.y + frame.height > height) {
            throw broken("a frame is larger than the picture");
        }
        return new WebP(width, height, exif, frame);
    }

    private static Frame animated(ByteBuffer body) throws IOException {
        if (body.remaining() < FRAME_HEADER) {
            throw broken("a frame is too short");
        }
        Chunk alpha = null;
        body.position(FRAME_HEADER);
        while (body.remaining() >= CHUNK_HEADER) {
            var chunk = Chunk.next(body);
            if (chunk.tag == ALPH) {
                alpha = chunk;
            } else if (chunk.tag == VP8 || chunk.tag == VP8L) {
                var frame = frame(chunk, alpha);
                return sized(frame, 2 * uint24(body, 0), 2 * uint24(body, 3), uint24(body, 6) + 1, uint24(body, 9) + 1);
            }
        }
        throw broken("a frame holds no points");
    }

    /** In its place, if it has the size that is said of it elsewhere. */
    private static Frame sized(Frame frame, int x, int y, int width, int height) throws IOException {
        if (frame.width != width || frame.height != height) {
            throw broken("its headers name two sizes");
        }
        return new Frame(x, y, width, height, frame.points, frame.alpha);
    }

    private static Frame frame(Chunk chunk, Chunk alpha) throws IOException {
        if (chunk.tag == VP8L) {
            return lossless(chunk);
        }
        if (chunk.tag != VP8) {
            throw broken("it holds no points");
        }
        return lossy(chunk, alpha);
    }

    private static Frame lossless(Chunk chunk) throws IOException {
        var body = chunk.body;
        if (body.limit() < 6 || body.get(0) != 0x2F || body.getInt(1) >>> 29 != 0) {
            throw broken("it holds no VP8L");
        }
        int sizes = body.getInt(1);
        return new Frame(0, 0, 1 + (sizes & 0x3FFF), 1 + (sizes >>> 14 & 0x3FFF), chunk, null);
    }

    private static Frame lossy(Chunk chunk, Chunk alpha) throws IOException {
        var body = chunk.body;
        boolean isKeyFrame = body.limit() >= 10 && (body.get(0) & 1) == 0 && uint24(body, 3) == 0x2A019D;
        if (!isKeyFrame || uint24(body, 0) >>> 5 > body.limit() - 10) {
            throw broken("it holds no VP8");
        }
        int width = body.getShort(6) & 0x3FFF;
        int height = body.getShort(8) & 0x3FFF;
        if (width == 0 || height == 0) {
            throw broken("it has no points");
        }
        if (alpha != null) {
            requireAlpha(alpha.body);
        }
        return new Frame(0, 0, width, height, chunk, alpha);
    }

    private static void requireAlpha(ByteBuffer alpha) throws IOException {
        if (alpha.limit() < 2 || (alpha.get(0) & 3) > 1) {
            throw broken("what is transparent in it cannot be read");
        }
        if ((alpha.get(0) & 3) == 0) {
            throw Picture.refused(
                    "The WebP says what is transparent in it without compression, which is not read. Save it as PNG.");
        }
    }

    private static int uint24(ByteBuffer from, int at) {
        return from.getShort(at) & 0xFFFF | (from.get(at + 2) & 0xFF) << 16;
    }

    private static void putUint24(ByteBuffer into, int value) {
        into.putShort((short) value).put((byte) (value >> 16));
    }

    private static IOException broken(String why) {
        return new IOException("The WebP is broken: " + why);
    }

    /**
     * Its points, of which each {@code step}-th is kept in both directions. CPU and memory for the whole frame. Fails with an
     * {@code IOException} or a {@code RuntimeException} when it cannot be read.
     */
    BufferedImage read(int step) throws IOException {
        var reader = new WebPImageReaderSpi().createReaderInstance(null);
        try (var in = new BoundedImageInput(frame.file(), frame.tablesEnd(), (long) frame.width * frame.height)) {
            reader.setInput(in, true, true);
            var parameters = reader.getDefaultReadParam();
            parameters.setSourceSubsampling(step, step, 0, 0);
            var read = reader.read(0, parameters);
            return frame.width == width && frame.height == height ? read : placed(read, step);
        } finally {
            reader.dispose();
        }
    }

    /** With nothing around it. */
    private BufferedImage placed(BufferedImage read, int step) {
        var whole =
                new BufferedImage(Math.ceilDiv(width, step), Math.ceilDiv(height, step), BufferedImage.TYPE_INT_ARGB);
        var graphics = whole.createGraphics();
        graphics.setComposite(AlphaComposite.Src);
        graphics.drawImage(read, frame.x / step, frame.y / step, null);
        graphics.dispose();
        return whole;
    }
}
