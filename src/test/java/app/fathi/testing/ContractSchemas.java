package app.fathi.testing;

import app.fathi.platform.http.Contract;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.AnnotationKeyword;
import com.networknt.schema.JsonMetaSchema;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaValidatorsConfig;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The contract's schemas in the hands of a JSON Schema 2020-12 validator that is not the server's own, with formats
 * asserted. Thread-safe.
 */
public final class ContractSchemas {
    private static final JsonMetaSchema DIALECT = JsonMetaSchema.builder(JsonMetaSchema.getV202012())
            .unknownKeywordFactory((keyword, context) -> new AnnotationKeyword(keyword))
            .build();
    private static final JsonSchemaFactory FACTORY = JsonSchemaFactory.builder()
            .defaultMetaSchemaIri(DIALECT.getIri())
            .metaSchema(DIALECT)
            .build();
    private static final SchemaValidatorsConfig CONFIG =
            SchemaValidatorsConfig.builder().formatAssertionsEnabled(true).build();

    private final JsonNode document;
    private final JsonNode closed;
    private final Map<JsonNode, JsonSchema> compiled = new ConcurrentHashMap<>();
    private final Map<JsonNode, JsonSchema> compiledClosed = new ConcurrentHashMap<>();

    public ContractSchemas(Contract contract) {
        try {
            document = new ObjectMapper().readTree(contract.document().encode());
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
        closed = closedComponents();
    }

    public JsonNode document() {
        return document;
    }

    /** The object itself, or what its {@code $ref} leads to. */
    public JsonNode resolve(JsonNode node) {
        return node.has("$ref") ? document.at(node.get("$ref").asText().substring(1)) : node;
    }

    /** What is wrong with the value; empty when it fits. */
    public List<String> faults(JsonNode schema, JsonNode value) {
        return faults(
                compiled.computeIfAbsent(schema, each -> compile((ObjectNode) each.deepCopy(), components())), value);
    }

    /** The same, and whatever the schema does not name is a fault too: what an answer is held to. */
    public List<String> faultsOfAnswer(JsonNode schema, JsonNode value) {
        return faults(
                compiledClosed.computeIfAbsent(schema, each -> compile((ObjectNode) close(each, true), closed)), value);
    }

    private static List<String> faults(JsonSchema schema, JsonNode value) {
        return schema.validate(value).stream().map(Object::toString).toList();
    }

    private static JsonSchema compile(ObjectNode schema, JsonNode components) {
        return FACTORY.getSchema(schema.set("components", components), CONFIG);
    }

    private JsonNode components() {
        return document.path("components");
    }

    /**
     * Each schema twice: under its name as parts of an {@code allOf} refer to it, and once more closed, as everybody else
     * does.
     */
    private JsonNode closedComponents() {
        var mapper = new ObjectMapper();
        var open = mapper.createObjectNode();
        var shut = mapper.createObjectNode();
        components().path("schemas").properties().forEach(entry -> {
            open.set(entry.getKey(), close(entry.getValue(), false));
            var reference = mapper.createObjectNode().put("$ref", "#/components/schemas/" + entry.getKey());
            shut.set(
                    entry.getKey(),
                    isShaped(entry.getValue()) ? reference.put("unevaluatedProperties", false) : reference);
        });
        return mapper.createObjectNode().<ObjectNode>set("schemas", open).set("closed", shut);
    }

    private static boolean isShaped(JsonNode schema) {
        return schema.has("properties") || schema.has("allOf");
    }

    private static JsonNode close(JsonNode schema, boolean itself) {
        if (!(schema instanceof ObjectNode object)) {
            return schema;
        }
        var copy = object.deepCopy();
        if (itself && copy.has("$ref")) {
            copy.put("$ref", copy.get("$ref").asText().replace("/schemas/", "/closed/"));
        }
        copy.path("properties").properties().forEach(entry -> entry.setValue(close(entry.getValue(), true)));
        for (var name : List.of("items", "additionalProperties")) {
            if (copy.has(name)) {
                copy.set(name, close(copy.get(name), true));
            }
        }
        replaceAll(copy, "allOf", false);
        replaceAll(copy, "oneOf", true);
        replaceAll(copy, "anyOf", true);
        if (itself && isShaped(copy) && !copy.has("additionalProperties")) {
            copy.put("unevaluatedProperties", false);
        }
        return copy;
    }

    private static void replaceAll(ObjectNode schema, String name, boolean itself) {
        if (schema.get(name) instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                array.set(i, close(array.get(i), itself));
            }
        }
    }
}
