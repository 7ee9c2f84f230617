package app.fathi.users;

import app.fathi.platform.retention.Kind;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/** All SQL over {@code users_workspace}. */
final class WorkspacesStore {

    /** Serialises first starts of several nodes. */
    Future<Void> lockFirstStart(SqlClient tx) {
        return tx.query("SELECT pg_advisory_xact_lock(hashtextextended('fathi.first-start', 0))")
                .execute()
                .mapEmpty();
    }

    Future<Optional<Workspace>> first(SqlClient client) {
        return client.query("SELECT * FROM users_workspace ORDER BY no LIMIT 1")
                .execute()
                .map(WorkspacesStore::one);
    }

    Future<Optional<Workspace>> find(SqlClient client, int ws) {
        return client.preparedQuery("SELECT * FROM users_workspace WHERE no = $1")
                .execute(Tuple.of(ws))
                .map(WorkspacesStore::one);
    }

    /** One row more than a page holds: where somebody can sign in, the newest workspace first. */
    Future<List<JsonObject>> page(SqlClient client, UUID account, Optional<UUID> after, int rows) {
        return client.preparedQuery(
                        """
                        SELECT w.id, w.name FROM users_membership m JOIN users_workspace w ON w.no = m.ws
                        WHERE m.account = $1 AND NOT m.invited AND m.disabled_at IS NULL
                          AND ($2::uuid IS NULL OR w.id < $2)
                        ORDER BY w.id DESC
                        LIMIT $3
                        """)
                .execute(Tuple.of(account, after.orElse(null), rows))
                .map(found -> {
                    var page = new ArrayList<JsonObject>();
                    found.forEach(row -> page.add(new JsonObject()
                            .put("id", row.getUUID("id").toString())
                            .put("name", row.getString("name"))));
                    return page;
                });
    }

    Future<Optional<Workspace>> lock(SqlClient tx, int ws) {
        return tx.preparedQuery("SELECT * FROM users_workspace WHERE no = $1 FOR UPDATE")
                .execute(Tuple.of(ws))
                .map(WorkspacesStore::one);
    }

    /** The number of the new workspace; its identity key follows, sealed under that number. */
    Future<Integer> insert(SqlClient tx, UUID id, String name, String timezone, String language) {
        return tx.preparedQuery(
                        """
                        INSERT INTO users_workspace (id, name, timezone, language, identity_key)
                        VALUES ($1, $2, $3, $4, '')
                        RETURNING no
                        """)
                .execute(Tuple.of(id, name, timezone, language))
                .map(rows -> rows.iterator().next().getInteger("no"));
    }

    Future<Void> setIdentityKey(SqlClient tx, int ws, byte[] sealed) {
        return tx.preparedQuery("UPDATE users_workspace SET identity_key = $2 WHERE no = $1")
                .execute(Tuple.of(ws, Buffer.buffer(sealed)))
                .mapEmpty();
    }

    /** Another identity key; the one so far works for so many seconds more. */
    Future<Workspace> rotateIdentityKey(SqlClient tx, int ws, byte[] sealed, byte[] before, int seconds) {
        return tx.preparedQuery(
                        """
                        UPDATE users_workspace
                        SET identity_key = $2,
                            identity_key_before = CASE WHEN $4 > 0 THEN $3::bytea END,
                            identity_key_before_until = CASE WHEN $4 > 0 THEN now() + make_interval(secs => $4::float8) END,
                            version = version + 1, updated_at = now()
                        WHERE no = $1
                        RETURNING *
                        """)
                .execute(Tuple.of(ws, Buffer.buffer(sealed), Buffer.buffer(before), seconds))
                .map(rows -> one(rows).orElseThrow());
    }

    /** Workspaces that keep anything for a shorter time than the installation. */
    Future<Set<Integer>> forgetting(SqlClient client) {
        return client.query("SELECT DISTINCT ws FROM users_retention").execute().map(rows -> {
            var found = new TreeSet<Integer>();
            rows.forEach(row -> found.add(row.getInteger("ws")));
            return found;
        });
    }

