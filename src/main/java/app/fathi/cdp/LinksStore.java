package app.fathi.cdp;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/** All SQL of why ids belong together, and of making one person two again. */
final class LinksStore {
    static final String ALIAS = "alias";
    static final String MERGE = "merge";
    static final String BOND = "id";

    /** An event has said that two known people are one. */
    record Alias(int ws, long identityNo, long otherNo, String userId, String otherId, Instant at, String messageId) {}

    /**
     * What holds two ids together.
     *
     * @param fromNo of a merge the profile that became part; else null
     * @param settled of a merge whether the id was settled before it
     */
    record Link(
            long no,
            long identityNo,
            long otherNo,
            String because,
            Instant at,
            String messageId,
            UUID madeBy,
            Integer fromNo,
            boolean settled) {
        boolean isMerge() {
            return because.equals(MERGE);
        }

        boolean isAlias() {
            return because.equals(ALIAS);
        }

        /** Not a row of its own: two of whom the same id was told, see {@link Bonds#links}. */
        boolean isBond() {
            return because.equals(BOND);
        }
    }

    /** A profile as far as it matters here. */
    record Place(int no, UUID id, String userId, Integer mergedInto) {}

    // ---- links ----

    /**
     * Each pair once, with the latest event that said it.
     *
     * @return workspaces in which bonds of these people have to be looked at again
     */
    Future<Set<Integer>> alias(SqlConnection tx, List<Alias> aliases) {
        if (aliases.isEmpty()) {
            return Future.succeededFuture(Set.of());
        }
        return tx.preparedQuery(
                        """
                        WITH a AS MATERIALIZED (
                          SELECT * FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::text[], $6::text[], $7::text[])
                            AS a (ws, identity_no, other_no, at, message_id, user_id, other_id)),
                        opened AS (
                          UPDATE cdp_bond b SET open = true FROM (SELECT ws, user_id FROM a UNION SELECT ws, other_id FROM a) w
                          WHERE b.ws = w.ws AND b.user_id = w.user_id RETURNING b.ws),
                        said AS (
                          INSERT INTO cdp_link AS l (ws, identity_no, other_no, because, at, message_id)
                          SELECT DISTINCT ON (a.identity_no, a.other_no) a.ws, a.identity_no, a.other_no, 'alias', a.at, a.message_id
                          FROM a ORDER BY a.identity_no, a.other_no, a.at DESC, a.message_id COLLATE "C" DESC
                          ON CONFLICT (identity_no, other_no, because) DO UPDATE SET at = excluded.at, message_id = excluded.message_id
                          WHERE (l.at, l.message_id) < (excluded.at, excluded.message_id))
                        SELECT DISTINCT ws FROM opened
                        """)
                .execute(Tuple.of(
                                aliases.stream().map(Alias::ws).toArray(Integer[]::new),
                                aliases.stream().map(Alias::identityNo).toArray(Long[]::new),
                                aliases.stream().map(Alias::otherNo).toArray(Long[]::new),
                                aliases.stream()
                                        .map(one -> one.at().atOffset(ZoneOffset.UTC))
                                        .toArray(OffsetDateTime[]::new),
                                aliases.stream().map(Alias::messageId).toArray(String[]::new),
                                aliases.stream().map(Alias::userId).toArray(String[]::new))
                        .addValue(aliases.stream().map(Alias::otherId).toArray(String[]::new)))
                .map(rows -> rows.stream().map(row -> row.getInteger("ws")).collect(Collectors.toSet()));
    }

    Future<Void> merge(SqlConnection tx, int ws, Identity lead, Identity other, int fromNo, UUID by) {
        return tx.preparedQuery(
                        """
                        INSERT INTO cdp_link (ws, identity_no, other_no, because, at, made_by, from_no, settled)
                        VALUES ($1, $2, $3, 'merge', now(), $4, $5, $6)
                        """)
                .execute(Tuple.of(ws, lead.no, other.no, by, fromNo, lead.isSettled()))
                .mapEmpty();
    }

