package app.fathi.webpush;

import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import java.time.OffsetDateTime;
import java.util.UUID;

/** Who made a thing and who changed it last, users or keys; the version grows with each change. */
record Edits(UUID createdBy, OffsetDateTime createdAt, UUID updatedBy, OffsetDateTime updatedAt, long version) {

    static Edits of(Row row) {
        return new Edits(
                row.getUUID("created_by"),
                row.getOffsetDateTime("created_at"),
                row.getUUID("updated_by"),
                row.getOffsetDateTime("updated_at"),
                row.getLong("version"));
    }

    JsonObject addTo(JsonObject json) {
        return json.put("createdBy", createdBy.toString())
                .put("createdAt", createdAt.toInstant().toString())
                .put("updatedBy", updatedBy.toString())
                .put("updatedAt", updatedAt.toInstant().toString())
                .put("version", version);
    }
}
