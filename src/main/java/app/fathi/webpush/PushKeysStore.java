package app.fathi.webpush;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** All SQL over {@code webpush_key}. */
final class PushKeysStore {

    /**
     * A key as it lies there.
     *
     * @param sealedPrivateKey null when it is retired and nobody is bound to it any more
     */
    record Stored(UUID id, byte[] publicKey, byte[] sealedPrivateKey, boolean current, boolean retired) {}

    private static final String COLUMNS = "id, public_key, private_key, current, retired_at IS NOT NULL AS retired";

    /** Whose key it is; the installation's where it is gone. */
    Future<Integer> workspaceOf(SqlClient client, UUID id) {
        return client.preparedQuery("SELECT coalesce(max(ws), 0) AS ws FROM webpush_key WHERE id = $1")
                .execute(Tuple.of(id))
                .map(rows -> rows.iterator().next().getInteger("ws"));
    }

    Future<Optional<Stored>> current(SqlClient client, int ws) {
        return one(client, "SELECT " + COLUMNS + " FROM webpush_key WHERE ws = $1 AND current", Tuple.of(ws));
    }

    Future<Optional<Stored>> find(SqlClient client, int ws, UUID id) {
        return one(client, "SELECT " + COLUMNS + " FROM webpush_key WHERE ws = $1 AND id = $2", Tuple.of(ws, id));
    }

    /** As {@link #current}; it is not retired before the transaction ends. */
    Future<Optional<Stored>> shareCurrent(SqlClient tx, int ws) {
        return one(tx, "SELECT " + COLUMNS + " FROM webpush_key WHERE ws = $1 AND current FOR KEY SHARE", Tuple.of(ws));
    }

    /** As {@link #find}; it is not retired before the transaction ends. */
    Future<Optional<Stored>> share(SqlClient tx, int ws, UUID id) {
        return one(
                tx,
                "SELECT " + COLUMNS + " FROM webpush_key WHERE ws = $1 AND id = $2 FOR KEY SHARE",
                Tuple.of(ws, id));
    }

    /** Waits for everybody who binds a subscription to it just now. */
    Future<Optional<Stored>> lock(SqlClient tx, int ws, UUID id) {
        return one(
                tx, "SELECT " + COLUMNS + " FROM webpush_key WHERE ws = $1 AND id = $2 FOR UPDATE", Tuple.of(ws, id));
    }

    Future<Optional<Stored>> findByPublicKey(SqlClient client, int ws, byte[] publicKey) {
        return one(
                client,
                "SELECT " + COLUMNS + " FROM webpush_key WHERE ws = $1 AND public_key = $2",
                Tuple.of(ws, Buffer.buffer(publicKey)));
    }

    private static Future<Optional<Stored>> one(SqlClient client, String sql, Tuple parameters) {
        return client.preparedQuery(sql).execute(parameters).map(PushKeysStore::first);
    }

    /** Those that are not retired, the oldest first. */
    Future<List<Stored>> living(SqlClient client, int ws) {
        return client.preparedQuery(
                        "SELECT " + COLUMNS + " FROM webpush_key WHERE ws = $1 AND retired_at IS NULL ORDER BY id")
                .execute(Tuple.of(ws))
                .map(rows -> rows.stream().map(PushKeysStore::stored).toList());
    }

    /** Changes of a workspace's keys wait for each other. */
    Future<Void> lockChanges(SqlClient tx, int ws) {
        return tx.preparedQuery("SELECT pg_advisory_xact_lock(hashtextextended('webpush_key', $1))")
                .execute(Tuple.of((long) ws))
                .mapEmpty();
    }

    Future<Void> insertCurrent(SqlClient tx, int ws, UUID id, byte[] publicKey, byte[] sealedPrivateKey) {
        return tx.preparedQuery(
                        """
                        INSERT INTO webpush_key (id, ws, public_key, private_key) VALUES ($1, $2, $3, $4)
                        ON CONFLICT (ws) WHERE current DO NOTHING
                        """)
                .execute(Tuple.of(id, ws, Buffer.buffer(publicKey), Buffer.buffer(sealedPrivateKey)))
                .mapEmpty();
    }

    Future<Void> insertImported(SqlClient tx, int ws, UUID id, byte[] publicKey, byte[] sealedPrivateKey) {
        return tx.preparedQuery(
                        """
                        INSERT INTO webpush_key (id, ws, public_key, private_key, current, source)
                        VALUES ($1, $2, $3, $4, false, 'imported')
                        """)
                .execute(Tuple.of(id, ws, Buffer.buffer(publicKey), Buffer.buffer(sealedPrivateKey)))
                .mapEmpty();
    }

