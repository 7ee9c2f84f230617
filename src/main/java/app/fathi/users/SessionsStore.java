package app.fathi.users;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.UUID;

/** All SQL over {@code users_session} and {@code users_refresh_token}. */
final class SessionsStore {

    /**
     * A session that is neither ended nor expired, of an account that is a member and not disabled, by a way in that the
     * workspace still has.
     *
     * @param bound an identity provider of the workspace vouches for them, here and nowhere else
     */
    record Live(
            int ws, UUID workspace, UUID account, String name, Instant signedInAt, boolean bound, boolean mustEnrol) {}

    /**
     * A refresh token's row, locked.
     *
     * @param usedSecondsAgo null when it was not used yet
     * @param live null when its session is over
     */
    record Presented(UUID session, int ws, Double usedSecondsAgo, Live live) {}

    /**
     * Another session of whoever owns this one, in another workspace. It began when this one did, and ends when this one
     * does: nobody becomes fresher by going from one workspace to another.
     */
    Future<Boolean> insertBeside(SqlClient tx, UUID id, int ws, UUID beside, String userAgent, String address) {
        return tx.preparedQuery(
                        """
                        INSERT INTO users_session (id, ws, account, expires_at, signed_in_at, user_agent, address)
                        SELECT $1::uuid, $2::int, account, expires_at, signed_in_at, left($4::text, 300), $5::text
                        FROM users_session WHERE id = $3 AND ended_at IS NULL AND expires_at > now()
                        """)
                .execute(Tuple.of(id, ws, beside, userAgent, address))
                .map(rows -> rows.rowCount() == 1);
    }

    /**
     * @param days how long it lasts, where the workspace says nothing
     * @param userAgent what the client calls itself, null when it does not
     */
    Future<Void> insert(SqlClient tx, UUID id, int ws, UUID account, int days, String userAgent, String address) {
        return tx.preparedQuery(
                        """
                        INSERT INTO users_session (id, ws, account, expires_at, user_agent, address)
                        SELECT $1::uuid, no, $3::uuid, now() + make_interval(days => coalesce(session_days, $4)), left($5::text, 300), $6::text
                        FROM users_workspace WHERE no = $2
                        """)
                .execute(Tuple.of(id, ws, account, days, userAgent, address))
                .mapEmpty();
    }

    /** Of whom an identity provider vouches for. */
    Future<Void> insert(
            SqlClient tx, UUID id, SignInsStore.Vouched vouched, int days, String userAgent, String address) {
        return tx.preparedQuery(
                        """
                        INSERT INTO users_session (id, ws, account, expires_at, signed_in_at, provider, second_factor,
                                                   user_agent, address)
                        SELECT $1::uuid, no, $3::uuid, now() + make_interval(days => coalesce(session_days, $4)),
                               $5::timestamptz, $6::uuid, $7::boolean, left($8::text, 300), $9::text
                        FROM users_workspace WHERE no = $2
                        """)
                .execute(Tuple.tuple()
                        .addUUID(id)
                        .addInteger(vouched.ws())
                        .addUUID(vouched.account())
                        .addInteger(days)
                        .addOffsetDateTime(vouched.signedInAt().atOffset(ZoneOffset.UTC))
                        .addUUID(vouched.provider())
                        .addBoolean(vouched.secondFactor())
                        .addString(userAgent)
                        .addString(address))
                .mapEmpty();
    }

    /**
     * One row more than a page holds: what is alive of an account, newest first.
     *
     * @param onlyWs the workspace to look in; null for all
     */
    Future<List<JsonObject>> page(SqlClient client, UUID account, Integer onlyWs, Optional<UUID> after, int rows) {
        return client.preparedQuery(
                        """
                        SELECT s.id, w.id AS workspace, w.name, s.created_at, s.seen_at, s.expires_at, s.user_agent,
                               s.address
                        FROM users_session s JOIN users_workspace w ON w.no = s.ws
                        WHERE s.account = $1 AND s.ended_at IS NULL AND s.expires_at > now()
                          AND ($2::uuid IS NULL OR s.id < $2) AND ($4::int IS NULL OR s.ws = $4)
                        ORDER BY s.id DESC
                        LIMIT $3
                        """)
                .execute(Tuple.of(account, after.orElse(null), rows, onlyWs))
                .map(found -> {
                    var page = new ArrayList<JsonObject>();
                    for (var row : found) {
                        page.add(new JsonObject()
                                .put("id", row.getUUID("id").toString())
                                .put(
                                        "workspace",
                                        new JsonObject()
                                                .put(
                                                        "id",
                                                        row.getUUID("workspace").toString())
                                                .put("name", row.getString("name")))
                                .put("createdAt", time(row, "created_at"))
                                .put("lastRefreshedAt", time(row, "seen_at"))
                                .put("expiresAt", time(row, "expires_at"))
                                .put("userAgent", row.getString("user_agent"))
                                .put("address", row.getString("address")));
                    }
                    return page;
                });
    }

    private static String time(Row row, String column) {
        return row.getOffsetDateTime(column).toInstant().toString();
    }

    Future<Void> insertRefreshToken(SqlClient tx, UUID session, Buffer hash) {
        return tx.preparedQuery("INSERT INTO users_refresh_token (hash, session) VALUES ($1, $2)")
                .execute(Tuple.of(hash, session))
                .mapEmpty();
    }

