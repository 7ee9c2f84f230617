package app.fathi.platform.audit;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** All SQL over {@code audit_chain}, {@code audit_head}, {@code audit_checkpoint} and {@code audit_position}. */
final class ChainStore {

    // ---- chaining ----

    /** @param chained all lines up to it are chained, {@code written} the newest that anybody has begun to write */
    record Reach(long chained, long written) {}

    Future<Reach> reach(SqlClient client) {
        return client.preparedQuery(
                        """
                        SELECT p.id AS chained, CASE WHEN n.is_called THEN n.last_value ELSE 0 END AS written
                        FROM audit_position p, audit_event_number n
                        """)
                .execute()
                .map(rows -> {
                    var row = rows.iterator().next();
                    return new Reach(row.getLong("chained"), row.getLong("written"));
                });
    }

    /** Whether this transaction is the one that chains, until it ends. */
    Future<Boolean> begin(SqlClient tx) {
        return tx.preparedQuery("SELECT pg_try_advisory_xact_lock(hashtextextended('audit_chain', 0)) AS mine")
                .execute()
                .map(rows -> rows.iterator().next().getBoolean("mine"));
    }

    /** Transactions that may have written lines which nobody sees yet: each holds the lock that writing takes. */
    Future<Set<String>> writers(SqlClient tx) {
        return tx.preparedQuery(
                        """
                        SELECT virtualtransaction FROM pg_locks
                        WHERE locktype = 'relation' AND relation = 'audit_event'::regclass AND mode = 'RowExclusiveLock'
                          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                        """)
                .execute()
                .map(rows -> {
                    var writers = new HashSet<String>();
                    rows.forEach(row -> writers.add(row.getString("virtualtransaction")));
                    return writers;
                });
    }

    /** Lines without a place in the chain, the oldest first, with the time of this moment. */
    Future<List<Chain.Event>> unchained(SqlClient tx, long above, int limit) {
        return tx.preparedQuery(
                        """
                        SELECT e.* FROM audit_event e
                        WHERE e.id > $1
                          AND NOT EXISTS (SELECT FROM audit_chain c WHERE c.event = e.id AND c.period >= e.period)
                        ORDER BY e.id
                        LIMIT $2
                        """)
                .execute(Tuple.of(above, limit))
                .map(rows -> {
                    var events = new ArrayList<Chain.Event>();
                    rows.forEach(row -> events.add(event(row, "id", "period")));
                    return events;
                });
    }

    Future<OffsetDateTime> now(SqlClient tx) {
        return tx.preparedQuery("SELECT clock_timestamp() AS now")
                .execute()
                .map(rows -> rows.iterator().next().getOffsetDateTime("now"));
    }

    /** @param at when its last line was chained */
    record Head(Chain.End end, OffsetDateTime at, byte[] signature) {}

    /** The ends of these chains, by workspace; none for a chain that has not begun. */
    Future<Map<Integer, Head>> heads(SqlClient tx, Collection<Integer> workspaces) {
        return tx.preparedQuery("SELECT * FROM audit_head WHERE ws = ANY($1)")
                .execute(Tuple.of(workspaces.toArray(Integer[]::new)))
                .map(rows -> {
                    var heads = new HashMap<Integer, Head>();
                    rows.forEach(row -> heads.put(
                            row.getInteger("ws"),
                            new Head(
                                    new Chain.End(row.getInteger("ws"), row.getLong("seq"), octets(row, "hash"), 0),
                                    row.getOffsetDateTime("at"),
                                    octets(row, "signature"))));
                    return heads;
                });
    }

    /** Rows go into the newest period that has begun. */
    Future<Void> append(SqlClient tx, List<Integer> workspaces, List<Chain.Link> links) {
        return tx.preparedQuery(
                        """
                        INSERT INTO audit_chain (ws, seq, event, event_period, at, content, hash, period)
                        SELECT l.*, p.number
                        FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::bytea[], $7::bytea[]) AS l,
                             (SELECT max(number) AS number FROM partition_period
                              WHERE relation = 'audit_chain' AND begins_at <= statement_timestamp()) AS p
                        """)
                .execute(Tuple.of(
                        workspaces.toArray(Integer[]::new),
                        links.stream().map(Chain.Link::seq).toArray(Long[]::new),
                        links.stream().map(Chain.Link::event).toArray(Long[]::new),
                        links.stream().map(Chain.Link::eventPeriod).toArray(Long[]::new),
                        links.stream().map(Chain.Link::at).toArray(OffsetDateTime[]::new),
                        links.stream()
                                .map(link -> Buffer.buffer(link.content()))
                                .toArray(Buffer[]::new),
                        links.stream().map(link -> Buffer.buffer(link.hash())).toArray(Buffer[]::new)))
                .mapEmpty();
    }

