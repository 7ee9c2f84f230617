package app.fathi.platform.outbound;

import io.netty.handler.codec.DateFormatter;
import java.time.Duration;
import java.time.Instant;

/** {@code Retry-After} (RFC 9110 section 10.2.3): seconds, or a date. */
public final class RetryAfter {
    private RetryAfter() {}

    /**
     * From when on another request is welcome.
     *
     * @param header null when there was none
     * @param limit nobody is waited for longer
     * @return null when the header says nothing of use
     */
    public static Instant notBefore(String header, Instant now, Duration limit) {
        if (header == null) {
            return null;
        }
        var text = header.strip();
        var latest = now.plus(limit);
        if (text.matches("[0-9]+")) {
            // Eighteen digits fit a long and are beyond every limit already.
            var wait = text.length() > 18 ? Long.MAX_VALUE : Long.parseLong(text);
            return wait > limit.toSeconds() ? latest : now.plusSeconds(wait);
        }
        var date = DateFormatter.parseHttpDate(text);
        if (date == null) {
            return null;
        }
        var asked = date.toInstant();
        return asked.isBefore(now) ? now : asked.isAfter(latest) ? latest : asked;
    }
}
