package app.fathi.cdp.schemas;

import app.fathi.cdp.schemas.SchemaObserver.Observed;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.StreamSupport;

/** All SQL of what events look like. */
final class SchemasStore {
    static final int MAX_NAMES = 500;

    /** One schema, without its properties. */
    record Schema(
            UUID id,
            SchemaName name,
            long events,
            long flagged,
            long rejected,
            OffsetDateTime firstSeen,
            OffsetDateTime lastSeen,
            JsonObject pin,
            UUID pinnedBy,
            OffsetDateTime pinnedAt,
            long version) {
        JsonObject toJson() {
            return new JsonObject()
                    .put("id", id.toString())
                    .put("type", name.type())
                    .put("name", name.name().isEmpty() ? null : name.name())
                    .put("events", events)
                    .put("flagged", flagged)
                    .put("rejected", rejected)
                    .put("firstSeenAt", firstSeen.toInstant().toString())
                    .put("lastSeenAt", lastSeen.toInstant().toString())
                    .put("pin", pin)
                    .put("pinnedBy", pinnedBy == null ? null : pinnedBy.toString())
                    .put(
                            "pinnedAt",
                            pinnedAt == null ? null : pinnedAt.toInstant().toString())
                    .put("version", version);
        }
    }

    private static final String COLUMNS =
            "id, type, name, events, flagged, rejected, first_seen, last_seen, pin, pinned_by, pinned_at, version";

    // ---- observed ----

    /** Nodes write a workspace's schemas one after the other, and who deletes one waits for them. */
    Future<Void> lock(SqlConnection tx, int ws) {
        return tx.preparedQuery("SELECT pg_advisory_xact_lock(hashtextextended('cdp_schema', $1))")
                .execute(Tuple.of((long) ws))
                .mapEmpty();
    }

    /** New names find a place as long as there are any; which of these names have one. */
    Future<List<SchemaName>> write(SqlConnection tx, int ws, Map<SchemaName, Observed> seen) {
        var names = List.copyOf(seen.keySet());
        var all = names.stream().map(seen::get).toList();
        return tx.preparedQuery(
                        """
                        WITH seen AS (
                          SELECT s.*, EXISTS (
                              SELECT FROM cdp_schema c WHERE c.ws = $1 AND c.type = s.type AND c.name = s.name) AS placed
                          FROM unnest($2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::timestamptz[])
                            AS s (id, type, name, events, flagged, rejected, last_seen)),
                        ranked AS (SELECT seen.*, row_number() OVER (PARTITION BY placed ORDER BY events DESC, type, name) AS rank FROM seen)
                        INSERT INTO cdp_schema AS c (id, ws, type, name, events, flagged, rejected, first_seen, last_seen)
                        SELECT id, $1, type, name, events, flagged, rejected, last_seen, last_seen FROM ranked
                        WHERE placed OR rank <= $9 - (SELECT count(*) FROM cdp_schema WHERE ws = $1)
                        ON CONFLICT (ws, type, name) DO UPDATE SET
                          events = c.events + excluded.events, flagged = c.flagged + excluded.flagged,
                          rejected = c.rejected + excluded.rejected, last_seen = greatest(c.last_seen, excluded.last_seen)
                        RETURNING id, type, name
                        """)
                .execute(Tuple.from(List.of(
                        ws,
                        names.stream()
                                .map(name -> UuidCreator.getTimeOrderedEpoch())
                                .toArray(UUID[]::new),
                        names.stream().map(SchemaName::type).toArray(String[]::new),
                        names.stream().map(SchemaName::name).toArray(String[]::new),
                        all.stream().map(one -> one.events).toArray(Long[]::new),
                        all.stream().map(one -> one.flagged).toArray(Long[]::new),
                        all.stream().map(one -> one.rejected).toArray(Long[]::new),
                        all.stream()
                                .map(one -> one.lastSeen.atOffset(ZoneOffset.UTC))
                                .toArray(OffsetDateTime[]::new),
                        MAX_NAMES)))
                .compose(rows -> {
                    var places = new HashMap<SchemaName, UUID>();
                    rows.forEach(row -> places.put(name(row), row.getUUID("id")));
                    return writeProperties(tx, seen, places).map(List.copyOf(places.keySet()));
                });
    }

    private static Future<Void> writeProperties(
            SqlConnection tx, Map<SchemaName, Observed> seen, Map<SchemaName, UUID> places) {
        var schemas = new ArrayList<UUID>();
        var paths = new ArrayList<String>();
        var types = new ArrayList<Integer>();
        var events = new ArrayList<Long>();
        var lastSeen = new ArrayList<OffsetDateTime>();
        var examples = new ArrayList<String>();
        places.forEach((name, id) -> seen.get(name).properties.forEach((path, property) -> {
            schemas.add(id);
            paths.add(path);
            types.add(property.types);
            events.add(property.events);
            lastSeen.add(seen.get(name).lastSeen.atOffset(ZoneOffset.UTC));
            examples.add(property.example);
        }));
        if (schemas.isEmpty()) {
            return Future.succeededFuture();
        }
        return tx.preparedQuery(
                        """
                        WITH seen AS (
                          SELECT s.*, EXISTS (
                              SELECT FROM cdp_schema_property p WHERE p.schema = s.schema AND p.path = s.path) AS placed
                          FROM unnest($1::uuid[], $2::text[], $3::int[], $4::bigint[], $5::timestamptz[], $6::text[])
                            AS s (schema, path, types, events, last_seen, example)),
                        held AS (
                          SELECT p.schema, count(*) AS places FROM cdp_schema_property p
                          WHERE p.schema IN (SELECT schema FROM seen) GROUP BY p.schema),
                        ranked AS (
                          SELECT seen.*, row_number() OVER (PARTITION BY schema, placed ORDER BY events DESC, path) AS rank FROM seen)
                        INSERT INTO cdp_schema_property AS p (schema, path, types, events, last_seen, example)
                        SELECT r.schema, r.path, r.types, r.events, r.last_seen, r.example
                        FROM ranked r LEFT JOIN held h USING (schema)
                        WHERE r.placed OR r.rank <= $7 - coalesce(h.places, 0)
                        ON CONFLICT (schema, path) DO UPDATE SET
                          types = p.types | excluded.types, events = p.events + excluded.events,
                          last_seen = greatest(p.last_seen, excluded.last_seen), example = excluded.example
                        """)
                .execute(Tuple.of(
                                schemas.toArray(UUID[]::new),
                                paths.toArray(String[]::new),
                                types.toArray(Integer[]::new),
                                events.toArray(Long[]::new),
                                lastSeen.toArray(OffsetDateTime[]::new),
                                examples.toArray(String[]::new))
                        .addInteger(Property.MAX_PROPERTIES))
                .mapEmpty();
    }

