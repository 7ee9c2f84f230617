package app.fathi.cep.policies;

import app.fathi.cdp.Profiles;
import app.fathi.cdp.Profiles.Whereabouts;
import app.fathi.cep.policies.PolicyRules.Due;
import app.fathi.cep.policies.PolicyRules.Person;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlClient;
import java.time.ZoneId;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The policies of workspaces as senders know them: read when somebody sends, and again when what was read is a second old; the first
 * who comes after half of it reads anew for all. A workspace that has none, and nobody in it with quiet hours of their own, costs
 * its senders a look into a map. Thread-safe.
 */
public final class PolicyBook {
    private static final long AGE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final int MOST = 10_000;

    private final Pool pool;
    private final Profiles profiles;
    private final Map<Integer, Page> pages = new ConcurrentHashMap<>();

    /** @param renewed somebody reads anew already */
    private record Page(long readNanos, Known known, AtomicBoolean renewed) {
        boolean isBelieved() {
            long age = System.nanoTime() - readNanos;
            return age < AGE_NANOS / 2 || age < AGE_NANOS && !renewed.compareAndSet(false, true);
        }
    }

    public PolicyBook(Pool pool, Profiles profiles) {
        this.pool = pool;
        this.profiles = profiles;
    }

    /**
     * As they were a second ago at most. Whoever has to read does so on their own: nobody waits for somebody else's thread, who may
     * be waiting for theirs.
     */
    public Future<Known> of(int ws) {
        var page = pages.get(ws);
        if (page != null && page.isBelieved()) {
            return Future.succeededFuture(page.known);
        }
        long now = System.nanoTime();
        var policies = PoliciesStore.inForce(pool, ws);
        var wishes = profiles.anyQuietHours(pool, ws);
        return Future.all(policies, wishes).map(both -> {
            var known = new Known(profiles, policies.result(), wishes.result());
            if (pages.size() >= MOST) {
                pages.clear();
            }
            // Answers may overtake each other: the one that was asked last counts.
            pages.merge(
                    ws,
                    new Page(now, known, new AtomicBoolean()),
                    (one, other) -> other.readNanos - one.readNanos > 0 ? other : one);
            return known;
        });
    }

    /** To be called when they were changed: this node knows at once. */
    void forget(int ws) {
        pages.remove(ws);
    }

    /** @param wishes somebody in the workspace has quiet hours of their own */
    public record Known(Profiles profiles, Policies policies, boolean wishes) {

        /**
         * Together with where these people are, if anything depends on it.
         *
         * @param told somebody is told what their clock shows
         */
        public Future<Laws> at(SqlClient client, int ws, Collection<Integer> people, boolean told) {
            return told || wishes || policies.needPlaces()
                    ? profiles.whereabouts(client, ws, people).map(places -> new Laws(policies, places))
                    : Future.succeededFuture(new Laws(policies, Map.of()));
        }
    }

    /** What policies are in force, and where the people are of whom is to be decided. */
    public record Laws(Policies policies, Map<Integer, Whereabouts> places) {
        public static final Laws NONE = new Laws(Policies.NONE, Map.of());

        /** Where somebody is, as far as that is known. */
        public ZoneId zone(int no) {
            var place = places.get(no);
            return place == null || place.zone() == null ? policies.zone() : place.zone();
        }

        /** @param due see {@link Person#due} */
        public Person person(int no, Ring ring, Due due) {
            var place = places.get(no);
            if (place == null) {
                return new Person(no, null, null, ring, due);
            }
            var quiet = place.quietHours();
            return new Person(
                    no, place.zone(), quiet == null ? null : DailyHours.of(quiet.start(), quiet.end()), ring, due);
        }
    }
}
