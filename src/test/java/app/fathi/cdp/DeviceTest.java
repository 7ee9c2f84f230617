package app.fathi.cdp;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DeviceTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36|Chrome|Windows|desktop",
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0|Edge|Windows|desktop",
                "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36|Samsung Internet|Android|mobile",
                "Mozilla/5.0 (Linux; Android 13; SM-X710) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36|Chrome|Android|tablet",
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Mobile/15E148 Safari/604.1|Safari|iOS|mobile",
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/130.0 Mobile/15E148 Safari/604.1|Chrome|iOS|mobile",
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15|Safari|macOS|desktop",
                "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0|Firefox|Linux|desktop",
                "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36|Chrome|ChromeOS|desktop",
            })
    void a_browser_is_known_by_its_user_agent(String agent, String browser, String os, String device) {
        assertThat(Device.of(from(new JsonObject().put("userAgent", agent))))
                .containsEntry("$browser", browser)
                .containsEntry("$os", os)
                .containsEntry("$device", device);
    }

    @Test
    void what_makes_no_sense_tells_nothing() {
        for (var context : List.of(
                new JsonObject().put("userAgent", "@segment/analytics-node/3.1.0"),
                new JsonObject()
                        .put("userAgent", 7)
                        .put("locale", "")
                        .put("timezone", "Mars/Base")
                        .put("os", "x"),
                new JsonObject()
                        .put("locale", "x")
                        .put("timezone", new JsonObject())
                        .put("os", new JsonObject()),
                new JsonObject().put("locale", "123-de").put("timezone", "x".repeat(500)))) {
            assertThat(Device.of(from(context).put("country", "Germany"))).isEmpty();
        }
        assertThat(Device.of(new JsonObject().put("country", "XX")))
                .as("a proxy's word for unknown")
                .isEmpty();
        assertThat(Device.of(new JsonObject())).isEmpty();
    }

    @Test
    void language_zone_and_country_are_taken_as_they_are_told() {
        var context = new JsonObject()
                .put("locale", "pt-BR")
                .put("timezone", "America/Sao_Paulo")
                .put("os", new JsonObject().put("name", "Android"));
        assertThat(Device.of(from(context).put("country", "BR")))
                .containsEntry("$language", "pt")
                .containsEntry("$timezone", "America/Sao_Paulo")
                .containsEntry("$os", "Android")
                .containsEntry("$country", "BR");
    }

    private static JsonObject from(JsonObject context) {
        return new JsonObject().put("context", context);
    }
}
