package app.fathi.webpush;

import app.fathi.platform.imports.ImportFormat;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;

/** All SQL over {@code webpush_import} and {@code webpush_import_error}. */
final class ImportsStore {

    /** A row that could not be taken, without what stood there. */
    record Fault(long line, String detail) {
        JsonObject toJson() {
            return new JsonObject().put("line", line).put("detail", detail);
        }
    }

    Future<Void> insert(SqlClient tx, int ws, UUID id, UUID keyId, ImportFormat format, UUID upload, long octets) {
        return tx.preparedQuery(
                        """
                        INSERT INTO webpush_import (id, ws, key_id, format, upload, octets) VALUES ($1, $2, $3, $4, $5, $6)
                        """)
                .execute(Tuple.of(id, ws, keyId, format.word(), upload, octets))
                .mapEmpty();
    }

    /** What nobody looks at any more. */
    Future<Void> forgetOld(SqlClient tx, int ws) {
        return tx.preparedQuery("DELETE FROM webpush_import WHERE ws = $1 AND finished_at < now() - interval '90 days'")
                .execute(Tuple.of(ws))
                .mapEmpty();
    }

    Future<Optional<Import>> find(SqlClient client, int ws, UUID id) {
        return client.preparedQuery("SELECT * FROM webpush_import WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(ws, id))
                .map(rows -> rows.stream().map(ImportsStore::read).findFirst());
    }

    static final String PAGE =
            """
            SELECT * FROM webpush_import WHERE ws = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3
            """;

    /** Newest first. */
    Future<List<Import>> page(SqlClient client, int ws, UUID before, int limit) {
        return client.preparedQuery(PAGE)
                .execute(Tuple.of(ws, before, limit))
                .map(rows -> rows.stream().map(ImportsStore::read).toList());
    }

    static final String FAULTS =
            "SELECT line, detail FROM webpush_import_error WHERE import = $1 AND line > $2 ORDER BY line LIMIT $3";

    Future<List<Fault>> faults(SqlClient client, UUID id, long afterLine, int limit) {
        return client.preparedQuery(FAULTS)
                .execute(Tuple.of(id, afterLine, limit))
                .map(rows -> rows.stream()
                        .map(row -> new Fault(row.getLong("line"), row.getString("detail")))
                        .toList());
    }

    Future<Void> writeHeader(SqlClient tx, int ws, UUID id, List<String> header, long position, long line) {
        return tx.preparedQuery(
                        "UPDATE webpush_import SET header = $3, position = $4, line = $5 WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(ws, id, header.toArray(String[]::new), position, line))
                .mapEmpty();
    }

    /** Adds to the counts what came of the rows up to here. */
    Future<Void> advance(SqlClient tx, int ws, UUID id, long position, long line, Import.Counts more) {
        return tx.preparedQuery(
                        """
                        UPDATE webpush_import
                        SET state = 'running', position = $3, line = $4, created = created + $5, updated = updated + $6,
                            unchanged = unchanged + $7, skipped = skipped + $8, faulty = faulty + $9
                        WHERE ws = $1 AND id = $2
                        """)
                .execute(Tuple.from(new Object[] {
                    ws,
                    id,
                    position,
                    line,
                    more.created(),
                    more.updated(),
                    more.unchanged(),
                    more.skipped(),
                    more.faulty()
                }))
                .mapEmpty();
    }

    Future<Void> writeFaults(SqlClient tx, UUID id, List<Fault> faults) {
        return faults.isEmpty()
                ? Future.succeededFuture()
                : tx.preparedQuery(
                                """
                                INSERT INTO webpush_import_error (import, line, detail)
                                SELECT $1, * FROM unnest($2::bigint[], $3::text[]) ON CONFLICT DO NOTHING
                                """)
                        .execute(Tuple.of(
                                id,
                                faults.stream().map(Fault::line).toArray(Long[]::new),
                                faults.stream().map(Fault::detail).toArray(String[]::new)))
                        .mapEmpty();
    }

    /** @param reason why it did not come to its end; null when it did */
    Future<Void> finish(SqlClient tx, int ws, UUID id, Import.State state, String reason) {
        return tx.preparedQuery(
                        """
                        UPDATE webpush_import SET state = $3, reason = $4, finished_at = now()
                        WHERE ws = $1 AND id = $2 AND finished_at IS NULL
                        """)
                .execute(Tuple.of(ws, id, state.word(), reason))
                .mapEmpty();
    }

    private static Import read(Row row) {
        var header = row.getArrayOfStrings("header");
        return new Import(
                row.getUUID("id"),
                row.getUUID("key_id"),
                ImportFormat.of(row.getString("format")),
                row.getUUID("upload"),
                row.getLong("octets"),
                Import.State.valueOf(row.getString("state").toUpperCase(Locale.ROOT)),
                row.getString("reason"),
                header == null ? null : Arrays.asList(header),
                row.getLong("position"),
                row.getLong("line"),
                new Import.Counts(
                        row.getLong("created"),
                        row.getLong("updated"),
                        row.getLong("unchanged"),
                        row.getLong("skipped"),
                        row.getLong("faulty")),
                row.getOffsetDateTime("created_at"),
                row.get(OffsetDateTime.class, "finished_at"));
    }
}
