package app.fathi.cdp;

import app.fathi.cdp.Bond.Told;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** All SQL of the ids beside userId and anonymousId. */
final class BondsStore {

    // ---- as they are told ----

    static final String NEWS =
            """
            SELECT n.place FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[])
              WITH ORDINALITY AS n (ws, user_id, kind, value, at, message_id, place)
            LEFT JOIN LATERAL (
              SELECT at, message_id FROM cdp_bond b
              WHERE b.ws = n.ws AND b.user_id = n.user_id AND b.kind = n.kind AND b.value = n.value LIMIT 1) b ON true
            WHERE b.at IS NULL OR (n.at, n.message_id COLLATE "C") < (b.at, b.message_id)
            """;

    /** Of these bonds those that are not known, or known by a later event only. */
    Future<List<Bond>> news(SqlConnection tx, List<Bond> bonds) {
        return tx.preparedQuery(NEWS).execute(values(bonds)).map(rows -> rows.stream()
                .map(row -> bonds.get((int) (row.getLong("place") - 1)))
                .toList());
    }

    /** Whoever tells new ones in a workspace waits for each other, so that nobody overlooks who else has them. */
    Future<Void> lockTelling(SqlConnection tx, int ws) {
        return tx.preparedQuery("SELECT pg_advisory_xact_lock(hashtextextended('cdp_bond', $1))")
                .execute(Tuple.of((long) ws))
                .mapEmpty();
    }

    static final String TELL =
            """
            INSERT INTO cdp_bond (ws, user_id, kind, value, at, message_id, refused, open)
            SELECT n.ws, n.user_id, n.kind, n.value, n.at, n.message_id, CASE WHEN o.open THEN 'waiting' END, o.open
            FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::boolean[])
              AS n (ws, user_id, kind, value, at, message_id, together)
            CROSS JOIN LATERAL (SELECT n.together
              OR EXISTS (SELECT FROM cdp_bond c WHERE c.value = n.value AND c.ws = n.ws AND c.kind = n.kind AND c.user_id <> n.user_id)
              OR EXISTS (
                SELECT FROM cdp_identity i JOIN cdp_identity p ON p.profile_no = i.profile_no AND p.ws = i.ws AND p.kind = 0
                JOIN cdp_bond c ON c.ws = p.ws AND c.user_id = p.value AND c.kind = n.kind
                WHERE i.ws = n.ws AND i.kind = 0 AND i.value = n.user_id) AS open) o
            ON CONFLICT (ws, user_id, kind, value) DO UPDATE SET at = excluded.at, message_id = excluded.message_id, open = true
            RETURNING ws, open
            """;

    /**
     * Writes down what is new. An id that nobody else has, of whom none of its kind was told before, is theirs at once.
     *
     * @param together whether others of the same batch have to be looked at with it
     * @return workspaces in which some have to be looked at
     */
    Future<Set<Integer>> tell(SqlConnection tx, List<Bond> bonds, List<Boolean> together) {
        return tx.preparedQuery(TELL)
                .execute(values(bonds).addValue(together.toArray(Boolean[]::new)))
                .map(rows -> {
                    var open = new TreeSet<Integer>();
                    rows.stream().filter(row -> row.getBoolean("open")).forEach(row -> open.add(row.getInteger("ws")));
                    return open;
                });
    }

    /** What is known of these people has to be looked at again. Tells whether there is anything. */
    Future<Boolean> open(SqlConnection tx, int ws, Collection<String> userIds) {
        return tx.preparedQuery("UPDATE cdp_bond SET open = true WHERE ws = $1 AND user_id = ANY ($2)")
                .execute(Tuple.of(ws, (Object) userIds.toArray(String[]::new)))
                .map(rows -> rows.rowCount() > 0);
    }

    // ---- as they are looked at ----

