package app.fathi.templates;

import app.fathi.templates.Template.Edits;
import app.fathi.templates.Template.Status;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** All SQL over {@code templates_template}. */
final class TemplatesStore {

    /** What a list is narrowed to; null for all. */
    record Filter(String status, String channel, String category, String tag, String q) {}

    static final String PAGE =
            """
            SELECT * FROM templates_template
            WHERE ws = $1 AND ($2::uuid IS NULL OR id < $2)
              AND ($3::text IS NULL OR status = $3)
              AND ($4::text IS NULL OR channel = $4)
              AND ($5::text IS NULL OR lower(category) = lower($5))
              AND ($6::text IS NULL OR $6 = ANY (tags))
              AND ($7::text IS NULL OR position(lower($7) IN lower(name || ' ' || description || ' ' || body::text)) > 0)
            ORDER BY id DESC LIMIT $8
            """;

    /** Newest first. */
    Future<List<Template>> page(SqlClient client, int ws, UUID before, Filter filter, int limit) {
        return client.preparedQuery(PAGE)
                .execute(Tuple.from(new Object[] {
                    ws, before, filter.status, filter.channel, filter.category, filter.tag, filter.q, limit
                }))
                .map(rows -> rows.stream().map(TemplatesStore::read).toList());
    }

    Future<Optional<Template>> find(SqlClient client, int ws, UUID id) {
        return one(client, "SELECT * FROM templates_template WHERE ws = $1 AND id = $2", Tuple.of(ws, id));
    }

    Future<Optional<Template>> lock(SqlClient tx, int ws, UUID id) {
        return one(tx, "SELECT * FROM templates_template WHERE ws = $1 AND id = $2 FOR UPDATE", Tuple.of(ws, id));
    }

    Future<Long> count(SqlClient client, int ws) {
        return client.preparedQuery("SELECT count(*) FROM templates_template WHERE ws = $1")
                .execute(Tuple.of(ws))
                .map(rows -> rows.iterator().next().getLong(0));
    }

    /** Empty when the workspace has one of this name. */
    Future<Optional<Template>> insert(SqlClient tx, int ws, Template template, UUID by) {
        return one(
                tx,
                """
                INSERT INTO templates_template
                  (ws, id, channel, status, name, description, category, tags, body, created_by, updated_by)
                VALUES ($1, $2, 'webpush', 'draft', $3, $4, $5, $6, $7, $8, $8)
                ON CONFLICT (ws, lower(name)) DO NOTHING RETURNING *
                """,
                Tuple.from(new Object[] {
                    ws,
                    template.id(),
                    template.name(),
                    template.description(),
                    template.category(),
                    template.tags().toArray(String[]::new),
                    template.body().toJson(),
                    by
                }));
    }

    /** As a new version. Empty when another one of the workspace has this name. */
    Future<Optional<Template>> update(SqlClient tx, int ws, Template template, UUID by) {
        return one(
                tx,
                """
                UPDATE templates_template
                SET name = $3, description = $4, category = $5, tags = $6, body = $7, status = $8, active_version = $9,
                    comment = $10, updated_by = $11, updated_at = now(), version = version + 1
                WHERE ws = $1 AND id = $2
                  AND NOT EXISTS (SELECT FROM templates_template o WHERE o.ws = $1 AND lower(o.name) = lower($3) AND o.id <> $2)
                RETURNING *
                """,
                Tuple.from(new Object[] {
                    ws,
                    template.id(),
                    template.name(),
                    template.description(),
                    template.category(),
                    template.tags().toArray(String[]::new),
                    template.body().toJson(),
                    template.status().word(),
                    template.activeVersion(),
                    template.comment(),
                    by
                }));
    }

    /** The same version in another status. */
    Future<Template> turn(SqlClient tx, int ws, UUID id, Status status, Long activeVersion, String comment) {
        return one(
                        tx,
                        """
                        UPDATE templates_template SET status = $3, active_version = $4, comment = $5
                        WHERE ws = $1 AND id = $2 RETURNING *
                        """,
                        Tuple.of(ws, id, status.word(), activeVersion, comment))
                .map(Optional::orElseThrow);
    }

