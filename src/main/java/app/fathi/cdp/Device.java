package app.fathi.cdp;

import io.vertx.core.json.JsonObject;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What an event tells of where somebody is: words about a person as traits are, under names that begin with {@code $}, which
 * no event may set itself. Nothing is guessed: what the event does not tell stays as it was.
 */
final class Device {
    static final String PREFIX = "$";
    static final List<String> NAMES = List.of("$device", "$os", "$browser", "$language", "$country", "$timezone");
    private static final Pattern COUNTRY = Pattern.compile("[A-Z]{2}");
    private static final Pattern LANGUAGE = Pattern.compile("([A-Za-z]{2,3})([-_].{0,30})?");
    private static final int MAX_WORD_LENGTH = 50;

    /** What stands in a user agent → what we call it; the first that is found counts, as most browsers name others, too. */
    private static final Map<String, String> BROWSERS = ordered(
            "SamsungBrowser/", "Samsung Internet",
            "OPR/", "Opera",
            "OPT/", "Opera",
            "EdgA/", "Edge",
            "EdgiOS/", "Edge",
            "Edg/", "Edge",
            "YaBrowser/", "Yandex",
            "FxiOS/", "Firefox",
            "Firefox/", "Firefox",
            "CriOS/", "Chrome",
            "Chrome/", "Chrome",
            "Version/", "Safari");

    private static final Map<String, String> SYSTEMS = ordered(
            "Windows", "Windows",
            "Android", "Android",
            "iPhone", "iOS",
            "iPad", "iOS",
            "iPod", "iOS",
            "CrOS", "ChromeOS",
            "Macintosh", "macOS",
            "Mac OS X", "macOS",
            "Linux", "Linux");

    private Device() {}

    /** Name → value, such as {@code $browser} → {@code Firefox}. */
    static Map<String, String> of(JsonObject event) {
        var told = new LinkedHashMap<String, String>();
        var context = event.getJsonObject("context", new JsonObject());
        var agent = context.getValue("userAgent") instanceof String text ? text : "";
        put(told, "$browser", agent.contains("Safari/") || agent.contains("Firefox/") ? first(BROWSERS, agent) : null);
        put(told, "$os", first(SYSTEMS, agent));
        put(told, "$os", inside(context, "os", "name"));
        put(told, "$device", first(SYSTEMS, agent) == null ? null : kind(agent));
        put(told, "$language", language(context.getValue("locale")));
        put(told, "$timezone", zone(context.getValue("timezone")));
        put(told, "$country", country(event.getValue("country")));
        return told;
    }

    private static void put(Map<String, String> told, String name, String value) {
        if (value != null) {
            told.put(name, value);
        }
    }

    private static String kind(String agent) {
        var isTablet =
                agent.contains("iPad") || agent.contains("Tablet") || isAndroid(agent) && !agent.contains("Mobile");
        return isTablet ? "tablet" : agent.contains("Mobi") || agent.contains("iPhone") ? "mobile" : "desktop";
    }

    private static boolean isAndroid(String agent) {
        return agent.contains("Android");
    }

    private static String inside(JsonObject context, String object, String name) {
        return context.getValue(object) instanceof JsonObject inner
                        && inner.getValue(name) instanceof String text
                        && !text.isBlank()
                        && text.length() <= MAX_WORD_LENGTH
                ? text.strip()
                : null;
    }

    /** The language without the region, in lower case. */
    static String language(Object locale) {
        var matcher = LANGUAGE.matcher(locale instanceof String text ? text.strip() : "");
        return matcher.matches() ? matcher.group(1).toLowerCase(Locale.ROOT) : null;
    }

    private static String zone(Object name) {
        var zone = name instanceof String text && text.length() <= MAX_WORD_LENGTH ? known(text) : null;
        return zone == null ? null : zone.getId();
    }

    /** The zone of that name; null where there is none. */
    static ZoneId known(String name) {
        try {
            return name == null ? null : ZoneId.of(name);
        } catch (DateTimeException e) {
            return null;
        }
    }

    private static String country(Object code) {
        // XX and T1 are what proxies say for "unknown" and "over Tor".
        return code instanceof String text && COUNTRY.matcher(text).matches() && !text.equals("XX") ? text : null;
    }

    private static String first(Map<String, String> words, String agent) {
        return words.entrySet().stream()
                .filter(word -> agent.contains(word.getKey()))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(null);
    }

    private static Map<String, String> ordered(String... pairs) {
        var words = new LinkedHashMap<String, String>();
        for (int i = 0; i < pairs.length; i += 2) {
            words.put(pairs[i], pairs[i + 1]);
        }
        return words;
    }
}
