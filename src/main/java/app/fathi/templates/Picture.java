package app.fathi.templates;

import app.fathi.platform.errors.ProblemException;
import java.awt.AlphaComposite;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.ImageWriteParam;
import javax.imageio.stream.MemoryCacheImageInputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * Somebody's picture, read within bounds and made into the sizes that platforms show. Of what was uploaded only the points
 * remain: no metadata, no further frames, nothing behind its end. CPU and memory: for a worker, two at a time.
 *
 * @param width of what was uploaded, upright
 * @param files by the names under which they are served
 */
record Picture(int width, int height, Map<String, byte[]> files) {
    static final String ICON = "icon-192.png";
    static final String LARGE_ICON = "icon-512.png";
    static final String BADGE = "badge-96.png";
    static final String IMAGE = "image-1024.jpg";

    /** Longer sides are read coarser: no size that we make needs more. */
    private static final int READ_SIDE = 2_048;

    private static final float JPEG_QUALITY = 0.85f;

    /** The reader of WebP takes more memory and time for each point, even to read it coarser: so many times fewer are taken. */
    private static final int WEBP_SHARE = 4;

    /** @param pixelsLimit of what was uploaded; it is looked at before anything is made for them */
    static Picture of(byte[] octets, long pixelsLimit) {
        try {
            return WebP.is(octets) ? ofWebP(octets, pixelsLimit) : ofAnother(octets, pixelsLimit);
        } catch (IOException | RuntimeException e) {
            if (e instanceof ProblemException refused) {
                throw refused;
            }
            throw refused("The picture is broken: it cannot be read to its end.");
        }
    }

    private static Picture ofWebP(byte[] octets, long pixelsLimit) throws IOException {
        var file = WebP.of(octets);
        requireSize(file.width(), file.height(), pixelsLimit / WEBP_SHARE);
        var image = file.read(step(file.width(), file.height()));
        return of(file.width(), file.height(), Orientation.ofExif(file.exif()).apply(image));
    }

    private static Picture ofAnother(byte[] octets, long pixelsLimit) throws IOException {
        var reader = reader(octets);
        try (var in = new MemoryCacheImageInputStream(new ByteArrayInputStream(octets))) {
            reader.setInput(in, true, true);
            int width = reader.getWidth(0);
            int height = reader.getHeight(0);
            requireSize(width, height, pixelsLimit);
            return of(width, height, Orientation.of(octets).apply(read(reader, step(width, height))));
        } finally {
            reader.dispose();
        }
    }

    private static void requireSize(int width, int height, long pixelsLimit) {
        if ((long) width * height > pixelsLimit) {
            throw refused("The picture has " + width + " × " + height + " pixels; at most " + pixelsLimit
                    + " are taken. Make it smaller.");
        }
    }

    private static Picture of(int width, int height, BufferedImage upright) throws IOException {
        boolean turned = upright.getWidth() > upright.getHeight() != width > height && width != height;
        return new Picture(turned ? height : width, turned ? width : height, files(upright));
    }

    static ProblemException refused(String why) {
        return ProblemException.unprocessable("/data", why);
    }

