package app.fathi.webpush.encryption;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class CryptoProvidersTest {
    @Test
    void the_fastest_that_works_is_chosen() {
        List<String> available = CryptoProviders.available();
        assertThat(new CryptoProviders().name()).isEqualTo(available.getFirst());
        assertThat(available).endsWith("jdk").contains("bouncycastle");
    }

    @Test
    void a_native_provider_works_on_the_machines_that_we_ship_one_for() {
        String machine = System.getProperty("os.name") + " " + System.getProperty("os.arch");
        if (machine.equals("Linux amd64") || machine.equals("Linux aarch64")) {
            assertThat(CryptoProviders.available()).startsWith("accp", "conscrypt");
        }
    }

    @Test
    void a_forced_provider_is_the_one_that_computes() {
        for (String name : CryptoProviders.available()) {
            CryptoProviders forced = new CryptoProviders(name);
            assertThat(forced.name()).isEqualTo(name);
            assertThat(forced.keyAgreement().getProvider())
                    .isEqualTo(forced.keyPairGenerator().getProvider());
        }
    }

    @Test
    void an_unknown_provider_is_refused() {
        assertThatThrownBy(() -> new CryptoProviders("enigma"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("no provider for key agreement");
    }
}
