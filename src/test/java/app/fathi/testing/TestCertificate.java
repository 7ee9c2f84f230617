package app.fathi.testing;

import io.vertx.core.net.PfxOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;

/**
 * A self-signed certificate for {@code localhost}, 127.0.0.1 to 127.0.0.4 and ::1, made once per build by the JDK's own
 * keytool, so that no private key lies in the repository.
 *
 * @param pem the certificate, for {@code outbound.trustedCertificate}
 * @param keyStore PKCS#12, for servers
 */
public record TestCertificate(Path pem, Path keyStore) {
    private static final String PASSWORD = "fathi-test";
    private static final String NAMES =
            "san=dns:localhost,ip:127.0.0.1,ip:127.0.0.2,ip:127.0.0.3,ip:127.0.0.4,ip:0:0:0:0:0:0:0:1";

    /** That of this build; several processes may ask at once. */
    public static TestCertificate get() {
        return get(Path.of("target", "test-certificate"), "localhost", NAMES);
    }

    /** Trusted by nobody and for another host: for tests of refusal. */
    public static TestCertificate ofAnotherHost() {
        return get(Path.of("target", "test-certificate-of-another-host"), "elsewhere.test", "san=dns:elsewhere.test");
    }

    private static synchronized TestCertificate get(Path folder, String commonName, String names) {
        try {
            Files.createDirectories(folder);
            TestCertificate certificate =
                    new TestCertificate(folder.resolve("certificate.pem"), folder.resolve("key.p12"));
            try (FileChannel lock = FileChannel.open(
                            folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    var held = lock.lock()) {
                if (!Files.exists(certificate.pem)) {
                    certificate.generate(commonName, names);
                }
            }
            return certificate;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void generate(String commonName, String names) throws IOException {
        Files.deleteIfExists(keyStore);
        List<String> store = List.of(
                "-alias", "push", "-keystore", keyStore.toString(), "-storetype", "PKCS12", "-storepass", PASSWORD);
        keytool(
                List.of(
                        "-genkeypair",
                        "-keyalg",
                        "EC",
                        "-groupname",
                        "secp256r1",
                        "-dname",
                        "CN=" + commonName,
                        "-validity",
                        "3650",
                        "-ext",
                        names),
                store);
        // Last, because its presence says that all is there.
        keytool(List.of("-exportcert", "-rfc", "-file", pem.toString()), store);
    }

    private static void keytool(List<String> command, List<String> store) throws IOException {
        List<String> line = new ArrayList<>();
        line.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        line.addAll(command);
        line.addAll(store);
        Process process = new ProcessBuilder(line).redirectErrorStream(true).start();
        try {
            String output = new String(process.getInputStream().readAllBytes());
            if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IOException("keytool failed: " + output);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    public PrivateKey privateKey() {
        try {
            var store = KeyStore.getInstance(keyStore.toFile(), PASSWORD.toCharArray());
            return (PrivateKey) store.getKey("push", PASSWORD.toCharArray());
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** For servers that do without Vert.x. */
    public SSLSocketFactory serverSockets() {
        return tls().getSocketFactory();
    }

    /** The same for those that make their own sockets. */
    public SSLContext tls() {
        try {
            var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(KeyStore.getInstance(keyStore.toFile(), PASSWORD.toCharArray()), PASSWORD.toCharArray());
            var context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), null, null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    public PfxOptions keyCertOptions() {
        return new PfxOptions().setPath(keyStore.toAbsolutePath().toString()).setPassword(PASSWORD);
    }
}
