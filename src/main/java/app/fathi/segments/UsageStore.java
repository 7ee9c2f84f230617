package app.fathi.segments;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.UUID;

/** All SQL that finds what a segment is used for. */
final class UsageStore {
    /** Messages that went to it: the newest so many are told. */
    private static final int MESSAGES = 100;

    static final String SEGMENTS =
            """
            SELECT id, name FROM segments_segment
            WHERE ws = $1 AND rule @? ('$.** ? (@.type == "segment" && @.segment == "' || $2::uuid || '")')::jsonpath
            ORDER BY lower(name)
            """;

    /** Segments whose rules name it, by name. */
    Future<List<JsonObject>> segments(SqlClient client, int ws, UUID segment) {
        return client.preparedQuery(SEGMENTS).execute(Tuple.of(ws, segment)).map(rows -> rows.stream()
                .map(row ->
                        new JsonObject().put("id", row.getUUID("id").toString()).put("name", row.getString("name")))
                .toList());
    }

    static final String ASKING =
            """
            SELECT name FROM segments_segment
            WHERE ws = $1 AND jsonb_path_exists(
              rule, '$.** ? (@.type == "trait" && (@.trait == $trait || @.trait starts with $inside))', $2)
            ORDER BY lower(name) LIMIT 10
            """;

    /**
     * Names of segments whose rules ask for a trait, or for what lies in it.
     *
     * @param trait as rules write it
     */
    Future<List<String>> asking(SqlClient client, int ws, String trait) {
        return client.preparedQuery(ASKING)
                .execute(Tuple.of(ws, new JsonObject().put("trait", trait).put("inside", trait + ".")))
                .map(rows -> rows.stream().map(row -> row.getString("name")).toList());
    }

    static final String WENT_TO =
            """
            SELECT id, state, purpose, planned, created_at FROM segments_message
            WHERE segment = $2 AND ws = $1 ORDER BY run DESC LIMIT $3
            """;

    /** Messages that went to it, newest first. */
    Future<List<JsonObject>> messages(SqlClient client, int ws, UUID segment) {
        return client.preparedQuery(WENT_TO)
                .execute(Tuple.of(ws, segment, MESSAGES))
                .map(rows -> rows.stream()
                        .map(row -> new JsonObject()
                                .put("id", row.getUUID("id").toString())
                                .put("state", row.getString("state"))
                                .put("purpose", row.getString("purpose"))
                                .put("planned", row.getInteger("planned"))
                                .put(
                                        "createdAt",
                                        row.getOffsetDateTime("created_at")
                                                .toInstant()
                                                .toString()))
                        .toList());
    }

    static final String CAMPAIGNS =
            """
            SELECT id, name, status FROM segments_campaign WHERE ws = $1 AND $2 = ANY (segments) ORDER BY lower(name) LIMIT 100
            """;

    /** Campaigns that are not over and whose audience names it, by name; the first so many. */
    Future<List<JsonObject>> campaigns(SqlClient client, int ws, UUID segment) {
        return client.preparedQuery(CAMPAIGNS).execute(Tuple.of(ws, segment)).map(rows -> rows.stream()
                .map(row -> new JsonObject()
                        .put("id", row.getUUID("id").toString())
                        .put("name", row.getString("name"))
                        .put("status", row.getString("status")))
                .toList());
    }
}
