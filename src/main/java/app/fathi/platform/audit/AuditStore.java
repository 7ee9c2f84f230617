package app.fathi.platform.audit;

import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Rfc3339;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** All SQL over {@code audit_event} and {@code audit_detail}. */
final class AuditStore {
    private static final int SALT_OCTETS = 16;
    private static final SecureRandom RANDOM = new SecureRandom();

    private static final String INSERT =
            """
            WITH event AS (
                INSERT INTO audit_event (ws, operation, result, actor_kind, actor_id, actor_name,
                                         object_kind, object_id, request_id, digest, period)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
                        (SELECT max(number) FROM partition_period
                         WHERE relation = 'audit_event' AND begins_at <= statement_timestamp()))
                RETURNING id, period)
            INSERT INTO audit_detail (event, period, salt, detail) SELECT id, period, $11, $12 FROM event
            """;

    Future<Void> insert(SqlClient tx, AuditEvent event) {
        return tx.preparedQuery(INSERT).execute(tuple(event)).mapEmpty();
    }

    Future<Void> insert(SqlClient client, List<AuditEvent> events) {
        return client.preparedQuery(INSERT)
                .executeBatch(events.stream().map(AuditStore::tuple).toList())
                .mapEmpty();
    }

    /** The same statement for who has a JDBC connection. */
    static void insert(Connection tx, AuditEvent event) throws SQLException {
        try (var statement = tx.prepareStatement(INSERT.replaceAll("\\$[0-9]+", "?"))) {
            var values = tuple(event);
            for (int i = 0; i < values.size(); i++) {
                var value = values.getValue(i);
                statement.setObject(i + 1, value instanceof Buffer octets ? octets.getBytes() : value);
            }
            statement.executeUpdate();
        }
    }

    /** Lines that the call's filters let through, newest first: so many at most, of those with lower numbers. */
    Future<List<JsonObject>> page(SqlClient client, Call call, long below, int rows) {
        var filter = call.parameters();
        return client.preparedQuery(
                        """
                        SELECT e.id, at, operation, result, actor_kind, actor_id, actor_name, object_kind, object_id,
                               request_id, d.detail
                        FROM audit_event e LEFT JOIN audit_detail d ON d.event = e.id AND d.period = e.period
                        WHERE ws = $1
                          AND e.id < $2
                          AND ($3::text IS NULL OR operation = $3)
                          AND ($4::text IS NULL OR result = $4)
                          AND ($5::timestamptz IS NULL OR at >= $5)
                          AND ($6::timestamptz IS NULL OR at < $6)
                          AND ($7::uuid IS NULL OR actor_id = $7)
                          AND ($8::text IS NULL OR object_kind = $8)
                          AND ($9::text IS NULL OR object_id = $9)
                        ORDER BY e.id DESC
                        LIMIT $10
                        """)
                .execute(Tuple.of(
                        call.ws(),
                        below,
                        filter.getString("operation"),
                        filter.getString("result"),
                        Rfc3339.at("from", filter.getString("from")),
                        Rfc3339.at("to", filter.getString("to")),
                        call.uuid("actorId"),
                        filter.getString("objectKind"),
                        filter.getString("objectId"),
                        rows))
                .map(found -> {
                    var events = new ArrayList<JsonObject>();
                    found.forEach(row -> events.add(json(row)));
                    return events;
                });
    }

    private static Tuple tuple(AuditEvent event) {
        var salt = new byte[SALT_OCTETS];
        RANDOM.nextBytes(salt);
        var detail = event.detail();
        return Tuple.tuple()
                .addInteger(event.ws())
                .addString(event.operation())
                .addString(event.result())
                .addString(event.actorKind())
                .addUUID(event.actorId())
                .addString(event.actorName())
                .addString(event.objectKind())
                .addString(event.objectId())
                .addString(event.requestId())
                .addBuffer(Buffer.buffer(Chain.digest(salt, detail)))
                .addBuffer(Buffer.buffer(salt))
                .addString(detail);
    }

    /** A blanked detail leaves who, what and when. */
    private static JsonObject json(Row row) {
        var detail = row.getString("detail") == null ? new JsonObject() : new JsonObject(row.getString("detail"));
        var actorId = row.getUUID("actor_id");
        var objectKind = row.getString("object_kind");
        return new JsonObject()
                .put("id", row.getLong("id").toString())
                .put("at", row.getOffsetDateTime("at").toInstant().toString())
                .put("operation", row.getString("operation"))
                .put("result", row.getString("result"))
                .put(
                        "actor",
                        new JsonObject()
                                .put("kind", row.getString("actor_kind"))
                                .put("id", actorId == null ? null : actorId.toString())
                                .put("name", row.getString("actor_name")))
                .put(
                        "object",
                        objectKind == null
                                ? null
                                : new JsonObject().put("kind", objectKind).put("id", row.getString("object_id")))
                .put("remoteAddress", detail.getString("remoteAddress", ""))
                .put("requestId", row.getString("request_id"))
                .put("before", detail.getJsonObject("before"))
                .put("after", detail.getJsonObject("after"));
    }
}