    /** People of whom something has to be looked at, those first that have waited longest. */
    Future<List<String>> waiting(SqlClient client, int ws, int limit) {
        return client.preparedQuery(
                        """
                        SELECT DISTINCT user_id FROM (
                          SELECT user_id FROM cdp_bond WHERE ws = $1 AND open ORDER BY no LIMIT $2) b ORDER BY user_id
                        """)
                .execute(Tuple.of(ws, limit))
                .map(rows -> rows.stream().map(row -> row.getString("user_id")).toList());
    }

    /** The next of all people, by their userId. */
    Future<List<String>> people(SqlClient client, int ws, String after, int limit) {
        return client.preparedQuery(
                        """
                        SELECT DISTINCT user_id FROM (
                          SELECT user_id FROM cdp_bond WHERE ws = $1 AND user_id > $2 ORDER BY ws, user_id LIMIT $3) b ORDER BY user_id
                        """)
                .execute(Tuple.of(ws, after, limit))
                .map(rows -> rows.stream().map(row -> row.getString("user_id")).toList());
    }

    /** The numbers of the profiles of these people. */
    Future<Set<Integer>> profiles(SqlConnection tx, int ws, Collection<String> userIds) {
        return tx.preparedQuery(
                        """
                        SELECT DISTINCT i.profile_no FROM unnest($2::text[]) AS wanted (value)
                        CROSS JOIN LATERAL (SELECT profile_no FROM cdp_identity WHERE ws = $1 AND kind = 0 AND value = wanted.value LIMIT 1) i
                        """)
                .execute(Tuple.of(ws, (Object) userIds.toArray(String[]::new)))
                .map(rows -> {
                    var nos = new TreeSet<Integer>();
                    rows.forEach(row -> nos.add(row.getInteger("profile_no")));
                    return nos;
                });
    }

    Future<List<Bond>> of(SqlClient client, int ws, Collection<String> userIds) {
        return client.preparedQuery("SELECT * FROM cdp_bond WHERE ws = $1 AND user_id = ANY ($2) ORDER BY no")
                .execute(Tuple.of(ws, (Object) userIds.toArray(String[]::new)))
                .map(rows -> rows.stream().map(BondsStore::bond).toList());
    }

    static final String SHARING =
            """
            SELECT b.* FROM unnest($2::text[], $3::text[]) AS wanted (kind, value)
            CROSS JOIN LATERAL (
              SELECT * FROM cdp_bond WHERE value = wanted.value AND ws = $1 AND kind = wanted.kind LIMIT $4) b
            """;

    /** Who has these ids as well; of each at most so many. */
    Future<List<Bond>> sharing(SqlConnection tx, int ws, Collection<Told> told, int most) {
        return tx.preparedQuery(SHARING)
                .execute(Tuple.of(
                        ws,
                        told.stream().map(Told::kind).toArray(String[]::new),
                        told.stream().map(Told::value).toArray(String[]::new),
                        most))
                .map(rows -> rows.stream().map(BondsStore::bond).toList());
    }

    /** Ids that too many have hold nobody: who waited need not be looked at for it, and whom it has held has to be. */
    Future<Void> share(SqlConnection tx, int ws, Collection<Told> told) {
        return told.isEmpty()
                ? Future.succeededFuture()
                : tx.preparedQuery(
                                """
                                UPDATE cdp_bond b SET open = b.refused IS NULL, refused = CASE WHEN b.refused IS NOT NULL THEN 'shared' END
                                FROM unnest($2::text[], $3::text[]) AS t (kind, value)
                                WHERE b.value = t.value AND b.ws = $1 AND b.kind = t.kind AND b.refused IS DISTINCT FROM 'shared'
                                """)
                        .execute(Tuple.of(
                                ws,
                                told.stream().map(Told::kind).toArray(String[]::new),
                                told.stream().map(Told::value).toArray(String[]::new)))
                        .mapEmpty();
    }

