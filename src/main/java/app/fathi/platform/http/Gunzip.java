package app.fathi.platform.http;

import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.streams.ReadStream;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.impl.RoutingContextInternal;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Bodies that come with {@code Content-Encoding: gzip} (RFC 1952, also of several members), unpacked here as they come and not by the
 * connection: it would break when one of them is broken, and nobody could be told why. No more is unpacked than may be sent.
 */
final class Gunzip {
    private static final String UNPACKED = "unpacked";
    private static final int PIECE_OCTETS = 16_384;
    private static final int FIXED_HEADER = 10;
    private static final int TRAILER = 8;
    /** An extra field of 64 KB, and a name and a comment that no program writes longer. */
    private static final int MAX_HEADER = 70_000;

    private static final int HAS_CRC = 2;
    private static final int HAS_EXTRA = 4;
    private static final int HAS_NAME = 8;
    private static final int HAS_COMMENT = 16;

    /** What of a member comes next. */
    private enum Part {
        HEADER,
        DATA,
        TRAILER
    }

    private final Inflater inflater = new Inflater(true);
    private final CRC32 sum = new CRC32();
    private final byte[] piece = new byte[PIECE_OCTETS];
    private final long limit;
    private final Handler<Buffer> out;
    private Part part = Part.HEADER;
    /** The beginning of a header or trailer that has not come whole. */
    private byte[] rest = {};

    private long octets;

    /**
     * @param limit of what is more nothing but the beginning is handed out
     * @param out gets it piece by piece
     */
    private Gunzip(long limit, Handler<Buffer> out) {
        this.limit = limit;
        this.out = out;
    }

    // ---- bodies
    // ------------------------------------------------------------------------------------------------------

    private static boolean isAnnounced(HttpServerRequest request) {
        var encoding = request.getHeader(HttpHeaders.CONTENT_ENCODING);
        return encoding != null
                && (encoding.strip().equalsIgnoreCase("gzip")
                        || encoding.strip().equalsIgnoreCase("x-gzip"));
    }

    /** Whether the body is as it says it is, or was made so, or will be as it is read. */
    static boolean isReadable(RoutingContext context, boolean upload) {
        var encoding = context.request().getHeader(HttpHeaders.CONTENT_ENCODING);
        return encoding == null
                || encoding.strip().equalsIgnoreCase("identity")
                || context.get(UNPACKED) != null
                || upload && isAnnounced(context.request());
    }

    /** Puts what is in a body that has come whole in its place. */
    static void unpack(RoutingContext context, long limit) {
        var packed = context.body().buffer();
        if (packed != null && packed.length() > 0 && isAnnounced(context.request())) {
            var whole = Buffer.buffer();
            var gunzip = new Gunzip(limit, whole::appendBuffer);
            try {
                gunzip.more(packed.getBytes());
                gunzip.end();
            } catch (ProblemException broken) {
                context.fail(broken);
                return;
            } finally {
                gunzip.close();
            }
            if (gunzip.octets > limit) {
                context.fail(413);
                return;
            }
            ((RoutingContextInternal) context).setBody(whole);
            context.put(UNPACKED, true);
        }
        context.next();
    }

    /** The body as it is unpacked, or as it comes where it is not packed. Where it is broken it ends as one that is cut off. */
    static ReadStream<Buffer> stream(HttpServerRequest request, long limit) {
        return isAnnounced(request) ? new Unpacked(request, limit) : request;
    }

    // ---- octets
    // ------------------------------------------------------------------------------------------------------

    private void more(byte[] packed) {
        if (octets > limit) {
            return;
        }
        var octetsNow = rest.length == 0 ? packed : joined(rest, packed);
        int at = 0;
        boolean whole = true;
        while (whole && at < octetsNow.length && octets <= limit) {
            switch (part) {
                case HEADER -> {
                    int end = header(octetsNow, at);
                    whole = end >= 0;
                    if (whole) {
                        at = end;
                        part = Part.DATA;
                        inflater.reset();
                        sum.reset();
                    }
                }
                case DATA -> at = data(octetsNow, at);
                case TRAILER -> {
                    whole = octetsNow.length - at >= TRAILER;
                    if (whole) {
                        trailer(octetsNow, at);
                        at += TRAILER;
                        part = Part.HEADER;
                    }
                }
            }
        }
        rest = octets > limit ? new byte[0] : Arrays.copyOfRange(octetsNow, at, octetsNow.length);
        if (rest.length > MAX_HEADER) {
            throw broken();
        }
    }

