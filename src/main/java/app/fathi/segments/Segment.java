package app.fathi.segments;

import app.fathi.platform.errors.ProblemException;
import app.fathi.segments.rules.Rule;
import app.fathi.segments.rules.RuleParser;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.UUID;

/**
 * A named set of people.
 *
 * @param rule who is in a dynamic one; null of a static one, which people are put into
 * @param builtIn every workspace has it, see {@link BuiltIns}
 * @param edits null for one that is not saved yet
 * @param keeping null for a static one, and for one that is not saved yet
 */
record Segment(
        UUID id,
        String name,
        String description,
        List<String> tags,
        JsonObject rule,
        boolean builtIn,
        Edits edits,
        Keeping keeping) {

    /**
     * What is known of who is in it.
     *
     * @param no its small number
     * @param since when everybody had been asked by the rule that it has now; null: they are being asked
     */
    record Keeping(int no, OffsetDateTime since) {}

    /** Who made it and who changed it last, users or keys; the version grows with each change. */
    record Edits(UUID createdBy, OffsetDateTime createdAt, UUID updatedBy, OffsetDateTime updatedAt, long version) {}

    /**
     * A dynamic one as it is asked of people.
     *
     * @param no its small number
     * @param rule without names of dynamic segments
     * @param kept whether everybody was asked by this rule
     */
    record Dynamic(int no, UUID id, Rule rule, long ruleNo, boolean kept) {}

    /** Shape and lengths are the contract's; what a rule means is checked here. */
    static Segment of(UUID id, JsonObject fields) {
        var name = fields.getString("name");
        if (name.isBlank()) {
            throw ProblemException.unprocessable("/name", "A name must not be blank.");
        }
        var rule = fields.getJsonObject("rule");
        if (rule != null) {
            RuleParser.parse(rule, "/rule");
        }
        return new Segment(
                id,
                name.strip(),
                fields.getString("description", ""),
                fields.getJsonArray("tags", new JsonArray()).stream()
                        .map(String.class::cast)
                        .distinct()
                        .toList(),
                rule,
                false,
                null,
                null);
    }

    /** The same with the fields that the change names. A dynamic one stays dynamic, a static one static. */
    Segment with(JsonObject change) {
        if (change.containsKey("rule") && (change.getValue("rule") == null) != (rule == null)) {
            throw ProblemException.unprocessable(
                    "/rule",
                    rule == null
                            ? "People are put into a static segment: it has no rule. Make a dynamic one."
                            : "A dynamic segment is its rule. Make a static one for people who are put into it.");
        }
        return of(id, fields().mergeIn(change));
    }

    /** The same, if it may be changed and deleted. */
    Segment own() {
        if (builtIn) {
            throw ProblemException.conflict(
                    "The segment " + name + " is built in: it stays as it is. Make one of your own.");
        }
        return this;
    }

    boolean isStatic() {
        return rule == null;
    }

    /** Whether everybody was asked by its rule, so that who is in it is known at any time. */
    boolean isKept() {
        return keeping != null && keeping.since() != null;
    }

    /** The same with a rule that not everybody was asked by. */
    Segment asking() {
        return keeping == null
                ? this
                : new Segment(id, name, description, tags, rule, builtIn, edits, new Keeping(keeping.no(), null));
    }

    /** Whoever belongs to it, as a rule. */
    Rule asRule() {
        return isStatic() ? new Rule.Member(id) : RuleParser.parse(rule, "/rule");
    }

    JsonObject fields() {
        return new JsonObject()
                .put("name", name)
                .put("description", description)
                .put("tags", new JsonArray(tags))
                .put("rule", rule);
    }

    /** @param people how many are in it; null while that is not known */
    JsonObject toJson(Long people) {
        return fields().put("id", id.toString())
                .put("kind", isStatic() ? "static" : "dynamic")
                .put("builtIn", builtIn)
                .put("state", isStatic() || isKept() ? "live" : "building")
                .put("people", people)
                .put("createdBy", edits.createdBy.toString())
                .put("createdAt", edits.createdAt.toInstant().toString())
                .put("updatedBy", edits.updatedBy.toString())
                .put("updatedAt", edits.updatedAt.toInstant().toString())
                .put("version", edits.version);
    }
}