    /** These were looked at. */
    Future<Void> judge(SqlConnection tx, int ws, Map<Bond, String> refused) {
        var bonds = List.copyOf(refused.keySet());
        var reasons = new ArrayList<String>();
        bonds.forEach(bond -> reasons.add(refused.get(bond)));
        return bonds.isEmpty()
                ? Future.succeededFuture()
                : tx.preparedQuery(
                                """
                                UPDATE cdp_bond b SET refused = j.refused, open = false
                                FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS j (user_id, kind, value, refused)
                                WHERE b.ws = $1 AND b.user_id = j.user_id AND b.kind = j.kind AND b.value = j.value
                                  AND (b.open OR b.refused IS DISTINCT FROM j.refused)
                                """)
                        .execute(Tuple.of(
                                ws,
                                bonds.stream().map(Bond::userId).toArray(String[]::new),
                                bonds.stream().map(Bond::kind).toArray(String[]::new),
                                bonds.stream().map(Bond::value).toArray(String[]::new),
                                reasons.toArray(String[]::new)))
                        .mapEmpty();
    }

    /** They are looked at no more; what still waits holds nothing. */
    Future<Void> close(SqlConnection tx, int ws, Collection<String> userIds) {
        return tx.preparedQuery(
                        """
                        UPDATE cdp_bond SET open = false, refused = CASE WHEN refused = 'waiting' THEN 'limit' ELSE refused END
                        WHERE ws = $1 AND user_id = ANY ($2) AND open
                        """)
                .execute(Tuple.of(ws, (Object) userIds.toArray(String[]::new)))
                .mapEmpty();
    }

    Future<Void> forget(SqlConnection tx, int ws, List<Bond> bonds) {
        return bonds.isEmpty()
                ? Future.succeededFuture()
                : tx.preparedQuery(
                                """
                                DELETE FROM cdp_bond b USING unnest($2::text[], $3::text[], $4::text[]) AS f (user_id, kind, value)
                                WHERE b.ws = $1 AND b.user_id = f.user_id AND b.kind = f.kind AND b.value = f.value
                                """)
                        .execute(Tuple.of(
                                ws,
                                bonds.stream().map(Bond::userId).toArray(String[]::new),
                                bonds.stream().map(Bond::kind).toArray(String[]::new),
                                bonds.stream().map(Bond::value).toArray(String[]::new)))
                        .mapEmpty();
    }

    /** The person is shown by this userId. */
    Future<Void> name(SqlConnection tx, int ws, int profileNo, String userId) {
        return tx.preparedQuery(
                        "UPDATE cdp_profile SET user_id = $3 WHERE ws = $1 AND profile_no = $2 AND user_id IS DISTINCT FROM $3")
                .execute(Tuple.of(ws, profileNo, userId))
                .mapEmpty();
    }

    // ---- explaining ----

    /** As an id of a person, or what was not taken for one; {@code place} is where it stands in the list. */
    record Explained(long place, JsonObject shown) {}

    /**
     * The ids of a person beside userId and anonymousId that stand behind this place, each once, those that hold and those that do not; of each
     * with whom it was told of.
     */
    Future<List<Explained>> explain(SqlClient client, int ws, int profileNo, long after, int limit) {
        return client.preparedQuery(
                        """
                        SELECT min(b.no) AS place, b.kind, b.value, b.refused, min(b.at) AS at, jsonb_agg(jsonb_build_object(
                          'value', b.user_id, 'at', to_char(b.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                          'messageId', b.message_id) ORDER BY b.at, b.message_id) AS links
                        FROM cdp_identity i JOIN cdp_bond b ON b.ws = i.ws AND b.user_id = i.value
                        WHERE i.profile_no = $2 AND i.ws = $1 AND i.kind = 0
                        GROUP BY b.kind, b.value, b.refused HAVING min(b.no) > $3 ORDER BY min(b.no) LIMIT $4
                        """)
                .execute(Tuple.of(ws, profileNo, after, limit))
                .map(rows -> rows.stream()
                        .map(row -> {
                            var links = row.getJsonArray("links");
                            links.forEach(one -> ((JsonObject) one)
                                    .put("because", "id")
                                    .put("kind", IdentityRules.USER_ID)
                                    .put(
                                            "at",
                                            Instant.parse(((JsonObject) one).getString("at"))
                                                    .toString())
                                    .putNull("madeBy")
                                    .putNull("profileId")
                                    .put("verified", true));
                            return new Explained(
                                    row.getLong("place"),
                                    shown(
                                            row.getString("kind"),
                                            row.getString("value"),
                                            row.getOffsetDateTime("at"),
                                            row.getString("refused"),
                                            links));
                        })
                        .toList());
    }

