package app.fathi.segments;

import app.fathi.segments.Segment.Edits;
import app.fathi.segments.Segment.Keeping;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlResult;
import io.vertx.sqlclient.Tuple;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** All SQL over {@code segments_segment} and {@code segments_member}. */
final class SegmentsStore {
    static final String PAGE =
            """
            SELECT * FROM segments_segment
            WHERE ws = $1 AND ($2::uuid IS NULL OR id < $2)
              AND ($3::text IS NULL OR position(lower($3) IN lower(name)) > 0)
              AND ($4::text IS NULL OR $4 = ANY (tags))
            ORDER BY id DESC LIMIT $5
            """;

    /**
     * Newest first.
     *
     * @param q part of the name; null for all
     * @param tag null for all
     */
    Future<List<Segment>> page(SqlClient client, int ws, UUID before, String q, String tag, int limit) {
        return client.preparedQuery(PAGE)
                .execute(Tuple.of(ws, before, q, tag, limit))
                .map(rows -> rows.stream().map(SegmentsStore::read).toList());
    }

    Future<Optional<Segment>> find(SqlClient client, int ws, UUID id) {
        return one(client, "SELECT * FROM segments_segment WHERE ws = $1 AND id = $2", Tuple.of(ws, id));
    }

    Future<Optional<Segment>> lock(SqlClient tx, int ws, UUID id) {
        return one(tx, "SELECT * FROM segments_segment WHERE ws = $1 AND id = $2 FOR UPDATE", Tuple.of(ws, id));
    }

    Future<List<Segment>> findAll(SqlClient client, int ws, Collection<UUID> ids) {
        return client.preparedQuery("SELECT * FROM segments_segment WHERE ws = $1 AND id = ANY ($2)")
                .execute(Tuple.of(ws, (Object) ids.toArray(UUID[]::new)))
                .map(rows -> rows.stream().map(SegmentsStore::read).toList());
    }

    static final String USERS =
            """
            SELECT name FROM segments_segment
            WHERE ws = $1 AND rule @? ('$.** ? (@.type == "segment" && @.segment == "' || $2::uuid || '")')::jsonpath
            ORDER BY name LIMIT 10
            """;

    /** The names of segments whose rules name this one. */
    Future<List<String>> users(SqlClient client, int ws, UUID id) {
        return client.preparedQuery(USERS)
                .execute(Tuple.of(ws, id))
                .map(rows -> rows.stream().map(row -> row.getString("name")).toList());
    }

    /**
     * How many people were put into the static segment {@code %1$s}: all of its rows, and of those whose person became part of another
     * each other one once, unless that one was put there as well.
     */
    static final String STATIC_PEOPLE =
            """
            (SELECT count(*) FROM segments_member m WHERE m.ws = $1 AND m.segment = %1$s)
            + (SELECT count(DISTINCT p.merged_into) FILTER (WHERE NOT EXISTS (
                        SELECT FROM segments_member t WHERE t.ws = $1 AND t.segment = %1$s AND t.profile_no = p.merged_into))
                      - count(*)
               FROM cdp_profile p JOIN segments_member m ON m.ws = $1 AND m.segment = %1$s AND m.profile_no = p.profile_no
               WHERE p.ws = $1 AND p.merged_into IS NOT NULL)""";

    /** How many people were put into each of these static ones. */
    Future<Map<UUID, Long>> sizes(SqlClient client, int ws, Collection<UUID> ids) {
        return client.preparedQuery(
                        """
                        SELECT wanted.id, %s AS people
                        FROM unnest($2::uuid[]) AS wanted (id)
                        """
                                .formatted(STATIC_PEOPLE.formatted("wanted.id")))
                .execute(Tuple.of(ws, (Object) ids.toArray(UUID[]::new)))
                .map(rows -> {
                    var sizes = new HashMap<UUID, Long>();
                    rows.forEach(row -> sizes.put(row.getUUID("id"), row.getLong("people")));
                    return sizes;
                });
    }

    Future<Long> count(SqlClient client, int ws) {
        return client.preparedQuery("SELECT count(*) FROM segments_segment WHERE ws = $1 AND built_in IS NULL")
                .execute(Tuple.of(ws))
                .map(rows -> rows.iterator().next().getLong(0));
    }

    /** Changes of segments one after the other, so that two rules cannot come to name each other. */
    Future<Void> lockAll(SqlClient tx, int ws) {
        return tx.preparedQuery("SELECT pg_advisory_xact_lock(hashtextextended('segments_segment', $1))")
                .execute(Tuple.of((long) ws))
                .mapEmpty();
    }

    /** Empty when the workspace has one of this name. */
    Future<Optional<Segment>> insert(SqlClient tx, int ws, Segment segment, UUID by) {
        return one(
                tx,
                """
                INSERT INTO segments_segment (ws, id, kind, name, description, tags, rule, created_by, updated_by)
                VALUES ($1, $2, CASE WHEN $6::jsonb IS NULL THEN 'static' ELSE 'dynamic' END, $3, $4, $5, $6, $7, $7)
                ON CONFLICT (ws, lower(name)) DO NOTHING RETURNING *
                """,
                values(ws, segment, by));
    }

    /** Empty when another one of the workspace has this name. */
    Future<Optional<Segment>> update(SqlClient tx, int ws, Segment segment, UUID by) {
        return one(
                tx,
                """
                UPDATE segments_segment
                SET name = $3, description = $4, tags = $5, rule = $6, updated_by = $7, updated_at = now(), version = version + 1
                WHERE ws = $1 AND id = $2
                  AND NOT EXISTS (SELECT FROM segments_segment o WHERE o.ws = $1 AND lower(o.name) = lower($3) AND o.id <> $2)
                RETURNING *
                """,
                values(ws, segment, by));
    }

