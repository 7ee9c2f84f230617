package app.fathi.templates;

import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;

/**
 * Content with variables, as its newest version says it.
 *
 * @param status of the newest version
 * @param activeVersion what messages say; null when none was approved
 * @param comment why it was sent back; empty when it was not
 * @param edits null for one that is not saved yet
 */
record Template(
        UUID id,
        Status status,
        Long activeVersion,
        String comment,
        String name,
        String description,
        String category,
        List<String> tags,
        TemplateBody body,
        Edits edits) {

    /** What its newest version has come to. */
    enum Status {
        DRAFT,
        IN_REVIEW,
        ACTIVE,
        ARCHIVED;

        static Status of(String word) {
            return valueOf(word.toUpperCase(Locale.ROOT));
        }

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Who made it and who changed it last, users or keys; the version grows with each change. */
    record Edits(UUID createdBy, OffsetDateTime createdAt, UUID updatedBy, OffsetDateTime updatedAt, long version) {
        JsonObject addTo(JsonObject json) {
            return json.put("createdBy", createdBy.toString())
                    .put("createdAt", createdAt.toInstant().toString())
                    .put("updatedBy", updatedBy.toString())
                    .put("updatedAt", updatedAt.toInstant().toString())
                    .put("version", version);
        }
    }

    /** Shape and lengths are the contract's; what the fields mean is checked here. */
    static Template of(UUID id, JsonObject fields) {
        return new Template(
                id,
                Status.DRAFT,
                null,
                "",
                name(fields.getString("name")),
                fields.getString("description", ""),
                fields.getString("category", "").strip(),
                fields.getJsonArray("tags", new JsonArray()).stream()
                        .map(String.class::cast)
                        .distinct()
                        .toList(),
                TemplateBody.of(fields),
                null);
    }

    private static String name(String name) {
        if (name.isBlank()) {
            throw ProblemException.unprocessable("/name", "A name must not be blank.");
        }
        return name.strip();
    }

    /** The template, if its newest version is still the one that was read. */
    static Template current(Optional<Template> found, long version) {
        var template = found.orElseThrow(() -> ProblemException.notFound("template"));
        if (template.edits.version() != version) {
            throw ProblemException.of(
                    Kind.PRECONDITION_FAILED, "The template has changed since it was read. Read it again.");
        }
        return template;
    }

    /**
     * The same with the fields that the change names. What changes nothing that is sent stays what it is; else the newest
     * version is a draft, and the active one stays what is sent.
     *
     * @param included whether what it includes says what it said
     */
    Template with(Template changed, boolean included) {
        boolean same = included && changed.body.equals(body) && status != Status.ARCHIVED;
        return new Template(
                id,
                same ? status : Status.DRAFT,
                same && status == Status.ACTIVE ? Long.valueOf(edits.version() + 1) : activeVersion,
                same ? comment : "",
                changed.name,
                changed.description,
                changed.category,
                changed.tags,
                changed.body,
                null);
    }

    /** With the fields that the change names, as if it were new. */
    Template draft(JsonObject change) {
        return of(id, fields().mergeIn(change));
    }

    JsonObject fields() {
        return new JsonObject()
                .put("name", name)
                .put("description", description)
                .put("category", category)
                .put("tags", new JsonArray(tags))
                .mergeIn(body.toJson());
    }

    JsonObject toJson() {
        return edits.addTo(fields().put("id", id.toString())
                .put("channel", "webpush")
                .put("status", status.word())
                .put("activeVersion", activeVersion)
                .put("comment", comment));
    }

    /** In a list: without what it says. */
    JsonObject toLine() {
        var json = toJson();
        json.remove("variants");
        json.remove("variables");
        return json.put("languages", new JsonArray(List.copyOf(body.variants().keySet())));
    }
}
