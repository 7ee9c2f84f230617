package app.fathi.platform.http.docs;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The contract as the pages read it: its operations in their order, and its schemas with references followed. */
final class Spec {
    private static final String JSON = "application/json";
    private static final String OCTETS = "application/octet-stream";
    private static final String PROBLEM = "application/problem+json";
    private static final Set<String> METHODS = Set.of("get", "put", "post", "delete", "patch");

    /** What a request shows to be let in. */
    enum Credential {
        NONE,
        ACCESS_TOKEN,
        API_KEY,
        WRITE_KEY
    }

    /** A group of operations, and what it is about. */
    record Tag(String name, String description, List<Operation> operations) {}

    /**
     * One operation.
     *
     * @param parameters its own and those of its path
     * @param json the operation as it stands
     */
    record Operation(String id, String tag, String method, String path, List<JsonObject> parameters, JsonObject json) {

        String summary() {
            return json.getString("summary");
        }

        String description() {
            return json.getString("description");
        }

        String permission() {
            return json.getString("x-permission");
        }

        String audit() {
            return json.getString("x-audit");
        }

        /** The type in which generated clients send the body: JSON where that is taken, else the first. */
        Optional<String> bodyType() {
            return takesJson() ? Optional.of(JSON) : bodyTypes().stream().findFirst();
        }

        boolean takesJson() {
            return bodyTypes().contains(JSON);
        }

        boolean isOfClients(String type) {
            return bodyType().filter(type::equals).isPresent();
        }

        /** The body in that type: its schema and examples. */
        Optional<JsonObject> body() {
            return bodyType().map(this::body);
        }

        JsonObject body(String type) {
            return json.getJsonObject("requestBody").getJsonObject("content").getJsonObject(type);
        }

        /** The name of the file that is answered, where it is one. */
        Optional<String> file() {
            return json.getJsonObject("responses")
                            .getJsonObject("200", new JsonObject())
                            .getJsonObject("content", new JsonObject())
                            .containsKey(OCTETS)
                    ? Optional.of(id.replaceFirst("^export", "").toLowerCase(Locale.ROOT) + ".sealed")
                    : Optional.empty();
        }

        /** Whether only somebody who has just signed in may, and no API key. */
        boolean needsRecentSignIn() {
            return json.getBoolean("x-recent-sign-in", false);
        }

        boolean needsBody() {
            return json.getJsonObject("requestBody", new JsonObject()).getBoolean("required", false);
        }

        Set<String> bodyTypes() {
            return json.getJsonObject("requestBody", new JsonObject())
                    .getJsonObject("content", new JsonObject())
                    .fieldNames();
        }

        /** What the examples show: the first that the contract names, or for a session the session's own token. */
        Credential credential() {
            var security = json.getJsonArray("security");
            if (security == null) {
                return path.contains("/auth/") || path.contains("/own-") || needsRecentSignIn()
                        ? Credential.ACCESS_TOKEN
                        : Credential.API_KEY;
            }
            if (security.isEmpty()) {
                return Credential.NONE;
            }
            return security.getJsonObject(0).containsKey("bearer") ? Credential.API_KEY : Credential.WRITE_KEY;
        }
    }

    /** An answer: its status, what it means, and its body as JSON where it has one. */
    record Answer(String status, String description, Map<String, JsonObject> headers, Optional<JsonObject> body) {}

    /** A way to fail: status, code, and an example. */
    record Failure(String status, String code, String description, JsonObject example) {}

    private final JsonObject document;
    private final Map<String, Operation> operations = new LinkedHashMap<>();

    Spec(JsonObject document) {
        this.document = document;
        document.getJsonObject("paths").forEach(path -> {
            var item = (JsonObject) path.getValue();
            item.fieldNames().stream().filter(METHODS::contains).forEach(method -> {
                var json = item.getJsonObject(method);
                var id = json.getString("operationId");
                operations.put(
                        id,
                        new Operation(
                                id,
                                json.getJsonArray("tags").getString(0),
                                method.toUpperCase(Locale.ROOT),
                                path.getKey(),
                                Stream.of(item, json).flatMap(this::parameters).toList(),
                                json));
            });
        });
    }

    private Stream<JsonObject> parameters(JsonObject holder) {
        return objects(holder.getJsonArray("parameters")).map(this::resolve);
    }

    static Stream<JsonObject> objects(JsonArray array) {
        return array == null ? Stream.of() : array.stream().map(JsonObject.class::cast);
    }

    Optional<Operation> operation(String id) {
        return Optional.ofNullable(operations.get(id));
    }

    List<Operation> operations() {
        return List.copyOf(operations.values());
    }

    List<Tag> tags() {
        return objects(document.getJsonArray("tags"))
                .map(tag -> new Tag(
                        tag.getString("name"),
                        tag.getString("description"),
                        operations.values().stream()
                                .filter(operation -> operation.tag().equals(tag.getString("name")))
                                .toList()))
                .filter(tag -> !tag.operations().isEmpty())
                .toList();
    }

