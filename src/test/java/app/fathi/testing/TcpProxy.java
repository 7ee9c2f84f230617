package app.fathi.testing;

import io.netty.channel.ChannelOption;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Stands between a client and a server of 127.0.0.1 and does to their connections what networks do: delay, narrow, cut,
 * reset, keep open on one side alone, or let die without a word. Each fault holds from when it is set, for open
 * connections, too, until {@link #well}.
 */
public final class TcpProxy implements AutoCloseable {
    private final Vertx vertx = Vertx.vertx();
    private final List<Pair> open = new CopyOnWriteArrayList<>();
    private final NetServer server;
    /** How many answers to requests that begin so are still to be lost. */
    private final Map<String, AtomicInteger> losing = new ConcurrentHashMap<>();
    /** Connections of clients that wait for an answer which they will not get. */
    private final Set<NetSocket> waitingInVain = ConcurrentHashMap.newKeySet();

    private volatile Duration latency = Duration.ZERO;
    private volatile int octetsPerSecond = Integer.MAX_VALUE;
    private volatile long answerLimit = Long.MAX_VALUE;
    private volatile boolean deafToClose;

    /** One connection of the client and ours to the server for it. */
    private record Pair(NetSocket near, NetSocket far) {}

    public TcpProxy(int port) {
        var client = vertx.createNetClient();
        server = vertx.createNetServer().connectHandler(near -> {
            near.pause();
            client.connect(port, "127.0.0.1")
                    .onSuccess(far -> {
                        var pair = new Pair(near, far);
                        open.add(pair);
                        pass(near, far, Long.MAX_VALUE);
                        pass(far, near, answerLimit);
                        near.closeHandler(closed -> closed(pair, far));
                        far.closeHandler(closed -> closed(pair, near));
                        near.resume();
                    })
                    .onFailure(refused -> near.close());
        });
        server.listen(0, "127.0.0.1").await();
    }

    private void closed(Pair pair, NetSocket other) {
        open.remove(pair);
        waitingInVain.remove(pair.near);
        if (!deafToClose) {
            other.close();
        }
    }

    private void pass(NetSocket from, NetSocket to, long limit) {
        var left = new long[] {limit};
        from.handler(octets -> {
            if (waitingInVain.contains(to)) {
                to.close();
                return;
            }
            if (losesAnswerTo(octets)) {
                waitingInVain.add(from);
            }
            var passing = octets.length() <= left[0] ? octets : octets.slice(0, (int) left[0]);
            left[0] -= passing.length();
            long passage = passing.length() * TimeUnit.SECONDS.toNanos(1) / octetsPerSecond;
            later(latency.toNanos() + passage, () -> to.write(passing));
            if (left[0] <= 0) {
                later(latency.toNanos() + passage, to::close);
            }
            if (passage > TimeUnit.MILLISECONDS.toNanos(1)) {
                from.pause();
                later(passage, from::resume);
            }
        });
    }

    private boolean losesAnswerTo(Buffer request) {
        return losing.entrySet().stream()
                .anyMatch(one -> request.length() >= one.getKey().length()
                        && request.getString(0, one.getKey().length()).equals(one.getKey())
                        && one.getValue().getAndUpdate(left -> Math.max(0, left - 1)) > 0);
    }

    private void later(long nanos, Runnable what) {
        long millis = TimeUnit.NANOSECONDS.toMillis(nanos);
        if (millis == 0) {
            what.run();
        } else {
            vertx.setTimer(millis, timer -> what.run());
        }
    }

    public int port() {
        return server.actualPort();
    }

    /** What is sent arrives so much later, in each direction. */
    public TcpProxy latency(Duration each) {
        latency = each;
        return this;
    }

    /** So much passes in a second, in each direction of each connection. */
    public TcpProxy bandwidth(int octets) {
        octetsPerSecond = octets;
        return this;
    }

    /** New connections end when so much of the server's answers has passed. */
    public TcpProxy truncate(long octets) {
        answerLimit = octets;
        return this;
    }

    /**
     * The server gets the next so many requests of HTTP/1.1 that begin so, and answers; their clients' connections end instead,
     * so that nobody knows whether anything happened. For requests whose beginning comes in one piece.
     */
    public TcpProxy loseAnswers(String begin, int times) {
        losing.computeIfAbsent(begin, none -> new AtomicInteger()).set(times);
        return this;
    }

    /** How many answers to requests that begin so are still to be lost. */
    public int answersToLose(String begin) {
        return losing.get(begin).get();
    }

    /** A side that closes is not heard by the other: connections stay half open. */
    public TcpProxy halfOpen() {
        deafToClose = true;
        return this;
    }

    /** From now on a network without faults; what was cut stays cut. */
    public TcpProxy well() {
        latency = Duration.ZERO;
        octetsPerSecond = Integer.MAX_VALUE;
        answerLimit = Long.MAX_VALUE;
        deafToClose = false;
        losing.clear();
        return this;
    }

    /** From now on nothing passes on the connections that are open, and neither side is told. New ones are fine. */
    public void freeze() {
        for (var pair : open) {
            pair.near.handler(Buffer::length).closeHandler(closed -> {});
            pair.far.handler(Buffer::length).closeHandler(closed -> {});
            open.remove(pair);
        }
    }

    /** Resets all open connections (RST), in both directions. */
    public void reset() {
        for (var pair : open) {
            reset(pair.near);
            reset(pair.far);
        }
    }

    private static void reset(NetSocket socket) {
        var channel = ((NetSocketInternal) socket).channelHandlerContext().channel();
        channel.config().setOption(ChannelOption.SO_LINGER, 0);
        channel.close();
    }

    @Override
    public void close() {
        vertx.close().await();
    }
}
