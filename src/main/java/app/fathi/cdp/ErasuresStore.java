package app.fathi.cdp;

import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** All SQL of forgetting people. */
final class ErasuresStore {
    /** A receipt. {@code profileNo} and {@code doneAt}: one of them is null. */
    record Erasure(
            UUID id,
            UUID profileId,
            Integer profileNo,
            UUID requestedBy,
            Instant requestedAt,
            Instant doneAt,
            JsonObject counts) {
        JsonObject toJson() {
            return new JsonObject()
                    .put("id", id.toString())
                    .put("profileId", profileId.toString())
                    .put("state", doneAt == null ? "waiting" : "done")
                    .put("requestedBy", requestedBy == null ? null : requestedBy.toString())
                    .put("requestedAt", requestedAt.toString())
                    .put("doneAt", doneAt == null ? null : doneAt.toString())
                    .put("counts", counts);
        }
    }

    Future<Optional<Erasure>> insert(
            SqlConnection tx, int ws, UUID id, UUID profileId, int profileNo, UUID requestedBy) {
        return tx.preparedQuery(
                        """
                        INSERT INTO cdp_erasure (id, ws, profile_id, profile_no, requested_by) VALUES ($2, $1, $3, $4, $5)
                        ON CONFLICT (ws, profile_no) WHERE profile_no IS NOT NULL DO NOTHING RETURNING *
                        """)
                .execute(Tuple.of(ws, id, profileId, profileNo, requestedBy))
                .map(rows -> rows.stream().map(ErasuresStore::erasure).findFirst());
    }

