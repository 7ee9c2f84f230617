package app.fathi.platform.audit;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.UUID;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The arithmetic of the chain. Each text is hashed behind its length, so that no two lines share their octets; times count in
 * microseconds, as the database keeps them.
 */
final class Chain {
    /** What stands for the hash before the first line. */
    static final byte[] BEGINNING = new byte[32];

    private Chain() {}

    /** A line as it is hashed. */
    record Event(
            long id,
            long period,
            int ws,
            OffsetDateTime at,
            String operation,
            String result,
            String actorKind,
            UUID actorId,
            String actorName,
            String objectKind,
            String objectId,
            String requestId,
            byte[] digest) {

        byte[] content() {
            var sha256 = sha256();
            add(sha256, id);
            add(sha256, ws);
            add(sha256, micros(at));
            add(sha256, operation);
            add(sha256, result);
            add(sha256, actorKind);
            add(sha256, actorId == null ? null : actorId.toString());
            add(sha256, actorName);
            add(sha256, objectKind);
            add(sha256, objectId);
            add(sha256, requestId);
            return sha256.digest(digest);
        }
    }

    /**
     * A line's place in the chain.
     *
     * @param at when it was chained
     */
    record Link(long seq, long event, long eventPeriod, OffsetDateTime at, byte[] content, byte[] hash) {

        static Link after(byte[] before, long seq, Event event, OffsetDateTime at) {
            var content = event.content();
            return new Link(
                    seq, event.id, event.period, at, content, hash(before, seq, event.id, event.period, at, content));
        }

        boolean follows(byte[] before) {
            return MessageDigest.isEqual(hash, hash(before, seq, event, eventPeriod, at, content));
        }

        private static byte[] hash(
                byte[] before, long seq, long event, long eventPeriod, OffsetDateTime at, byte[] content) {
            var sha256 = sha256();
            sha256.update(before);
            add(sha256, seq);
            add(sha256, event);
            add(sha256, eventPeriod);
            add(sha256, micros(at));
            return sha256.digest(content);
        }
    }

    /** Where a chain ends: {@code period} 0; or what retention has left of it: the newest period that is gone. */
    record End(int ws, long seq, byte[] hash, long period) {

        byte[] sign(byte[] key) {
            try {
                var mac = Mac.getInstance("HmacSHA256");
                mac.init(new SecretKeySpec(key, "HmacSHA256"));
                mac.update(ByteBuffer.allocate(20)
                        .putInt(ws)
                        .putLong(seq)
                        .putLong(period)
                        .flip());
                return mac.doFinal(hash);
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("Every JDK has HmacSHA256", e);
            }
        }

        boolean isSigned(byte[] key, byte[] signature) {
            return MessageDigest.isEqual(sign(key), signature);
        }
    }

    /** What stands in a line for its detail. */
    static byte[] digest(byte[] salt, String detail) {
        var sha256 = sha256();
        sha256.update(salt);
        return sha256.digest(detail.getBytes(StandardCharsets.UTF_8));
    }

    private static long micros(OffsetDateTime at) {
        return ChronoUnit.MICROS.between(Instant.EPOCH, at);
    }

    private static void add(MessageDigest sha256, long value) {
        sha256.update(ByteBuffer.allocate(8).putLong(value).flip());
    }

    private static void add(MessageDigest sha256, String text) {
        if (text == null) {
            add(sha256, -1);
            return;
        }
        var octets = text.getBytes(StandardCharsets.UTF_8);
        add(sha256, octets.length);
        sha256.update(octets);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every JDK has SHA-256", e);
        }
    }
}
