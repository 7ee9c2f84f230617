package app.fathi.webpush;

import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/** All SQL over {@code webpush_prompt}, {@code webpush_prompt_count} and {@code webpush_prompt_person}. */
final class PromptsStore {

    /** What became of a prompt with one person. {@code refusedAt} is null when it was not refused. */
    record Told(
            int ws,
            UUID prompt,
            int profileNo,
            int shown,
            int accepted,
            int refused,
            OffsetDateTime refusedAt,
            OffsetDateTime lastAt) {}

    /** Of any prompt of the workspace. {@code lastAt} is null when there were none. */
    record Refusals(long count, OffsetDateTime lastAt) {
        static final Refusals NONE = new Refusals(0, null);

        JsonObject toJson() {
            return new JsonObject()
                    .put("count", count)
                    .put("lastAt", lastAt == null ? null : lastAt.toInstant().toString());
        }
    }

    /** Those that may appear, the oldest first: of a workspace there are few. */
    Future<List<Prompt>> active(SqlClient client, int ws) {
        return client.preparedQuery(
                        """
                        SELECT * FROM webpush_prompt p JOIN webpush_prompt_count c ON c.prompt = p.id
                        WHERE p.ws = $1 AND p.active ORDER BY p.id
                        """)
                .execute(Tuple.of(ws))
                .map(rows -> rows.stream().map(PromptsStore::read).toList());
    }

    Future<Long> count(SqlClient client, int ws) {
        return client.preparedQuery("SELECT count(*) AS count FROM webpush_prompt WHERE ws = $1")
                .execute(Tuple.of(ws))
                .map(rows -> rows.iterator().next().getLong("count"));
    }

    Future<List<String>> namesOfSite(SqlClient client, int ws, UUID site) {
        return client.preparedQuery("SELECT name FROM webpush_prompt WHERE ws = $1 AND site = $2 ORDER BY name")
                .execute(Tuple.of(ws, site))
                .map(rows -> rows.stream().map(row -> row.getString("name")).toList());
    }

    static final String PAGE =
            """
            SELECT * FROM webpush_prompt p JOIN webpush_prompt_count c ON c.prompt = p.id
            WHERE p.ws = $1 AND ($2::uuid IS NULL OR p.id < $2) ORDER BY p.id DESC LIMIT $3
            """;

    /** Newest first. */
    Future<List<Prompt>> page(SqlClient client, int ws, UUID before, int limit) {
        return client.preparedQuery(PAGE)
                .execute(Tuple.of(ws, before, limit))
                .map(rows -> rows.stream().map(PromptsStore::read).toList());
    }

    Future<Optional<Prompt>> find(SqlClient client, int ws, UUID id) {
        return one(
                client,
                """
                SELECT * FROM webpush_prompt p JOIN webpush_prompt_count c ON c.prompt = p.id WHERE p.ws = $1 AND p.id = $2
                """,
                Tuple.of(ws, id));
    }

    Future<Optional<Prompt>> lock(SqlClient tx, int ws, UUID id) {
        return one(
                tx,
                """
                SELECT * FROM webpush_prompt p JOIN webpush_prompt_count c ON c.prompt = p.id
                WHERE p.ws = $1 AND p.id = $2 FOR UPDATE OF p
                """,
                Tuple.of(ws, id));
    }

    /** Empty when the workspace has one with this name. */
    Future<Optional<Prompt>> insert(SqlClient tx, int ws, Prompt prompt, UUID by) {
        return one(
                tx,
                """
                WITH made AS (
                  INSERT INTO webpush_prompt
                    (ws, id, name, description, tags, kind, site, active, texts, pages, except_pages, delay_seconds, page_views,
                     pause_days, position, element, created_by, updated_by)
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17)
                  ON CONFLICT (ws, name) DO NOTHING RETURNING *),
                counted AS (INSERT INTO webpush_prompt_count (prompt) SELECT id FROM made RETURNING *)
                SELECT * FROM made JOIN counted ON counted.prompt = made.id
                """,
                values(ws, prompt, by));
    }

    Future<Prompt> update(SqlClient tx, int ws, Prompt prompt, UUID by) {
        return one(
                        tx,
                        """
                        WITH changed AS (
                          UPDATE webpush_prompt
                          SET name = $3, description = $4, tags = $5, kind = $6, site = $7, active = $8, texts = $9, pages = $10,
                              except_pages = $11, delay_seconds = $12, page_views = $13, pause_days = $14, position = $15,
                              element = $16, updated_by = $17, updated_at = now(), version = version + 1
                          WHERE ws = $1 AND id = $2 RETURNING *)
                        SELECT * FROM changed JOIN webpush_prompt_count c ON c.prompt = changed.id
                        """,
                        values(ws, prompt, by))
                .map(Optional::orElseThrow);
    }

    private static Tuple values(int ws, Prompt prompt, UUID by) {
        return Tuple.from(new Object[] {
            ws,
            prompt.id(),
            prompt.name(),
            prompt.description(),
            prompt.tags().toArray(String[]::new),
            prompt.kind(),
            prompt.site(),
            prompt.active(),
            prompt.textsJson(),
            prompt.pages().toArray(String[]::new),
            prompt.exceptPages().toArray(String[]::new),
            prompt.delaySeconds(),
            prompt.pageViews(),
            prompt.pauseDays().toArray(Integer[]::new),
            prompt.position(),
            prompt.element(),
            by
        });
    }

