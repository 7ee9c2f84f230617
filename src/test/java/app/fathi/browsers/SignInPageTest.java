package app.fathi.browsers;

import static app.fathi.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.Browser;
import app.fathi.testing.NpmOpenIdProvider;
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

/** A person in a browser signs in through a provider that nobody here wrote. */
@Tag("slow")
class SignInPageTest {
    private static final Path SCREENSHOTS = Path.of("target/sign-in");

    private static TestServer server;
    private static NpmOpenIdProvider provider;
    private static Browser browser;
    private static String signInUrl;

    @BeforeAll
    static void start() throws IOException {
        Files.createDirectories(SCREENSHOTS);
        server = TestServer.start(Map.of("FATHI_OUTBOUND_PLAINTEXT", "true"));
        provider = NpmOpenIdProvider.start(server.url() + "/account/callback");
        browser = Browser.chromium();
        var lookers =
                new JsonObject().put("claim", "groups").put("value", "lookers").put("role", "analyst");
        signInUrl = server.admin(
                        "POST",
                        "/api/v1/identity-providers",
                        new JsonObject()
                                .put("kind", "people")
                                .put("name", "Staff")
                                .put("issuer", provider.issuer())
                                .put("clientId", "fathi")
                                .put("clientSecret", "a secret of theirs")
                                .put("createAccounts", true)
                                .put("emailDomains", new JsonArray().add("staff.test"))
                                .put("roleMappings", new JsonArray().add(lookers)))
                .json()
                .getString("signInUrl");
    }

    @AfterAll
    static void stop() {
        if (browser != null) {
            browser.close();
        }
        if (provider != null) {
            provider.close();
        }
        if (server != null) {
            server.close();
        }
    }

    @Test
    void somebody_signs_in_and_gets_a_code_that_is_exchanged_for_tokens() {
        var page = browser.open(signInUrl);
        await(page, "document.querySelector('input[name=login]') !== null");
        page.click("input[name=login]");
        page.type("grace");
        page.click("input[name=password]");
        page.type("whatever");
        page.click("[type=submit]");
        await(page, "document.querySelector('input[name=prompt][value=consent]') !== null");
        page.click("[type=submit]");
        await(page, "document.getElementById('code')?.value.startsWith('fsc_')");
        for (var dark : new boolean[] {false, true}) {
            page.view(390, 700, dark);
            page.screenshot(SCREENSHOTS.resolve("signed-in" + (dark ? "-dark" : "") + ".png"));
            assertThat(page.audit()).isEmpty();
        }
        assertThat((String) page.evaluate("document.body.innerText"))
                .contains("You are signed in", "Grace Hopper", "works once, for 5 minutes");
        assertThat((String) page.evaluate("location.href"))
                .as("neither code nor state stay in the address")
                .isEqualTo(signInUrl);

        var code = (String) page.evaluate("document.getElementById('code').value");
        var tokens = server.send("POST", "/api/v1/auth/oidc/token", null, new JsonObject().put("code", code));
        assertThat(tokens.status()).as(tokens.body()).isEqualTo(200);
        var me = server.send("GET", "/api/v1/auth/me", tokens.json().getString("accessToken"), null)
                .json();
        assertThat(me.getString("email")).isEqualTo("grace@staff.test");
        assertThat(me.getJsonArray("roles")).containsExactly("analyst");
        page.close();
    }

    @Test
    void an_address_that_leads_back_into_somebody_elses_sign_in_leads_nowhere() {
        var page = browser.open(server.url() + "/account/callback?code=theirs&state=theirs");
        await(page, "document.body.innerText.includes('begun in another tab')");
        page.screenshot(SCREENSHOTS.resolve("refused.png"));
        assertThat(page.audit()).isEmpty();
        assertThat((String) page.evaluate("location.href")).isEqualTo(server.url() + "/account");
        page.close();
    }

    @Test
    void a_link_that_leads_nowhere_says_so() {
        var page = browser.open(server.url() + "/account#sign-in=01932f60-7700-7a00-8000-8a8b8c8d8e8f");
        await(page, "document.body.innerText.includes('There is no identity provider')");
        page.close();
    }

    /** While the page goes from one place to another it answers nothing. */
    private static void await(Browser.Page page, String expression) {
        eventually(
                expression,
                () -> {
                    try {
                        return page.evaluate(expression);
                    } catch (AssertionError e) {
                        return false;
                    }
                },
                answer -> Boolean.TRUE.equals(answer));
    }
}
