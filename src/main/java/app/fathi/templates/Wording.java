package app.fathi.templates;

import app.fathi.platform.errors.Problem.Fault;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One version of a template, ready to be said to many. It never changes, so it is kept and shared.
 *
 * <p>What a message adds is its <em>filling</em>: <code>{language, fallback, variables}</code> — the language that it asks for
 * itself, that of its workspace, and the values that it gives.
 */
public final class Wording {
    private final TemplateBody body;
    private final Renderer renderer;
    /** By language, with all that they include. */
    private final Map<String, JsonObject> contents = new LinkedHashMap<>();

    Wording(TemplateBody body, Snippets snippets, Renderer renderer) {
        this.body = body;
        this.renderer = renderer;
        body.variants().forEach((language, content) -> {
            var expanded = TemplateBody.eachText(content, snippets::expand);
            if (expanded.getString("lang") == null) {
                expanded.put("lang", language);
            }
            if (expanded.getString("dir") == null && Languages.isRightToLeft(language)) {
                expanded.put("dir", "rtl");
            }
            contents.put(language, expanded);
        });
    }

    TemplateBody body() {
        return body;
    }

    Map<String, JsonObject> contents() {
        return contents;
    }

    /** Whether it has words in this language, as it is written. */
    public boolean speaks(String language) {
        return Languages.best(contents.keySet(), language).isPresent();
    }

    /** The language of the words for somebody: theirs, a wider one, the workspace's, or the template's own. */
    String language(String theirs, JsonObject filling) {
        return Languages.best(contents.keySet(), filling.getString("language"), theirs, filling.getString("fallback"))
                .orElse(body.language());
    }

    /**
     * The content for somebody, not yet rendered; not to be changed.
     *
     * @param traits what may name their language; null for none
     * @param device the language of their browser; null when it is not known
     */
    public JsonObject content(JsonObject filling, JsonObject traits, String device) {
        var theirs = Languages.ofTraits(traits);
        return contents.get(language(theirs == null ? device : theirs, filling));
    }

    /** Whether one content stands for all: there is one language to choose, and there are no variables to fill in. */
    boolean standsAlone(JsonObject filling) {
        return body.variables().isEmpty() && isOfOneLanguage(filling);
    }

    /** Whether nobody's language matters. */
    private boolean isOfOneLanguage(JsonObject filling) {
        return contents.size() == 1 || filling.getString("language") != null;
    }

    /**
     * What its texts may name, of one person.
     *
     * @param data what the person gets of their own; null for nothing
     * @throws RenderException when something is missing without which there is no message
     */
    public JsonObject variables(JsonObject filling, JsonObject data, JsonObject traits) {
        var given = filling.getJsonObject("variables", new JsonObject());
        var all = new JsonObject();
        for (var variable : body.variables()) {
            var value = value(variable, given, data, traits);
            if (value != null) {
                all.put(variable.name(), value);
            }
        }
        return all.put("traits", traits).put("data", data);
    }

    private Object value(Variable variable, JsonObject given, JsonObject data, JsonObject traits) {
        var name = variable.name();
        var own = data == null ? null : variable.type().read(data.getValue(name));
        if (own != null) {
            return own;
        }
        var told = variable.type().read(given.getValue(name));
        if (told != null) {
            return told;
        }
        var known = variable.ofTraits(traits);
        if (known != null) {
            return known;
        }
        return switch (variable.missing(body.missing())) {
            case DEFAULT -> variable.type().read(variable.byDefault());
            case EMPTY -> null;
            case SKIP, FAIL -> throw RenderException.missing(name);
        };
    }

    /** What is wrong with values that somebody gives: unknown names, and values of another type. */
    public List<Fault> check(JsonObject given, String pointer) {
        var faults = new ArrayList<Fault>();
        var known = new LinkedHashMap<String, Variable>();
        body.variables().forEach(variable -> known.put(variable.name(), variable));
        given.forEach(entry -> {
            var variable = known.get(entry.getKey());
            if (variable == null) {
                faults.add(new Fault(
                        pointer + "/" + Texts.escape(entry.getKey()),
                        "The template has no variable of this name"
                                + (known.isEmpty() ? "." : "; it has " + String.join(", ", known.keySet()) + ".")));
            }
        });
        faults.addAll(checkTypes(given, pointer));
        return faults;
    }

    /** The values of another type than their variables; other names are passed over. */
    public List<Fault> checkTypes(JsonObject given, String pointer) {
        return body.variables().stream()
                .filter(variable -> given.getValue(variable.name()) != null
                        && variable.type().read(given.getValue(variable.name())) == null)
                .map(variable -> new Fault(
                        pointer + "/" + variable.name(),
                        "This takes " + variable.type().wants() + "."))
                .toList();
    }

    /**
     * The variables that must be given and are not: no message is taken without them.
     *
     * @param given all that the message gives for everybody, or for one person
     */
    public List<Fault> missing(JsonObject given, String pointer) {
        return body.variables().stream()
                .filter(variable -> variable.missing(body.missing()) == Missing.FAIL
                        && variable.trait() == null
                        && given.getValue(variable.name()) == null)
                .map(variable -> new Fault(
                        pointer + "/" + variable.name(),
                        "The template needs this: " + variable.type().wants() + "."))
                .toList();
    }

    /** The content for somebody, rendered. CPU alone; fails as {@link Renderer#render} and {@link #variables} do. */
    JsonObject render(String language, JsonObject variables) {
        return renderer.render(contents.get(language), variables);
    }
}
