package app.fathi.platform.outbound;

import app.fathi.platform.config.StartException;
import io.vertx.core.net.TrustOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/** Whose certificates our requests believe: the system's authorities, and one more that the settings name. */
public final class TrustedAuthorities {
    private TrustedAuthorities() {}

    /**
     * The system's authorities and those in the PEM file. Vert.x's own way to trust a file trusts nobody else any more.
     *
     * @throws StartException when the file holds no certificates
     */
    public static TrustOptions withCertificate(Path pem) {
        try {
            var all = KeyStore.getInstance(KeyStore.getDefaultType());
            all.load(null, null);
            var number = 0;
            for (var authority : manager(null).getAcceptedIssuers()) {
                all.setCertificateEntry("system-" + number++, authority);
            }
            try (var in = Files.newInputStream(pem)) {
                var own = CertificateFactory.getInstance("X.509").generateCertificates(in);
                if (own.isEmpty()) {
                    throw new CertificateException("it is empty");
                }
                for (var certificate : own) {
                    all.setCertificateEntry("own-" + number++, certificate);
                }
            }
            return TrustOptions.wrap(manager(all));
        } catch (GeneralSecurityException | IOException e) {
            throw new StartException(
                    "outbound.trustedCertificate " + pem + " holds no certificates in PEM: " + e.getMessage()
                            + " (FATHI_OUTBOUND_TRUSTED_CERTIFICATE)",
                    e);
        }
    }

    /** @param store null: the system's */
    private static X509TrustManager manager(KeyStore store) throws GeneralSecurityException {
        var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return (X509TrustManager) factory.getTrustManagers()[0];
    }
}
