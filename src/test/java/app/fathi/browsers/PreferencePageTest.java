package app.fathi.browsers;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.Browser;
import app.fathi.testing.TestServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Somebody opens the link of a mail and says what they want, on a phone and on a desk, in two directions. */
@Tag("slow")
class PreferencePageTest {
    private static final Path SCREENSHOTS = Path.of("target/preferences");
    private static final String PROFILE = "/api/v1/cdp/profiles/user:grace";

    private static TestServer server;
    private static Browser browser;

    @BeforeAll
    static void start() throws IOException {
        Files.createDirectories(SCREENSHOTS);
        server = TestServer.start(Map.of());
        browser = Browser.chromium();
        server.admin("POST", "/v1/identify", new JsonObject().put("userId", "grace"));
        eventually("grace", () -> server.admin("GET", PROFILE, null).status(), status -> status == 200);
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

    @Test
    void it_is_fit_for_all_in_each_language_size_and_light() {
        for (var language : new String[] {"en", "ar", "de"}) {
            var page = browser.open(link(language));
            for (var dark : new boolean[] {false, true}) {
                for (int width : new int[] {390, 1280}) {
                    page.view(width, 900, dark);
                    page.screenshot(SCREENSHOTS.resolve(language + "-" + width + (dark ? "-dark" : "") + ".png"));
                    assertThat(page.audit()).as("%s at %d", language, width).isEmpty();
                    assertThat(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
                            .as("nothing stands beyond the edge")
                            .isEqualTo(true);
                }
            }
            page.close();
        }
        var gone = browser.open(server.url() + "/preferences/nothing");
        assertThat(gone.audit()).isEmpty();
        gone.close();
    }

    @Test
    void a_box_is_unticked_and_then_everything_is_ended_by_forms_alone() {
        var page = browser.open(link("en"));
        assertThat(page.evaluate("document.scripts.length")).isEqualTo(0);
        page.click("input[type=checkbox][value='marketing/email']");
        page.click("button:not([name])");
        eventually("it is saved", () -> isOn("email"), on -> !on);
        assertThat(isOn("webpush")).isTrue();
        eventually("the page", () -> shown(page), text -> text.contains("Saved."));
        page.screenshot(SCREENSHOTS.resolve("saved.png"));
        assertThat(page.audit()).isEmpty();
        page.click("button[name=everything]");
        eventually("it is saved", () -> isOn("webpush"), on -> !on);
        eventually("the page", () -> shown(page), text -> text.contains("unsubscribed from everything"));
        page.close();
    }

    private static String shown(Browser.Page page) {
        try {
            return (String) page.evaluate("document.body.innerText");
        } catch (AssertionError e) {
            return "";
        }
    }

    private static boolean isOn(String channel) {
        JsonArray purposes =
                server.admin("GET", PROFILE + "/preferences", null).json().getJsonArray("purposes");
        return purposes.stream()
                .map(JsonObject.class::cast)
                .filter(one -> one.getString("purpose").equals("marketing"))
                .findFirst()
                .orElseThrow()
                .getJsonObject("channels")
                .getBoolean(channel);
    }

    private static String link(String language) {
        return server.admin("POST", PROFILE + "/preferences/link", new JsonObject().put("language", language))
                .json()
                .getString("url");
    }
}
