package app.fathi.platform.audit;

import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * Denied attempts and reads that wait to be written. The first ten a minute of one actor at one operation are kept one by
 * one, the rest of that minute as one line with their number: nobody fills the trail by being refused, nor by looking.
 * Thread-safe.
 */
final class Counted {
    static final int SINGLE = 10;

    private static final int MAX_ACTORS = 10_000;

    private record Key(int ws, UUID actor, String operation, String object) {}

    private static final class Minute {
        final long minute;
        final Key key;
        final AuditEvent first;
        long seen;

        Minute(long minute, Key key, AuditEvent first) {
            this.minute = minute;
            this.key = key;
            this.first = first;
        }
    }

    private final Map<Key, Minute> minutes = new HashMap<>();
    private List<AuditEvent> waiting = new ArrayList<>();

    /** Attempts at one thing count together; @param minute minutes since 1970 */
    void addAttempt(AuditEvent event, long minute) {
        add(new Key(event.ws(), event.actorId(), event.operation(), event.objectId()), event, minute);
    }

    /** Reads count together whatever is read: who reads all, one by one, is told with the number. */
    void addRead(AuditEvent event, long minute) {
        add(new Key(event.ws(), event.actorId(), event.operation(), null), event, minute);
    }

    private synchronized void add(Key key, AuditEvent event, long minute) {
        var current = minutes.get(key);
        if (current == null || current.minute != minute) {
            if (current != null) {
                summarise(current);
            } else if (minutes.size() >= MAX_ACTORS) {
                return;
            }
            current = new Minute(minute, key, event);
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
            waiting.add(counted(over.first, over.key.object, over.seen - SINGLE));
        }
    }

    private static AuditEvent counted(AuditEvent event, String object, long count) {
        var after = event.after() == null ? new JsonObject() : event.after().copy();
        return new AuditEvent(
                event.ws(),
                event.operation(),
                event.result(),
                event.actorKind(),
                event.actorId(),
                event.actorName(),
                event.objectKind(),
                object,
                event.remoteAddress(),
                event.requestId(),
                null,
                after.put("count", count));
    }
}
