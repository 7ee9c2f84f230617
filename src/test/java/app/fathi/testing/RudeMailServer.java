package app.fathi.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/** An SMTP server that refuses as it is told to, and repeats in its refusal what was said to it. */
public final class RudeMailServer implements AutoCloseable {
    private static final int MAX_ANSWER = 400;

    public enum Refusal {
        NONE,
        /** Whoever signs in. */
        LOGIN,
        /** The recipient, for now. */
        LATER,
        /** The recipient, for good. */
        NEVER,
        /** The mail itself, for now, after it was read. */
        MAIL
    }

    public enum Encryption {
        NEVER,
        /** {@code smtps://}. */
        AT_ONCE,
        /** STARTTLS. */
        WHEN_ASKED
    }

    private final List<String> mails = new CopyOnWriteArrayList<>();
    private final List<String> logins = new CopyOnWriteArrayList<>();
    private final List<Refusal> refusals = new CopyOnWriteArrayList<>();
    private final Encryption encryption;
    private final SSLSocketFactory tls;
    private final ServerSocket server;
    private volatile Refusal refusal = Refusal.NONE;

    private RudeMailServer(Encryption encryption, TestCertificate certificate) throws IOException {
        this.encryption = encryption;
        this.tls = certificate.serverSockets();
        this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> {
            while (!server.isClosed()) {
                try {
                    var socket = server.accept();
                    Thread.ofVirtual().start(() -> talk(socket));
                } catch (IOException closed) {
                    return;
                }
            }
        });
    }

    public static RudeMailServer start(Encryption encryption, TestCertificate certificate) {
        try {
            return new RudeMailServer(encryption, certificate);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public int port() {
        return server.getLocalPort();
    }

    /** From now on. */
    public void refuse(Refusal next) {
        refusal = next;
    }

    public List<Refusal> refusals() {
        return List.copyOf(refusals);
    }

    /** What was said to sign in, each time with {@code encrypted} or {@code clear} before it. */
    public List<String> logins() {
        return List.copyOf(logins);
    }

    /** What was in the mails that it read. */
    public List<String> mails() {
        return List.copyOf(mails);
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void talk(Socket socket) {
        try (socket) {
            new Talk(encryption == Encryption.AT_ONCE ? encrypted(socket) : socket).run();
        } catch (IOException e) {
            // Whoever does not like our certificate hangs up.
        }
    }

    private Socket encrypted(Socket socket) throws IOException {
        var encrypted = (SSLSocket) tls.createSocket(socket, null, true);
        encrypted.setUseClientMode(false);
        return encrypted;
    }

    private final class Talk {
        private Socket socket;
        private BufferedReader in;
        private StringBuilder mail;

        Talk(Socket socket) throws IOException {
            use(socket);
        }

        private void use(Socket next) throws IOException {
            socket = next;
            in = new BufferedReader(new InputStreamReader(next.getInputStream(), StandardCharsets.UTF_8));
        }

        void run() throws IOException {
            say("220 rude.test ESMTP");
            for (var line = in.readLine(); line != null; line = in.readLine()) {
                answer(line);
            }
        }

        private boolean isEncrypted() {
            return socket instanceof SSLSocket;
        }

        private void answer(String line) throws IOException {
            if (mail != null) {
                read(line);
                return;
            }
            switch (line.split("[ :]", 2)[0].toUpperCase(Locale.ROOT)) {
                case "EHLO" ->
                    say("250-rude.test\r\n"
                            + (encryption == Encryption.WHEN_ASKED && !isEncrypted() ? "250-STARTTLS\r\n" : "")
                            + "250 AUTH PLAIN");
                case "STARTTLS" -> {
                    say("220 go on");
                    use(encrypted(socket));
                }
                case "AUTH" -> {
                    logins.add((isEncrypted() ? "encrypted " : "clear ") + line);
                    unless(Refusal.LOGIN, "235 hello", "535 5.7.8 not with " + line);
                }
                case "RCPT" -> {
                    if (refusal == Refusal.LATER) {
                        unless(Refusal.LATER, "", "451 4.2.0 not now: " + line);
                    } else {
                        unless(Refusal.NEVER, "250 fine", "550 5.1.1 nobody is called " + line);
                    }
                }
                case "DATA" -> {
                    mail = new StringBuilder();
                    say("354 go on");
                }
                case "QUIT" -> say("221 bye");
                default -> say("250 fine");
            }
        }

        private void read(String line) throws IOException {
            if (!line.equals(".")) {
                mail.append(line).append('\n');
                return;
            }
            var text = mail.toString();
            mail = null;
            mails.add(text);
            unless(Refusal.MAIL, "250 taken", "451 4.3.0 I did not like " + text.replace("\n", " "));
        }

        private void unless(Refusal refused, String fine, String answer) throws IOException {
            if (refusal == refused) {
                refusals.add(refused);
                say(answer.substring(0, Math.min(answer.length(), MAX_ANSWER)));
            } else {
                say(fine);
            }
        }

        private void say(String line) throws IOException {
            socket.getOutputStream().write((line + "\r\n").getBytes(StandardCharsets.UTF_8));
        }
    }
}
