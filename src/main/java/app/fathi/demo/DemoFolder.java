package app.fathi.demo;

import app.fathi.platform.config.StartException;
import app.fathi.webpush.encryption.CryptoProviders;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Properties;

/**
 * The demo's data folder: database and master key as in any other, and what only a demo has. Its file {@code demo.properties}
 * is what tells the two kinds apart: neither kind of start touches a folder of the other.
 *
 * @param password of the administrator; kept, because a demo says it at each start
 * @param pushPort where the virtual browsers are subscribed: a part of their endpoints, so it stays the same
 * @param keyStorePassword of the push service's certificate
 */
record DemoFolder(Path path, String password, int pushPort, String keyStorePassword) {
    private static final String FACTS = "demo.properties";
    private static final int FIRST_PORT = 8444;
    private static final int PORTS = 100;
    private static final String LETTERS = "abcdefghjkmnpqrstuvwxyz23456789";

    /** Makes it where there is none. Fails where something else lies. */
    static DemoFolder open(Path path) {
        try {
            var facts = path.resolve(FACTS);
            if (!Files.exists(facts)) {
                if (Files.exists(path) && !isEmpty(path)) {
                    throw new StartException(
                            path + " holds something that is no demo's data: move it away, a demo keeps its own there");
                }
                Files.createDirectories(path);
                var made = new DemoFolder(path, letters(4, 4), freePort(FIRST_PORT, PORTS), letters(1, 24));
                write(facts, made.facts());
            }
            return of(path, facts);
        } catch (IOException e) {
            throw new StartException("the demo's folder " + path + " cannot be used: " + e, e);
        }
    }

    static boolean isAt(Path dataFolder) {
        return Files.exists(dataFolder.resolve(FACTS));
    }

    private String facts() {
        return "# This folder is a demo's: scripts/start --demo\npassword=%s\npushPort=%d\nkeyStorePassword=%s\n"
                .formatted(password, pushPort, keyStorePassword);
    }

    private static DemoFolder of(Path path, Path facts) throws IOException {
        var read = new Properties();
        try (var in = Files.newBufferedReader(facts)) {
            read.load(in);
        }
        try {
            return new DemoFolder(
                    path,
                    Objects.requireNonNull(read.getProperty("password")),
                    Integer.parseInt(read.getProperty("pushPort")),
                    Objects.requireNonNull(read.getProperty("keyStorePassword")));
        } catch (IllegalArgumentException | NullPointerException e) {
            throw new StartException(facts + " is not whole: remove " + path + " to begin anew", e);
        }
    }

    Path logs() {
        return path.resolve("logs");
    }

    /** What the virtual browsers have got so far. */
    Path received() {
        return path.resolve("received");
    }

    String pushOrigin() {
        return "https://" + InetAddress.getLoopbackAddress().getHostAddress() + ":" + pushPort;
    }

    /** Where nobody else is subscribed: the endpoints of all virtual browsers lie here. */
    void requireFreePushPort() {
        if (!isFree(pushPort)) {
            throw new StartException("port " + pushPort + ", at which the demo's browsers are subscribed, is in use:"
                    + " stop the other demo or program, or remove " + path + " to begin anew");
        }
    }

    /** The virtual browsers of the first so many people. Those that are missing are made, once for all starts. */
    List<VirtualBrowser> browsers(int count, CryptoProviders providers) {
        try {
            var browsers = new ArrayList<>(browsers());
            if (browsers.size() < count) {
                while (browsers.size() < count) {
                    browsers.add(VirtualBrowser.make(browsers.size() + 1, providers));
                }
                write(
                        file(),
                        String.join(
                                "\n",
                                browsers.stream().map(VirtualBrowser::toLine).toList()));
            }
            return browsers.subList(0, count);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** All that were ever made. */
    List<VirtualBrowser> browsers() throws IOException {
        if (!Files.exists(file())) {
            return List.of();
        }
        var lines = Files.readAllLines(file());
        var browsers = new ArrayList<VirtualBrowser>(lines.size());
        for (var line : lines) {
            browsers.add(VirtualBrowser.ofLine(browsers.size() + 1, line));
        }
        return browsers;
    }

    private Path file() {
        return path.resolve("browsers");
    }

    /** Whole or not at all, and for us alone to read. */
    static void write(Path file, String text) throws IOException {
        var half = file.resolveSibling(file.getFileName() + ".new");
        Files.deleteIfExists(half);
        Files.createFile(half, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(half, text);
        Files.move(half, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** The first free port of so many on loopback; the first of them when none is. */
    static int freePort(int first, int count) {
        for (int port = first; port < first + count; port++) {
            if (isFree(port)) {
                return port;
            }
        }
        return first;
    }

    /** Any port that nobody listens on. */
    static String anyFreePort() {
        try (var probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return String.valueOf(probe.getLocalPort());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isFree(int port) {
        try (var probe = new ServerSocket()) {
            probe.setReuseAddress(true);
            probe.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean isEmpty(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.findAny().isEmpty();
        }
    }

    /** Random letters that are told apart by eye, in groups. */
    private static String letters(int groups, int length) {
        var random = new SecureRandom();
        var made = new ArrayList<String>();
        for (int group = 0; group < groups; group++) {
            var letters = new StringBuilder();
            for (int i = 0; i < length; i++) {
                letters.append(LETTERS.charAt(random.nextInt(LETTERS.length())));
            }
            made.add(letters.toString());
        }
        return String.join("-", made);
    }

    /** Without the passwords. */
    @Override
    public String toString() {
        return "DemoFolder[" + path + "]";
    }
}
