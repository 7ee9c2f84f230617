package app.fathi.cdp;

import app.fathi.cdp.values.Fold;
import app.fathi.cdp.values.TraitNames;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.UUID;

/** All SQL of people as they are shown and found, and of their events. */
final class ProfilesStore {

    /** An event as it is kept. */
    record Kept(int ws, long identityNo, Instant at, String messageId, String kind, String name, String payload) {}

    /**
     * One person with all ids, as {@code getProfile} shows them.
     *
     * @param traits those of {@link Device} among them
     */
    record Shown(
            int no,
            UUID id,
            String userId,
            JsonArray otherUserIds,
            JsonArray anonymousIds,
            JsonObject traits,
            List<String> tags,
            List<String> groups,
            Instant firstSeenAt,
            Instant lastSeenAt,
            long version) {}

    /** An event of a person's timeline. */
    record Happened(Instant at, String messageId, String kind, String name, JsonObject payload) {}

    /** What a list of people is limited to; null where it is not. */
    record Filter(String q, String trait, String value, String tag) {}

    /** Tags that are in force of a person, whatever ids they have. */
    private static final int MAX_TAGS = 500;

    /** Groups that a person is in, whatever ids they have. */
    private static final int MAX_GROUPS = 100;

    static final String LOCK_PROFILES =
            """
            SELECT p.profile_no, w.said IS NULL OR NOT p.traits @> w.said::jsonb AS differs
            FROM unnest($2::int[], $3::text[]) AS w (no, said) JOIN cdp_profile p ON p.ws = $1 AND p.profile_no = w.no
            ORDER BY p.profile_no FOR UPDATE OF p
            """;

    /**
     * Whoever has many ids of each of which as much was said as may be has not the sum of it: what was said last stays, as with one id.
     */
    static final String REFRESH =
            """
            UPDATE cdp_profile p SET traits = f.traits, tags = f.tags, groups = f.groups, consents = f.consents, version = p.version + 1
            FROM unnest($2::int[]) AS asked (no)
            CROSS JOIN (SELECT coalesce(array_agg(name), '{}') AS names FROM cdp_computed_trait WHERE ws = $1) computed
            CROSS JOIN (SELECT coalesce((SELECT oldest FROM cdp_trait_rules WHERE ws = $1), '{}') AS names) first
            CROSS JOIN LATERAL (SELECT b.traits, b.consents, b.tags, b.groups FROM cdp_profile b WHERE b.ws = $1 AND b.profile_no = asked.no) before
            CROSS JOIN LATERAL (
              WITH w AS MATERIALIZED (
                SELECT DISTINCT ON (t.what, t.key) t.what, t.key, t.value -> 0 AS value, t.value -> 1 AS micros
                FROM cdp_said i CROSS JOIN LATERAL (
                  SELECT 'trait' AS what, key, value FROM jsonb_each(i.traits)
                  UNION ALL SELECT 'tag', key, value FROM jsonb_each(i.tags)
                  UNION ALL SELECT 'group', key, value FROM jsonb_each(i.groups)
                  UNION ALL SELECT 'consent', key, value FROM jsonb_each(i.consents) c WHERE %6$s) t
                WHERE i.ws = $1 AND i.profile_no = asked.no
                ORDER BY t.what, t.key, %1$s),
              whole AS (
                SELECT coalesce(jsonb_object_agg(w.key, w.value) FILTER (WHERE w.what = 'trait' AND w.value <> 'null'), '{}') AS traits,
                       coalesce((array_agg(w.key ORDER BY w.key) FILTER (WHERE w.what = 'tag' AND w.value = 'true'))[:%3$d], '{}') AS tags,
                       coalesce((array_agg(w.key ORDER BY w.key) FILTER (WHERE w.what = 'group' AND w.value = 'true'))[:%4$d], '{}')
                         AS groups,
                       count(*) FILTER (WHERE w.what = 'consent') AS consents
                FROM w)
              SELECT (CASE WHEN pg_column_size(whole.traits) <= %2$d OR octet_length(whole.traits::text) <= %2$d THEN whole.traits ELSE (
                        SELECT coalesce(jsonb_object_agg(n.key, n.value), '{}') FROM (
                          SELECT w.key, w.value, sum(octet_length(w.key) + octet_length(w.value::text) + 6)
                            OVER (ORDER BY w.micros DESC, w.key) AS octets
                          FROM w WHERE w.what = 'trait' AND w.value <> 'null') n WHERE n.octets <= %2$d) END - computed.names)
                       || coalesce((SELECT jsonb_object_agg(c.key, c.value -> 0) FROM cdp_computed_value v CROSS JOIN LATERAL jsonb_each(v.traits) c
                                    WHERE v.ws = $1 AND v.profile_no = asked.no AND c.key = ANY (computed.names) AND c.value -> 0 <> 'null'), '{}')
                       AS traits,
                     whole.tags, whole.groups,
                     CASE WHEN whole.consents = 0 THEN '{}' ELSE (
                       SELECT jsonb_object_agg(n.key, jsonb_build_array(n.value, n.micros)) FROM (
                         SELECT w.key, w.value, w.micros FROM w WHERE w.what = 'consent' ORDER BY w.micros DESC, w.key LIMIT %5$d) n)
                       END AS consents
              FROM whole) f
            WHERE p.ws = $1 AND p.profile_no = asked.no
              AND (p.traits, p.tags, p.groups, p.consents) IS DISTINCT FROM (f.traits, f.tags, f.groups, f.consents)
            RETURNING p.profile_no, before.traits AS before, f.traits AS after, before.consents <> f.consents AS consents,
              before.tags <> f.tags AS tags, before.groups <> f.groups AS groups
            """
                    .formatted(
                            WordsStore.STANDING.formatted("t.what = 'trait' AND t.key = ANY (first.names)"),
                            Words.MAX_OCTETS,
                            MAX_TAGS,
                            MAX_GROUPS,
                            Identity.MAX_CONSENTS,
                            WordsStore.COUNTS);

