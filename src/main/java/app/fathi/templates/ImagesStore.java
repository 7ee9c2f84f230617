package app.fathi.templates;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** All SQL over {@code templates_image} and its files. */
final class ImagesStore {

    /**
     * @param token who knows it may see the files
     * @param width of what was uploaded
     */
    record Image(UUID id, String token, String name, int width, int height, UUID by, OffsetDateTime at) {}

    Future<List<Image>> page(SqlClient client, int ws, UUID before, String q, int limit) {
        return client.preparedQuery(
                        """
                        SELECT * FROM templates_image
                        WHERE ws = $1 AND ($2::uuid IS NULL OR id < $2)
                          AND ($3::text IS NULL OR position(lower($3) IN lower(name)) > 0)
                        ORDER BY id DESC LIMIT $4
                        """)
                .execute(Tuple.of(ws, before, q, limit))
                .map(rows -> rows.stream().map(ImagesStore::read).toList());
    }

    Future<Optional<Image>> find(SqlClient client, int ws, UUID id) {
        return client.preparedQuery("SELECT * FROM templates_image WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(ws, id))
                .map(rows -> rows.stream().map(ImagesStore::read).findFirst());
    }

    /** Counted one after the other, so that a bound holds. */
    Future<Long> count(SqlClient tx, int ws) {
        return tx.preparedQuery("SELECT pg_advisory_xact_lock(hashtextextended('templates_image', $1))")
                .execute(Tuple.of((long) ws))
                .compose(locked -> tx.preparedQuery("SELECT count(*) FROM templates_image WHERE ws = $1")
                        .execute(Tuple.of(ws)))
                .map(rows -> rows.iterator().next().getLong(0));
    }

    Future<Image> insert(SqlClient tx, int ws, UUID id, String token, String name, Picture picture, UUID by) {
        return tx.preparedQuery(
                        """
                        INSERT INTO templates_image (ws, id, token, name, width, height, created_by)
                        VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING *
                        """)
                .execute(Tuple.of(ws, id, token, name, picture.width(), picture.height())
                        .addUUID(by))
                .map(rows -> read(rows.iterator().next()))
                .compose(image -> files(tx, token, picture.files()).map(image));
    }

    private static Future<Void> files(SqlClient tx, String token, Map<String, byte[]> files) {
        return tx.preparedQuery("INSERT INTO templates_image_file (token, file, content) VALUES ($1, $2, $3)")
                .executeBatch(files.entrySet().stream()
                        .map(file -> Tuple.of(token, file.getKey(), Buffer.buffer(file.getValue())))
                        .toList())
                .mapEmpty();
    }

    Future<Optional<Buffer>> file(SqlClient client, String token, String file) {
        return client.preparedQuery("SELECT content FROM templates_image_file WHERE token = $1 AND file = $2")
                .execute(Tuple.of(token, file))
                .map(rows -> rows.stream().map(row -> row.getBuffer("content")).findFirst());
    }

    Future<Void> delete(SqlClient tx, int ws, UUID id) {
        return tx.preparedQuery("DELETE FROM templates_image WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(ws, id))
                .mapEmpty();
    }

    private static Image read(Row row) {
        return new Image(
                row.getUUID("id"),
                row.getString("token"),
                row.getString("name"),
                row.getInteger("width"),
                row.getInteger("height"),
                row.getUUID("created_by"),
                row.getOffsetDateTime("created_at"));
    }
}