    Future<Optional<Erasure>> find(SqlClient client, int ws, UUID id) {
        return client.preparedQuery("SELECT * FROM cdp_erasure WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(ws, id))
                .map(rows -> rows.stream().map(ErasuresStore::erasure).findFirst());
    }

    Future<Optional<Erasure>> lock(SqlConnection tx, int ws, UUID id) {
        return tx.preparedQuery("SELECT * FROM cdp_erasure WHERE ws = $1 AND id = $2 FOR UPDATE")
                .execute(Tuple.of(ws, id))
                .map(rows -> rows.stream().map(ErasuresStore::erasure).findFirst());
    }

    Future<Void> done(SqlConnection tx, int ws, UUID id, Map<String, Integer> counts) {
        var json = new JsonObject();
        counts.forEach(json::put);
        return tx.preparedQuery(
                        "UPDATE cdp_erasure SET profile_no = NULL, done_at = now(), counts = $3 WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(ws, id, json))
                .mapEmpty();
    }

    /** Nothing is sent to them while their erasure waits. */
    Future<Void> suppress(SqlConnection tx, int ws, int profileNo) {
        return tx.preparedQuery("UPDATE cdp_profile SET suppressed = true WHERE ws = $1 AND profile_no = $2")
                .execute(Tuple.of(ws, profileNo))
                .mapEmpty();
    }

    /** The person's number, also if they became part of another meanwhile. */
    Future<Integer> present(SqlClient client, int ws, int profileNo) {
        return client.preparedQuery(
                        "SELECT coalesce(merged_into, profile_no) AS no FROM cdp_profile WHERE ws = $1 AND profile_no = $2")
                .execute(Tuple.of(ws, profileNo))
                .map(rows ->
                        rows.size() == 0 ? profileNo : rows.iterator().next().getInteger("no"));
    }

    /** A number and public id of a person, or of who became part of them. */
    record Part(int no, UUID id) {}

    /**
     * The person, whoever became part of them, the visitors that they were, and those that they have claimed and that are apart because
     * there are too many ({@link Crowds}); never another known person.
     */
    Future<List<Part>> parts(SqlClient client, int ws, int profileNo) {
        return client.preparedQuery(
                        """
                        SELECT profile_no, id FROM cdp_profile WHERE ws = $1 AND (
                          profile_no = $2 OR merged_into = $2 OR user_id IS NULL AND profile_no IN (
                            SELECT address_no FROM cdp_identity WHERE ws = $1 AND profile_no = $2
                            UNION ALL
                            SELECT v.profile_no FROM cdp_identity u JOIN cdp_identity v ON v.claim_user_id = u.value AND v.ws = $1
                              AND v.kind = 1 AND v.profile_no = v.own_no AND v.claim_user_id IS NOT NULL
                              AND jsonb_array_length(v.claimants) <= 10
                            WHERE u.ws = $1 AND u.profile_no = $2 AND u.kind = 0))
                        ORDER BY profile_no
                        """)
                .execute(Tuple.of(ws, profileNo))
                .map(rows -> rows.stream()
                        .map(row -> new Part(row.getInteger("profile_no"), row.getUUID("id")))
                        .toList());
    }

    /** All ids that led to them, as the events name them. */
    Future<List<Name>> names(SqlConnection tx, int ws, Collection<Integer> nos) {
        return tx.preparedQuery(
                        "SELECT kind, value FROM cdp_identity WHERE ws = $1 AND profile_no = ANY ($2) ORDER BY no FOR UPDATE")
                .execute(Tuple.of(ws, (Object) nos.toArray(Integer[]::new)))
                .map(rows -> rows.stream()
                        .map(row -> new Name(row.getShort("kind"), row.getString("value")))
                        .toList());
    }

    record Name(short kind, String value) {
        /** As callers of the API may ask for it. */
        String asked() {
            return (kind == IdentityGraph.USER ? ProfilesService.BY_USER_ID : ProfilesService.BY_ANONYMOUS_ID) + value;
        }
    }

    /** Of all by which they could come again the hash, in place of what stands there. */
    Future<Void> remember(SqlConnection tx, int ws, Collection<Integer> nos) {
        return tx.preparedQuery(
                        """
                        SELECT DISTINCT ON (hash) kind, hash FROM (
                          SELECT CASE i.kind WHEN 0 THEN 'userId' ELSE 'anonymousId' END AS kind, cdp_suppression_hash(
                            $1, CASE i.kind WHEN 0 THEN 'userId' ELSE 'anonymousId' END, i.value) AS hash
                          FROM cdp_identity i WHERE i.ws = $1 AND i.profile_no = ANY ($2)
                          UNION ALL
                          SELECT n.name, cdp_suppression_hash($1, n.name, coalesce(t.fold, t.num::numeric::text))
                          FROM cdp_trait_name n JOIN cdp_trait t ON t.ws = $1 AND t.trait = n.no AND t.profile_no = ANY ($2)
                          WHERE n.ws = $1 AND n.name IN ('email', 'phone')
                          UNION ALL
                          SELECT b.kind, cdp_suppression_hash($1, b.kind, b.value)
                          FROM cdp_identity i JOIN cdp_bond b ON b.ws = $1 AND b.user_id = i.value
                          WHERE i.ws = $1 AND i.profile_no = ANY ($2) AND i.kind = 0 AND (b.refused IS NULL OR b.refused = 'waiting'
                            AND NOT EXISTS (SELECT FROM cdp_bond o WHERE o.value = b.value AND o.ws = $1 AND o.kind = b.kind
                                              AND o.refused IS NULL))) a WHERE hash IS NOT NULL
                        """)
                .execute(Tuple.of(ws, (Object) nos.toArray(Integer[]::new)))
                .compose(rows -> tx.preparedQuery(
                                """
                                INSERT INTO cdp_suppression AS s (id, ws, kind, hash, reason)
                                SELECT k.id, $1, k.kind, k.hash, 'erased' FROM unnest($2::uuid[], $3::text[], $4::bytea[]) AS k (id, kind, hash)
                                ON CONFLICT (ws, hash) DO UPDATE SET value = NULL, note = '', reason = 'erased'
                                """)
                        .execute(Tuple.of(
                                ws,
                                rows.stream()
                                        .map(row -> UuidCreator.getTimeOrderedEpoch())
                                        .toArray(UUID[]::new),
                                rows.stream().map(row -> row.getString("kind")).toArray(String[]::new),
                                rows.stream().map(row -> row.getBuffer("hash")).toArray(Buffer[]::new))))
                .mapEmpty();
    }

    Future<Integer> forgetEvents(SqlConnection tx, int ws, Collection<Integer> nos) {
        return count(
                tx,
                """
                DELETE FROM cdp_event e USING cdp_identity i
                WHERE i.ws = $1 AND i.profile_no = ANY ($2) AND e.ws = $1 AND e.identity_no = i.no
                """,
                ws,
                nos);
    }

    Future<Integer> forgetTraits(SqlConnection tx, int ws, Collection<Integer> nos) {
        return count(
                tx,
                """
                DELETE FROM cdp_trait t USING cdp_trait_name n
                WHERE n.ws = $1 AND t.ws = $1 AND t.trait = n.no AND t.profile_no = ANY ($2)
                """,
                ws,
                nos);
    }

    Future<Integer> forgetComputed(SqlConnection tx, int ws, Collection<Integer> nos) {
        return count(tx, "DELETE FROM cdp_computed_value WHERE ws = $1 AND profile_no = ANY ($2)", ws, nos);
    }

    Future<Integer> forgetParts(SqlConnection tx, int ws, Collection<Integer> nos) {
        return count(tx, "DELETE FROM cdp_computed_part WHERE ws = $1 AND profile_no = ANY ($2)", ws, nos);
    }

    Future<Integer> forgetLinks(SqlConnection tx, int ws, Collection<Integer> nos) {
        return count(
                tx,
                """
                DELETE FROM cdp_link l USING cdp_identity i
                WHERE i.ws = $1 AND i.profile_no = ANY ($2) AND l.ws = $1 AND (l.identity_no = i.no OR l.other_no = i.no)
                """,
                ws,
                nos);
    }

    /** What was told of them, and of others what was theirs. */
    Future<Integer> forgetBonds(SqlConnection tx, int ws, Collection<Integer> nos) {
        return count(
                tx,
                """
                WITH theirs AS MATERIALIZED (
                  SELECT b.user_id, b.kind, b.value, b.refused FROM cdp_identity i JOIN cdp_bond b ON b.ws = $1 AND b.user_id = i.value
                  WHERE i.ws = $1 AND i.profile_no = ANY ($2) AND i.kind = 0)
                DELETE FROM cdp_bond d USING theirs t
                WHERE d.ws = $1 AND d.kind = t.kind AND d.value = t.value AND (d.user_id = t.user_id OR t.refused IS NULL)
                """,
                ws,
                nos);
    }

    Future<Integer> forgetWords(SqlConnection tx, int ws, Collection<Integer> nos) {
        return count(
                tx,
                """
                DELETE FROM cdp_words w USING cdp_identity i
                WHERE i.ws = $1 AND i.profile_no = ANY ($2) AND w.identity_no = i.no
                """,
                ws,
                nos);
    }

    Future<Integer> forgetIds(SqlConnection tx, int ws, Collection<Integer> nos) {
        return count(tx, "DELETE FROM cdp_identity WHERE ws = $1 AND profile_no = ANY ($2)", ws, nos);
    }

    /**
     * Visitors of others whom they have claimed, too, such as a device that is shared, keep that somebody else did, and not who.
     * An empty text is nobody's id.
     */
    Future<Integer> forgetClaims(SqlConnection tx, int ws, Collection<Integer> nos) {
        return count(
                tx,
                """
                UPDATE cdp_identity i SET
                  claimants = (SELECT coalesce(jsonb_agg(CASE WHEN c.id = ANY (gone.ids) THEN '' ELSE c.id END ORDER BY c.place), '[]')
                               FROM jsonb_array_elements_text(i.claimants) WITH ORDINALITY c (id, place)),
                  proof_user_id = CASE WHEN i.proof_user_id = ANY (gone.ids) THEN '' ELSE i.proof_user_id END,
                  claim_user_id = CASE WHEN i.claim_user_id = ANY (gone.ids) THEN NULL ELSE i.claim_user_id END,
                  claim_at = CASE WHEN i.claim_user_id = ANY (gone.ids) THEN NULL ELSE i.claim_at END,
                  claim_id = CASE WHEN i.claim_user_id = ANY (gone.ids) THEN NULL ELSE i.claim_id END
                FROM (SELECT coalesce(array_agg(value), '{}') AS ids FROM cdp_identity
                      WHERE ws = $1 AND profile_no = ANY ($2) AND kind = 0) gone
                WHERE i.ws = $1 AND i.kind = 1 AND i.profile_no <> ALL ($2)
                  AND (i.claimants ?| gone.ids OR i.proof_user_id = ANY (gone.ids) OR i.claim_user_id = ANY (gone.ids))
                """,
                ws,
                nos);
    }

    /** Ids of others whose addresses were theirs lead to those others again. */
    Future<Integer> forgetProfiles(SqlConnection tx, int ws, Collection<Integer> nos) {
        return count(
                        tx,
                        """
                        UPDATE cdp_identity SET address_no = profile_no
                        WHERE ws = $1 AND address_no = ANY ($2) AND address_no <> profile_no
                        """,
                        ws,
                        nos)
                .compose(
                        moved -> count(tx, "DELETE FROM cdp_profile WHERE ws = $1 AND profile_no = ANY ($2)", ws, nos));
    }

    private static Future<Integer> count(SqlConnection tx, String sql, int ws, Collection<Integer> nos) {
        return tx.preparedQuery(sql)
                .execute(Tuple.of(ws, (Object) nos.toArray(Integer[]::new)))
                .map(rows -> rows.rowCount());
    }

    /** Events of theirs that nobody could digest. */
    Future<Integer> forgetDeadLetters(SqlConnection tx, int ws, Collection<Name> names) {
        return tx.preparedQuery("DELETE FROM dead_letter WHERE ws = $1 AND key = ANY ($2)")
                .execute(Tuple.of(ws, (Object) names.stream().map(Name::value).toArray(String[]::new)))
                .map(rows -> rows.rowCount());
    }

    private static Erasure erasure(Row row) {
        var done = row.getOffsetDateTime("done_at");
        return new Erasure(
                row.getUUID("id"),
                row.getUUID("profile_id"),
                row.getInteger("profile_no"),
                row.getUUID("requested_by"),
                row.getOffsetDateTime("requested_at").toInstant(),
                Optional.ofNullable(done).map(OffsetDateTime::toInstant).orElse(null),
                row.getJsonObject("counts"));
    }
}
