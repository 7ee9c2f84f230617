package app.fathi.segments;

import app.fathi.cdp.PropertiesStore;
import app.fathi.cdp.values.TraitNames;
import app.fathi.segments.Known.Event;
import app.fathi.segments.Membership.Did;
import app.fathi.segments.rules.Mentions;
import app.fathi.segments.rules.Person.Message;
import app.fathi.segments.rules.Rule.Call;
import app.fathi.segments.rules.RuleSql;
import app.fathi.segments.rules.RuleSql.Condition;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Cursor;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/** All SQL that finds people by rules. */
final class PeopleStore {
    private static final int AT_ONCE = 200;

    private final MessagesStore messages = new MessagesStore();

    /**
     * Whether {@code p} is somebody: neither who became part of somebody else, nor what a visitor leaves behind whose ids are a known person's now.
     * A browser that such a visitor has subscribed is reached by itself until the claim is proven, and stands for somebody so long.
     */
    static final String SOMEBODY =
            """
            p.merged_into IS NULL AND (p.user_id IS NOT NULL
              OR EXISTS (SELECT FROM cdp_identity i WHERE i.profile_no = p.profile_no AND i.ws = p.ws)
              OR EXISTS (SELECT FROM segments_reachable a WHERE a.profile_no = p.profile_no AND a.ws = p.ws))""";

    /** How many, and how many of them over web push. */
    record Count(long people, long reachable) {}

    /** How many, and the numbers of the newest of them. */
    record Found(Count count, List<Integer> newest) {}

    /**
     * The numbers by which {@code cdp_trait} knows traits. Names that it has no place for, because they are too long or the workspace has
     * as many as it may, and those of which not everybody has a row yet, are {@link RuleSql#WITHOUT_ROWS}; those that nobody has are left out.
     */
    Future<Map<String, Integer>> traitNumbers(SqlClient client, int ws, Collection<String> names) {
        return client.preparedQuery(
                        """
                        SELECT w.name, CASE WHEN n.whole THEN n.no END AS no, n.no IS NOT NULL AS partial,
                               $3 <= (SELECT max(no) FROM cdp_trait_name WHERE ws = $1) AS is_full
                        FROM unnest($2::text[]) AS w (name) LEFT JOIN cdp_trait_name n ON n.ws = $1 AND n.name = w.name
                        """)
                .execute(Tuple.of(ws, names.toArray(String[]::new), TraitNames.MOST))
                .map(rows -> {
                    var numbers = new HashMap<String, Integer>();
                    rows.forEach(row -> {
                        var name = row.getString("name");
                        if (row.getInteger("no") != null) {
                            numbers.put(name, row.getInteger("no"));
                        } else if (row.getBoolean("partial")
                                || TraitNames.isTooLong(name)
                                || Boolean.TRUE.equals(row.getBoolean("is_full"))) {
                            numbers.put(name, RuleSql.WITHOUT_ROWS);
                        }
                    });
                    return numbers;
                });
    }

    /** The database's clock, which all nodes share. */
    Future<Instant> now(SqlClient client) {
        return client.query("SELECT now() AS now")
                .execute()
                .map(rows -> rows.iterator().next().getOffsetDateTime("now").toInstant());
    }

    Future<Count> count(SqlClient client, int ws, Condition condition) {
        return client.preparedQuery(
                        """
                        SELECT count(*) AS people, count(r.profile_no) AS reachable
                        FROM cdp_profile p
                        LEFT JOIN segments_reachable r ON r.ws = p.ws AND r.profile_no = p.profile_no AND r.channel = 'webpush'
                        WHERE p.ws = $1 AND\s"""
                                + SOMEBODY + " AND " + condition.text())
                .execute(condition.after(ws))
                .map(rows -> {
                    var row = rows.iterator().next();
                    return new Count(row.getLong("people"), row.getLong("reachable"));
                });
    }

    /** Everybody is asked once for both: what a rule costs is finding whom it means. */
    Future<Found> countAndNewest(SqlClient client, int ws, Condition condition, int limit) {
        return client.preparedQuery(
                        """
                        WITH meant AS MATERIALIZED (
                          SELECT p.profile_no, r.profile_no IS NOT NULL AS reachable
                          FROM cdp_profile p
                          LEFT JOIN segments_reachable r ON r.ws = p.ws AND r.profile_no = p.profile_no AND r.channel = 'webpush'
                          WHERE p.ws = $1 AND\s"""
                                + SOMEBODY + " AND " + condition.text()
                                + """
                        )
                        SELECT count(*) AS people, count(*) FILTER (WHERE reachable) AS reachable,
                               ARRAY (SELECT profile_no FROM meant ORDER BY profile_no DESC LIMIT %d) AS newest
                        FROM meant
                        """
                                        .formatted(limit))
                .execute(condition.after(ws))
                .map(rows -> {
                    var row = rows.iterator().next();
                    return new Found(
                            new Count(row.getLong("people"), row.getLong("reachable")),
                            List.of(row.getArrayOfIntegers("newest")));
                });
    }

