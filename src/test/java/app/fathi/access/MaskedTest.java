package app.fathi.access;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.permissions.Permission;
import app.fathi.platform.http.Contract;
import app.fathi.testing.ContractRequests;
import app.fathi.testing.Eventually;
import app.fathi.testing.FakePushService;
import app.fathi.testing.TestServer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Who lacks {@code personal:read} sees no personal value in any answer that the contract says may hold one. The places are found
 * by this test itself; values that the owner has planted must not be found anywhere.
 */
class MaskedTest {
    private static final ContractRequests REQUESTS = new ContractRequests(Contract.load());
    private static final ObjectMapper JSON = new ObjectMapper();

    private static FakePushService push;
    private static TestServer server;
    private static Things things;
    private static String masked;
    private final List<String> faults = new ArrayList<>();

    @BeforeAll
    static void start() {
        push = FakePushService.start();
        server = TestServer.start(
                Map.of("FATHI_OUTBOUND_TRUSTED_CERTIFICATE", push.certificate().toString()));
        things = Things.make(server, push);
        var all = Arrays.stream(Permission.values())
                .map(Permission::permission)
                .filter(name -> !name.equals("personal:read"))
                .toList();
        var role = new JsonObject().put("name", "blindfolded").put("permissions", new JsonArray(all));
        assertThat(server.admin("POST", "/api/v1/roles", role).status()).isEqualTo(201);
        masked = server.member("blindfolded");
    }

    @AfterAll
    static void stop() {
        server.close();
        push.close();
    }

    @Test
    void no_answer_shows_them_a_personal_value() throws Exception {
        var looked = new TreeSet<String>();
        var seenByOwner = new TreeSet<String>();
        for (var operation : REQUESTS.operations()) {
            if (!operation.permission().contains(":") || !showsPeople(operation)) {
                continue;
            }
            looked.add(operation.id());
            var request = REQUESTS.of(operation);
            var path = operation.path().contains("/{id}")
                    ? operation.path().replace("{id}", things.idFor(operation))
                    : request.path();
            var body = request.body() == null
                    ? null
                    : request.body().replace("customer-42", Things.PLANTED).replace("customer-43", Things.PLANTED);
            var planted = request.withPath(path).withBody(body);
            var answer = planted.send(server, masked);
            var owner = planted.send(server, server.token());
            if (owner.body().contains(Things.PLANTED)) {
                seenByOwner.add(operation.id());
            }
            if (operation.method().name().equals("GET") && answer.status() != owner.status()) {
                faults.add(operation.id() + " answers " + owner.status() + " and them " + answer.body());
            }
            if (answer.body().contains(Things.PLANTED)) {
                faults.add(operation.id() + " shows what the owner has planted: " + answer.body());
            }
            if (answer.status() < 300
                    && String.valueOf(answer.header("Content-Type")).equals("application/json")) {
                personal(schema(operation), JSON.readTree(answer.body()), operation.id());
            }
        }
        assertThat(faults).isEmpty();
        assertThat(looked).contains("getProfile", "listSubscriptions", "listAuditEvents", "exportAuditEvents");
        assertThat(seenByOwner)
                .as("where something is planted indeed")
                .contains(
                        "getProfile",
                        "getSubscription",
                        "listSubscriptions",
                        "getUser",
                        "listUsers",
                        "listAuditEvents",
                        "exportAuditEvents");
    }

    private static boolean showsPeople(Contract.Operation operation) {
        return schema(operation) != null && finds(schema(operation), new TreeSet<>())
                || lines(operation) != null && finds(lines(operation), new TreeSet<>());
    }

    private static JsonNode content(Contract.Operation operation) {
        for (var answer : REQUESTS.node(operation).path("responses").properties()) {
            if (answer.getKey().startsWith("2")) {
                return REQUESTS.schemas().resolve(answer.getValue()).path("content");
            }
        }
        throw new AssertionError(operation.id() + " never succeeds");
    }

    private static JsonNode schema(Contract.Operation operation) {
        return content(operation).path("application/json").get("schema");
    }

    private static JsonNode lines(Contract.Operation operation) {
        return content(operation).path("application/x-ndjson").get("x-lines");
    }

