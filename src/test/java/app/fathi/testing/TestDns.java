package app.fathi.testing;

import io.netty.util.NetUtil;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.datagram.DatagramPacket;
import io.vertx.core.datagram.DatagramSocket;
import io.vertx.core.dns.AddressResolverOptions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;

/**
 * A name server (RFC 1035) on 127.0.0.1 whose answers a test decides, each time anew. It answers over UDP, with A and AAAA
 * records that must not be kept.
 */
public final class TestDns implements AutoCloseable {
    private static final int A = 1;
    private static final int AAAA = 28;
    private static final int NO_SUCH_NAME = 3;

    private final Vertx vertx = Vertx.vertx();
    private final DatagramSocket socket = vertx.createDatagramSocket();
    private final Map<String, IntFunction<List<String>>> names = new ConcurrentHashMap<>();
    private final List<String> questions = Collections.synchronizedList(new ArrayList<>());

    public TestDns() {
        socket.handler(this::answer);
        socket.listen(0, "127.0.0.1").await();
    }

    /** @param addresses of the nth question for A or for AAAA, from 0; null: no answer at all */
    public TestDns name(String name, IntFunction<List<String>> addresses) {
        names.put(name, addresses);
        return this;
    }

    public TestDns name(String name, String... addresses) {
        return name(name, nth -> List.of(addresses));
    }

    /** For a Vert.x that asks nobody else. */
    public AddressResolverOptions resolver() {
        return new AddressResolverOptions()
                // Else an answer is kept for a moment although it must not be, and who asks twice looks as if once.
                .setCacheMaxTimeToLive(0)
                .addServer("127.0.0.1:" + socket.localAddress().port());
    }

    /** How often the name was asked for, by IPv4. */
    public int asked(String name) {
        return Collections.frequency(List.copyOf(questions), name + " " + A);
    }

    private void answer(DatagramPacket packet) {
        var question = packet.data();
        var name = new StringBuilder();
        int at = 12;
        for (int length = question.getByte(at); length > 0; length = question.getByte(at)) {
            name.append(name.isEmpty() ? "" : ".").append(question.getString(at + 1, at + 1 + length));
            at += 1 + length;
        }
        int type = question.getUnsignedShort(at + 1);
        var asked = name.toString().toLowerCase(Locale.ROOT);
        int nth = Collections.frequency(List.copyOf(questions), asked + " " + type);
        questions.add(asked + " " + type);
        var known = names.get(asked);
        var addresses = known == null ? List.<String>of() : known.apply(nth);
        if (addresses != null) {
            var found = addresses.stream()
                    .map(NetUtil::createByteArrayFromIpAddressString)
                    .filter(octets -> octets.length == (type == A ? 4 : type == AAAA ? 16 : -1))
                    .toList();
            var reply = reply(question, at + 5, known != null, type, found);
            socket.send(reply, packet.sender().port(), packet.sender().host());
        }
    }

    /** @param end of the question */
    private static Buffer reply(Buffer question, int end, boolean known, int type, List<byte[]> addresses) {
        var reply = Buffer.buffer()
                .appendShort(question.getShort(0))
                .appendShort((short) (0x8180 | (known ? 0 : NO_SUCH_NAME)))
                .appendShort((short) 1)
                .appendShort((short) addresses.size())
                .appendInt(0)
                .appendBuffer(question.slice(12, end));
        for (var address : addresses) {
            // The name is where the question's begins; class IN; to be kept for 0 seconds.
            reply.appendShort((short) 0xc00c)
                    .appendShort((short) type)
                    .appendShort((short) 1)
                    .appendInt(0)
                    .appendShort((short) address.length)
                    .appendBytes(address);
        }
        return reply;
    }

    @Override
    public void close() {
        vertx.close().await();
    }
}
