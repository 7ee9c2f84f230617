package app.fathi.webpush;

import app.fathi.cdp.Profiles;
import app.fathi.platform.security.WorkspaceKey;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.net.URI;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.StreamSupport;

/** All SQL over {@code webpush_subscription}. */
final class SubscriptionsStore {
    /** For the database's planner, when many have come at once. */
    Future<Void> countAnew(SqlClient client) {
        return client.query("ANALYZE webpush_subscription").execute().mapEmpty();
    }

    /** What a renewal has to know of the row it renews. */
    record Held(UUID id, Owner owner, UUID keyId, String status, byte[] deviceSecret, byte[] address) {}

    /** Whose a subscription is, and under which id it was made; {@code identityNo} is null where nobody knows. */
    record Owner(int profileNo, Long identityNo) {
        static Owner of(Profiles.Reached reached) {
            return new Owner(reached.profileNo(), reached.identityNo());
        }
    }

    static String place(UUID id) {
        return "webpush_subscription.address|" + id;
    }

    static final String LOCK_BY_ENDPOINT =
            """
            SELECT id, profile_no, identity_no, key_id, status, device_secret, address
            FROM (SELECT * FROM webpush_subscription WHERE endpoint_hash = $2 OFFSET 0 FOR UPDATE) s
            WHERE ws = $1
            """;

    Future<Optional<Held>> lockByEndpoint(SqlClient tx, int ws, byte[] endpointHash) {
        return held(tx, LOCK_BY_ENDPOINT, Tuple.of(ws, Buffer.buffer(endpointHash)));
    }

    static final String LOCK_BY_ID =
            """
            SELECT id, profile_no, identity_no, key_id, status, device_secret, address
            FROM (SELECT * FROM webpush_subscription WHERE id = $2 OFFSET 0 FOR UPDATE) s
            WHERE ws = $1
            """;

    Future<Optional<Held>> lockById(SqlClient tx, int ws, UUID id) {
        return held(tx, LOCK_BY_ID, Tuple.of(ws, id));
    }

    private static Future<Optional<Held>> held(SqlClient tx, String sql, Tuple parameters) {
        return tx.preparedQuery(sql).execute(parameters).map(rows -> StreamSupport.stream(rows.spliterator(), false)
                .findFirst()
                .map(row -> new Held(
                        row.getUUID("id"),
                        new Owner(row.getInteger("profile_no"), row.getLong("identity_no")),
                        row.getUUID("key_id"),
                        row.getString("status"),
                        row.getBuffer("device_secret").getBytes(),
                        row.getBuffer("address").getBytes())));
    }

    Future<Void> insert(
            SqlClient tx,
            int ws,
            UUID id,
            Owner owner,
            UUID keyId,
            SubscriptionDraft draft,
            byte[] endpointHash,
            byte[] deviceSecret,
            WorkspaceKey key) {
        return tx.preparedQuery(
                        """
                        INSERT INTO webpush_subscription
                          (id, ws, profile_no, key_id, endpoint_hash, push_service, address, device_secret, site, user_agent, language, timezone,
                           identity_no)
                        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
                        """)
                .execute(Tuple.from(new Object[] {
                    id,
                    ws,
                    owner.profileNo(),
                    keyId,
                    Buffer.buffer(endpointHash),
                    origin(draft),
                    Buffer.buffer(key.seal(place(id), PushAddress.encode(draft.endpoint(), draft.keys()))),
                    Buffer.buffer(deviceSecret),
                    draft.site(),
                    draft.userAgent(),
                    draft.language(),
                    draft.timezone(),
                    owner.identityNo()
                }))
                .mapEmpty();
    }