    /** All links of these ids, in the order of arrival. */
    Future<List<Link>> of(SqlClient client, int ws, Collection<Long> identityNos) {
        return client.preparedQuery(
                        """
                        SELECT * FROM cdp_link
                        WHERE ws = $1 AND no IN (
                          SELECT no FROM cdp_link WHERE identity_no = ANY ($2) UNION SELECT no FROM cdp_link WHERE other_no = ANY ($2))
                        ORDER BY no
                        """)
                .execute(Tuple.of(ws, (Object) identityNos.toArray(Long[]::new)))
                .map(rows -> rows.stream().map(LinksStore::link).toList());
    }

    Future<Void> delete(SqlConnection tx, Collection<Long> nos) {
        return nos.isEmpty()
                ? Future.succeededFuture()
                : tx.preparedQuery("DELETE FROM cdp_link WHERE no = ANY ($1)")
                        .execute(Tuple.of((Object) nos.toArray(Long[]::new)))
                        .mapEmpty();
    }

    private static Link link(Row row) {
        return new Link(
                row.getLong("no"),
                row.getLong("identity_no"),
                row.getLong("other_no"),
                row.getString("because"),
                row.getOffsetDateTime("at").toInstant(),
                row.getString("message_id"),
                row.getUUID("made_by"),
                row.getInteger("from_no"),
                row.getBoolean("settled"));
    }

    // ---- profiles ----

    /** These profiles and those that have gone into the first of them, locked, by their number. */
    Future<Map<Integer, Place>> places(SqlConnection tx, int ws, int profileNo, Set<Integer> others) {
        return tx.preparedQuery(
                        """
                        SELECT profile_no, id, user_id, merged_into FROM cdp_profile
                        WHERE ws = $1 AND (profile_no = $2 OR profile_no = ANY ($3) OR merged_into = $2)
                        ORDER BY profile_no FOR UPDATE
                        """)
                .execute(Tuple.of(ws, profileNo, others.toArray(Integer[]::new)))
                .map(rows -> {
                    var places = new HashMap<Integer, Place>();
                    rows.forEach(row -> places.put(
                            row.getInteger("profile_no"),
                            new Place(
                                    row.getInteger("profile_no"),
                                    row.getUUID("id"),
                                    row.getString("user_id"),
                                    row.getInteger("merged_into"))));
                    return places;
                });
    }

    Future<Void> makePlace(SqlConnection tx, int ws, int profileNo, UUID id) {
        return tx.preparedQuery(
                        """
                        INSERT INTO cdp_profile (ws, profile_no, id, first_seen_at, last_seen_at) VALUES ($1, $2, $3, now(), now())
                        """)
                .execute(Tuple.of(ws, profileNo, id))
                .mapEmpty();
    }

    /** Into which profile each of these has gone; itself where it is one. */
    Future<Void> goInto(SqlConnection tx, int ws, Map<Integer, Integer> intoNos) {
        var nos = List.copyOf(intoNos.keySet());
        return tx.preparedQuery(
                        """
                        UPDATE cdp_profile p SET merged_into = nullif(m.into_no, m.no), addresses_into = nullif(m.into_no, m.no)
                        FROM unnest($2::int[], $3::int[]) AS m (no, into_no)
                        WHERE p.ws = $1 AND p.profile_no = m.no AND p.merged_into IS DISTINCT FROM nullif(m.into_no, m.no)
                        """)
                .execute(Tuple.of(
                        ws,
                        nos.toArray(Integer[]::new),
                        nos.stream().map(intoNos::get).toArray(Integer[]::new)))
                .mapEmpty();
    }

