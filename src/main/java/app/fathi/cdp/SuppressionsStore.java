package app.fathi.cdp;

import app.fathi.cdp.IdentityGraph.Id;
import app.fathi.cdp.values.Fold;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/** All SQL of whom nothing is sent to, and of what people have agreed to. */
final class SuppressionsStore {
    /** What nothing is sent to. {@code value} is null where only the hash is left. */
    record Suppression(
            UUID id, String kind, String value, String reason, String note, UUID createdBy, Instant createdAt) {
        JsonObject toJson() {
            return new JsonObject()
                    .put("id", id.toString())
                    .put("kind", kind)
                    .put("value", value)
                    .put("reason", reason)
                    .put("note", note)
                    .put("createdBy", createdBy == null ? null : createdBy.toString())
                    .put("createdAt", createdAt.toString());
        }

        /** As it is compared. */
        String folded() {
            return SuppressionsStore.folded(kind, value);
        }
    }

    static String folded(String kind, String value) {
        return kind.equals("email") || kind.equals("phone") ? Fold.of(value.strip()) : value;
    }

    // ---- asked by the deriver and by senders ----

    /** Who makes or changes people goes through here together; who suppresses somebody waits, and then has it alone. */
    Future<Void> enter(SqlConnection tx, Collection<Integer> workspaces) {
        return tx.preparedQuery(
                        """
                        SELECT pg_advisory_xact_lock_shared(hashtextextended('cdp_suppression', ws))
                        FROM unnest($1::int[]) AS ws
                        """)
                .execute(Tuple.of(
                        (Object) workspaces.stream().distinct().sorted().toArray(Integer[]::new)))
                .mapEmpty();
    }

    Future<Void> enterAlone(SqlConnection tx, int ws) {
        return tx.preparedQuery("SELECT pg_advisory_xact_lock(hashtextextended('cdp_suppression', $1))")
                .execute(Tuple.of((long) ws))
                .mapEmpty();
    }

    static final String ERASED =
            """
            SELECT w.ws, w.kind, w.value FROM unnest($1::int[], $2::smallint[], $3::text[]) AS w (ws, kind, value)
            WHERE EXISTS (SELECT FROM cdp_suppression WHERE reason = 'erased')
              AND EXISTS (
                SELECT FROM cdp_suppression s WHERE s.ws = w.ws AND s.reason = 'erased' AND s.hash = cdp_suppression_hash(
                  w.ws, CASE w.kind WHEN 0 THEN 'userId' ELSE 'anonymousId' END, w.value))
            """;

    /** Of these ids those of people who were erased. */
    Future<Set<Id>> erased(SqlClient client, Collection<Id> ids) {
        return client.preparedQuery(ERASED)
                .execute(Tuple.of(
                        ids.stream().map(Id::ws).toArray(Integer[]::new),
                        ids.stream().map(Id::kind).toArray(Short[]::new),
                        ids.stream().map(Id::value).toArray(String[]::new)))
                .map(rows -> {
                    var erased = new HashSet<Id>();
                    rows.forEach(row ->
                            erased.add(new Id(row.getInteger("ws"), row.getShort("kind"), row.getString("value"))));
                    return erased;
                });
    }

    /** The same of ids of other kinds. */
    Future<Set<Bond.Told>> erasedTold(SqlClient client, Collection<Bond.Told> told) {
        return client.preparedQuery(
                        """
                        SELECT w.ws, w.kind, w.value FROM unnest($1::int[], $2::text[], $3::text[]) AS w (ws, kind, value)
                        WHERE EXISTS (SELECT FROM cdp_suppression WHERE reason = 'erased')
                          AND EXISTS (
                            SELECT FROM cdp_suppression s WHERE s.ws = w.ws AND s.reason = 'erased'
                              AND s.hash = cdp_suppression_hash(w.ws, w.kind, w.value))
                        """)
                .execute(Tuple.of(
                        told.stream().map(Bond.Told::ws).toArray(Integer[]::new),
                        told.stream().map(Bond.Told::kind).toArray(String[]::new),
                        told.stream().map(Bond.Told::value).toArray(String[]::new)))
                .map(rows -> rows.stream()
                        .map(row -> new Bond.Told(row.getInteger("ws"), row.getString("kind"), row.getString("value")))
                        .collect(Collectors.toSet()));
    }

