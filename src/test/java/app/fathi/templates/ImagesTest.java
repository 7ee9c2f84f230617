package app.fathi.templates;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.errors.ProblemException;
import app.fathi.testing.TestServer;
import app.fathi.testing.TestServer.Answer;
import io.vertx.core.json.JsonObject;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ImagesTest {
    private static final String IMAGES = "/api/v1/template-images";
    private static final long PIXELS = 24_000_000;

    private static TestServer server;

    @BeforeAll
    static void start() {
        server =
                TestServer.start(Map.of("FATHI_IMAGES_PER_WORKSPACE", "3", "FATHI_IMAGES_UPLOAD_LIMIT_BYTES", "65536"));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    // ---- pictures --------------------------------------------------------------------------------------------------

    /** Red on the left, blue on the right. */
    private static BufferedImage halves(int width, int height) {
        var image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        var graphics = image.createGraphics();
        graphics.setColor(Color.RED);
        graphics.fillRect(0, 0, width / 2, height);
        graphics.setColor(Color.BLUE);
        graphics.fillRect(width / 2, 0, width - width / 2, height);
        graphics.dispose();
        return image;
    }

    private static byte[] octets(String format, BufferedImage image) {
        try {
            var out = new ByteArrayOutputStream();
            ImageIO.write(image, format, out);
            return out.toByteArray();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static BufferedImage read(byte[] octets) {
        try {
            return ImageIO.read(new ByteArrayInputStream(octets));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A photo with Exif: how the camera was held, and where. */
    private static byte[] photo(BufferedImage image, int orientation) {
        var jpeg = octets("jpeg", image);
        var where = "GPS 41.0082 N 28.9784 E".getBytes(StandardCharsets.US_ASCII);
        var tiff = ByteBuffer.allocate(8 + 2 + 12 + 4 + where.length)
                .put("MM\0*".getBytes(StandardCharsets.US_ASCII))
                .putInt(8)
                .putShort((short) 1)
                .putShort((short) 0x0112)
                .putShort((short) 3)
                .putInt(1)
                .putShort((short) orientation)
                .putShort((short) 0)
                .putInt(0)
                .put(where)
                .array();
        return ByteBuffer.allocate(jpeg.length + 10 + tiff.length)
                .put(jpeg, 0, 2)
                .putShort((short) 0xFFE1)
                .putShort((short) (8 + tiff.length))
                .put("Exif\0\0".getBytes(StandardCharsets.US_ASCII))
                .put(tiff)
                .put(jpeg, 2, jpeg.length - 2)
                .array();
    }

    private static boolean isRed(BufferedImage image, int x, int y) {
        var color = new Color(image.getRGB(x, y));
        return color.getRed() > 180 && color.getBlue() < 80;
    }

    @Test
    void each_format_becomes_the_sizes_that_platforms_show() {
        for (var format : List.of("png", "jpeg", "gif")) {
            var picture = Picture.of(octets(format, halves(600, 300)), PIXELS);
            assertThat(picture.width()).isEqualTo(600);
            var files = picture.files();
            assertThat(files.keySet())
                    .containsExactly("icon-192.png", "icon-512.png", "badge-96.png", "image-1024.jpg");
            var icon = read(files.get(Picture.ICON));
            assertThat(icon.getWidth()).isEqualTo(192);
            assertThat(icon.getHeight()).isEqualTo(192);
            assertThat(isRed(icon, 10, 96)).isTrue();
            assertThat(isRed(icon, 180, 96)).isFalse();
            assertThat(read(files.get(Picture.LARGE_ICON)).getWidth()).isEqualTo(512);
            var image = read(files.get(Picture.IMAGE));
            assertThat(image.getWidth()).isEqualTo(1_024);
            assertThat(image.getHeight()).isEqualTo(512);
            assertThat(isRed(image, 100, 256)).isTrue();
            var badge = read(files.get(Picture.BADGE));
            assertThat(badge.getRGB(5, 50) & 0xFFFFFF).as("white on nothing").isEqualTo(0xFFFFFF);
            assertThat(badge.getRGB(90, 50) >>> 24)
                    .as("what is darker is there more")
                    .isGreaterThan(badge.getRGB(5, 50) >>> 24);
        }
    }

    @Test
    void where_a_photo_was_taken_is_gone_and_it_stands_upright() {
        var photo = photo(halves(400, 200), 6);
        assertThat(new String(photo, StandardCharsets.ISO_8859_1)).contains("GPS 41.0082");
        var picture = Picture.of(photo, PIXELS);
        assertThat(picture.width()).as("turned by a quarter").isEqualTo(200);
        assertThat(picture.height()).isEqualTo(400);
        picture.files().values().forEach(file -> assertThat(new String(file, StandardCharsets.ISO_8859_1))
                .doesNotContain("Exif", "GPS", "41.0082"));
        var icon = read(picture.files().get(Picture.ICON));
        assertThat(isRed(icon, 96, 10)).as("what was left is on top").isTrue();
        assertThat(isRed(icon, 96, 180)).isFalse();
    }

    @Test
    void what_is_transparent_becomes_the_badge() {
        var image = new BufferedImage(100, 100, BufferedImage.TYPE_INT_ARGB);
        for (int y = 30; y < 70; y++) {
            for (int x = 30; x < 70; x++) {
                image.setRGB(x, y, 0xFFFFFFFF);
            }
        }
        var badge = read(Picture.of(octets("png", image), PIXELS).files().get(Picture.BADGE));
        assertThat(badge.getRGB(48, 48) >>> 24).isGreaterThan(200);
        assertThat(badge.getRGB(5, 5) >>> 24).isZero();
    }

    @Test
    void a_webp_becomes_the_same_sizes_upright_and_without_what_else_it_holds() {
        var lossy = WebPTest.file("halves");
        var exif = photoExif(6);
        assertThat(new String(exif, StandardCharsets.ISO_8859_1)).contains("GPS 41.0082");
        var photo = WebPTest.riff(
                WebPTest.chunk("VP8X", WebPTest.extended(0x08, 600, 300)),
                WebPTest.inside("halves"),
                WebPTest.chunk("EXIF", exif));
        for (var octets : List.of(lossy, photo)) {
            var picture = Picture.of(octets, PIXELS);
            boolean turned = octets == photo;
            assertThat(picture.width()).isEqualTo(turned ? 300 : 600);
            var icon = read(picture.files().get(Picture.ICON));
            assertThat(isRed(icon, turned ? 96 : 10, turned ? 10 : 96)).isTrue();
            assertThat(isRed(icon, turned ? 96 : 180, turned ? 180 : 96)).isFalse();
            picture.files().values().forEach(file -> assertThat(new String(file, StandardCharsets.ISO_8859_1))
                    .doesNotContain("Exif", "GPS", "41.0082"));
        }
        var badge =
                read(Picture.of(WebPTest.file("transparent"), PIXELS).files().get(Picture.BADGE));
        assertThat(badge.getRGB(48, 48) >>> 24).isGreaterThan(200);
        assertThat(badge.getRGB(5, 5) >>> 24).isZero();
    }

    /** What a camera writes beside a picture. */
    private static byte[] photoExif(int orientation) {
        var jpeg = photo(halves(8, 8), orientation);
        int length = ByteBuffer.wrap(jpeg).getShort(4) & 0xFFFF;
        return java.util.Arrays.copyOfRange(jpeg, 6, 4 + length);
    }

    @Test
    void a_webp_that_claims_too_much_is_refused_before_it_is_read() {
        var large = ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN);
        large.putInt(0x00000010).put(3, new byte[] {(byte) 0x9D, 1, 0x2A}).putShort(6, (short) 16_000);
        large.putShort(8, (short) 16_000);
        assertRefused(WebPTest.riff(WebPTest.chunk("VP8 ", large.array())), "16000 × 16000 pixels");
        var canvas = WebPTest.extended(2, 1 << 24, 1 << 24);
        var frame = new byte[] {0, 0, 0, 0, 0, 0, (byte) 0x57, 2, 0, 0x2B, 1, 0, 0, 0, 0, 0};
        assertRefused(
                WebPTest.riff(WebPTest.chunk("VP8X", canvas), WebPTest.chunk("ANMF", frame, WebPTest.inside("halves"))),
                "16777216 × 16777216 pixels");
        var lossless = ByteBuffer.allocate(6).order(ByteOrder.LITTLE_ENDIAN);
        lossless.put((byte) 0x2F).putInt(3_999 | 3_999 << 14);
        assertRefused(WebPTest.riff(WebPTest.chunk("VP8L", lossless.array())), "4000 × 4000 pixels; at most 6000000");
    }

    /** A PNG that says how large it is, and holds next to nothing. */
    private static byte[] claiming(int width, int height) {
        var header = ByteBuffer.allocate(17)
                .put("IHDR".getBytes(StandardCharsets.US_ASCII))
                .putInt(width)
                .putInt(height)
                .put(new byte[] {1, 0, 0, 0, 0});
        var crc = new CRC32();
        crc.update(header.array());
        return ByteBuffer.allocate(8 + 4 + 17 + 4)
                .put(new byte[] {(byte) 0x89, 'P', 'N', 'G', 13, 10, 26, 10})
                .putInt(13)
                .put(header.array())
                .putInt((int) crc.getValue())
                .array();
    }

    @Test
    void bombs_markup_and_broken_pictures_are_refused_in_words() {
        assertRefused(claiming(10_000, 5_000), "10000 × 5000 pixels");
        assertRefused(claiming(Integer.MAX_VALUE, Integer.MAX_VALUE), "pixels");
        assertRefused("<svg xmlns='http://www.w3.org/2000/svg'/>".getBytes(StandardCharsets.UTF_8), "SVG");
        assertRefused("\uFEFF \n<?xml version='1.0'?>".getBytes(StandardCharsets.UTF_8), "SVG");
        assertRefused("RIFF....WAVE".getBytes(StandardCharsets.UTF_8), "no PNG");
        assertRefused("RIFF....WEBP".getBytes(StandardCharsets.UTF_8), "broken");
        assertRefused("\0\0\0\40ftypavif".getBytes(StandardCharsets.UTF_8), "AVIF");
        assertRefused(new byte[0], "no PNG");
        var whole = octets("png", halves(50, 50));
        assertRefused(java.util.Arrays.copyOf(whole, whole.length / 2), "broken");
        assertRefused(claiming(10, 10), "broken");
    }

    private static void assertRefused(byte[] octets, String words) {
        assertThatThrownBy(() -> Picture.of(octets, PIXELS))
                .isInstanceOfSatisfying(
                        ProblemException.class,
                        e -> assertThat(e.problem().detail()).contains(words));
    }

    // ---- over HTTP -------------------------------------------------------------------------------------------------

    private static JsonObject draft(String name, byte[] octets) {
        return new JsonObject()
                .put("name", name)
                .put("data", Base64.getEncoder().encodeToString(octets));
    }

    private static Answer upload(byte[] octets, String type) {
        return server.octets("POST", IMAGES + "?name=raw", server.token(), octets, "Content-Type", type);
    }

    private static HttpResponse<byte[]> get(String url) {
        try (var client = HttpClient.newHttpClient()) {
            return client.send(
                    HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofByteArray());
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void a_picture_is_uploaded_listed_served_to_everybody_and_deleted() {
        var png = octets("png", halves(64, 64));
        var made = server.admin("POST", IMAGES, draft("Basket", png));
        assertThat(made.status()).as(made.body()).isEqualTo(201);
        var raw = upload(png, "image/png");
        assertThat(raw.status()).as(raw.body()).isEqualTo(201);
        var webp = upload(WebPTest.file("halves"), "image/webp");
        assertThat(webp.status()).as(webp.body()).isEqualTo(201);
        server.admin("DELETE", webp.header("Location"), null);
        assertThat(server.admin("GET", IMAGES + "?q=bask", null).json().getJsonArray("items"))
                .hasSize(1);
        var urls = made.json().getJsonObject("urls");
        var icon = get(urls.getString("icon"));
        assertThat(icon.statusCode()).isEqualTo(200);
        assertThat(icon.headers().firstValue("content-type")).contains("image/png");
        assertThat(icon.headers().firstValue("x-content-type-options")).contains("nosniff");
        assertThat(icon.headers().firstValue("cache-control")).contains("public, max-age=31536000, immutable");
        assertThat(icon.headers().firstValue("content-security-policy").orElse(""))
                .contains("default-src 'none'");
        assertThat(read(icon.body()).getWidth()).isEqualTo(192);
        assertThat(get(urls.getString("icon")).body()).as("from memory").isEqualTo(icon.body());
        assertThat(get(urls.getString("image")).headers().firstValue("content-type"))
                .contains("image/jpeg");
        for (var nothing : List.of("/images/AAAAAAAAAAAAAAAAAAAAAA/icon-192.png", "/images/x/icon-192.png")) {
            assertThat(get(server.url() + nothing).statusCode()).isEqualTo(404);
        }
        assertThat(get(urls.getString("icon").replace("icon-192.png", "original.png"))
                        .statusCode())
                .isEqualTo(404);

        var path = made.header("Location");
        var other = server.otherWorkspace();
        assertThat(server.send("GET", path, other, null).status()).isEqualTo(404);
        assertThat(server.send("DELETE", path, other, null).status()).isEqualTo(404);
        assertThat(server.send("GET", IMAGES, other, null).json().getJsonArray("items"))
                .isEmpty();
        assertThat(server.admin("DELETE", path, null).status()).isEqualTo(204);
        assertThat(server.admin("GET", path, null).status()).isEqualTo(404);
        assertThat(get(urls.getString("badge")).statusCode())
                .as("not asked for before")
                .isEqualTo(404);
        server.admin("DELETE", raw.header("Location"), null);
    }

    @Test
    void what_is_no_picture_or_too_much_is_refused_with_a_clear_problem() {
        assertThat(upload("<svg/>".getBytes(StandardCharsets.UTF_8), "image/svg+xml")
                        .status())
                .isEqualTo(415);
        var disguised = upload("<svg onload='x'/>".getBytes(StandardCharsets.UTF_8), "image/png");
        assertThat(disguised.status()).isEqualTo(422);
        assertThat(disguised.json().getString("detail")).contains("SVG");
        assertThat(server.admin("POST", IMAGES, draft("bomb", claiming(10_000, 5_000)))
                        .status())
                .isEqualTo(422);
        assertThat(upload(new byte[65_537], "image/png").status()).isEqualTo(413);
        assertThat(server.admin("POST", IMAGES, draft(" ", octets("png", halves(9, 9))))
                        .status())
                .isEqualTo(400);
        assertThat(server.raw("POST", IMAGES, server.token(), "{\"data\": 7}").status())
                .isEqualTo(400);
        assertThat(server.raw("POST", IMAGES, server.token(), "nothing").status())
                .isEqualTo(400);
        var token = server.otherWorkspace();
        var picture = draft("one of three", octets("png", halves(9, 9)));
        for (int i = 0; i < 3; i++) {
            assertThat(server.send("POST", IMAGES, token, picture).status()).isEqualTo(201);
        }
        assertThat(server.send("POST", IMAGES, token, picture).status()).isEqualTo(409);
    }
}
