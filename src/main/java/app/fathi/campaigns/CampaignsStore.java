package app.fathi.campaigns;

import app.fathi.campaigns.Campaign.Edits;
import app.fathi.campaigns.CampaignLife.Approval;
import app.fathi.campaigns.CampaignLife.State;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** All SQL over {@code campaigns_campaign}, and what it asks of workspaces and keys. */
final class CampaignsStore {

    /** What a list is narrowed to; null for all. */
    record Filter(String status, String tag, String q) {}

    /** Where the page before ended; null for the first. */
    record After(UUID id, OffsetDateTime updatedAt, String name) {}

    /** How a list goes. */
    enum Sort {
        /** The newest first. */
        CREATED("($2::uuid IS NULL OR id < $2)", "id DESC"),
        /** What was changed last first. */
        UPDATED("($3::timestamptz IS NULL OR (updated_at, id) < ($3, $2))", "updated_at DESC, id DESC"),
        NAME("($4::text IS NULL OR (lower(name), id) > (lower($4), $2))", "lower(name), id");

        private final String page;

        Sort(String behind, String order) {
            page =
                    """
                    SELECT * FROM campaigns_campaign
                    WHERE ws = $1 AND $2::uuid IS NOT DISTINCT FROM $2 AND $3::timestamptz IS NOT DISTINCT FROM $3
                      AND $4::text IS NOT DISTINCT FROM $4 AND %s
                      AND ($5::text IS NULL AND status <> 'archived' OR status = $5)
                      AND ($6::text IS NULL OR $6 = ANY (tags))
                      AND ($7::text IS NULL OR position(lower($7) IN lower(name || ' ' || description || ' ' || body::text)) > 0)
                    ORDER BY %s LIMIT $8
                    """
                            .formatted(behind, order);
        }

        List<?> position(Campaign campaign) {
            return switch (this) {
                case CREATED -> List.of(campaign.id());
                case UPDATED -> List.of(campaign.id(), campaign.edits().updatedAt());
                // As it is: what is lower is the database's to say, which knows no İ of two letters.
                case NAME -> List.of(campaign.id(), campaign.name());
            };
        }
    }

    Future<List<Campaign>> page(SqlClient client, int ws, Sort sort, After after, Filter filter, int limit) {
        return client.preparedQuery(sort.page)
                .execute(Tuple.from(new Object[] {
                    ws, after.id, after.updatedAt, after.name, filter.status, filter.tag, filter.q, limit
                }))
                .map(rows -> rows.stream().map(CampaignsStore::read).toList());
    }

    Future<Optional<Campaign>> find(SqlClient client, int ws, UUID id) {
        return one(client, "SELECT * FROM campaigns_campaign WHERE ws = $1 AND id = $2", Tuple.of(ws, id));
    }

    Future<Optional<Campaign>> lock(SqlClient tx, int ws, UUID id) {
        return one(
                tx, "SELECT * FROM campaigns_campaign WHERE ws = $1 AND id = $2 FOR NO KEY UPDATE", Tuple.of(ws, id));
    }

    Future<Long> count(SqlClient client, int ws) {
        return client.preparedQuery("SELECT count(*) FROM campaigns_campaign WHERE ws = $1")
                .execute(Tuple.of(ws))
                .map(rows -> rows.iterator().next().getLong(0));
    }

    /** Empty when the workspace has one of this name. */
    Future<Optional<Campaign>> insert(SqlClient tx, int ws, Campaign campaign, UUID by) {
        return one(
                tx,
                """
                INSERT INTO campaigns_campaign
                  (ws, id, name, description, tags, body, status, segments, template, edited_by, created_by, updated_by)
                VALUES ($1, $2, $3, $4, $5, $6, 'draft', $7, $8, $9, $9, $9)
                ON CONFLICT (ws, lower(name)) DO NOTHING RETURNING *
                """,
                Tuple.from(new Object[] {
                    ws,
                    campaign.id(),
                    campaign.name(),
                    campaign.description(),
                    campaign.tags().toArray(String[]::new),
                    campaign.body().toJson(),
                    segments(campaign),
                    template(campaign),
                    by
                }));
    }

    /**
     * What it is called, says and is for, and where it stands. Empty when another one of the workspace has this name.
     *
     * @param edited whether what is sent is another
     */
    Future<Optional<Campaign>> update(SqlClient tx, int ws, Campaign campaign, boolean edited, UUID by) {
        return one(
                tx,
                """
                UPDATE campaigns_campaign
                SET name = $3, description = $4, tags = $5, body = $6, segments = $7, template = $8, template_version = $9,
                    comment = $10, status = $11, approval = $12, next_slot = $13,
                    edited_by = CASE WHEN $14 THEN $15::uuid ELSE edited_by END,
                    updated_by = $15, updated_at = now(), version = version + 1
                WHERE ws = $1 AND id = $2
                  AND NOT EXISTS (SELECT FROM campaigns_campaign o WHERE o.ws = $1 AND lower(o.name) = lower($3) AND o.id <> $2)
                RETURNING *
                """,
                Tuple.from(new Object[] {
                    ws,
                    campaign.id(),
                    campaign.name(),
                    campaign.description(),
                    campaign.tags().toArray(String[]::new),
                    campaign.body().toJson(),
                    segments(campaign),
                    template(campaign),
                    campaign.templateVersion(),
                    campaign.comment(),
                    campaign.life().status().word(),
                    campaign.life().approval().word(),
                    time(campaign.life().next()),
                    edited,
                    by
                }));
    }

