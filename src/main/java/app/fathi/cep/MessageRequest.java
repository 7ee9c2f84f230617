package app.fathi.cep;

import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.UUID;

/**
 * One thing to tell some people, as the push API takes it. Shapes were checked by the edge; meanings are checked by
 * {@link Messages#request}.
 *
 * @param content the contract's {@code PushContent}; each string in it is a Liquid template
 * @param ttlSeconds how long the push service may keep it; 0 is now or never
 * @param topic the collapse key, or null
 * @param sendAt null for now
 * @param expiresAt nothing is sent later; null for {@code sendAt} + ttl
 * @param devices the n most recently active devices of each person; null for all
 * @param perMinute deliveries that may begin in a minute; null for as fast as it goes
 * @param tracking whether the browser is to report shown, clicked and closed
 * @param dryRun count only
 * @param resendOf the message that is sent again; null for none
 * @param tag by which caps count it; null for none
 */
public record MessageRequest(
        Audience audience,
        JsonObject content,
        String purpose,
        int ttlSeconds,
        Urgency urgency,
        String topic,
        Instant sendAt,
        Instant expiresAt,
        Integer devices,
        Integer perMinute,
        boolean tracking,
        boolean dryRun,
        Source source,
        UUID resendOf,
        String tag) {

    /** A day: as long as one waits for a device that is off at night. */
    public static final int DEFAULT_TTL_SECONDS = 86_400;

    /** One that an application sends. */
    public MessageRequest(
            Audience audience,
            JsonObject content,
            String purpose,
            int ttlSeconds,
            Urgency urgency,
            String topic,
            Instant sendAt,
            Instant expiresAt,
            Integer devices,
            Integer perMinute,
            boolean tracking,
            boolean dryRun) {
        this(
                audience,
                content,
                purpose,
                ttlSeconds,
                urgency,
                topic,
                sendAt,
                expiresAt,
                devices,
                perMinute,
                tracking,
                dryRun,
                Source.API,
                null,
                null);
    }

    /** The same for others. */
    MessageRequest to(Audience others) {
        return new MessageRequest(
                others,
                content,
                purpose,
                ttlSeconds,
                urgency,
                topic,
                sendAt,
                expiresAt,
                devices,
                perMinute,
                tracking,
                dryRun,
                source,
                resendOf,
                tag);
    }

    /** The same from elsewhere. */
    public MessageRequest from(Source other) {
        return new MessageRequest(
                audience,
                content,
                purpose,
                ttlSeconds,
                urgency,
                topic,
                sendAt,
                expiresAt,
                devices,
                perMinute,
                tracking,
                dryRun,
                other,
                resendOf,
                tag);
    }

    /** The same, counted by caps under this tag; null for none. */
    public MessageRequest tagged(String other) {
        return new MessageRequest(
                audience,
                content,
                purpose,
                ttlSeconds,
                urgency,
                topic,
                sendAt,
                expiresAt,
                devices,
                perMinute,
                tracking,
                dryRun,
                source,
                resendOf,
                other);
    }

    boolean isTransactional() {
        return purpose.equals("transactional");
    }
}
