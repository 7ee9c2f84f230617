package app.fathi.webpush;

import app.fathi.platform.errors.ProblemException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.HashSet;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;

/**
 * How a site asks whether it may notify, before the browser asks.
 *
 * @param kind {@code banner, bell} or {@code button}
 * @param site where it appears; null: on all of the workspace's
 * @param texts one for each language; the first is for everybody else
 * @param pages patterns of paths where it appears; empty: on all
 * @param pauseDays how long it stays away after the first refusal, the second, …; the last holds for all further ones
 * @param element selects the site's own element of a button; null for other kinds
 * @param edits null for one that is not saved yet, as {@code counts}
 */
record Prompt(
        UUID id,
        String name,
        String description,
        List<String> tags,
        String kind,
        UUID site,
        boolean active,
        List<PromptText> texts,
        List<String> pages,
        List<String> exceptPages,
        int delaySeconds,
        int pageViews,
        List<Integer> pauseDays,
        String position,
        String element,
        Counts counts,
        Edits edits) {

    private static final List<Integer> PAUSE_DAYS = List.of(7, 30, 90);

    /** How often, and with how many people. */
    record Counts(long shown, long accepted, long refused, long shownPeople, long acceptedPeople, long refusedPeople) {
        JsonObject toJson() {
            return new JsonObject()
                    .put("shown", count(shown, shownPeople))
                    .put("accepted", count(accepted, acceptedPeople))
                    .put("refused", count(refused, refusedPeople));
        }

        private static JsonObject count(long total, long unique) {
            return new JsonObject().put("total", total).put("unique", unique);
        }
    }

    /** Shape and lengths are the contract's; what a value means is checked here. */
    static Prompt of(UUID id, JsonObject fields) {
        var kind = fields.getString("kind");
        var prompt = new Prompt(
                id,
                Site.name(fields.getString("name")),
                fields.getString("description", ""),
                strings(fields, "tags"),
                kind,
                uuid(fields.getString("siteId")),
                fields.getBoolean("active", true),
                texts(fields.getJsonArray("texts")),
                strings(fields, "pages"),
                strings(fields, "exceptPages"),
                fields.getInteger("delaySeconds", 0),
                fields.getInteger("pageViews", 1),
                fields.getJsonArray("pauseDays", new JsonArray(PAUSE_DAYS)).stream()
                        .map(Integer.class::cast)
                        .toList(),
                fields.getString("position", kind.equals("bell") ? "bottom-end" : "bottom"),
                fields.getString("element"),
                null,
                null);
        prompt.requireWhole();
        return prompt;
    }

    /** The same with the fields that the change names. */
    Prompt with(JsonObject change) {
        return of(id, fields().mergeIn(change));
    }

    JsonObject fields() {
        return new JsonObject()
                .put("name", name)
                .put("description", description)
                .put("tags", new JsonArray(tags))
                .put("kind", kind)
                .put("siteId", site == null ? null : site.toString())
                .put("active", active)
                .put("texts", textsJson())
                .put("pages", new JsonArray(pages))
                .put("exceptPages", new JsonArray(exceptPages))
                .put("delaySeconds", delaySeconds)
                .put("pageViews", pageViews)
                .put("pauseDays", new JsonArray(pauseDays))
                .put("position", position)
                .put("element", element);
    }

    JsonObject toJson() {
        return edits.addTo(fields().put("id", id.toString()).put("counts", counts.toJson()));
    }

    JsonArray textsJson() {
        return new JsonArray(texts.stream().map(PromptText::toJson).toList());
    }

    /**
     * What a page needs of it, in the reader's language.
     *
     * @param on the site of the page; null when the workspace has said nothing of it
     */
    JsonObject forPage(List<String> languages, Site on) {
        var json = new JsonObject()
                .put("id", id.toString())
                .put("name", name)
                .put("kind", kind)
                .put("text", PromptText.best(texts, languages).toJson())
                .put("pages", new JsonArray(pages))
                .put("exceptPages", new JsonArray(exceptPages))
                .put("delaySeconds", delaySeconds)
                .put("pageViews", pageViews)
                .put("pauseDays", new JsonArray(pauseDays))
                .put("position", position);
        if (element != null) {
            json.put("element", element);
        }
        if (on != null && on.icon() != null) {
            json.put("icon", on.icon());
        }
        return json;
    }

    private void requireWhole() {
        if (kind.equals("button") != (element != null)) {
            throw ProblemException.unprocessable(
                    "/element",
                    element == null
                            ? "A button is an element of your page: name it by a CSS selector, such as #subscribe."
                            : "Only a button has an element.");
        }
        for (int i = 0; i < texts.size(); i++) {
            var text = texts.get(i);
            if (!kind.equals("button") && !text.says("title")) {
                throw ProblemException.unprocessable("/texts/" + i + "/title", "A " + kind + " needs a title.");
            }
            if (kind.equals("banner") && !text.says("refuse")) {
                throw ProblemException.unprocessable(
                        "/texts/" + i + "/refuse", "A banner needs a way to say no: name it.");
            }
        }
    }

    private static List<PromptText> texts(JsonArray all) {
        var languages = new HashSet<String>();
        return IntStream.range(0, all.size())
                .mapToObj(i -> {
                    var text = all.getJsonObject(i);
                    var pointer = "/texts/" + i + "/language";
                    var language = PromptText.canonical(text.getString("language"))
                            .orElseThrow(() -> ProblemException.unprocessable(
                                    pointer, "This is no BCP 47 language tag; valid ones are en and pt-BR."));
                    if (!languages.add(language)) {
                        throw ProblemException.unprocessable(pointer, "There is a text in " + language + " already.");
                    }
                    return PromptText.of(text.copy().put("language", language));
                })
                .toList();
    }

    private static List<String> strings(JsonObject fields, String name) {
        return fields.getJsonArray(name, new JsonArray()).stream()
                .map(String.class::cast)
                .distinct()
                .toList();
    }

    private static UUID uuid(String text) {
        try {
            return text == null ? null : UUID.fromString(text);
        } catch (IllegalArgumentException e) {
            throw ProblemException.invalid("/siteId", "This is not a UUID.");
        }
    }
}
