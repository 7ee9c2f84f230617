package app.fathi.demo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.demo.VirtualBrowser.Notification;
import app.fathi.demo.VirtualBrowser.StrangeException;
import app.fathi.platform.config.Config;
import app.fathi.templates.Renderer;
import app.fathi.webpush.encryption.CryptoProviders;
import app.fathi.webpush.encryption.PushDecryption;
import app.fathi.webpush.encryption.PushEncryption;
import io.vertx.core.json.JsonObject;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VirtualBrowserTest {
    private static final CryptoProviders PROVIDERS = new CryptoProviders();
    private static final PushEncryption ENCRYPTION = new PushEncryption(PROVIDERS);

    private final VirtualBrowser browser = VirtualBrowser.make(1, PROVIDERS);

    @Test
    void a_message_that_greets_its_person_is_read() throws Exception {
        var mine = message(browser.person().greeting(), browser.person().firstName());
        assertThat(read(mine)).isEqualTo(new Notification("d-1", "t-1", "http://localhost/track"));
    }

    @Test
    void a_message_of_the_newcomers_own_may_say_anything() throws Exception {
        assertThat(read(message("Sale!", null)).delivery()).isEqualTo("d-1");
    }

    @Test
    void a_message_that_greets_somebody_else_is_not_shown() {
        var name = browser.person().firstName();
        assertThatThrownBy(() -> read(message("Hello Mallory", "Mallory"))).isInstanceOf(StrangeException.class);
        assertThatThrownBy(() -> read(message("Hello ", name))).isInstanceOf(StrangeException.class);
        assertThatThrownBy(() -> read(message(browser.person().greeting(), ""))).isInstanceOf(StrangeException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "hello", "[]", "{}", "{\"notification\":7}", "{\"notification\":{\"data\":{}}}"})
    void what_is_no_message_of_ours_is_not_shown(String plaintext) {
        assertThatThrownBy(() -> read(plaintext)).isInstanceOf(StrangeException.class);
    }

    @Test
    void a_browser_is_the_same_after_it_was_written_down() throws Exception {
        var again = VirtualBrowser.ofLine(1, browser.toLine());
        assertThat(again.id()).isEqualTo(browser.id());
        assertThat(again.publicKeys()).isEqualTo(browser.publicKeys());
        var body =
                ENCRYPTION.encrypt(browser.keys().shared(), message("x", null).getBytes(UTF_8));
        assertThat(again.read(body, new PushDecryption(PROVIDERS)).delivery()).isEqualTo("d-1");
    }

    @Test
    void the_template_becomes_each_ones_greeting_in_their_language() {
        var renderer = new Renderer(Config.of(Map.of()).render());
        var content = new JsonObject().put("title", Person.greetingTemplate());
        assertThat(renderer.check(content, "")).isEmpty();
        IntStream.rangeClosed(1, 200).mapToObj(Person::of).forEach(person -> assertThat(
                        renderer.render(content, new JsonObject().put("traits", person.traits()))
                                .getString("title"))
                .isEqualTo(person.greeting()));
    }

    @Test
    void people_are_the_same_each_time_and_a_plausible_share_of_them_clicks() {
        assertThat(Person.of(42)).isEqualTo(Person.of(42));
        assertThat(IntStream.rangeClosed(1, 1_000)
                        .mapToObj(Person::of)
                        .filter(Person::curious)
                        .count())
                .isBetween(80L, 180L);
    }

    private Notification read(String plaintext) throws Exception {
        return browser.read(
                ENCRYPTION.encrypt(browser.keys().shared(), plaintext.getBytes(UTF_8)), new PushDecryption(PROVIDERS));
    }

    private static String message(String title, String greets) {
        var data = new JsonObject()
                .put(
                        "fathi",
                        new JsonObject().put("id", "d-1").put("token", "t-1").put("track", "http://localhost/track"));
        if (greets != null) {
            data.put(VirtualBrowser.GREETS, greets);
        }
        return new JsonObject()
                .put("web_push", 8030)
                .put("notification", new JsonObject().put("title", title).put("data", data))
                .encode();
    }
}
