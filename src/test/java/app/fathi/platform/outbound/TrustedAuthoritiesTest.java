package app.fathi.platform.outbound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.config.StartException;
import app.fathi.testing.TestCertificate;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrustedAuthoritiesTest {
    @TempDir
    Path folder;

    @Test
    void a_certificate_of_ones_own_is_trusted_beside_the_authorities_of_the_system() throws Exception {
        var system = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        system.init((KeyStore) null);
        var authorities = names(system);
        assertThat(authorities).isNotEmpty();

        var vertx = Vertx.vertx();
        try {
            var trusted = names(
                    TrustedAuthorities.withCertificate(TestCertificate.get().pem())
                            .getTrustManagerFactory(vertx));
            assertThat(trusted).containsAll(authorities).anyMatch(name -> name.contains("CN=localhost"));
        } finally {
            vertx.close().await();
        }
    }

    @Test
    void a_file_without_a_certificate_ends_the_start_with_the_name_of_its_setting() throws Exception {
        for (var text :
                List.of("", "no certificate\n", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")) {
            var pem = Files.writeString(folder.resolve("trust.pem"), text);
            assertThatThrownBy(() -> TrustedAuthorities.withCertificate(pem))
                    .as(text)
                    .isInstanceOf(StartException.class)
                    .hasMessageContaining("FATHI_OUTBOUND_TRUSTED_CERTIFICATE");
        }
    }

    private static List<String> names(TrustManagerFactory factory) {
        return Arrays.stream(((X509TrustManager) factory.getTrustManagers()[0]).getAcceptedIssuers())
                .map(issuer -> issuer.getSubjectX500Principal().getName())
                .toList();
    }
}
