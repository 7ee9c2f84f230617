package app.fathi.cdp;

import app.fathi.cdp.schemas.Pins;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Rfc3339;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.security.Tenancy;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** What an event may hold, to the limits of the contract: checked by hand, with a fault for each field that does not fit. */
final class EventFields {
    private static final int MAX_ID_LENGTH = 255;
    private static final int MAX_NAME_LENGTH = 200;
    static final int MAX_KEY_LENGTH = 100;
    private static final Instant YEAR_0 = Instant.parse("0000-01-01T00:00:00Z");
    private static final int MAX_LANGUAGES_LENGTH = 200;
    private static final int MAX_AGENT_LENGTH = 500;
    /** Numbers beyond are no longer told apart by doubles, which is what rules count with. */
    private static final long MAX_WHOLE_NUMBER = 9_007_199_254_740_992L;

    private static final String ALIAS = "alias";
    private static final String GROUP = "group";
    static final List<String> TYPES = List.of("identify", "track", "page", "screen", GROUP, ALIAS);

    private EventFields() {}

    /** The event as it is stored: ids checked, {@code messageId} and corrected time {@code at} put in, the write key gone. */
    static JsonObject event(
            Call call,
            Tenancy.Rules rules,
            JsonObject json,
            String type,
            String pointer,
            Instant sent,
            Object batchContext,
            Instant now,
            List<Problem.Fault> faults) {
        var event = own(json);
        text(event, "writeKey", MAX_KEY_LENGTH, pointer, faults);
        event.remove("writeKey");
        event.remove("country"); // ours to say
        event.remove(Pins.FLAGS); // as well
        event.remove(Arrived.OF_STAFF); // as well
        event.remove(CarriedIds.KNOWN_BY); // as well
        event.remove(CarriedIds.NOT_KNOWN_BY); // as well
        event.put("type", type);
        var userId = person(event, rules, "userId", pointer, faults);
        var anonymousId = person(event, rules, "anonymousId", pointer, faults);
        var previousId = person(event, rules, "previousId", pointer, faults);
        if (type.equals(ALIAS)) {
            requireBoth(userId, previousId == null ? anonymousId : previousId, pointer, faults);
        } else if (userId == null && anonymousId == null) {
            faults.add(
                    new Problem.Fault(pointer + "/userId", "userId or anonymousId is needed, and must name somebody."));
        }
        if (text(event, "event", MAX_NAME_LENGTH, pointer, faults) == null && type.equals("track")) {
            faults.add(new Problem.Fault(pointer + "/event", "This property is missing."));
        }
        if (id(event, "groupId", pointer, faults) == null && type.equals(GROUP)) {
            faults.add(
                    new Problem.Fault(pointer + "/groupId", "A group needs its groupId, and it must name something."));
        }
        text(event, "name", MAX_NAME_LENGTH, pointer, faults);
        text(event, "category", MAX_NAME_LENGTH, pointer, faults);
        for (var name : List.of("traits", "properties", "context", "integrations")) {
            object(event, name, pointer, faults);
        }
        wholeNumbers(event, pointer, faults);
        if (!event.containsKey("context") && batchContext instanceof JsonObject context) {
            // What is said of all of a batch says who none of them is.
            var shared = own(context);
            shared.remove("externalIds");
            event.put("context", shared);
        }
        var messageId = text(event, "messageId", MAX_ID_LENGTH, pointer, faults);
        event.put(
                "messageId",
                messageId == null || messageId.isEmpty()
                        ? UuidCreator.getTimeOrderedEpoch().toString()
                        : messageId);
        var told = instant(event, "timestamp", pointer, faults);
        var original = instant(event, "originalTimestamp", pointer, faults);
        event.put("at", corrected(original == null ? told : original, sent, now).toString());
        event.put("receivedAt", now.toString());
        event.put("source", source(call));
        if (call.caller().isBrowserKey()) {
            seenFrom(call, event);
        }
        return event;
    }

    /** For who changes it: the events of a batch may share what they hold, and what was sent may be shown as it came. */
    static JsonObject own(JsonObject shared) {
        return new JsonObject(new LinkedHashMap<>(shared.getMap()));
    }

