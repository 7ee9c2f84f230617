package app.fathi.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.errors.Kind;
import app.fathi.platform.http.Contract;
import app.fathi.testing.ContractSchemas;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What the contract tells a stranger: a description of everything, examples that are true, and each problem by its code. */
class ContractTextLawsTest {
    private static final Set<String> METHODS = Set.of("get", "put", "post", "delete", "patch");
    private static final String PROBLEM = "application/problem+json";
    private static final Pattern CODE = Pattern.compile("`([a-z_]+)`");

    private final ContractSchemas schemas = new ContractSchemas(Contract.load());
    private final List<String> faults = new ArrayList<>();

    private void eachOperation(BiConsumer<String, JsonNode> look) {
        schemas.document().path("paths").properties().forEach(path -> path.getValue().properties().stream()
                .filter(operation -> METHODS.contains(operation.getKey()))
                .forEach(operation ->
                        look.accept(operation.getValue().path("operationId").asText(), operation.getValue())));
    }

    /** The operation's own parameters and those of its path. */
    private List<JsonNode> parameters(JsonNode operation) {
        var all = new ArrayList<JsonNode>();
        schemas.document()
                .path("paths")
                .forEach(item -> item.forEach(member -> {
                    if (member == operation) {
                        item.path("parameters").forEach(each -> all.add(schemas.resolve(each)));
                    }
                }));
        operation.path("parameters").forEach(each -> all.add(schemas.resolve(each)));
        return all;
    }

    private boolean hasParameter(JsonNode operation, String name) {
        return parameters(operation).stream()
                .anyMatch(each -> each.path("name").asText().equals(name));
    }

    /** Parameters, headers and media types, each with its place: whatever has a schema. */
    private void eachHolder(BiConsumer<String, JsonNode> look) {
        var components = schemas.document().path("components");
        components.path("parameters").properties().forEach(each -> look.accept(each.getKey(), each.getValue()));
        components.path("headers").properties().forEach(each -> look.accept(each.getKey(), each.getValue()));
        components.path("responses").properties().forEach(each -> eachHolder(each.getKey(), each.getValue(), look));
        eachOperation((name, operation) -> {
            parameters(operation)
                    .forEach(each -> look.accept(name + " " + each.path("name").asText(), each));
            eachHolder(name + " body", operation.path("requestBody"), look);
            operation
                    .path("responses")
                    .properties()
                    .forEach(each -> eachHolder(name + " " + each.getKey(), each.getValue(), look));
        });
    }

    private static void eachHolder(String place, JsonNode message, BiConsumer<String, JsonNode> look) {
        message.path("content").properties().forEach(each -> look.accept(place + " " + each.getKey(), each.getValue()));
        message.path("headers").properties().stream()
                .filter(each -> each.getValue().has("schema"))
                .forEach(each -> look.accept(place + " " + each.getKey(), each.getValue()));
    }

    private interface SchemaLook {
        /** @param told the description of the schema, of what it refers to, or of the parameter or header that has it */
        void at(String place, JsonNode schema, String told);
    }

    /** Every schema in the document, with those inside it. */
    private void eachSchema(SchemaLook look) {
        schemas.document()
                .path("components")
                .path("schemas")
                .properties()
                .forEach(each -> eachSchema(each.getKey(), each.getValue(), "", look));
        eachHolder((place, holder) -> {
            // A body is told by its operation, its parts are not.
            var told = holder.has("name") || !place.contains(" ") || !place.contains("/")
                    ? holder.path("description").asText()
                    : "The body.";
            eachSchema(place, holder.path("schema"), told, look);
        });
    }

    private void eachSchema(String place, JsonNode schema, String told, SchemaLook look) {
        var own = schema.path("description").asText();
        var text = !own.isEmpty()
                ? own
                : !told.isEmpty()
                        ? told
                        : schemas.resolve(schema).path("description").asText();
        look.at(place, schema, text);
        schema.path("properties")
                .properties()
                .forEach(each -> eachSchema(place + "/" + each.getKey(), each.getValue(), "", look));
        // Values in a list are told by the list, unless they have parts of their own.
        for (var inner : List.of("items", "additionalProperties")) {
            if (schema.path(inner).isObject()) {
                eachSchema(
                        place + "/" + inner,
                        schema.get(inner),
                        schema.get(inner).has("properties") ? "" : text,
                        look);
            }
        }
        for (var name : List.of("allOf", "oneOf", "anyOf")) {
            for (int i = 0; i < schema.path(name).size(); i++) {
                eachSchema(place + "/" + name + "/" + i, schema.get(name).get(i), text, look);
            }
        }
    }

