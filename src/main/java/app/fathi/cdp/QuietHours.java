package app.fathi.cdp;

import io.vertx.core.json.JsonObject;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * When somebody does not want to be disturbed, by the clock of where they are; over midnight when the end is before the start.
 *
 * @param start the first minute, such as {@code 22:00}
 * @param end the minute after the last
 */
public record QuietHours(String start, String end) {
    /** The {@code track} event that says them; without a start it takes them away. */
    static final String EVENT = "Quiet Hours Changed";

    /** Said of an id as what browsers tell is, under a name that no event may set as a trait. */
    static final String NAME = Device.PREFIX + "quietHours";

    private static final Pattern MINUTE = Pattern.compile("([01][0-9]|2[0-3]):[0-5][0-9]");

    /** Empty where it is none. */
    static Optional<QuietHours> of(Object value) {
        return value instanceof JsonObject hours
                        && hours.getValue("start") instanceof String start
                        && hours.getValue("end") instanceof String end
                        && MINUTE.matcher(start).matches()
                        && MINUTE.matcher(end).matches()
                        && !start.equals(end)
                ? Optional.of(new QuietHours(start, end))
                : Optional.empty();
    }

    JsonObject toJson() {
        return new JsonObject().put("start", start).put("end", end);
    }
}
