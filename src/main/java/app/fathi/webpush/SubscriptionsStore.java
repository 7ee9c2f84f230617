package app.fathi.webpush;

import app.fathi.platform.security.WorkspaceKey;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.StreamSupport;

/** All SQL over {@code webpush_subscription}. */
final class SubscriptionsStore {

    /** What a renewal has to know of the row it renews. */
    record Held(UUID id, int profileNo, UUID keyId, String status, byte[] deviceSecret, byte[] address) {}

    private static String place(UUID id) {
        return "webpush_subscription.address|" + id;
    }

    Future<Optional<Held>> lockByEndpoint(SqlClient tx, int ws, byte[] endpointHash) {
        return held(
                tx,
                """
                SELECT id, profile_no, key_id, status, device_secret, address FROM webpush_subscription
                WHERE ws = $1 AND endpoint_hash = $2 FOR UPDATE
                """,
                Tuple.of(ws, Buffer.buffer(endpointHash)));
    }

    Future<Optional<Held>> lockById(SqlClient tx, int ws, UUID id) {
        return held(
                tx,
                """
                SELECT id, profile_no, key_id, status, device_secret, address FROM webpush_subscription
                WHERE ws = $1 AND id = $2 FOR UPDATE
                """,
                Tuple.of(ws, id));
    }

    private static Future<Optional<Held>> held(SqlClient tx, String sql, Tuple parameters) {
        return tx.preparedQuery(sql).execute(parameters).map(rows -> StreamSupport.stream(rows.spliterator(), false)
                .findFirst()
                .map(row -> new Held(
                        row.getUUID("id"),
                        row.getInteger("profile_no"),
                        row.getUUID("key_id"),
                        row.getString("status"),
                        row.getBuffer("device_secret").getBytes(),
                        row.getBuffer("address").getBytes())));
    }

    Future<Void> insert(
            SqlClient tx,
            int ws,
            UUID id,
            int profileNo,
            UUID keyId,
            SubscriptionDraft draft,
            byte[] endpointHash,
            byte[] deviceSecret,
            WorkspaceKey key) {
        return tx.preparedQuery(
                        """
                        INSERT INTO webpush_subscription
                          (id, ws, profile_no, key_id, endpoint_hash, push_service, address, device_secret, site, user_agent, language, timezone)
                        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
                        """)
                .execute(Tuple.from(new Object[] {
                    id,
                    ws,
                    profileNo,
                    keyId,
                    Buffer.buffer(endpointHash),
                    origin(draft),
                    Buffer.buffer(key.seal(place(id), PushAddress.encode(draft.endpoint(), draft.keys()))),
                    Buffer.buffer(deviceSecret),
                    draft.site(),
                    draft.userAgent(),
                    draft.language(),
                    draft.timezone()
                }))
                .mapEmpty();
    }

    Future<Void> update(
            SqlClient tx,
            int ws,
            UUID id,
            int profileNo,
            UUID keyId,
            SubscriptionDraft draft,
            byte[] endpointHash,
            byte[] deviceSecret,
            WorkspaceKey key) {
        return tx.preparedQuery(
                        """
                        UPDATE webpush_subscription
                        SET profile_no = $3, key_id = $4, endpoint_hash = $5, push_service = $6, address = $7, device_secret = $8,
                            site = coalesce($9, site), user_agent = coalesce($10, user_agent),
                            language = coalesce($11, language), timezone = coalesce($12, timezone),
                            status = 'active', ended_at = NULL, last_seen_at = now()
                        WHERE ws = $2 AND id = $1
                        """)
                .execute(Tuple.from(new Object[] {
                    id,
                    ws,
                    profileNo,
                    keyId,
                    Buffer.buffer(endpointHash),
                    origin(draft),
                    Buffer.buffer(key.seal(place(id), PushAddress.encode(draft.endpoint(), draft.keys()))),
                    Buffer.buffer(deviceSecret),
                    draft.site(),
                    draft.userAgent(),
                    draft.language(),
                    draft.timezone()
                }))
                .mapEmpty();
    }

    /** Ends active subscriptions and tells which ones it ended. */
    Future<List<UUID>> end(SqlClient tx, int ws, Collection<UUID> ids, String status) {
        return tx.preparedQuery(
                        """
                        UPDATE webpush_subscription SET status = $3, ended_at = now()
                        WHERE ws = $1 AND id = ANY ($2) AND status = 'active' RETURNING id
                        """)
                .execute(Tuple.of(ws, ids.toArray(UUID[]::new), status))
                .map(rows -> StreamSupport.stream(rows.spliterator(), false)
                        .map(row -> row.getUUID("id"))
                        .toList());
    }

    Future<Void> move(SqlClient tx, int ws, int fromProfileNo, int toProfileNo) {
        return tx.preparedQuery("UPDATE webpush_subscription SET profile_no = $3 WHERE ws = $1 AND profile_no = $2")
                .execute(Tuple.of(ws, fromProfileNo, toProfileNo))
                .mapEmpty();
    }

    Future<Optional<Subscription>> find(SqlClient client, int ws, UUID id) {
        return client.preparedQuery(
                        """
                        SELECT s.*, p.id AS profile_id FROM webpush_subscription s
                        JOIN cdp_profile p ON p.ws = s.ws AND p.profile_no = s.profile_no
                        WHERE s.ws = $1 AND s.id = $2
                        """)
                .execute(Tuple.of(ws, id))
                .map(rows -> StreamSupport.stream(rows.spliterator(), false)
                        .findFirst()
                        .map(SubscriptionsStore::subscription));
    }