    /**
     * The userId that is shown stays while it is one of theirs; else it is what the latest alias says, the id that the profile was made
     * with, or the oldest. The person was first seen when their ids were.
     */
    Future<Void> rename(SqlConnection tx, int ws, Collection<Integer> profileNos) {
        return tx.preparedQuery(
                        """
                        UPDATE cdp_profile p SET first_seen_at = coalesce(f.first_seen_at, p.first_seen_at), user_id = coalesce(
                          (SELECT value FROM cdp_identity i
                           WHERE i.profile_no = p.profile_no AND i.ws = $1 AND i.kind = 0 AND i.value = p.user_id),
                          (SELECT claim_user_id FROM cdp_identity i
                           WHERE i.profile_no = p.profile_no AND i.ws = $1 AND i.kind = 0 AND claim_user_id IS NOT NULL
                           ORDER BY claim_at DESC, claim_id COLLATE "C" DESC LIMIT 1),
                          (SELECT value FROM cdp_identity i
                           WHERE i.profile_no = p.profile_no AND i.ws = $1 AND i.kind = 0
                           ORDER BY (i.own_no = p.profile_no) IS TRUE DESC, i.no LIMIT 1))
                        FROM unnest($2::int[]) AS asked (no)
                        CROSS JOIN LATERAL (
                          SELECT min(first_seen_at) AS first_seen_at FROM cdp_identity i
                          WHERE i.profile_no = asked.no AND i.ws = $1) f
                        WHERE p.ws = $1 AND p.profile_no = asked.no
                        """)
                .execute(Tuple.of(ws, (Object) profileNos.toArray(Integer[]::new)))
                .mapEmpty();
    }

    // ---- explaining ----

    /** The ids of a person from this number on, as the API shows them, the oldest first. */
    Future<List<Explained>> explain(SqlClient client, int ws, int profileNo, long after, int limit) {
        return client.preparedQuery(
                        """
                        SELECT i.no, i.kind, i.value, i.first_seen_at, i.last_seen_at, i.settled, i.claimants,
                               i.claim_user_id, i.claim_at, i.claim_id,
                               i.proof_at IS NOT NULL AND coalesce(i.proof_user_id = i.claim_user_id, true) AS verified,
                               (SELECT coalesce(jsonb_agg(jsonb_build_object(
                                  'because', l.because, 'kind', o.kind, 'value', o.value,
                                  'at', to_char(l.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                                  'messageId', l.message_id, 'madeBy', l.made_by, 'profileId', p.id) ORDER BY l.no), '[]')
                                FROM cdp_link l
                                JOIN cdp_identity o ON o.ws = $1 AND o.profile_no = $2 AND o.no = l.other_no
                                LEFT JOIN cdp_profile p ON p.ws = $1 AND p.profile_no = l.from_no
                                WHERE l.ws = $1 AND l.identity_no = i.no) AS links
                        FROM cdp_identity i
                        WHERE i.profile_no = $2 AND i.ws = $1 AND i.no > $3 ORDER BY i.no LIMIT $4
                        """)
                .execute(Tuple.of(ws, profileNo, after, limit))
                .map(rows -> rows.stream().map(Explained::of).toList());
    }

    /** An id and what holds it to others of the same person. */
    record Explained(long no, JsonObject shown) {
        private static Explained of(Row row) {
            var visitor = row.getShort("kind") == IdentityGraph.VISITOR;
            var links = row.getJsonArray("links");
            links.forEach(one -> {
                var link = (JsonObject) one;
                link.put("kind", kind(link.getInteger("kind").shortValue()))
                        .put("at", Instant.parse(link.getString("at")).toString())
                        .put("verified", true);
            });
            if (visitor && row.getString("claim_user_id") != null) {
                links.add(new JsonObject()
                        .put("because", "claim")
                        .put("kind", "userId")
                        .put("value", row.getString("claim_user_id"))
                        .put("at", row.getOffsetDateTime("claim_at").toInstant().toString())
                        .put("messageId", row.getString("claim_id"))
                        .put("madeBy", null)
                        .put("profileId", null)
                        .put("verified", row.getBoolean("verified")));
            }
            return new Explained(
                    row.getLong("no"),
                    new JsonObject()
                            .put("kind", kind(row.getShort("kind")))
                            .put("value", row.getString("value"))
                            .put(
                                    "firstSeenAt",
                                    row.getOffsetDateTime("first_seen_at")
                                            .toInstant()
                                            .toString())
                            .put(
                                    "lastSeenAt",
                                    row.getOffsetDateTime("last_seen_at")
                                            .toInstant()
                                            .toString())
                            .put("settled", row.getBoolean("settled"))
                            .put("shared", row.getJsonArray("claimants").size() > Identity.MAX_CLAIMANTS)
                            .putNull("refused")
                            .put("links", links));
        }

        private static String kind(short kind) {
            return kind == IdentityGraph.USER ? "userId" : "anonymousId";
        }
    }
}