    /** By what the octets are, whatever somebody calls them. */
    private static ImageReader reader(byte[] octets) {
        var format = format(octets);
        if (format == null) {
            throw refused(
                    isMarkup(octets)
                            ? "SVG and other markup is not taken: it can hold programs. Save it as PNG."
                            : isAvif(octets)
                                    ? "AVIF is not taken. Save it as WebP, PNG or JPEG."
                                    : "This is no PNG, JPEG, GIF or WebP.");
        }
        Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format);
        return readers.next();
    }

    private static String format(byte[] octets) {
        return startsWith(octets, 0x89, 'P', 'N', 'G')
                ? "png"
                : startsWith(octets, 0xFF, 0xD8, 0xFF) ? "jpeg" : startsWith(octets, 'G', 'I', 'F', '8') ? "gif" : null;
    }

    private static boolean startsWith(byte[] octets, int... magic) {
        for (int i = 0; i < magic.length; i++) {
            if (i >= octets.length || (octets[i] & 0xFF) != magic[i]) {
                return false;
            }
        }
        return true;
    }

    private static boolean isAvif(byte[] octets) {
        return octets.length >= 12
                && List.of("ftypavif", "ftypavis").contains(new String(octets, 4, 8, StandardCharsets.ISO_8859_1));
    }

    private static boolean isMarkup(byte[] octets) {
        int i = startsWith(octets, 0xEF, 0xBB, 0xBF) ? 3 : 0;
        while (i < octets.length && octets[i] <= ' ' && octets[i] >= 0) {
            i++;
        }
        return i < octets.length && octets[i] == '<';
    }

    /** How many points become one when it is read. */
    private static int step(int width, int height) {
        int step = Math.max(1, Math.min(width, height) / READ_SIDE);
        // A strip that is very long and hardly high is read coarser, too.
        return Math.max(step, Math.ceilDiv(Math.max(width, height), 4 * READ_SIDE));
    }

    private static BufferedImage read(ImageReader reader, int step) throws IOException {
        var parameters = reader.getDefaultReadParam();
        parameters.setSourceSubsampling(step, step, 0, 0);
        return reader.read(0, parameters);
    }

    // --- sizes ----------------------------------------------------------------------------------------------------

    private static Map<String, byte[]> files(BufferedImage upright) throws IOException {
        var files = new LinkedHashMap<String, byte[]>();
        files.put(ICON, png(covering(upright, 192, 192, true)));
        files.put(LARGE_ICON, png(covering(upright, 512, 512, true)));
        files.put(BADGE, png(badge(covering(upright, 96, 96, true))));
        files.put(IMAGE, jpeg(covering(upright, 1_024, 512, false)));
        return files;
    }

    /** Its middle, so large that it covers all. */
    private static BufferedImage covering(BufferedImage from, int width, int height, boolean alpha) {
        var to = new BufferedImage(width, height, alpha ? BufferedImage.TYPE_INT_ARGB : BufferedImage.TYPE_INT_RGB);
        var graphics = to.createGraphics();
        if (!alpha) {
            graphics.setColor(Color.WHITE);
            graphics.fillRect(0, 0, width, height);
        }
        double scale = Math.max((double) width / from.getWidth(), (double) height / from.getHeight());
        draw(graphics, halved(from, scale), width, height);
        graphics.dispose();
        return to;
    }

    /** Bilinear scaling looks at four points only: what becomes much smaller is halved until it may be. */
    private static BufferedImage halved(BufferedImage from, double scale) {
        var image = from;
        while (scale < 0.5 && Math.min(image.getWidth(), image.getHeight()) > 1) {
            var half = new BufferedImage(
                    Math.max(1, image.getWidth() / 2), Math.max(1, image.getHeight() / 2), BufferedImage.TYPE_INT_ARGB);
            var graphics = half.createGraphics();
            smooth(graphics);
            graphics.drawImage(image, 0, 0, half.getWidth(), half.getHeight(), null);
            graphics.dispose();
            image = half;
            scale *= 2;
        }
        return image;
    }

    private static void draw(Graphics2D graphics, BufferedImage from, int width, int height) {
        smooth(graphics);
        double scale = Math.max((double) width / from.getWidth(), (double) height / from.getHeight());
        int drawnWidth = (int) Math.ceil(from.getWidth() * scale);
        int drawnHeight = (int) Math.ceil(from.getHeight() * scale);
        graphics.setComposite(AlphaComposite.SrcOver);
        graphics.drawImage(from, (width - drawnWidth) / 2, (height - drawnHeight) / 2, drawnWidth, drawnHeight, null);
    }

    private static void smooth(Graphics2D graphics) {
        graphics.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
        graphics.setRenderingHint(RenderingHints.KEY_RENDERING, RenderingHints.VALUE_RENDER_QUALITY);
    }

    /** White on nothing: by what is transparent in it, else by what is dark. */
    private static BufferedImage badge(BufferedImage icon) {
        boolean transparent = isTransparent(icon);
        var badge = new BufferedImage(icon.getWidth(), icon.getHeight(), BufferedImage.TYPE_INT_ARGB);
        for (int y = 0; y < icon.getHeight(); y++) {
            for (int x = 0; x < icon.getWidth(); x++) {
                int point = icon.getRGB(x, y);
                int alpha = transparent ? point >>> 24 : 255 - brightness(point);
                badge.setRGB(x, y, alpha << 24 | 0xFFFFFF);
            }
        }
        return badge;
    }

    private static boolean isTransparent(BufferedImage icon) {
        for (int y = 0; y < icon.getHeight(); y++) {
            for (int x = 0; x < icon.getWidth(); x++) {
                if (icon.getRGB(x, y) >>> 24 < 128) {
                    return true;
                }
            }
        }
        return false;
    }

    private static int brightness(int point) {
        return ((point >> 16 & 0xFF) * 299 + (point >> 8 & 0xFF) * 587 + (point & 0xFF) * 114) / 1_000;
    }

    private static byte[] png(BufferedImage image) throws IOException {
        return written("png", image, -1);
    }

    private static byte[] jpeg(BufferedImage image) throws IOException {
        return written("jpeg", image, JPEG_QUALITY);
    }

    private static byte[] written(String format, BufferedImage image, float quality) throws IOException {
        var writer = ImageIO.getImageWritersByFormatName(format).next();
        var octets = new ByteArrayOutputStream();
        try (var out = new MemoryCacheImageOutputStream(octets)) {
            writer.setOutput(out);
            var parameters = writer.getDefaultWriteParam();
            if (quality > 0) {
                parameters.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
                parameters.setCompressionQuality(quality);
            }
            writer.write(null, new IIOImage(image, null, null), parameters);
        } finally {
            writer.dispose();
        }
        return octets.toByteArray();
    }
}
