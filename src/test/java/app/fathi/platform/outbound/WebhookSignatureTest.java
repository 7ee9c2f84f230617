package app.fathi.platform.outbound;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.buffer.Buffer;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;

class WebhookSignatureTest {
    private static final byte[] SECRET = Base64.getDecoder().decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    private static final String SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    @Test
    void the_example_of_the_standard_comes_out_and_two_secrets_sign_side_by_side() {
        var other = WebhookSignature.secret();
        var headers = WebhookSignature.headers(
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                Instant.ofEpochSecond(1_614_265_330L, 999_999_999),
                Buffer.buffer("{\"test\": 2432232314}"),
                List.of(SECRET, other));
        assertThat(headers)
                .containsEntry("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek")
                .containsEntry("webhook-timestamp", "1614265330");
        var signatures = headers.get("webhook-signature").split(" ");
        assertThat(signatures).hasSize(2).contains(SIGNATURE);
        assertThat(signatures[1]).startsWith("v1,").isNotEqualTo(SIGNATURE);
        assertThat(WebhookSignature.text(SECRET)).isEqualTo("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        assertThat(other).hasSize(32);
    }
}