    /**
     * Locks these profiles in ascending order, and tells which are to be refreshed: by a statement of its own, so that the next one sees
     * what those wrote for whom this one waited.
     *
     * @param said by profile the traits that were said again, values without structure: where they are in force already, nothing
     *     is other. Null where it has to be looked at whatever is in force
     */
    Future<List<Integer>> lock(SqlConnection tx, int ws, SortedMap<Integer, JsonObject> said) {
        return tx.preparedQuery(LOCK_PROFILES)
                .execute(Tuple.of(
                        ws,
                        said.keySet().toArray(Integer[]::new),
                        said.values().stream()
                                .map(words -> words == null ? null : words.encode())
                                .toArray(String[]::new)))
                .map(rows -> rows.stream()
                        .filter(row -> row.getBoolean("differs"))
                        .map(row -> row.getInteger("profile_no"))
                        .toList());
    }

    /**
     * Puts traits, tags, groups and consents of these profiles, which are locked, in force again: of each name the latest word that was
     * said of any of their ids, and what is computed in place of all words of its name.
     * Those of whom anything is other by that are written, and told.
     */
    Future<List<TraitsStore.Change>> refresh(SqlConnection tx, int ws, Collection<Integer> profileNos) {
        if (profileNos.isEmpty()) {
            return Future.succeededFuture(List.of());
        }
        return tx.preparedQuery(REFRESH)
                .execute(Tuple.of(ws, (Object) profileNos.toArray(Integer[]::new)))
                .map(rows -> rows.stream()
                        .map(row -> new TraitsStore.Change(
                                row.getInteger("profile_no"),
                                row.getJsonObject("before"),
                                row.getJsonObject("after"),
                                row.getBoolean("consents"),
                                row.getBoolean("tags"),
                                row.getBoolean("groups")))
                        .toList());
    }

    /**
     * Whoever appends waits until it is on the disk, and so does nobody who derives: should the database fall before, the offset is lost with
     * what came of the events, and they are derived again. What leaves the database because of them, a push or a call, waits for
     * a commit of its own, which takes all before it along.
     */
    Future<Void> waitForNoDisk(SqlConnection tx) {
        return tx.query("SET LOCAL synchronous_commit = off").execute().mapEmpty();
    }

    /**
     * What came in other periods is looked up for all of them at once: one by one it cost more than remembering them. Those of this
     * period the unique index finds.
     */
    static final String UNSEEN =
            """
            WITH present AS MATERIALIZED (
              SELECT max(number) AS period FROM partition_period WHERE relation = 'ingest_seen' AND begins_at <= now()),
            before AS MATERIALIZED (
              SELECT hash FROM ingest_seen WHERE ws = $1 AND hash = ANY ($2) AND period < (SELECT period FROM present)
              UNION ALL
              SELECT hash FROM ingest_seen WHERE ws = $1 AND hash = ANY ($2) AND period > (SELECT period FROM present))
            INSERT INTO ingest_seen (period, ws, hash)
            SELECT (SELECT period FROM present), $1, h FROM unnest($2::uuid[]) AS h
            WHERE h NOT IN (SELECT hash FROM before)
            ON CONFLICT DO NOTHING RETURNING hash
            """;

