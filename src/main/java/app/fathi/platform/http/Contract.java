package app.fathi.platform.http;

import app.fathi.platform.config.StartException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.openapi.contract.OpenAPIContract;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;

/**
 * The contract, {@code openapi.yaml}, as the code sees it: its operations with what we ask of each one beyond OpenAPI.
 *
 * @param text the file as it stands, which {@code GET /openapi.yaml} serves
 * @param document the same, parsed
 * @param operations all operations by id, in the order of the file
 */
public record Contract(String text, JsonObject document, Map<String, Operation> operations) {
    private static final Set<String> FILES = Set.of("text/csv", "application/x-ndjson", "text/event-stream");
    private static final Set<String> METHODS = Set.of("get", "put", "post", "delete", "patch", "head", "options");

    /** The one on the class path, and what the routers of all servers in this JVM are built from. */
    private static volatile Contract loaded;

    private static volatile OpenAPIContract modelOfLoaded;

    /**
     * One operation.
     *
     * @param domain the first tag: the domain whose verticle answers
     * @param permission {@code public}, {@code authenticated} or a permission's name
     * @param audit what the audit trail calls it; {@code none} when its own ledger is its record
     * @param idempotent takes an {@code Idempotency-Key}
     * @param parsesBody the domain parses and validates the body itself, to the limits that the contract names
     * @param takesUpload its body is of any size, and is put down as it comes ({@code x-upload})
     * @param bodyTypes accepted media types of the body; empty when there is none
     * @param credentialOptional the credential may also be in the body ({@code writeKey})
     * @param alsoAt further paths at which it answers ({@code x-also-at})
     * @param queryDefaults names of the query parameters with their defaults, null where there is none
     * @param queryTexts the query parameters that are any text, with how long it may be
     */
    public record Operation(
            String id,
            String domain,
            HttpMethod method,
            String path,
            String permission,
            String audit,
            boolean idempotent,
            boolean parsesBody,
            boolean takesUpload,
            Set<String> bodyTypes,
            boolean credentialOptional,
            List<String> alsoAt,
            Map<String, Object> queryDefaults,
            Map<String, TextLength> queryTexts) {

        /** Shows personal data, and who has seen it is on record. */
        public boolean isAuditedRead() {
            return method.equals(HttpMethod.GET) && !audit.equals("none");
        }
    }

    /** In characters. */
    public record TextLength(int min, int max) {
        boolean holds(String text) {
            var length = text.codePointCount(0, text.length());
            return length >= min && length <= max;
        }
    }

    /**
     * Where each operation with further paths ({@code x-also-at}) answers besides its own: there, and at all of its paths with
     * a slash behind them, as clients of another API write them.
     */
    Map<String, String> otherPaths() {
        var others = new HashMap<String, String>();
        operations.values().stream()
                .filter(operation -> !operation.alsoAt().isEmpty())
                .forEach(operation -> {
                    others.put(operation.path() + "/", operation.path());
                    operation.alsoAt().forEach(path -> {
                        others.put(path, operation.path());
                        others.put(path + "/", operation.path());
                    });
                });
        return others;
    }

    /** Paths whose bodies are put down as they come, and are nothing for memory. */
    Set<String> uploadPaths() {
        return operations.values().stream()
                .filter(Operation::takesUpload)
                .map(Operation::path)
                .collect(Collectors.toUnmodifiableSet());
    }

    /**
     * Reads {@code openapi.yaml} from the class path, once in this JVM; a contract that lacks what we need of it is refused. Whoever
     * asks gets the same: nobody changes its document.
     */
    public static Contract load() {
        if (loaded == null) {
            loaded = read();
        }
        return loaded;
    }

