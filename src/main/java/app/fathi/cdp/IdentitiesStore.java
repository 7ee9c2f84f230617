package app.fathi.cdp;

import app.fathi.cdp.IdentityGraph.Id;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
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

/** All SQL of the ids by which people are called, and of whose they are. */
final class IdentitiesStore {
    /** UserIds of one person. Known people become one by what servers say, and a mistake there must not melt all into one. */
    static final int MAX_USER_IDS = 50;

    /** A profile. */
    record Numbered(int ws, int profileNo) {}

    /** What {@link #identity} reads, besides traits. What was said comes as text: of most ids nobody reads it. */
    private static final String COLUMNS =
            """
            i.no, i.ws, i.kind, i.value, i.own_no, i.profile_no, i.address_no, i.claim_user_id, i.claim_at, i.claim_id, i.proof_user_id,
            i.proof_at, i.proof_id, i.claimants, i.settled, i.tags::text AS tags, i.groups::text AS groups, i.consents::text AS consents,
            i.last_seen_at
            """;

    static final String LOCK_IDENTITIES = "SELECT " + COLUMNS
            + """
            FROM cdp_identity i
            JOIN unnest($1::int[], $2::smallint[], $3::text[]) AS wanted (ws, kind, value)
              ON i.ws = wanted.ws AND i.kind = wanted.kind AND i.value = wanted.value
            ORDER BY i.no FOR UPDATE OF i
            """;

    /** Looked up one by one: a plan that was made while the tables were empty would join all of both for ever after. */
    static final String WORDS =
            """
            SELECT i.no, (coalesce(w.traits, '{}') || i.traits)::text AS traits
            FROM unnest($1::int[], $2::smallint[], $3::text[]) AS wanted (ws, kind, value)
            CROSS JOIN LATERAL (
              SELECT no, traits FROM cdp_identity WHERE ws = wanted.ws AND kind = wanted.kind AND value = wanted.value LIMIT 1) i
            LEFT JOIN LATERAL (SELECT traits FROM cdp_words WHERE identity_no = i.no LIMIT 1) w ON true
            """;

    /** @param saying those of them whose traits are read */
    Future<Map<Id, Identity>> lockIdentities(SqlConnection tx, List<Id> ids, Set<Id> saying) {
        var locked = tx.preparedQuery(LOCK_IDENTITIES).execute(names(ids));
        // Sent behind it, so it sees what those said for whom this one waited; nobody waits in between.
        var words = saying.isEmpty() ? Future.succeededFuture(Map.<Long, String>of()) : words(tx, saying);
        return locked.compose(rows -> words.map(said -> {
            var found = new HashMap<Id, Identity>();
            rows.forEach(row -> {
                var identity = identity(row, said.get(row.getLong("no")));
                found.put(identity.id, identity);
            });
            return found;
        }));
    }

    private static Future<Map<Long, String>> words(SqlConnection tx, Collection<Id> ids) {
        return tx.preparedQuery(WORDS).execute(names(ids)).map(rows -> {
            var words = new HashMap<Long, String>();
            rows.forEach(row -> words.put(row.getLong("no"), row.getString("traits")));
            return words;
        });
    }

    private static Tuple names(Collection<Id> ids) {
        return Tuple.of(
                ids.stream().map(Id::ws).toArray(Integer[]::new),
                ids.stream().map(Id::kind).toArray(Short[]::new),
                ids.stream().map(Id::value).toArray(String[]::new));
    }

    Future<Void> lockMaking(SqlConnection tx, int ws) {
        return tx.preparedQuery("SELECT pg_advisory_xact_lock(hashtextextended('cdp_identity', $1))")
                .execute(Tuple.of((long) ws))
                .mapEmpty();
    }

    /** The first of n numbers that nobody has. */
    Future<Integer> takeNumbers(SqlConnection tx, int ws, int count) {
        return tx.preparedQuery(
                        """
                        INSERT INTO cdp_profile_number AS n (ws, next) VALUES ($1, $2)
                        ON CONFLICT (ws) DO UPDATE SET next = n.next + $2 RETURNING next - $2 AS first
                        """)
                .execute(Tuple.of(ws, count))
                .map(rows -> rows.iterator().next().getInteger("first"));
    }

