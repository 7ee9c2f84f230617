package app.fathi.segments;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.UUID;

/** All SQL that makes built-in segments. */
final class BuiltInsStore {
    static final String INSERT =
            """
            WITH made AS (
            INSERT INTO segments_segment (ws, id, no, kind, name, description, rule, built_in, created_by, updated_by)
            SELECT $1, $2, $7, 'dynamic', free.name, $4, $5, $3, $6, $6
            FROM (SELECT n.name FROM unnest(ARRAY[$3::text, $3 || ' (built in)', $3 || ' ' || $2::uuid]) WITH ORDINALITY n (name, place)
                  WHERE NOT EXISTS (SELECT FROM segments_segment s WHERE s.ws = $1 AND lower(s.name) = lower(n.name))
                  ORDER BY n.place LIMIT 1) free
            WHERE NOT EXISTS (SELECT FROM segments_segment s WHERE s.ws = $1 AND s.built_in = $3)
            ON CONFLICT DO NOTHING RETURNING *
            )
            INSERT INTO segments_version (ws, segment, version, name, description, tags, rule, by, at)
            SELECT ws, id, version, name, description, tags, rule, updated_by, updated_at FROM made
            """;

    /** Unless the workspace has it; by another name where it has used this one. */
    Future<Void> insert(
            SqlClient client, int ws, UUID id, String builtIn, int no, String description, JsonObject rule, UUID by) {
        return client.preparedQuery(INSERT)
                .execute(Tuple.from(new Object[] {ws, id, builtIn, description, rule, by, no}))
                .mapEmpty();
    }

    /** From now on who is in them is kept. */
    Future<Void> enter(SqlClient tx, int ws) {
        return tx.preparedQuery(
                        """
                        INSERT INTO segments_workspace AS w (ws) VALUES ($1)
                        ON CONFLICT (ws) DO UPDATE SET version = w.version + 1
                        """)
                .execute(Tuple.of(ws))
                .mapEmpty();
    }

    Future<Integer> count(SqlClient client, int ws) {
        return client.preparedQuery("SELECT count(*)::int FROM segments_segment WHERE ws = $1 AND built_in IS NOT NULL")
                .execute(Tuple.of(ws))
                .map(rows -> rows.iterator().next().getInteger(0));
    }
}
