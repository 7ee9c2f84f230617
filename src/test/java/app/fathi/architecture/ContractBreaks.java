package app.fathi.architecture;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.StreamSupport;

/**
 * What a newer contract takes from clients that were written for an older one. A request that was right must stay right, with
 * the same permission; an answer must have what it had, in the same types. So requests may only become wider, and answers only
 * richer: new operations, new optional properties and parameters, new values of an answer's {@code enum}, which the contract
 * tells clients to expect.
 *
 * <p>Our own, because the libraries that compare contracts read OpenAPI 3.0, and pass over the lists of types of 3.1 and over
 * our {@code x-permission}.
 */
final class ContractBreaks {
    private static final Set<String> METHODS = Set.of("get", "put", "post", "delete", "patch", "head", "options");
    private static final List<String> LOWER_LIMITS =
            List.of("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties");
    private static final List<String> UPPER_LIMITS =
            List.of("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties");

    private final JsonNode before;
    private final JsonNode now;
    private final List<String> breaks = new ArrayList<>();
    /** Pairs of schemas that were compared already: they may hold themselves, and a break is told where it is first met. */
    private final Set<String> compared = new HashSet<>();

    private ContractBreaks(JsonNode before, JsonNode now) {
        this.before = before;
        this.now = now;
    }

    /** One line for each; empty when every client of the older contract lives on. */
    static List<String> between(JsonNode before, JsonNode now) {
        var look = new ContractBreaks(before, now);
        before.path("paths").properties().forEach(path -> path.getValue().properties().stream()
                .filter(member -> METHODS.contains(member.getKey()))
                .forEach(member -> look.operation(path.getKey(), member.getKey())));
        return look.breaks;
    }

    private void found(String where, String what) {
        breaks.add(where + ": " + what);
    }

    private static JsonNode resolve(JsonNode document, JsonNode node) {
        return node.has("$ref")
                ? resolve(document, document.at(node.get("$ref").asText().substring(1)))
                : node;
    }

    private static Set<String> texts(JsonNode array) {
        var texts = new TreeSet<String>();
        array.forEach(element -> texts.add(element.asText()));
        return texts;
    }

    private static Set<String> fields(JsonNode object) {
        var names = new TreeSet<String>();
        object.fieldNames().forEachRemaining(names::add);
        return names;
    }

    private static Set<String> without(Set<String> all, Set<String> these) {
        var rest = new TreeSet<>(all);
        rest.removeAll(these);
        return rest;
    }

    // --- operations
    // -----------------------------------------------------------------------------------------------------

    private void operation(String path, String method) {
        var where = method.toUpperCase(java.util.Locale.ROOT) + " " + path;
        var old = before.at(pointer("paths", path, method));
        var here = now.at(pointer("paths", path, method));
        if (here.isMissingNode()) {
            found(where, "the operation is gone");
            return;
        }
        if (!old.path("operationId").equals(here.path("operationId"))) {
            found(where, "its operationId is another, and generated clients have methods of that name");
        }
        permission(where, old, here);
        without(texts(old.path("x-also-at")), texts(here.path("x-also-at")))
                .forEach(gone -> found(where, "it answers no more at " + gone));
        credentials(where, old, here);
        parameters(where, path, old, here);
        requestBody(where, resolve(before, old.path("requestBody")), resolve(now, here.path("requestBody")));
        responses(where, old.path("responses"), here.path("responses"));
    }

    private static String pointer(String... names) {
        var pointer = new StringBuilder();
        for (var name : names) {
            pointer.append('/').append(name.replace("~", "~0").replace("/", "~1"));
        }
        return pointer.toString();
    }

    private void permission(String where, JsonNode old, JsonNode here) {
        var had = old.path("x-permission").asText();
        var has = here.path("x-permission").asText();
        if (!had.equals(has) && !has.equals("public") && !(has.equals("authenticated") && !had.equals("public"))) {
            found(where, "it needs the permission " + has + " and no more " + had);
        }
        if (here.path("x-recent-sign-in").asBoolean()
                && !old.path("x-recent-sign-in").asBoolean()) {
            found(where, "it needs a recent sign-in");
        }
    }

    private void credentials(String where, JsonNode old, JsonNode here) {
        var had = new TreeSet<String>();
        var has = new TreeSet<String>();
        (old.has("security") ? old.path("security") : before.path("security")).forEach(one -> had.add(one.toString()));
        (here.has("security") ? here.path("security") : now.path("security")).forEach(one -> has.add(one.toString()));
        if (!has.isEmpty()) {
            without(had, has).forEach(gone -> found(where, "the credential " + gone + " is taken no more"));
        }
    }

    // --- requests
    // -------------------------------------------------------------------------------------------------------