    /** Newest first; {@code before}, {@code status} and {@code profileId} may be null. */
    Future<List<Subscription>> page(SqlClient client, int ws, UUID before, String status, UUID profileId, int limit) {
        return client.preparedQuery(
                        """
                        SELECT s.*, p.id AS profile_id FROM webpush_subscription s
                        JOIN cdp_profile p ON p.ws = s.ws AND p.profile_no = s.profile_no
                        WHERE s.ws = $1
                          AND ($2::uuid IS NULL OR s.id < $2)
                          AND ($3::text IS NULL OR s.status = $3)
                          AND ($4::uuid IS NULL OR p.id = $4)
                        ORDER BY s.id DESC LIMIT $5
                        """)
                .execute(Tuple.of(ws, before, status, profileId, limit))
                .map(rows -> StreamSupport.stream(rows.spliterator(), false)
                        .map(SubscriptionsStore::subscription)
                        .toList());
    }

    /** Active addresses of these people, each person's most recently active first. */
    Future<List<PushAddress>> addressesOf(SqlClient client, int ws, Collection<Integer> profileNos, WorkspaceKey key) {
        return client.preparedQuery(
                        """
                        SELECT id, profile_no, key_id, site, address FROM webpush_subscription
                        WHERE ws = $1 AND profile_no = ANY ($2) AND status = 'active'
                        ORDER BY profile_no, last_seen_at DESC, id
                        """)
                .execute(Tuple.of(ws, (Object) profileNos.toArray(Integer[]::new)))
                .map(rows -> addresses(rows, key));
    }

    /**
     * Looked up one by one and by nothing but the id: while the table is empty, an index that begins with the workspace
     * costs as little, and the plan is kept.
     */
    static final String ADDRESSES =
            """
            SELECT s.id, s.profile_no, s.key_id, s.site, s.address
            FROM unnest($2::uuid[]) AS wanted (id)
            CROSS JOIN LATERAL (SELECT * FROM webpush_subscription WHERE id = wanted.id LIMIT 1) s
            WHERE s.ws = $1 AND s.status = 'active'
            """;

    static final String STILL_ACTIVE =
            """
            SELECT s.id
            FROM unnest($2::uuid[]) AS wanted (id)
            CROSS JOIN LATERAL (SELECT * FROM webpush_subscription WHERE id = wanted.id LIMIT 1) s
            WHERE s.ws = $1 AND s.status = 'active'
            """;

    static final String OWNERS =
            """
            SELECT s.id, s.profile_no
            FROM unnest($2::uuid[]) AS wanted (id)
            CROSS JOIN LATERAL (SELECT * FROM webpush_subscription WHERE id = wanted.id LIMIT 1) s
            WHERE s.ws = $1
            """;

    Future<List<PushAddress>> addresses(SqlClient client, int ws, Collection<UUID> ids, WorkspaceKey key) {
        return client.preparedQuery(ADDRESSES)
                .execute(Tuple.of(ws, (Object) ids.toArray(UUID[]::new)))
                .map(rows -> addresses(rows, key));
    }

    Future<Set<UUID>> stillActive(SqlClient tx, int ws, Collection<UUID> ids) {
        return tx.preparedQuery(STILL_ACTIVE)
                .execute(Tuple.of(ws, (Object) ids.toArray(UUID[]::new)))
                .map(rows -> {
                    var active = new HashSet<UUID>(rows.size() * 2);
                    rows.forEach(row -> active.add(row.getUUID("id")));
                    return active;
                });
    }

    /** Whose the subscriptions are, ended ones too; unknown ids are left out. */
    Future<Map<UUID, Integer>> owners(SqlClient client, int ws, Collection<UUID> ids) {
        return client.preparedQuery(OWNERS)
                .execute(Tuple.of(ws, (Object) ids.toArray(UUID[]::new)))
                .map(rows -> {
                    var owners = new HashMap<UUID, Integer>(rows.size() * 2);
                    rows.forEach(row -> owners.put(row.getUUID("id"), row.getInteger("profile_no")));
                    return owners;
                });
    }

    private static List<PushAddress> addresses(Iterable<Row> rows, WorkspaceKey key) {
        return StreamSupport.stream(rows.spliterator(), false)
                .map(row -> {
                    var id = row.getUUID("id");
                    return PushAddress.decode(
                            id,
                            row.getInteger("profile_no"),
                            row.getUUID("key_id"),
                            row.getString("site"),
                            key.open(place(id), row.getBuffer("address").getBytes()));
                })
                .toList();
    }

    /** The endpoint and keys that a held row has now. */
    static PushAddress opened(Held held, WorkspaceKey key) {
        return PushAddress.decode(
                held.id(), held.profileNo(), held.keyId(), null, key.open(place(held.id()), held.address()));
    }

    private static String origin(SubscriptionDraft draft) {
        var endpoint = draft.endpoint();
        return endpoint.getScheme() + "://" + endpoint.getRawAuthority();
    }

    private static Subscription subscription(Row row) {
        return new Subscription(
                row.getUUID("id"),
                row.getInteger("profile_no"),
                row.getUUID("profile_id"),
                row.getUUID("key_id"),
                row.getString("status"),
                row.getBuffer("endpoint_hash").getBytes(),
                row.getString("push_service"),
                row.getString("site"),
                row.getString("user_agent"),
                row.getString("language"),
                row.getString("timezone"),
                row.getOffsetDateTime("created_at"),
                row.getOffsetDateTime("last_seen_at"),
                row.get(OffsetDateTime.class, "ended_at"));
    }
}