    /** Of these messages those that come for the first time; they are remembered for at least 12 hours. */
    Future<Set<UUID>> unseen(SqlConnection tx, int ws, List<UUID> hashes) {
        return tx.preparedQuery(UNSEEN)
                .execute(Tuple.of(ws, (Object) hashes.toArray(UUID[]::new)))
                .map(rows -> {
                    var unseen = new HashSet<UUID>();
                    rows.forEach(row -> unseen.add(row.getUUID("hash")));
                    return unseen;
                });
    }

    Future<Void> keep(SqlConnection tx, List<Kept> events) {
        return tx.preparedQuery(
                        """
                        INSERT INTO cdp_event (period, ws, identity_no, at, message_id, kind, name, payload)
                        SELECT (SELECT max(number) FROM partition_period WHERE relation = 'cdp_event' AND begins_at <= now()),
                               e.ws, e.identity_no, e.at, e.message_id, e.kind, e.name, e.payload::jsonb
                        FROM unnest($1::int[], $2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[])
                          AS e (ws, identity_no, at, message_id, kind, name, payload)
                        """)
                .execute(Tuple.of(
                                events.stream().map(Kept::ws).toArray(Integer[]::new),
                                events.stream().map(Kept::identityNo).toArray(Long[]::new),
                                events.stream().map(one -> utc(one.at())).toArray(OffsetDateTime[]::new),
                                events.stream().map(Kept::messageId).toArray(String[]::new),
                                events.stream().map(Kept::kind).toArray(String[]::new),
                                events.stream().map(Kept::name).toArray(String[]::new))
                        .addValue(events.stream().map(Kept::payload).toArray(String[]::new)))
                .mapEmpty();
    }

    /**
     * Looked up one by one and by nothing but the id: while the table is empty, an index that begins with the workspace
     * costs as little, and the plan is kept.
     */
    static final String NUMBERS_BY_IDS =
            """
            SELECT p.id, coalesce(p.merged_into, p.profile_no) AS profile_no
            FROM unnest($2::uuid[]) AS wanted (id)
            CROSS JOIN LATERAL (SELECT * FROM cdp_profile WHERE id = wanted.id LIMIT 1) p
            WHERE p.ws = $1
            """;

    static final String NUMBERS_BY_USER_IDS =
            """
            SELECT i.value AS user_id, i.profile_no
            FROM unnest($2::text[]) AS wanted (value)
            CROSS JOIN LATERAL (SELECT * FROM cdp_identity WHERE ws = $1 AND kind = 0 AND value = wanted.value LIMIT 1) i
            """;

    Future<RowSet<Row>> numbersByIds(SqlClient client, int ws, Collection<UUID> ids) {
        return client.preparedQuery(NUMBERS_BY_IDS).execute(Tuple.of(ws, (Object) ids.toArray(UUID[]::new)));
    }

    Future<RowSet<Row>> numbersByUserIds(SqlClient client, int ws, Collection<String> userIds) {
        return client.preparedQuery(NUMBERS_BY_USER_IDS).execute(Tuple.of(ws, (Object) userIds.toArray(String[]::new)));
    }

    static final String NUMBERS_BY_ANONYMOUS_IDS =
            """
            SELECT value, profile_no FROM cdp_identity
            WHERE ws = $1 AND kind = 1 AND value = ANY ($2) AND profile_no = address_no
            """;

    Future<RowSet<Row>> numbersByAnonymousIds(SqlClient client, int ws, Collection<String> anonymousIds) {
        return client.preparedQuery(NUMBERS_BY_ANONYMOUS_IDS)
                .execute(Tuple.of(ws, (Object) anonymousIds.toArray(String[]::new)));
    }

    /** Empty where nothing has come under this id yet. */
    Future<Optional<Integer>> provenVisitor(SqlClient client, int ws, String anonymousId) {
        return client.preparedQuery(
                        """
                        SELECT profile_no FROM cdp_identity
                        WHERE ws = $1 AND kind = 1 AND value = $2 AND profile_no = address_no
                        """)
                .execute(Tuple.of(ws, anonymousId))
                .map(rows ->
                        rows.stream().map(row -> row.getInteger("profile_no")).findFirst());
    }

