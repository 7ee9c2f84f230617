package app.fathi.platform.http.docs;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** An example as a module in TypeScript, in the spelling of openapi-generator's {@code typescript-fetch}. */
final class TypeScript {
    private static final int WIDTH = 100;
    private static final String STEP = "  ";
    private static final Pattern IDENTIFIER = Pattern.compile("[A-Za-z_$][A-Za-z0-9_$]*");

    private final Spec spec;

    TypeScript(Spec spec) {
        this.spec = spec;
    }

    String of(Example example) {
        return example.isForClients() ? withClient(example) : withoutClient(example);
    }

    /** For what the generated client cannot send. */
    private static String withoutClient(Example example) {
        return """
                const answer = await fetch(%s + %s, {
                  method: %s,
                  headers: {
                    Authorization: 'Bearer ' + %s,
                    'Content-Type': %s,
                  },
                  body: %s,
                });
                if (!answer.ok) throw new Error(await answer.text());
                console.log(await answer.json());
                """
                .formatted(
                        variable(Placeholders.URL),
                        text(Placeholders.partsOfPath(Curl.path(example))),
                        quoted(example.operation().method()),
                        variable(example.credential().orElseThrow()),
                        quoted(example.type().orElseThrow()),
                        text(Placeholders.parts((String) example.body().orElseThrow())))
                .strip();
    }

    private String withClient(Example example) {
        var operation = example.operation();
        var api = Names.upper(operation.tag()) + "Api";
        var fields = new ArrayList<Map.Entry<String, String>>();
        for (var given : example.given()) {
            fields.add(Map.entry(Names.camel(given.name()), parameter(given)));
        }
        example.body().ifPresent(body -> {
            var schema = operation.body().orElseThrow().getJsonObject("schema");
            var name = Spec.name(schema).map(Names::lower).orElse("body");
            fields.add(Map.entry(
                    name,
                    body instanceof String text
                            ? text(Placeholders.parts(text))
                            : value(schema, body, STEP, name.length() + 4)));
        });
        var call = Names.lower(operation.tag()) + "." + operation.id() + "("
                + (fields.isEmpty() ? "" : block(fields, "", WIDTH)) + ")";
        return """
                %simport { Configuration, %s } from 'fathi-client';

                const %s = new %s(
                  new Configuration({ %s }),
                );

                %s
                """
                .formatted(
                        operation.file().isPresent() ? "import { writeFile } from 'node:fs/promises';\n" : "",
                        api,
                        Names.lower(operation.tag()),
                        api,
                        configuration(example),
                        operation
                                .file()
                                .map(name -> "const file = await " + call + ";\nawait writeFile(" + quoted(name)
                                        + ", file.stream());")
                                .orElseGet(() -> answer(operation, call)))
                .strip();
    }

    private String answer(Spec.Operation operation, String call) {
        return Names.answer(spec, operation)
                .map(name -> "const " + name + " = await " + call + ";\nconsole.log(" + name + ");")
                .orElse("await " + call + ";");
    }

    private static String configuration(Example example) {
        var url = "basePath: process.env." + Placeholders.URL;
        return switch (example.operation().credential()) {
            case NONE -> url;
            case WRITE_KEY -> url + ", apiKey: process.env." + Placeholders.WRITE_KEY;
            case API_KEY, ACCESS_TOKEN ->
                url + ", accessToken: process.env." + example.credential().orElseThrow();
        };
    }

    private String parameter(Example.Given given) {
        return given.variable()
                .map(TypeScript::variable)
                .orElseGet(() -> value(given.parameter().getJsonObject("schema"), given.value(), STEP, STEP.length()));
    }

    private static String variable(String name) {
        return "process.env." + name + "!";
    }

    /**
     * @param schema what the value is; empty where it is free in form
     * @param used how much of the line is taken already
     */
    private String value(JsonObject schema, Object value, String indent, int used) {
        var resolved = spec.resolve(schema);
        return switch (value) {
            case JsonObject object -> object(resolved, object, indent, used);
            case JsonArray array -> array(resolved, array, indent, used);
            case String text ->
                Placeholders.of(text)
                        .map(TypeScript::variable)
                        .orElseGet(() -> "date-time".equals(resolved.getString("format"))
                                ? "new Date(" + quoted(text) + ")"
                                : quoted(text));
            case null -> "null";
            default -> String.valueOf(value);
        };
    }

    private String object(JsonObject schema, JsonObject object, String indent, int used) {
        var own = spec.properties(schema);
        var properties = own.isEmpty()
                ? spec.variant(schema, object).map(spec::properties).orElse(own)
                : own;
        var fields = object.stream()
                .map(entry -> Map.entry(
                        IDENTIFIER.matcher(entry.getKey()).matches() ? entry.getKey() : quoted(entry.getKey()),
                        value(
                                properties.getOrDefault(entry.getKey(), new JsonObject()),
                                entry.getValue(),
                                indent + STEP,
                                indent.length() + entry.getKey().length() + 4)))
                .toList();
        return block(fields, indent, WIDTH - used);
    }

    private String array(JsonObject schema, JsonArray array, String indent, int used) {
        var items = schema.getJsonObject("items", new JsonObject());
        var inner = array.stream()
                .map(element -> value(items, element, indent + STEP, indent.length() + 2))
                .toList();
        var flat = "[" + String.join(", ", inner) + "]";
        var list = used + flat.length() <= WIDTH && !flat.contains("\n")
                ? flat
                : inner.stream()
                        .map(each -> indent + STEP + each + ",\n")
                        .collect(Collectors.joining("", "[\n", indent + "]"));
        return schema.getBoolean("uniqueItems", false) ? "new Set(" + list + ")" : list;
    }

    private static String block(List<Map.Entry<String, String>> fields, String indent, int room) {
        var flat = fields.stream()
                .map(field -> field.getKey() + ": " + field.getValue())
                .collect(Collectors.joining(", ", "{ ", " }"));
        return flat.length() <= room && !flat.contains("\n")
                ? flat
                : fields.stream()
                        .map(field -> indent + STEP + field.getKey() + ": " + field.getValue() + ",\n")
                        .collect(Collectors.joining("", "{\n", indent + "}"));
    }

    /** A body that is no JSON. */
    private static String text(List<Placeholders.Part> parts) {
        return parts.stream()
                .map(part -> part.isVariable() ? variable(part.text()) : quoted(part.text()))
                .collect(Collectors.joining(" + "));
    }

    private static String quoted(String text) {
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'";
    }
}