    Future<Void> insert(SqlConnection tx, List<IdentityGraph.Fresh> fresh) {
        return tx.preparedQuery(
                        """
                        WITH fresh AS (
                          SELECT * FROM unnest($1::int[], $2::smallint[], $3::text[], $4::int[], $5::uuid[], $6::timestamptz[])
                            AS f (ws, kind, value, profile_no, id, at)),
                        person AS (
                          INSERT INTO cdp_profile (ws, profile_no, id, user_id, first_seen_at, last_seen_at)
                          SELECT ws, profile_no, id, CASE WHEN kind = 0 THEN value END, at, at FROM fresh)
                        INSERT INTO cdp_identity (ws, kind, value, profile_no, address_no, own_no, first_seen_at, last_seen_at)
                        SELECT ws, kind, value, profile_no, profile_no, profile_no, at, at FROM fresh
                        """)
                .execute(Tuple.of(
                        fresh.stream().map(one -> one.id().ws()).toArray(Integer[]::new),
                        fresh.stream().map(one -> one.id().kind()).toArray(Short[]::new),
                        fresh.stream().map(one -> one.id().value()).toArray(String[]::new),
                        fresh.stream().map(IdentityGraph.Fresh::profileNo).toArray(Integer[]::new),
                        fresh.stream().map(IdentityGraph.Fresh::profileId).toArray(UUID[]::new),
                        fresh.stream().map(one -> utc(one.at())).toArray(OffsetDateTime[]::new)))
                .mapEmpty();
    }

    Future<Void> update(SqlConnection tx, Collection<Identity> changed) {
        if (changed.isEmpty()) {
            return Future.succeededFuture();
        }
        var all = changed.stream().toList();
        return tx.preparedQuery(
                        """
                        UPDATE cdp_identity i SET
                          profile_no = c.profile_no, address_no = c.address_no, claim_user_id = c.claim_user_id, claim_at = c.claim_at,
                          claim_id = c.claim_id, proof_at = c.proof_at, proof_id = c.proof_id,
                          traits = CASE WHEN c.said THEN '{}' ELSE i.traits END, tags = c.tags::jsonb,
                          groups = c.groups::jsonb, consents = c.consents::jsonb, last_seen_at = c.last_seen_at, own_no = c.own_no,
                          proof_user_id = c.proof_user_id, claimants = c.claimants::jsonb, settled = c.settled
                        FROM unnest($1::int[], $2::smallint[], $3::text[], $4::int[], $5::int[], $6::text[], $7::timestamptz[],
                                    $8::text[], $9::timestamptz[], $10::text[], $11::boolean[], $12::text[], $13::text[], $14::text[],
                                    $15::timestamptz[], $16::int[], $17::text[], $18::text[], $19::boolean[])
                          AS c (ws, kind, value, profile_no, address_no, claim_user_id, claim_at, claim_id, proof_at, proof_id, said, tags,
                                groups, consents, last_seen_at, own_no, proof_user_id, claimants, settled)
                        WHERE i.ws = c.ws AND i.kind = c.kind AND i.value = c.value
                        """)
                .execute(Tuple.from(new Object[] {
                    all.stream().map(one -> one.id.ws()).toArray(Integer[]::new),
                    all.stream().map(one -> one.id.kind()).toArray(Short[]::new),
                    all.stream().map(one -> one.id.value()).toArray(String[]::new),
                    all.stream().map(Identity::profileNo).toArray(Integer[]::new),
                    all.stream().map(Identity::addressNo).toArray(Integer[]::new),
                    all.stream().map(Identity::claimUserId).toArray(String[]::new),
                    all.stream().map(one -> utc(one.claimAt())).toArray(OffsetDateTime[]::new),
                    all.stream().map(Identity::claimId).toArray(String[]::new),
                    all.stream().map(one -> utc(one.proofAt())).toArray(OffsetDateTime[]::new),
                    all.stream().map(Identity::proofId).toArray(String[]::new),
                    all.stream().map(one -> one.traits().isRead()).toArray(Boolean[]::new),
                    all.stream().map(one -> one.tags().encode()).toArray(String[]::new),
                    all.stream().map(one -> one.groups().encode()).toArray(String[]::new),
                    all.stream().map(one -> one.consents().encode()).toArray(String[]::new),
                    all.stream().map(one -> utc(one.lastSeenAt())).toArray(OffsetDateTime[]::new),
                    all.stream().map(Identity::ownNo).toArray(Integer[]::new),
                    all.stream().map(Identity::proofUserId).toArray(String[]::new),
                    all.stream().map(one -> one.claimants().encode()).toArray(String[]::new),
                    all.stream().map(Identity::isSettled).toArray(Boolean[]::new)
                }))
                .compose(done -> say(
                        tx, all.stream().filter(one -> one.traits().isRead()).toList()));
    }

