package app.fathi.cep.message;

import app.fathi.templates.Templates.Pin;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.UUID;

/**
 * One thing to tell some people, as the push API takes it. Shapes were checked by the edge; meanings are checked by
 * {@link app.fathi.cep.Messages#request}.
 *
 * @param content the contract's {@code PushContent}; each string in it is a Liquid template. Not looked at by template
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
 * @param template what says it instead of the content; null for none
 * @param pin the version of a template that the message keeps to; null for none, and until it is pinned
 * @param plan how it is spread over people and time
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
        String tag,
        ByTemplate template,
        Pin pin,
        Plan plan) {

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
                null,
                null,
                null,
                Plan.NONE);
    }

    /** The same for others. */
    public MessageRequest to(Audience others) {
        return with(others, content, source, tag, template, pin, plan);
    }

    /** The same from elsewhere. */
    public MessageRequest from(Source other) {
        return with(audience, content, other, tag, template, pin, plan);
    }

    /** The same by a template. */
    public MessageRequest by(ByTemplate other) {
        return with(audience, content, source, tag, other, pin, plan);
    }

    /** The same, kept to a version of its template. */
    public MessageRequest pinned(JsonObject said, Pin version) {
        return with(audience, said, source, tag, template, version, plan);
    }

    /** The same, counted by caps under this tag; null for none. */
    public MessageRequest tagged(String other) {
        return with(audience, content, source, other, template, pin, plan);
    }

    /** The same, spread over people and time. */
    public MessageRequest planned(Plan other) {
        return with(audience, content, source, tag, template, pin, other);
    }

    private MessageRequest with(
            Audience others,
            JsonObject said,
            Source other,
            String counted,
            ByTemplate byTemplate,
            Pin version,
            Plan spread) {
        return new MessageRequest(
                others,
                said,
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
                counted,
                byTemplate,
                version,
                spread);
    }

    public boolean isTransactional() {
        return purpose.equals("transactional");
    }
}
