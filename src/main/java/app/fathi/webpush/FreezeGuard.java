package app.fathi.webpush;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * The last door before the socket. A process that was frozen wakes in the middle of whatever it did: what had passed every
 * gate before, and waits in a buffer or for the other side's flow control, would leave now, long after somebody else took
 * over. So a connection that finds its event loop to have stood still for too long writes nothing more and is closed.
 */
final class FreezeGuard extends ChannelDuplexHandler {
    private static final int LOOKS = 4;

    private final long limitNanos;
    private long aliveNanos = System.nanoTime();
    private Future<?> ticks;

    /** @param limit an event loop that stands still for longer counts as frozen */
    FreezeGuard(Duration limit) {
        this.limitNanos = limit.toNanos();
    }

    @Override
    public void handlerAdded(ChannelHandlerContext channel) {
        long period = limitNanos / LOOKS;
        ticks = channel.executor().scheduleAtFixedRate(this::tick, period, period, TimeUnit.NANOSECONDS);
    }

    private void tick() {
        // Woken timers run after what was read; should one come first, it must not hide that time was lost.
        if (!stoodStill()) {
            aliveNanos = System.nanoTime();
        }
    }

    private boolean stoodStill() {
        return System.nanoTime() - aliveNanos > limitNanos;
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext channel) {
        ticks.cancel(false);
    }

    @Override
    public void channelRead(ChannelHandlerContext channel, Object octets) throws Exception {
        if (stoodStill()) {
            channel.close();
        }
        super.channelRead(channel, octets);
    }

    @Override
    public void flush(ChannelHandlerContext channel) throws Exception {
        if (stoodStill()) {
            channel.close();
            return;
        }
        super.flush(channel);
    }
}
