package app.fathi.campaigns;

import app.fathi.cdp.DerivedBatch.Moved;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/** All SQL over {@code campaigns_entry} and {@code campaigns_entrant}. */
final class EntriesStore {
    /** What is told of one person. */
    private static final int TOLD = 1_000;

    static final String CLAIM =
            """
            INSERT INTO campaigns_entry (ws, campaign, id, key) VALUES ($1, $2, $3, $4)
            ON CONFLICT (ws, campaign, key) DO NOTHING
            """;

    /** False when an entry has this key already. Who asks while another asks with it waits for how that ends. */
    Future<Boolean> claim(SqlClient tx, int ws, UUID campaign, UUID id, String key) {
        return tx.preparedQuery(CLAIM)
                .execute(Tuple.of(ws, campaign, id, hash(key)))
                .map(rows -> rows.rowCount() == 1);
    }

    Future<Optional<UUID>> byKey(SqlClient tx, int ws, UUID campaign, String key) {
        return tx.preparedQuery("SELECT id FROM campaigns_entry WHERE ws = $1 AND campaign = $2 AND key = $3")
                .execute(Tuple.of(ws, campaign, hash(key)))
                .map(rows -> rows.stream().map(row -> row.getUUID("id")).findFirst());
    }

    /** Nobody was entered after all. */
    Future<Void> release(SqlClient tx, int ws, UUID campaign, UUID id) {
        return tx.preparedQuery("DELETE FROM campaigns_entry WHERE ws = $1 AND campaign = $2 AND id = $3")
                .execute(Tuple.of(ws, campaign, id))
                .mapEmpty();
    }

    private static UUID hash(String key) {
        return UUID.nameUUIDFromBytes(key.getBytes(StandardCharsets.UTF_8));
    }

    /** Of each the newest 16 messages are kept. In the order of people, which is that of their locks. */
    static final String ENTER =
            """
            WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS now)
            INSERT INTO campaigns_entrant AS e (ws, profile_no, campaign, last_at, messages)
            SELECT $1, p.no, $2, c.now, ARRAY[$4::uuid] FROM unnest($3::int[]) AS p (no) CROSS JOIN clock c ORDER BY p.no
            ON CONFLICT (ws, profile_no, campaign) DO UPDATE
            SET last_at = greatest(e.last_at, excluded.last_at), messages = (excluded.messages || e.messages)[1:16]
            WHERE e.last_at <= excluded.last_at - make_interval(mins => $5)
            RETURNING profile_no
            """;

    /**
     * Those of these people who may be entered, and are; of whom two ask at once, one.
     *
     * @param people ascending
     * @param cooldown since they were entered last
     */
    Future<Set<Integer>> enter(
            SqlClient tx, int ws, UUID campaign, Collection<Integer> people, UUID message, Duration cooldown) {
        return numbers(tx.preparedQuery(ENTER)
                .execute(Tuple.of(ws, campaign, people.toArray(Integer[]::new), message, (int) cooldown.toMinutes())));
    }

    static final String RESTING =
            """
            SELECT profile_no FROM campaigns_entrant
            WHERE ws = $1 AND profile_no = ANY ($3) AND campaign = $2
              AND last_at > clock_timestamp() - make_interval(mins => $4)
            """;

    /** Those of these people who were entered so lately. */
    Future<Set<Integer>> resting(
            SqlClient client, int ws, UUID campaign, Collection<Integer> people, Duration cooldown) {
        return numbers(client.preparedQuery(RESTING)
                .execute(Tuple.of(ws, campaign, people.toArray(Integer[]::new), (int) cooldown.toMinutes())));
    }

    private static Future<Set<Integer>> numbers(Future<io.vertx.sqlclient.RowSet<Row>> rows) {
        return rows.map(
                all -> all.stream().map(row -> row.getInteger("profile_no")).collect(Collectors.toSet()));
    }

    /**
     * A time that people were entered.
     *
     * @param id also the message's
     * @param state of the message, as {@code cep} writes it; null where it is not kept any more
     */
    record Entry(UUID id, Instant at, String state, Instant finishedAt) {}

    static final String PAGE =
            """
            SELECT e.id, e.at, m.state, m.finished_at
            FROM (SELECT ws, id, at FROM campaigns_entry
                  WHERE ws = $1 AND campaign = $2 AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4) e
            LEFT JOIN campaigns_message m ON m.id = e.id AND m.ws = e.ws
            ORDER BY e.id DESC
            """;

    /** The newest first. */
    Future<List<Entry>> page(SqlClient client, int ws, UUID campaign, UUID before, int limit) {
        return client.preparedQuery(PAGE)
                .execute(Tuple.of(ws, campaign, before, limit))
                .map(rows -> rows.stream()
                        .map(row -> new Entry(
                                row.getUUID("id"),
                                CampaignsStore.instant(row, "at"),
                                row.getString("state"),
                                CampaignsStore.instant(row, "finished_at")))
                        .toList());
    }

