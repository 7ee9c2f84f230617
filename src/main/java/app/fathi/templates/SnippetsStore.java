package app.fathi.templates;

import app.fathi.templates.Template.Edits;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** All SQL over {@code templates_snippet}. */
final class SnippetsStore {

    /**
     * A text that templates have in common.
     *
     * @param name what templates include it by
     */
    record Snippet(UUID id, String name, String description, String text, Edits edits) {
        JsonObject fields() {
            return new JsonObject()
                    .put("name", name)
                    .put("description", description)
                    .put("text", text);
        }

        JsonObject toJson() {
            return edits.addTo(fields().put("id", id.toString()));
        }
    }

    /** By name. */
    Future<List<Snippet>> page(SqlClient client, int ws, String after, String q, int limit) {
        return client.preparedQuery(
                        """
                        SELECT * FROM templates_snippet
                        WHERE ws = $1 AND ($2::text IS NULL OR name > $2)
                          AND ($3::text IS NULL OR position(lower($3) IN lower(name || ' ' || description || ' ' || text)) > 0)
                        ORDER BY name LIMIT $4
                        """)
                .execute(Tuple.of(ws, after, q, limit))
                .map(rows -> rows.stream().map(SnippetsStore::read).toList());
    }

    Future<Optional<Snippet>> find(SqlClient client, int ws, UUID id) {
        return one(client, "SELECT * FROM templates_snippet WHERE ws = $1 AND id = $2", Tuple.of(ws, id));
    }

    Future<Optional<Snippet>> lock(SqlClient tx, int ws, UUID id) {
        return one(tx, "SELECT * FROM templates_snippet WHERE ws = $1 AND id = $2 FOR UPDATE", Tuple.of(ws, id));
    }

    /** All of a workspace, name to text: there are few. */
    Future<Map<String, String>> texts(SqlClient client, int ws) {
        return client.preparedQuery("SELECT name, text FROM templates_snippet WHERE ws = $1")
                .execute(Tuple.of(ws))
                .map(rows -> {
                    var texts = new HashMap<String, String>();
                    rows.forEach(row -> texts.put(row.getString("name"), row.getString("text")));
                    return texts;
                });
    }

    Future<Long> count(SqlClient client, int ws) {
        return client.preparedQuery("SELECT count(*) FROM templates_snippet WHERE ws = $1")
                .execute(Tuple.of(ws))
                .map(rows -> rows.iterator().next().getLong(0));
    }

    /** Empty when the workspace has one of this name. */
    Future<Optional<Snippet>> insert(SqlClient tx, int ws, Snippet snippet, UUID by) {
        return one(
                tx,
                """
                INSERT INTO templates_snippet (ws, id, name, description, text, created_by, updated_by)
                VALUES ($1, $2, $3, $4, $5, $6, $6)
                ON CONFLICT (ws, name) DO NOTHING RETURNING *
                """,
                Tuple.of(ws, snippet.id, snippet.name, snippet.description, snippet.text, by));
    }

    /** Empty when another one of the workspace has this name. */
    Future<Optional<Snippet>> update(SqlClient tx, int ws, Snippet snippet, UUID by) {
        return one(
                tx,
                """
                UPDATE templates_snippet
                SET name = $3, description = $4, text = $5, updated_by = $6, updated_at = now(), version = version + 1
                WHERE ws = $1 AND id = $2
                  AND NOT EXISTS (SELECT FROM templates_snippet o WHERE o.ws = $1 AND o.name = $3 AND o.id <> $2)
                RETURNING *
                """,
                Tuple.of(ws, snippet.id, snippet.name, snippet.description, snippet.text, by));
    }

    Future<Void> delete(SqlClient tx, int ws, UUID id) {
        return tx.preparedQuery("DELETE FROM templates_snippet WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(ws, id))
                .mapEmpty();
    }

    private static Future<Optional<Snippet>> one(SqlClient client, String sql, Tuple parameters) {
        return client.preparedQuery(sql)
                .execute(parameters)
                .map(rows -> rows.stream().map(SnippetsStore::read).findFirst());
    }

    private static Snippet read(Row row) {
        return new Snippet(
                row.getUUID("id"),
                row.getString("name"),
                row.getString("description"),
                row.getString("text"),
                TemplatesStore.edits(row));
    }
}
