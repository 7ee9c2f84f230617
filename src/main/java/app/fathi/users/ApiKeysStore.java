package app.fathi.users;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** All SQL over {@code users_api_key}. Where {@code owner} is given, only what they made is there. */
final class ApiKeysStore {

    /** What a request needs to know of the key it shows. */
    record Known(int ws, UUID workspace, UUID id, String name, Set<String> permissions, Instant expiresAt) {}

    Future<Optional<Known>> findBySecret(SqlClient client, Buffer secretHash) {
        return client.preparedQuery(
                        """
                        SELECT k.ws, w.id AS workspace, k.id, k.name, k.permissions,
                               CASE WHEN k.secret_hash = $1 THEN k.expires_at
                                    ELSE least(k.expires_at, k.previous_until) END AS expires_at
                        FROM users_api_key k JOIN users_workspace w ON w.no = k.ws
                        WHERE k.secret_hash = $1 OR (k.previous_hash = $1 AND k.previous_until > now())
                        """)
                .execute(Tuple.of(secretHash))
                .map(rows -> {
                    for (var row : rows) {
                        return Optional.of(new Known(
                                row.getInteger("ws"),
                                row.getUUID("workspace"),
                                row.getUUID("id"),
                                row.getString("name"),
                                Set.copyOf(Arrays.asList(row.getArrayOfStrings("permissions"))),
                                instant(row.getOffsetDateTime("expires_at"))));
                    }
                    return Optional.empty();
                });
    }

    Future<List<ApiKey>> page(SqlClient client, int ws, Optional<UUID> owner, Optional<UUID> after, int rows) {
        return client.preparedQuery(
                        """
                        SELECT * FROM users_api_key
                        WHERE ws = $1 AND ($2::uuid IS NULL OR created_by = $2) AND ($3::uuid IS NULL OR id < $3)
                        ORDER BY id DESC
                        LIMIT $4
                        """)
                .execute(Tuple.of(ws, owner.orElse(null), after.orElse(null), rows))
                .map(ApiKeysStore::all);
    }

    Future<Optional<ApiKey>> find(SqlClient client, int ws, Optional<UUID> owner, UUID id) {
        return client.preparedQuery(
                        """
                        SELECT * FROM users_api_key
                        WHERE ws = $1 AND id = $2 AND ($3::uuid IS NULL OR created_by = $3)
                        """)
                .execute(Tuple.of(ws, id, owner.orElse(null)))
                .map(rows -> all(rows).stream().findFirst());
    }

    Future<ApiKey> insert(
            SqlClient tx,
            int ws,
            UUID id,
            String name,
            String prefix,
            Buffer secretHash,
            List<String> permissions,
            UUID createdBy,
            Instant expiresAt) {
        return tx.preparedQuery(
                        """
                        INSERT INTO users_api_key (id, ws, name, prefix, secret_hash, permissions, created_by, expires_at)
                        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                        RETURNING *
                        """)
                .execute(Tuple.tuple()
                        .addUUID(id)
                        .addInteger(ws)
                        .addString(name)
                        .addString(prefix)
                        .addBuffer(secretHash)
                        .addArrayOfString(permissions.toArray(String[]::new))
                        .addUUID(createdBy)
                        .addOffsetDateTime(expiresAt == null ? null : expiresAt.atOffset(ZoneOffset.UTC)))
                .map(rows -> all(rows).getFirst());
    }

    /** Whether there was such a key in this version. */
    Future<Boolean> delete(SqlClient tx, int ws, UUID id, long version) {
        return tx.preparedQuery("DELETE FROM users_api_key WHERE ws = $1 AND id = $2 AND version = $3")
                .execute(Tuple.of(ws, id, version))
                .map(rows -> rows.rowCount() == 1);
    }

    /** Whether there was such a key in this version. */
    Future<Boolean> update(
            SqlClient tx, int ws, UUID id, long version, String name, List<String> permissions, Instant expiresAt) {
        return tx.preparedQuery(
                        """
                        UPDATE users_api_key
                        SET name = $4, permissions = $5, expires_at = $6, version = version + 1
                        WHERE ws = $1 AND id = $2 AND version = $3
                        """)
                .execute(Tuple.tuple()
                        .addInteger(ws)
                        .addUUID(id)
                        .addLong(version)
                        .addString(name)
                        .addArrayOfString(permissions.toArray(String[]::new))
                        .addOffsetDateTime(expiresAt == null ? null : expiresAt.atOffset(ZoneOffset.UTC)))
                .map(rows -> rows.rowCount() == 1);
    }

    /** Another secret; the one so far works on for so many seconds, the one before it no longer. */
    Future<Void> rotate(SqlClient tx, int ws, UUID id, String prefix, Buffer secretHash, int overlapSeconds) {
        return tx.preparedQuery(
                        """
                        UPDATE users_api_key
                        SET prefix = $3, secret_hash = $4, version = version + 1,
                            previous_hash = CASE WHEN $5 > 0 THEN secret_hash END,
                            previous_until = CASE WHEN $5 > 0 THEN now() + make_interval(secs => $5) END
                        WHERE ws = $1 AND id = $2
                        """)
                .execute(Tuple.of(ws, id, prefix, secretHash, (double) overlapSeconds))
                .mapEmpty();
    }

    Future<Void> touch(SqlClient client, Collection<UUID> ids) {
        return client.preparedQuery(
                        """
                        UPDATE users_api_key SET last_used_at = date_trunc('minute', now())
                        WHERE id = ANY($1) AND last_used_at IS DISTINCT FROM date_trunc('minute', now())
                        """)
                .execute(Tuple.tuple().addArrayOfUUID(ids.toArray(UUID[]::new)))
                .mapEmpty();
    }

    private static List<ApiKey> all(RowSet<Row> rows) {
        var keys = new ArrayList<ApiKey>();
        for (var row : rows) {
            keys.add(new ApiKey(
                    row.getUUID("id"),
                    row.getString("name"),
                    row.getString("prefix"),
                    List.of(row.getArrayOfStrings("permissions")),
                    row.getUUID("created_by"),
                    instant(row.getOffsetDateTime("created_at")),
                    instant(row.getOffsetDateTime("expires_at")),
                    instant(row.getOffsetDateTime("last_used_at")),
                    previousUntil(row),
                    row.getLong("version")));
        }
        return keys;
    }

    /** What is over is not told. */
    private static Instant previousUntil(Row row) {
        var until = instant(row.getOffsetDateTime("previous_until"));
        return until == null || until.isBefore(Instant.now()) ? null : until;
    }

    private static Instant instant(OffsetDateTime time) {
        return time == null ? null : time.toInstant();
    }
}
