package app.fathi.webpush.imports;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Which column of a CSV holds what, by its header: our own names, and those of OneSignal's export. */
final class Columns {
    enum Column {
        ENDPOINT("endpoint", "identifier"),
        P256DH("p256dh", "webp256", "keysp256dh"),
        AUTH("auth", "webauth", "keysauth"),
        USER_ID("userid", "externaluserid", "externalid"),
        ANONYMOUS_ID("anonymousid"),
        TRAITS("traits", "tags"),
        LANGUAGE("language"),
        TIMEZONE("timezoneid", "timezone"),
        SITE("site"),
        USER_AGENT("useragent"),
        CREATED_AT("createdat"),
        LAST_SEEN_AT("lastseenat", "lastactive"),
        STATUS("status"),
        /** {@code t} when the push service has refused it. */
        INVALID("invalididentifier"),
        /** Below 0 when the person has unsubscribed. */
        NOTIFICATION_TYPES("notificationtypes");

        private final List<String> names;

        Column(String... names) {
            this.names = List.of(names);
        }
    }

    private final Map<Column, Integer> places = new HashMap<>();
    private final int size;

    /** @throws IllegalArgumentException when a column is missing without which no browser can be reached */
    Columns(List<String> header) {
        size = header.size();
        var names = header.stream().map(Columns::folded).toList();
        for (var column : Column.values()) {
            column.names.stream()
                    .map(names::indexOf)
                    .filter(place -> place >= 0)
                    .findFirst()
                    .ifPresent(place -> places.put(column, place));
        }
        var missing = new ArrayList<String>();
        for (var needed : List.of(Column.ENDPOINT, Column.P256DH, Column.AUTH)) {
            if (!places.containsKey(needed)) {
                missing.add(String.join(" or ", needed.names));
            }
        }
        if (!missing.isEmpty()) {
            throw new IllegalArgumentException("the header has no column " + String.join(", and none ", missing)
                    + " (upper case, spaces, dots and underscores do not matter)");
        }
    }

    private static String folded(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[ ._-]", "");
    }

    int size() {
        return size;
    }

    /** Null where there is none, or nothing in it. */
    String value(List<String> fields, Column column) {
        var place = places.get(column);
        if (place == null || place >= fields.size()) {
            return null;
        }
        var value = fields.get(place).strip();
        return value.isEmpty() ? null : value;
    }
}