    private void parameters(String where, String path, JsonNode old, JsonNode here) {
        var had = parameters(before, path, old);
        var has = parameters(now, path, here);
        had.forEach((name, parameter) -> {
            if (!has.containsKey(name)) {
                found(where, "the parameter " + name + " is gone");
            } else {
                schema(
                        where + " " + name,
                        parameter.path("schema"),
                        has.get(name).path("schema"),
                        true);
            }
        });
        has.forEach((name, parameter) -> {
            if (parameter.path("required").asBoolean()
                    && !had.getOrDefault(name, MissingNode.getInstance())
                            .path("required")
                            .asBoolean()) {
                found(where, "the parameter " + name + " is required");
            }
        });
    }

    private static Map<String, JsonNode> parameters(JsonNode document, String path, JsonNode operation) {
        var all = new LinkedHashMap<String, JsonNode>();
        for (var holder : List.of(document.at(pointer("paths", path)), operation)) {
            for (var reference : holder.path("parameters")) {
                var parameter = resolve(document, reference);
                all.put(
                        parameter.path("in").asText() + " "
                                + parameter.path("name").asText(),
                        parameter);
            }
        }
        return all;
    }

    private void requestBody(String where, JsonNode old, JsonNode here) {
        if (here.path("required").asBoolean() && !old.path("required").asBoolean()) {
            found(where, "a body is required");
        }
        contents(where + " body", old.path("content"), here.path("content"), true);
    }

    private void contents(String where, JsonNode old, JsonNode here, boolean request) {
        old.properties().forEach(content -> {
            if (!here.has(content.getKey())) {
                found(where, "the media type " + content.getKey() + " is gone");
            } else {
                schema(
                        where,
                        content.getValue().path("schema"),
                        here.path(content.getKey()).path("schema"),
                        request);
            }
        });
    }

    // --- answers
    // --------------------------------------------------------------------------------------------------------

    private void responses(String where, JsonNode old, JsonNode here) {
        old.properties().forEach(entry -> {
            var status = entry.getKey();
            if (!here.has(status)) {
                found(where, "the response " + status + " is gone");
                return;
            }
            var had = resolve(before, entry.getValue());
            var has = resolve(now, here.get(status));
            without(fields(had.path("headers")), fields(has.path("headers")))
                    .forEach(gone -> found(where + " " + status, "the header " + gone + " is gone"));
            contents(where + " " + status, had.path("content"), has.path("content"), false);
        });
    }

    // --- schemas
    // --------------------------------------------------------------------------------------------------------

    private void schema(String where, JsonNode oldReference, JsonNode reference, boolean request) {
        if (!compared.add(oldReference + " " + reference + " " + request)) {
            return;
        }
        var old = whole(before, oldReference);
        var here = whole(now, reference);
        types(where, old, here, request);
        values(where, old, here, request);
        if (request) {
            limits(where, old, here);
        }
        if (!old.path("format").equals(here.path("format")) && (!request || here.has("format"))) {
            found(where, "the format is " + here.path("format") + " and was " + old.path("format"));
        }
        required(where, old, here, request);
        properties(where, old, here, request);
        if (old.has("items") || here.has("items")) {
            schema(where + "/*", old.path("items"), here.path("items"), request);
        }
        alternatives(where, "oneOf", old, here, request);
        alternatives(where, "anyOf", old, here, request);
    }

    /** With what its {@code allOf} bring along; what stands in several counts once, the last one's. */
    private static JsonNode whole(JsonNode document, JsonNode reference) {
        var schema = resolve(document, reference);
        if (!schema.has("allOf")) {
            return schema;
        }
        var merged = schema.<ObjectNode>deepCopy();
        merged.remove("allOf");
        for (var part : schema.get("allOf")) {
            var all = whole(document, part);
            all.properties().forEach(keyword -> {
                switch (keyword.getKey()) {
                    case "properties" -> merged.withObject("/properties").setAll((ObjectNode) keyword.getValue());
                    case "required" -> keyword.getValue().forEach(merged.withArray("/required")::add);
                    default -> merged.set(keyword.getKey(), keyword.getValue());
                }
            });
        }
        return merged;
    }

    /** What a schema without {@code type} takes is anything. */
    private static Set<String> typesOf(JsonNode schema) {
        var type = schema.path("type");
        var types = type.isTextual() ? Set.of(type.asText()) : texts(type);
        if (!types.contains("number")) {
            return types;
        }
        var wider = new TreeSet<>(types);
        wider.add("integer");
        return wider;
    }

    private void types(String where, JsonNode old, JsonNode here, boolean request) {
        var had = typesOf(old);
        var has = typesOf(here);
        if (request && !has.isEmpty() && (had.isEmpty() || !has.containsAll(had))) {
            found(where, "the type is " + has + " and was " + (had.isEmpty() ? "any" : had));
        }
        if (!request && !had.isEmpty() && (has.isEmpty() || !had.containsAll(has))) {
            found(where, "the type is " + (has.isEmpty() ? "any" : has) + " and was " + had);
        }
    }

