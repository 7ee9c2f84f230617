package app.fathi.templates;

import java.awt.geom.AffineTransform;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * How a camera was held (Exif tag 0x0112, 1 to 8): a picture that loses its metadata is turned upright before. What cannot be
 * read is upright.
 */
record Orientation(int code) {
    private static final int APP1 = 0xE1;
    private static final int START_OF_SCAN = 0xDA;
    private static final int EXIF = 0x45786966;
    private static final int TAG = 0x0112;
    private static final int MOST_ENTRIES = 512;

    /** Of a JPEG; anything else is upright. */
    static Orientation of(byte[] octets) {
        try {
            return new Orientation(code(ByteBuffer.wrap(octets)));
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            return new Orientation(1);
        }
    }

    /** @param tiff what a camera wrote; null for nothing */
    static Orientation ofExif(ByteBuffer tiff) {
        if (tiff == null) {
            return new Orientation(1);
        }
        try {
            boolean named = tiff.order(ByteOrder.BIG_ENDIAN).getInt(0) == EXIF;
            return new Orientation(exif(named ? tiff.slice(6, tiff.limit() - 6) : tiff));
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            return new Orientation(1);
        }
    }

    private static int code(ByteBuffer jpeg) {
        if (jpeg.getShort(0) != (short) 0xFFD8) {
            return 1;
        }
        int at = 2;
        while ((jpeg.get(at) & 0xFF) == 0xFF) {
            int marker = jpeg.get(at + 1) & 0xFF;
            int length = jpeg.getShort(at + 2) & 0xFFFF;
            if (marker == START_OF_SCAN || length < 2) {
                return 1;
            }
            if (marker == APP1 && jpeg.getInt(at + 4) == EXIF) {
                return exif(jpeg.slice(at + 10, length - 8));
            }
            at += 2 + length;
        }
        return 1;
    }

    private static int exif(ByteBuffer tiff) {
        tiff.order(tiff.getShort(0) == 0x4949 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        int directory = tiff.getInt(4);
        int entries = Math.min(tiff.getShort(directory) & 0xFFFF, MOST_ENTRIES);
        for (int i = 0; i < entries; i++) {
            int entry = directory + 2 + 12 * i;
            if ((tiff.getShort(entry) & 0xFFFF) == TAG) {
                int code = tiff.getShort(entry + 8);
                return code >= 1 && code <= 8 ? code : 1;
            }
        }
        return 1;
    }

    BufferedImage apply(BufferedImage image) {
        if (code == 1) {
            return image;
        }
        int w = image.getWidth();
        int h = image.getHeight();
        var turned = new BufferedImage(code >= 5 ? h : w, code >= 5 ? w : h, BufferedImage.TYPE_INT_ARGB);
        var graphics = turned.createGraphics();
        graphics.drawImage(
                image,
                switch (code) {
                    case 2 -> new AffineTransform(-1, 0, 0, 1, w, 0);
                    case 3 -> new AffineTransform(-1, 0, 0, -1, w, h);
                    case 4 -> new AffineTransform(1, 0, 0, -1, 0, h);
                    case 5 -> new AffineTransform(0, 1, 1, 0, 0, 0);
                    case 6 -> new AffineTransform(0, 1, -1, 0, h, 0);
                    case 7 -> new AffineTransform(0, -1, -1, 0, h, w);
                    default -> new AffineTransform(0, -1, 1, 0, 0, w);
                },
                null);
        graphics.dispose();
        return turned;
    }
}
