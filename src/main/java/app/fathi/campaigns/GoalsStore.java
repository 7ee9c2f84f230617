package app.fathi.campaigns;

import app.fathi.cdp.DerivedBatch.Moved;
import app.fathi.segments.rules.Rule;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.List;
import java.util.UUID;

/** All SQL over {@code campaigns_goal} and {@code campaigns_conversion}. */
final class GoalsStore {
    /** What is told of one person; who converts more often is no person. */
    private static final int TOLD = 10_000;

    /** A goal that is looked for. */
    record Armed(int ws, UUID campaign, Rule.Behaviour behaviour) {}

    /** Somebody did what a campaign is for; whether a message of it had reached them is asked of the ledger. */
    record Candidate(int ws, UUID campaign, int profileNo, String event, Instant at, Double value, String currency) {}

    /** From now on the event is looked for. */
    Future<Void> arm(SqlClient tx, int ws, UUID campaign, Goal goal) {
        return tx.preparedQuery(
                        """
                        INSERT INTO campaigns_goal AS g (ws, campaign, event, conditions, window_hours)
                        VALUES ($1, $2, $3, $4, $5)
                        ON CONFLICT (ws, campaign) DO UPDATE
                        SET event = excluded.event, conditions = excluded.conditions, window_hours = excluded.window_hours,
                            until = NULL
                        WHERE g.until IS NOT NULL
                        """)
                .execute(Tuple.of(ws, campaign, goal.event(), goal.where(), goal.windowHours()))
                .compose(rows -> rows.rowCount() == 0 ? Future.succeededFuture() : grow(tx));
    }

    /** Nothing of it reaches anybody any more: it is looked for until the last message can have brought it about. */
    Future<Void> disarm(SqlClient tx, int ws, UUID campaign) {
        return disarm(tx, ws, campaign, Duration.ZERO);
    }

    /** @param last so long messages that are under way may still reach people */
    Future<Void> disarm(SqlClient tx, int ws, UUID campaign, Duration last) {
        return tx.preparedQuery(
                        """
                        UPDATE campaigns_goal
                        SET until = now() + make_interval(hours => window_hours) + make_interval(secs => $3)
                        WHERE ws = $1 AND campaign = $2 AND until IS NULL
                        """)
                .execute(Tuple.of(ws, campaign, (double) last.toSeconds()))
                .compose(rows -> rows.rowCount() == 0 ? Future.succeededFuture() : grow(tx));
    }

    private static Future<Void> grow(SqlClient tx) {
        return tx.preparedQuery("UPDATE campaigns_goals_version SET version = version + 1")
                .execute()
                .mapEmpty();
    }

    /** Grows when what is looked for is another. */
    Future<Long> version(SqlClient client) {
        return client.preparedQuery("SELECT version FROM campaigns_goals_version")
                .execute()
                .map(rows -> rows.iterator().next().getLong("version"));
    }

    /** All that is looked for, in all workspaces. */
    Future<List<Armed>> armed(SqlClient client) {
        return client.preparedQuery(
                        """
                        SELECT ws, campaign, event, conditions, window_hours FROM campaigns_goal
                        WHERE until IS NULL OR until > now()
                        """)
                .execute()
                .map(rows -> rows.stream()
                        .map(row -> new Armed(
                                row.getInteger("ws"),
                                row.getUUID("campaign"),
                                new Goal(
                                                row.getString("event"),
                                                row.getJsonArray("conditions"),
                                                row.getInteger("window_hours"))
                                        .behaviour()))
                        .toList());
    }

    /**
     * Of each the newest message of the campaign that had reached them within the window, if there is one, as who they are or as who
     * they were before: a visitor who has said their name since, somebody who became one with another. A run that was over longer
     * ago than the window has reached nobody since. Of a triggered campaign the messages are asked that they were entered with.
     */
    static final String RECORD =
            """
            INSERT INTO campaigns_conversion (ws, campaign, profile_no, event, message, at, value, currency)
            SELECT c.ws, c.campaign, c.profile_no, c.event, m.message, c.at, c.value, c.currency
            FROM unnest($1::int[], $2::uuid[], $3::int[], $4::text[], $5::timestamptz[], $6::float8[], $7::text[])
                   AS c (ws, campaign, profile_no, event, at, value, currency)
            JOIN campaigns_goal g ON g.ws = c.ws AND g.campaign = c.campaign
            JOIN LATERAL (
              SELECT r.message, a.accepted_at
              FROM (SELECT c.profile_no AS no UNION
                    SELECT past FROM campaigns_past p WHERE p.profile_no = c.profile_no AND p.ws = c.ws) self
              CROSS JOIN LATERAL (
                SELECT t.message FROM campaigns_run t
                WHERE t.ws = c.ws AND t.campaign = c.campaign AND t.message IS NOT NULL
                  AND (t.finished_at IS NULL OR t.finished_at > c.at - make_interval(hours => g.window_hours))
                UNION ALL
                SELECT unnest(e.messages) FROM campaigns_entrant e
                WHERE e.ws = c.ws AND e.profile_no = self.no AND e.campaign = c.campaign
              ) r
              JOIN campaigns_accepted a ON a.message = r.message AND a.profile_no = self.no
              WHERE a.accepted_at <= c.at AND a.accepted_at > c.at - make_interval(hours => g.window_hours)
              ORDER BY a.accepted_at DESC LIMIT 1
            ) m ON true
            ON CONFLICT DO NOTHING
            """;