    /** Where it stands now. The version stays: nobody who has read it has read anything else. */
    Future<Campaign> turn(SqlClient tx, int ws, Campaign campaign) {
        var life = campaign.life();
        return one(
                        tx,
                        """
                        UPDATE campaigns_campaign
                        SET status = $3, approval = $4, next_slot = $5, open_runs = $6, sent_runs = $7, comment = $8,
                            template_version = $9,
                            started_at = CASE WHEN $3 = 'running' THEN coalesce(started_at, now()) ELSE started_at END,
                            finished_at = CASE WHEN $3 IN ('completed', 'cancelled', 'failed')
                                               THEN coalesce(finished_at, now()) ELSE finished_at END
                        WHERE ws = $1 AND id = $2 RETURNING *
                        """,
                        Tuple.from(new Object[] {
                            ws,
                            campaign.id(),
                            life.status().word(),
                            life.approval().word(),
                            time(life.next()),
                            life.open(),
                            life.sent(),
                            campaign.comment(),
                            campaign.templateVersion()
                        }))
                .map(Optional::orElseThrow);
    }

    /** Somebody lets it go out, now. */
    Future<Void> asked(SqlClient tx, int ws, UUID id) {
        return tx.preparedQuery("UPDATE campaigns_campaign SET asked_at = now() WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(ws, id))
                .mapEmpty();
    }

    Future<Void> delete(SqlClient tx, int ws, UUID id) {
        return tx.preparedQuery("DELETE FROM campaigns_campaign WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(ws, id))
                .mapEmpty();
    }

    /**
     * What a workspace says that matters here.
     *
     * @param approvalLimit people beyond whom somebody else has to approve; null for none
     */
    record Workspace(ZoneId zone, String language, boolean fourEyes, Integer approvalLimit) {}

    Future<Workspace> workspace(SqlClient client, int ws) {
        return client.preparedQuery("SELECT * FROM campaigns_workspace WHERE ws = $1")
                .execute(Tuple.of(ws))
                .map(rows -> rows.stream()
                        .map(row -> new Workspace(
                                zone(row.getString("timezone")),
                                row.getString("language"),
                                row.getBoolean("four_eyes"),
                                row.getInteger("approval_limit")))
                        .findFirst()
                        .orElseThrow());
    }

    private static ZoneId zone(String name) {
        try {
            return ZoneId.of(name);
        } catch (DateTimeException e) {
            return ZoneOffset.UTC;
        }
    }

    static final String WROTE =
            """
            SELECT EXISTS (
              SELECT FROM campaigns_campaign c
              LEFT JOIN campaigns_author a ON a.ws = c.ws AND a.id IN (c.created_by, c.edited_by)
              WHERE c.ws = $1 AND c.id = $2 AND $3 IN (c.created_by, c.edited_by, a.maker)) AS wrote
            """;

    /** Whether they made it, or changed last what is sent, themselves or with a key that they made. */
    Future<Boolean> wrote(SqlClient client, int ws, UUID id, UUID who) {
        return client.preparedQuery(WROTE)
                .execute(Tuple.of(ws, id, who))
                .map(rows -> rows.iterator().next().getBoolean("wrote"));
    }

    /** The database's clock, by which it is decided what is due. */
    Future<Instant> now(SqlClient client) {
        return client.preparedQuery("SELECT clock_timestamp() AS now")
                .execute()
                .map(rows -> instant(rows.iterator().next(), "now"));
    }

    private static UUID[] segments(Campaign campaign) {
        return campaign.body().audience().segments().toArray(UUID[]::new);
    }

    private static UUID template(Campaign campaign) {
        return campaign.body().template() == null
                ? null
                : campaign.body().template().id();
    }

    private static Future<Optional<Campaign>> one(SqlClient client, String sql, Tuple parameters) {
        return client.preparedQuery(sql)
                .execute(parameters)
                .map(rows -> rows.stream().map(CampaignsStore::read).findFirst());
    }

    private static Campaign read(Row row) {
        var body = CampaignBody.of(row.getJsonObject("body"));
        var status = Status.of(row.getString("status"));
        return new Campaign(
                row.getUUID("id"),
                row.getString("name"),
                row.getString("description"),
                List.of(row.getArrayOfStrings("tags")),
                body,
                new State(
                        status,
                        Approval.of(row.getString("approval")),
                        instant(row, "next_slot"),
                        row.getInteger("open_runs"),
                        row.getInteger("sent_runs"),
                        body.isTriggered() && (status == Status.RUNNING || status == Status.PAUSED)),
                row.getString("comment"),
                row.getLong("template_version"),
                new Edits(
                        row.getUUID("created_by"),
                        instant(row, "created_at"),
                        row.getUUID("updated_by"),
                        instant(row, "updated_at"),
                        row.getUUID("edited_by"),
                        instant(row, row.getOffsetDateTime("asked_at") == null ? "updated_at" : "asked_at"),
                        instant(row, "started_at"),
                        instant(row, "finished_at"),
                        row.getLong("version")));
    }

    static Instant instant(Row row, String column) {
        var time = row.getOffsetDateTime(column);
        return time == null ? null : time.toInstant();
    }

    static OffsetDateTime time(Instant at) {
        return at == null ? null : at.atOffset(ZoneOffset.UTC);
    }
}
