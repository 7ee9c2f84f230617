package app.fathi.templates;

import app.fathi.platform.config.Config;
import app.fathi.platform.errors.Problem.Fault;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import liqp.filters.Filters;
import liqp.org.antlr.v4.runtime.tree.ParseTree;
import liquid.parser.v4.LiquidParser.FilterContext;
import liquid.parser.v4.LiquidParser.Include_tagContext;

/**
 * Renders content whose texts are Liquid templates: each string in it, however deep. What is missing renders empty;
 * values are put in as they are, because notifications are plain text. Limits on loops, size and time come from the
 * settings {@code render.*}; there are no files and no reflection. Thread-safe; meant for the few threads of the send
 * pool, each of which keeps its parsed templates.
 */
public final class Renderer {
    /** What Liquid itself calls something. */
    private static final Set<String> LOOPS = Set.of("forloop", "tablerowloop");

    private final ThreadLocal<Sandbox> sandboxes;

    public Renderer(Config.Render limits) {
        sandboxes = ThreadLocal.withInitial(() -> new Sandbox(limits));
    }

    /** What is wrong with the templates in the content, each at its JSON pointer below the given one. */
    public List<Fault> check(JsonObject content, String pointer) {
        var faults = new ArrayList<Fault>();
        check(content, pointer, faults);
        return faults;
    }

    /** What is wrong with one template, in words for its author; empty when it can be rendered. */
    public Optional<String> check(String template) {
        if (isConstant(template)) {
            return Optional.empty();
        }
        try {
            return fault(sandboxes.get().parse(template).getParseTree());
        } catch (RenderException e) {
            return Optional.of(e.getMessage());
        } catch (StackOverflowError e) {
            return Optional.of("The template is nested too deeply.");
        }
    }

    /** What a template asks for by name, less what it makes itself; nothing of one that cannot be read. */
    Set<String> names(String template) {
        try {
            return isConstant(template)
                    ? Set.of()
                    : Names.of(sandboxes.get().parse(template).getParseTree());
        } catch (RenderException | StackOverflowError e) {
            return Set.of();
        }
    }

    /** What the content asks for by name that nothing is called, so that it is empty for everybody; each at its pointer. */
    public List<Fault> unknown(JsonObject content, String pointer, Set<String> known) {
        var faults = new ArrayList<Fault>();
        Texts.map(content, pointer, (text, at) -> {
            names(text).stream()
                    .filter(name -> !known.contains(name) && !LOOPS.contains(name))
                    .forEach(name -> faults.add(new Fault(
                            at,
                            "Nothing is called " + name
                                    + ", so it is empty for everybody: what is known of a person is traits." + name
                                    + (known.contains("data") ? ", and what an entry gives data." + name : "") + ".")));
            return text;
        });
        return faults;
    }

    /** Whether rendering gives the content itself, for whomever. */
    public boolean isConstant(JsonObject content) {
        return isConstant((Object) content);
    }

    /**
     * The content with each text rendered.
     *
     * @param variables what the templates may name, for example {@code traits}; not changed
     * @throws RenderException when a template fails, breaks a limit or aborts
     */
    public JsonObject render(JsonObject content, JsonObject variables) {
        if (isConstant(content)) {
            return content;
        }
        var sandbox = sandboxes.get();
        sandbox.startClock();
        return (JsonObject) render(sandbox, content, plain(variables));
    }

    private static Object render(Sandbox sandbox, Object value, Map<String, Object> variables) {
        return switch (value) {
            case String text -> isConstant(text) ? text : sandbox.render(text, variables);
            case JsonObject object -> {
                var rendered = new JsonObject();
                object.forEach(entry -> rendered.put(entry.getKey(), render(sandbox, entry.getValue(), variables)));
                yield rendered;
            }
            case JsonArray array -> {
                var rendered = new JsonArray();
                array.forEach(element -> rendered.add(render(sandbox, element, variables)));
                yield rendered;
            }
            case null -> null;
            default -> value;
        };
    }

    private void check(Object value, String pointer, List<Fault> faults) {
        switch (value) {
            case String text -> check(text).ifPresent(fault -> faults.add(new Fault(pointer, fault)));
            case JsonObject object ->
                object.forEach(entry -> check(entry.getValue(), pointer + "/" + Texts.escape(entry.getKey()), faults));
            case JsonArray array -> {
                for (int i = 0; i < array.size(); i++) {
                    check(array.getValue(i), pointer + "/" + i, faults);
                }
            }
            case null -> {
                // A null is no template.
            }
            default -> {
                // Numbers and booleans neither.
            }
        }
    }

    /** What the parser lets pass but rendering would refuse. */
    private static Optional<String> fault(ParseTree node) {
        if (node instanceof FilterContext filter
                && !Filters.DEFAULT_FILTERS.getMap().containsKey(filter.Id().getText())) {
            return Optional.of("There is no filter " + filter.Id().getText() + ".");
        }
        if (node instanceof Include_tagContext) {
            return Optional.of("Templates include snippets alone, as {% include 'its-name' %}, and no files.");
        }
        for (int i = 0; i < node.getChildCount(); i++) {
            var fault = fault(node.getChild(i));
            if (fault.isPresent()) {
                return fault;
            }
        }
        return Optional.empty();
    }

    private static boolean isConstant(Object value) {
        return switch (value) {
            case String text -> text.indexOf('{') < 0;
            case JsonObject object -> object.stream().allMatch(entry -> isConstant(entry.getValue()));
            case JsonArray array -> array.stream().allMatch(Renderer::isConstant);
            case null -> true;
            default -> true;
        };
    }

    /** Liqp knows maps and lists, not Vert.x's JSON. */
    private static Map<String, Object> plain(JsonObject object) {
        var map = new HashMap<String, Object>();
        object.forEach(entry -> map.put(entry.getKey(), plainValue(entry.getValue())));
        return map;
    }

    private static Object plainValue(Object value) {
        return switch (value) {
            case JsonObject object -> plain(object);
            case JsonArray array -> array.stream().map(Renderer::plainValue).toList();
            case null -> null;
            default -> value;
        };
    }
}
