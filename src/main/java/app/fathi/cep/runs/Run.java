package app.fathi.cep.runs;

import app.fathi.cep.message.ChannelKind;
import app.fathi.cep.message.Plan;
import app.fathi.cep.message.Reason;
import app.fathi.cep.message.RunState;
import app.fathi.cep.message.Source;
import app.fathi.cep.message.Urgency;
import app.fathi.templates.Templates.Pin;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
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
 * @param plan how it is spread over people and time
 * @param pausedAt since when nothing of it is sent, until it goes on; null where it is
 */
public record Run(
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
        Pin pin,
        Plan plan,
        Instant pausedAt) {

    /** A message of {@code ttl} 0 is sent now or never. */
    private static final Duration NOW_OR_NEVER = Duration.ofSeconds(30);

    /** Devices of one person: beyond it somebody is playing. */
    private static final int DEVICES_LIMIT = 100;

    /** When the people of a chunk get it: as if the run were for them alone. */
    public Run at(Chunk chunk) {
        if (chunk.sendAt() == null) {
            return this;
        }
        var byTtl = chunk.sendAt().plus(ttl(ttlSeconds));
        var until = chunk.passed() ? chunk.sendAt() : expiresAt.isBefore(byTtl) ? expiresAt : byTtl;
        return new Run(
                run,
                ws,
                id,
                channel,
                state,
                purpose,
                content,
                ttlSeconds,
                urgency,
                topic,
                devices,
                perMinute,
                tracking,
                chunk.sendAt(),
                until,
                planned,
                createdAt,
                source,
                resendOf,
                tag,
                pin,
                plan,
                pausedAt);
    }

    /** Why those get nothing whose turn has not come when it makes no sense any more. */
    public Reason late(Chunk chunk) {
        boolean cut = plan.cutoff() != null && !plan.cutoff().isAfter(expiresAt);
        return cut || chunk.passed() ? Reason.CUTOFF_PASSED : Reason.TTL_EXPIRED;
    }

    /** How long a message makes sense: one of no seconds for as long as our own queue may take. */
    public static Duration ttl(int seconds) {
        return seconds == 0 ? NOW_OR_NEVER : Duration.ofSeconds(seconds);
    }

    /** How many of a person's devices get it. */
    public int deviceLimit() {
        return devices == null ? DEVICES_LIMIT : Math.min(devices, DEVICES_LIMIT);
    }

    /** Whether a template has to be asked what each person is told; else the content is all there is. */
    public boolean isFilled() {
        return pin != null && pin.filling() != null;
    }

    /** Never waits behind other purposes. */
    public boolean isTransactional() {
        return purpose.equals("transactional");
    }
}