    private static final String KNOWN =
            """
            SELECT p.profile_no, p.id, p.user_id, p.traits, p.consents, p.tags, p.groups,
                   ARRAY (SELECT r.channel FROM segments_reachable r WHERE r.ws = p.ws AND r.profile_no = p.profile_no) AS channels
            FROM cdp_profile p
            """;

    /**
     * Asked of the few who have become part of others: of most people no row is read. Looked up one by one, whatever the statistics said when
     * the plan was made.
     */
    static final String LIVING =
            """
            SELECT asked.no AS profile_no FROM unnest($2::int[]) AS asked (no)
            LEFT JOIN LATERAL (
              SELECT true AS merged FROM cdp_profile WHERE profile_no = asked.no AND ws = $1 AND merged_into IS NOT NULL LIMIT 1) gone
              ON true
            WHERE gone.merged IS NULL
            """;

    /** People of whom the condition is true, the newest first, without their events and segments. */
    Future<List<Known>> page(SqlClient client, int ws, Condition condition, int before, int limit) {
        return client.preparedQuery(KNOWN + "WHERE p.ws = $1 AND p.profile_no < $2 AND " + SOMEBODY + " AND "
                        + condition.text() + " ORDER BY p.profile_no DESC LIMIT $3")
                .execute(condition.after(ws, before, limit))
                .map(rows -> rows.stream().map(PeopleStore::known).toList());
    }

    private static final JsonObject NO_TRAITS = new JsonObject();

    private static Known known(Row row) {
        return new Known(
                row.getInteger("profile_no"),
                row.getUUID("id"),
                row.getString("user_id"),
                row.getJsonObject("traits"),
                row.getJsonObject("consents"),
                Set.of(row.getArrayOfStrings("tags")),
                Arrays.stream(row.getArrayOfStrings("groups"))
                        .collect(Collectors.toMap(group -> group, group -> NO_TRAITS)),
                Set.of(row.getArrayOfStrings("channels")),
                Set.of(),
                List.of(),
                List.of());
    }

    /** The same people with what the rule speaks of. */
    Future<List<Known>> complete(SqlClient client, int ws, List<Known> people, Mentions mentions) {
        var numbers = people.stream().map(Known::no).toList();
        return events(client, ws, numbers, mentions.events(), mentions.properties())
                .compose(events -> segments(client, ws, numbers, mentions.segments())
                        .compose(segments -> groups(client, ws, people, mentions.groupTraits())
                                .compose(groups -> (mentions.messages()
                                                ? messages.of(client, ws, numbers)
                                                : Future.succeededFuture(Map.<Integer, List<Message>>of()))
                                        .map(sent -> people.stream()
                                                .map(known -> known.with(
                                                        groups,
                                                        segments.getOrDefault(known.no(), Set.of()),
                                                        events.getOrDefault(known.no(), List.of()),
                                                        sent.getOrDefault(known.no(), List.of())))
                                                .toList()))));
    }

    static final String GROUPS = "SELECT id, %s AS traits FROM cdp_group WHERE ws = $1 AND id = ANY ($2)"
            .formatted(PropertiesStore.members("traits", "$3::text[]", " -> 0"));

    /** Of the groups in which these people are those of these traits that they have. */
    private Future<Map<String, JsonObject>> groups(
            SqlClient client, int ws, Collection<Known> people, Set<String> traits) {
        var ids = people.stream()
                .flatMap(known -> known.groups().keySet().stream())
                .collect(Collectors.toSet());
        if (ids.isEmpty() || traits.isEmpty()) {
            return Future.succeededFuture(Map.of());
        }
        return client.preparedQuery(GROUPS)
                .execute(Tuple.of(ws, ids.toArray(String[]::new), traits.toArray(String[]::new)))
                .map(rows -> {
                    var found = new HashMap<String, JsonObject>();
                    rows.forEach(row -> found.put(
                            row.getString("id"), row.getJson("traits") instanceof JsonObject json ? json : NO_TRAITS));
                    return found;
                });
    }

