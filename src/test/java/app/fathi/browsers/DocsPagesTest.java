package app.fathi.browsers;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.Browser;
import app.fathi.testing.TestServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The documentation in a real browser: readable for everybody, on a phone and on a desk, by day and by night. */
@Tag("slow")
@Tag("long")
class DocsPagesTest {
    private static final Path SCREENSHOTS = Path.of("target/docs-pages");
    private static final int MAX_HEIGHT = 6_000;
    /** With {@code -Dfathi.pictures=true} each page is drawn for people to look at, which takes minutes. */
    private static final boolean PICTURES = Boolean.getBoolean("fathi.pictures");

    private static TestServer server;
    private static Browser browser;

    private static final int PHONE = 390;
    private static final int DESK = 1280;

    @BeforeAll
    static void start() throws IOException {
        Files.createDirectories(SCREENSHOTS);
        server = TestServer.start(Map.of());
        browser = Browser.chromium();
    }

    @AfterAll
    static void stop() {
        if (browser != null) {
            browser.close();
        }
        if (server != null) {
            server.close();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "start, /docs",
        "operation, /docs/operations/createMessage",
        "error, /docs/errors/invalid_request",
        "errors, /docs/errors",
        "guide, /docs/guides/send-from-your-backend",
        "keys, /docs/guides/keys-and-rotation"
    })
    void it_is_for_everybody(String name, String path) {
        var page = browser.open(server.url() + path);
        for (var dark : new boolean[] {false, true}) {
            for (int width : new int[] {PHONE, DESK}) {
                if (dark == (width == PHONE)) {
                    continue;
                }
                page.view(width, 900, dark);
                assertThat(page.audit()).as(path + " " + width).isEmpty();
                assertThat(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
                        .as(path + " at " + width + " is not wider than its window")
                        .isEqualTo(true);
                if (PICTURES) {
                    picture(page, name, width, dark);
                }
            }
        }
        page.close();
        assertThat(browser.said())
                .as("what the policy refused, or the script failed over")
                .isEqualTo("[ ]");
    }

    private static void picture(Browser.Page page, String name, int width, boolean dark) {
        var height = (Number) page.evaluate("document.documentElement.scrollHeight");
        page.view(width, Math.min(height.intValue(), MAX_HEIGHT), dark);
        page.screenshot(SCREENSHOTS.resolve(name + "-" + width + (dark ? "-dark" : "") + ".png"));
    }

    @Test
    void operations_are_found_by_any_of_their_words_and_by_keyboard_alone() {
        var page = browser.open(server.url() + "/docs/errors");
        page.press("/");
        page.type("batch personalised");
        assertThat(visibleOperations(page)).isEqualTo("Send many personalised messages");
        page.press("Escape");
        assertThat((String) page.evaluate("document.activeElement.value")).isEmpty();
        page.type("password of a zebra");
        assertThat(visibleOperations(page)).isEmpty();
        assertThat((String) page.evaluate("document.querySelector('.side .nothing').textContent"))
                .isEqualTo("No operation has all these words.");
        page.close();
    }

    private static String visibleOperations(Browser.Page page) {
        return (String)
                page.evaluate(
                        """
                [...document.querySelectorAll('.side li')].filter((item) => item.checkVisibility())
                    .map((item) => item.querySelector('a').lastChild.textContent.trim()).join()""");
    }

    @Test
    void the_chosen_language_stays_chosen() {
        var page = browser.open(server.url() + "/docs/operations/createMessage");
        page.click(".tabs label:nth-of-type(3)");
        assertThat(shownCode(page)).startsWith("import { Configuration, WebpushApi }");
        page.close();
        var next = browser.open(server.url() + "/docs/operations/getMessage");
        assertThat(shownCode(next)).startsWith("import { Configuration, WebpushApi }");
        next.close();
    }

    @Test
    void without_scripts_every_language_is_there_all_the_same() {
        var page = browser.open(server.url() + "/docs/operations/getMessage");
        page.setScripts(false);
        page.reload();
        assertThat(shownCode(page)).startsWith("curl ");
        page.click(".tabs label:nth-of-type(2)");
        assertThat(shownCode(page)).startsWith("import app.fathi.client.ApiClient;");
        assertThat(page.evaluate("document.querySelector('.side .filter').checkVisibility()"))
                .as("what needs a script is not offered")
                .isEqualTo(false);
        page.close();
    }

    private static String shownCode(Browser.Page page) {
        return (String) page.evaluate(
                "[...document.querySelectorAll('.tabs .panel')].find((panel) => panel.checkVisibility()).innerText");
    }
}