    /** The examples of a parameter, a header or a media type. */
    private List<JsonNode> examples(JsonNode holder) {
        var all = new ArrayList<JsonNode>();
        if (holder.has("example")) {
            all.add(holder.get("example"));
        }
        holder.path("examples").forEach(each -> all.add(schemas.resolve(each).path("value")));
        return all;
    }

    @Test
    void every_example_fits_its_schema() {
        var seen = new ArrayList<String>();
        eachHolder((place, holder) -> examples(holder).forEach(example -> {
            seen.add(place);
            schemas.faults(holder.get("schema"), example).forEach(fault -> faults.add(place + ": " + fault));
        }));
        assertThat(seen).hasSizeGreaterThan(100);
        assertThat(faults).isEmpty();
    }

    @Test
    void an_example_of_an_answer_shows_nothing_that_the_schema_does_not_name() {
        eachOperation((name, operation) -> operation
                .path("responses")
                .forEach(response -> schemas.resolve(response).path("content").forEach(media -> examples(media)
                        .forEach(example -> schemas.faultsOfAnswer(media.get("schema"), example)
                                .forEach(fault -> faults.add(name + ": " + fault))))));
        assertThat(faults).isEmpty();
    }

    @Test
    void every_parameter_body_answer_and_header_has_an_example() {
        eachOperation((name, operation) -> {
            parameters(operation).stream()
                    .filter(parameter -> examples(parameter).isEmpty())
                    .forEach(parameter -> faults.add(
                            name + " parameter " + parameter.path("name").asText()));
            operation.path("requestBody").path("content").properties().stream()
                    .filter(media -> examples(media.getValue()).isEmpty())
                    .forEach(media -> faults.add(name + " body " + media.getKey()));
            operation.path("responses").properties().forEach(response -> schemas.resolve(response.getValue())
                    .path("content")
                    .properties()
                    .forEach(media -> {
                        if (examples(media.getValue()).isEmpty()) {
                            faults.add(name + " answer " + response.getKey() + " " + media.getKey());
                        }
                    }));
        });
        eachHolder((place, holder) -> {
            if (examples(holder).isEmpty() && !holder.has("description")) {
                faults.add(place);
            }
        });
        assertThat(faults).isEmpty();
    }

    @Test
    void a_body_as_text_is_the_same_json_as_the_body_beside_it() throws JsonProcessingException {
        var json = new ObjectMapper();
        var seen = new ArrayList<JsonNode>();
        eachOperation((name, operation) -> {
            var content = operation.path("requestBody").path("content");
            for (var example : examples(content.path("text/plain"))) {
                try {
                    seen.add(json.readTree(example.asText()));
                    schemas.faults(content.path("application/json").get("schema"), seen.getLast())
                            .forEach(fault -> faults.add(name + ": " + fault));
                } catch (JsonProcessingException e) {
                    faults.add(name + ": " + e.getMessage());
                }
            }
        });
        assertThat(seen).isNotEmpty();
        assertThat(faults).isEmpty();
    }

    @Test
    void everything_is_described_in_sentences() {
        eachOperation((name, operation) -> {
            tell(name, operation.path("description").asText());
            tell(name + " summary", operation.path("summary").asText() + ".");
            parameters(operation)
                    .forEach(each -> tell(
                            name + " " + each.path("name").asText(),
                            each.path("description").asText()));
            operation
                    .path("responses")
                    .properties()
                    .forEach(each -> tell(
                            name + " " + each.getKey(),
                            schemas.resolve(each.getValue()).path("description").asText()));
        });
        schemas.document()
                .path("components")
                .path("headers")
                .properties()
                .forEach(each ->
                        tell(each.getKey(), each.getValue().path("description").asText()));
        schemas.document()
                .path("tags")
                .forEach(each -> tell(
                        each.path("name").asText(), each.path("description").asText()));
        eachSchema((place, schema, told) -> tell(place, told));
        assertThat(faults).isEmpty();
    }

