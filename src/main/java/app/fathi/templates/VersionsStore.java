package app.fathi.templates;

import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** All SQL over {@code templates_version}. */
final class VersionsStore {
    /** Of one template; the oldest that nobody approved are forgotten. */
    static final int KEPT = 500;

    /**
     * A template as it was.
     *
     * @param snippets what it includes, as it was then
     * @param by who changed it so
     * @param approvedAt null: it may not be sent
     */
    record Version(
            long version,
            String name,
            String description,
            String category,
            List<String> tags,
            TemplateBody body,
            Map<String, String> snippets,
            UUID by,
            OffsetDateTime at,
            UUID approvedBy,
            OffsetDateTime approvedAt) {

        /** What a change needs to make it so again. */
        JsonObject fields() {
            return new JsonObject()
                    .put("name", name)
                    .put("description", description)
                    .put("category", category)
                    .put("tags", new JsonArray(tags))
                    .mergeIn(body.toJson());
        }

        JsonObject toJson() {
            var texts = new JsonObject();
            snippets.forEach(texts::put);
            return fields().put("version", version)
                    .put("snippets", texts)
                    .put("by", by.toString())
                    .put("at", at.toInstant().toString())
                    .put("approvedBy", approvedBy == null ? null : approvedBy.toString())
                    .put(
                            "approvedAt",
                            approvedAt == null ? null : approvedAt.toInstant().toString());
        }

        Wording wording(Renderer renderer) {
            return new Wording(body, new Snippets(snippets), renderer);
        }
    }

    static final String KEEP =
            """
            WITH old AS (
              DELETE FROM templates_version
              WHERE ws = $1 AND template = $2 AND version <= $3::bigint - $5::bigint AND approved_at IS NULL)
            INSERT INTO templates_version
              (ws, template, version, name, description, category, tags, body, snippets, by, maker, at, approved_by, approved_at)
            SELECT t.ws, t.id, t.version, t.name, t.description, t.category, t.tags, t.body, $4, t.updated_by,
                   (SELECT a.maker FROM templates_author a WHERE a.ws = t.ws AND a.id = t.updated_by), t.updated_at,
                   o.approved_by, o.approved_at
            FROM templates_template t
            LEFT JOIN templates_version o
              ON o.ws = t.ws AND o.template = t.id AND o.version = t.version - 1 AND t.active_version = t.version
            WHERE t.ws = $1 AND t.id = $2
            """;

    /** Keeps the template as it is now, after a change. What says the same as the version that is sent was approved with it. */
    Future<Void> keep(SqlClient tx, int ws, Template template, Map<String, String> snippets) {
        var texts = new JsonObject();
        snippets.forEach(texts::put);
        return tx.preparedQuery(KEEP)
                .execute(Tuple.of(ws, template.id(), template.edits().version(), texts, (long) KEPT))
                .mapEmpty();
    }

    Future<Void> approve(SqlClient tx, int ws, UUID template, long version, UUID by) {
        return tx.preparedQuery(
                        """
                        UPDATE templates_version SET approved_by = $4, approved_at = now()
                        WHERE ws = $1 AND template = $2 AND version = $3
                        """)
                .execute(Tuple.of(ws, template, version, by))
                .mapEmpty();
    }

    static final String PAGE =
            """
            SELECT * FROM templates_version WHERE ws = $1 AND template = $2 AND version < $3 ORDER BY version DESC LIMIT $4
            """;

    /** Newest first. */
    Future<List<Version>> page(SqlClient client, int ws, UUID template, long before, int limit) {
        return client.preparedQuery(PAGE)
                .execute(Tuple.of(ws, template, before, limit))
                .map(rows -> rows.stream().map(VersionsStore::read).toList());
    }

    Future<Optional<Version>> find(SqlClient client, int ws, UUID template, long version) {
        return client.preparedQuery("SELECT * FROM templates_version WHERE ws = $1 AND template = $2 AND version = $3")
                .execute(Tuple.of(ws, template, version))
                .map(rows -> rows.stream().map(VersionsStore::read).findFirst());
    }

    private static Version read(Row row) {
        var snippets = new HashMap<String, String>();
        row.getJsonObject("snippets").forEach(entry -> snippets.put(entry.getKey(), (String) entry.getValue()));
        return new Version(
                row.getLong("version"),
                row.getString("name"),
                row.getString("description"),
                row.getString("category"),
                List.of(row.getArrayOfStrings("tags")),
                TemplateBody.of(row.getJsonObject("body")),
                snippets,
                row.getUUID("by"),
                row.getOffsetDateTime("at"),
                row.getUUID("approved_by"),
                row.getOffsetDateTime("approved_at"));
    }
}
