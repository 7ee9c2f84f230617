package app.fathi.cep.priorities;

import static app.fathi.platform.db.SqlTime.instant;
import static app.fathi.platform.db.SqlTime.time;

import app.fathi.cep.policies.PolicyRules.Due;
import app.fathi.cep.runs.Run;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** SQL over messages that are still to be sent and are more important than another one. */
final class RivalsStore {
    /** Messages whose people are found that are looked at, the most important first: a few milliseconds. */
    static final int MOST_FOUND = 1_000;

    /** Messages of each of which people have to be asked whether it means them, the most important first. */
    static final int MOST_UNFOUND = 20;

    private RivalsStore() {}

    /** Open messages of the workspace that may send something before an instant. */
    private static final String OPEN =
            """
            SELECT r.run, r.send_at, r.plan, coalesce((r.plan->>'priority')::int, 50) AS priority FROM cep_run r
            WHERE r.ws = $1 AND r.finished_at IS NULL AND r.send_at < $5 AND r.expires_at > $4 AND r.run <> $2
              AND coalesce((r.plan->>'priority')::int, 50) > $3 AND r.purpose <> 'transactional' AND r.paused_at IS NULL
              AND NOT EXISTS (SELECT FROM cep_series s WHERE s.campaign = r.campaign
                                                         AND (s.paused_at IS NOT NULL OR s.cancelled_at IS NOT NULL))
              AND NOT EXISTS (SELECT FROM cep_hold h WHERE cep_run_order(r.run) <= h.last_run)
            """;

    /** A person is due once, by the row of their first device; who is dealt with is not. */
    static final String DUE =
            """
            WITH rival AS MATERIALIZED (
            %s
              ORDER BY priority DESC, r.send_at LIMIT $9
            )
            SELECT d.profile_no, r.priority, d.at
            FROM rival r
            JOIN LATERAL (
              SELECT n.no AS profile_no, greatest(coalesce(c.send_at, r.send_at), m.next_at) AS at
              FROM cep_chunk c
              CROSS JOIN LATERAL (SELECT unnest(c.profile_nos) INTERSECT SELECT unnest($6::int[])) AS n (no)
              LEFT JOIN cep_message m ON m.run = r.run AND m.step = 0 AND m.profile_no = n.no AND m.rank = 0
              WHERE c.run = r.run AND c.finished_at IS NULL AND NOT c.passed
                AND coalesce(c.send_at, r.send_at) < $5
                AND coalesce(c.first_no <= $8 AND c.last_no >= $7, true)
                AND coalesce(m.state < 2, true) AND coalesce(m.next_at < $5, true)
            ) d ON true
            """
                    .formatted(OPEN);

    /** By person the one that is due last. */
    static Future<Map<Integer, Due>> due(
            SqlClient client, Run run, Collection<Integer> people, Instant now, Instant until) {
        return client.preparedQuery(DUE)
                .execute(Tuple.from(new Object[] {
                    run.ws(),
                    run.run(),
                    run.plan().priority(),
                    time(now),
                    time(until),
                    people.toArray(Integer[]::new),
                    Collections.min(people),
                    Collections.max(people),
                    MOST_FOUND
                }))
                .map(rows -> {
                    var due = new HashMap<Integer, Due>();
                    rows.forEach(row -> due.merge(
                            row.getInteger("profile_no"),
                            new Due(row.getInteger("priority"), instant(row, "at")),
                            Due::and));
                    return due;
                });
    }

    /**
     * A message whose people are not all found yet.
     *
     * @param definition for {@link app.fathi.segments.Audiences#among}
     * @param before everybody from this profile number on was asked already
     */
    record Unfound(Due due, JsonObject definition, int before) {}

    /** Who gets each at an hour of their own is found long before: whose hour is not settled is not due. */
    static final String UNFOUND =
            """
            WITH rival AS MATERIALIZED (
            %s
            )
            SELECT r.priority, r.send_at, e.rule, e.frozen, e.before_no
            FROM rival r JOIN cep_expansion e ON e.run = r.run AND e.state IN ('waiting', 'finding')
            WHERE NOT coalesce(r.plan ?| ARRAY['localHour', 'bestHour'], false)
            ORDER BY r.priority DESC, r.send_at LIMIT $6
            """
                    .formatted(OPEN);

    static Future<List<Unfound>> unfound(SqlClient client, Run run, Instant now, Instant until) {
        return client.preparedQuery(UNFOUND)
                .execute(Tuple.of(run.ws(), run.run(), run.plan().priority(), time(now), time(until), MOST_UNFOUND))
                .map(rows -> rows.stream().map(RivalsStore::read).toList());
    }

    private static Unfound read(Row row) {
        var frozen = row.getJsonObject("frozen");
        return new Unfound(
                new Due(row.getInteger("priority"), instant(row, "send_at")),
                frozen == null
                        ? new JsonObject()
                                .put("rule", row.getJsonObject("rule"))
                                .put("segments", new JsonObject())
                        : frozen,
                row.getInteger("before_no"));
    }
}