    static final String IDS = "SELECT profile_no, id FROM cdp_profile WHERE ws = $1 AND profile_no = ANY ($2)";

    Future<Map<Integer, UUID>> ids(SqlClient client, int ws, Collection<Integer> numbers) {
        return client.preparedQuery(IDS)
                .execute(Tuple.of(ws, (Object) numbers.toArray(Integer[]::new)))
                .map(rows -> {
                    var ids = new HashMap<Integer, UUID>(rows.size() * 2);
                    rows.forEach(row -> ids.put(row.getInteger("profile_no"), row.getUUID("id")));
                    return ids;
                });
    }

    Future<Map<Integer, ProfileView>> views(SqlClient client, int ws, Collection<Integer> numbers) {
        return client.preparedQuery(
                        "SELECT profile_no, id, user_id, traits FROM cdp_profile WHERE ws = $1 AND profile_no = ANY ($2)")
                .execute(Tuple.of(ws, (Object) numbers.toArray(Integer[]::new)))
                .map(rows -> {
                    var views = new HashMap<Integer, ProfileView>(rows.size() * 2);
                    rows.forEach(row -> views.put(
                            row.getInteger("profile_no"),
                            new ProfileView(
                                    row.getInteger("profile_no"),
                                    row.getUUID("id"),
                                    row.getString("user_id"),
                                    row.getJsonObject("traits"))));
                    return views;
                });
    }

    /**
     * As senders ask for refusals: by the number of whose addresses they are, as a visitor whom somebody claims without proof is
     * reached as a visitor, but what they say is said with the person.
     */
    static final String WHEREABOUTS =
            """
            SELECT asked.no AS profile_no, p.traits ->> '$timezone' AS zone, p.traits -> '$quietHours' AS quiet
            FROM unnest($2::int[]) AS asked (no)
            CROSS JOIN LATERAL (
              SELECT asked.no, 0 AS place UNION ALL
              SELECT i.profile_no, 1 FROM cdp_identity i
              WHERE i.ws = $1 AND i.address_no = asked.no AND i.address_no <> i.profile_no) AS who (no, place)
            CROSS JOIN LATERAL (SELECT traits FROM cdp_profile WHERE ws = $1 AND profile_no = who.no LIMIT 1) p
            WHERE p.traits ?| ARRAY['$timezone', '$quietHours']
            ORDER BY who.place
            """;

    Future<Map<Integer, Profiles.Whereabouts>> whereabouts(SqlClient client, int ws, Collection<Integer> numbers) {
        return client.preparedQuery(WHEREABOUTS)
                .execute(Tuple.of(ws, (Object) numbers.toArray(Integer[]::new)))
                .map(rows -> {
                    var places = new HashMap<Integer, Profiles.Whereabouts>();
                    rows.forEach(row -> places.merge(
                            row.getInteger("profile_no"),
                            new Profiles.Whereabouts(
                                    Device.known(row.getString("zone")),
                                    QuietHours.of(row.getJsonObject("quiet")).orElse(null)),
                            (own, theirs) -> new Profiles.Whereabouts(
                                    own.zone() == null ? theirs.zone() : own.zone(),
                                    own.quietHours() == null ? theirs.quietHours() : own.quietHours())));
                    return places;
                });
    }

    Future<Void> countAnew(SqlClient client) {
        return client.query("ANALYZE cdp_profile, cdp_identity, cdp_words")
                .execute()
                .mapEmpty();
    }

    static final String ANY_QUIET_HOURS =
            """
            SELECT EXISTS (
              SELECT FROM cdp_trait_name n JOIN cdp_trait t ON t.ws = $1 AND t.trait = n.no
              WHERE n.ws = $1 AND n.name = $2) AS wishes
            """;

    Future<Boolean> anyQuietHours(SqlClient client, int ws) {
        return client.preparedQuery(ANY_QUIET_HOURS)
                .execute(Tuple.of(ws, QuietHours.NAME))
                .map(rows -> rows.iterator().next().getBoolean("wishes"));
    }

    /** When any of a person's ids was seen: written down of the person, all of theirs would be written while they are on a page. */
    private static final String SEEN_AT =
            """
            coalesce((SELECT max(i.last_seen_at) FROM cdp_identity i WHERE i.ws = p.ws AND i.profile_no = p.profile_no), p.last_seen_at)""";

