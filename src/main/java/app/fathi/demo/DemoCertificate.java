package app.fathi.demo;

import app.fathi.platform.config.StartException;
import io.vertx.core.net.PfxOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The certificate of the demo's push service: self-signed, for loopback alone, made by the JDK's keytool in the demo's
 * folder. The demo's server trusts it as an operator's server trusts a company's own
 * ({@code outbound.trustedCertificate}); nothing else is told of it.
 */
final class DemoCertificate {
    private static final String ALIAS = "push";
    private static final int DAYS = 365;
    private static final Duration REST = Duration.ofDays(7);
    private static final int KEYTOOL_SECONDS = 60;

    private DemoCertificate() {}

    /** Where it lies in PEM. Made when there is none, or none that is good for another week. */
    static Path pem(DemoFolder folder) {
        var pem = folder.path().resolve("push-service.pem");
        try {
            if (!Files.exists(pem) || !isGood(folder)) {
                make(folder);
                DemoFolder.write(pem, pemOf(certificate(folder)));
            }
            return pem;
        } catch (IOException | GeneralSecurityException e) {
            throw new StartException("the demo's certificate cannot be made: " + e, e);
        }
    }

    /** Certificate and private key, for the service. */
    static PfxOptions keys(DemoFolder folder) {
        return new PfxOptions().setPath(file(folder).toString()).setPassword(folder.keyStorePassword());
    }

    private static Path file(DemoFolder folder) {
        return folder.path().resolve("push-service.p12");
    }

    private static boolean isGood(DemoFolder folder) {
        try {
            certificate(folder).checkValidity(Date.from(Instant.now().plus(REST)));
            return true;
        } catch (IOException | GeneralSecurityException e) {
            return false;
        }
    }

    private static X509Certificate certificate(DemoFolder folder) throws IOException, GeneralSecurityException {
        var store = KeyStore.getInstance(
                file(folder).toFile(), folder.keyStorePassword().toCharArray());
        return (X509Certificate) store.getCertificate(ALIAS);
    }

    private static String pemOf(X509Certificate certificate) throws GeneralSecurityException {
        var base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(certificate.getEncoded());
        return "-----BEGIN CERTIFICATE-----\n" + base64 + "\n-----END CERTIFICATE-----\n";
    }

    private static void make(DemoFolder folder) throws IOException {
        Files.deleteIfExists(file(folder));
        var command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                ALIAS,
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-dname",
                "CN=Fathi demo",
                "-validity",
                String.valueOf(DAYS),
                "-ext",
                "san=ip:127.0.0.1",
                "-storetype",
                "PKCS12",
                "-keystore",
                file(folder).toString(),
                // From the environment: a command line can be read by everybody on the machine.
                "-storepass:env",
                "STORE_PASSWORD");
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("STORE_PASSWORD", folder.keyStorePassword());
        var process = builder.start();
        try {
            var said = new String(process.getInputStream().readAllBytes());
            if (!process.waitFor(KEYTOOL_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IOException(
                        "keytool failed: " + said.lines().findFirst().orElse(""));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("keytool was interrupted", e);
        }
    }
}