    /**
     * These people with all their events of these kinds; without those who became part of somebody else.
     *
     * @param looked those of them of whom more is asked than what they did
     * @param mentions events, traits of groups, static segments and messages that are asked for
     */
    Future<Map<Integer, Known>> known(
            SqlClient client, int ws, Collection<Integer> people, Set<Integer> looked, Mentions mentions) {
        var others = people.stream().filter(no -> !looked.contains(no)).toArray(Integer[]::new);
        // One behind the other: nobody waits in between.
        var seen = looked.isEmpty()
                ? Future.succeededFuture(List.<Known>of())
                : client.preparedQuery(KNOWN + "WHERE p.ws = $1 AND p.profile_no = ANY ($2) AND " + SOMEBODY)
                        .execute(Tuple.of(ws, (Object) looked.toArray(Integer[]::new)))
                        .map(rows -> rows.stream().map(PeopleStore::known).toList());
        var living = others.length == 0
                ? Future.succeededFuture(List.<Known>of())
                : client.preparedQuery(LIVING)
                        .execute(Tuple.of(ws, (Object) others))
                        .map(rows -> rows.stream()
                                .map(row -> Known.unseen(row.getInteger("profile_no")))
                                .toList());
        return seen.compose(some -> living.compose(rest -> {
                    var found = new ArrayList<>(some);
                    found.addAll(rest);
                    return complete(client, ws, found, mentions);
                }))
                .map(found -> found.stream().collect(Collectors.toMap(Known::no, one -> one)));
    }

    private static final String CALLS =
            """
            SELECT profile_no, kind, name, at, day, %s AS properties FROM segments_call
            WHERE ws = $1 AND profile_no = ANY ($2) AND (kind || '/' || name = ANY ($3) OR kind = ANY ($3))
            """;

    static final String EVENTS = CALLS.formatted(PropertiesStore.members("properties", "$4::text[]"));

    private static final String EACH = CALLS.formatted(PropertiesStore.whole("properties", "$4::text[]"));

    /** In the order in which they happened, with these of their properties. */
    Future<Map<Integer, List<Event>>> events(
            SqlClient client, int ws, Collection<Integer> people, Set<Call> calls, Set<String> properties) {
        if (calls.isEmpty()) {
            return Future.succeededFuture(Map.of());
        }
        return client.preparedQuery(EVENTS + " ORDER BY at")
                .execute(asked(ws, people, calls, properties))
                .map(rows -> {
                    var found = new HashMap<Integer, List<Event>>();
                    for (var row : rows) {
                        found.computeIfAbsent(row.getInteger("profile_no"), no -> new ArrayList<>())
                                .add(new Event(
                                        call(row), row.getOffsetDateTime("at").toInstant(), properties(row)));
                    }
                    return found;
                });
    }

    /** Takes an event of somebody. */
    interface Taker {
        /** @param day on which it came */
        void take(int profileNo, Did event, Long day);
    }

    /** These events one after another, in no order: of who did very much no more than a page is in memory. */
    Future<Void> each(
            SqlConnection tx,
            int ws,
            Collection<Integer> people,
            Set<Call> calls,
            Set<String> properties,
            Taker taker) {
        return tx.prepare(EACH).compose(statement -> {
            var cursor = statement.cursor(asked(ws, people, calls, properties));
            return read(cursor, taker).eventually(() -> cursor.close()).eventually(() -> statement.close());
        });
    }

    private static Tuple asked(int ws, Collection<Integer> people, Set<Call> calls, Set<String> properties) {
        return Tuple.of(
                ws,
                people.toArray(Integer[]::new),
                calls.stream()
                        .map(call -> call.name() == null
                                ? call.kind().word()
                                : call.kind().word() + "/" + call.name())
                        .toArray(String[]::new),
                properties.toArray(String[]::new));
    }

    private static Call call(Row row) {
        return Call.of(row.getString("kind"), row.getString("name")).orElseThrow();
    }

    private static Future<Void> read(Cursor cursor, Taker taker) {
        return cursor.read(AT_ONCE).compose(rows -> {
            rows.forEach(row -> taker.take(
                    row.getInteger("profile_no"),
                    new Did(call(row), row.getOffsetDateTime("at").toInstant(), properties(row)),
                    row.getLong("day")));
            return cursor.hasMore() ? read(cursor, taker) : Future.succeededFuture();
        });
    }

    private static JsonObject properties(Row row) {
        return row.getJson("properties") instanceof JsonObject json ? json : new JsonObject();
    }

    private Future<Map<Integer, Set<UUID>>> segments(
            SqlClient client, int ws, Collection<Integer> people, Set<UUID> ids) {
        if (ids.isEmpty()) {
            return Future.succeededFuture(Map.of());
        }
        return client.preparedQuery(
                        """
                        SELECT coalesce(p.merged_into, p.profile_no) AS profile_no, m.segment FROM segments_member m
                        JOIN cdp_profile p ON p.ws = m.ws AND p.profile_no = m.profile_no
                        WHERE m.ws = $1 AND m.segment = ANY ($3) AND coalesce(p.merged_into, p.profile_no) = ANY ($2)
                        """)
                .execute(Tuple.of(ws, people.toArray(Integer[]::new), ids.toArray(UUID[]::new)))
                .map(rows -> {
                    var found = new HashMap<Integer, Set<UUID>>();
                    rows.forEach(row -> found.computeIfAbsent(row.getInteger("profile_no"), no -> new HashSet<>())
                            .add(row.getUUID("segment")));
                    return found;
                });
    }
}