    /**
     * Found by its own id, or by an id of kind {@code kind} that leads to it; the other parameters are null. Who is about to be
     * erased is not shown any more.
     */
    Future<Optional<Shown>> show(SqlClient client, int ws, UUID id, Short kind, String value) {
        return client.preparedQuery(
                        """
                        SELECT p.*, %s AS seen_at,
                               (SELECT coalesce(jsonb_agg(i.value ORDER BY i.no), '[]') FROM cdp_identity i
                                WHERE i.ws = p.ws AND i.profile_no = p.profile_no AND i.kind = 0 AND i.value <> p.user_id)
                                 AS other_user_ids,
                               (SELECT coalesce(jsonb_agg(i.value ORDER BY i.no), '[]') FROM cdp_identity i
                                WHERE i.ws = p.ws AND i.profile_no = p.profile_no AND i.kind = 1) AS anonymous_ids
                        FROM cdp_profile p
                        WHERE p.ws = $1 AND p.profile_no = coalesce(
                          (SELECT coalesce(merged_into, profile_no) FROM cdp_profile WHERE ws = $1 AND id = $2),
                          (SELECT profile_no FROM cdp_identity WHERE ws = $1 AND kind = $3 AND value = $4))
                          AND NOT EXISTS (SELECT FROM cdp_erasure e WHERE e.ws = $1 AND e.profile_no = p.profile_no)
                        """
                                .formatted(SEEN_AT))
                .execute(Tuple.of(ws, id, kind, value))
                .map(rows -> {
                    for (var row : rows) {
                        return Optional.of(shown(row));
                    }
                    return Optional.empty();
                });
    }

    private static Shown shown(Row row) {
        return new Shown(
                row.getInteger("profile_no"),
                row.getUUID("id"),
                row.getString("user_id"),
                row.getJsonArray("other_user_ids"),
                row.getJsonArray("anonymous_ids"),
                row.getJsonObject("traits"),
                List.of(row.getArrayOfStrings("tags")),
                List.of(row.getArrayOfStrings("groups")),
                row.getOffsetDateTime("first_seen_at").toInstant(),
                row.getOffsetDateTime("seen_at").toInstant(),
                row.getLong("version"));
    }

    private static final String LISTED = "SELECT p.*, " + SEEN_AT
            + """
             AS seen_at, '[]'::jsonb AS other_user_ids, '[]'::jsonb AS anonymous_ids
            FROM cdp_profile p
            WHERE p.ws = $1 AND p.profile_no < $2 AND p.merged_into IS NULL
              AND EXISTS (SELECT FROM cdp_identity i WHERE i.ws = $1 AND i.profile_no = p.profile_no)
              AND NOT EXISTS (SELECT FROM cdp_erasure e WHERE e.ws = $1 AND e.profile_no = p.profile_no)
              AND ($3::text IS NULL OR p.tags @> ARRAY[$3])
              AND ($4::text IS NULL OR p.traits ->> $4 = $5)
            %s
            ORDER BY p.profile_no DESC LIMIT $6
            """;

    static final String LIST = LISTED.formatted("");

    /** {@code $7} is what a userId begins with, {@code $8} the same for folded e-mail addresses and phone numbers; both for other ids. */
    static final String LIST_BY_TEXT = LISTED.formatted(
            """
              AND p.profile_no IN (
                SELECT i.profile_no FROM cdp_identity i
                WHERE i.ws = $1 AND i.kind = 0 AND i.value >= $7 AND i.value < $7 || chr(1114111)
                UNION ALL
                SELECT i.profile_no FROM cdp_identity i WHERE i.ws = $1 AND i.kind = 1 AND i.value = $7
                UNION ALL
                SELECT i.profile_no FROM cdp_bond b JOIN cdp_identity i ON i.ws = $1 AND i.kind = 0 AND i.value = b.user_id
                WHERE b.ws = $1 AND b.refused IS NULL AND b.value >= $7 AND b.value < $7 || chr(1114111)
                UNION ALL
                SELECT i.profile_no FROM cdp_bond b JOIN cdp_identity i ON i.ws = $1 AND i.kind = 0 AND i.value = b.user_id
                WHERE b.ws = $1 AND b.refused IS NULL AND b.value >= $8 AND b.value < $8 || chr(1114111)
                UNION ALL
                SELECT t.profile_no FROM cdp_trait_name n JOIN cdp_trait t ON t.ws = $1 AND t.trait = n.no AND t.num IS NULL
                  AND left(t.fold, 100) >= $8 AND left(t.fold, 100) < $8 || chr(1114111)
                WHERE n.ws = $1 AND n.name IN ('email', 'phone'))
            """);

