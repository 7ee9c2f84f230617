package app.fathi.platform.audit;

import java.security.MessageDigest;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * Reads a chain line by line and names whatever does not fit. After a fault it goes on with what stands there, so that one
 * change in the database is told once, at its place. Pure: the same for the server and for the operator's tool.
 */
final class ChainCheck {
    static final int MAX_FAULTS = 100;

    /** Lines get their numbers in the order of their times, but for what concurrent changes and clocks do. */
    private static final Duration TOLERANCE = Duration.ofMinutes(10);

    enum Kind {
        /** A line, or its detail, is not what was chained. */
        CHANGED,
        /** A line, its detail or its place in the chain is gone. */
        DELETED,
        /** A line is there that was not written when it says. */
        INSERTED,
        /** A place in the chain does not follow from the one before. */
        REORDERED,
        /** The chain ends before its signed end, or behind it. */
        TRUNCATED,
        /** An end or a checkpoint was not signed by this installation. */
        FORGED;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** @param seq and {@code event} null when no single line is meant */
    record Fault(Kind kind, Long seq, Long event, String detail) {}

    /** What an erasure has blanked, by its receipt. */
    record Detail(byte[] salt, String text, UUID receipt) {}

    /** @param event null when it is gone, {@code detail} as well */
    record Row(Chain.Link link, Chain.Event event, Detail detail) {}

    private final int ws;
    private final long retiredPeriod;
    private final List<Fault> faults = new ArrayList<>();
    private final Map<UUID, Long> receipts = new TreeMap<>();
    private byte[] before;
    private long seq;
    private long checked;
    private long newestId;
    private OffsetDateTime newestAt;

    /**
     * @param after the last line that is taken as it stands: a checkpoint, or where an earlier check has ended
     * @param before its hash
     * @param retiredPeriod lines of this period and before are gone by retention
     */
    ChainCheck(int ws, long after, byte[] before, long retiredPeriod) {
        this.ws = ws;
        this.seq = after;
        this.before = before;
        this.retiredPeriod = retiredPeriod;
    }

    void add(Row row) {
        var link = row.link;
        if (link.seq() <= seq) {
            fault(Kind.INSERTED, link, "This number is in the chain twice.");
            return;
        }
        if (link.seq() > seq + 1) {
            fault(new Fault(
                    Kind.DELETED,
                    seq + 1,
                    null,
                    "Numbers " + (seq + 1) + " to " + (link.seq() - 1) + " of the chain are gone."));
        } else if (!link.follows(before)) {
            fault(
                    Kind.REORDERED,
                    link,
                    "It does not follow from the line before: lines were swapped, or the chain was rewritten.");
        }
        seq = link.seq();
        before = link.hash();
        checked++;
        line(row);
    }

    private void line(Row row) {
        var event = row.event;
        if (event == null) {
            if (row.link.eventPeriod() > retiredPeriod) {
                fault(Kind.DELETED, row.link, "The line is gone.");
            }
            return;
        }
        if (event.ws() != ws || !MessageDigest.isEqual(event.content(), row.link.content())) {
            fault(Kind.CHANGED, row.link, "The line is not what was chained.");
        }
        time(row.link, event);
        detail(row);
    }

    /** Who adds a line afterwards can have it chained, but behind lines of a later time. */
    private void time(Chain.Link link, Chain.Event event) {
        if (event.id() < newestId) {
            return;
        }
        if (newestAt != null && event.at().isBefore(newestAt.minus(TOLERANCE))) {
            fault(Kind.INSERTED, link, "It says " + event.at() + ", but a line before it is of " + newestAt + ".");
        } else {
            newestAt = event.at();
        }
        newestId = event.id();
    }

    private void detail(Row row) {
        var detail = row.detail;
        if (detail == null) {
            fault(Kind.DELETED, row.link, "Its detail is gone.");
        } else if (detail.receipt != null && detail.text == null) {
            receipts.merge(detail.receipt, 1L, Long::sum);
        } else if (detail.text == null || detail.salt == null) {
            fault(Kind.DELETED, row.link, "Its detail is gone, and no erasure has left a receipt.");
        } else if (!MessageDigest.isEqual(Chain.digest(detail.salt, detail.text), row.event.digest())) {
            fault(Kind.CHANGED, row.link, "Its detail is not what was written.");
        }
    }

    /** A line that should be in the chain and is not. */
    void unchained(long event) {
        fault(new Fault(Kind.INSERTED, null, event, "It is not in the chain, although the lines around it are."));
    }

    /** Receipts that no erasure of the trail knows. */
    void unknownReceipt(UUID receipt) {
        fault(new Fault(
                Kind.DELETED,
                null,
                null,
                "Details are blanked under the receipt " + receipt
                        + ", but no erasure with this receipt is on record."));
    }

    /** The signed end, when the chain was read to its last line; null when there is none. */
    void end(Chain.End head, byte[] signature, byte[] key) {
        if (head == null) {
            if (seq > 0) {
                fault(new Fault(Kind.FORGED, seq, null, "The chain has no signed end."));
            }
        } else if (!head.isSigned(key, signature)) {
            fault(new Fault(Kind.FORGED, head.seq(), null, "The end of the chain is not signed by this server."));
        } else if (head.seq() != seq || !MessageDigest.isEqual(head.hash(), before)) {
            fault(new Fault(
                    Kind.TRUNCATED,
                    Math.min(seq, head.seq()) + 1,
                    null,
                    "The chain ends with number " + seq + " and was signed up to " + head.seq() + "."));
        }
    }

    /** A checkpoint from which the check begins. */
    void checkpoint(Chain.End checkpoint, byte[] signature, byte[] key) {
        if (!checkpoint.isSigned(key, signature)) {
            fault(new Fault(
                    Kind.FORGED, checkpoint.seq(), null, "The checkpoint of retention is not signed by this server."));
        }
    }

    /** An end of the chain that somebody has written down earlier. */
    void known(long knownSeq, byte[] knownHash, byte[] found) {
        if (found == null || !MessageDigest.isEqual(knownHash, found)) {
            fault(new Fault(
                    Kind.TRUNCATED,
                    knownSeq,
                    null,
                    found == null
                            ? "The chain was longer: it had a number " + knownSeq + "."
                            : "Number " + knownSeq + " had the hash "
                                    + HexFormat.of().formatHex(knownHash) + "."));
        }
    }

    private void fault(Kind kind, Chain.Link link, String detail) {
        fault(new Fault(kind, link.seq(), link.event(), detail));
    }

    private void fault(Fault fault) {
        if (faults.size() < MAX_FAULTS) {
            faults.add(fault);
        }
    }

    /** At most {@link #MAX_FAULTS}. */
    List<Fault> faults() {
        return List.copyOf(faults);
    }

    boolean isFull() {
        return faults.size() == MAX_FAULTS;
    }

    /** By receipt, of how many lines the detail was erased. */
    Map<UUID, Long> receipts() {
        return Map.copyOf(receipts);
    }

    /** The last line that was looked at. */
    long seq() {
        return seq;
    }

    byte[] hash() {
        return before;
    }

    long checked() {
        return checked;
    }
}