    private static byte[] joined(byte[] one, byte[] other) {
        var both = Arrays.copyOf(one, one.length + other.length);
        System.arraycopy(other, 0, both, one.length, other.length);
        return both;
    }

    /** Where the header ends; -1 when it has not come whole. */
    private static int header(byte[] octets, int at) {
        if (octets.length - at < FIXED_HEADER) {
            return -1;
        }
        if ((octets[at] & 0xff) != 0x1f || (octets[at + 1] & 0xff) != 0x8b || octets[at + 2] != 8) {
            throw broken();
        }
        int flags = octets[at + 3];
        int end = at + FIXED_HEADER;
        if ((flags & HAS_EXTRA) != 0) {
            if (octets.length - end < 2) {
                return -1;
            }
            end += 2 + (octets[end] & 0xff) + ((octets[end + 1] & 0xff) << 8);
        }
        for (int text : new int[] {HAS_NAME, HAS_COMMENT}) {
            if ((flags & text) != 0) {
                while (end < octets.length && octets[end] != 0) {
                    end++;
                }
                end++;
            }
        }
        end += (flags & HAS_CRC) != 0 ? 2 : 0;
        return end > octets.length ? -1 : end;
    }

    /** As far as there is anything, and no further than the limit; where it has come to. */
    private int data(byte[] packed, int at) {
        inflater.setInput(packed, at, packed.length - at);
        try {
            while (!inflater.finished() && !inflater.needsInput() && octets <= limit) {
                int count = inflater.inflate(piece);
                if (count == 0 && inflater.needsDictionary()) {
                    throw broken();
                }
                sum.update(piece, 0, count);
                octets += count;
                out.handle(Buffer.buffer(Arrays.copyOf(piece, count)));
            }
        } catch (DataFormatException e) {
            throw broken();
        }
        if (inflater.finished()) {
            part = Part.TRAILER;
        }
        return packed.length - inflater.getRemaining();
    }

    private void trailer(byte[] octets, int at) {
        if (number(octets, at) != sum.getValue()
                || number(octets, at + 4) != (inflater.getBytesWritten() & 0xffff_ffffL)) {
            throw broken();
        }
    }

    private static long number(byte[] octets, int at) {
        return (octets[at] & 0xffL)
                | (octets[at + 1] & 0xffL) << 8
                | (octets[at + 2] & 0xffL) << 16
                | (octets[at + 3] & 0xffL) << 24;
    }

    /** All has come: it has to end where a member does. */
    private void end() {
        if ((part != Part.HEADER || rest.length > 0) && octets <= limit) {
            throw broken();
        }
    }

    private void close() {
        inflater.end();
    }

    private static ProblemException broken() {
        return ProblemException.of(Kind.MALFORMED, "The body could not be decompressed.");
    }

    private static final class Unpacked implements ReadStream<Buffer> {
        private final HttpServerRequest packed;
        private final long limit;
        private Gunzip gunzip;
        private Handler<Throwable> broken = failure -> {};

        Unpacked(HttpServerRequest packed, long limit) {
            this.packed = packed;
            this.limit = limit;
        }

        @Override
        public ReadStream<Buffer> exceptionHandler(Handler<Throwable> handler) {
            broken = handler;
            packed.exceptionHandler(failure -> {
                close();
                handler.handle(failure);
            });
            return this;
        }

        @Override
        public ReadStream<Buffer> handler(Handler<Buffer> handler) {
            gunzip = new Gunzip(limit, handler);
            packed.handler(chunk -> attempt(() -> gunzip.more(chunk.getBytes())));
            return this;
        }

        @Override
        public ReadStream<Buffer> endHandler(Handler<Void> handler) {
            packed.endHandler(end -> {
                if (attempt(() -> gunzip.end())) {
                    close();
                    handler.handle(null);
                }
            });
            return this;
        }

        /** Whether it went well; if not, nothing more of it is read. */
        private boolean attempt(Runnable step) {
            if (gunzip == null) {
                return false;
            }
            try {
                step.run();
                return true;
            } catch (ProblemException failure) {
                close();
                broken.handle(failure);
                return false;
            }
        }

        private void close() {
            if (gunzip != null) {
                gunzip.close();
                gunzip = null;
            }
        }

        @Override
        public ReadStream<Buffer> pause() {
            packed.pause();
            return this;
        }

        @Override
        public ReadStream<Buffer> resume() {
            packed.resume();
            return this;
        }

        @Override
        public ReadStream<Buffer> fetch(long amount) {
            packed.fetch(amount);
            return this;
        }
    }
}