    private static Future<Void> say(SqlConnection tx, List<Identity> said) {
        if (said.isEmpty()) {
            return Future.succeededFuture();
        }
        return tx.preparedQuery(
                        """
                        INSERT INTO cdp_words (identity_no, ws, traits)
                        SELECT no, ws, traits::jsonb FROM unnest($1::bigint[], $2::int[], $3::text[]) AS w (no, ws, traits)
                        ON CONFLICT (identity_no) DO UPDATE SET traits = excluded.traits
                        """)
                .execute(Tuple.of(
                        said.stream().map(one -> one.no).toArray(Long[]::new),
                        said.stream().map(one -> one.id.ws()).toArray(Integer[]::new),
                        said.stream().map(one -> one.traits().encode()).toArray(String[]::new)))
                .mapEmpty();
    }

    /** Of these nothing is other than when they were seen. */
    Future<Void> see(SqlConnection tx, Collection<Identity> seen) {
        if (seen.isEmpty()) {
            return Future.succeededFuture();
        }
        return tx.preparedQuery(
                        """
                        UPDATE cdp_identity i SET last_seen_at = s.at
                        FROM unnest($1::int[], $2::smallint[], $3::text[], $4::timestamptz[]) AS s (ws, kind, value, at)
                        WHERE i.ws = s.ws AND i.kind = s.kind AND i.value = s.value
                        """)
                .execute(Tuple.of(
                        seen.stream().map(one -> one.id.ws()).toArray(Integer[]::new),
                        seen.stream().map(one -> one.id.kind()).toArray(Short[]::new),
                        seen.stream().map(one -> one.id.value()).toArray(String[]::new),
                        seen.stream().map(one -> utc(one.lastSeenAt())).toArray(OffsetDateTime[]::new)))
                .mapEmpty();
    }

    static final String LOCK_MEMBERS =
            "SELECT no FROM cdp_identity WHERE profile_no = $2 AND ws = $1 ORDER BY no FOR UPDATE";

    static final String MOVE_IDENTITIES =
            """
            UPDATE cdp_identity SET profile_no = CASE profile_no WHEN $2 THEN $3 ELSE profile_no END,
                                    address_no = CASE address_no WHEN $2 THEN $3 ELSE address_no END,
                                    own_no = coalesce(own_no, CASE WHEN claim_at IS NULL THEN profile_no
                                                                   WHEN kind = 1 AND proof_at IS NULL THEN address_no END)
            WHERE ws = $1 AND (profile_no = $2 OR address_no = $2 AND proof_at IS NOT NULL)
            """;

    static final String MERGE_PROFILE =
            """
            UPDATE cdp_profile SET merged_into = $3, addresses_into = $3
            WHERE ws = $1 AND (profile_no = $2 OR merged_into = $2)
            """;

    /**
     * Everything that points to the one profile points to the other. The ids are locked by a statement of their own, so that
     * the next one sees what those wrote for whom this one waited.
     */
    Future<Void> join(SqlConnection tx, int ws, int fromNo, int toNo) {
        return tx.preparedQuery(LOCK_MEMBERS)
                .execute(Tuple.of(ws, fromNo))
                .compose(done -> tx.preparedQuery(MOVE_IDENTITIES).execute(Tuple.of(ws, fromNo, toNo)))
                .compose(done -> tx.preparedQuery(MERGE_PROFILE).execute(Tuple.of(ws, fromNo, toNo)))
                .mapEmpty();
    }

    /** Of several user ids of one person the one that the latest alias named is shown. */
    Future<Void> name(SqlConnection tx, int ws, int profileNo) {
        return tx.preparedQuery(
                        """
                        UPDATE cdp_profile p SET user_id = latest.claim_user_id
                        FROM (SELECT claim_user_id FROM cdp_identity
                              WHERE ws = $1 AND profile_no = $2 AND kind = 0 AND claim_user_id IS NOT NULL
                              ORDER BY claim_at DESC, claim_id COLLATE "C" DESC LIMIT 1) latest
                        WHERE p.ws = $1 AND p.profile_no = $2
                        """)
                .execute(Tuple.of(ws, profileNo))
                .mapEmpty();
    }

    /** Without what was said of traits. */
    private static Identity identity(Row row) {
        return identity(row, null);
    }

    private static Identity identity(Row row, String traits) {
        var claimAt = row.getOffsetDateTime("claim_at");
        var proofAt = row.getOffsetDateTime("proof_at");
        return new Identity(
                row.getLong("no"),
                new Id(row.getInteger("ws"), row.getShort("kind"), row.getString("value")),
                row.getInteger("own_no"),
                row.getInteger("profile_no"),
                row.getInteger("address_no"),
                row.getString("claim_user_id"),
                claimAt == null ? null : claimAt.toInstant(),
                row.getString("claim_id"),
                row.getString("proof_user_id"),
                proofAt == null ? null : proofAt.toInstant(),
                row.getString("proof_id"),
                row.getJsonArray("claimants"),
                row.getBoolean("settled"),
                traits,
                row.getString("tags"),
                row.getString("groups"),
                row.getString("consents"),
                row.getOffsetDateTime("last_seen_at").toInstant());
    }

