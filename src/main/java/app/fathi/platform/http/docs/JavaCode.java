package app.fathi.platform.http.docs;

import io.vertx.core.json.Json;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** An example as a class in Java, in the spelling of openapi-generator's {@code java} with {@code native}. */
final class JavaCode {
    private static final int WIDTH = 96;
    private static final String STEP = "    ";
    private static final String FURTHER = STEP + STEP;
    private static final String BODY = STEP + STEP;

    private final Spec spec;

    JavaCode(Spec spec) {
        this.spec = spec;
    }

    String of(Example example) {
        return example.isForClients() ? withClient(example) : withoutClient(example);
    }

    /** For what the generated client cannot send. */
    private String withoutClient(Example example) {
        var operation = example.operation();
        return """
                import java.net.URI;
                import java.net.http.HttpClient;
                import java.net.http.HttpRequest;
                import java.net.http.HttpResponse;

                class %s {
                    public static void main(String[] arguments) throws Exception {
                        var request = HttpRequest.newBuilder(URI.create(System.getenv("%s")
                                        + %s))
                                .header("Authorization", "Bearer " + System.getenv("%s"))
                                .header("Content-Type", %s)
                                .method(%s, HttpRequest.BodyPublishers.ofString(
                                        %s))
                                .build();
                        var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
                        if (answer.statusCode() / 100 != 2) {
                            throw new IllegalStateException(answer.body());
                        }
                        System.out.println(answer.body());
                    }
                }
                """
                .formatted(
                        className(example),
                        Placeholders.URL,
                        text(Placeholders.partsOfPath(Curl.path(example))),
                        example.credential().orElseThrow(),
                        literal(example.type().orElseThrow()),
                        literal(operation.method()),
                        text(Placeholders.parts((String) example.body().orElseThrow())))
                .stripTrailing();
    }

    private String withClient(Example example) {
        var imports = new TreeSet<String>();
        var operation = example.operation();
        var api = Names.upper(operation.tag()) + "Api";
        imports.add("app.fathi.client.ApiClient");
        imports.add("app.fathi.client.api." + api);
        var writer = new Writer(imports);
        var statement = writer.call(example, api);
        return imports.stream().map(name -> "import " + name + ";\n").collect(Collectors.joining())
                + """

                class %s {
                    public static void main(String[] arguments) throws Exception {
                        var client = new ApiClient();
                        client.updateBaseUri(System.getenv("%s"));
                %s        %s
                    }
                }
                """
                        .formatted(className(example), Placeholders.URL, interceptor(example), statement)
                        .stripTrailing();
    }

    /** {@code CreateMessage}, with the example's name where an operation has several. */
    String className(Example example) {
        var several = Example.of(spec, example.operation()).size() > 1;
        return Names.upper(example.operation().id()) + (several ? Names.upper(Names.camel(example.name())) : "");
    }

    private static String interceptor(Example example) {
        var header =
                switch (example.operation().credential()) {
                    case NONE -> "";
                    case WRITE_KEY -> "\"X-Write-Key\", System.getenv(\"" + Placeholders.WRITE_KEY + "\")";
                    case API_KEY, ACCESS_TOKEN ->
                        "\"Authorization\", \"Bearer \" + System.getenv(\""
                                + example.credential().orElseThrow() + "\")";
                };
        return header.isEmpty()
                ? ""
                : BODY + "client.setRequestInterceptor(request ->\n" + BODY + FURTHER + "request.header(" + header
                        + "));\n";
    }

    /** Writes expressions, and notes what they import. */
    private final class Writer {
        private final Set<String> imports;

        private Writer(Set<String> imports) {
            this.imports = imports;
        }

        private String call(Example example, String api) {
            var operation = example.operation();
            var arguments = arguments(example);
            var call = "new " + api + "(client)." + operation.id() + "(";
            var answer = Names.answer(spec, operation);
            var start = answer.map(name -> "var " + name + " = ").orElse("") + call;
            var flat = String.join(", ", arguments);
            var isShort = BODY.length() + start.length() + flat.length() + 2 <= WIDTH && !flat.contains("\n");
            var all = isShort
                    ? flat
                    : arguments.stream()
                            .map(argument -> "\n" + BODY + FURTHER + argument)
                            .collect(Collectors.joining(","));
            return start + all + ");"
                    + answer.map(name -> "\n" + BODY + "System.out.println(" + name + ");")
                            .orElse("");
        }

        /** What is required comes first; what the example does not give is null. */
        private List<String> arguments(Example example) {
            record Argument(boolean required, String code) {}
            var given = example.given();
            var all = new ArrayList<Argument>();
            for (var parameter : example.operation().parameters()) {
                var code = given.stream()
                        .filter(each -> each.parameter() == parameter)
                        .map(this::parameter)
                        .findFirst()
                        .orElse("null");
                all.add(new Argument(parameter.getBoolean("required", false), code));
            }
            example.body().ifPresent(body -> {
                var schema = example.operation().body().orElseThrow().getJsonObject("schema");
                all.add(new Argument(
                        example.operation().needsBody(),
                        body instanceof String text
                                ? text(Placeholders.parts(text))
                                : value(schema, Spec.name(schema).orElseThrow(), body, BODY + FURTHER)));
            });
            return all.stream()
                    .sorted(Comparator.comparing(argument -> !argument.required()))
                    .map(Argument::code)
                    .toList();
        }

