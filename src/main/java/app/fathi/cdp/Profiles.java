package app.fathi.cdp;

import app.fathi.cdp.IdentityGraph.Id;
import app.fathi.platform.bus.Call;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/** What other domains may ask about people. */
public final class Profiles {
    /** What broken clients send instead of an id; believing it would melt everybody into one person. */
    private static final Set<String> NOBODY = Set.of(
            "",
            "null",
            "undefined",
            "none",
            "nil",
            "nan",
            "0",
            "-1",
            "anonymous",
            "guest",
            "true",
            "false",
            "[object object]");

    private final IdentityGraph graph;
    private final ProfilesStore store;
    private final SuppressionsStore suppressions = new SuppressionsStore();

    public Profiles() {
        this.store = new ProfilesStore();
        this.graph = new IdentityGraph(new IdentitiesStore());
    }

    /**
     * Whose an address is.
     *
     * @param identityNo the number of the id under which it was subscribed: where that id goes, the address goes
     */
    public record Reached(int profileNo, long identityNo) {
        private static Reached by(Identity identity) {
            return new Reached(identity.addressNo(), identity.no);
        }
    }

    /**
     * The person to whom an address subscribed under this id belongs; made when the id is new. A visitor's
     * id leads to the known person only after a verified claim.
     *
     * @param userId or null
     * @param anonymousId or null; one of the two is given
     */
    public Future<Reached> reach(SqlConnection tx, int ws, String userId, String anonymousId) {
        var id = userId != null ? Id.user(ws, userId) : Id.visitor(ws, anonymousId);
        return graph.enter(tx, List.of(id)).compose(erased -> {
            if (!erased.isEmpty()) {
                throw ProblemException.unprocessable(
                        userId != null ? "/userId" : "/anonymousId", "This person was erased and cannot come back.");
            }
            return graph.load(tx, List.of(id), Instant.now()).map(found -> Reached.by(found.get(id)));
        });
    }

    /** An id by which somebody is called: a known person's {@code userId}, or a visitor's {@code anonymousId}. */
    public record Called(boolean known, String id) {
        private Id in(int ws) {
            return known ? Id.user(ws, id) : Id.visitor(ws, id);
        }
    }

    /**
     * As {@link #reach} for many at once; who was erased is left out. While people are made, all others who make some in the workspace wait for the
     * transaction: let it do nothing else.
     */
    public Future<Map<Called, Reached>> reachAll(SqlConnection tx, int ws, Collection<Called> called) {
        var ids = called.stream().map(one -> one.in(ws)).collect(Collectors.toSet());
        return graph.enter(tx, ids).compose(erased -> {
            ids.removeAll(erased);
            return ids.isEmpty()
                    ? Future.succeededFuture(Map.of())
                    : graph.load(tx, ids, Instant.now()).map(found -> {
                        var reached = new HashMap<Called, Reached>(called.size() * 2);
                        called.stream()
                                .filter(one -> found.containsKey(one.in(ws)))
                                .forEach(one -> reached.put(one, Reached.by(found.get(one.in(ws)))));
                        return reached;
                    });
        });
    }

    /** Of these people those who were erased. */
    public Future<Set<Called>> erased(SqlClient client, int ws, Collection<Called> called) {
        return suppressions
                .erased(client, called.stream().map(one -> one.in(ws)).toList())
                .map(erased -> called.stream()
                        .filter(one -> erased.contains(one.in(ws)))
                        .collect(Collectors.toSet()));
    }

    /** Why somebody may not be sent something. */
    public enum Refusal {
        /** Something of theirs is on the list of what nothing is sent to. */
        SUPPRESSED,
        /** They have refused this purpose. */
        NO_CONSENT
    }

