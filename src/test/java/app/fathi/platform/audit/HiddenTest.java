package app.fathi.platform.audit;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import org.junit.jupiter.api.Test;

class HiddenTest {

    @Test
    void whatever_is_handed_in_no_secret_is_written() {
        var handed = new JsonObject()
                .put("name", "Shop")
                .put("clientSecret", "s3cret-value")
                .put("smtp", new JsonObject().put("password", "s3cret-value").put("host", "mail.example"))
                .put("headers", new JsonArray().add(new JsonObject().put("Authorization", "Bearer s3cret-value")))
                .put("note", "use fsk_0123456789abcdefghijklmnopq to send")
                .put("endpoint", "https://push.example/s3cret-value")
                .put("anything", "eyJhbGciOiJFUzI1NiJ9.s3cret-value.x")
                .put("privateKey", new JsonObject().put("d", "s3cret-value"))
                .put("tokenHours", 12)
                .put("passwordSet", true)
                .putNull("secret");
        var event = new AuditEvent(1, "x.y", "success", "user", null, "Ada", "thing", "1", "", "r", handed, handed);
        assertThat(event.detail()).doesNotContain("s3cret-value", "fsk_0123");
        var shown = Hidden.in(handed);
        assertThat(shown.getJsonObject("smtp").getString("host")).isEqualTo("mail.example");
        assertThat(shown.getInteger("tokenHours")).isEqualTo(12);
        assertThat(shown.getBoolean("passwordSet")).isTrue();
        assertThat(shown.getString("name")).isEqualTo("Shop");
        assertThat(shown.containsKey("secret")).isTrue();
        assertThat(handed.getString("clientSecret")).as("the caller's own").isEqualTo("s3cret-value");
    }

    @Test
    void long_texts_are_cut() {
        var shown = Hidden.in(new JsonObject().put("body", "x".repeat(50_000)));
        assertThat(shown.getString("body")).hasSizeLessThan(2_100).endsWith("… (50000 characters)");
    }

    @Test
    void nothing_stays_nothing() {
        assertThat(Hidden.in(null)).isNull();
    }
}