    /**
     * {@code $7} is the value folded, {@code $8} the value as a number, null where it is none. Of a trait whose name found no place
     * everybody's are read.
     */
    static final String LIST_BY_TRAIT = LISTED.formatted(
            """
              AND p.profile_no IN (
                SELECT t.profile_no FROM cdp_trait_name n JOIN cdp_trait t ON t.ws = $1 AND t.trait = n.no AND t.num IS NULL
                  AND left(t.fold, 100) = left($7, 100)
                WHERE n.ws = $1 AND n.name = $4
                UNION ALL
                SELECT t.profile_no FROM cdp_trait_name n JOIN cdp_trait t ON t.ws = $1 AND t.trait = n.no AND t.num = $8::float8
                WHERE n.ws = $1 AND n.name = $4
                UNION ALL
                SELECT w.profile_no FROM cdp_profile w
                WHERE w.ws = $1 AND w.traits ->> $4 = $5
                  AND NOT EXISTS (SELECT FROM cdp_trait_name WHERE ws = $1 AND name = $4 AND whole)
                  AND (SELECT max(no) FROM cdp_trait_name WHERE ws = $1) >= %d)
            """
                    .formatted(TraitNames.MOST));

    /** The newest people first; those who became others, and visitors of whom nothing is left, are not among them. */
    Future<List<Shown>> list(SqlClient client, int ws, Filter filter, int before, int limit) {
        var values = Tuple.tuple()
                .addInteger(ws)
                .addInteger(before)
                .addString(filter.tag())
                .addString(filter.trait())
                .addString(filter.value())
                .addInteger(limit);
        var sql = LIST;
        if (filter.q() != null) {
            sql = LIST_BY_TEXT;
            values.addString(filter.q()).addString(Fold.of(filter.q()));
        } else if (filter.trait() != null) {
            sql = LIST_BY_TRAIT;
            values.addString(Fold.of(filter.value())).addDouble(number(filter.value()));
        }
        return client.preparedQuery(sql)
                .execute(values)
                .map(rows -> rows.stream().map(ProfilesStore::shown).toList());
    }

    private static Double number(String text) {
        return switch (text) {
            case "true" -> 1.0;
            case "false" -> 0.0;
            default -> {
                try {
                    var number = Double.parseDouble(text);
                    yield Double.isFinite(number) ? number : null;
                } catch (NumberFormatException e) {
                    yield null;
                }
            }
        };
    }

    static final String TIMELINE =
            """
            SELECT e.at, e.message_id, e.kind, e.name, e.payload
            FROM cdp_identity i
            CROSS JOIN LATERAL (
              SELECT * FROM cdp_event e
              WHERE e.ws = $1 AND e.identity_no = i.no AND e.at <= $3
                AND (e.at < $3 OR e.message_id < $4)
                AND ($5::text IS NULL OR e.kind = $5) AND ($6::text IS NULL OR e.name = $6)
              ORDER BY e.at DESC, e.message_id DESC LIMIT $7) e
            WHERE i.ws = $1 AND i.profile_no = ANY ($2)
            ORDER BY e.at DESC, e.message_id DESC LIMIT $7
            """;

    /** What a person did before a place in their timeline, the latest first. */
    Future<List<Happened>> timeline(
            SqlClient client,
            int ws,
            Collection<Integer> profileNos,
            OffsetDateTime before,
            String beforeId,
            String kind,
            String name,
            int limit) {
        return client.preparedQuery(TIMELINE)
                .execute(Tuple.from(
                        new Object[] {ws, profileNos.toArray(Integer[]::new), before, beforeId, kind, name, limit}))
                .map(rows -> rows.stream()
                        .map(row -> new Happened(
                                row.getOffsetDateTime("at").toInstant(),
                                row.getString("message_id"),
                                row.getString("kind"),
                                row.getString("name"),
                                row.getJsonObject("payload")))
                        .toList());
    }

    private static OffsetDateTime utc(Instant instant) {
        return instant == null ? null : instant.atOffset(ZoneOffset.UTC);
    }
}
