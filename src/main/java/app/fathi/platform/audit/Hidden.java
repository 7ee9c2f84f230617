package app.fathi.platform.audit;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.regex.Pattern;

/** Keeps secrets out of the trail, whoever hands them in: by the names of fields, and by how our own secrets begin. */
final class Hidden {
    static final String INSTEAD = "(hidden)";

    private static final int MAX_TEXT = 2_000;
    private static final Pattern NAMES = Pattern.compile(
            ".*(password|passphrase|secret|token|privatekey|identitykey|signingkey|masterkey|authorization|credential|totp).*|endpoint",
            Pattern.CASE_INSENSITIVE);
    /** Our keys and tokens, and any JWT. */
    private static final Pattern VALUES =
            Pattern.compile("(fsk|frt|fds|fwk_s)_[A-Za-z0-9_-]{8,}|eyJ[A-Za-z0-9_-]{8,}\\..*");

    private Hidden() {}

    /** A copy without secrets, and with long texts cut; null for null. */
    static JsonObject in(JsonObject json) {
        if (json == null) {
            return null;
        }
        var copy = new JsonObject();
        json.forEach(field -> copy.put(
                field.getKey(),
                NAMES.matcher(field.getKey()).matches() && isSecret(field.getValue())
                        ? INSTEAD
                        : value(field.getValue())));
        return copy;
    }

    /** Whether something is there, and how often it was used, is no secret. */
    private static boolean isSecret(Object value) {
        return value != null && !(value instanceof Boolean) && !(value instanceof Number);
    }

    private static Object value(Object value) {
        return switch (value) {
            case JsonObject object -> in(object);
            case JsonArray array -> {
                var copy = new JsonArray();
                array.forEach(each -> copy.add(value(each)));
                yield copy;
            }
            case String text when VALUES.matcher(text).find() -> INSTEAD;
            case String text
            when text.length() > MAX_TEXT -> text.substring(0, MAX_TEXT) + "… (" + text.length() + " characters)";
            case null -> null;
            default -> value;
        };
    }
}
