package app.fathi.campaigns;

import app.fathi.cep.message.Audience;
import app.fathi.cep.message.ByTemplate;
import app.fathi.cep.message.MessageRequest;
import app.fathi.cep.message.Plan;
import app.fathi.cep.message.Source;
import app.fathi.cep.message.Urgency;
import app.fathi.platform.bus.Rfc3339;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.UUID;

/**
 * All of a campaign that changes what is sent, to whom and when.
 *
 * @param content the contract's {@code PushContent}; null where a template says it, or nothing does yet
 * @param template null where the content says it, or nothing does yet
 * @param schedule null for one that somebody launches
 * @param topic null for none, {@code tag} as well
 * @param devices the n most recently active of each person; null for all
 * @param perMinute null for as fast as it goes
 * @param holdoutPercent so many of a hundred people get none, the same ones each time
 * @param dedupe what makes its messages the same thing as others to a person; null for nothing
 * @param priority how important its messages are beside others, see {@link Plan}
 * @param goal null for none
 */
record CampaignBody(
        JsonObject content,
        ByTemplate template,
        CampaignAudience audience,
        Schedule schedule,
        String purpose,
        int ttlSeconds,
        Urgency urgency,
        String topic,
        String tag,
        Integer devices,
        Integer perMinute,
        boolean tracking,
        double holdoutPercent,
        Plan.Dedupe dedupe,
        int priority,
        Goal goal) {

    /** The contract's names of these fields. */
    static final Set<String> FIELDS = Set.of(
            "content",
            "template",
            "audience",
            "schedule",
            "purpose",
            "ttl",
            "urgency",
            "topic",
            "tag",
            "devices",
            "perMinute",
            "tracking",
            "holdoutPercent",
            "dedupe",
            "priority",
            "goal");

    /** Shape and lengths are the contract's; what the fields mean is checked here. Whether it can be sent is not. */
    static CampaignBody of(JsonObject json) {
        var content = json.getJsonObject("content");
        var template = json.getJsonObject("template");
        if (content != null && template != null) {
            throw ProblemException.unprocessable(
                    "/content", "A campaign shows either its own content or what a template says: give one of both.");
        }
        if (content != null) {
            Rfc3339.at("/content/timestamp", content.getString("timestamp"));
        }
        var schedule = Schedule.of(json.getJsonObject("schedule"));
        if (schedule instanceof Schedule.Triggered && json.getInteger("perMinute") != null) {
            throw ProblemException.unprocessable(
                    "/perMinute", "Who enters people into a triggered campaign decides how fast: leave it out.");
        }
        return new CampaignBody(
                content,
                template(template),
                CampaignAudience.of(json.getJsonObject("audience")),
                schedule,
                json.getString("purpose"),
                json.getInteger("ttl", MessageRequest.DEFAULT_TTL_SECONDS),
                Urgency.of(json.getString("urgency", Urgency.NORMAL.word())),
                json.getString("topic"),
                json.getString("tag"),
                json.getValue("devices") instanceof JsonObject latest ? latest.getInteger("lastActive") : null,
                json.getInteger("perMinute"),
                json.getBoolean("tracking", true),
                holdout(json),
                dedupe(json.getJsonObject("dedupe")),
                json.getInteger("priority", Plan.USUAL_PRIORITY),
                Goal.of(json.getJsonObject("goal")));
    }

    private static double holdout(JsonObject json) {
        double percent = json.getDouble("holdoutPercent", 0.0);
        if (percent > 0 && json.getString("purpose").equals("transactional")) {
            throw ProblemException.unprocessable("/holdoutPercent", "Nobody is held out of a transactional campaign.");
        }
        return percent;
    }

    private static Plan.Dedupe dedupe(JsonObject json) {
        return json == null
                ? null
                : new Plan.Dedupe(
                        json.getString("key"), Duration.ofHours(json.getInteger("withinHours", Plan.DEDUPE_HOURS)));
    }

    private static ByTemplate template(JsonObject json) {
        if (json == null) {
            return null;
        }
        try {
            return new ByTemplate(
                    UUID.fromString(json.getString("id")),
                    json.getLong("version"),
                    json.getString("language"),
                    json.getJsonObject("variables", new JsonObject()));
        } catch (IllegalArgumentException e) {
            throw ProblemException.invalid("/template/id", "This is not a UUID.");
        }
    }

    /**
     * What is asked of the sender.
     *
     * @param version the template's, which was settled before; null for the active one
     * @param cutoff nothing is sent from then on; null for as long as the ttl says
     */
    MessageRequest request(UUID campaign, Audience people, Long version, Instant cutoff) {
        var request = new MessageRequest(
                        people,
                        content == null ? new JsonObject() : content,
                        purpose,
                        ttlSeconds,
                        urgency,
                        topic,
                        null,
                        null,
                        devices,
                        perMinute,
                        tracking,
                        false)
                .tagged(tag)
                .planned(new Plan(
                        schedule == null ? null : schedule.timing(),
                        cutoff,
                        holdoutPercent,
                        dedupe,
                        campaign,
                        priority))
                .from(Source.CAMPAIGN);
        return template == null
                ? request
                : request.by(new ByTemplate(
                        template.id(),
                        version == null ? template.version() : version,
                        template.language(),
                        template.variables()));
    }

    /** How long what somebody was entered with may wait until it reaches them: for the morning, or for a push service. */
    Duration longestWait() {
        var ttl = Duration.ofSeconds(ttlSeconds);
        var cutoff = schedule == null ? null : schedule.cutoff(Instant.EPOCH);
        return cutoff == null || cutoff.isAfter(Instant.EPOCH.plus(ttl))
                ? ttl
                : Duration.between(Instant.EPOCH, cutoff);
    }

    /** Whether people are entered one by one, for as long as it runs. */
    boolean isTriggered() {
        return schedule instanceof Schedule.Triggered;
    }

    /** Whether people can be counted: who is in its audience, or may be entered. */
    boolean saysWhom() {
        return isTriggered() ? audience.narrows() : audience.isGiven();
    }

    boolean isTransactional() {
        return purpose.equals("transactional");
    }

    JsonObject toJson() {
        return new JsonObject()
                .put("content", content)
                .put("template", template == null ? null : templateJson())
                .put("audience", audience.toJson())
                .put("schedule", schedule == null ? null : schedule.toJson())
                .put("purpose", purpose)
                .put("ttl", ttlSeconds)
                .put("urgency", urgency.word())
                .put("topic", topic)
                .put("tag", tag)
                .put("devices", devices == null ? "all" : new JsonObject().put("lastActive", devices))
                .put("perMinute", perMinute)
                .put("tracking", tracking)
                .put("holdoutPercent", holdoutPercent)
                .put("dedupe", dedupe == null ? null : dedupeJson())
                .put("priority", priority)
                .put("goal", goal == null ? null : goal.toJson());
    }

    private JsonObject dedupeJson() {
        return new JsonObject().put("key", dedupe.key()).put("withinHours", (int)
                dedupe.within().toHours());
    }

    private JsonObject templateJson() {
        var json = new JsonObject().put("id", template.id().toString());
        if (template.version() != null) {
            json.put("version", template.version());
        }
        if (template.language() != null) {
            json.put("language", template.language());
        }
        return template.variables().isEmpty() ? json : json.put("variables", template.variables());
    }
}
