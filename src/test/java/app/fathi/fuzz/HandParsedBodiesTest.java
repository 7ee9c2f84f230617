package app.fathi.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.http.Contract;
import app.fathi.testing.ContractSchemas;
import app.fathi.testing.TestServer;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Some bodies are hot and are checked by code of ours instead of the contract's validator. What the one takes the other
 * takes, for each property and each kind of value that may come in its place.
 */
class HandParsedBodiesTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Contract CONTRACT = Contract.load();
    private static final ContractSchemas SCHEMAS = new ContractSchemas(CONTRACT);
    private static final Attacks ATTACKS = new Attacks(SCHEMAS, new Random(0));

    private static TestServer server;

    @BeforeAll
    static void start() {
        server = TestServer.start(Map.of());
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    static Stream<Contract.Operation> operations() {
        // Files that are uploaded are no JSON of the contract's; they have tests of their own.
        return CONTRACT.operations().values().stream()
                .filter(operation -> operation.parsesBody() && !operation.takesUpload());
    }

    /** As they stand in JSON. */
    private static List<String> values() {
        var values = new ArrayList<>(List.of(
                "null",
                "true",
                "7",
                "1.5",
                "\"\"",
                "\"x\"",
                "\"track\"",
                "\"shown\"",
                "\"undefined\"",
                "\" NULL \"",
                "[]",
                "[{}]",
                "[null]",
                "{}",
                "{\"a\": [1]}",
                "\"2026-11-02T10:00:00Z\"",
                "\"2026-11-02T10:00:00.123456789+05:30\"",
                "\"2026-11-02t10:00:00z\"",
                "\"2024-02-29T00:00:00Z\"",
                "\"2026-02-29T00:00:00Z\"",
                "\"2026-11-02T24:00:00Z\"",
                "\"2026-11-02T10:00Z\"",
                "\"2026-11-02T10:00:00\"",
                "\"2026-11-02T10:00:00+0530\"",
                "\"2026-11-02T10:00:00+05\"",
                "\"2026-11-02\"",
                "\"+12026-11-02T10:00:00Z\"",
                "\"1762077600\""));
        for (int limit : new int[] {64, 100, 200, 255}) {
            for (var character : List.of("a", "\ud83d\ude00")) {
                values.add("\"" + character.repeat(limit) + "\"");
                values.add("\"" + character.repeat(limit + 1) + "\"");
            }
        }
        return values;
    }

    @ParameterizedTest
    @MethodSource("operations")
    void our_parser_and_the_contract_take_the_same(Contract.Operation operation) throws JsonProcessingException {
        var differences = new ArrayList<String>();
        var verdicts = new ArrayList<Boolean>();
        for (var body : ATTACKS.spoiltBodies(operation, values())) {
            var told = JSON.readTree(body);
            var contract = SCHEMAS.faults(ATTACKS.bodySchema(operation), asDescribed(told));
            var expected = contract.isEmpty() && isWhole(operation, told);
            var answer = server.raw(
                    "POST", operation.path(), operation.permission().equals("public") ? null : server.token(), body);
            verdicts.add(expected);
            if (answer.status() != (expected ? 200 : 400)) {
                differences.add(
                        body + "\n    we: " + answer.status() + " " + answer.body() + "\n    contract: " + contract);
            }
        }
        assertThat(differences).isEmpty();
        assertThat(verdicts).as("bodies of both kinds").contains(true, false);
    }

    /** The contract's words say what its schema cannot: a number in place of an id is taken as its digits. */
    private static JsonNode asDescribed(JsonNode told) {
        var copy = told.deepCopy();
        events(copy).forEach(event -> List.of("userId", "anonymousId", "previousId", "groupId")
                .forEach(name -> {
                    if (event.path(name).isNumber()) {
                        event.put(name, event.get(name).asText());
                    }
                }));
        return copy;
    }

    /**
     * Nor that ids are needed and some texts are none, and that in a batch `track` needs its event and `group` its group. What
     * is wrong with single events of our own batch is told of each, and Segment's measurements are of nobody.
     */
    private static boolean isWhole(Contract.Operation operation, JsonNode told) {
        return operation.id().equals("batchEvents")
                || operation.id().equals("dropClientMetrics")
                || areWhole(operation, told);
    }

    private static boolean areWhole(Contract.Operation operation, JsonNode told) {
        return events(told).stream().allMatch(event -> {
            var type = told.has("batch") ? event.path("type").asText() : operation.id();
            var ids = type.equals("alias")
                    ? names(event, "userId") && (names(event, "previousId") || names(event, "anonymousId"))
                    : names(event, "userId") || names(event, "anonymousId");
            return ids
                    && (!type.equals("group") || names(event, "groupId"))
                    && (!type.equals("track")
                            || !told.has("batch")
                            || event.path("event").isTextual());
        });
    }

    private static boolean names(JsonNode event, String name) {
        var id = event.path(name);
        return id.isNumber() || id.isTextual() && !isNobody(id.asText());
    }

    private static boolean isNobody(String id) {
        return Set.of("", "null", "undefined").contains(id.strip().toLowerCase(java.util.Locale.ROOT));
    }

    /** Of Segment's calls; what a device reports names nobody. */
    private static List<ObjectNode> events(JsonNode told) {
        var events = new ArrayList<ObjectNode>();
        if (told.path("batch").isArray()) {
            told.path("batch").forEach(item -> {
                if (item instanceof ObjectNode event) {
                    events.add(event);
                }
            });
        } else if (told instanceof ObjectNode event && !told.has("batch") && !told.has("interactions")) {
            events.add(event);
        }
        return events;
    }
}
