package app.fathi.platform.audit;

import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * Denied attempts that wait to be written. The first ten a minute of one actor at one operation are kept one by one, the
 * rest of that minute as one line with their number: nobody fills the trail by being refused. Thread-safe.
 */
final class DeniedAttempts {
    static final int SINGLE = 10;

    private static final int MAX_ACTORS = 10_000;

    private record Key(int ws, UUID actor, String operation, String object) {}

    private static final class Minute {
        final long minute;
        final AuditEvent first;
        long seen;

        Minute(long minute, AuditEvent first) {
            this.minute = minute;
            this.first = first;
        }
    }

    private final Map<Key, Minute> minutes = new HashMap<>();
    private List<AuditEvent> waiting = new ArrayList<>();

    /** @param minute minutes since 1970 */
    synchronized void add(AuditEvent event, long minute) {
        var key = new Key(event.ws(), event.actorId(), event.operation(), event.objectId());
        var current = minutes.get(key);
        if (current == null || current.minute != minute) {
            if (current != null) {
                summarise(current);
            } else if (minutes.size() >= MAX_ACTORS) {
                return;
            }
            current = new Minute(minute, event);
            minutes.put(key, current);
        }
        if (++current.seen <= SINGLE) {
            waiting.add(event);
        }
    }

    /** What is to be written now; minutes that are over give their sums. */
    synchronized List<AuditEvent> take(long minute) {
        minutes.values().removeIf(each -> {
            if (each.minute == minute) {
                return false;
            }
            summarise(each);
            return true;
        });
        var taken = waiting;
        waiting = new ArrayList<>();
        return taken;
    }

    private void summarise(Minute over) {
        if (over.seen > SINGLE) {
            waiting.add(counted(over.first, over.seen - SINGLE));
        }
    }

    private static AuditEvent counted(AuditEvent event, long count) {
        var after = event.after() == null ? new JsonObject() : event.after().copy();
        return new AuditEvent(
                event.ws(),
                event.operation(),
                event.result(),
                event.actorKind(),
                event.actorId(),
                event.actorName(),
                event.objectKind(),
                event.objectId(),
                event.remoteAddress(),
                event.requestId(),
                null,
                after.put("count", count));
    }
}