    /** What the latest events of a person told and was not taken for an id, the latest first, from a place on. */
    Future<List<Explained>> notTaken(SqlClient client, int ws, int profileNo, long after, int limit, int most) {
        return client.preparedQuery(
                        """
                        SELECT * FROM (
                          SELECT row_number() OVER (ORDER BY max(e.at) DESC, n.what) AS place, n.what, e.user_id, max(e.at) AS at,
                                 (array_agg(e.message_id ORDER BY e.at DESC, e.message_id DESC))[1] AS message_id
                          FROM cdp_identity i
                          CROSS JOIN LATERAL (
                            SELECT e.at, e.message_id, e.payload ->> 'userId' AS user_id, e.payload -> 'notKnownBy' AS not_known
                            FROM cdp_event e WHERE e.ws = $1 AND e.identity_no = i.no ORDER BY e.at DESC, e.message_id DESC LIMIT 100) e
                          CROSS JOIN LATERAL jsonb_array_elements(e.not_known) AS n (what)
                          WHERE i.profile_no = $2 AND i.ws = $1 AND i.kind = 0 AND e.not_known IS NOT NULL
                          GROUP BY n.what, e.user_id ORDER BY place LIMIT $5) n
                        WHERE place > $3 LIMIT $4
                        """)
                .execute(Tuple.of(ws, profileNo, after, limit, most))
                .map(rows -> rows.stream()
                        .map(row -> {
                            var what = row.getJsonArray("what");
                            var at = row.getOffsetDateTime("at");
                            return new Explained(
                                    row.getLong("place"),
                                    shown(
                                            what.getString(0),
                                            what.getString(1),
                                            at,
                                            what.getString(2),
                                            new JsonArray()
                                                    .add(new JsonObject()
                                                            .put("because", "id")
                                                            .put("kind", IdentityRules.USER_ID)
                                                            .put("value", row.getString("user_id"))
                                                            .put(
                                                                    "at",
                                                                    at.toInstant()
                                                                            .toString())
                                                            .put("messageId", row.getString("message_id"))
                                                            .putNull("madeBy")
                                                            .putNull("profileId")
                                                            .put(
                                                                    "verified",
                                                                    !CarriedIds.UNVERIFIED.equals(
                                                                            what.getString(2))))));
                        })
                        .toList());
    }

    private static JsonObject shown(String kind, String value, OffsetDateTime at, String refused, JsonArray links) {
        return new JsonObject()
                .put("kind", kind)
                .put("value", value)
                .put("firstSeenAt", at.toInstant().toString())
                .put("lastSeenAt", at.toInstant().toString())
                .put("settled", false)
                .put("shared", Bond.SHARED.equals(refused))
                .put("refused", refused)
                .put("links", links);
    }

    // ---- rows ----

    private static Tuple values(List<Bond> bonds) {
        return Tuple.of(
                bonds.stream().map(Bond::ws).toArray(Integer[]::new),
                bonds.stream().map(Bond::userId).toArray(String[]::new),
                bonds.stream().map(Bond::kind).toArray(String[]::new),
                bonds.stream().map(Bond::value).toArray(String[]::new),
                bonds.stream().map(bond -> bond.at().atOffset(ZoneOffset.UTC)).toArray(OffsetDateTime[]::new),
                bonds.stream().map(Bond::messageId).toArray(String[]::new));
    }

    private static Bond bond(Row row) {
        return new Bond(
                row.getInteger("ws"),
                row.getString("user_id"),
                row.getString("kind"),
                row.getString("value"),
                row.getOffsetDateTime("at").toInstant(),
                row.getString("message_id"),
                row.getString("refused"));
    }
}