    /** Over what it came, as in {@code TraitSource}. */
    static String source(Call call) {
        return call.caller().kind().name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** What the browser's request tells and the event does not; what somebody's server asks with tells nothing of the person. */
    private static void seenFrom(Call call, JsonObject event) {
        if (event.containsKey("context") && !(event.getValue("context") instanceof JsonObject)) {
            return; // a fault already
        }
        var context = own(event.getJsonObject("context", new JsonObject()));
        put(context, "userAgent", call.header("user-agent"), MAX_AGENT_LENGTH);
        var languages = call.header("accept-language");
        put(context, "locale", languages == null ? null : languages.split("[,;]", 2)[0].strip(), MAX_LANGUAGES_LENGTH);
        if (!context.isEmpty()) {
            event.put("context", context);
        }
        put(event, "country", call.header(Call.COUNTRY), 2);
    }

    private static void put(JsonObject json, String name, String value, int limit) {
        if (json.getValue(name) == null && value != null && !value.isBlank() && value.length() <= limit) {
            json.put(name, value);
        }
    }

    private static void wholeNumbers(JsonObject event, String pointer, List<Problem.Fault> faults) {
        if (event.getValue("traits") instanceof JsonObject traits) {
            beyondDoubles(traits)
                    .ifPresent(name -> faults.add(new Problem.Fault(
                            pointer + "/traits/" + pointer(name),
                            "A whole number beyond 2^53 loses digits. Send it as a text.")));
        }
    }

    /** The name of a trait whose whole number is beyond what a double tells apart from its neighbours. */
    static Optional<String> beyondDoubles(JsonObject traits) {
        return traits.stream()
                .filter(trait -> trait.getValue() instanceof Number number && isBeyondDoubles(number))
                .map(Map.Entry::getKey)
                .findFirst();
    }

    /** Asked of the whole number itself: as a double the first one beyond is the last one that is not. */
    private static boolean isBeyondDoubles(Number number) {
        return number instanceof Long whole
                ? whole > MAX_WHOLE_NUMBER || whole < -MAX_WHOLE_NUMBER
                : Math.abs(number.doubleValue()) > MAX_WHOLE_NUMBER
                        && number.doubleValue() == Math.rint(number.doubleValue());
    }

    /** A name as a part of a JSON pointer. */
    static String pointer(String name) {
        return name.replace("~", "~0").replace("/", "~1");
    }

    private static void requireBoth(String userId, String previousId, String pointer, List<Problem.Fault> faults) {
        if (userId == null) {
            faults.add(new Problem.Fault(pointer + "/userId", "An alias needs the userId, and it must name somebody."));
        }
        if (previousId == null) {
            faults.add(new Problem.Fault(
                    pointer + "/previousId",
                    "An alias needs the previousId, or the anonymousId in its place, and it must name somebody."));
        }
    }

    /** {@code receivedAt − (sentAt − originalTimestamp)}, and never in the future, nor before there were years. */
    private static Instant corrected(Instant happened, Instant sent, Instant now) {
        if (happened == null) {
            return now;
        }
        var at = sent == null ? happened : now.minus(Duration.between(happened, sent));
        return at.isAfter(now) ? now : at.isBefore(YEAR_0) ? YEAR_0 : at;
    }

    /** The id of somebody; of what the workspace knows to name nobody nothing. */
    private static String person(
            JsonObject event, Tenancy.Rules rules, String name, String pointer, List<Problem.Fault> faults) {
        var id = id(event, name, pointer, faults);
        if (id != null && rules.isBlocked(id)) {
            event.remove(name);
            return null;
        }
        return id;
    }

    private static String id(JsonObject event, String name, String pointer, List<Problem.Fault> faults) {
        var value = event.getValue(name);
        // Some clients send numbers as ids.
        var text = value instanceof Number number ? number.toString() : value;
        if (text == null || (text instanceof String told && Profiles.namesNobody(told))) {
            event.remove(name);
            return null;
        }
        if (!(text instanceof String told) || length(told) > MAX_ID_LENGTH) {
            faults.add(new Problem.Fault(
                    pointer + "/" + name, "This takes a text of at most " + MAX_ID_LENGTH + " characters."));
            return "";
        }
        event.put(name, told);
        return told;
    }

    static String text(JsonObject event, String name, int limit, String pointer, List<Problem.Fault> faults) {
        var value = event.getValue(name);
        if (value == null) {
            event.remove(name);
            return null;
        }
        if (!(value instanceof String text) || length(text) > limit) {
            faults.add(
                    new Problem.Fault(pointer + "/" + name, "This takes a text of at most " + limit + " characters."));
            return "";
        }
        return text;
    }

    static void object(JsonObject event, String name, String pointer, List<Problem.Fault> faults) {
        if (event.getValue(name) == null) {
            event.remove(name);
        } else if (!(event.getValue(name) instanceof JsonObject)) {
            faults.add(new Problem.Fault(pointer + "/" + name, "This takes an object."));
        }
    }

    /** In characters, as the contract counts. */
    private static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    static Instant instant(JsonObject event, String name, String pointer, List<Problem.Fault> faults) {
        var value = event.getValue(name);
        return value == null ? null : parse(value, pointer + "/" + name, faults);
    }

    private static Instant parse(Object value, String pointer, List<Problem.Fault> faults) {
        var time = value instanceof String text ? Rfc3339.parse(text) : Optional.<OffsetDateTime>empty();
        if (time.isEmpty()) {
            faults.add(new Problem.Fault(pointer, "This is not an RFC 3339 time."));
        }
        return time.map(OffsetDateTime::toInstant).orElse(null);
    }
}