    Future<Void> setHeads(SqlClient tx, Collection<Head> heads) {
        var all = List.copyOf(heads);
        return tx.preparedQuery(
                        """
                        INSERT INTO audit_head (ws, seq, at, hash, signature)
                        SELECT * FROM unnest($1::int[], $2::bigint[], $3::timestamptz[], $4::bytea[], $5::bytea[])
                        ON CONFLICT (ws) DO UPDATE
                        SET seq = excluded.seq, at = excluded.at, hash = excluded.hash, signature = excluded.signature
                        """)
                .execute(Tuple.of(
                        all.stream().map(head -> head.end.ws()).toArray(Integer[]::new),
                        all.stream().map(head -> head.end.seq()).toArray(Long[]::new),
                        all.stream().map(Head::at).toArray(OffsetDateTime[]::new),
                        all.stream().map(head -> Buffer.buffer(head.end.hash())).toArray(Buffer[]::new),
                        all.stream().map(head -> Buffer.buffer(head.signature)).toArray(Buffer[]::new)))
                .mapEmpty();
    }

    Future<Void> settle(SqlClient tx, long id) {
        return tx.preparedQuery("UPDATE audit_position SET id = $1 WHERE id < $1")
                .execute(Tuple.of(id))
                .mapEmpty();
    }

    // ---- checking ----

    /** Places in the chain with what they are of; {@code ?} are workspace, the place before and how many. */
    static final String ROWS =
            """
            SELECT c.seq, c.event, c.event_period, c.at AS chained_at, c.content, c.hash,
                   e.id, e.period, e.ws, e.at, e.operation, e.result, e.actor_kind, e.actor_id, e.actor_name, e.object_kind,
                   e.object_id, e.request_id, e.digest, d.event AS detail_of, d.salt, d.detail, d.receipt
            FROM audit_chain c
            LEFT JOIN audit_event e ON e.id = c.event AND e.period = c.event_period
            LEFT JOIN audit_detail d ON d.event = c.event AND d.period = c.event_period
            WHERE c.ws = ? AND c.seq > ?
            ORDER BY c.seq
            LIMIT ?
            """;

    /** Lines that have no place in the chain although all of their time have: of a workspace, above this id, so many. */
    static final String STRAYS =
            """
            SELECT e.id FROM audit_event e
            WHERE e.ws = ? AND e.id > ? AND e.id <= (SELECT id FROM audit_position)
              AND NOT EXISTS (SELECT FROM audit_chain c WHERE c.event = e.id AND c.ws = e.ws)
            ORDER BY e.id
            LIMIT ?
            """;

    /** Lines that wait for their place. */
    static final String WAITING =
            """
            SELECT count(*) FROM audit_event e
            WHERE e.ws = ? AND e.id > (SELECT id FROM audit_position)
              AND NOT EXISTS (SELECT FROM audit_chain c WHERE c.event = e.id AND c.ws = e.ws)
            """;

    /** Of these receipts, those that no erasure in this workspace has left. */
    static final String UNKNOWN_RECEIPTS =
            """
            SELECT r FROM unnest(?::uuid[]) AS r
            WHERE NOT EXISTS (
              SELECT FROM audit_event e WHERE e.ws = ? AND e.object_kind = 'erasure' AND e.object_id = r::text)
            """;

    static final String HEAD = "SELECT seq, hash, signature, at FROM audit_head WHERE ws = ?";

    /** The newest. */
    static final String CHECKPOINT =
            "SELECT seq, hash, signature, at, period FROM audit_checkpoint WHERE ws = ? ORDER BY period DESC LIMIT 1";

    static final String HASH = "SELECT hash FROM audit_chain WHERE ws = ? AND seq = ?";

    // ---- forgetting ----

    /** The newest period that began before all that is to be kept, and of which every line is chained; none when there is none. */
    Future<Optional<Long>> retirable(SqlClient tx, int keepDays) {
        return tx.preparedQuery(
                        """
                        SELECT max(p.number) AS number FROM partition_period p
                        WHERE p.relation = 'audit_event' AND p.begins_at < now() - make_interval(days => $1) - interval '30 days'
                          AND NOT EXISTS (
                            SELECT FROM audit_event e
                            WHERE e.period <= p.number AND e.id > (SELECT id FROM audit_position))
                        """)
                .execute(Tuple.of(keepDays))
                .map(rows -> Optional.ofNullable(rows.iterator().next().getLong("number")));
    }

    /** The last places that go with the periods up to this one, of each workspace. */
    Future<List<Chain.End>> lastOf(SqlClient tx, long period) {
        return tx.preparedQuery(
                        """
                        SELECT DISTINCT ON (ws) ws, seq, hash FROM audit_chain
                        WHERE period <= $1
                        ORDER BY ws, seq DESC
                        """)
                .execute(Tuple.of(period))
                .map(rows -> {
                    var ends = new ArrayList<Chain.End>();
                    rows.forEach(row -> ends.add(
                            new Chain.End(row.getInteger("ws"), row.getLong("seq"), octets(row, "hash"), period)));
                    return ends;
                });
    }

    /** The same of one workspace; empty when nothing of its chain is so old. */
    Future<Optional<Chain.End>> lastOf(SqlClient tx, int ws, long period) {
        return tx.preparedQuery(
                        """
                        SELECT seq, hash FROM audit_chain WHERE ws = $1 AND period <= $2 ORDER BY seq DESC LIMIT 1
                        """)
                .execute(Tuple.of(ws, period))
                .map(rows -> {
                    for (var row : rows) {
                        return Optional.of(new Chain.End(ws, row.getLong("seq"), octets(row, "hash"), period));
                    }
                    return Optional.empty();
                });
    }

