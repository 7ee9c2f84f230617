package app.fathi.testing;

import app.fathi.platform.errors.Kind;
import app.fathi.platform.http.Contract;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Holds every answer that a test receives to the contract: its status is documented, its media type too, its body fits the
 * schema and has nothing beside it, its headers are those that the contract names. A failure of any path is a problem
 * without internals. Answers beside the contract (health, SDK, documents) are only asked for the latter.
 */
public final class AnswerCheck {
    private static final String PROBLEM = "application/problem+json";
    /** What may stand in an answer only where the contract says so. */
    private static final Set<String> OUR_HEADERS = Set.of(
            "ETag",
            "Location",
            "Retry-After",
            "Idempotency-Replayed",
            "WWW-Authenticate",
            "Allow",
            "Deprecation",
            "Sunset");

    private static final Pattern RATE_LIMIT = Pattern.compile("\"[a-z]+\";r=[0-9]+;t=[0-9]+");
    /** What would tell an attacker, or a stranger nothing: stacks, packages, SQL. */
    private static final Pattern INTERNALS = Pattern.compile(
            "Exception|\\bat [a-z]+\\.[a-zA-Z.]+\\(|(app\\.fathi|io\\.vertx|java|com\\.fasterxml)\\.[a-z]|\\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\\b");

    private static final ObjectMapper JSON = new ObjectMapper();

    private static final Pattern PARAMETER = Pattern.compile("\\{[^}]+}");

    /** One operation, and the paths that are its own. */
    private record Known(String method, Pattern path, JsonNode node) {}

    private final ContractSchemas schemas;
    /** In the order of the contract. */
    private final List<Known> operations;

    public AnswerCheck() {
        var contract = Contract.load();
        schemas = new ContractSchemas(contract);
        operations = contract.operations().values().stream()
                .map(each -> new Known(
                        each.method().name(),
                        Pattern.compile(PARAMETER.matcher(each.path()).replaceAll("[^/]+")),
                        schemas.document()
                                .path("paths")
                                .path(each.path())
                                .path(each.method().name().toLowerCase(Locale.ROOT))))
                .toList();
    }

    /** Fails with everything that is wrong with the answer; else gives the operation's id and the status, if it is one. */
    public Optional<String> check(String method, URI uri, TestServer.Answer answer) {
        var faults = faults(method, uri.getRawPath(), answer);
        if (!faults.isEmpty()) {
            throw new AssertionError("The answer to " + method + " " + uri.getRawPath()
                    + " is not as the contract says:\n  " + String.join("\n  ", faults) + "\n" + answer.status() + " "
                    + answer.headers() + "\n" + answer.body());
        }
        return operation(method, uri.getRawPath())
                .map(operation -> operation.path("operationId").asText() + " " + answer.status());
    }

    /** What is wrong with the answer; empty when nothing is. */
    public List<String> faults(String method, String path, TestServer.Answer answer) {
        var faults = new ArrayList<String>();
        if (path.startsWith("/health") || path.startsWith("/metrics")) {
            return faults;
        }
        if (answer.header("X-Request-Id") == null) {
            faults.add("it has no X-Request-Id");
        }
        if (answer.status() >= 400 && !isForPeople(path, answer)) {
            problem(answer, path, faults);
        }
        operation(method, path).ifPresent(operation -> documented(operation, answer, faults));
        return faults;
    }

    /** Whoever opens a link in a mail reads a page, also when the link works no longer. */
    private static boolean isForPeople(String path, TestServer.Answer answer) {
        return path.startsWith("/preferences/") && "text/html; charset=utf-8".equals(answer.header("Content-Type"));
    }

    /** The operation that a request is for; empty beside the contract and for methods that a path does not have. */
    private Optional<JsonNode> operation(String method, String path) {
        return operations.stream()
                .filter(each -> each.method().equals(method)
                        && each.path().matcher(path).matches())
                .findFirst()
                .map(Known::node);
    }

    private void problem(TestServer.Answer answer, String path, List<String> faults) {
        if (!PROBLEM.equals(answer.header("Content-Type"))) {
            faults.add("a failure is told as " + answer.header("Content-Type"));
            return;
        }
        var body = parse(answer.body(), faults);
        schemas.faultsOfAnswer(schemas.document().at("/components/schemas/Problem"), body)
                .forEach(fault -> faults.add("problem " + fault));
        var known = Arrays.stream(Kind.values())
                .anyMatch(kind -> kind.code().equals(body.path("code").asText())
                        && kind.status() == answer.status()
                        && kind.status() == body.path("status").asInt()
                        && kind.title().equals(body.path("title").asText()));
        if (!known) {
            faults.add("the catalogue has no such problem with this status");
        }
        if (!body.path("requestId").asText().equals(answer.header("X-Request-Id"))) {
            faults.add("its requestId is not that of the header");
        }
        if (!body.path("instance").asText().equals(path.replaceAll("//+", "/"))) {
            faults.add("its instance is not the path");
        }
        if (INTERNALS.matcher(answer.body()).find()) {
            faults.add("it tells internals");
        }
    }

    private void documented(JsonNode operation, TestServer.Answer answer, List<String> faults) {
        var rate = String.valueOf(answer.header("RateLimit"));
        if (answer.status() < 400 && !RATE_LIMIT.matcher(rate).matches()) {
            faults.add("it does not say what is left of the quota but " + rate);
        }
        var response = schemas.resolve(operation.path("responses").path(String.valueOf(answer.status())));
        if (response.isMissingNode()) {
            faults.add("the contract does not know this status here");
            return;
        }
        var type = answer.header("Content-Type");
        var content = response.path("content");
        if (content.isMissingNode()) {
            if (!answer.body().isEmpty() || type != null) {
                faults.add("the contract knows no body here");
            }
        } else if (type == null || !content.has(type)) {
            faults.add("the contract does not know the type " + type + " here");
        } else if (type.endsWith("json") && !type.endsWith("ndjson")) {
            schemas.faultsOfAnswer(content.path(type).get("schema"), parse(answer.body(), faults))
                    .forEach(fault -> faults.add("body " + fault));
        }
        headers(response.path("headers"), answer, faults);
    }

    private void headers(JsonNode documented, TestServer.Answer answer, List<String> faults) {
        documented.properties().forEach(entry -> {
            var header = schemas.resolve(entry.getValue());
            var value = answer.header(entry.getKey());
            if (value == null) {
                if (header.path("required").asBoolean()) {
                    faults.add("the header " + entry.getKey() + " is missing");
                }
                return;
            }
            var number = header.path("schema").path("type").asText().equals("integer") && value.matches("-?[0-9]{1,9}");
            schemas.faults(
                            header.get("schema"),
                            number ? IntNode.valueOf(Integer.parseInt(value)) : TextNode.valueOf(value))
                    .forEach(fault -> faults.add("header " + entry.getKey() + " " + fault));
        });
        OUR_HEADERS.stream()
                .filter(name -> answer.header(name) != null && !documented.has(name))
                .forEach(name -> faults.add("the contract does not know the header " + name + " here"));
    }

    private static JsonNode parse(String body, List<String> faults) {
        try {
            return JSON.readTree(body);
        } catch (JsonProcessingException e) {
            faults.add("its body is no JSON");
            return JSON.nullNode();
        }
    }
}
