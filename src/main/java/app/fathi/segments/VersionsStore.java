package app.fathi.segments;

import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** All SQL over {@code segments_version}. */
final class VersionsStore {
    /** Of one segment; the oldest are forgotten. */
    static final int KEPT = 500;

    /**
     * A segment as it was.
     *
     * @param by who changed it so
     */
    record Version(
            long version,
            String name,
            String description,
            List<String> tags,
            JsonObject rule,
            UUID by,
            OffsetDateTime at) {

        /** What a change needs to make it so again. */
        JsonObject fields() {
            return new JsonObject()
                    .put("name", name)
                    .put("description", description)
                    .put("tags", new JsonArray(tags))
                    .put("rule", rule);
        }

        JsonObject toJson() {
            return fields().put("version", version)
                    .put("by", by.toString())
                    .put("at", at.toInstant().toString());
        }
    }

    static final String KEEP =
            """
            WITH old AS (DELETE FROM segments_version WHERE ws = $1 AND segment = $2 AND version <= $3::bigint - $4::bigint)
            INSERT INTO segments_version (ws, segment, version, name, description, tags, rule, by, at)
            SELECT ws, id, version, name, description, tags, rule, updated_by, updated_at
            FROM segments_segment WHERE ws = $1 AND id = $2
            """;

    /** Keeps the segment as it is now, after a change. */
    Future<Void> keep(SqlClient tx, int ws, Segment segment) {
        return tx.preparedQuery(KEEP)
                .execute(Tuple.of(ws, segment.id(), segment.edits().version(), (long) KEPT))
                .mapEmpty();
    }

    static final String PAGE =
            """
            SELECT * FROM segments_version WHERE ws = $1 AND segment = $2 AND version < $3 ORDER BY version DESC LIMIT $4
            """;

    /** Newest first. */
    Future<List<Version>> page(SqlClient client, int ws, UUID segment, long before, int limit) {
        return client.preparedQuery(PAGE)
                .execute(Tuple.of(ws, segment, before, limit))
                .map(rows -> rows.stream().map(VersionsStore::read).toList());
    }

    Future<Optional<Version>> find(SqlClient client, int ws, UUID segment, long version) {
        return client.preparedQuery("SELECT * FROM segments_version WHERE ws = $1 AND segment = $2 AND version = $3")
                .execute(Tuple.of(ws, segment, version))
                .map(rows -> rows.stream().map(VersionsStore::read).findFirst());
    }

    private static Version read(Row row) {
        return new Version(
                row.getLong("version"),
                row.getString("name"),
                row.getString("description"),
                List.of(row.getArrayOfStrings("tags")),
                row.getJsonObject("rule"),
                row.getUUID("by"),
                row.getOffsetDateTime("at"));
    }
}