    Future<Void> delete(SqlClient tx, int ws, UUID id) {
        return tx.preparedQuery("DELETE FROM templates_template WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(ws, id))
                .mapEmpty();
    }

    /** What a workspace says that matters here. */
    record Workspace(String language, boolean fourEyes) {}

    Future<Workspace> workspace(SqlClient client, int ws) {
        return client.preparedQuery("SELECT language, four_eyes FROM templates_workspace WHERE ws = $1")
                .execute(Tuple.of(ws))
                .map(rows -> rows.stream()
                        .map(row -> new Workspace(row.getString("language"), row.getBoolean("four_eyes")))
                        .findFirst()
                        .orElseThrow());
    }

    static final String WROTE =
            """
            SELECT EXISTS (SELECT FROM templates_template WHERE ws = $1 AND id = $2 AND created_by = $4)
                OR EXISTS (SELECT FROM templates_version
                           WHERE ws = $1 AND template = $2 AND version > $3 AND (by = $4 OR maker = $4)) AS wrote
            """;

    /** Whether they made the template, or changed it since that version, themselves or with a key that they made. */
    Future<Boolean> wrote(SqlClient client, int ws, UUID id, long since, UUID who) {
        return client.preparedQuery(WROTE)
                .execute(Tuple.of(ws, id, since, who))
                .map(rows -> rows.iterator().next().getBoolean("wrote"));
    }

    /** What it is, as a message that wants to say it asks. */
    record Sayable(Status status, Long version, boolean approved, String workspaceLanguage) {}

    static final String SAYABLE =
            """
            SELECT t.status, v.version, v.approved_at IS NOT NULL AS approved, w.language
            FROM templates_template t
            JOIN templates_workspace w ON w.ws = t.ws
            LEFT JOIN templates_version v
              ON v.ws = t.ws AND v.template = t.id AND v.version = coalesce($3::bigint, t.active_version)
            WHERE t.ws = $1 AND t.id = $2
            """;

    /** @param version null for the active one */
    Future<Optional<Sayable>> sayable(SqlClient client, int ws, UUID id, Long version) {
        return client.preparedQuery(SAYABLE).execute(Tuple.of(ws, id, version)).map(rows -> rows.stream()
                .map(row -> new Sayable(
                        Status.of(row.getString("status")),
                        row.getLong("version"),
                        row.getBoolean("approved"),
                        row.getString("language")))
                .findFirst());
    }

    /** Whether it is there, and stays there until the transaction ends. */
    Future<Boolean> hold(SqlClient tx, int ws, UUID id) {
        return tx.preparedQuery("SELECT 1 FROM templates_template WHERE ws = $1 AND id = $2 FOR KEY SHARE")
                .execute(Tuple.of(ws, id))
                .map(rows -> rows.size() > 0);
    }

    static final String MESSAGES =
            """
            SELECT id, version, state, purpose, planned, created_at FROM templates_message
            WHERE template = $2 AND ws = $1 ORDER BY run DESC LIMIT $3
            """;

    /** Messages that said it, newest first. */
    Future<List<JsonObject>> messages(SqlClient client, int ws, UUID id, int limit) {
        return client.preparedQuery(MESSAGES).execute(Tuple.of(ws, id, limit)).map(rows -> rows.stream()
                .map(row -> new JsonObject()
                        .put("id", row.getUUID("id").toString())
                        .put("version", row.getLong("version"))
                        .put("state", row.getString("state"))
                        .put("purpose", row.getString("purpose"))
                        .put("planned", row.getInteger("planned"))
                        .put(
                                "createdAt",
                                row.getOffsetDateTime("created_at").toInstant().toString()))
                .toList());
    }

    /** Campaigns that are not over and are to say it, by name; a few of them. */
    Future<List<String>> campaigns(SqlClient client, int ws, UUID id) {
        return client.preparedQuery(
                        "SELECT name FROM templates_campaign WHERE ws = $1 AND template = $2 ORDER BY lower(name) LIMIT 10")
                .execute(Tuple.of(ws, id))
                .map(rows -> rows.stream().map(row -> row.getString("name")).toList());
    }

    private static Future<Optional<Template>> one(SqlClient client, String sql, Tuple parameters) {
        return client.preparedQuery(sql)
                .execute(parameters)
                .map(rows -> rows.stream().map(TemplatesStore::read).findFirst());
    }

    static Template read(Row row) {
        return new Template(
                row.getUUID("id"),
                Status.of(row.getString("status")),
                row.getLong("active_version"),
                row.getString("comment"),
                row.getString("name"),
                row.getString("description"),
                row.getString("category"),
                List.of(row.getArrayOfStrings("tags")),
                TemplateBody.of(row.getJsonObject("body")),
                edits(row));
    }

    static Edits edits(Row row) {
        return new Edits(
                row.getUUID("created_by"),
                row.getOffsetDateTime("created_at"),
                row.getUUID("updated_by"),
                row.getOffsetDateTime("updated_at"),
                row.getLong("version"));
    }
}