    static final String MARK =
            """
            UPDATE cdp_profile p SET suppressed = f.now_so FROM (
              SELECT p.profile_no, EXISTS (SELECT FROM cdp_erasure e WHERE e.ws = $1 AND e.profile_no = p.profile_no) OR EXISTS (
                SELECT FROM cdp_suppression s WHERE s.ws = $1 AND s.hash IN (
                  SELECT cdp_suppression_hash($1, CASE i.kind WHEN 0 THEN 'userId' ELSE 'anonymousId' END, i.value)
                  FROM cdp_identity i WHERE i.ws = $1 AND i.profile_no = p.profile_no
                  UNION ALL
                  SELECT cdp_suppression_hash($1, n.name, coalesce(t.fold, t.num::numeric::text))
                  FROM cdp_trait_name n JOIN cdp_trait t ON t.ws = $1 AND t.trait = n.no AND t.profile_no = p.profile_no
                  WHERE n.ws = $1 AND n.name IN ('email', 'phone'))) AS now_so
              FROM cdp_profile p
              WHERE p.ws = $1 AND p.profile_no = ANY ($2) AND ($3 OR EXISTS (SELECT FROM cdp_suppression WHERE ws = $1))) f
            WHERE p.ws = $1 AND p.profile_no = f.profile_no AND p.suppressed <> f.now_so
            """;

    /**
     * Says with these people whether anything of theirs is on the list, or they are about to be erased. Costs next to nothing while the list
     * is empty.
     */
    Future<Void> mark(SqlConnection tx, int ws, Collection<Integer> profileNos, boolean whateverTheList) {
        return tx.preparedQuery(MARK)
                .execute(Tuple.of(ws, profileNos.toArray(Integer[]::new), whateverTheList))
                .mapEmpty();
    }

    /**
     * By the number of whose addresses they are: a visitor whom somebody claims without proof is reached as a visitor, but what
     * they say counts with the person. Of who has refused and is on the list, too, the refusal is told.
     */
    static final String REFUSALS =
            """
            SELECT asked.no AS profile_no, bool_and(NOT said.refused) AS suppressed
            FROM unnest($2::int[]) AS asked (no)
            CROSS JOIN LATERAL (
              SELECT asked.no UNION ALL
              SELECT i.profile_no FROM cdp_identity i WHERE i.ws = $1 AND i.address_no = asked.no AND i.address_no <> i.profile_no) AS who (no)
            JOIN cdp_profile p ON p.ws = $1 AND p.profile_no = who.no AND (p.suppressed OR p.consents <> '{}')
            CROSS JOIN LATERAL (SELECT coalesce((
              SELECT c.value ->> 0 = 'false' FROM jsonb_each(p.consents) c WHERE c.key IN ($3 || '/*', $3 || '/' || $4)
              ORDER BY (c.value ->> 1)::bigint DESC, c.value ->> 0 LIMIT 1), false) AS refused) said
            WHERE EXISTS (SELECT FROM cdp_profile x WHERE x.ws = $1 AND (x.suppressed OR x.consents <> '{}'))
              AND (p.suppressed OR said.refused)
            GROUP BY asked.no
            """;

    /** Who has said yes, and it is the last word. */
    static final String WANTING =
            """
            SELECT DISTINCT asked.no AS profile_no
            FROM unnest($2::int[]) AS asked (no)
            CROSS JOIN LATERAL (
              SELECT asked.no UNION ALL
              SELECT i.profile_no FROM cdp_identity i WHERE i.ws = $1 AND i.address_no = asked.no AND i.address_no <> i.profile_no) AS who (no)
            JOIN cdp_profile p ON p.ws = $1 AND p.profile_no = who.no AND p.consents <> '{}'
            WHERE EXISTS (SELECT FROM cdp_profile x WHERE x.ws = $1 AND (x.suppressed OR x.consents <> '{}'))
              AND (SELECT c.value ->> 0 FROM jsonb_each(p.consents) c WHERE c.key IN ($3 || '/*', $3 || '/' || $4)
                   ORDER BY (c.value ->> 1)::bigint DESC, c.value ->> 0 LIMIT 1) = 'true'
            """;

    Future<Set<Integer>> wanting(
            SqlClient client, int ws, Collection<Integer> profileNos, String purpose, String channel) {
        return client.preparedQuery(WANTING)
                .execute(Tuple.of(ws, profileNos.toArray(Integer[]::new), purpose, channel))
                .map(rows -> {
                    var wanting = new HashSet<Integer>();
                    rows.forEach(row -> wanting.add(row.getInteger("profile_no")));
                    return wanting;
                });
    }