    static final String UNITE =
            """
            INSERT INTO campaigns_entrant AS e (ws, profile_no, campaign, last_at, messages)
            SELECT DISTINCT ON (m.ws, m.to_no, f.campaign) m.ws, m.to_no, f.campaign, f.last_at, f.messages
            FROM unnest($1::int[], $2::int[], $3::int[]) AS m (ws, from_no, to_no)
            JOIN campaigns_entrant f ON f.ws = m.ws AND f.profile_no = m.from_no
            ORDER BY m.ws, m.to_no, f.campaign, f.last_at DESC
            ON CONFLICT (ws, profile_no, campaign) DO UPDATE
            SET last_at = greatest(e.last_at, excluded.last_at), messages = (e.messages || excluded.messages)[1:16]
            WHERE e.last_at < excluded.last_at
            """;

    /** Who has become part of another was entered as they: both rest. */
    Future<Void> unite(SqlClient tx, List<Moved> moved) {
        return tx.preparedQuery(UNITE)
                .execute(Tuple.of(
                        moved.stream().map(Moved::ws).toArray(Integer[]::new),
                        moved.stream().map(Moved::fromNo).toArray(Integer[]::new),
                        moved.stream().map(Moved::toNo).toArray(Integer[]::new)))
                .mapEmpty();
    }

    /** All that is kept of these people, as lines of an export. */
    Future<List<JsonObject>> of(SqlClient client, int ws, Collection<Integer> people) {
        return client.preparedQuery(
                        """
                        SELECT c.name, e.last_at FROM campaigns_entrant e
                        JOIN campaigns_campaign c ON c.ws = e.ws AND c.id = e.campaign
                        WHERE e.ws = $1 AND e.profile_no = ANY ($2) ORDER BY e.last_at LIMIT $3
                        """)
                .execute(Tuple.of(ws, people.toArray(Integer[]::new), TOLD))
                .map(rows -> rows.stream()
                        .map(row -> new JsonObject()
                                .put("kind", "entry")
                                .put("campaign", row.getString("name"))
                                .put(
                                        "lastAt",
                                        CampaignsStore.instant(row, "last_at").toString()))
                        .toList());
    }

    Future<Integer> erase(SqlClient tx, int ws, Collection<Integer> people) {
        return tx.preparedQuery("DELETE FROM campaigns_entrant WHERE ws = $1 AND profile_no = ANY ($2)")
                .execute(Tuple.of(ws, (Object) people.toArray(Integer[]::new)))
                .map(rows -> rows.rowCount());
    }

    /** All of a campaign that is no more. */
    Future<Void> forget(SqlClient tx, int ws, UUID campaign) {
        return tx.preparedQuery("DELETE FROM campaigns_entry WHERE ws = $1 AND campaign = $2")
                .execute(Tuple.of(ws, campaign))
                .compose(rows -> tx.preparedQuery("DELETE FROM campaigns_entrant WHERE ws = $1 AND campaign = $2")
                        .execute(Tuple.of(ws, campaign)))
                .mapEmpty();
    }

    static final String FORGET_ENTRIES =
            """
            DELETE FROM campaigns_entry e USING (
              SELECT x.ws, x.campaign, x.id FROM campaigns_campaign c
              CROSS JOIN LATERAL (SELECT ws, campaign, id FROM campaigns_entry
                                  WHERE ws = c.ws AND campaign = c.id AND id < $2 ORDER BY id LIMIT $3) x
              WHERE ($1::int IS NULL OR c.ws = $1) AND c.body->'schedule'->>'kind' = 'triggered'
              LIMIT $3) o
            WHERE e.ws = o.ws AND e.campaign = o.campaign AND e.id = o.id
            """;

    static final String FORGET_ENTRANTS =
            """
            DELETE FROM campaigns_entrant WHERE ctid = ANY (ARRAY (
              SELECT ctid FROM campaigns_entrant
              WHERE ($1::int IS NULL OR ws = $1) AND last_at < now() - make_interval(days => $2) LIMIT $3))
            """;

    /**
     * What is older, so many rows at most.
     *
     * @param ws null for all
     */
    Future<Integer> forget(SqlClient tx, Integer ws, int days, int most) {
        long since = Instant.now().minus(Duration.ofDays(days)).toEpochMilli();
        // Ids begin with their millisecond.
        return tx.preparedQuery(FORGET_ENTRIES)
                .execute(Tuple.of(ws, new UUID(since << 16, 0), most))
                .compose(entries -> entries.rowCount() == most
                        ? Future.succeededFuture(most)
                        : tx.preparedQuery(FORGET_ENTRANTS)
                                .execute(Tuple.of(ws, days, most - entries.rowCount()))
                                .map(rows -> entries.rowCount() + rows.rowCount()));
    }
}
