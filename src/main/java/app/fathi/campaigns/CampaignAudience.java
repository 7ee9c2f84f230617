package app.fathi.campaigns;

import app.fathi.platform.errors.ProblemException;
import app.fathi.segments.Audiences;
import app.fathi.segments.rules.Mentions;
import app.fathi.segments.rules.RuleParser;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * Whom a campaign is for: whoever is in one of the segments, and of whom the rule is true, and who is in none of the others.
 *
 * @param rule null for none
 */
record CampaignAudience(List<UUID> include, List<UUID> exclude, JsonObject rule) {
    static final CampaignAudience NOBODY = new CampaignAudience(List.of(), List.of(), null);

    static CampaignAudience of(JsonObject json) {
        if (json == null) {
            return NOBODY;
        }
        var audience = new CampaignAudience(ids(json, "include"), ids(json, "exclude"), json.getJsonObject("rule"));
        for (int i = 0; i < audience.exclude.size(); i++) {
            if (audience.include.contains(audience.exclude.get(i))) {
                throw ProblemException.unprocessable(
                        "/audience/exclude/" + i, "This segment is included: it cannot be left out as well.");
            }
        }
        if (audience.rule != null) {
            RuleParser.parse(audience.rule, "/audience/rule");
        }
        return audience;
    }

    private static List<UUID> ids(JsonObject json, String name) {
        var found = new LinkedHashSet<UUID>();
        var array = json.getJsonArray(name, new JsonArray());
        for (int i = 0; array != null && i < array.size(); i++) {
            try {
                found.add(UUID.fromString(array.getString(i)));
            } catch (IllegalArgumentException e) {
                throw ProblemException.invalid("/audience/" + name + "/" + i, "This is not a UUID.");
            }
        }
        return List.copyOf(found);
    }

    /** Whether it says whom it is for. Whom it leaves out alone says it of nobody. */
    boolean isGiven() {
        return !include.isEmpty() || rule != null;
    }

    /** Whether it leaves anybody out. */
    boolean narrows() {
        return isGiven() || !exclude.isEmpty();
    }

    /** All of it as one rule; only of one that {@link #narrows}, and for those who find people that is {@link #isGiven given}. */
    JsonObject meant() {
        var parts = new ArrayList<JsonObject>();
        if (!include.isEmpty()) {
            parts.add(any(include));
        }
        if (rule != null) {
            parts.add(rule);
        }
        if (!exclude.isEmpty()) {
            parts.add(new JsonObject().put("type", "not").put("rule", any(exclude)));
        }
        return parts.size() == 1
                ? parts.getFirst()
                : new JsonObject().put("type", "and").put("rules", new JsonArray(parts));
    }

    private static JsonObject any(List<UUID> segments) {
        var rules = segments.stream().map(Audiences::rule).toList();
        return rules.size() == 1
                ? rules.getFirst()
                : new JsonObject().put("type", "or").put("rules", new JsonArray(rules));
    }

    /** All that it names. */
    Set<UUID> segments() {
        var all = new LinkedHashSet<>(include);
        all.addAll(exclude);
        if (rule != null) {
            all.addAll(Mentions.of(RuleParser.parse(rule, "/audience/rule")).segments());
        }
        return all;
    }

    JsonObject toJson() {
        return new JsonObject()
                .put(
                        "include",
                        new JsonArray(include.stream().map(UUID::toString).toList()))
                .put(
                        "exclude",
                        new JsonArray(exclude.stream().map(UUID::toString).toList()))
                .put("rule", rule);
    }
}