    Future<Workspace> update(SqlClient tx, Workspace changed) {
        return tx.preparedQuery(
                        """
                        UPDATE users_workspace
                        SET name = $2, timezone = $3, language = $4, identity_verification = $5,
                            two_factor_required = $6, session_days = $7, origins = $8, purposes = $9, link_hosts = $10,
                            server_only_events = $11, deliveries_per_day = $12, deliveries_per_month = $13, mail_sender = $14,
                            blocked_ids = $15, password_sign_in = $16, keep_events_days = $17, keep_messages_days = $18,
                            keep_finished_jobs_days = $19, keep_dead_letters_days = $20, keep_audit_days = $21,
                            four_eyes = $22, approval_limit = $23,
                            version = version + 1, updated_at = now()
                        WHERE no = $1
                        RETURNING *
                        """)
                .execute(Tuple.tuple()
                        .addInteger(changed.ws())
                        .addString(changed.name())
                        .addString(changed.timezone())
                        .addString(changed.language())
                        .addString(changed.identityVerification())
                        .addBoolean(changed.twoFactorRequired())
                        .addInteger(changed.sessionDays())
                        .addArrayOfString(changed.origins().toArray(String[]::new))
                        .addJsonArray(new JsonArray(changed.rules().purposes().stream()
                                .map(WorkspaceRules.Purpose::toJson)
                                .toList()))
                        .addArrayOfString(changed.rules().linkHosts().toArray(String[]::new))
                        .addArrayOfString(changed.rules().serverOnlyEvents().toArray(String[]::new))
                        .addLong(changed.rules().deliveriesPerDay())
                        .addLong(changed.rules().deliveriesPerMonth())
                        .addString(changed.rules().mailSender())
                        .addArrayOfString(changed.rules().blockedIds().toArray(String[]::new))
                        .addBoolean(changed.passwordSignIn())
                        .addInteger(changed.retention().days().get(Kind.EVENTS))
                        .addInteger(changed.retention().days().get(Kind.MESSAGES))
                        .addInteger(changed.retention().days().get(Kind.FINISHED_JOBS))
                        .addInteger(changed.retention().days().get(Kind.DEAD_LETTERS))
                        .addInteger(changed.retention().days().get(Kind.AUDIT))
                        .addBoolean(changed.rules().fourEyes())
                        .addInteger(changed.rules().approvalLimit()))
                .map(rows -> one(rows).orElseThrow());
    }

    private static Optional<Workspace> one(RowSet<Row> rows) {
        for (var row : rows) {
            return Optional.of(new Workspace(
                    row.getInteger("no"),
                    row.getUUID("id"),
                    row.getString("name"),
                    row.getString("timezone"),
                    row.getString("language"),
                    row.getString("identity_verification"),
                    row.getBoolean("two_factor_required"),
                    row.getBoolean("password_sign_in"),
                    row.getInteger("session_days"),
                    row.getBuffer("identity_key").getBytes(),
                    keyBefore(row),
                    texts(row, "origins"),
                    new WorkspaceRules(
                            WorkspaceRules.purposes(row.getJsonArray("purposes")),
                            texts(row, "link_hosts"),
                            texts(row, "server_only_events"),
                            texts(row, "blocked_ids"),
                            row.getLong("deliveries_per_day"),
                            row.getLong("deliveries_per_month"),
                            row.getString("mail_sender"),
                            row.getBoolean("four_eyes"),
                            row.getInteger("approval_limit")),
                    retention(row),
                    row.getOffsetDateTime("created_at").toInstant(),
                    row.getOffsetDateTime("updated_at").toInstant(),
                    row.getLong("version")));
        }
        return Optional.empty();
    }

    private static Workspace.KeyBefore keyBefore(Row row) {
        var sealed = row.getBuffer("identity_key_before");
        return sealed == null
                ? null
                : new Workspace.KeyBefore(
                        sealed.getBytes(),
                        row.getOffsetDateTime("identity_key_before_until").toInstant());
    }

    private static Retention retention(Row row) {
        var days = new EnumMap<Kind, Integer>(Kind.class);
        put(days, Kind.EVENTS, row.getInteger("keep_events_days"));
        put(days, Kind.MESSAGES, row.getInteger("keep_messages_days"));
        put(days, Kind.FINISHED_JOBS, row.getInteger("keep_finished_jobs_days"));
        put(days, Kind.DEAD_LETTERS, row.getInteger("keep_dead_letters_days"));
        put(days, Kind.AUDIT, row.getInteger("keep_audit_days"));
        return new Retention(days);
    }

    private static void put(Map<Kind, Integer> days, Kind kind, Integer own) {
        if (own != null) {
            days.put(kind, own);
        }
    }

    private static Set<String> texts(Row row, String column) {
        return Set.copyOf(Arrays.asList(row.getArrayOfStrings(column)));
    }
}
