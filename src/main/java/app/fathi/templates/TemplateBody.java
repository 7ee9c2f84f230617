package app.fathi.templates;

import app.fathi.platform.bus.Rfc3339;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.Problem.Fault;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * What a template says, and what it has to know for it: all that changes what is sent.
 *
 * @param language of the variant for whom no other is
 * @param variants contents by canonical language tag, in the order in which they were given
 * @param missing what becomes of a message for somebody of whom a variable is not known
 */
record TemplateBody(String language, Map<String, JsonObject> variants, List<Variable> variables, Missing missing) {
    /** The contract's names of these fields. */
    static final Set<String> FIELDS = Set.of("language", "variants", "variables", "missing");

    /** Names that mean something else in a template. */
    private static final Set<String> RESERVED = Set.of(
            "traits",
            "data",
            "forloop",
            "tablerowloop",
            "blank",
            "empty",
            "nil",
            "null",
            "true",
            "false",
            "and",
            "or",
            "contains",
            "in",
            "with",
            "now");

    /** Shape and lengths are the contract's; what the fields mean is checked here. Whether its texts can be rendered is not. */
    static TemplateBody of(JsonObject fields) {
        var faults = new ArrayList<Fault>();
        var variants = variants(fields.getJsonArray("variants"), faults);
        var language = language(fields.getString("language"), variants, faults);
        var variables = variables(fields.getJsonArray("variables", new JsonArray()), faults);
        if (!faults.isEmpty()) {
            throw new ProblemException(Problem.of(Kind.UNPROCESSABLE, "The template cannot be kept as it is.", faults));
        }
        return new TemplateBody(
                language, variants, variables, Missing.of(fields.getString("missing", Missing.DEFAULT.word())));
    }

    private static Map<String, JsonObject> variants(JsonArray array, List<Fault> faults) {
        var variants = new LinkedHashMap<String, JsonObject>();
        for (int i = 0; i < array.size(); i++) {
            var variant = array.getJsonObject(i);
            var pointer = "/variants/" + i;
            var content = variant.getJsonObject("content");
            var language = Languages.canonical(variant.getString("language"));
            if (language.isEmpty()) {
                faults.add(new Fault(
                        pointer + "/language", "This is no BCP 47 language tag; valid ones are en and pt-BR."));
            } else if (variants.put(language.get(), content) != null) {
                faults.add(new Fault(pointer + "/language", "There is a variant in this language before it."));
            }
            var timestamp = content.getString("timestamp");
            if (timestamp != null && Rfc3339.parse(timestamp).isEmpty()) {
                faults.add(new Fault(
                        pointer + "/content/timestamp",
                        "A time is written as in RFC 3339, such as 2026-11-02T10:00:00Z."));
            }
        }
        return variants;
    }

    /** When none is named, that of the first variant. */
    private static String language(String named, Map<String, JsonObject> variants, List<Fault> faults) {
        if (named == null) {
            return variants.keySet().stream().findFirst().orElse(null);
        }
        var language = Languages.canonical(named).filter(variants::containsKey);
        if (language.isEmpty()) {
            faults.add(new Fault("/language", "There is no variant in this language."));
        }
        return language.orElse(null);
    }

    private static List<Variable> variables(JsonArray array, List<Fault> faults) {
        var variables = new ArrayList<Variable>();
        var names = new HashSet<String>();
        for (int i = 0; i < array.size(); i++) {
            var variable = Variable.of(array.getJsonObject(i));
            var pointer = "/variables/" + i;
            if (RESERVED.contains(variable.name())) {
                faults.add(new Fault(pointer + "/name", "This name means something else in a template."));
            } else if (!names.add(variable.name())) {
                faults.add(new Fault(pointer + "/name", "There is a variable of this name before it."));
            }
            require(variable, variable.byDefault(), pointer + "/defaultValue", faults);
            require(variable, variable.sample(), pointer + "/sample", faults);
            variables.add(variable);
        }
        return List.copyOf(variables);
    }

    private static void require(Variable variable, Object value, String pointer, List<Fault> faults) {
        if (value != null && variable.type().read(value) == null) {
            faults.add(new Fault(pointer, "This takes " + variable.type().wants() + "."));
        }
    }

    JsonObject toJson() {
        var texts = new JsonArray();
        variants.forEach((tag, content) ->
                texts.add(new JsonObject().put("language", tag).put("content", content)));
        return new JsonObject()
                .put("language", language)
                .put("variants", texts)
                .put(
                        "variables",
                        new JsonArray(variables.stream().map(Variable::toJson).toList()))
                .put("missing", missing.word());
    }

    /** The snippets that its texts include themselves. */
    Set<String> snippets() {
        var names = new LinkedHashSet<String>();
        variants.values()
                .forEach(content -> eachText(content, text -> {
                    names.addAll(Snippets.names(text));
                    return text;
                }));
        return names;
    }

    /** What is wrong with its texts and what they include, each at its pointer. CPU alone. */
    List<Fault> faults(Renderer renderer, Snippets snippets) {
        var faults = new ArrayList<Fault>();
        int i = 0;
        for (var content : variants.values()) {
            var pointer = "/variants/" + i++ + "/content";
            var readable = new ArrayList<Fault>();
            var expanded = Texts.map(content, pointer, (text, at) -> {
                try {
                    return snippets.expand(text);
                } catch (RenderException e) {
                    readable.add(new Fault(at, e.getMessage()));
                    return "";
                }
            });
            faults.addAll(readable);
            faults.addAll(renderer.check((JsonObject) expanded, pointer));
        }
        return faults;
    }

    static JsonObject eachText(JsonObject content, UnaryOperator<String> change) {
        return (JsonObject) Texts.map(content, "", (text, at) -> change.apply(text));
    }
}
