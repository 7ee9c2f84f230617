package app.fathi.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** On which addresses a process of this (Linux) machine listens, as the kernel tells it. */
public final class ListeningPorts {
    private static final String LISTEN = "0A";

    private ListeningPorts() {}

    /** Each as {@code address:port}. */
    public static Set<String> of(long pid) {
        try {
            var sockets = sockets(pid);
            var ports = new TreeSet<String>();
            for (var table : List.of("tcp", "tcp6")) {
                for (var line : Files.readAllLines(Path.of("/proc/" + pid + "/net/" + table))) {
                    var columns = line.strip().split("\\s+");
                    if (columns.length > 9
                            && columns[3].equals(LISTEN)
                            && sockets.contains("socket:[" + columns[9] + "]")) {
                        ports.add(readable(columns[1]));
                    }
                }
            }
            return ports;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Set<String> sockets(long pid) throws IOException {
        var sockets = new HashSet<String>();
        try (var files = Files.newDirectoryStream(Path.of("/proc/" + pid + "/fd"))) {
            for (var file : files) {
                try {
                    sockets.add(Files.readSymbolicLink(file).toString());
                } catch (IOException e) {
                    // Closed meanwhile.
                }
            }
        }
        return sockets;
    }

    /** The kernel writes addresses as words of the machine's order: little endian. */
    private static String readable(String hex) throws IOException {
        var colon = hex.indexOf(':');
        var octets = HexFormat.of().parseHex(hex.substring(0, colon));
        for (int word = 0; word < octets.length; word += 4) {
            for (int i = 0; i < 2; i++) {
                var octet = octets[word + i];
                octets[word + i] = octets[word + 3 - i];
                octets[word + 3 - i] = octet;
            }
        }
        // IPv4-mapped addresses come out as the IPv4 addresses that they are.
        return InetAddress.getByAddress(octets).getHostAddress() + ":" + Integer.parseInt(hex.substring(colon + 1), 16);
    }
}