    Future<Map<Integer, Boolean>> refusals(
            SqlClient client, int ws, Collection<Integer> profileNos, String purpose, String channel) {
        return client.preparedQuery(REFUSALS)
                .execute(Tuple.of(ws, profileNos.toArray(Integer[]::new), purpose, channel))
                .map(rows -> {
                    var refusals = new HashMap<Integer, Boolean>();
                    rows.forEach(row -> refusals.put(row.getInteger("profile_no"), row.getBoolean("suppressed")));
                    return refusals;
                });
    }

    // ---- the list ----

    Future<List<Suppression>> page(
            SqlClient client, int ws, UUID before, String kind, String folded, String reason, int limit) {
        return client.preparedQuery(
                        """
                        SELECT * FROM cdp_suppression
                        WHERE ws = $1 AND ($2::uuid IS NULL OR id < $2) AND ($3::text IS NULL OR kind = $3)
                          AND ($4::text IS NULL OR hash = cdp_suppression_hash($1, $3, $4)) AND ($5::text IS NULL OR reason = $5)
                        ORDER BY id DESC LIMIT $6
                        """)
                .execute(Tuple.of(ws, before, kind, folded, reason, limit))
                .map(rows -> rows.stream().map(SuppressionsStore::suppression).toList());
    }

    Future<Optional<Suppression>> find(SqlClient client, int ws, UUID id) {
        return client.preparedQuery("SELECT * FROM cdp_suppression WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(ws, id))
                .map(rows -> rows.stream().map(SuppressionsStore::suppression).findFirst());
    }

    /** Empty where it is on the list already. */
    Future<Optional<Suppression>> insert(SqlConnection tx, int ws, Suppression draft) {
        return tx.preparedQuery(
                        """
                        INSERT INTO cdp_suppression (id, ws, kind, value, hash, reason, note, created_by)
                        VALUES ($2, $1, $3, $4, cdp_suppression_hash($1, $3, $5), $6, $7, $8)
                        ON CONFLICT (ws, hash) DO NOTHING RETURNING *
                        """)
                .execute(Tuple.from(new Object[] {
                    ws,
                    draft.id(),
                    draft.kind(),
                    draft.value(),
                    draft.folded(),
                    draft.reason(),
                    draft.note(),
                    draft.createdBy()
                }))
                .map(rows -> rows.stream().map(SuppressionsStore::suppression).findFirst());
    }

    Future<Void> delete(SqlConnection tx, int ws, UUID id) {
        return tx.preparedQuery("DELETE FROM cdp_suppression WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(ws, id))
                .mapEmpty();
    }

    /** Whom the entry is about. */
    Future<List<Integer>> matching(SqlClient client, int ws, Suppression entry) {
        return client.preparedQuery(
                        """
                        SELECT profile_no FROM cdp_identity
                        WHERE ws = $1 AND kind = CASE $2 WHEN 'userId' THEN 0 WHEN 'anonymousId' THEN 1 END AND value = $3
                        UNION
                        SELECT t.profile_no FROM cdp_trait_name n JOIN cdp_trait t ON t.ws = $1 AND t.trait = n.no
                        WHERE n.ws = $1 AND n.name = $2 AND $2 = 'email' AND t.num IS NULL AND left(t.fold, 100) = left($3, 100)
                        UNION
                        SELECT t.profile_no FROM cdp_trait_name n JOIN cdp_trait t ON t.ws = $1 AND t.trait = n.no
                        WHERE n.ws = $1 AND n.name = $2 AND $2 = 'phone'
                          AND regexp_replace(coalesce(t.fold, t.num::numeric::text), '[^0-9]', '', 'g') = regexp_replace($3, '[^0-9]', '', 'g')
                        """)
                .execute(Tuple.of(ws, entry.kind(), entry.folded()))
                .map(rows ->
                        rows.stream().map(row -> row.getInteger("profile_no")).toList());
    }

    private static Suppression suppression(Row row) {
        return new Suppression(
                row.getUUID("id"),
                row.getString("kind"),
                row.getString("value"),
                row.getString("reason"),
                row.getString("note"),
                row.getUUID("created_by"),
                row.getOffsetDateTime("created_at").toInstant());
    }
}
