package app.fathi.segments;

import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.logging.Thrown;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All SQL over {@code segments_segment} and {@code segments_member}. */
final class SegmentsStore {
    private static final Logger LOG = LoggerFactory.getLogger(SegmentsStore.class);

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

    /** How many were put into each of these static ones. */
    Future<Map<UUID, Long>> sizes(SqlClient client, int ws, Collection<UUID> ids) {
        return client.preparedQuery(
                        """
                        SELECT wanted.id, (SELECT count(*) FROM segments_member m WHERE m.ws = $1 AND m.segment = wanted.id) AS people
                        FROM unnest($2::uuid[]) AS wanted (id)
                        """)
                .execute(Tuple.of(ws, (Object) ids.toArray(UUID[]::new)))
                .map(rows -> {
                    var sizes = new HashMap<UUID, Long>();
                    rows.forEach(row -> sizes.put(row.getUUID("id"), row.getLong("people")));
                    return sizes;
                });
    }

    Future<Long> count(SqlClient client, int ws) {
        return client.preparedQuery("SELECT count(*) FROM segments_segment WHERE ws = $1")
                .execute(Tuple.of(ws))
                .map(rows -> rows.iterator().next().getLong(0));
    }

    /** Changes of segments one after the other, so that two rules cannot come to name each other. */
    Future<Void> lockAll(SqlClient tx, int ws) {
        return tx.preparedQuery("SELECT pg_advisory_xact_lock(hashtextextended('segments_segment', $1))")
                .execute(Tuple.of((long) ws))
                .mapEmpty();
    }

    // ---- what is kept of dynamic ones ------------------------------------------------------------------------------

    /**
     * Everybody is being asked whether they are in a segment.
     *
     * @param askedTo people below this number were asked
     * @param end no number is higher
     */
    record Asking(UUID segment, int no, long ruleNo, int askedTo, int end) {
        boolean isOver() {
            return askedTo == Integer.MAX_VALUE;
        }
    }

    /** All dynamic ones, with the rules of others in place of their names. */
    Future<List<Segment.Dynamic>> dynamic(SqlClient client, int ws) {
        return client.preparedQuery("SELECT * FROM segments_segment WHERE ws = $1")
                .execute(Tuple.of(ws))
                .map(rows -> {
                    var found = new HashMap<UUID, Segment>();
                    rows.forEach(row -> found.put(row.getUUID("id"), read(row)));
                    return rows.stream()
                            .filter(row -> row.getInteger("no") != null)
                            .flatMap(row -> dynamic(row, found).stream())
                            .toList();
                });
    }

    /** Empty for a rule that this version cannot read, such as one that a newer node has saved: it must not stop all others. */
    private static Optional<Segment.Dynamic> dynamic(Row row, Map<UUID, Segment> found) {
        var id = row.getUUID("id");
        try {
            return Optional.of(new Segment.Dynamic(
                    row.getInteger("no"),
                    id,
                    People.inline(found.get(id).asRule(), found, List.of(id)),
                    row.getLong("rule_no"),
                    row.getLong("rule_no").equals(row.getLong("kept_no"))));
        } catch (ProblemException e) {
            LOG.error("Nobody is asked about segment {}, whose rule cannot be read: {}", id, Thrown.text(e));
            return Optional.empty();
        }
    }

    static final String CHANGED =
            """
            WITH RECURSIVE concerned AS (
              SELECT id FROM segments_segment WHERE ws = $1 AND id = $2
              UNION
              SELECT s.id FROM segments_segment s JOIN concerned c
                ON s.rule @? ('$.** ? (@.type == "segment" && @.segment == "' || c.id || '")')::jsonpath
              WHERE s.ws = $1),
            workspace AS (
              INSERT INTO segments_workspace AS w (ws, next_no) VALUES ($1, 2)
              ON CONFLICT (ws) DO UPDATE SET version = w.version + 1,
                next_no = w.next_no + (SELECT count(*) FROM segments_segment WHERE ws = $1 AND id = $2 AND no IS NULL)
              RETURNING next_no)
            UPDATE segments_segment s
            SET no = coalesce(s.no, (SELECT next_no - 1 FROM workspace)), rule_no = s.rule_no + 1
            FROM concerned c WHERE s.ws = $1 AND s.id = c.id RETURNING s.id
            """;

