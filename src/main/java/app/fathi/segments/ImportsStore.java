package app.fathi.segments;

import app.fathi.platform.imports.ImportFormat;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlResult;
import io.vertx.sqlclient.Tuple;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** All SQL over {@code segments_import} and what hangs on it. */
final class ImportsStore {

    /** A row that could not be taken, without what stood there. */
    record Fault(long line, String detail) {
        JsonObject toJson() {
            return new JsonObject().put("line", line).put("detail", detail);
        }
    }

    /** False when another one into the segment is not over, and one of both replaces who is in it; with the segment locked. */
    Future<Boolean> insert(SqlClient tx, int ws, Import file) {
        return tx.preparedQuery(
                        """
                        INSERT INTO segments_import (id, ws, segment, mode, format, upload, octets)
                        SELECT $1, $2, $3, $4, $5, $6, $7
                        WHERE NOT EXISTS (
                          SELECT FROM segments_import o
                          WHERE o.ws = $2 AND o.segment = $3 AND o.state IN ('queued', 'running') AND 'replace' IN (o.mode, $4)
                        )
                        """)
                .execute(Tuple.of(
                        file.id(),
                        ws,
                        file.segment(),
                        file.mode().word(),
                        file.format().word(),
                        file.upload(),
                        file.octets()))
                .map(rows -> rows.rowCount() == 1);
    }

    /** What nobody looks at any more. */
    Future<Void> forgetOld(SqlClient tx, int ws) {
        return tx.preparedQuery(
                        "DELETE FROM segments_import WHERE ws = $1 AND finished_at < now() - interval '90 days'")
                .execute(Tuple.of(ws))
                .mapEmpty();
    }

