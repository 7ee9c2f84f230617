package app.fathi.cdp;

import app.fathi.platform.errors.ProblemException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * What somebody wants to be told, and over which channels. Consent is the truth: a preference is the consent in force for a purpose
 * and a channel, and changing one is saying a consent. Where nothing was said it is on, because a subscription is consent.
 *
 * @param on purpose → channel → whether
 */
record Preferences(Map<String, Map<String, Boolean>> on, Optional<QuietHours> quietHours) {
    /** What people get because they did something; it is no matter of taste. */
    static final String TRANSACTIONAL = "transactional";

    /** In the order in which they are shown. */
    static final List<String> CHANNELS = List.of("webpush", "email", "sms", "in-app");

    /** What shows that a consent was said by a preference. */
    static final String FORM = "preference page";

    /**
     * @param purposes those of the workspace
     * @param consents in force, as {@link WordsStore#consents} tells them
     */
    static Preferences of(Collection<String> purposes, List<JsonObject> consents, JsonObject traits) {
        var names = new TreeSet<>(purposes);
        consents.forEach(consent -> names.add(consent.getString("purpose")));
        names.remove(TRANSACTIONAL);
        var on = new LinkedHashMap<String, Map<String, Boolean>>();
        for (var purpose : names) {
            var channels = new LinkedHashMap<String, Boolean>();
            CHANNELS.forEach(channel -> channels.put(channel, isOn(consents, purpose, channel)));
            on.put(purpose, channels);
        }
        return new Preferences(on, QuietHours.of(traits.getValue(QuietHours.NAME)));
    }

    /** Of the word for the channel and the word for all channels the later one, as senders read it; of two at once the refusal. */
    private static boolean isOn(List<JsonObject> consents, String purpose, String channel) {
        JsonObject latest = null;
        for (var consent : consents) {
            var about = consent.getString("channel");
            if (consent.getString("purpose").equals(purpose) && (about.equals(channel) || about.equals(Consent.ALL))) {
                var later = latest == null ? 1 : at(consent).compareTo(at(latest));
                if (later > 0 || later == 0 && !consent.getBoolean("granted")) {
                    latest = consent;
                }
            }
        }
        return latest == null || latest.getBoolean("granted");
    }

    private static Instant at(JsonObject consent) {
        return Instant.parse(consent.getString("changedAt"));
    }

    /** The consents to be said so that all of this is as wanted; what is not named, and what is so already, is not said. */
    List<Consent> towards(Map<String, Map<String, Boolean>> wanted, JsonObject evidence) {
        var changes = new ArrayList<Consent>();
        wanted.forEach((purpose, channels) -> channels.forEach((channel, now) -> {
            if (!now.equals(on.getOrDefault(purpose, Map.of()).getOrDefault(channel, true))) {
                changes.add(new Consent(purpose, channel, now, evidence));
            }
        }));
        return changes;
    }

    /** No more of anything, on no channel. */
    List<Consent> towardsNothing(JsonObject evidence) {
        return on.entrySet().stream()
                .filter(purpose -> purpose.getValue().containsValue(true))
                .map(purpose -> new Consent(purpose.getKey(), Consent.ALL, false, evidence))
                .toList();
    }

    JsonObject toJson() {
        var purposes = new JsonArray();
        on.forEach((purpose, channels) -> {
            var shown = new JsonObject();
            channels.forEach(shown::put);
            purposes.add(new JsonObject().put("purpose", purpose).put("channels", shown));
        });
        return new JsonObject()
                .put("purposes", purposes)
                .put("quietHours", quietHours.map(QuietHours::toJson).orElse(null));
    }

    /** What a caller of the API wants. */
    static Map<String, Map<String, Boolean>> wanted(JsonArray purposes) {
        var wanted = new LinkedHashMap<String, Map<String, Boolean>>();
        for (int i = 0; i < purposes.size(); i++) {
            var one = purposes.getJsonObject(i);
            var channels = new LinkedHashMap<String, Boolean>();
            one.getJsonObject("channels")
                    .forEach(channel -> channels.put(channel.getKey(), (Boolean) channel.getValue()));
            if (wanted.put(one.getString("purpose"), channels) != null) {
                throw ProblemException.unprocessable("/purposes/" + i + "/purpose", "This purpose stands here twice.");
            }
        }
        return wanted;
    }
}
