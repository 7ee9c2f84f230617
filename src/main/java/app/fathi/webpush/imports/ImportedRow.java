package app.fathi.webpush.imports;

import app.fathi.cdp.Profiles;
import app.fathi.platform.bus.Rfc3339;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.http.StrictJson;
import app.fathi.platform.imports.RowText;
import app.fathi.webpush.encryption.SubscriptionKeys;
import app.fathi.webpush.imports.Columns.Column;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;

/**
 * What a row of a file tells of one browser. Everything but the address may be null; what is odd in the rest is left out
 * rather than the browser.
 *
 * @param over the file itself says that it cannot, or must not, be reached any more; then nothing else is told
 */
public record ImportedRow(
        URI endpoint,
        SubscriptionKeys keys,
        String userId,
        String anonymousId,
        JsonObject traits,
        String language,
        String timezone,
        String site,
        String userAgent,
        OffsetDateTime createdAt,
        OffsetDateTime lastSeenAt,
        boolean over) {

    private static final int ENDPOINT_LENGTH = 2048;
    private static final int ID_LENGTH = 255;
    private static final int LANGUAGE_LENGTH = 35;
    private static final int TEXT_LENGTH = 512;
    private static final int TRAITS_OCTETS = 16 * 1024;
    /** As OneSignal writes times: {@code 2026-01-05 09:30:00 UTC}. */
    private static final DateTimeFormatter SPACED =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss 'UTC'", Locale.ROOT);

    /** Reads one row. Thread-safe. */
    @FunctionalInterface
    public interface Reader {
        /** @throws IllegalArgumentException saying what is wrong, without the row's own words */
        ImportedRow read(byte[] row);
    }

    /** @throws IllegalArgumentException when the row cannot be read */
    public static List<String> header(byte[] row) {
        return RowText.fields(RowText.of(row));
    }

    /** @throws IllegalArgumentException when the header lacks what is needed */
    public static Reader csv(List<String> header) {
        var columns = new Columns(header);
        return row -> {
            var fields = RowText.fields(RowText.of(row));
            if (fields.size() > columns.size()) {
                throw new IllegalArgumentException("it has " + fields.size() + " fields, the header " + columns.size());
            }
            return of(name -> columns.value(fields, name), traits(columns.value(fields, Column.TRAITS)));
        };
    }

    public static Reader ndjson() {
        return row -> {
            RowText.of(row);
            JsonObject json;
            try {
                json = StrictJson.object(Buffer.buffer(row));
            } catch (ProblemException e) {
                throw new IllegalArgumentException("it is no JSON object", e);
            }
            var keys = json.getValue("keys") instanceof JsonObject object ? object : new JsonObject();
            return of(
                    column -> switch (column) {
                        case ENDPOINT -> string(json, "endpoint");
                        case P256DH -> string(keys, "p256dh");
                        case AUTH -> string(keys, "auth");
                        case USER_ID -> string(json, "userId");
                        case ANONYMOUS_ID -> string(json, "anonymousId");
                        case LANGUAGE -> string(json, "language");
                        case TIMEZONE -> string(json, "timezone");
                        case SITE -> string(json, "site");
                        case USER_AGENT -> string(json, "userAgent");
                        case CREATED_AT -> string(json, "createdAt");
                        case LAST_SEEN_AT -> string(json, "lastSeenAt");
                        case STATUS -> string(json, "status");
                        case TRAITS, INVALID, NOTIFICATION_TYPES -> null;
                    },
                    json.getValue("traits") instanceof JsonObject traits ? bounded(traits) : null);
        };
    }

    private interface Values {
        String of(Column column);
    }

    private static ImportedRow of(Values values, JsonObject traits) {
        if (isOver(values)) {
            return new ImportedRow(null, null, null, null, null, null, null, null, null, null, null, true);
        }
        return new ImportedRow(
                endpoint(values.of(Column.ENDPOINT)),
                keys(values.of(Column.P256DH), values.of(Column.AUTH)),
                id("userId", values.of(Column.USER_ID)),
                id("anonymousId", values.of(Column.ANONYMOUS_ID)),
                traits,
                kept(values.of(Column.LANGUAGE), LANGUAGE_LENGTH),
                timezone(values.of(Column.TIMEZONE)),
                kept(values.of(Column.SITE), TEXT_LENGTH),
                kept(values.of(Column.USER_AGENT), TEXT_LENGTH),
                time(values.of(Column.CREATED_AT)),
                time(values.of(Column.LAST_SEEN_AT)),
                false);
    }

    private static String string(JsonObject json, String name) {
        var value = json.getValue(name);
        return value instanceof String text ? text : value instanceof Number number ? number.toString() : null;
    }

    private static URI endpoint(String text) {
        if (text == null) {
            throw new IllegalArgumentException("the endpoint is missing");
        }
        if (text.length() > ENDPOINT_LENGTH) {
            throw new IllegalArgumentException("the endpoint has more than " + ENDPOINT_LENGTH + " characters");
        }
        try {
            return new URI(text);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("the endpoint is not a URL", e);
        }
    }

    private static SubscriptionKeys keys(String p256dh, String auth) {
        if (p256dh == null && auth == null) {
            throw new IllegalArgumentException("it has no keys, so it is no web push subscription");
        }
        return SubscriptionKeys.parse(p256dh, auth);
    }

    private static String id(String name, String text) {
        if (text == null || Profiles.namesNobody(text)) {
            return null;
        }
        if (text.codePointCount(0, text.length()) > ID_LENGTH) {
            throw new IllegalArgumentException(name + " has more than " + ID_LENGTH + " characters");
        }
        return text;
    }

    private static String kept(String text, int length) {
        return text == null || text.length() > length ? null : text;
    }

    private static String timezone(String text) {
        try {
            // Others tell seconds from UTC here, which is no zone.
            return text == null || !text.contains("/") ? null : ZoneId.of(text).getId();
        } catch (DateTimeException e) {
            return null;
        }
    }

    private static OffsetDateTime time(String text) {
        if (text == null) {
            return null;
        }
        try {
            var time = Rfc3339.parse(text)
                    .orElseGet(() -> LocalDateTime.parse(text, SPACED).atOffset(ZoneOffset.UTC));
            return time.isAfter(OffsetDateTime.now(ZoneOffset.UTC)) ? null : time;
        } catch (DateTimeException e) {
            return null;
        }
    }

    private static boolean isOver(Values values) {
        var status = values.of(Column.STATUS);
        var invalid = values.of(Column.INVALID);
        var types = values.of(Column.NOTIFICATION_TYPES);
        return (status != null && !status.equals("active"))
                || (invalid != null && invalid.toLowerCase(Locale.ROOT).startsWith("t"))
                || (types != null && types.startsWith("-"));
    }

    private static JsonObject traits(String text) {
        if (text == null || text.equals("{}")) {
            return null;
        }
        try {
            return bounded(StrictJson.object(Buffer.buffer(text)));
        } catch (ProblemException e) {
            throw new IllegalArgumentException("tags is no JSON object", e);
        }
    }

    private static JsonObject bounded(JsonObject traits) {
        if (traits.isEmpty()) {
            return null;
        }
        if (traits.toBuffer().length() > TRAITS_OCTETS) {
            throw new IllegalArgumentException("the traits have more than " + TRAITS_OCTETS + " octets");
        }
        return traits;
    }
}