    /** A request's values must all stay; an answer may learn new ones. */
    private void values(String where, JsonNode old, JsonNode here, boolean request) {
        for (var keyword : List.of("enum", "const")) {
            var had = values(old.path(keyword));
            var has = values(here.path(keyword));
            if (request && here.has(keyword) && !old.has(keyword)) {
                found(where, "only " + has + " is taken, and everything was");
            } else if (request && here.has(keyword) && !has.containsAll(had)) {
                found(where, "the value " + without(had, has) + " is taken no more");
            }
        }
        if (request && old.has("default") && !old.get("default").equals(here.path("default"))) {
            found(where, "the default is " + here.path("default") + " and was " + old.get("default"));
        }
    }

    private static Set<String> values(JsonNode keyword) {
        return keyword.isArray() ? texts(keyword) : Set.of(keyword.asText());
    }

    private void limits(String where, JsonNode old, JsonNode here) {
        LOWER_LIMITS.forEach(limit -> {
            if (here.has(limit) && (!old.has(limit) || number(here, limit).compareTo(number(old, limit)) > 0)) {
                found(where, limit + " is " + here.get(limit) + " and was " + old.path(limit));
            }
        });
        UPPER_LIMITS.forEach(limit -> {
            if (here.has(limit) && (!old.has(limit) || number(here, limit).compareTo(number(old, limit)) < 0)) {
                found(where, limit + " is " + here.get(limit) + " and was " + old.path(limit));
            }
        });
        for (var keyword : List.of("pattern", "multipleOf", "not")) {
            if (here.has(keyword) && !here.get(keyword).equals(old.path(keyword))) {
                found(where, keyword + " is " + here.get(keyword) + " and was " + old.path(keyword));
            }
        }
        if (here.path("uniqueItems").asBoolean() && !old.path("uniqueItems").asBoolean()) {
            found(where, "items must differ");
        }
    }

    private static BigDecimal number(JsonNode schema, String limit) {
        return schema.get(limit).decimalValue();
    }

    private void required(String where, JsonNode old, JsonNode here, boolean request) {
        var had = texts(old.path("required"));
        var has = texts(here.path("required"));
        if (request) {
            without(has, had).forEach(name -> found(where, "the property " + name + " is required"));
        } else {
            without(had, has).forEach(name -> found(where, "the property " + name + " may be missing"));
        }
    }

    private void properties(String where, JsonNode old, JsonNode here, boolean request) {
        old.path("properties").properties().forEach(property -> {
            var name = property.getKey();
            if (!here.path("properties").has(name)) {
                found(where, "the property " + name + " is gone");
            } else {
                schema(
                        where + "/" + name,
                        property.getValue(),
                        here.path("properties").get(name),
                        request);
            }
        });
        var had = old.path("additionalProperties");
        var has = here.path("additionalProperties");
        if (request && has.equals(BooleanNode.FALSE) && !had.equals(BooleanNode.FALSE)) {
            found(where, "other properties are taken no more");
        } else if (had.isObject() && has.isObject()) {
            schema(where + "/*", had, has, request);
        } else if (request && has.isObject() && !had.equals(BooleanNode.FALSE)) {
            found(where, "other properties are restricted");
        }
    }

    /** Each by its name, or by its place where it has none. */
    private void alternatives(String where, String keyword, JsonNode old, JsonNode here, boolean request) {
        var had = named(old.path(keyword));
        var has = named(here.path(keyword));
        if (had.isEmpty() && has.isEmpty()) {
            return;
        }
        if (had.isEmpty() || has.isEmpty()) {
            found(where, keyword + (had.isEmpty() ? " is new" : " is gone"));
            return;
        }
        had.forEach((name, alternative) -> {
            if (has.containsKey(name)) {
                schema(where + "/" + name, alternative, has.get(name), request);
            } else if (request) {
                found(where, "the form " + name + " is taken no more");
            }
        });
        if (!request) {
            without(has.keySet(), had.keySet()).forEach(name -> found(where, "it may have the form " + name));
        }
    }

    private static Map<String, JsonNode> named(JsonNode alternatives) {
        var named = new LinkedHashMap<String, JsonNode>();
        StreamSupport.stream(alternatives.spliterator(), false).forEach(alternative -> {
            var reference = alternative.path("$ref").asText();
            named.put(
                    reference.isEmpty()
                            ? String.valueOf(named.size())
                            : reference.substring(reference.lastIndexOf('/') + 1),
                    alternative);
        });
        return named;
    }
}
