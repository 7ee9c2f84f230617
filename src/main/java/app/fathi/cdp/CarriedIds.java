package app.fathi.cdp;

import app.fathi.cdp.values.Fold;
import app.fathi.platform.security.Tenancy;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The ids beside {@code userId} and {@code anonymousId} that an event tells of a known person: those of {@code
 * context.externalIds}, as Segment's clients send them, and of {@code identify} the traits {@code email} and {@code phone}. They are
 * read at the door, by the rules of that moment, and stand in the event as it is kept.
 *
 * <p>Only who is trusted with two known people may join them: a secret or server key, or anybody where verification is off. A token
 * proves one {@code userId} and not whose an e-mail address is, so over a browser key no id joins anybody.
 */
final class CarriedIds {
    /** In the event as it is stored: the ids that count, each {@code [kind, value, whether it came as an external id]}. */
    static final String KNOWN_BY = "knownBy";

    /** The same: those that do not count, each {@code [kind, value, why]}. */
    static final String NOT_KNOWN_BY = "notKnownBy";

    static final String UNVERIFIED = "unverified";
    static final String MALFORMED = "malformed";

    /** External ids of one event that are looked at. */
    private static final int MAX_EXTERNAL = 20;

    private static final int MAX_LENGTH = 255;

    /** One address, without quotes, comments or blanks: what people are known by, not all that RFC 5321 allows. */
    private static final Pattern ADDRESS =
            Pattern.compile("[^\\s@\"<>(),;:\\\\\\p{Cntrl}]{1,64}@[^\\s@\"<>(),;:\\\\\\p{Cntrl}]{1,189}");

    private static final Pattern BETWEEN_DIGITS = Pattern.compile("[ ()./\\u00A0-]");
    private static final Pattern NUMBER = Pattern.compile("\\+[1-9][0-9]{6,14}");

    private final JsonObject event;
    private final IdentityRules rules;
    private final Tenancy.Rules workspace;
    private final Set<JsonArray> counting = new LinkedHashSet<>();
    private final Set<JsonArray> left = new LinkedHashSet<>();

    private CarriedIds(JsonObject event, IdentityRules rules, Tenancy.Rules workspace) {
        this.event = event;
        this.rules = rules;
        this.workspace = workspace;
    }

    /** Writes into an event that was verified what it tells. Of a visitor it tells nothing. */
    static void read(JsonObject event, IdentityRules rules, Tenancy.Rules workspace) {
        if (rules.knowsMore() && event.getString("userId") != null) {
            new CarriedIds(event, rules, workspace).read();
        }
    }

    private void read() {
        if (event.getJsonObject("context", new JsonObject()).getValue("externalIds") instanceof JsonArray given) {
            given.stream().limit(MAX_EXTERNAL).forEach(one -> {
                if (one instanceof JsonObject external
                        && external.getValue("type") instanceof String kind
                        && "users".equals(external.getValue("collection", "users"))
                        && "none".equals(external.getValue("encoding", "none"))) {
                    take(kind, external.getValue("id"), true);
                }
            });
        }
        if (event.getString("type").equals("identify")) {
            var traits = event.getJsonObject("traits", new JsonObject());
            take(IdentityRules.EMAIL, traits.getValue(IdentityRules.EMAIL), false);
            take(IdentityRules.PHONE, traits.getValue(IdentityRules.PHONE), false);
        }
        if (!counting.isEmpty()) {
            event.put(KNOWN_BY, new JsonArray(counting.stream().toList()));
        }
        if (!left.isEmpty()) {
            event.put(NOT_KNOWN_BY, new JsonArray(left.stream().toList()));
        }
    }

    private void take(String name, Object given, boolean external) {
        var kind = rules.more(name);
        var text = given instanceof Number number ? number.toString() : given;
        if (kind.isEmpty() || !(text instanceof String told)) {
            return;
        }
        var value = normal(name, told);
        if (Profiles.namesNobody(told)
                || workspace.isBlocked(told)
                || value.map(kind.get()::isBlocked).orElse(false)) {
            left.add(entry(name, cut(told)).add(Bond.BLOCKED));
        } else if (value.isEmpty()) {
            left.add(entry(name, cut(told)).add(MALFORMED));
        } else if (!event.getBoolean("trusted", false)) {
            left.add(entry(name, value.get()).add(UNVERIFIED));
        } else if (external || !counting.contains(entry(name, value.get()).add(true))) {
            counting.add(entry(name, value.get()).add(external));
        }
    }

    /** No longer than an id may be, and no half of a character at its end. */
    private static String cut(String text) {
        return text.codePointCount(0, text.length()) <= MAX_LENGTH
                ? text
                : text.substring(0, text.offsetByCodePoints(0, MAX_LENGTH));
    }

    private static JsonArray entry(String kind, String value) {
        return new JsonArray().add(kind).add(value);
    }

    /**
     * As it compares: of an e-mail address the whole folded, as addresses are on the list of suppressions; of a phone number, which has to
     * begin with {@code +}, the digits (E.164); of anything else the text without blanks around it. Empty where it is none.
     */
    static Optional<String> normal(String kind, String text) {
        var value = text.strip();
        if (value.isEmpty() || value.codePointCount(0, value.length()) > MAX_LENGTH) {
            return Optional.empty();
        }
        return switch (kind) {
            case IdentityRules.EMAIL ->
                Optional.of(Fold.of(value)).filter(one -> ADDRESS.matcher(one).matches());
            case IdentityRules.PHONE ->
                Optional.of(BETWEEN_DIGITS.matcher(value).replaceAll(""))
                        .filter(one -> NUMBER.matcher(one).matches());
            default -> Optional.of(value);
        };
    }
}
