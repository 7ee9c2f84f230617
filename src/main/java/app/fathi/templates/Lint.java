package app.fathi.templates;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Looks at a template as its author would want somebody to. CPU alone. */
final class Lint {
    /** What is told of one template. */
    private static final int MOST = 500;

    private static final Set<String> ALWAYS_THERE = Set.of("traits", "data", "forloop", "tablerowloop");

    private final Renderer renderer;
    private final Payload payload;

    Lint(Renderer renderer, Payload payload) {
        this.renderer = renderer;
        this.payload = payload;
    }

    /**
     * @param included what its snippets say
     * @param now what snippets of these names say now; null where that does not matter
     */
    JsonObject look(TemplateBody body, Map<String, String> included, Map<String, String> now) {
        var findings = new JsonArray();
        var used = new HashSet<String>();
        int number = 0;
        var sizes = new JsonArray();
        for (var variant : body.variants().entrySet()) {
            var pointer = "/variants/" + number++ + "/content";
            look(body, variant.getValue(), pointer, new Snippets(included), used, findings);
            sizes.add(size(body, variant.getKey(), pointer, included, findings));
        }
        number = 0;
        for (var variable : body.variables()) {
            if (!used.contains(variable.name())) {
                add(findings, "/variables/" + number, "warning", "unused_variable", "No text uses it.", null);
            }
            number++;
        }
        included.forEach((name, text) -> {
            if (now != null && !text.equals(now.get(name))) {
                add(
                        findings,
                        "/snippets/" + name,
                        "warning",
                        "snippet_changed",
                        now.containsKey(name)
                                ? "It says something else by now: save the template to take that over."
                                : "It is no more: the next save will not find it.",
                        null);
            }
        });
        return new JsonObject().put("findings", findings).put("sizes", sizes);
    }

    private void look(
            TemplateBody body,
            JsonObject content,
            String pointer,
            Snippets snippets,
            Set<String> used,
            JsonArray findings) {
        var declared = new TreeSet<String>();
        body.variables().forEach(variable -> declared.add(variable.name()));
        Texts.map(content, pointer, (text, at) -> {
            String whole;
            try {
                whole = snippets.expand(text);
            } catch (RenderException e) {
                add(findings, at, "error", "unknown_snippet", e.getMessage(), null);
                return text;
            }
            renderer.check(whole)
                    .ifPresent(fault -> add(
                            findings,
                            at,
                            "error",
                            fault.startsWith("There is no filter") ? "unknown_filter" : "syntax",
                            fault,
                            null));
            for (var name : renderer.names(whole)) {
                used.add(name);
                if (!declared.contains(name) && !ALWAYS_THERE.contains(name)) {
                    add(
                            findings,
                            at,
                            "warning",
                            "unknown_variable",
                            "Nothing is called " + name + ", so it is empty: declare it, or write traits." + name
                                    + " for a trait of the person.",
                            null);
                }
            }
            return text;
        });
    }

    /** Rendered with its samples, and what platforms make of that. */
    private JsonObject size(
            TemplateBody body, String language, String pointer, Map<String, String> included, JsonArray findings) {
        var size = new JsonObject().put("language", language).put("limit", payload.limit());
        try {
            var wording = new Wording(body, new Snippets(included), renderer);
            var content = wording.render(language, Samples.of(body));
            int octets = payload.octets(content);
            size.put("octets", octets);
            if (octets > payload.limit()) {
                add(
                        findings,
                        pointer,
                        "error",
                        "payload_too_large",
                        "With its samples it has " + octets + " octets; a push carries " + payload.limit() + ".",
                        null);
            }
            for (var platform : Platform.values()) {
                var card = new Card(platform, content);
                told(card.ignored(), pointer, "ignored", platform, platform.title + " does not show it.", findings);
                told(card.cut(), pointer, "cut", platform, platform.title + " cuts it.", findings);
            }
        } catch (RenderException e) {
            size.putNull("octets");
            add(
                    findings,
                    pointer,
                    e.isAborted() ? "hint" : "error",
                    e.isAborted() ? "aborted" : "not_rendered",
                    "With its samples: " + e.getMessage(),
                    null);
        }
        return size;
    }

    private static void told(
            List<String> fields, String pointer, String code, Platform platform, String detail, JsonArray findings) {
        fields.forEach(field -> add(findings, pointer + "/" + field, "hint", code, detail, platform));
    }

    private static void add(
            JsonArray findings, String pointer, String severity, String code, String detail, Platform platform) {
        if (findings.size() < MOST) {
            findings.add(new JsonObject()
                    .put("pointer", pointer)
                    .put("severity", severity)
                    .put("code", code)
                    .put("detail", detail)
                    .put("platform", platform == null ? null : platform.word()));
        }
    }
}
