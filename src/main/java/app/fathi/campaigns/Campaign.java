package app.fathi.campaigns;

import app.fathi.campaigns.CampaignLife.State;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * A campaign: what it is called, what is sent to whom and when, and how far that has come.
 *
 * @param life where it stands; of one that is not saved yet {@link State#NEW}
 * @param comment why it was sent back, or failed; empty else
 * @param templateVersion that is sent, once that is settled; null before, and where no template says it
 * @param edits null for one that is not saved yet
 */
record Campaign(
        UUID id,
        String name,
        String description,
        List<String> tags,
        CampaignBody body,
        State life,
        String comment,
        Long templateVersion,
        Edits edits) {

    /**
     * Who made it and who changed it last, users or keys; the version grows with each change.
     *
     * @param editedBy who changed last what is sent
     * @param askedAt when somebody let it go out last; of one that nobody ever did when it was changed last
     * @param startedAt when it went out first; null before
     * @param finishedAt when it was over; null before
     */
    record Edits(
            UUID createdBy,
            Instant createdAt,
            UUID updatedBy,
            Instant updatedAt,
            UUID editedBy,
            Instant askedAt,
            Instant startedAt,
            Instant finishedAt,
            long version) {}

    /** Shape and lengths are the contract's; what the fields mean is checked here. */
    static Campaign of(UUID id, JsonObject fields) {
        var name = fields.getString("name");
        if (name.isBlank()) {
            throw ProblemException.unprocessable("/name", "A name must not be blank.");
        }
        return new Campaign(
                id,
                name.strip(),
                fields.getString("description", ""),
                fields.getJsonArray("tags", new JsonArray()).stream()
                        .map(String.class::cast)
                        .distinct()
                        .toList(),
                CampaignBody.of(fields),
                State.NEW,
                "",
                null,
                null);
    }

    /** The campaign, if it is still the one that was read. */
    static Campaign current(Optional<Campaign> found, long version) {
        var campaign = found.orElseThrow(() -> ProblemException.notFound("campaign"));
        if (campaign.edits.version() != version) {
            throw ProblemException.of(
                    Kind.PRECONDITION_FAILED, "The campaign has changed since it was read. Read it again.");
        }
        return campaign;
    }

    /** With the fields that the change names, as if it were new. Content takes the place of a template, and the other way round. */
    Campaign draft(JsonObject change) {
        var fields = fields();
        if (change.getValue("content") != null) {
            fields.putNull("template");
        }
        if (change.getValue("template") != null) {
            fields.putNull("content");
        }
        return of(id, fields.mergeIn(change));
    }

    /** The same elsewhere in its life. */
    Campaign at(State other) {
        return new Campaign(id, name, description, tags, body, other, comment, templateVersion, edits);
    }

    Campaign saying(String other) {
        return new Campaign(id, name, description, tags, body, life, other, templateVersion, edits);
    }

    /** @param version null where it is to be settled again */
    Campaign pinned(Long version) {
        return new Campaign(id, name, description, tags, body, life, comment, version, edits);
    }

    JsonObject fields() {
        return new JsonObject()
                .put("name", name)
                .put("description", description)
                .put("tags", new JsonArray(tags))
                .mergeIn(body.toJson());
    }

    JsonObject toJson() {
        return fields().put("id", id.toString())
                .put("type", type())
                .put("status", life.status().word())
                .put("approval", life.approval().word())
                .put("comment", comment)
                .put("templateVersion", templateVersion)
                .put("nextAt", text(life.next()))
                .put("startedAt", text(edits.startedAt))
                .put("finishedAt", text(edits.finishedAt))
                .put("createdBy", edits.createdBy.toString())
                .put("createdAt", edits.createdAt.toString())
                .put("updatedBy", edits.updatedBy.toString())
                .put("updatedAt", edits.updatedAt.toString())
                .put("version", edits.version);
    }

    private String type() {
        return switch (body.schedule()) {
            case Schedule.Recurring recurring -> "recurring";
            case Schedule.Triggered triggered -> "triggered";
            case null, default -> "one_time";
        };
    }

    /** In a list: without what it says and to whom. */
    JsonObject toLine() {
        var json = toJson();
        List.of("content", "template", "audience", "goal").forEach(json::remove);
        return json;
    }

    static String text(Instant at) {
        return at == null ? null : at.toString();
    }
}
