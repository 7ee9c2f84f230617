package app.fathi.platform.audit;

import io.vertx.core.json.JsonObject;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** The audit trail for who works at the machine itself, with the operator's tool: the same rows, over JDBC. */
public final class OperatorAudit {
    /** The workspace of the first start: what concerns the whole installation is told there. */
    public static final int FIRST_WORKSPACE = 1;

    private static final int PAGE = 1_000;

    private OperatorAudit() {}

    /** The account of the operating system, as the trail names it. */
    public static String operator() {
        return System.getProperty("user.name");
    }

    /** Records the change in the change's own transaction, see {@link Audit#record}. */
    public static void record(
            Connection tx,
            int ws,
            String operation,
            String objectKind,
            Object objectId,
            JsonObject before,
            JsonObject after)
            throws SQLException {
        AuditStore.insert(tx, AuditEvent.ofOperator(ws, operation, operator(), objectKind, objectId, before, after));
    }

    /** Something that does not fit, in words; {@code seq} and {@code event} null when no single line is meant. */
    public record Fault(String kind, Long seq, Long event, String detail) {}

    /**
     * What a check of a workspace's whole chain has found.
     *
     * @param checked how many lines have their place in it, {@code waiting} how many have none yet
     * @param checkpoint the last line that retention has dropped; 0 when it has not
     * @param seq the number of the last line, {@code hash} its hash: to be written down elsewhere
     * @param erased lines whose detail an erasure has blanked, by its receipt
     * @param faults at most 100
     */
    public record Verified(
            long checked,
            long waiting,
            long checkpoint,
            long seq,
            byte[] hash,
            Map<UUID, Long> erased,
            List<Fault> faults) {}

    /**
     * Checks the chain of one instant, from the last checkpoint to its end. The transaction has to be repeatable read.
     *
     * @param key the key derived from the master key for {@code audit}
     */
    public static Verified verify(Connection tx, int ws, byte[] key) throws SQLException {
        var checkpoint = signed(tx, ChainStore.CHECKPOINT, ws, true);
        var check = checkpoint == null
                ? new ChainCheck(ws, 0, Chain.BEGINNING, 0)
                : new ChainCheck(ws, checkpoint.end.seq(), checkpoint.end.hash(), checkpoint.end.period());
        if (checkpoint != null) {
            check.checkpoint(checkpoint.end, checkpoint.signature, key);
        }
        while (page(tx, ws, check) == PAGE && !check.isFull()) {
            // The check has moved on by a page.
        }
        var head = signed(tx, ChainStore.HEAD, ws, false);
        check.end(head == null ? null : head.end, head == null ? null : head.signature, key);
        strays(tx, ws, check);
        receipts(tx, ws, check);
        return new Verified(
                check.checked(),
                waiting(tx, ws),
                checkpoint == null ? 0 : checkpoint.end.seq(),
                check.seq(),
                check.hash(),
                check.receipts(),
                check.faults().stream()
                        .map(fault -> new Fault(fault.kind().word(), fault.seq(), fault.event(), fault.detail()))
                        .toList());
    }

    private static int page(Connection tx, int ws, ChainCheck check) throws SQLException {
        try (var statement = tx.prepareStatement(ChainStore.ROWS)) {
            statement.setInt(1, ws);
            statement.setLong(2, check.seq());
            statement.setInt(3, PAGE);
            int read = 0;
            try (var rows = statement.executeQuery()) {
                while (rows.next()) {
                    check.add(row(rows));
                    read++;
                }
            }
            return read;
        }
    }

    private static ChainCheck.Row row(ResultSet row) throws SQLException {
        var link = new Chain.Link(
                row.getLong("seq"),
                row.getLong("event"),
                row.getLong("event_period"),
                row.getObject("chained_at", OffsetDateTime.class),
                row.getBytes("content"),
                row.getBytes("hash"));
        var event = row.getObject("id") == null
                ? null
                : new Chain.Event(
                        row.getLong("id"),
                        row.getLong("period"),
                        row.getInt("ws"),
                        row.getObject("at", OffsetDateTime.class),
                        row.getString("operation"),
                        row.getString("result"),
                        row.getString("actor_kind"),
                        row.getObject("actor_id", UUID.class),
                        row.getString("actor_name"),
                        row.getString("object_kind"),
                        row.getString("object_id"),
                        row.getString("request_id"),
                        row.getBytes("digest"));
        var detail = row.getObject("detail_of") == null
                ? null
                : new ChainCheck.Detail(
                        row.getBytes("salt"), row.getString("detail"), row.getObject("receipt", UUID.class));
        return new ChainCheck.Row(link, event, detail);
    }

    private record Signed(Chain.End end, byte[] signature) {}

    private static Signed signed(Connection tx, String sql, int ws, boolean hasPeriod) throws SQLException {
        try (var statement = tx.prepareStatement(sql)) {
            statement.setInt(1, ws);
            try (var row = statement.executeQuery()) {
                return row.next()
                        ? new Signed(
                                new Chain.End(
                                        ws,
                                        row.getLong("seq"),
                                        row.getBytes("hash"),
                                        hasPeriod ? row.getLong("period") : 0),
                                row.getBytes("signature"))
                        : null;
            }
        }
    }

    private static void strays(Connection tx, int ws, ChainCheck check) throws SQLException {
        try (var statement = tx.prepareStatement(ChainStore.STRAYS)) {
            statement.setInt(1, ws);
            statement.setLong(2, Long.MIN_VALUE);
            statement.setInt(3, ChainCheck.MAX_FAULTS);
            try (var rows = statement.executeQuery()) {
                while (rows.next()) {
                    check.unchained(rows.getLong(1));
                }
            }
        }
    }

    private static void receipts(Connection tx, int ws, ChainCheck check) throws SQLException {
        try (var statement = tx.prepareStatement(ChainStore.UNKNOWN_RECEIPTS)) {
            statement.setArray(
                    1, tx.createArrayOf("uuid", check.receipts().keySet().toArray()));
            statement.setInt(2, ws);
            try (var rows = statement.executeQuery()) {
                while (rows.next()) {
                    check.unknownReceipt(rows.getObject(1, UUID.class));
                }
            }
        }
    }

    private static long waiting(Connection tx, int ws) throws SQLException {
        try (var statement = tx.prepareStatement(ChainStore.WAITING)) {
            statement.setInt(1, ws);
            try (var row = statement.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }
    }
}