    /**
     * Another rule says who is in this dynamic segment, and so in those that name it: all of these. Everybody has to be asked
     * again. Under {@link #lockAll}.
     */
    Future<List<UUID>> changed(SqlClient tx, int ws, UUID id) {
        return tx.preparedQuery(CHANGED)
                .execute(Tuple.of(ws, id))
                .map(rows -> rows.stream().map(row -> row.getUUID("id")).toList());
    }

    /** Nodes read the rules again. */
    Future<Void> newVersion(SqlClient tx, int ws) {
        return tx.preparedQuery("UPDATE segments_workspace SET version = version + 1 WHERE ws = $1")
                .execute(Tuple.of(ws))
                .mapEmpty();
    }

    /** Goes on where it came to, or begins; empty when everybody was asked by this rule already. */
    Future<Optional<Asking>> beginAsking(SqlClient tx, int ws, UUID id) {
        return tx.preparedQuery(
                        """
                        UPDATE segments_segment
                        SET asked_to = CASE WHEN asking_no = rule_no THEN asked_to ELSE 0 END, asking_no = rule_no
                        WHERE ws = $1 AND id = $2 AND kept_no IS DISTINCT FROM rule_no
                        RETURNING id, no, rule_no, asked_to, (SELECT next FROM cdp_profile_number WHERE ws = $1) AS next
                        """)
                .execute(Tuple.of(ws, id))
                .compose(rows -> newVersion(tx, ws)
                        .map(rows.stream()
                                .map(row -> new Asking(
                                        row.getUUID("id"),
                                        row.getInteger("no"),
                                        row.getLong("rule_no"),
                                        row.getInteger("asked_to"),
                                        row.getInteger("next") == null ? 0 : row.getInteger("next")))
                                .findFirst()));
    }

    /** The next people from this number on, in the order of their numbers; of them all that are anybody's. */
    Future<List<Integer>> people(SqlClient tx, int ws, int from, int limit) {
        return tx.preparedQuery(
                        """
                        SELECT profile_no FROM cdp_profile WHERE ws = $1 AND profile_no >= $2 ORDER BY profile_no LIMIT $3
                        """)
                .execute(Tuple.of(ws, from, limit))
                .map(rows ->
                        rows.stream().map(row -> row.getInteger("profile_no")).toList());
    }

    Future<Optional<Asking>> asked(SqlClient tx, int ws, Asking asking, int askedTo) {
        return tx.preparedQuery(
                        "UPDATE segments_segment SET asked_to = $4 WHERE ws = $1 AND id = $2 AND asking_no = $3 AND rule_no = $3")
                .execute(Tuple.of(ws, asking.segment(), asking.ruleNo(), askedTo))
                .map(result -> result.rowCount() == 0
                        ? Optional.empty()
                        : Optional.of(
                                new Asking(asking.segment(), asking.no(), asking.ruleNo(), askedTo, asking.end())));
    }

    /** Everybody was asked; false when the rule has become another one meanwhile. */
    Future<Boolean> asked(SqlClient tx, int ws, Asking asking) {
        return tx.preparedQuery(
                        """
                        UPDATE segments_segment SET kept_no = rule_no, kept_at = now(), asking_no = NULL, asked_to = NULL
                        WHERE ws = $1 AND id = $2 AND rule_no = $3 AND asking_no = $3
                        """)
                .execute(Tuple.of(ws, asking.segment(), asking.ruleNo()))
                .compose(result -> newVersion(tx, ws).map(result.rowCount() == 1));
    }

    /** Workspaces' dynamic segments of which not everybody was asked. */
    Future<List<RowKey>> unasked(SqlClient client) {
        return client.query(
                        "SELECT ws, id FROM segments_segment WHERE no IS NOT NULL AND kept_no IS DISTINCT FROM rule_no")
                .execute()
                .map(rows -> rows.stream()
                        .map(row -> new RowKey(row.getInteger("ws"), row.getUUID("id")))
                        .toList());
    }

    record RowKey(int ws, UUID id) {}

    // ---- segments and people put into them --------------------------------------------------------------------------

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

    private static Segment read(Row row) {
        return new Segment(
                row.getUUID("id"),
                row.getString("name"),
                row.getString("description"),
                List.of(row.getArrayOfStrings("tags")),
                (JsonObject) row.getJson("rule"),
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