    /** Of these people, by whose addresses they are, those to whom nothing is sent for this purpose on this channel. */
    public Future<Map<Integer, Refusal>> refusals(
            SqlClient client, int ws, Collection<Integer> profileNos, String purpose, String channel) {
        return suppressions.refusals(client, ws, profileNos, purpose, channel).map(found -> {
            var refusals = new HashMap<Integer, Refusal>();
            found.forEach((no, suppressed) -> refusals.put(no, suppressed ? Refusal.SUPPRESSED : Refusal.NO_CONSENT));
            return refusals;
        });
    }

    /** Who of these people, by whose addresses they are, has said that they want messages of the purpose on the channel. */
    public Future<Set<Integer>> wanting(
            SqlClient client, int ws, Collection<Integer> profileNos, String purpose, String channel) {
        return suppressions.wanting(client, ws, profileNos, purpose, channel);
    }

    /**
     * Where somebody is, and when they do not want to be disturbed there.
     *
     * @param zone null where nothing has told it
     * @param quietHours null for none
     */
    public record Whereabouts(ZoneId zone, QuietHours quietHours) {}

    /** Of these people, by whose addresses they are; those of whom nothing is known are left out. */
    public Future<Map<Integer, Whereabouts>> whereabouts(SqlClient client, int ws, Collection<Integer> profileNos) {
        return store.whereabouts(client, ws, profileNos);
    }

    /** So many have come at once that the database's planner should know: outside of any transaction, for some tenths of a second. */
    public Future<Void> countAnew(SqlClient client) {
        return store.countAnew(client);
    }

    /** Whether anybody in the workspace has quiet hours of their own. */
    public Future<Boolean> anyQuietHours(SqlClient client, int ws) {
        return store.anyQuietHours(client, ws);
    }

    /**
     * The number of the person behind a visitor's id, without making one: empty for an id that nobody has, and for one that
     * somebody claims to be a known person's without proof.
     */
    public Future<Optional<Integer>> provenVisitor(SqlClient client, int ws, String anonymousId) {
        return store.provenVisitor(client, ws, anonymousId);
    }

    /** Whether the text is what broken clients send where there is no id, such as {@code null}. */
    public static boolean namesNobody(String id) {
        return NOBODY.contains(id.strip().toLowerCase(Locale.ROOT));
    }

    public Future<Map<UUID, Integer>> numbersByIds(SqlClient client, int ws, Collection<UUID> ids) {
        return store.numbersByIds(client, ws, ids).map(rows -> numbers(rows, row -> row.getUUID("id")));
    }

    public Future<Map<String, Integer>> numbersByUserIds(SqlClient client, int ws, Collection<String> userIds) {
        return store.numbersByUserIds(client, ws, userIds).map(rows -> numbers(rows, row -> row.getString("user_id")));
    }

    /** Of visitors, by their own id, without making any; those that somebody claims without proof to be a known person's are left out. */
    public Future<Map<String, Integer>> numbersByAnonymousIds(
            SqlClient client, int ws, Collection<String> anonymousIds) {
        return store.numbersByAnonymousIds(client, ws, anonymousIds)
                .map(rows -> numbers(rows, row -> row.getString("value")));
    }

    /**
     * The number of the person that a request names in its path, by id, {@code user:<userId>} or {@code
     * anonymous:<anonymousId>}; fails with 404 where there is none.
     */
    public Future<Integer> named(SqlClient client, Call call) {
        return ProfilesService.find(store, client, call)
                .map(found -> found.orElseThrow(() -> ProblemException.notFound("profile"))
                        .no());
    }

    /** The public ids of those of these people who are there. */
    public Future<Map<Integer, UUID>> ids(SqlClient client, int ws, Collection<Integer> numbers) {
        return store.ids(client, ws, numbers);
    }

    public Future<Map<Integer, ProfileView>> views(SqlClient client, int ws, Collection<Integer> numbers) {
        return store.views(client, ws, numbers);
    }

    private static <K> Map<K, Integer> numbers(RowSet<Row> rows, java.util.function.Function<Row, K> key) {
        var numbers = new HashMap<K, Integer>(rows.size() * 2);
        rows.forEach(row -> numbers.put(key.apply(row), row.getInteger("profile_no")));
        return numbers;
    }
}
