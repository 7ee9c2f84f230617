package app.fathi.architecture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import app.fathi.platform.http.Contract;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.events.NodeEvent;
import org.yaml.snakeyaml.events.ScalarEvent;

/** The laws that hold for the contract, {@code openapi.yaml}. */
class ContractLawsTest {
    private static final Set<String> METHODS = Set.of("get", "put", "post", "delete", "patch", "head", "options");

    private JsonNode contract;
    private final List<String> faults = new ArrayList<>();

    @BeforeEach
    void read() throws Exception {
        contract = new ObjectMapper().readTree(Contract.load().document().encode());
    }

    private void eachOperation(BiConsumer<String, JsonNode> look) {
        contract.path("paths").properties().forEach(path -> path.getValue().properties().stream()
                .filter(operation -> METHODS.contains(operation.getKey()))
                .forEach(operation -> look.accept(
                        operation.getKey().toUpperCase(java.util.Locale.ROOT) + " " + path.getKey(),
                        operation.getValue())));
    }

    private JsonNode resolve(JsonNode node) {
        return node.has("$ref") ? contract.at(node.get("$ref").asText().substring(1)) : node;
    }

    @Test
    void there_are_operations() {
        var names = new ArrayList<String>();
        eachOperation((name, operation) -> names.add(name));
        assertThat(names).hasSizeGreaterThan(20);
    }

    @Test
    void each_operation_has_an_id_of_its_own_that_begins_with_a_verb() {
        var seen = new HashSet<String>();
        eachOperation((name, operation) -> {
            var id = operation.path("operationId").asText();
            if (!id.matches("[a-z][a-zA-Z]+") || !seen.add(id)) {
                faults.add(name + " has the operationId '" + id + "'");
            }
        });
        assertThat(faults).isEmpty();
    }

    @Test
    void the_first_tag_of_each_operation_is_a_package_and_all_tags_are_declared() {
        var declared = StreamSupport.stream(contract.path("tags").spliterator(), false)
                .map(tag -> tag.path("name").asText())
                .toList();
        eachOperation((name, operation) -> {
            var tag = operation.path("tags").path(0).asText();
            if (!(CodeLawsTest.DOMAINS.contains(tag) || tag.equals("platform")) || !declared.contains(tag)) {
                faults.add(name + " has the first tag '" + tag + "'");
            }
        });
        assertThat(faults).isEmpty();
    }

    @Test
    void each_operation_says_who_may_and_what_the_audit_trail_calls_it() {
        eachOperation((name, operation) -> {
            var permission = operation.path("x-permission").asText();
            if (!permission.matches("public|authenticated|[a-z-]+:[a-z-]+")) {
                faults.add(name + " has the x-permission '" + permission + "'");
            }
            var audit = operation.path("x-audit").asText();
            if (!audit.matches("none|[a-z-]+\\.[a-z-]+")) {
                faults.add(name + " has the x-audit '" + audit + "'");
            }
        });
        assertThat(faults).isEmpty();
    }

    @Test
    void extensions_stand_on_operations_and_not_on_paths_where_all_would_inherit_them() {
        contract.path("paths")
                .properties()
                .forEach(path -> path.getValue().fieldNames().forEachRemaining(field -> {
                    if (field.startsWith("x-")) {
                        faults.add(path.getKey() + " has " + field);
                    }
                }));
        assertThat(faults).isEmpty();
    }

    @Test
    void each_failure_is_a_problem_and_each_operation_has_a_default_one() {
        eachOperation((name, operation) -> {
            if (!operation.path("responses").has("default")) {
                faults.add(name + " has no default response");
            }
            operation.path("responses").properties().forEach(response -> {
                if (response.getKey().matches("[45]..|default")) {
                    var types = new ArrayList<String>();
                    resolve(response.getValue()).path("content").fieldNames().forEachRemaining(types::add);
                    if (!types.equals(List.of("application/problem+json"))) {
                        faults.add(name + " answers " + response.getKey() + " with " + types);
                    }
                }
            });
        });
        assertThat(faults).isEmpty();
    }

    @Test
    void an_operation_that_is_safe_to_repeat_takes_the_key_and_only_such_a_one() {
        eachOperation((name, operation) -> {
            var takesKey = StreamSupport.stream(operation.path("parameters").spliterator(), false)
                    .map(this::resolve)
                    .anyMatch(parameter -> parameter.path("name").asText().equalsIgnoreCase("Idempotency-Key"));
            if (takesKey != operation.path("x-idempotent").asBoolean()) {
                faults.add(name + (takesKey ? " takes" : " does not take") + " Idempotency-Key");
            }
        });
        assertThat(faults).isEmpty();
    }

    @Test
    void a_change_of_an_editable_thing_needs_the_tag_that_was_read() {
        eachOperation((name, operation) -> {
            var changes = name.startsWith("PATCH ") || name.startsWith("DELETE ");
            var needsTag = StreamSupport.stream(operation.path("parameters").spliterator(), false)
                    .map(this::resolve)
                    .anyMatch(parameter -> parameter.path("name").asText().equalsIgnoreCase("If-Match"));
            if (changes
                    && !needsTag
                    && !operation.path("x-concurrency").asText().equals("none")) {
                faults.add(name + " has neither If-Match nor x-concurrency: none");
            }
        });
        assertThat(faults).isEmpty();
    }

    @Test
    void a_body_that_the_domain_parses_itself_has_its_limits_in_the_contract_all_the_same() {
        eachOperation((name, operation) -> {
            if (operation.has("x-validation")
                    && !operation.path("requestBody").path("content").isObject()) {
                faults.add(name + " has no schema for its body");
            }
        });
        assertThat(faults).isEmpty();
    }

    @Test
    void the_file_is_plain_yaml_that_any_tool_reads() {
        for (var event : new Yaml().parse(new StringReader(Contract.load().text()))) {
            if (event instanceof NodeEvent node && node.getAnchor() != null) {
                faults.add("line " + (event.getStartMark().getLine() + 1) + " has the anchor or alias "
                        + node.getAnchor());
            }
            if (event instanceof ScalarEvent scalar && scalar.getValue().equals("<<")) {
                faults.add("line " + (event.getStartMark().getLine() + 1) + " has a merge key");
            }
        }
        assertThat(faults).as("not every tool reads these; use $ref").isEmpty();
    }

    @Test
    void two_linters_nobody_here_wrote_find_nothing() throws Exception {
        assumeThat(Path.of("src/test/js/node_modules/.bin/redocly"))
                .as("npm tools; scripts/test installs them")
                .exists();
        var process = new ProcessBuilder("scripts/lib/lint-contract.sh")
                .redirectErrorStream(true)
                .start();
        var said = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
        assertThat(said).isEmpty();
        assertThat(process.exitValue()).isZero();
    }
}