    Future<Void> record(SqlClient tx, List<Candidate> all) {
        return tx.preparedQuery(RECORD)
                .execute(Tuple.of(
                        all.stream().map(Candidate::ws).toArray(Integer[]::new),
                        all.stream().map(Candidate::campaign).toArray(UUID[]::new),
                        all.stream().map(Candidate::profileNo).toArray(Integer[]::new),
                        all.stream().map(Candidate::event).toArray(String[]::new),
                        all.stream().map(one -> CampaignsStore.time(one.at())).toArray(OffsetDateTime[]::new),
                        all.stream().map(Candidate::value).toArray(Double[]::new),
                        all.stream().map(Candidate::currency).toArray(String[]::new)))
                .mapEmpty();
    }

    /** Of whom nothing is left what they did is done by who they are now; who is two again keeps it where it is. */
    static final String FOLLOW =
            """
            UPDATE campaigns_conversion v SET profile_no = m.to_no
            FROM unnest($1::int[], $2::int[], $3::int[]) AS m (ws, from_no, to_no)
            WHERE v.ws = m.ws AND v.profile_no = m.from_no
              AND NOT EXISTS (SELECT FROM campaigns_identity i WHERE i.profile_no = m.from_no AND i.ws = m.ws)
              AND NOT EXISTS (SELECT FROM campaigns_conversion o WHERE o.ws = v.ws AND o.campaign = v.campaign
                                                                   AND o.profile_no = m.to_no AND o.event = v.event)
            """;

    Future<Void> follow(SqlClient tx, List<Moved> moved) {
        return tx.preparedQuery(FOLLOW)
                .execute(Tuple.of(
                        moved.stream().map(Moved::ws).toArray(Integer[]::new),
                        moved.stream().map(Moved::fromNo).toArray(Integer[]::new),
                        moved.stream().map(Moved::toNo).toArray(Integer[]::new)))
                .mapEmpty();
    }

    static final String COUNT =
            """
            SELECT currency, count(*) AS n, sum(value) AS value,
                   (SELECT count(DISTINCT profile_no) FROM campaigns_conversion WHERE ws = $1 AND campaign = $2) AS people
            FROM campaigns_conversion WHERE ws = $1 AND campaign = $2 GROUP BY currency ORDER BY currency
            """;

    /** The contract's {@code CampaignConversions}. */
    Future<JsonObject> count(SqlClient client, int ws, UUID campaign) {
        return client.preparedQuery(COUNT).execute(Tuple.of(ws, campaign)).map(rows -> {
            long people = 0;
            long total = 0;
            var values = new JsonArray();
            for (var row : rows) {
                people = row.getLong("people");
                total += row.getLong("n");
                if (row.getDouble("value") != null) {
                    values.add(new JsonObject()
                            .put("currency", row.getString("currency"))
                            .put("sum", row.getDouble("value")));
                }
            }
            return new JsonObject().put("people", people).put("total", total).put("values", values);
        });
    }

    /** All that is kept of these people, as lines of an export. */
    Future<List<JsonObject>> of(SqlClient client, int ws, Collection<Integer> people) {
        return client.preparedQuery(
                        """
                        SELECT v.*, c.name FROM campaigns_conversion v
                        JOIN campaigns_campaign c ON c.ws = v.ws AND c.id = v.campaign
                        WHERE v.ws = $1 AND v.profile_no = ANY ($2) ORDER BY v.at, v.event LIMIT $3
                        """)
                .execute(Tuple.of(ws, (Object) people.toArray(Integer[]::new), TOLD))
                .map(rows -> rows.stream().map(GoalsStore::told).toList());
    }

    private static JsonObject told(Row row) {
        return new JsonObject()
                .put("kind", "conversion")
                .put("campaign", row.getString("name"))
                .put("event", row.getString("event"))
                .put("at", row.getOffsetDateTime("at").toInstant().toString())
                .put("value", row.getDouble("value"))
                .put("currency", row.getString("currency"));
    }

    Future<Integer> forget(SqlClient tx, int ws, Collection<Integer> people) {
        return tx.preparedQuery("DELETE FROM campaigns_conversion WHERE ws = $1 AND profile_no = ANY ($2)")
                .execute(Tuple.of(ws, (Object) people.toArray(Integer[]::new)))
                .map(rows -> rows.rowCount());
    }
}
