package app.fathi.cdp;

import io.vertx.core.json.JsonObject;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What somebody has agreed to or refused. Of the word for a channel and the word for all channels the later one counts.
 *
 * @param channel {@code *} for all
 * @param evidence what shows it, such as the text that was shown; may be empty
 */
record Consent(String purpose, String channel, boolean granted, JsonObject evidence) {
    /** The {@code track} event that says it. */
    static final String EVENT = "Consent Changed";

    static final String ALL = "*";
    static final Set<String> CHANNELS = Set.of(ALL, "webpush", "email", "sms", "in-app");
    private static final Pattern PURPOSE = Pattern.compile("[a-z][a-z0-9-]{0,63}");
    private static final int MAX_EVIDENCE_LENGTH = 4_000;

    String key() {
        return purpose + "/" + channel;
    }

    JsonObject properties() {
        return new JsonObject()
                .put("purpose", purpose)
                .put("channel", channel)
                .put("granted", granted)
                .put("evidence", evidence);
    }

    /** Empty where the properties say nothing of the kind. */
    static Optional<Consent> of(JsonObject properties) {
        var channel = properties.getValue("channel", ALL);
        var evidence = properties.getValue("evidence", new JsonObject());
        return properties.getValue("purpose") instanceof String purpose
                        && PURPOSE.matcher(purpose).matches()
                        && channel instanceof String on
                        && CHANNELS.contains(on)
                        && properties.getValue("granted") instanceof Boolean granted
                        && evidence instanceof JsonObject shown
                        && shown.encode().length() <= MAX_EVIDENCE_LENGTH
                ? Optional.of(new Consent(purpose, on, granted, shown))
                : Optional.empty();
    }
}