    Future<Void> delete(SqlClient tx, int ws, UUID id) {
        return tx.preparedQuery("DELETE FROM webpush_prompt WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(ws, id))
                .mapEmpty();
    }

    static final String REFUSALS =
            """
            SELECT coalesce(sum(refused), 0)::bigint AS count, max(refused_at) AS last_at FROM webpush_prompt_person
            WHERE ws = $1 AND profile_no = $2 AND refused > 0
            """;

    Future<Refusals> refusals(SqlClient client, int ws, int profileNo) {
        return client.preparedQuery(REFUSALS).execute(Tuple.of(ws, profileNo)).map(rows -> {
            var row = rows.iterator().next();
            return new Refusals(row.getLong("count"), row.getOffsetDateTime("last_at"));
        });
    }

    /** Counts what pages told. Rows are locked in ascending order; which of the prompts there are is answered. */
    Future<Set<UUID>> count(SqlClient tx, Collection<Told> told) {
        return tx.preparedQuery(
                        """
                        WITH told AS (
                          SELECT t.* FROM unnest($1::int[], $2::uuid[], $3::int[], $4::int[], $5::int[], $6::int[], $7::timestamptz[], $8::timestamptz[])
                            AS t (ws, prompt, profile_no, shown, accepted, refused, refused_at, last_at)
                          JOIN webpush_prompt p ON p.id = t.prompt AND p.ws = t.ws),
                        written AS (
                          INSERT INTO webpush_prompt_person AS w (ws, prompt, profile_no, shown, accepted, refused, refused_at, last_at)
                          SELECT * FROM told ORDER BY prompt, profile_no
                          ON CONFLICT (prompt, profile_no) DO UPDATE
                          SET shown = w.shown + excluded.shown, accepted = w.accepted + excluded.accepted,
                              refused = w.refused + excluded.refused, refused_at = greatest(w.refused_at, excluded.refused_at),
                              last_at = greatest(w.last_at, excluded.last_at)
                          RETURNING w.prompt, w.profile_no, w.shown, w.accepted, w.refused),
                        more AS (
                          SELECT t.prompt, sum(t.shown) AS shown, sum(t.accepted) AS accepted, sum(t.refused) AS refused,
                                 count(*) FILTER (WHERE t.shown > 0 AND w.shown = t.shown) AS shown_people,
                                 count(*) FILTER (WHERE t.accepted > 0 AND w.accepted = t.accepted) AS accepted_people,
                                 count(*) FILTER (WHERE t.refused > 0 AND w.refused = t.refused) AS refused_people
                          FROM told t JOIN written w USING (prompt, profile_no) GROUP BY t.prompt),
                        locked AS MATERIALIZED (
                          SELECT c.prompt FROM webpush_prompt_count c WHERE c.prompt IN (SELECT prompt FROM more)
                          ORDER BY c.prompt FOR UPDATE)
                        UPDATE webpush_prompt_count c
                        SET shown = c.shown + m.shown, accepted = c.accepted + m.accepted, refused = c.refused + m.refused,
                            shown_people = c.shown_people + m.shown_people, accepted_people = c.accepted_people + m.accepted_people,
                            refused_people = c.refused_people + m.refused_people
                        FROM more m JOIN locked USING (prompt) WHERE c.prompt = m.prompt
                        RETURNING c.prompt
                        """)
                .execute(Tuple.from(new Object[] {
                    told.stream().map(Told::ws).toArray(Integer[]::new),
                    told.stream().map(Told::prompt).toArray(UUID[]::new),
                    told.stream().map(Told::profileNo).toArray(Integer[]::new),
                    told.stream().map(Told::shown).toArray(Integer[]::new),
                    told.stream().map(Told::accepted).toArray(Integer[]::new),
                    told.stream().map(Told::refused).toArray(Integer[]::new),
                    told.stream().map(Told::refusedAt).toArray(OffsetDateTime[]::new),
                    told.stream().map(Told::lastAt).toArray(OffsetDateTime[]::new)
                }))
                .map(rows -> rows.stream().map(row -> row.getUUID("prompt")).collect(Collectors.toSet()));
    }

    /** Of people of whom nothing was heard for so long, and of prompts that are gone; how many went, at most the limit. */
    Future<Integer> forgetOld(SqlClient client, int days, int limit) {
        return client.preparedQuery(
                        """
                        DELETE FROM webpush_prompt_person WHERE (prompt, profile_no) IN (
                          SELECT w.prompt, w.profile_no FROM webpush_prompt_person w
                          WHERE w.last_at < now() - make_interval(days => $1)
                             OR NOT EXISTS (SELECT FROM webpush_prompt p WHERE p.id = w.prompt)
                          LIMIT $2)
                        """)
                .execute(Tuple.of(days, limit))
                .map(rows -> rows.rowCount());
    }

    private static Future<Optional<Prompt>> one(SqlClient client, String sql, Tuple parameters) {
        return client.preparedQuery(sql)
                .execute(parameters)
                .map(rows -> rows.stream().map(PromptsStore::read).findFirst());
    }

    private static Prompt read(Row row) {
        return new Prompt(
                row.getUUID("id"),
                row.getString("name"),
                row.getString("description"),
                List.of(row.getArrayOfStrings("tags")),
                row.getString("kind"),
                row.getUUID("site"),
                row.getBoolean("active"),
                ((JsonArray) row.getValue("texts"))
                        .stream()
                                .map(JsonObject.class::cast)
                                .map(PromptText::of)
                                .toList(),
                List.of(row.getArrayOfStrings("pages")),
                List.of(row.getArrayOfStrings("except_pages")),
                row.getInteger("delay_seconds"),
                row.getInteger("page_views"),
                List.of(row.getArrayOfIntegers("pause_days")),
                row.getString("position"),
                row.getString("element"),
                new Prompt.Counts(
                        row.getLong("shown"),
                        row.getLong("accepted"),
                        row.getLong("refused"),
                        row.getLong("shown_people"),
                        row.getLong("accepted_people"),
                        row.getLong("refused_people")),
                Edits.of(row));
    }
}
