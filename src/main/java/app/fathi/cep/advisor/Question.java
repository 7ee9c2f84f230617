package app.fathi.cep.advisor;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * What a workspace's service is asked: may these people be told this now, and where? It names people by their public ids and by
 * nothing else: the service knows its own customers, and what never leaves cannot leak.
 *
 * @param message what every person of it is told by
 */
public record Question(Message message, List<Person> people) {

    /**
     * @param campaign null for none
     * @param tag null for none
     * @param template null for none
     * @param dryRun nothing will be sent, whatever is answered
     */
    public record Message(
            UUID id,
            UUID campaign,
            String purpose,
            String tag,
            int priority,
            Template template,
            Instant expiresAt,
            boolean dryRun) {}

    /** @param category empty where it has none */
    public record Template(UUID id, long version, String category) {}

    /**
     * @param local what their clock shows
     * @param channels that are left for them, by name, each with how well it suits by our own judgement
     */
    public record Person(UUID id, OffsetDateTime local, Map<String, JsonObject> channels) {}

    /** The same about at most so many people each. */
    List<Question> parts(int most) {
        if (people.size() <= most) {
            return List.of(this);
        }
        var parts = new ArrayList<Question>();
        for (int from = 0; from < people.size(); from += most) {
            parts.add(new Question(message, people.subList(from, Math.min(people.size(), from + most))));
        }
        return parts;
    }

    /** The body of the request: an event as Standard Webhooks writes them. */
    Buffer body(Instant now) {
        return new JsonObject()
                .put("type", "decision.requested")
                .put("timestamp", now.truncatedTo(ChronoUnit.MILLIS).toString())
                .put(
                        "data",
                        new JsonObject()
                                .put("message", json(message))
                                .put(
                                        "people",
                                        new JsonArray(people.stream()
                                                .map(Question::json)
                                                .toList())))
                .toBuffer();
    }

    private static JsonObject json(Message message) {
        var template = message.template;
        return new JsonObject()
                .put("id", message.id.toString())
                .put("campaignId", message.campaign == null ? null : message.campaign.toString())
                .put("purpose", message.purpose)
                .put("tag", message.tag)
                .put("priority", message.priority)
                .put(
                        "template",
                        template == null
                                ? null
                                : new JsonObject()
                                        .put("id", template.id.toString())
                                        .put("version", template.version)
                                        .put("category", template.category.isEmpty() ? null : template.category))
                .put(
                        "expiresAt",
                        message.expiresAt.truncatedTo(ChronoUnit.MILLIS).toString())
                .put("dryRun", message.dryRun);
    }

    private static JsonObject json(Person person) {
        var channels = new JsonObject();
        person.channels.forEach((name, score) -> channels.put(name, new JsonObject().put("score", score)));
        return new JsonObject()
                .put("id", person.id.toString())
                .put(
                        "localTime",
                        DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(person.local.truncatedTo(ChronoUnit.SECONDS)))
                .put("channels", channels);
    }
}
