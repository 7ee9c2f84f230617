package app.fathi.testing;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** One HTTP/1.1 connection on which anything can be said, also what no client library would let through. */
public final class RawConnection implements AutoCloseable {
    private static final int PATIENCE_MILLIS = 20_000;

    private final Socket socket;
    private final InputStream in;

    private RawConnection(Socket socket) throws IOException {
        this.socket = socket;
        this.in = new BufferedInputStream(socket.getInputStream());
    }

    /** @param url of the server */
    public static RawConnection to(String url) {
        try {
            var uri = URI.create(url);
            var socket = new Socket(uri.getHost(), uri.getPort());
            socket.setSoTimeout(PATIENCE_MILLIS);
            socket.setTcpNoDelay(true);
            return new RawConnection(socket);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A whole request with {@code Host} and the length of its body, and the answer to it. */
    public TestServer.Answer ask(String method, String target, List<String> headers, byte[] body) {
        var head = new StringBuilder(method + " " + target + " HTTP/1.1\r\nHost: fathi.test\r\n");
        headers.forEach(header -> head.append(header).append("\r\n"));
        if (body != null) {
            head.append("Content-Length: ").append(body.length).append("\r\n");
        }
        var octets = new ByteArrayOutputStream();
        octets.writeBytes(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
        if (body != null) {
            octets.writeBytes(body);
        }
        return ask(octets.toByteArray());
    }

    /** These octets, and the answer to them. */
    public TestServer.Answer ask(byte[] octets) {
        send(octets);
        try {
            return answer();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public void send(byte[] octets) {
        try {
            socket.getOutputStream().write(octets);
            socket.getOutputStream().flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends the connection with a reset rather than in good order. */
    public void reset() {
        try {
            socket.setSoLinger(true, 0);
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Reads until the other side ends the connection, in whatever way. */
    public void awaitEnd() {
        try {
            while (in.read() >= 0) {
                // What it still says does not matter.
            }
        } catch (IOException e) {
            // A reset is an end, too.
        }
    }

    private TestServer.Answer answer() throws IOException {
        var status = Integer.parseInt(line().split(" ")[1]);
        Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (var line = line(); !line.isEmpty(); line = line()) {
            var colon = line.indexOf(':');
            headers.computeIfAbsent(line.substring(0, colon).strip(), name -> new ArrayList<>())
                    .add(line.substring(colon + 1).strip());
        }
        return new TestServer.Answer(status, headers, new String(body(status, headers), StandardCharsets.UTF_8));
    }

    private byte[] body(int status, Map<String, List<String>> headers) throws IOException {
        if (status == 204 || status == 304) {
            return new byte[0];
        }
        if (headers.containsKey("Content-Length")) {
            var length = Integer.parseInt(headers.get("Content-Length").getFirst());
            var body = in.readNBytes(length);
            if (body.length < length) {
                throw new EOFException("The connection ended within an answer");
            }
            return body;
        }
        var chunked = headers.getOrDefault("Transfer-Encoding", List.of("")).getFirst();
        if (!chunked.toLowerCase(Locale.ROOT).equals("chunked")) {
            throw new IOException("An answer without a length: " + status + " " + headers);
        }
        if (isWithoutEnd(headers)) {
            return in.readNBytes(Integer.parseInt(line(), 16));
        }
        var body = new ByteArrayOutputStream();
        for (var length = Integer.parseInt(line(), 16); ; length = Integer.parseInt(line(), 16)) {
            body.writeBytes(in.readNBytes(length));
            line();
            if (length == 0) {
                return body.toByteArray();
            }
        }
    }

    /** Of such an answer the first part is read, and nothing can be asked on this connection any more. */
    public static boolean isWithoutEnd(Map<String, List<String>> headers) {
        return headers.getOrDefault("Content-Type", List.of()).contains("text/event-stream");
    }

    private String line() throws IOException {
        var line = new ByteArrayOutputStream();
        for (int octet = in.read(); octet != '\n'; octet = in.read()) {
            if (octet < 0) {
                throw new EOFException("The connection ended where an answer was due, after: " + line);
            }
            if (octet != '\r') {
                line.write(octet);
            }
        }
        return line.toString(StandardCharsets.ISO_8859_1);
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