    // ---- pinned ----

    Future<Map<SchemaName, Pin>> pins(SqlClient client, int ws) {
        return client.preparedQuery("SELECT type, name, pin FROM cdp_schema WHERE ws = $1 AND pin IS NOT NULL")
                .execute(Tuple.of(ws))
                .map(rows -> {
                    var pins = new HashMap<SchemaName, Pin>();
                    rows.forEach(row -> pins.put(name(row), Pin.of(row.getJsonObject("pin"))));
                    return Map.copyOf(pins);
                });
    }

    /** @param pin null takes it away */
    Future<Schema> pin(SqlConnection tx, int ws, UUID id, JsonObject pin, UUID by) {
        return tx.preparedQuery(
                        """
                        UPDATE cdp_schema SET pin = $3, pinned_by = $4, pinned_at = CASE WHEN $3::jsonb IS NULL THEN NULL ELSE now() END,
                          version = version + 1
                        WHERE ws = $1 AND id = $2 RETURNING %s
                        """
                                .formatted(COLUMNS))
                .execute(Tuple.of(ws, id, pin, by))
                .map(rows -> schema(rows.iterator().next()));
    }

    // ---- looked at ----

    /** @param pinned null: whether or not */
    Future<List<Schema>> page(
            SqlClient client, int ws, UUID before, String type, String part, Boolean pinned, int limit) {
        return client.preparedQuery(
                        """
                        SELECT %s FROM cdp_schema
                        WHERE ws = $1 AND ($2::uuid IS NULL OR id < $2) AND ($3::text IS NULL OR type = $3)
                          AND ($4::text IS NULL OR strpos(lower(name), lower($4)) > 0)
                          AND ($5::boolean IS NULL OR (pin IS NOT NULL) = $5)
                        ORDER BY id DESC LIMIT $6
                        """
                                .formatted(COLUMNS))
                .execute(Tuple.of(ws, before, type, part, pinned, limit))
                .map(rows -> StreamSupport.stream(rows.spliterator(), false)
                        .map(SchemasStore::schema)
                        .toList());
    }

    Future<Optional<Schema>> find(SqlClient client, int ws, UUID id) {
        return one(client, "SELECT %s FROM cdp_schema WHERE ws = $1 AND id = $2".formatted(COLUMNS), ws, id);
    }

    Future<Optional<Schema>> findForUpdate(SqlConnection tx, int ws, UUID id) {
        return one(tx, "SELECT %s FROM cdp_schema WHERE ws = $1 AND id = $2 FOR UPDATE".formatted(COLUMNS), ws, id);
    }

    private static Future<Optional<Schema>> one(SqlClient client, String sql, int ws, UUID id) {
        return client.preparedQuery(sql).execute(Tuple.of(ws, id)).map(rows -> StreamSupport.stream(
                        rows.spliterator(), false)
                .map(SchemasStore::schema)
                .findFirst());
    }

    /** Its properties as the API shows them, in the order of their paths. */
    Future<JsonArray> properties(SqlClient client, UUID schema) {
        return client.preparedQuery(
                        "SELECT path, types, events, last_seen, example FROM cdp_schema_property WHERE schema = $1 ORDER BY path")
                .execute(Tuple.of(schema))
                .map(rows -> {
                    var all = new JsonArray();
                    rows.forEach(row -> all.add(new JsonObject()
                            .put("name", row.getString("path"))
                            .put("types", new JsonArray(JsonType.named(row.getInteger("types"))))
                            .put("events", row.getLong("events"))
                            .put(
                                    "lastSeenAt",
                                    row.getOffsetDateTime("last_seen")
                                            .toInstant()
                                            .toString())
                            .put("example", row.getString("example"))));
                    return all;
                });
    }

    Future<Void> delete(SqlConnection tx, int ws, UUID id) {
        return tx.preparedQuery(
                        """
                        WITH gone AS (DELETE FROM cdp_schema WHERE ws = $1 AND id = $2 RETURNING id)
                        DELETE FROM cdp_schema_property WHERE schema IN (SELECT id FROM gone)
                        """)
                .execute(Tuple.of(ws, id))
                .mapEmpty();
    }

    private static SchemaName name(Row row) {
        return new SchemaName(row.getString("type"), row.getString("name"));
    }

    private static Schema schema(Row row) {
        return new Schema(
                row.getUUID("id"),
                name(row),
                row.getLong("events"),
                row.getLong("flagged"),
                row.getLong("rejected"),
                row.getOffsetDateTime("first_seen"),
                row.getOffsetDateTime("last_seen"),
                row.getJsonObject("pin"),
                row.getUUID("pinned_by"),
                row.getOffsetDateTime("pinned_at"),
                row.getLong("version"));
    }
}
