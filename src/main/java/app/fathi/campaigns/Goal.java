package app.fathi.campaigns;

import app.fathi.platform.errors.ProblemException;
import app.fathi.segments.rules.Rule;
import app.fathi.segments.rules.RuleParser;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;

/**
 * What a campaign is for: an event that people do within a time after a message of it reached them.
 *
 * @param where conditions on its properties, all of which hold, as rules write them
 */
record Goal(String event, JsonArray where, int windowHours) {

    static Goal of(JsonObject json) {
        if (json == null) {
            return null;
        }
        if (json.getString("event").isBlank()) {
            throw ProblemException.unprocessable("/goal/event", "An event's name must not be blank.");
        }
        var goal = new Goal(
                json.getString("event"), json.getJsonArray("where", new JsonArray()), json.getInteger("windowHours"));
        goal.behaviour();
        return goal;
    }

    /** What is looked for, as the rules know it; fails with {@code unprocessable} for conditions that cannot be followed. */
    Rule.Behaviour behaviour() {
        var rule = new JsonObject().put("type", "did").put("event", event).put("where", where);
        return ((Rule.Did) RuleParser.parse(rule, "/goal")).behaviour();
    }

    JsonObject toJson() {
        return new JsonObject().put("event", event).put("where", where).put("windowHours", windowHours);
    }
}