    private static Tuple values(int ws, Segment segment, UUID by) {
        return Tuple.from(new Object[] {
            ws,
            segment.id(),
            segment.name(),
            segment.description(),
            segment.tags().toArray(String[]::new),
            segment.rule(),
            by
        });
    }

    Future<Void> delete(SqlClient tx, int ws, UUID id) {
        return tx.preparedQuery("DELETE FROM segments_segment WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(ws, id))
                .mapEmpty();
    }

    /** How many of them were not in it before. */
    Future<Integer> add(SqlClient tx, int ws, UUID segment, Collection<Integer> people) {
        return tx.preparedQuery(
                        """
                        INSERT INTO segments_member (ws, segment, profile_no)
                        SELECT $1, $2, no FROM unnest($3::int[]) AS no
                        ON CONFLICT DO NOTHING
                        """)
                .execute(Tuple.of(ws, segment, people.toArray(Integer[]::new)))
                .map(SqlResult::rowCount);
    }

    /** How many of them were in it, also as somebody who became part of them. */
    Future<Integer> remove(SqlClient tx, int ws, UUID segment, Collection<Integer> people) {
        return tx.preparedQuery(
                        """
                        DELETE FROM segments_member m USING cdp_profile p
                        WHERE m.ws = $1 AND m.segment = $2 AND p.ws = m.ws AND p.profile_no = m.profile_no
                          AND coalesce(p.merged_into, p.profile_no) = ANY ($3::int[])
                        """)
                .execute(Tuple.of(ws, segment, people.toArray(Integer[]::new)))
                .map(SqlResult::rowCount);
    }

    /** The segments that a person is in, by name, without those that are being built. */
    Future<List<JsonObject>> ofPerson(SqlClient client, int ws, int profileNo) {
        return client.preparedQuery(
                        """
                        SELECT id, name, kind FROM segments_segment s
                        WHERE ws = $1 AND (
                          kept_no = rule_no AND no = ANY (
                            SELECT unnest(members) FROM segments_person WHERE ws = $1 AND profile_no = $2)
                          OR id IN (
                            SELECT segment FROM segments_member
                            WHERE ws = $1 AND profile_no IN (
                              SELECT profile_no FROM cdp_profile WHERE ws = $1 AND (profile_no = $2 OR merged_into = $2))))
                        ORDER BY lower(name)
                        """)
                .execute(Tuple.of(ws, profileNo))
                .map(rows -> rows.stream()
                        .map(row -> new JsonObject()
                                .put("id", row.getUUID("id").toString())
                                .put("name", row.getString("name"))
                                .put("kind", row.getString("kind")))
                        .toList());
    }

    /** Segments that these people are in, as lines of an export. */
    Future<List<JsonObject>> of(SqlClient client, int ws, Collection<Integer> people) {
        return client.preparedQuery(
                        """
                        SELECT s.id, s.name, m.added_at FROM segments_member m
                        JOIN segments_segment s ON s.ws = m.ws AND s.id = m.segment
                        WHERE m.ws = $1 AND m.profile_no = ANY ($2)
                        UNION ALL
                        SELECT s.id, s.name, NULL FROM segments_person p
                        JOIN segments_segment s ON s.ws = p.ws AND s.no = ANY (p.members)
                        WHERE p.ws = $1 AND p.profile_no = ANY ($2)
                        ORDER BY 2
                        """)
                .execute(Tuple.of(ws, (Object) people.toArray(Integer[]::new)))
                .map(rows -> rows.stream().map(SegmentsStore::exported).toList());
    }

    private static JsonObject exported(Row row) {
        var line = new JsonObject()
                .put("kind", "segment")
                .put("id", row.getUUID("id").toString())
                .put("name", row.getString("name"));
        var added = row.getOffsetDateTime("added_at");
        return added == null ? line : line.put("addedAt", added.toInstant().toString());
    }

    Future<Integer> forget(SqlClient tx, int ws, Collection<Integer> people) {
        return tx.preparedQuery("DELETE FROM segments_member WHERE ws = $1 AND profile_no = ANY ($2)")
                .execute(Tuple.of(ws, (Object) people.toArray(Integer[]::new)))
                .map(SqlResult::rowCount);
    }

    private static Future<Optional<Segment>> one(SqlClient client, String sql, Tuple parameters) {
        return client.preparedQuery(sql)
                .execute(parameters)
                .map(rows -> rows.stream().map(SegmentsStore::read).findFirst());
    }

    static Segment read(Row row) {
        return new Segment(
                row.getUUID("id"),
                row.getString("name"),
                row.getString("description"),
                List.of(row.getArrayOfStrings("tags")),
                (JsonObject) row.getJson("rule"),
                row.getString("built_in") != null,
                new Edits(
                        row.getUUID("created_by"),
                        row.getOffsetDateTime("created_at"),
                        row.getUUID("updated_by"),
                        row.getOffsetDateTime("updated_at"),
                        row.getLong("version")),
                row.getInteger("no") == null
                        ? null
                        : new Keeping(
                                row.getInteger("no"),
                                row.getLong("rule_no").equals(row.getLong("kept_no"))
                                        ? row.getOffsetDateTime("kept_at")
                                        : null));
    }
}
