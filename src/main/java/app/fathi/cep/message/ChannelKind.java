package app.fathi.cep.message;

import java.util.Locale;

/**
 * The kinds of channel a message can take. The code is what the ledger stores; codes are added, never changed, and have their
 * word in the view {@code segments_delivery}, too.
 */
public enum ChannelKind {
    WEBPUSH(1);

    private final short code;

    ChannelKind(int code) {
        this.code = (short) code;
    }

    public short code() {
        return code;
    }

    /** As the contract writes it. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static ChannelKind of(int code) {
        for (var kind : values()) {
            if (kind.code == code) {
                return kind;
            }
        }
        throw new IllegalArgumentException("No channel has the code " + code);
    }
}
