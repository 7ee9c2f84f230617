package app.fathi.cep;

import app.fathi.templates.Templates.Pin;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.UUID;

/**
 * One thing that is sent to some people: a row of {@code cep_run}.
 *
 * @param run the internal number, which begins with the week it was made in
 * @param content templates, not yet rendered
 * @param devices the n most recently active of each person; null for all
 * @param perMinute deliveries that may begin in a minute, over all nodes; null for as fast as it goes
 * @param planned people
 * @param resendOf the message that is sent again; null for none
 * @param tag by which caps count it; null for none
 * @param pin the version of a template that it says; null for none
 */
record Run(
        long run,
        int ws,
        UUID id,
        ChannelKind channel,
        RunState state,
        String purpose,
        JsonObject content,
        int ttlSeconds,
        Urgency urgency,
        String topic,
        Integer devices,
        Integer perMinute,
        boolean tracking,
        Instant sendAt,
        Instant expiresAt,
        int planned,
        Instant createdAt,
        Source source,
        UUID resendOf,
        String tag,
        Pin pin) {

    /** Devices of one person: beyond it somebody is playing. */
    private static final int DEVICES_LIMIT = 100;

    /** How many of a person's devices get it. */
    int deviceLimit() {
        return devices == null ? DEVICES_LIMIT : Math.min(devices, DEVICES_LIMIT);
    }

    /** Whether a template has to be asked what each person is told; else the content is all there is. */
    boolean isFilled() {
        return pin != null && pin.filling() != null;
    }

    /** Never waits behind other purposes. */
    boolean isTransactional() {
        return purpose.equals("transactional");
    }
}