    private void tell(String place, String text) {
        if (text.strip().length() < 5 || !text.strip().endsWith(".")) {
            faults.add(place + ": '" + text + "'");
        }
    }

    @Test
    void the_meaning_of_each_value_of_a_list_of_values_is_told() {
        eachSchema((place, schema, told) -> schema.path("enum").forEach(value -> {
            if (value.isTextual() && !told.contains("`" + value.asText() + "`")) {
                faults.add(place + " does not tell " + value);
            }
        }));
        assertThat(faults).isEmpty();
    }

    @Test
    void each_problem_answer_names_its_codes_as_the_catalogue_has_them_and_shows_each() {
        schemas.document().path("components").path("responses").properties().forEach(response -> {
            var media = response.getValue().path("content").path(PROBLEM);
            if (media.isMissingNode()) {
                return;
            }
            var told = new TreeSet<String>();
            var found = CODE.matcher(response.getValue().path("description").asText());
            while (found.find()) {
                if (Arrays.stream(Kind.values()).anyMatch(kind -> kind.code().equals(found.group(1)))) {
                    told.add(found.group(1));
                }
            }
            var shown = new TreeSet<String>();
            examples(media).forEach(example -> {
                shown.add(example.path("code").asText());
                var kind = Arrays.stream(Kind.values())
                        .filter(each -> each.code().equals(example.path("code").asText()))
                        .findFirst();
                if (kind.isEmpty()
                        || kind.get().status() != example.path("status").asInt()
                        || !kind.get().title().equals(example.path("title").asText())
                        || !example.path("type")
                                .asText()
                                .equals("/docs/errors/" + kind.get().code())) {
                    faults.add(response.getKey() + " shows " + example);
                }
            });
            if (shown.isEmpty() || !told.containsAll(shown)) {
                faults.add(response.getKey() + " tells " + told + " and shows " + shown);
            }
        });
        assertThat(faults).isEmpty();
    }

    @Test
    void every_kind_of_problem_is_shown_somewhere() {
        var shown = new TreeSet<String>();
        schemas.document().path("components").path("responses").forEach(response -> examples(
                        response.path("content").path(PROBLEM))
                .forEach(example -> shown.add(example.path("code").asText())));
        assertThat(shown)
                .containsExactlyInAnyOrder(
                        Arrays.stream(Kind.values()).map(Kind::code).toArray(String[]::new));
    }

    @Test
    void each_operation_names_every_problem_that_its_shape_makes_possible() {
        eachOperation((name, operation) -> {
            var codes = codes(operation);
            var expected = new TreeSet<>(Set.of("malformed", "invalid_request", "rate_limited", "unavailable"));
            var permission = operation.path("x-permission").asText();
            if (!permission.equals("public")) {
                expected.add("unauthenticated");
            }
            if (!Set.of("public", "authenticated").contains(permission)) {
                expected.add("forbidden");
            }
            if (hasParameter(operation, "id")) {
                expected.add("not_found");
            }
            if (operation.has("requestBody")) {
                expected.addAll(Set.of("too_large", "unsupported_media_type"));
            }
            if (hasParameter(operation, "If-Match")) {
                expected.addAll(Set.of("stale_version", "precondition_required"));
            }
            if (operation.path("x-idempotent").asBoolean()) {
                expected.addAll(Set.of("still_running", "idempotency_key_reused"));
            } else if (codes.contains("still_running") || codes.contains("idempotency_key_reused")) {
                faults.add(name + " takes no Idempotency-Key");
            }
            expected.removeAll(codes);
            if (!expected.isEmpty()) {
                faults.add(name + " does not name " + expected);
            }
        });
        assertThat(faults).isEmpty();
    }

    private Set<String> codes(JsonNode operation) {
        var codes = new TreeSet<String>();
        operation.path("responses").properties().forEach(response -> examples(
                        schemas.resolve(response.getValue()).path("content").path(PROBLEM))
                .forEach(example -> codes.add(example.path("code").asText())));
        return codes;
    }
}