    /** A retired key whose private half came back. */
    Future<Void> revive(SqlClient tx, int ws, UUID id, byte[] sealedPrivateKey) {
        return tx.preparedQuery("UPDATE webpush_key SET private_key = $3, retired_at = NULL WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(ws, id, Buffer.buffer(sealedPrivateKey)))
                .mapEmpty();
    }

    /** New subscriptions use it from now on, and no other. */
    Future<Void> makeCurrent(SqlClient tx, int ws, UUID id) {
        return clearCurrent(tx, ws)
                .compose(done -> tx.preparedQuery("UPDATE webpush_key SET current = true WHERE ws = $1 AND id = $2")
                        .execute(Tuple.of(ws, id)))
                .mapEmpty();
    }

    Future<Void> clearCurrent(SqlClient tx, int ws) {
        return tx.preparedQuery("UPDATE webpush_key SET current = false WHERE ws = $1 AND current")
                .execute(Tuple.of(ws))
                .mapEmpty();
    }

    Future<Void> retire(SqlClient tx, int ws, UUID id) {
        return tx.preparedQuery("UPDATE webpush_key SET retired_at = now() WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(ws, id))
                .mapEmpty();
    }

    /** Nobody can send with a retired key from now on. A key that came back meanwhile is left alone. */
    Future<Void> forget(SqlClient tx, int ws, UUID id) {
        return tx.preparedQuery(
                        "UPDATE webpush_key SET private_key = NULL WHERE ws = $1 AND id = $2 AND retired_at IS NOT NULL")
                .execute(Tuple.of(ws, id))
                .mapEmpty();
    }

    private static final String REPORTED =
            """
            SELECT k.id, k.public_key, k.current, k.source, k.created_at, k.retired_at, s.*
            FROM (%s) k
            CROSS JOIN LATERAL (
              SELECT count(*) AS active,
                     count(*) FILTER (WHERE last_seen_at > now() - interval '1 day') AS within_1_day,
                     count(*) FILTER (WHERE last_seen_at > now() - interval '7 days') AS within_7_days,
                     count(*) FILTER (WHERE last_seen_at > now() - interval '30 days') AS within_30_days,
                     count(*) FILTER (WHERE last_seen_at > now() - interval '90 days') AS within_90_days,
                     max(last_seen_at) AS last_seen_at
              FROM webpush_subscription
              WHERE key_id = k.id AND status = 'active'
            ) s
            ORDER BY k.id DESC
            """;

    static final String REPORTS = REPORTED.formatted(
            "SELECT * FROM webpush_key WHERE ws = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3");

    static final String REPORT = REPORTED.formatted("SELECT * FROM webpush_key WHERE ws = $1 AND id = $2");

    /** Newest first. */
    Future<List<PushKeyReport>> reports(SqlClient client, int ws, UUID before, int limit) {
        return client.preparedQuery(REPORTS)
                .execute(Tuple.of(ws, before, limit))
                .map(rows -> rows.stream().map(PushKeysStore::report).toList());
    }

    Future<Optional<PushKeyReport>> report(SqlClient client, int ws, UUID id) {
        return client.preparedQuery(REPORT)
                .execute(Tuple.of(ws, id))
                .map(rows -> rows.stream().map(PushKeysStore::report).findFirst());
    }

    private static PushKeyReport report(Row row) {
        return new PushKeyReport(
                row.getUUID("id"),
                row.getBuffer("public_key").getBytes(),
                row.getBoolean("current"),
                row.getString("source"),
                row.getOffsetDateTime("created_at"),
                row.get(OffsetDateTime.class, "retired_at"),
                row.getLong("active"),
                row.getLong("within_1_day"),
                row.getLong("within_7_days"),
                row.getLong("within_30_days"),
                row.getLong("within_90_days"),
                row.get(OffsetDateTime.class, "last_seen_at"));
    }

    private static Optional<Stored> first(RowSet<Row> rows) {
        return rows.stream().map(PushKeysStore::stored).findFirst();
    }

    private static Stored stored(Row row) {
        var sealed = row.getBuffer("private_key");
        return new Stored(
                row.getUUID("id"),
                row.getBuffer("public_key").getBytes(),
                sealed == null ? null : sealed.getBytes(),
                row.getBoolean("current"),
                row.getBoolean("retired"));
    }
}
