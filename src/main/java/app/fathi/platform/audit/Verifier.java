package app.fathi.platform.audit;

import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.OffsetDateTime;
import java.util.HexFormat;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;

/** Checks a workspace's chain on behalf of a request: of one instant, page by page, so many lines at most. */
final class Verifier {
    static final int MAX_LINES = 50_000;

    private static final int PAGE = 500;

    private final Pool pool;
    private final byte[] key;

    /** @param key {@code Secrets.derivedKey("audit")} */
    Verifier(Pool pool, byte[] key) {
        this.pool = pool;
        this.key = key.clone();
    }

    /** An end of the chain that the caller has written down. */
    record Known(long seq, byte[] hash) {
        /** @param text a number, a colon, and 64 hexadecimal digits, as the contract has it */
        static Known of(String text) {
            var colon = text.indexOf(':');
            return new Known(
                    Long.parseLong(text.substring(0, colon)), HexFormat.of().parseHex(text.substring(colon + 1)));
        }
    }

    /** A head or a checkpoint as it stands. */
    private record Signed(Chain.End end, byte[] signature, OffsetDateTime at) {
        JsonObject toJson() {
            return new JsonObject()
                    .put("seq", end.seq())
                    .put("hash", HexFormat.of().formatHex(end.hash()))
                    .put("at", at.toInstant().toString());
        }
    }

    Future<JsonObject> verify(int ws, Optional<Long> after, Optional<Known> known) {
        return verify(ws, after, known, Long.MIN_VALUE);
    }

    /**
     * @param after the last line that an earlier check has ended with; empty to begin with the checkpoint
     * @param strayAbove lines without a place are looked for above this id
     */
    Future<JsonObject> verify(int ws, Optional<Long> after, Optional<Known> known, long strayAbove) {
        return pool.withTransaction(tx -> tx.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                .execute()
                .compose(done -> signed(tx, ChainStore.CHECKPOINT, ws))
                .compose(checkpoint -> signed(tx, ChainStore.HEAD, ws)
                        .compose(head -> verify(tx, ws, after, known, strayAbove, checkpoint, head))));
    }

    private Future<JsonObject> verify(
            SqlConnection tx,
            int ws,
            Optional<Long> after,
            Optional<Known> known,
            long strayAbove,
            Optional<Signed> checkpoint,
            Optional<Signed> head) {
        long gone = checkpoint.map(at -> at.end.seq()).orElse(0L);
        long begin = Math.max(after.orElse(gone), gone);
        if (begin > head.map(at -> at.end.seq()).orElse(gone)) {
            throw ProblemException.invalid("after", "The chain ends before that number.");
        }
        return hash(tx, ws, begin, checkpoint).compose(before -> {
            var check = new ChainCheck(
                    ws, begin, before, checkpoint.map(at -> at.end.period()).orElse(0L));
            checkpoint.ifPresent(at -> check.checkpoint(at.end, at.signature, key));
            return pages(tx, ws, check, new AtomicInteger()).compose(complete -> (complete
                            ? complete(tx, ws, check, strayAbove, head)
                            : Future.succeededFuture())
                    .compose(done -> known(tx, ws, check, gone, known))
                    .compose(done ->
                            tx.preparedQuery(numbered(ChainStore.WAITING)).execute(Tuple.of(ws)))
                    .map(rows -> rows.iterator().next().getLong(0))
                    .map(waiting -> json(check, begin, checkpoint, head, waiting)
                            .put("nextAfter", complete || check.isFull() ? null : check.seq())));
        });
    }

    /** Of the line before the first that is checked. */
    private static Future<byte[]> hash(SqlConnection tx, int ws, long seq, Optional<Signed> checkpoint) {
        if (seq == 0) {
            return Future.succeededFuture(Chain.BEGINNING);
        }
        if (checkpoint.isPresent() && checkpoint.get().end.seq() == seq) {
            return Future.succeededFuture(checkpoint.get().end.hash());
        }
        return find(tx, ws, seq).map(found -> found == null ? Chain.BEGINNING : found);
    }

    private static Future<byte[]> find(SqlConnection tx, int ws, long seq) {
        return tx.preparedQuery(numbered(ChainStore.HASH))
                .execute(Tuple.of(ws, seq))
                .map(rows -> rows.size() == 0
                        ? null
                        : rows.iterator().next().getBuffer("hash").getBytes());
    }