    Future<Optional<Live>> findLive(SqlClient client, UUID session) {
        return client.preparedQuery(
                        """
                        SELECT s.ws, w.id AS workspace, s.account, coalesce(m.name, a.name) AS name, s.signed_in_at,
                               s.provider IS NOT NULL AS bound,
                               w.two_factor_required AND NOT s.second_factor AND NOT EXISTS (
                                   SELECT FROM users_totp t
                                   WHERE t.account = s.account AND t.confirmed_at IS NOT NULL) AS must_enrol
                        FROM users_session s
                        JOIN users_account a ON a.id = s.account
                        JOIN users_workspace w ON w.no = s.ws
                        JOIN users_membership m ON m.account = s.account AND m.ws = s.ws
                        WHERE s.id = $1 AND s.ended_at IS NULL AND s.expires_at > now() AND a.disabled_at IS NULL
                          AND m.disabled_at IS NULL AND NOT m.invited
                          AND CASE WHEN s.provider IS NULL THEN w.password_sign_in ELSE EXISTS (
                                   SELECT FROM users_identity_provider p WHERE p.id = s.provider AND p.enabled) END
                        """)
                .execute(Tuple.of(session))
                .map(rows -> {
                    for (var row : rows) {
                        return Optional.of(new Live(
                                row.getInteger("ws"),
                                row.getUUID("workspace"),
                                row.getUUID("account"),
                                row.getString("name"),
                                row.getOffsetDateTime("signed_in_at").toInstant(),
                                row.getBoolean("bound"),
                                row.getBoolean("must_enrol")));
                    }
                    return Optional.empty();
                });
    }

    /** Locks the token first: of two who show it at once, the second sees it used. */
    Future<Optional<Presented>> present(SqlClient tx, Buffer hash) {
        return tx.preparedQuery(
                        """
                        SELECT t.session, s.ws,
                               extract(epoch FROM clock_timestamp() - t.used_at)::float8 AS used_seconds_ago
                        FROM users_refresh_token t JOIN users_session s ON s.id = t.session
                        WHERE t.hash = $1
                        FOR UPDATE OF t
                        """)
                .execute(Tuple.of(hash))
                .compose(rows -> {
                    if (rows.size() == 0) {
                        return Future.succeededFuture(Optional.empty());
                    }
                    var row = rows.iterator().next();
                    var session = row.getUUID("session");
                    return findLive(tx, session)
                            .map(live -> Optional.of(new Presented(
                                    session,
                                    row.getInteger("ws"),
                                    row.getDouble("used_seconds_ago"),
                                    live.orElse(null))));
                });
    }

    Future<Void> markUsed(SqlClient tx, Buffer hash) {
        return tx.preparedQuery(
                        """
                        WITH used AS (
                            UPDATE users_refresh_token SET used_at = clock_timestamp() WHERE hash = $1 RETURNING session)
                        UPDATE users_session s SET seen_at = now() FROM used WHERE s.id = used.session
                        """)
                .execute(Tuple.of(hash))
                .mapEmpty();
    }

    /** Whether it was this call that ended it. */
    Future<Boolean> end(SqlClient tx, int ws, UUID session, String reason) {
        return tx.preparedQuery(
                        """
                        UPDATE users_session SET ended_at = now(), end_reason = $3
                        WHERE id = $2 AND ws = $1 AND ended_at IS NULL
                        """)
                .execute(Tuple.of(ws, session, reason))
                .map(rows -> rows.rowCount() == 1);
    }

    /** Everything that somebody signed in to in this workspace. */
    Future<Void> endHere(SqlClient tx, int ws, UUID account, String reason) {
        return tx.preparedQuery(
                        """
                        UPDATE users_session SET ended_at = now(), end_reason = $3
                        WHERE account = $2 AND ws = $1 AND ended_at IS NULL
                        """)
                .execute(Tuple.of(ws, account, reason))
                .mapEmpty();
    }

    /** The workspace of the account's session that this call ended; empty when there is none alive. */
    Future<Optional<Integer>> endOwn(SqlClient tx, UUID account, Integer onlyWs, UUID session) {
        return tx.preparedQuery(
                        """
                        UPDATE users_session SET ended_at = now(), end_reason = 'ended'
                        WHERE id = $2 AND account = $1 AND ended_at IS NULL AND expires_at > now()
                          AND ($3::int IS NULL OR ws = $3)
                        RETURNING ws
                        """)
                .execute(Tuple.of(account, session, onlyWs))
                .map(rows -> {
                    for (var row : rows) {
                        return Optional.of(row.getInteger("ws"));
                    }
                    return Optional.empty();
                });
    }

    /**
     * Ends all that an account is signed in to.
     *
     * @param onlyWs in this workspace; null for all
     * @param except what goes on; null for nothing
     * @return the workspaces that these were of
     */
    Future<Collection<Integer>> endAll(SqlClient tx, UUID account, Integer onlyWs, UUID except, String reason) {
        return tx.preparedQuery(
                        """
                        UPDATE users_session SET ended_at = now(), end_reason = $3
                        WHERE account = $1 AND ended_at IS NULL AND ($2::uuid IS NULL OR id <> $2)
                          AND ($4::int IS NULL OR ws = $4)
                        RETURNING ws
                        """)
                .execute(Tuple.of(account, except, reason, onlyWs))
                .map(rows -> {
                    var workspaces = new TreeSet<Integer>();
                    rows.forEach(row -> workspaces.add(row.getInteger("ws")));
                    return workspaces;
                });
    }

    /** Sessions that are over for a day teach nothing any more. */
    Future<Void> purge(SqlClient client) {
        return client.query("DELETE FROM users_session WHERE expires_at < now() - interval '1 day'")
                .execute()
                .mapEmpty();
    }
}