    Future<Optional<Import>> find(SqlClient client, int ws, UUID id) {
        return client.preparedQuery("SELECT * FROM segments_import WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(ws, id))
                .map(rows -> rows.stream().map(ImportsStore::read).findFirst());
    }

    static final String PAGE =
            """
            SELECT * FROM segments_import
            WHERE ws = $1 AND ($2::uuid IS NULL OR id < $2) AND ($3::uuid IS NULL OR segment = $3)
            ORDER BY id DESC LIMIT $4
            """;

    /**
     * Newest first.
     *
     * @param segment only into this one; null for all
     */
    Future<List<Import>> page(SqlClient client, int ws, UUID before, UUID segment, int limit) {
        return client.preparedQuery(PAGE)
                .execute(Tuple.of(ws, before, segment, limit))
                .map(rows -> rows.stream().map(ImportsStore::read).toList());
    }

    static final String FAULTS =
            "SELECT line, detail FROM segments_import_error WHERE import = $1 AND line > $2 ORDER BY line LIMIT $3";

    Future<List<Fault>> faults(SqlClient client, UUID id, long afterLine, int limit) {
        return client.preparedQuery(FAULTS)
                .execute(Tuple.of(id, afterLine, limit))
                .map(rows -> rows.stream()
                        .map(row -> new Fault(row.getLong("line"), row.getString("detail")))
                        .toList());
    }

    Future<Void> writeHeader(SqlClient tx, int ws, UUID id, List<String> header, long position, long line) {
        return tx.preparedQuery(
                        "UPDATE segments_import SET header = $3, position = $4, line = $5 WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(ws, id, header.toArray(String[]::new), position, line))
                .mapEmpty();
    }

    /** Adds to the counts what came of the rows up to here. */
    Future<Void> advance(SqlClient tx, int ws, UUID id, long position, long line, Import.Counts more) {
        return tx.preparedQuery(
                        """
                        UPDATE segments_import
                        SET state = 'running', position = $3, line = $4, added = added + $5, unchanged = unchanged + $6,
                            unknown = unknown + $7, faulty = faulty + $8, removed = removed + $9
                        WHERE ws = $1 AND id = $2
                        """)
                .execute(Tuple.from(new Object[] {
                    ws,
                    id,
                    position,
                    line,
                    more.added(),
                    more.unchanged(),
                    more.unknown(),
                    more.faulty(),
                    more.removed()
                }))
                .mapEmpty();
    }

    Future<Void> writeFaults(SqlClient tx, UUID id, List<Fault> faults) {
        return faults.isEmpty()
                ? Future.succeededFuture()
                : tx.preparedQuery(
                                """
                                INSERT INTO segments_import_error (import, line, detail)
                                SELECT $1, * FROM unnest($2::bigint[], $3::text[]) ON CONFLICT DO NOTHING
                                """)
                        .execute(Tuple.of(
                                id,
                                faults.stream().map(Fault::line).toArray(Long[]::new),
                                faults.stream().map(Fault::detail).toArray(String[]::new)))
                        .mapEmpty();
    }

    /** Remembers that the file names these people. */
    Future<Void> name(SqlClient tx, UUID id, Collection<Integer> people) {
        return people.isEmpty()
                ? Future.succeededFuture()
                : tx.preparedQuery(
                                """
                                INSERT INTO segments_import_member (import, profile_no) SELECT $1, no FROM unnest($2::int[]) no
                                ON CONFLICT DO NOTHING
                                """)
                        .execute(Tuple.of(id, (Object) people.toArray(Integer[]::new)))
                        .mapEmpty();
    }

    Future<Boolean> namesAnybody(SqlClient client, UUID id) {
        return client.preparedQuery("SELECT EXISTS (SELECT FROM segments_import_member WHERE import = $1)")
                .execute(Tuple.of(id))
                .map(rows -> rows.iterator().next().getBoolean(0));
    }

    /** Some who are in the segment, and the last place among its members that was looked at. */
    record Others(List<Integer> people, int last, int looked) {}

    /**
     * Somebody whom the file names may have become part of somebody else since, or the other way round; who was put in after
     * the file had come stays.
     */
    static final String OTHERS =
            """
            WITH looked AS MATERIALIZED (
              SELECT m.profile_no, m.added_at FROM segments_member m
              WHERE m.ws = $1 AND m.segment = $2 AND m.profile_no > $5 ORDER BY m.profile_no LIMIT $6
            )
            SELECT looked.profile_no, person.no,
                   looked.added_at < $4 AND NOT EXISTS (
                     SELECT FROM segments_import_member i WHERE i.import = $3 AND i.profile_no IN (looked.profile_no, person.no)
                   ) AND NOT EXISTS (
                     SELECT FROM cdp_profile part JOIN segments_import_member i ON i.import = $3 AND i.profile_no = part.profile_no
                     WHERE part.merged_into = person.no AND part.ws = $1
                   ) AS leaves
            FROM looked
            JOIN cdp_profile p ON p.ws = $1 AND p.profile_no = looked.profile_no
            CROSS JOIN LATERAL (SELECT coalesce(p.merged_into, p.profile_no) AS no) person
            ORDER BY looked.profile_no
            """;

    /** Who is in the segment and whom the file does not name, of the next so many members. */
    Future<Others> others(SqlClient client, int ws, Import file, int after, int limit) {
        return client.preparedQuery(OTHERS)
                .execute(Tuple.of(ws, file.segment(), file.id(), file.createdAt(), after, limit))
                .map(rows -> {
                    var all = rows.stream().toList();
                    return new Others(
                            all.stream()
                                    .filter(row -> row.getBoolean("leaves"))
                                    .map(row -> row.getInteger("no"))
                                    .distinct()
                                    .toList(),
                            all.isEmpty() ? after : all.getLast().getInteger("profile_no"),
                            all.size());
                });
    }

    /** @param reason why it did not come to its end; null when it did */
    Future<Void> finish(SqlClient tx, int ws, UUID id, Import.State state, String reason) {
        return tx.preparedQuery("DELETE FROM segments_import_member WHERE import = $1")
                .execute(Tuple.of(id))
                .compose(done -> tx.preparedQuery(
                                """
                                UPDATE segments_import SET state = $3, reason = $4, finished_at = now()
                                WHERE ws = $1 AND id = $2 AND finished_at IS NULL
                                """)
                        .execute(Tuple.of(ws, id, state.word(), reason)))
                .mapEmpty();
    }

    Future<Integer> forget(SqlClient tx, int ws, Collection<Integer> people) {
        return tx.preparedQuery(
                        """
                        DELETE FROM segments_import_member m USING segments_import i
                        WHERE i.id = m.import AND i.ws = $1 AND m.profile_no = ANY ($2)
                        """)
                .execute(Tuple.of(ws, (Object) people.toArray(Integer[]::new)))
                .map(SqlResult::rowCount);
    }

    private static Import read(Row row) {
        var header = row.getArrayOfStrings("header");
        return new Import(
                row.getUUID("id"),
                row.getUUID("segment"),
                Import.Mode.of(row.getString("mode")),
                ImportFormat.of(row.getString("format")),
                row.getUUID("upload"),
                row.getLong("octets"),
                Import.State.of(row.getString("state")),
                row.getString("reason"),
                header == null ? null : Arrays.asList(header),
                row.getLong("position"),
                row.getLong("line"),
                new Import.Counts(
                        row.getLong("added"),
                        row.getLong("unchanged"),
                        row.getLong("unknown"),
                        row.getLong("faulty"),
                        row.getLong("removed")),
                row.getOffsetDateTime("created_at"),
                row.get(OffsetDateTime.class, "finished_at"));
    }
}