    Future<Void> update(
            SqlClient tx,
            int ws,
            UUID id,
            Owner owner,
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
                            status = 'active', ended_at = NULL, last_seen_at = now(), imported = false,
                            identity_no = $13
                        WHERE ws = $2 AND id = $1
                        """)
                .execute(Tuple.from(new Object[] {
                    id,
                    ws,
                    owner.profileNo(),
                    keyId,
                    Buffer.buffer(endpointHash),
                    origin(draft),
                    Buffer.buffer(key.seal(place(id), PushAddress.encode(draft.endpoint(), draft.keys()))),
                    Buffer.buffer(deviceSecret),
                    draft.site(),
                    draft.userAgent(),
                    draft.language(),
                    draft.timezone(),
                    owner.identityNo()
                }))
                .mapEmpty();
    }

    static final String END =
            """
            UPDATE webpush_subscription SET status = $3, ended_at = now()
            WHERE id = ANY ($2) AND ws + 0 = $1 AND status = 'active' RETURNING id
            """;

    /** Ends active subscriptions and tells which ones it ended. */
    Future<List<UUID>> end(SqlClient tx, int ws, Collection<UUID> ids, String status) {
        return tx.preparedQuery(END)
                .execute(Tuple.of(ws, ids.toArray(UUID[]::new), status))
                .map(rows -> StreamSupport.stream(rows.spliterator(), false)
                        .map(row -> row.getUUID("id"))
                        .toList());
    }

    static final String END_OF_KEY =
            """
            UPDATE webpush_subscription SET status = 'expired', ended_at = now()
            WHERE status = 'active' AND key_id = $2 AND ws + 0 = $1 AND id = ANY (ARRAY(
              SELECT id FROM webpush_subscription WHERE key_id = $2 AND status = 'active' ORDER BY id DESC LIMIT $3))
            RETURNING id
            """;

    /** Ends active subscriptions that are bound to this key and tells which ones. */
    Future<List<UUID>> endOfKey(SqlClient tx, int ws, UUID keyId, int limit) {
        return tx.preparedQuery(END_OF_KEY)
                .execute(Tuple.of(ws, keyId, limit))
                .map(rows -> rows.stream().map(row -> row.getUUID("id")).toList());
    }

    /** What an import has to know of an endpoint that is there already. */
    record Present(
            UUID id,
            int profileNo,
            UUID keyId,
            String status,
            boolean imported,
            byte[] address,
            String language,
            String timezone,
            String site,
            String userAgent,
            OffsetDateTime lastSeenAt) {}

    private static final String PRESENT =
            """
            SELECT s.id, s.endpoint_hash, s.profile_no, s.key_id, s.status, s.imported, s.address, s.language, s.timezone,
                   s.site, s.user_agent, s.last_seen_at
            """;

    static final String LOOK_AT_PRESENT = PRESENT
            + """
            FROM unnest($2::bytea[]) AS wanted (hash)
            CROSS JOIN LATERAL (SELECT * FROM webpush_subscription WHERE endpoint_hash = wanted.hash OFFSET 0) s
            WHERE s.ws = $1
            """;

    static final String LOCK_PRESENT = PRESENT
            + """
            FROM unnest($2::uuid[]) AS wanted (id)
            CROSS JOIN LATERAL (SELECT * FROM webpush_subscription WHERE id = wanted.id LIMIT 1 FOR UPDATE) s
            WHERE s.ws = $1
            """;

    /** By the hash of their endpoint. */
    Future<Map<Buffer, Present>> lookAtPresent(SqlClient client, int ws, Collection<Buffer> hashes) {
        return present(client, LOOK_AT_PRESENT, Tuple.of(ws, (Object) hashes.toArray(Buffer[]::new)));
    }

    /** The same as they are now, locked in this order. */
    Future<Map<Buffer, Present>> lockPresent(SqlClient tx, int ws, List<UUID> ids) {
        return present(tx, LOCK_PRESENT, Tuple.of(ws, (Object) ids.toArray(UUID[]::new)));
    }

    private static Future<Map<Buffer, Present>> present(SqlClient client, String sql, Tuple parameters) {
        return client.preparedQuery(sql).execute(parameters).map(rows -> {
            var present = new HashMap<Buffer, Present>(rows.size() * 2);
            rows.forEach(row -> present.put(
                    row.getBuffer("endpoint_hash"),
                    new Present(
                            row.getUUID("id"),
                            row.getInteger("profile_no"),
                            row.getUUID("key_id"),
                            row.getString("status"),
                            row.getBoolean("imported"),
                            row.getBuffer("address").getBytes(),
                            row.getString("language"),
                            row.getString("timezone"),
                            row.getString("site"),
                            row.getString("user_agent"),
                            row.getOffsetDateTime("last_seen_at"))));
            return present;
        });
    }

    /** A row as an import writes it: {@code id}, sealed address and all, times may be null for now. */
    record Imported(
            UUID id,
            Owner owner,
            UUID keyId,
            byte[] endpointHash,
            String pushService,
            byte[] address,
            byte[] deviceSecret,
            String language,
            String timezone,
            String site,
            String userAgent,
            OffsetDateTime createdAt,
            OffsetDateTime lastSeenAt) {}

    static final String INSERT_IMPORTED =
            """
            INSERT INTO webpush_subscription
              (id, ws, profile_no, key_id, endpoint_hash, push_service, address, device_secret, language, timezone, site,
               user_agent, created_at, last_seen_at, imported, identity_no)
            SELECT d.id, $1, d.profile_no, d.key_id, d.endpoint_hash, d.push_service, d.address, d.device_secret, d.language,
                   d.timezone, d.site, d.user_agent, coalesce(d.created_at, now()),
                   coalesce(d.last_seen_at, d.created_at, now()), true, d.identity_no
            FROM unnest($2::uuid[], $3::int[], $4::uuid[], $5::bytea[], $6::text[], $7::bytea[], $8::bytea[], $9::text[],
                        $10::text[], $11::text[], $12::text[], $13::timestamptz[], $14::timestamptz[], $15::bigint[])
                 AS d (id, profile_no, key_id, endpoint_hash, push_service, address, device_secret, language, timezone, site,
                       user_agent, created_at, last_seen_at, identity_no)
            ON CONFLICT (ws, endpoint_hash) DO NOTHING
            RETURNING id
            """;

    static final String UPDATE_IMPORTED =
            """
            UPDATE webpush_subscription s
            SET profile_no = d.profile_no, key_id = d.key_id, address = d.address, language = d.language,
                timezone = d.timezone, site = d.site, user_agent = d.user_agent,
                last_seen_at = greatest(s.last_seen_at, d.last_seen_at), identity_no = coalesce(d.identity_no, s.identity_no)
            FROM unnest($2::uuid[], $3::int[], $4::uuid[], $5::bytea[], $6::text[], $7::bytea[], $8::bytea[], $9::text[],
                        $10::text[], $11::text[], $12::text[], $13::timestamptz[], $14::timestamptz[], $15::bigint[])
                 AS d (id, profile_no, key_id, endpoint_hash, push_service, address, device_secret, language, timezone, site,
                       user_agent, created_at, last_seen_at, identity_no)
            WHERE s.id = d.id AND s.ws + 0 = $1
            RETURNING s.id
            """;

    /** Those that were new: an endpoint that came meanwhile from its browser is left alone. */
    Future<List<UUID>> insertImported(SqlClient tx, int ws, List<Imported> rows) {
        return writeImported(tx, INSERT_IMPORTED, ws, rows);
    }

    Future<List<UUID>> updateImported(SqlClient tx, int ws, List<Imported> rows) {
        return writeImported(tx, UPDATE_IMPORTED, ws, rows);
    }

    private static Future<List<UUID>> writeImported(SqlClient tx, String sql, int ws, List<Imported> rows) {
        if (rows.isEmpty()) {
            return Future.succeededFuture(List.of());
        }
        return tx.preparedQuery(sql)
                .execute(Tuple.from(new Object[] {
                    ws,
                    array(rows, UUID[]::new, Imported::id),
                    array(rows, Integer[]::new, row -> row.owner().profileNo()),
                    array(rows, UUID[]::new, Imported::keyId),
                    array(rows, Buffer[]::new, row -> Buffer.buffer(row.endpointHash())),
                    array(rows, String[]::new, Imported::pushService),
                    array(rows, Buffer[]::new, row -> Buffer.buffer(row.address())),
                    array(rows, Buffer[]::new, row -> Buffer.buffer(row.deviceSecret())),
                    array(rows, String[]::new, Imported::language),
                    array(rows, String[]::new, Imported::timezone),
                    array(rows, String[]::new, Imported::site),
                    array(rows, String[]::new, Imported::userAgent),
                    array(rows, OffsetDateTime[]::new, Imported::createdAt),
                    array(rows, OffsetDateTime[]::new, Imported::lastSeenAt),
                    array(rows, Long[]::new, row -> row.owner().identityNo())
                }))
                .map(written -> written.stream().map(row -> row.getUUID("id")).toList());
    }

    private static <T, V> V[] array(List<T> rows, IntFunction<V[]> make, Function<T, V> value) {
        return rows.stream().map(value).toArray(make);
    }

    static final String MOVE =
            """
            UPDATE webpush_subscription SET profile_no = $3
            WHERE profile_no = $2 AND ws + 0 = $1 AND id = ANY (ARRAY(
              SELECT id FROM webpush_subscription WHERE ws = $1 AND profile_no = $2 AND status = 'active'
              UNION ALL
              SELECT id FROM webpush_subscription WHERE ws = $1 AND profile_no = $2 AND status <> 'active'))
            """;

    Future<Void> move(SqlClient tx, int ws, int fromProfileNo, int toProfileNo) {
        return tx.preparedQuery(MOVE)
                .execute(Tuple.of(ws, fromProfileNo, toProfileNo))
                .mapEmpty();
    }

    /** Of one person's subscriptions those that were made under these ids, by the number of the id. */
    Future<Void> part(SqlClient tx, int ws, int fromProfileNo, Map<Long, Integer> toProfileNos) {
        var ids = List.copyOf(toProfileNos.keySet());
        return tx.preparedQuery(
                        """
                        UPDATE webpush_subscription s SET profile_no = m.profile_no
                        FROM unnest($3::bigint[], $4::int[]) AS m (identity_no, profile_no)
                        WHERE s.profile_no = $2 AND s.ws = $1 AND s.identity_no = m.identity_no
                        """)
                .execute(Tuple.of(
                        ws,
                        fromProfileNo,
                        ids.toArray(Long[]::new),
                        ids.stream().map(toProfileNos::get).toArray(Integer[]::new)))
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

    /**
     * What a list is of; each may be null. A key's and a person's subscriptions lie in an index of their own.
     *
     * @param profileNo the person's number; of a person that is not there {@code -1}
     */
    record Filter(String status, Integer profileNo, UUID keyId) {}

    private static final String PAGE =
            """
            SELECT s.*, p.id AS profile_id FROM webpush_subscription s
            JOIN cdp_profile p ON p.ws = s.ws AND p.profile_no = s.profile_no
            WHERE %s AND ($2::uuid IS NULL OR s.id < $2)
            ORDER BY s.id DESC LIMIT $3
            """;

    /** A person has few: they are found first and put in order then. */
    static final String PAGE_OF_PERSON =
            """
            SELECT s.*, p.id AS profile_id
            FROM (SELECT * FROM webpush_subscription WHERE ws = $1 AND profile_no = $4 AND status = 'active'
                  UNION ALL
                  SELECT * FROM webpush_subscription WHERE ws = $1 AND profile_no = $4 AND status <> 'active') s
            JOIN cdp_profile p ON p.ws = s.ws AND p.profile_no = s.profile_no
            WHERE ($2::uuid IS NULL OR s.id < $2) AND ($5::text IS NULL OR s.status = $5)
              AND ($6::uuid IS NULL OR s.key_id = $6)
            ORDER BY s.id DESC LIMIT $3
            """;

    static final String PAGE_OF_ALL = PAGE.formatted("s.ws = $1");
    /** Nearly all are: said so that no index of active ones is taken, which would have to be put in order. */
    static final String PAGE_OF_ACTIVE = PAGE.formatted("s.ws = $1 AND s.status NOT IN ('expired', 'unsubscribed')");

    static final String PAGE_OF_ENDED = PAGE.formatted("s.ws = $1 AND s.status <> 'active' AND s.status = $4");
    static final String PAGE_OF_KEY =
            PAGE.formatted("s.status = 'active' AND s.key_id = (SELECT id FROM webpush_key WHERE id = $4 AND ws = $1)");

    /** Newest first, from an index that holds no others, whatever is asked for. */
    Future<List<Subscription>> page(SqlClient client, int ws, UUID before, Filter filter, int limit) {
        String sql;
        Tuple parameters = Tuple.of(ws, before, limit);
        if (filter.profileNo() != null) {
            sql = PAGE_OF_PERSON;
            parameters.addInteger(filter.profileNo()).addString(filter.status()).addUUID(filter.keyId());
        } else if (filter.keyId() != null) {
            sql = PAGE_OF_KEY;
            parameters.addUUID(filter.keyId());
        } else if (filter.status() == null) {
            sql = PAGE_OF_ALL;
        } else if (filter.status().equals("active")) {
            sql = PAGE_OF_ACTIVE;
        } else {
            sql = PAGE_OF_ENDED;
            parameters.addString(filter.status());
        }
        return client.preparedQuery(sql)
                .execute(parameters)
                .map(rows -> rows.stream().map(SubscriptionsStore::subscription).toList());
    }

    /** A row as it is exported, its address sealed. */
    record Exported(Subscription shown, byte[] address) {}

    static final String EXPORT_PAGE =
            """
            SELECT s.*, NULL::uuid AS profile_id FROM webpush_subscription s
            WHERE s.ws = $1 AND s.id > $2 ORDER BY s.id LIMIT $3
            """;

    /** In the order in which they were made. */
    Future<List<Exported>> exportPage(SqlClient client, int ws, UUID after, int limit) {
        return client.preparedQuery(EXPORT_PAGE)
                .execute(Tuple.of(ws, after, limit))
                .map(rows -> rows.stream()
                        .map(row -> new Exported(
                                subscription(row), row.getBuffer("address").getBytes()))
                        .toList());
    }

    static final String ADDRESSES_OF =
            """
            SELECT id, profile_no, key_id, language, site, address FROM webpush_subscription
            WHERE ws = $1 AND profile_no = ANY ($2) AND status = 'active'
            ORDER BY profile_no, last_seen_at DESC, id
            """;

    /** Active addresses of these people, each person's most recently active first. */
    Future<List<PushAddress>> addressesOf(SqlClient client, int ws, Collection<Integer> profileNos, WorkspaceKey key) {
        return client.preparedQuery(ADDRESSES_OF)
                .execute(Tuple.of(ws, (Object) profileNos.toArray(Integer[]::new)))
                .map(rows -> addresses(rows, key));
    }

    /**
     * Looked up one by one and by nothing but the id: while the table is empty, an index that begins with the workspace
     * costs as little, and the plan is kept.
     */
    static final String ADDRESSES =
            """
            SELECT s.id, s.profile_no, s.key_id, s.language, s.site, s.address
            FROM unnest($2::uuid[]) AS wanted (id)
            CROSS JOIN LATERAL (SELECT * FROM webpush_subscription WHERE id = wanted.id LIMIT 1) s
            WHERE s.ws = $1 AND s.status = 'active'
            """;

    static final String STILL_ACTIVE =
            """
            SELECT s.id, s.profile_no
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

    /** Whose those subscriptions are that are active still. */
    Future<Map<UUID, Integer>> stillActive(SqlClient tx, int ws, Collection<UUID> ids) {
        return owners(tx, STILL_ACTIVE, ws, ids);
    }

    /** Whose the subscriptions are, ended ones too; unknown ids are left out. */
    Future<Map<UUID, Integer>> owners(SqlClient client, int ws, Collection<UUID> ids) {
        return owners(client, OWNERS, ws, ids);
    }

    private static Future<Map<UUID, Integer>> owners(SqlClient client, String sql, int ws, Collection<UUID> ids) {
        return client.preparedQuery(sql)
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
                                    key.open(place(id), row.getBuffer("address").getBytes()))
                            .in(row.getString("language"));
                })
                .toList();
    }

    /** The endpoint and keys that a held row has now. */
    static PushAddress opened(Held held, WorkspaceKey key) {
        return PushAddress.decode(
                held.id(), held.owner().profileNo(), held.keyId(), null, key.open(place(held.id()), held.address()));
    }

    private static String origin(SubscriptionDraft draft) {
        return origin(draft.endpoint());
    }

    static String origin(URI endpoint) {
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

    /** The origin of the site on which it was subscribed; empty where it has none, has ended, or was welcomed before. */
    Future<Optional<String>> markWelcomed(SqlClient tx, int ws, UUID id) {
        return tx.preparedQuery(
                        """
                        UPDATE webpush_subscription SET welcomed_at = now()
                        WHERE ws = $1 AND id = $2 AND welcomed_at IS NULL AND status = 'active' AND site IS NOT NULL
                        RETURNING site
                        """)
                .execute(Tuple.of(ws, id))
                .map(rows -> rows.stream().map(row -> row.getString("site")).findFirst());
    }
}
