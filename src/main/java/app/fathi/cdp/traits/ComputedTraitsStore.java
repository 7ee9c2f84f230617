package app.fathi.cdp.traits;

import app.fathi.cdp.traits.ComputedTrait.Edits;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** All SQL of how traits are computed, and of how far computing everybody has come. */
final class ComputedTraitsStore {
    static final String PAGE =
            """
            SELECT * FROM cdp_computed_trait
            WHERE ws = $1 AND ($2::text IS NULL OR name > $2)
              AND ($3::text IS NULL OR position(lower($3) IN lower(name)) > 0)
              AND ($4::text IS NULL OR $4 = ANY (tags))
            ORDER BY name LIMIT $5
            """;

    /** By name. */
    Future<List<ComputedTrait>> page(SqlClient client, int ws, String after, String q, String tag, int limit) {
        return client.preparedQuery(PAGE)
                .execute(Tuple.of(ws, after, q, tag, limit))
                .map(rows -> rows.stream().map(ComputedTraitsStore::read).toList());
    }

    Future<List<ComputedTrait>> all(SqlClient client, int ws) {
        return client.preparedQuery("SELECT * FROM cdp_computed_trait WHERE ws = $1 ORDER BY name")
                .execute(Tuple.of(ws))
                .map(rows -> rows.stream().map(ComputedTraitsStore::read).toList());
    }

    Future<Long> count(SqlClient client, int ws) {
        return client.preparedQuery("SELECT count(*) AS traits FROM cdp_computed_trait WHERE ws = $1")
                .execute(Tuple.of(ws))
                .map(rows -> rows.iterator().next().getLong("traits"));
    }

    Future<Optional<ComputedTrait>> find(SqlClient client, int ws, UUID id) {
        return one(client, "SELECT * FROM cdp_computed_trait WHERE ws = $1 AND id = $2", Tuple.of(ws, id));
    }

    Future<Optional<ComputedTrait>> lock(SqlClient tx, int ws, UUID id) {
        return one(tx, "SELECT * FROM cdp_computed_trait WHERE ws = $1 AND id = $2 FOR UPDATE", Tuple.of(ws, id));
    }

    /** Empty when the workspace has one of this name. */
    Future<Optional<ComputedTrait>> insert(SqlClient tx, int ws, ComputedTrait trait, UUID by) {
        return one(
                tx,
                """
                INSERT INTO cdp_computed_trait (ws, id, name, description, tags, compute, created_by, updated_by)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (ws, name) DO NOTHING RETURNING *
                """,
                Tuple.tuple()
                        .addInteger(ws)
                        .addUUID(trait.id())
                        .addString(trait.name())
                        .addString(trait.description())
                        .addArrayOfString(trait.tags().toArray(String[]::new))
                        .addValue(trait.compute())
                        .addUUID(by));
    }

    Future<ComputedTrait> update(SqlClient tx, int ws, ComputedTrait trait, UUID by) {
        return one(
                        tx,
                        """
                        UPDATE cdp_computed_trait SET description = $3, tags = $4, compute = $5, ready = $6, updated_by = $7,
                               updated_at = now(), version = version + 1
                        WHERE ws = $1 AND id = $2 RETURNING *
                        """,
                        Tuple.tuple()
                                .addInteger(ws)
                                .addUUID(trait.id())
                                .addString(trait.description())
                                .addArrayOfString(trait.tags().toArray(String[]::new))
                                .addValue(trait.compute())
                                .addBoolean(trait.ready())
                                .addUUID(by))
                .map(Optional::orElseThrow);
    }

    Future<Void> delete(SqlClient tx, int ws, UUID id) {
        return tx.preparedQuery("DELETE FROM cdp_computed_trait WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(ws, id))
                .mapEmpty();
    }

    // ---- everybody is computed again ----

    /** Nodes read the workspace's traits again, and everybody is to be computed from the first on. */
    Future<Void> changed(SqlClient tx, int ws) {
        return tx.preparedQuery(
                        """
                        INSERT INTO cdp_trait_workspace AS w (ws, asked_to) VALUES ($1, 0)
                        ON CONFLICT (ws) DO UPDATE SET version = w.version + 1, asked_to = 0
                        """)
                .execute(Tuple.of(ws))
                .mapEmpty();
    }

    /** Empty for a workspace that never had such a trait. */
    Future<Optional<Long>> version(SqlClient client, int ws) {
        return client.preparedQuery("SELECT version FROM cdp_trait_workspace WHERE ws = $1")
                .execute(Tuple.of(ws))
                .map(rows -> rows.stream().map(row -> row.getLong("version")).findFirst());
    }

    /** Below which number everybody was computed; empty when nobody is left to be. */
    Future<Optional<Integer>> askedTo(SqlClient client, int ws) {
        return client.preparedQuery("SELECT asked_to FROM cdp_trait_workspace WHERE ws = $1 AND asked_to IS NOT NULL")
                .execute(Tuple.of(ws))
                .map(rows ->
                        rows.stream().map(row -> row.getInteger("asked_to")).findFirst());
    }

    /** No number of a person is higher. */
    Future<Integer> end(SqlClient client, int ws) {
        return client.preparedQuery("SELECT coalesce(max(next), 0) AS after FROM cdp_profile_number WHERE ws = $1")
                .execute(Tuple.of(ws))
                .map(rows -> rows.iterator().next().getInteger("after"));
    }

    static final String PEOPLE =
            """
            SELECT profile_no FROM cdp_profile WHERE ws = $1 AND profile_no >= $2 ORDER BY profile_no LIMIT $3
            """;

    Future<List<Integer>> people(SqlClient client, int ws, int from, int limit) {
        return client.preparedQuery(PEOPLE).execute(Tuple.of(ws, from, limit)).map(rows -> rows.stream()
                .map(row -> row.getInteger("profile_no"))
                .toList());
    }

    Future<Void> asked(SqlConnection tx, int ws, int to) {
        return tx.preparedQuery("UPDATE cdp_trait_workspace SET asked_to = $2 WHERE ws = $1")
                .execute(Tuple.of(ws, to))
                .mapEmpty();
    }

    /** Nobody is left. */
    Future<Void> askedAll(SqlConnection tx, int ws) {
        return tx.preparedQuery("UPDATE cdp_trait_workspace SET asked_to = NULL WHERE ws = $1")
                .execute(Tuple.of(ws))
                .compose(done -> tx.preparedQuery(
                                "UPDATE cdp_computed_trait SET ready = true WHERE ws = $1 AND NOT ready")
                        .execute(Tuple.of(ws)))
                .mapEmpty();
    }

    private static Future<Optional<ComputedTrait>> one(SqlClient client, String sql, Tuple values) {
        return client.preparedQuery(sql)
                .execute(values)
                .map(rows -> rows.stream().map(ComputedTraitsStore::read).findFirst());
    }

    private static ComputedTrait read(Row row) {
        return new ComputedTrait(
                row.getUUID("id"),
                row.getString("name"),
                row.getString("description"),
                List.of(row.getArrayOfStrings("tags")),
                row.getJsonObject("compute"),
                row.getBoolean("ready"),
                new Edits(
                        row.getUUID("created_by"),
                        row.getOffsetDateTime("created_at").toInstant(),
                        row.getUUID("updated_by"),
                        row.getOffsetDateTime("updated_at").toInstant(),
                        row.getLong("version")));
    }
}