    /** How many userIds these people have. */
    Future<Map<Numbered, Integer>> userIds(SqlConnection tx, Map<Integer, Set<Integer>> profileNos) {
        Future<Map<Numbered, Integer>> chain = Future.succeededFuture(new HashMap<>());
        for (var entry : profileNos.entrySet()) {
            chain = chain.compose(counts -> tx.preparedQuery(
                            """
                            SELECT profile_no, count(*) AS ids FROM cdp_identity
                            WHERE profile_no = ANY ($2) AND ws = $1 AND kind = 0 GROUP BY profile_no
                            """)
                    .execute(Tuple.of(entry.getKey(), (Object) entry.getValue().toArray(Integer[]::new)))
                    .map(rows -> {
                        rows.forEach(row -> counts.put(
                                new Numbered(entry.getKey(), row.getInteger("profile_no")), row.getInteger("ids")));
                        return counts;
                    }));
        }
        return chain;
    }

    /** All ids of these people, the oldest first, locked: by a statement of its own, so that the next one sees what came while it waited. */
    Future<List<Identity>> lockAll(SqlConnection tx, int ws, Collection<Integer> profileNos) {
        var numbers = profileNos.toArray(Integer[]::new);
        return tx.preparedQuery(
                        "SELECT no FROM cdp_identity WHERE profile_no = ANY ($2) AND ws = $1 ORDER BY no FOR UPDATE")
                .execute(Tuple.of(ws, (Object) numbers))
                .compose(done -> tx.preparedQuery("SELECT " + COLUMNS
                                + "FROM cdp_identity i WHERE profile_no = ANY ($2) AND ws = $1 ORDER BY no FOR UPDATE")
                        .execute(Tuple.of(ws, (Object) numbers)))
                .map(rows -> rows.stream().map(IdentitiesStore::identity).toList());
    }

    /** Visitors of others whose addresses belong to this person, by a claim that was verified; locked. */
    Future<List<Identity>> reachedBy(SqlConnection tx, int ws, int profileNo) {
        return tx.preparedQuery(
                        "SELECT " + COLUMNS
                                + """
                        FROM cdp_identity i
                        WHERE ws = $1 AND address_no = $2 AND address_no <> profile_no ORDER BY no FOR UPDATE
                        """)
                .execute(Tuple.of(ws, profileNo))
                .map(rows -> rows.stream().map(IdentitiesStore::identity).toList());
    }

    static final String CROWDED =
            """
            SELECT asked.no AS profile_no FROM unnest($2::int[]) AS asked (no)
            CROSS JOIN (SELECT coalesce((SELECT visitors FROM cdp_identity_rules WHERE ws = $1), $3::int) AS number) most
            WHERE (SELECT count(*) FROM (
              SELECT FROM cdp_identity i WHERE i.profile_no = asked.no AND i.ws = $1 AND i.kind = 1 LIMIT most.number + 1) i) > most.number
            """;

    /** Of these people those with more visitor ids than that, or than the workspace says. */
    Future<List<Integer>> crowded(SqlConnection tx, int ws, Collection<Integer> profileNos, int most) {
        return tx.preparedQuery(CROWDED)
                .execute(Tuple.of(ws, profileNos.toArray(Integer[]::new), most))
                .map(rows ->
                        rows.stream().map(row -> row.getInteger("profile_no")).toList());
    }

    /** The visitor ids of a person beyond the newest, by when they were claimed, locked. What an operator has put there stays. */
    Future<List<Identity>> beyond(SqlConnection tx, int ws, int profileNo, int most) {
        return tx.preparedQuery(
                        "SELECT " + COLUMNS
                                + """
                        FROM cdp_identity i WHERE no IN (
                          SELECT no FROM cdp_identity WHERE profile_no = $2 AND ws = $1 AND kind = 1
                          ORDER BY settled DESC, claim_at DESC, claim_id COLLATE "C" DESC
                          OFFSET coalesce((SELECT visitors FROM cdp_identity_rules WHERE ws = $1), $3::int))
                          AND profile_no = $2 AND ws = $1 AND claim_at IS NOT NULL AND NOT settled ORDER BY no FOR UPDATE
                        """)
                .execute(Tuple.of(ws, profileNo, most))
                .map(rows -> rows.stream()
                        .map(IdentitiesStore::identity)
                        .filter(one -> one.ownNo() != null)
                        .toList());
    }

    private static OffsetDateTime utc(Instant instant) {
        return instant == null ? null : instant.atOffset(ZoneOffset.UTC);
    }
}
