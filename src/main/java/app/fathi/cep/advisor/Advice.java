package app.fathi.cep.advisor;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.vertx.core.json.JsonObject;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.ByteBuffer;
import java.util.Locale;

/**
 * What came of asking the service about a person, as the ledger's row keeps it.
 *
 * @param score the service's own number; null where it gave none
 * @param reason the service's own words, of at most {@link #REASON_CHARACTERS}; null where it gave none
 */
public record Advice(Kind kind, Float score, String reason) {
    /** More of a reason is not kept. */
    public static final int REASON_CHARACTERS = 200;

    private static final int HEAD_OCTETS = Byte.BYTES + Short.BYTES;
    private static final MathContext SHOWN = new MathContext(3);
    /** A number that is none, for none. */
    private static final short NO_SCORE = Float.floatToFloat16(Float.NaN);

    /** The ordinal is what the ledger stores: new ones go to the end. */
    public enum Kind {
        /** It named one of the channels that it was asked about. */
        CHANNEL("channel", null),
        /** Not now, it said. */
        DECLINED("declined", null),
        /** It said nothing of the person. */
        MISSING("local", "missing"),
        /** It named a channel that it was not asked about. */
        UNKNOWN_CHANNEL("local", "unknown_channel"),
        /** What it said of the person cannot be read. */
        INVALID("local", "invalid"),
        /** The whole answer did not come in time. */
        TIMEOUT("local", "timeout"),
        /** No connection, no certificate that is believed, or it ended in the middle. */
        UNREACHABLE("local", "unreachable"),
        REDIRECT("local", "redirect"),
        /** An answer of another status than 200. */
        STATUS("local", "status"),
        TOO_LARGE("local", "too_large"),
        NOT_JSON("local", "not_json"),
        /** It was not asked, because it has failed or was slow lately. */
        PAUSED("local", "paused"),
        /** Our own fault. */
        INTERNAL("local", "internal");

        private static final Kind[] BY_CODE = values();

        private final String outcome;
        private final String why;

        Kind(String outcome, String why) {
            this.outcome = outcome;
            this.why = why;
        }

        /** As metrics and the contract call it. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** Whether it stands for a whole question that went wrong. */
        boolean isFailure() {
            return ordinal() >= TIMEOUT.ordinal();
        }
    }

    static Advice of(Kind kind) {
        return new Advice(kind, null, null);
    }

    /** The person is to be told nothing now. */
    public boolean declines() {
        return kind == Kind.DECLINED;
    }

    /** The service's word counts. */
    public boolean isFollowed() {
        return kind == Kind.CHANNEL || kind == Kind.DECLINED;
    }

    /** Three octets of the ledger's row, and the reason. */
    public byte[] octets() {
        var text = reason == null ? new byte[0] : reason.getBytes(UTF_8);
        return ByteBuffer.allocate(HEAD_OCTETS + text.length)
                .put((byte) kind.ordinal())
                .putShort(score == null ? NO_SCORE : Float.floatToFloat16(score))
                .put(text)
                .array();
    }

    public static Advice of(byte[] octets) {
        var in = ByteBuffer.wrap(octets);
        var kind = Kind.BY_CODE[in.get()];
        float score = Float.float16ToFloat(in.getShort());
        var reason = octets.length == HEAD_OCTETS
                ? null
                : new String(octets, HEAD_OCTETS, octets.length - HEAD_OCTETS, UTF_8);
        return new Advice(kind, Float.isNaN(score) ? null : score, reason);
    }

    /** The contract's {@code ServiceAdvice}. */
    public JsonObject toJson() {
        return new JsonObject()
                .put("outcome", kind.outcome)
                .put("why", kind.why)
                .put(
                        "score",
                        score == null
                                ? null
                                : BigDecimal.valueOf(score).round(SHOWN).doubleValue())
                .put("reason", reason);
    }
}