    /** Whether the chain was read to its last line. */
    private static Future<Boolean> pages(SqlConnection tx, int ws, ChainCheck check, AtomicInteger read) {
        return tx.preparedQuery(numbered(ChainStore.ROWS))
                .execute(Tuple.of(ws, check.seq(), PAGE))
                .compose(rows -> {
                    rows.forEach(row -> check.add(ChainStore.row(row)));
                    if (rows.size() < PAGE) {
                        return Future.succeededFuture(true);
                    }
                    return read.addAndGet(PAGE) >= MAX_LINES || check.isFull()
                            ? Future.succeededFuture(false)
                            : pages(tx, ws, check, read);
                });
    }

    private Future<Void> complete(SqlConnection tx, int ws, ChainCheck check, long strayAbove, Optional<Signed> head) {
        check.end(
                head.map(at -> at.end).orElse(null),
                head.map(at -> at.signature).orElse(null),
                key);
        return tx.preparedQuery(numbered(ChainStore.STRAYS))
                .execute(Tuple.of(ws, strayAbove, ChainCheck.MAX_FAULTS))
                .compose(rows -> {
                    rows.forEach(row -> check.unchained(row.getLong("id")));
                    return receipts(tx, ws, check);
                });
    }

    private static Future<Void> receipts(SqlConnection tx, int ws, ChainCheck check) {
        return tx.preparedQuery(numbered(ChainStore.UNKNOWN_RECEIPTS))
                .execute(Tuple.of(check.receipts().keySet().toArray(UUID[]::new), ws))
                .map(rows -> {
                    rows.forEach(row -> check.unknownReceipt(row.getUUID(0)));
                    return null;
                });
    }

    /** What retention has dropped cannot be compared any more. */
    private static Future<Void> known(SqlConnection tx, int ws, ChainCheck check, long gone, Optional<Known> known) {
        if (known.isEmpty() || known.get().seq <= gone) {
            return Future.succeededFuture();
        }
        return find(tx, ws, known.get().seq).map(found -> {
            check.known(known.get().seq, known.get().hash, found);
            return null;
        });
    }

    private static Future<Optional<Signed>> signed(SqlConnection tx, String sql, int ws) {
        return tx.preparedQuery(numbered(sql)).execute(Tuple.of(ws)).map(rows -> {
            for (var row : rows) {
                return Optional.of(signed(row, ws));
            }
            return Optional.empty();
        });
    }

    private static Signed signed(Row row, int ws) {
        var period = row.getColumnIndex("period") < 0 ? 0 : row.getLong("period");
        return new Signed(
                new Chain.End(ws, row.getLong("seq"), row.getBuffer("hash").getBytes(), period),
                row.getBuffer("signature").getBytes(),
                row.getOffsetDateTime("at"));
    }

    private static JsonObject json(
            ChainCheck check, long begin, Optional<Signed> checkpoint, Optional<Signed> head, long waiting) {
        var faults = new JsonArray();
        check.faults()
                .forEach(fault -> faults.add(new JsonObject()
                        .put("kind", fault.kind().word())
                        .put("seq", fault.seq())
                        .put(
                                "event",
                                fault.event() == null ? null : fault.event().toString())
                        .put("detail", fault.detail())));
        var erased = new JsonArray();
        check.receipts()
                .forEach((receipt, lines) -> erased.add(
                        new JsonObject().put("receipt", receipt.toString()).put("lines", lines)));
        return new JsonObject()
                .put("valid", check.faults().isEmpty())
                .put("checked", check.checked())
                .put("after", begin)
                .put("waiting", waiting)
                .put("checkpoint", checkpoint.map(Signed::toJson).orElse(null))
                .put("head", head.map(Signed::toJson).orElse(null))
                .put("erased", erased)
                .put("faults", faults);
    }

    /** The statements are shared with JDBC, which counts its parameters itself. */
    private static String numbered(String sql) {
        var numbered = new StringBuilder();
        int parameters = 0;
        for (var character : sql.toCharArray()) {
            if (character == '?') {
                numbered.append('$').append(++parameters);
            } else {
                numbered.append(character);
            }
        }
        return numbered.toString();
    }
}
