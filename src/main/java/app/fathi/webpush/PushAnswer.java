package app.fathi.webpush;

import java.time.Instant;

/**
 * What came of one POST to a push service.
 *
 * @param httpStatus 0 when there was no answer
 * @param notBefore when the push service wants to be asked again; null when it did not say
 * @param bodyWritten whether the push service may have taken the message although we cannot tell
 * @param reason the word a refusal explains itself with, as Apple's {@code BadJwtToken}; null for none
 */
record PushAnswer(Outcome outcome, int httpStatus, Instant notBefore, boolean bodyWritten, String reason) {
    static final PushAnswer SHUT = new PushAnswer(Outcome.SHUT, 0, null, false, null);

    /** Not tried: it would not be taken before that instant, or others must come first. */
    static PushAnswer held(Instant notBefore) {
        return new PushAnswer(Outcome.HELD, 0, notBefore, false, null);
    }

    enum Outcome {
        /** Taken by the push service. Not delivered, not shown. */
        ACCEPTED,
        /** Our fault, or an answer that nobody expects: the same again would not help. */
        BAD_REQUEST,
        /** Our key or token was refused; the subscription may be fine. */
        KEY_MISMATCH,
        /** The subscription no longer exists. */
        GONE,
        TOO_LARGE,
        RATE_LIMITED,
        /** 5xx, timeout, reset: another attempt makes sense. */
        TRANSIENT,
        /** Certainly not processed: another attempt at once makes sense. */
        NOT_PROCESSED,
        /** The endpoint leads to an address that the outbound guard does not allow. */
        REFUSED_ADDRESS,
        /** The gate was shut before the first octet left. */
        SHUT,
        /** It was not tried, because the service must not be asked now. */
        HELD
    }
}
