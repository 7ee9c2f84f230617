package app.fathi.campaigns;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Locale;
import java.util.UUID;

/** All SQL over {@code campaigns_run}. */
final class RunsStore {

    enum State {
        SENDING,
        COMPLETED,
        CANCELLED,
        /** Nobody could be found for it, or it could not be sent as it was. */
        FAILED,
        /** It was too late. */
        MISSED;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * A time that a campaign went out, or should have.
     *
     * @param message null where there was none
     * @param reason why there was none, or why it failed; null else
     * @param counts as they were when it ended; null before
     */
    record Run(
            Instant slot, State state, UUID message, String reason, JsonObject counts, Instant at, Instant finishedAt) {

        /** One of a triggered campaign: it was due when it was asked for. */
        static Run of(EntriesStore.Entry entry) {
            var state = entry.state() == null || entry.state().equals("completed")
                    ? RunsStore.State.COMPLETED
                    : entry.state().equals("cancelled") ? RunsStore.State.CANCELLED : RunsStore.State.SENDING;
            return new Run(entry.at(), state, entry.id(), null, null, entry.at(), entry.finishedAt());
        }
    }

    /** False when this slot is another's already: then nothing is to be sent for it. */
    Future<Boolean> claim(SqlClient tx, int ws, UUID campaign, Instant slot, State state, String reason) {
        return tx.preparedQuery(
                        """
                        INSERT INTO campaigns_run (ws, campaign, slot, state, reason, finished_at)
                        VALUES ($1, $2, $3, $4, $5, CASE WHEN $4 = 'sending' THEN NULL ELSE now() END)
                        ON CONFLICT (ws, campaign, slot) DO NOTHING
                        """)
                .execute(Tuple.of(ws, campaign, CampaignsStore.time(slot), state.word(), reason))
                .map(rows -> rows.rowCount() == 1);
    }

    /** Those that nobody sends any more. */
    Future<Void> missed(SqlClient tx, int ws, UUID campaign, List<Instant> slots, String reason) {
        return slots.isEmpty()
                ? Future.succeededFuture()
                : tx.preparedQuery(
                                """
                                INSERT INTO campaigns_run (ws, campaign, slot, state, reason, finished_at)
                                SELECT $1, $2, slot, 'missed', $4, now() FROM unnest($3::timestamptz[]) AS slot
                                ON CONFLICT (ws, campaign, slot) DO NOTHING
                                """)
                        .execute(Tuple.of(
                                ws,
                                campaign,
                                slots.stream().map(CampaignsStore::time).toArray(OffsetDateTime[]::new),
                                reason))
                        .mapEmpty();
    }

    Future<Void> sends(SqlClient tx, int ws, UUID campaign, Instant slot, UUID message) {
        return tx.preparedQuery("UPDATE campaigns_run SET message = $4 WHERE ws = $1 AND campaign = $2 AND slot = $3")
                .execute(Tuple.of(ws, campaign, CampaignsStore.time(slot), message))
                .mapEmpty();
    }

    /** False when it is over already. */
    Future<Boolean> end(
            SqlClient tx, int ws, UUID campaign, Instant slot, State state, String reason, JsonObject counts) {
        return tx.preparedQuery(
                        """
                        UPDATE campaigns_run SET state = $4, reason = $5, counts = $6, finished_at = now()
                        WHERE ws = $1 AND campaign = $2 AND slot = $3 AND state = 'sending'
                        """)
                .execute(Tuple.of(ws, campaign, CampaignsStore.time(slot), state.word(), reason, counts))
                .map(rows -> rows.rowCount() == 1);
    }

    /** Those that are not over. */
    Future<List<Run>> open(SqlClient client, int ws, UUID campaign) {
        return all(
                client,
                "SELECT * FROM campaigns_run WHERE ws = $1 AND campaign = $2 AND state = 'sending' ORDER BY slot",
                Tuple.of(ws, campaign));
    }

    Future<List<Run>> at(SqlClient client, int ws, UUID campaign, Instant slot) {
        return all(
                client,
                "SELECT * FROM campaigns_run WHERE ws = $1 AND campaign = $2 AND slot = $3",
                Tuple.of(ws, campaign, CampaignsStore.time(slot)));
    }

    /** The newest first. */
    Future<List<Run>> page(SqlClient client, int ws, UUID campaign, OffsetDateTime before, int limit) {
        return all(
                client,
                """
                SELECT * FROM campaigns_run
                WHERE ws = $1 AND campaign = $2 AND ($3::timestamptz IS NULL OR slot < $3)
                ORDER BY slot DESC LIMIT $4
                """,
                Tuple.of(ws, campaign, before, limit));
    }

    private static Future<List<Run>> all(SqlClient client, String sql, Tuple parameters) {
        return client.preparedQuery(sql)
                .execute(parameters)
                .map(rows -> rows.stream().map(RunsStore::read).toList());
    }

    private static Run read(Row row) {
        return new Run(
                CampaignsStore.instant(row, "slot"),
                State.valueOf(row.getString("state").toUpperCase(Locale.ROOT)),
                row.getUUID("message"),
                row.getString("reason"),
                row.getJsonObject("counts"),
                CampaignsStore.instant(row, "at"),
                CampaignsStore.instant(row, "finished_at"));
    }
}