        private String parameter(Example.Given given) {
            var schema = given.parameter().getJsonObject("schema");
            if (given.variable().isPresent()) {
                return typed(schema, environment(given.variable().get()));
            }
            return value(schema, null, given.value(), BODY + FURTHER);
        }

        /**
         * @param name the class of the object, or the one that an enumeration without a name of its own is part of; null
         *     where a string is a plain one
         */
        private String value(JsonObject schema, String name, Object value, String indent) {
            var resolved = spec.resolve(schema);
            return switch (value) {
                case JsonObject object -> object(resolved, name, object, indent);
                case JsonArray array -> array(resolved, name, array, indent);
                case String text when resolved.containsKey("oneOf") -> "new " + model(name) + "(" + literal(text) + ")";
                case String text
                when resolved.containsKey("enum") && (schema.containsKey("$ref") || name != null) ->
                    model(name == null ? Spec.name(schema).orElseThrow() : name) + "." + Names.constant(text);
                case String text ->
                    typed(
                            resolved,
                            Placeholders.of(text).map(JavaCode::environment).orElseGet(() -> literal(text)));
                case Number number
                when "number".equals(resolved.getString("type")) -> {
                    imports.add("java.math.BigDecimal");
                    yield "new BigDecimal(\"" + number + "\")";
                }
                case Number number
                when number instanceof Long || "int64".equals(resolved.getString("format")) -> number + "L";
                case null -> "null";
                default -> String.valueOf(value);
            };
        }

        private String typed(JsonObject schema, String text) {
            return switch (schema.getString("format", "")) {
                case "uuid" -> {
                    imports.add("java.util.UUID");
                    yield "UUID.fromString(" + text + ")";
                }
                case "uri" -> {
                    imports.add("java.net.URI");
                    yield "URI.create(" + text + ")";
                }
                case "date-time" -> {
                    imports.add("java.time.OffsetDateTime");
                    yield "OffsetDateTime.parse(" + text + ")";
                }
                default -> text;
            };
        }

        private String object(JsonObject schema, String name, JsonObject object, String indent) {
            var variant = spec.variant(schema, object);
            if (spec.properties(schema).isEmpty() && variant.isPresent()) {
                var inner = Spec.name(variant.get()).orElseThrow();
                return "new " + model(name) + "(" + value(variant.get(), inner, object, indent) + ")";
            }
            var properties = spec.properties(schema);
            if (properties.isEmpty()) {
                imports.add("java.util.Map");
                return object.stream()
                        .map(entry -> literal(entry.getKey()) + ", "
                                + value(new JsonObject(), null, entry.getValue(), indent))
                        .collect(Collectors.joining(", ", "Map.of(", ")"));
            }
            var calls = object.stream()
                    .map(entry -> {
                        var property = properties.get(entry.getKey());
                        return "." + Names.camel(entry.getKey()) + "("
                                + value(
                                        property,
                                        nameOf(property, name, entry.getKey()),
                                        entry.getValue(),
                                        indent + FURTHER)
                                + ")";
                    })
                    .toList();
            var flat = "new " + model(name) + "()" + String.join("", calls);
            return indent.length() + flat.length() <= WIDTH && !flat.contains("\n")
                    ? flat
                    : "new " + model(name) + "()"
                            + calls.stream()
                                    .map(call -> "\n" + indent + FURTHER + call)
                                    .collect(Collectors.joining());
        }

        /** The class of a property: its own name, or one that is made of where it stands. */
        private String nameOf(JsonObject property, String owner, String key) {
            var resolved = spec.resolve(property);
            return Spec.name(property).orElseGet(() -> {
                if (resolved.containsKey("enum") || isListOfWords(resolved)) {
                    return owner + "." + Names.upper(Names.camel(key)) + "Enum";
                }
                return owner + Names.upper(Names.camel(key));
            });
        }

        private boolean isListOfWords(JsonObject schema) {
            return schema.getJsonObject("items", new JsonObject()).containsKey("enum");
        }

        private String array(JsonObject schema, String name, JsonArray array, String indent) {
            var items = schema.getJsonObject("items", new JsonObject());
            var itemName = Spec.name(items)
                    .orElse(
                            isListOfWords(schema)
                                    ? name
                                    : spec.properties(items).isEmpty() ? null : name + "Inner");
            var type = schema.getBoolean("uniqueItems", false) ? "Set" : "List";
            imports.add("java.util." + type);
            var elements = array.stream()
                    .map(element -> value(items, itemName, element, indent + FURTHER))
                    .toList();
            var flat = String.join(", ", elements);
            return indent.length() + flat.length() <= WIDTH && !flat.contains("\n")
                    ? type + ".of(" + flat + ")"
                    : elements.stream()
                            .map(element -> "\n" + indent + FURTHER + element)
                            .collect(Collectors.joining(",", type + ".of(", ")"));
        }

        private String model(String name) {
            var outer = name.contains(".") ? name.substring(0, name.indexOf('.')) : name;
            imports.add("app.fathi.client.model." + outer);
            return name;
        }
    }

    /** A body that is no JSON. */
    private static String text(List<Placeholders.Part> parts) {
        return parts.stream()
                .map(part -> part.isVariable() ? environment(part.text()) : literal(part.text()))
                .collect(Collectors.joining(" + "));
    }

    private static String environment(String variable) {
        return "System.getenv(\"" + variable + "\")";
    }

    /** JSON's spelling is Java's too. */
    private static String literal(String text) {
        return Json.encode(text);
    }
}
