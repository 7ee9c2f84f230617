package app.fathi.cep.priorities;

import io.vertx.core.json.JsonObject;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.ByteBuffer;

/**
 * How well a channel suits a person for a message: the product of what is known of it. Of whom nothing is known, what everybody does
 * counts. Numbers are kept to three digits. Pure.
 *
 * @param weight the channel's, by the policies
 * @param efficacy how likely a click is on it, of anybody at any hour
 * @param engagement how often the person clicks, where everybody is 1
 * @param time how much likelier a click of theirs is in this hour than in any
 * @param fit which part of what is said is shown there
 * @param preference above 1 where the person has said that they want it
 */
public record Score(double weight, double efficacy, double engagement, double time, double fit, double preference) {
    private static final int NUMBERS = 6;
    private static final MathContext SHOWN = new MathContext(3);

    public Score {
        weight = kept(weight);
        efficacy = kept(efficacy);
        engagement = kept(engagement);
        time = kept(time);
        fit = kept(fit);
        preference = kept(preference);
    }

    private static double kept(double number) {
        return Float.float16ToFloat(Float.floatToFloat16((float) number));
    }

    public double value() {
        return weight * efficacy * engagement * time * fit * preference;
    }

    /** Twelve octets of the ledger's row. */
    public byte[] octets() {
        var out = ByteBuffer.allocate(NUMBERS * Short.BYTES);
        for (var number : new double[] {weight, efficacy, engagement, time, fit, preference}) {
            out.putShort(Float.floatToFloat16((float) number));
        }
        return out.array();
    }

    public static Score of(byte[] octets) {
        var in = ByteBuffer.wrap(octets);
        return new Score(read(in), read(in), read(in), read(in), read(in), read(in));
    }

    private static double read(ByteBuffer in) {
        return Float.float16ToFloat(in.getShort());
    }

    /** The contract's {@code ChannelScore}. */
    public JsonObject toJson() {
        return new JsonObject()
                .put("value", shown(value()))
                .put("weight", shown(weight))
                .put("efficacy", shown(efficacy))
                .put("engagement", shown(engagement))
                .put("time", shown(time))
                .put("fit", shown(fit))
                .put("preference", shown(preference));
    }

    private static double shown(double number) {
        return BigDecimal.valueOf(number).round(SHOWN).doubleValue();
    }
}
