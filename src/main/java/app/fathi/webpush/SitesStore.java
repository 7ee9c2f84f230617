package app.fathi.webpush;

import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** All SQL over {@code webpush_site}. */
final class SitesStore {

    /** Of a workspace: there are few. */
    Future<List<Site>> all(SqlClient client, int ws) {
        return client.preparedQuery("SELECT * FROM webpush_site WHERE ws = $1")
                .execute(Tuple.of(ws))
                .map(rows -> rows.stream().map(SitesStore::read).toList());
    }

    static final String PAGE =
            """
            SELECT * FROM webpush_site WHERE ws = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3
            """;

    /** Newest first. */
    Future<List<Site>> page(SqlClient client, int ws, UUID before, int limit) {
        return client.preparedQuery(PAGE)
                .execute(Tuple.of(ws, before, limit))
                .map(rows -> rows.stream().map(SitesStore::read).toList());
    }

    Future<Optional<Site>> find(SqlClient client, int ws, UUID id) {
        return one(client, "SELECT * FROM webpush_site WHERE ws = $1 AND id = $2", Tuple.of(ws, id));
    }

    Future<Optional<Site>> byOrigin(SqlClient client, int ws, String origin) {
        return one(client, "SELECT * FROM webpush_site WHERE ws = $1 AND origin = $2", Tuple.of(ws, origin));
    }

    Future<Optional<Site>> lock(SqlClient tx, int ws, UUID id) {
        return one(tx, "SELECT * FROM webpush_site WHERE ws = $1 AND id = $2 FOR UPDATE", Tuple.of(ws, id));
    }

    /** Empty when the workspace has one with this origin. */
    Future<Optional<Site>> insert(SqlClient tx, int ws, Site site, UUID by) {
        return one(
                tx,
                """
                INSERT INTO webpush_site (ws, id, origin, name, description, tags, icon, badge, url, binds_keys, created_by, updated_by, welcome)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12)
                ON CONFLICT (ws, origin) DO NOTHING RETURNING *
                """,
                values(ws, site, by));
    }

    Future<Site> update(SqlClient tx, int ws, Site site, UUID by) {
        return one(
                        tx,
                        """
                        UPDATE webpush_site
                        SET origin = $3, name = $4, description = $5, tags = $6, icon = $7, badge = $8, url = $9, binds_keys = $10,
                            updated_by = $11, welcome = $12, updated_at = now(), version = version + 1
                        WHERE ws = $1 AND id = $2 RETURNING *
                        """,
                        values(ws, site, by))
                .map(Optional::orElseThrow);
    }

    private static Tuple values(int ws, Site site, UUID by) {
        return Tuple.from(new Object[] {
            ws,
            site.id(),
            site.origin(),
            site.name(),
            site.description(),
            site.tags().toArray(String[]::new),
            site.icon(),
            site.badge(),
            site.url(),
            site.bindsKeys(),
            by,
            site.welcome() == null ? null : site.welcome().toJson()
        });
    }

    Future<Void> delete(SqlClient tx, int ws, UUID id) {
        return tx.preparedQuery("DELETE FROM webpush_site WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(ws, id))
                .mapEmpty();
    }

    private static Future<Optional<Site>> one(SqlClient client, String sql, Tuple parameters) {
        return client.preparedQuery(sql)
                .execute(parameters)
                .map(rows -> rows.stream().map(SitesStore::read).findFirst());
    }

    private static Site read(Row row) {
        return new Site(
                row.getUUID("id"),
                row.getString("origin"),
                row.getString("name"),
                row.getString("description"),
                List.of(row.getArrayOfStrings("tags")),
                row.getString("icon"),
                row.getString("badge"),
                row.getString("url"),
                row.getBoolean("binds_keys"),
                Welcome.of(row.getJsonObject("welcome")),
                Edits.of(row));
    }
}