    /** What the credentials are, by their names in the contract. */
    Stream<JsonObject> credentials(Operation operation) {
        var security = operation.json().getJsonArray("security", document.getJsonArray("security"));
        var schemes = document.getJsonObject("components").getJsonObject("securitySchemes");
        return objects(security).flatMap(each -> each.fieldNames().stream()).map(schemes::getJsonObject);
    }

    List<Answer> answers(Operation operation) {
        return operation.json().getJsonObject("responses").stream()
                .filter(entry -> entry.getKey().startsWith("2"))
                .map(entry -> answer(entry.getKey(), resolve((JsonObject) entry.getValue())))
                .toList();
    }

    private Answer answer(String status, JsonObject json) {
        var headers = new LinkedHashMap<String, JsonObject>();
        json.getJsonObject("headers", new JsonObject())
                .forEach(header -> headers.put(header.getKey(), resolve((JsonObject) header.getValue())));
        return new Answer(
                status,
                json.getString("description"),
                headers,
                Optional.ofNullable(
                        json.getJsonObject("content", new JsonObject()).getJsonObject(JSON)));
    }

    /** The problems that an operation names, in the order of their status. */
    List<Failure> failures(Operation operation) {
        return operation.json().getJsonObject("responses").stream()
                .filter(entry -> !entry.getKey().startsWith("2"))
                .flatMap(entry -> failures(resolve((JsonObject) entry.getValue())))
                .toList();
    }

    /** An example of each kind of problem. */
    Stream<Failure> failures() {
        return document.getJsonObject("components").getJsonObject("responses").stream()
                .flatMap(entry -> failures((JsonObject) entry.getValue()));
    }

    private Stream<Failure> failures(JsonObject response) {
        var media = response.getJsonObject("content", new JsonObject()).getJsonObject(PROBLEM);
        return media == null
                ? Stream.of()
                : examples(media).values().stream()
                        .map(example -> (JsonObject) example.getValue("value"))
                        .map(problem -> new Failure(
                                String.valueOf(problem.getValue("status")),
                                problem.getString("code"),
                                response.getString("description"),
                                problem));
    }

    /** The named examples of a body. */
    Map<String, JsonObject> examples(JsonObject media) {
        var all = new LinkedHashMap<String, JsonObject>();
        media.getJsonObject("examples", new JsonObject())
                .forEach(entry -> all.put(entry.getKey(), resolve((JsonObject) entry.getValue())));
        return all;
    }

    /** The object itself, or what its {@code $ref} leads to. */
    JsonObject resolve(JsonObject maybeReference) {
        var reference = maybeReference.getString("$ref");
        if (reference == null) {
            return maybeReference;
        }
        var found = document;
        for (var name : reference.substring(2).split("/")) {
            found = found.getJsonObject(name);
        }
        return resolve(found);
    }

    /** The name of a schema in the contract, or its title. */
    static Optional<String> name(JsonObject schema) {
        var reference = schema.getString("$ref");
        return Optional.ofNullable(
                reference == null ? schema.getString("title") : reference.substring(reference.lastIndexOf('/') + 1));
    }

    /** The properties of an object, those of all its parts together; the last word on each counts. */
    Map<String, JsonObject> properties(JsonObject schema) {
        var all = new LinkedHashMap<String, JsonObject>();
        parts(schema).forEach(part -> part.getJsonObject("properties", new JsonObject())
                .forEach(entry -> all.put(entry.getKey(), (JsonObject) entry.getValue())));
        return all;
    }

    Set<String> required(JsonObject schema) {
        return parts(schema)
                .flatMap(part -> part.getJsonArray("required", new JsonArray()).stream())
                .map(String.class::cast)
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private Stream<JsonObject> parts(JsonObject schema) {
        var resolved = resolve(schema);
        return Stream.concat(
                Stream.of(resolved), objects(resolved.getJsonArray("allOf")).flatMap(this::parts));
    }

    /** The types of a schema without {@code null}. */
    List<String> types(JsonObject schema) {
        var type = schema.getValue("type");
        var types = new ArrayList<String>();
        if (type instanceof JsonArray array) {
            array.stream()
                    .map(String.class::cast)
                    .filter(each -> !each.equals("null"))
                    .forEach(types::add);
        } else if (type != null) {
            types.add((String) type);
        } else if (!properties(schema).isEmpty()) {
            types.add("object");
        }
        return types;
    }

    /** Of several shapes the one that has what the object has. */
    Optional<JsonObject> variant(JsonObject schema, JsonObject object) {
        return objects(schema.getJsonArray("oneOf"))
                .filter(each -> !properties(each).isEmpty())
                .filter(each -> properties(each).keySet().containsAll(object.fieldNames()))
                .findFirst();
    }

    static boolean isNullable(JsonObject schema) {
        return schema.getValue("type") instanceof JsonArray types && types.contains("null");
    }
}
