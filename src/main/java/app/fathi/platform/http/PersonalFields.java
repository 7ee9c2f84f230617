package app.fathi.platform.http;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where the contract's answers hold personal data ({@code x-personal}), found out once from its schemas. Who may see an
 * answer but no personal data sees it with these fields hidden, whatever the domain has put into them.
 */
final class PersonalFields {
    /** Who holds it sees them. */
    static final String PERMISSION = "personal:read";

    /** What stands in place of a text that may not be null. */
    static final String INSTEAD = "(hidden)";

    private final JsonObject document;
    /** By reference: schemas may hold themselves. */
    private final Map<String, Mask> known = new HashMap<>();

    private final Map<String, Mask> bodies = new HashMap<>();
    private final Map<String, Mask> lines = new HashMap<>();

    PersonalFields(Contract contract) {
        this.document = contract.document();
        contract.operations().values().stream()
                // What needs no permission shows everybody what is their own.
                .filter(operation -> operation.permission().contains(":"))
                .forEach(this::read);
    }

    /** What is to be hidden in the operation's JSON; empty when nothing is. */
    Optional<Mask> inBody(String operationId) {
        return Optional.ofNullable(bodies.get(operationId));
    }

    /** What is to be hidden in each line of the operation's file, or each event of its stream ({@code x-lines}). */
    Optional<Mask> inLines(String operationId) {
        return Optional.ofNullable(lines.get(operationId));
    }

    private void read(Contract.Operation operation) {
        var answers = document.getJsonObject("paths")
                .getJsonObject(operation.path())
                .getJsonObject(operation.method().name().toLowerCase(Locale.ROOT))
                .getJsonObject("responses");
        for (var status : answers.fieldNames()) {
            if (!status.startsWith("2")) {
                continue;
            }
            var content = resolve(answers.getJsonObject(status)).getJsonObject("content", new JsonObject());
            put(
                    bodies,
                    operation.id(),
                    content.getJsonObject("application/json", new JsonObject()).getJsonObject("schema"));
            for (var type : List.of("application/x-ndjson", "text/event-stream")) {
                put(
                        lines,
                        operation.id(),
                        content.getJsonObject(type, new JsonObject()).getJsonObject("x-lines"));
            }
        }
    }

    private void put(Map<String, Mask> masks, String operation, JsonObject schema) {
        if (schema != null) {
            var mask = mask(schema);
            if (mask.hidesSomething()) {
                masks.put(operation, mask);
            }
        }
    }

    private JsonObject resolve(JsonObject maybeReference) {
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

    private Mask mask(JsonObject schema) {
        var reference = schema.getString("$ref");
        if (reference == null) {
            var mask = new Mask();
            fill(mask, schema);
            return mask;
        }
        var mask = known.get(reference);
        if (mask == null) {
            mask = new Mask();
            known.put(reference, mask);
            fill(mask, resolve(schema));
        }
        return mask;
    }

    private void fill(Mask mask, JsonObject schema) {
        if (schema.getBoolean("x-personal", false)) {
            mask.hide(schema);
        }
        schema.getJsonObject("properties", new JsonObject())
                .forEach(property -> mask.properties.put(property.getKey(), mask((JsonObject) property.getValue())));
        if (schema.getValue("items") instanceof JsonObject items) {
            mask.each.add(mask(items));
        }
        if (schema.getValue("additionalProperties") instanceof JsonObject others) {
            mask.each.add(mask(others));
        }
        Stream.of("allOf", "oneOf", "anyOf")
                .flatMap(name -> schema.getJsonArray(name, new JsonArray()).stream())
                .forEach(part -> mask.parts.add(mask((JsonObject) part)));
    }

    /** What is hidden in one value. */
    static final class Mask {
        private boolean hidden;
        private boolean nullable;
        private final Map<String, Mask> properties = new LinkedHashMap<>();
        /** Of the elements of a list, or of properties without a name of their own. */
        private final List<Mask> each = new ArrayList<>();
        /** Of the same value. */
        private final List<Mask> parts = new ArrayList<>();

        private boolean looking;

        private void hide(JsonObject schema) {
            hidden = true;
            nullable = schema.getValue("type") instanceof JsonArray types && types.contains("null");
        }

        /** Asked once for each answer at the start; a schema that holds itself is looked at once. */
        boolean hidesSomething() {
            if (hidden || looking) {
                return hidden;
            }
            looking = true;
            try {
                return Stream.of(properties.values(), each, parts)
                        .flatMap(Collection::stream)
                        .anyMatch(Mask::hidesSomething);
            } finally {
                looking = false;
            }
        }

        /** A copy with personal values hidden. */
        JsonObject hideIn(JsonObject json) {
            return (JsonObject) value(json);
        }

        private Object value(Object value) {
            if (value == null) {
                return null;
            }
            if (hidden) {
                return instead(value);
            }
            var changed = value;
            for (var part : parts) {
                changed = part.value(changed);
            }
            return switch (changed) {
                case JsonObject object -> object(object);
                case JsonArray array -> array(array);
                case null -> null;
                default -> changed;
            };
        }

        private JsonObject object(JsonObject object) {
            var copy = new JsonObject();
            object.forEach(field -> {
                var own = properties.get(field.getKey());
                copy.put(field.getKey(), own != null ? own.value(field.getValue()) : others(field.getValue()));
            });
            return copy;
        }

        private JsonArray array(JsonArray array) {
            var copy = new JsonArray();
            array.forEach(element -> copy.add(others(element)));
            return copy;
        }

        private Object others(Object value) {
            var changed = value;
            for (var mask : each) {
                changed = mask.value(changed);
            }
            return changed;
        }

        /** Of the same type, so that the answer still fits its schema. */
        private Object instead(Object value) {
            return nullable
                    ? null
                    : switch (value) {
                        case JsonObject object -> new JsonObject();
                        case JsonArray array -> new JsonArray();
                        case Number number -> 0;
                        case Boolean truth -> false;
                        default -> INSTEAD;
                    };
        }
    }
}