    private static boolean finds(JsonNode schema, TreeSet<String> seen) {
        if (schema.has("$ref") && !seen.add(schema.get("$ref").asText())) {
            return false;
        }
        var resolved = REQUESTS.schemas().resolve(schema);
        if (resolved.path("x-personal").asBoolean()) {
            return true;
        }
        for (var inner : resolved) {
            if (inner.isContainerNode() && finds(inner, seen)) {
                return true;
            }
        }
        return false;
    }

    /** Each value where the schema says that it is personal. */
    private void personal(JsonNode maybeReference, JsonNode value, String place) {
        var schema = REQUESTS.schemas().resolve(maybeReference);
        if (schema.path("x-personal").asBoolean()) {
            var hidden = value.isNull()
                    || value.isContainerNode() && value.isEmpty()
                    || value.asText().equals("(hidden)");
            if (!hidden) {
                faults.add(place + " shows " + value);
            }
            return;
        }
        schema.path("properties").properties().forEach(property -> {
            if (value.has(property.getKey())) {
                personal(property.getValue(), value.get(property.getKey()), place + "/" + property.getKey());
            }
        });
        if (schema.has("items")) {
            value.forEach(element -> personal(schema.get("items"), element, place + "/*"));
        }
        for (var name : List.of("allOf", "oneOf", "anyOf")) {
            schema.path(name).forEach(part -> personal(part, value, place));
        }
    }

    @Test
    void the_roles_that_the_table_calls_masked_are_and_others_are_not() {
        var table = AccessTable.read();
        var profile = "/api/v1/cdp/profiles/user:" + Things.PLANTED;
        for (var role :
                List.of("administrator", "marketing-manager", "campaign-manager", "analyst", "segment-manager")) {
            var answer = server.send("GET", profile, server.member(role), null);
            assertThat(answer.status()).as(role).isEqualTo(200);
            var cell = table.cells().get("getProfile").get(role);
            assertThat(answer.body().contains(Things.PLANTED)).as(role).isEqualTo(cell != AccessTable.MASKED);
        }
    }

    @Test
    void a_file_of_lines_is_masked_in_both_forms_and_stays_well_formed() {
        var filter = "operation=role.create";
        var lines = server.send("GET", "/api/v1/audit/export?" + filter, masked, null)
                .body();
        var event = new JsonObject(lines.lines().findFirst().orElseThrow());
        assertThat(event.getValue("after")).isNull();
        assertThat(event.getString("remoteAddress")).isEqualTo("(hidden)");
        assertThat(event.getString("operation")).isEqualTo("role.create");
        var csv = server.send("GET", "/api/v1/audit/export?format=csv&" + filter, masked, null)
                .body()
                .lines()
                .toList();
        assertThat(csv.get(1).split(",", -1)).hasSize(13).contains("(hidden)").endsWith("", "");
    }

    @Test
    void who_sees_nobody_leaves_no_line_about_having_seen_somebody() {
        var profile = "/api/v1/cdp/profiles/user:" + Things.PLANTED;
        server.send("GET", profile, masked, null);
        var seeing = server.member("marketing-manager");
        server.send("GET", profile, seeing, null);
        Eventually.eventually("the line of who sees", () -> reads(seeing), lines -> !lines.isEmpty());
        assertThat(reads(masked)).isEmpty();
    }

    private static JsonArray reads(String token) {
        var id = server.send("GET", "/api/v1/auth/me", token, null).json().getString("id");
        return server.admin("GET", "/api/v1/audit/events?operation=profile.read&actorId=" + id, null)
                .json()
                .getJsonArray("items");
    }

    @Test
    void wherever_somebody_can_look_at_people_the_contract_puts_it_on_record() {
        var unseen = REQUESTS.operations().stream()
                .filter(operation -> operation.method().name().equals("GET")
                        && operation.permission().contains(":")
                        && showsPeople(operation)
                        && operation.audit().equals("none"))
                .map(Contract.Operation::id)
                .toList();
        assertThat(unseen).as("give each an x-audit such as thing.read").isEmpty();
    }

    @Test
    void one_sees_ones_own_address() {
        var me = server.send("GET", "/api/v1/auth/me", masked, null).json();
        assertThat(me.getString("email")).contains("@");
    }
}
