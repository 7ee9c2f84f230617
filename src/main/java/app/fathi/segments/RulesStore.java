package app.fathi.segments;

import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.logging.Thrown;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All SQL of dynamic segments as rules that everybody is asked by: which there are, and how far the asking came. */
final class RulesStore {
    private static final Logger LOG = LoggerFactory.getLogger(RulesStore.class);

    /**
     * Everybody is being asked by new rules.
     *
     * @param ruleNos by the segments' small numbers
     * @param ids of the same segments
     * @param askedTo people below this number were asked
     * @param end no number is higher
     */
    record Asking(Map<Integer, Long> ruleNos, Map<Integer, UUID> ids, int askedTo, int end) {
        boolean isOver() {
            return askedTo == Integer.MAX_VALUE;
        }

        Asking upTo(int number) {
            return new Asking(ruleNos, ids, number, end);
        }
    }

    /** All dynamic ones, with the rules of others in place of their names. */
    Future<List<Segment.Dynamic>> dynamic(SqlClient client, int ws) {
        return client.preparedQuery("SELECT * FROM segments_segment WHERE ws = $1")
                .execute(Tuple.of(ws))
                .map(rows -> {
                    var found = new HashMap<UUID, Segment>();
                    rows.forEach(row -> found.put(row.getUUID("id"), SegmentsStore.read(row)));
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

    /** Up to which number people were asked before somebody stopped; empty where nobody was at it. */
    Future<Optional<Integer>> askedTo(SqlClient client, int ws) {
        return client.preparedQuery("SELECT asked_to FROM segments_workspace WHERE ws = $1 AND asked_to IS NOT NULL")
                .execute(Tuple.of(ws))
                .map(rows ->
                        rows.stream().map(row -> row.getInteger("asked_to")).findFirst());
    }

    /**
     * From now on events move people by these rules, too.
     *
     * @param numbers of the segments, by their small numbers
     */
    Future<Void> beginAsking(SqlClient tx, int ws, List<Integer> numbers) {
        return tx.preparedQuery("UPDATE segments_segment SET asking_no = rule_no WHERE ws = $1 AND no = ANY ($2)")
                .execute(Tuple.of(ws, (Object) numbers.toArray(Integer[]::new)))
                .compose(done -> tx.preparedQuery(
                                "UPDATE segments_workspace SET asked_to = 0, version = version + 1 WHERE ws = $1")
                        .execute(Tuple.of(ws)))
                .mapEmpty();
    }

    /** What is being asked, from where it goes on. */
    Future<Asking> asking(SqlClient tx, int ws, int askedTo) {
        return tx.preparedQuery(
                        """
                        SELECT id, no, rule_no, (SELECT next FROM cdp_profile_number WHERE ws = $1) AS next
                        FROM segments_segment
                        WHERE ws = $1 AND no IS NOT NULL AND kept_no IS DISTINCT FROM rule_no AND asking_no = rule_no
                        """)
                .execute(Tuple.of(ws))
                .map(rows -> {
                    var ruleNos = new HashMap<Integer, Long>();
                    var ids = new HashMap<Integer, UUID>();
                    int end = 0;
                    for (var row : rows) {
                        ruleNos.put(row.getInteger("no"), row.getLong("rule_no"));
                        ids.put(row.getInteger("no"), row.getUUID("id"));
                        end = row.getInteger("next") == null ? 0 : row.getInteger("next");
                    }
                    return new Asking(ruleNos, ids, askedTo, end);
                });
    }

    /** The next people from this number on, in the order of their numbers. */
    Future<List<Integer>> people(SqlClient tx, int ws, int from, int limit) {
        return tx.preparedQuery(
                        """
                        SELECT p.profile_no FROM cdp_profile p WHERE p.ws = $1 AND p.profile_no >= $2 AND %s
                        ORDER BY p.profile_no LIMIT $3
                        """
                                .formatted(PeopleStore.SOMEBODY))
                .execute(Tuple.of(ws, from, limit))
                .map(rows ->
                        rows.stream().map(row -> row.getInteger("profile_no")).toList());
    }

    Future<Void> asked(SqlClient tx, int ws, int askedTo) {
        return tx.preparedQuery("UPDATE segments_workspace SET asked_to = $2 WHERE ws = $1")
                .execute(Tuple.of(ws, askedTo))
                .mapEmpty();
    }

    /** Everybody was asked: which of these segments have the same rule still. */
    Future<List<Integer>> finish(SqlClient tx, int ws, Asking asking) {
        var numbers = asking.ruleNos().keySet().toArray(Integer[]::new);
        return tx.preparedQuery(
                        """
                        UPDATE segments_segment s SET kept_no = s.rule_no, kept_at = now(), asking_no = NULL
                        FROM unnest($2::int[], $3::bigint[]) AS a (no, rule_no)
                        WHERE s.ws = $1 AND s.no = a.no AND s.rule_no = a.rule_no RETURNING s.no
                        """)
                .execute(Tuple.of(
                        ws,
                        numbers,
                        Arrays.stream(numbers).map(asking.ruleNos()::get).toArray(Long[]::new)))
                .compose(rows -> tx.preparedQuery(
                                "UPDATE segments_workspace SET asked_to = NULL, version = version + 1 WHERE ws = $1")
                        .execute(Tuple.of(ws))
                        .map(rows.stream().map(row -> row.getInteger("no")).toList()));
    }

    /** Workspaces with dynamic segments of which not everybody was asked. */
    Future<List<Integer>> withUnasked(SqlClient client) {
        return client.query(
                        "SELECT DISTINCT ws FROM segments_segment WHERE no IS NOT NULL AND kept_no IS DISTINCT FROM rule_no")
                .execute()
                .map(rows -> rows.stream().map(row -> row.getInteger("ws")).toList());
    }
}
