package app.fathi.cep;

/**
 * Why a delivery was attempted more than once.
 *
 * @param after the reason of the attempt before; null when its sender died, so that nobody knows what came of it
 */
record RetryReason(Reason after) {
    static final RetryReason CRASH = new RetryReason(null);

    /** 0 for a crash, else the reason's code. */
    short code() {
        return after == null ? 0 : after.code();
    }

    static RetryReason of(Integer code) {
        if (code == null) {
            return null;
        }
        return code == 0 ? CRASH : new RetryReason(Reason.of(code));
    }

    String word() {
        return after == null ? "crash" : after.word();
    }
}