    private static Contract read() {
        try (var in = Contract.class.getResourceAsStream("/openapi.yaml")) {
            if (in == null) {
                throw new IllegalStateException("openapi.yaml is not on the class path");
            }
            return parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @throws StartException with everything that we need of the contract and do not find, in one line */
    static Contract parse(String text) {
        var document = document(text);
        var faults = new ArrayList<String>();
        var operations = new LinkedHashMap<String, Operation>();
        document.getJsonObject("paths", new JsonObject()).forEach(path -> {
            var item = (JsonObject) path.getValue();
            item.fieldNames().stream().filter(METHODS::contains).forEach(method -> {
                var operation = operation(document, path.getKey(), method, item, faults);
                if (operation.id() != null && operations.put(operation.id(), operation) != null) {
                    faults.add("there are two operations " + operation.id());
                }
            });
        });
        if (!faults.isEmpty()) {
            throw new StartException("openapi.yaml cannot be served: " + String.join("; ", faults));
        }
        return new Contract(text, document, operations);
    }

    private static JsonObject document(String text) {
        var options = new LoaderOptions();
        // The second of two equal paths would silently replace the first.
        options.setAllowDuplicateKeys(false);
        try {
            Map<String, Object> yaml = new Yaml(new SafeConstructor(options)).load(text);
            return new JsonObject(copy(yaml));
        } catch (MarkedYAMLException e) {
            throw new StartException(
                    "openapi.yaml cannot be read: " + e.getProblem() + " in line "
                            + (e.getProblemMark().getLine() + 1),
                    e);
        }
    }

    /**
     * What the router is built from. Differs from the document where vertx-openapi cannot take it: problem responses are
     * announced as plain JSON (it refuses to load other media types), files in answers, bodies of uploads and {@code
     * security} are left out because they are ours to check. It belongs to no Vert.x and is made once.
     */
    public Future<OpenAPIContract> forRouter(Vertx vertx) {
        if (this == loaded && modelOfLoaded != null) {
            return Future.succeededFuture(modelOfLoaded);
        }
        var model = document.copy();
        withoutSecurity(model);
        withoutUploads(model);
        withoutQueryTexts(model);
        withoutFiles(model);
        model.getJsonObject("components").getJsonObject("responses").forEach(entry -> {
            var content = ((JsonObject) entry.getValue()).getJsonObject("content");
            if (content != null && content.containsKey("application/problem+json")) {
                content.put("application/json", content.remove("application/problem+json"));
            }
        });
        return OpenAPIContract.from(vertx, model).onSuccess(made -> {
            if (this == loaded) {
                modelOfLoaded = made;
            }
        });
    }

    /** Bodies that are put down as they come are nothing for its validator, whatever their type. */
    private static void withoutUploads(JsonObject model) {
        model.getJsonObject("paths").forEach(path -> ((JsonObject) path.getValue()).forEach(member -> {
            if (METHODS.contains(member.getKey()) && ((JsonObject) member.getValue()).getBoolean("x-upload", false)) {
                ((JsonObject) member.getValue()).remove("requestBody");
            }
        }));
    }

    /** It takes a text that could be JSON for JSON, decodes a plus to a space, and so refuses or changes phone numbers. */
    private static void withoutQueryTexts(JsonObject model) {
        model.getJsonObject("paths").forEach(path -> {
            var item = (JsonObject) path.getValue();
            withoutQueryTexts(model, item);
            item.forEach(member -> {
                if (METHODS.contains(member.getKey())) {
                    withoutQueryTexts(model, (JsonObject) member.getValue());
                }
            });
        });
    }

    private static void withoutQueryTexts(JsonObject model, JsonObject holder) {
        var kept = new JsonArray();
        holder.getJsonArray("parameters", new JsonArray()).stream()
                .filter(parameter -> !isQueryText(resolve(model, (JsonObject) parameter)))
                .forEach(kept::add);
        if (holder.containsKey("parameters")) {
            holder.put("parameters", kept);
        }
    }

    /** Answers of types that it does not know. */
    private static void withoutFiles(JsonObject model) {
        model.getJsonObject("paths").forEach(path -> ((JsonObject) path.getValue()).forEach(member -> {
            if (METHODS.contains(member.getKey())) {
                ((JsonObject) member.getValue()).getJsonObject("responses").forEach(answer -> ((JsonObject)
                                answer.getValue())
                        .getJsonObject("content", new JsonObject())
                        .getMap()
                        .keySet()
                        .removeIf(FILES::contains));
            }
        }));
    }

    private static void withoutSecurity(JsonObject model) {
        model.remove("security");
        model.getJsonObject("components").remove("securitySchemes");
        model.getJsonObject("paths").forEach(path -> ((JsonObject) path.getValue()).forEach(member -> {
            if (METHODS.contains(member.getKey())) {
                ((JsonObject) member.getValue()).remove("security");
            }
        }));
    }

    private static Operation operation(
            JsonObject document, String path, String method, JsonObject item, List<String> faults) {
        var json = item.getJsonObject(method);
        var where = method.toUpperCase(Locale.ROOT) + " " + path;
        var tags = json.getJsonArray("tags", new JsonArray());
        if (tags.isEmpty()) {
            faults.add(where + " has no tag");
        }
        var security = json.getJsonArray("security", document.getJsonArray("security", new JsonArray()));
        return new Operation(
                required(json, "operationId", where, faults),
                tags.isEmpty() ? null : tags.getString(0),
                HttpMethod.valueOf(method.toUpperCase(Locale.ROOT)),
                path,
                required(json, "x-permission", where, faults),
                required(json, "x-audit", where, faults),
                json.getBoolean("x-idempotent", false),
                "domain".equals(json.getString("x-validation")),
                json.getBoolean("x-upload", false),
                json.getJsonObject("requestBody", new JsonObject())
                        .getJsonObject("content", new JsonObject())
                        .fieldNames(),
                security.contains(new JsonObject()) && !security.isEmpty(),
                json.getJsonArray("x-also-at", new JsonArray()).stream()
                        .map(String.class::cast)
                        .toList(),
                queryDefaults(document, item, json),
                queryTexts(document, item, json));
    }

    private static Map<String, TextLength> queryTexts(JsonObject document, JsonObject item, JsonObject json) {
        var texts = new LinkedHashMap<String, TextLength>();
        for (var source : List.of(item, json)) {
            for (var entry : source.getJsonArray("parameters", new JsonArray())) {
                var parameter = resolve(document, (JsonObject) entry);
                if (isQueryText(parameter)) {
                    var schema = parameter.getJsonObject("schema");
                    texts.put(
                            parameter.getString("name"),
                            new TextLength(
                                    schema.getInteger("minLength", 0),
                                    schema.getInteger("maxLength", Integer.MAX_VALUE)));
                }
            }
        }
        return texts;
    }

    private static boolean isQueryText(JsonObject parameter) {
        var schema = parameter.getJsonObject("schema", new JsonObject());
        return "query".equals(parameter.getString("in"))
                && "string".equals(schema.getValue("type"))
                && !parameter.getBoolean("required", false)
                && Set.of("enum", "pattern", "format").stream().noneMatch(schema::containsKey);
    }

    private static Map<String, Object> queryDefaults(JsonObject document, JsonObject item, JsonObject json) {
        var defaults = new LinkedHashMap<String, Object>();
        for (var source : List.of(item, json)) {
            for (var entry : source.getJsonArray("parameters", new JsonArray())) {
                var parameter = resolve(document, (JsonObject) entry);
                if ("query".equals(parameter.getString("in"))) {
                    defaults.put(
                            parameter.getString("name"),
                            parameter.getJsonObject("schema").getValue("default"));
                }
            }
        }
        return defaults;
    }

    private static JsonObject resolve(JsonObject document, JsonObject maybeReference) {
        var reference = maybeReference.getString("$ref");
        if (reference == null) {
            return maybeReference;
        }
        var found = document;
        for (var name : reference.substring(2).split("/")) {
            found = found.getJsonObject(name);
        }
        return found;
    }

    private static String required(JsonObject json, String name, String where, List<String> faults) {
        var value = json.getString(name);
        if (value == null || value.isBlank()) {
            faults.add(where + " has no " + name);
            return null;
        }
        return value;
    }

    /** What the YAML parser made, as the JSON classes of Vert.x. */
    private static Map<String, Object> copy(Map<?, ?> map) {
        var copied = new LinkedHashMap<String, Object>();
        map.forEach((key, value) -> copied.put(String.valueOf(key), copyOf(value)));
        return copied;
    }

    private static Object copyOf(Object value) {
        return switch (value) {
            case null -> null;
            case Map<?, ?> map -> new JsonObject(copy(map));
            case List<?> list -> {
                var array = new JsonArray();
                list.forEach(element -> array.add(copyOf(element)));
                yield array;
            }
            case java.util.Date date -> date.toInstant().toString();
            default -> value;
        };
    }
}
