package app.fathi.cep.policies;

import io.vertx.core.json.JsonObject;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Locale;

/**
 * By what a person's message waits or is skipped: ten octets of their ledger row.
 *
 * @param version of the policies that were in force; 0 where it is the person's own wish
 * @param index of the cap or blackout among them; the priority of what it gives way to; 0 where there is only one
 * @param until when it is held, to the second; null where it is not
 */
public record Factors(What what, int version, int index, Instant until) {
    private static final int OCTETS = 2 * Byte.BYTES + 2 * Integer.BYTES;

    /** The ordinal is what the ledger stores: new ones go to the end. */
    public enum What {
        CAP,
        GAP,
        QUIET_HOURS,
        OWN_QUIET_HOURS,
        BLACKOUT,
        HOLDOUT,
        MESSAGE_HOLDOUT,
        PRIORITY;

        private static final What[] BY_CODE = values();
    }

    public byte[] octets() {
        return ByteBuffer.allocate(OCTETS)
                .put((byte) what.ordinal())
                .put((byte) index)
                .putInt(version)
                .putInt(until == null ? 0 : (int) until.getEpochSecond())
                .array();
    }

    /**
     * The contract's {@code DecidingPolicy}.
     *
     * @param policies of that version; null where they are not known any more
     */
    public JsonObject toJson(Policies policies) {
        return new JsonObject()
                .put("kind", what.name().toLowerCase(Locale.ROOT))
                .put("name", policies == null ? null : policies.name(this))
                .put("version", version == 0 ? null : version)
                .put("heldUntil", until == null ? null : until.toString());
    }

    public static Factors of(byte[] octets) {
        var in = ByteBuffer.wrap(octets);
        var what = What.BY_CODE[in.get()];
        int index = Byte.toUnsignedInt(in.get());
        int version = in.getInt();
        long second = Integer.toUnsignedLong(in.getInt());
        return new Factors(what, version, index, second == 0 ? null : Instant.ofEpochSecond(second));
    }
}