    /** Where there is one of this period already, lines before it are going: it stays. */
    Future<Void> insertCheckpoint(SqlClient tx, Chain.End end, byte[] signature) {
        return tx.preparedQuery(
                        """
                        INSERT INTO audit_checkpoint (ws, seq, hash, period, signature) VALUES ($1, $2, $3, $4, $5)
                        ON CONFLICT (ws, period) DO NOTHING
                        """)
                .execute(Tuple.of(
                        end.ws(), end.seq(), Buffer.buffer(end.hash()), end.period(), Buffer.buffer(signature)))
                .mapEmpty();
    }

    /**
     * Deletes lines of a workspace up to this period, the oldest first: their places in the chain last, so that no line is left
     * without one. How many rows went.
     */
    Future<Integer> forget(SqlClient tx, int ws, long period, int most) {
        return tx.preparedQuery(
                        """
                        WITH old AS MATERIALIZED (
                          SELECT id, period FROM audit_event WHERE ws = $1 AND period <= $2 ORDER BY id LIMIT $3),
                        details AS (DELETE FROM audit_detail d USING old WHERE d.event = old.id AND d.period = old.period)
                        DELETE FROM audit_event e USING old WHERE e.id = old.id AND e.period = old.period
                        """)
                .execute(Tuple.of(ws, period, most))
                .compose(events -> events.rowCount() > 0
                        ? Future.succeededFuture(events.rowCount())
                        : tx.preparedQuery(
                                        """
                                        DELETE FROM audit_chain c USING (
                                          SELECT seq, period FROM audit_chain WHERE ws = $1 AND period <= $2
                                          ORDER BY seq LIMIT $3) AS old
                                        WHERE c.ws = $1 AND c.seq = old.seq AND c.period = old.period
                                        """)
                                .execute(Tuple.of(ws, period, most))
                                .map(places -> places.rowCount()));
    }

    Future<Void> drop(SqlClient tx, long period) {
        return tx.preparedQuery(
                        """
                        SELECT drop_period(relation, number) FROM partition_period
                        WHERE relation IN ('audit_event', 'audit_detail', 'audit_chain') AND number <= $1
                        """)
                .execute(Tuple.of(period))
                .mapEmpty();
    }

    /** Blanks the details of all lines about a thing; an erasure of the trail must hold the receipt as its object. */
    Future<Integer> blank(SqlClient tx, int ws, String objectKind, String objectId, UUID receipt) {
        return tx.preparedQuery(
                        """
                        UPDATE audit_detail d SET salt = NULL, detail = NULL, receipt = $4
                        FROM audit_event e
                        WHERE e.ws = $1 AND e.object_kind = $2 AND e.object_id = $3
                          AND d.event = e.id AND d.period = e.period AND d.receipt IS NULL
                        """)
                .execute(Tuple.of(ws, objectKind, objectId, receipt))
                .map(rows -> rows.rowCount());
    }

    /** The same of lines of which only the detail says what was asked for. */
    Future<Integer> blankAsked(SqlClient tx, int ws, String objectKind, String[] asked, UUID receipt) {
        return tx.preparedQuery(
                        """
                        UPDATE audit_detail d SET salt = NULL, detail = NULL, receipt = $4
                        FROM audit_event e
                        WHERE e.ws = $1 AND e.object_kind = $2 AND e.object_id IS NULL
                          AND d.event = e.id AND d.period = e.period AND d.receipt IS NULL
                          AND EXISTS (SELECT FROM unnest($3::text[]) AS a WHERE strpos(d.detail, a) > 0)
                        """)
                .execute(Tuple.of(ws, objectKind, asked, receipt))
                .map(rows -> rows.rowCount());
    }

    // ---- rows ----

    static ChainCheck.Row row(Row row) {
        var link = new Chain.Link(
                row.getLong("seq"),
                row.getLong("event"),
                row.getLong("event_period"),
                row.getOffsetDateTime("chained_at"),
                octets(row, "content"),
                octets(row, "hash"));
        var detail = row.getLong("detail_of") == null
                ? null
                : new ChainCheck.Detail(octets(row, "salt"), row.getString("detail"), row.getUUID("receipt"));
        return new ChainCheck.Row(link, row.getLong("id") == null ? null : event(row, "id", "period"), detail);
    }

    private static Chain.Event event(Row row, String id, String period) {
        return new Chain.Event(
                row.getLong(id),
                row.getLong(period),
                row.getInteger("ws"),
                row.getOffsetDateTime("at"),
                row.getString("operation"),
                row.getString("result"),
                row.getString("actor_kind"),
                row.getUUID("actor_id"),
                row.getString("actor_name"),
                row.getString("object_kind"),
                row.getString("object_id"),
                row.getString("request_id"),
                octets(row, "digest"));
    }

    private static byte[] octets(Row row, String column) {
        var octets = row.getBuffer(column);
        return octets == null ? null : octets.getBytes();
    }
}
