package app.fathi.testing;

import app.fathi.platform.http.Contract;
import com.fasterxml.jackson.databind.JsonNode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A request that fits the contract for each operation of it, made of the contract's own examples. */
public final class ContractRequests {
    private final Contract contract;
    private final ContractSchemas schemas;

    public ContractRequests(Contract contract) {
        this.contract = contract;
        this.schemas = new ContractSchemas(contract);
    }

    /** @param body null when the operation takes none */
    public record Request(Contract.Operation operation, String method, String path, String type, String body) {
        public Request withPath(String other) {
            return new Request(operation, method, other, type, body);
        }

        public Request withBody(String other) {
            return new Request(operation, method, path, type, other);
        }

        /** As somebody with this token; null for nobody. */
        public TestServer.Answer send(TestServer server, String bearer, String... headers) {
            if (body == null) {
                return server.raw(method, path, bearer, null, headers);
            }
            var all = new String[headers.length + 2];
            System.arraycopy(headers, 0, all, 0, headers.length);
            all[headers.length] = "Content-Type";
            all[headers.length + 1] = type;
            return server.raw(method, path, bearer, body, all);
        }
    }

    public List<Contract.Operation> operations() {
        return List.copyOf(contract.operations().values());
    }

    /** With the example of each path parameter, of each query parameter that must be there, and of the body. */
    public Request of(Contract.Operation operation) {
        var path = operation.path();
        var query = new ArrayList<String>();
        for (var parameter : parameters(operation)) {
            var name = parameter.path("name").asText();
            if (parameter.path("in").asText().equals("path")) {
                path = path.replace("{" + name + "}", example(parameter));
            } else if (parameter.path("in").asText().equals("query")
                    && parameter.path("required").asBoolean()) {
                query.add(name + "=" + example(parameter));
            }
        }
        var target = query.isEmpty() ? path : path + "?" + String.join("&", query);
        var content = node(operation).path("requestBody").path("content");
        var type = content.has("application/json")
                ? "application/json"
                : content.isEmpty() ? null : content.fieldNames().next();
        if (type == null) {
            return new Request(operation, operation.method().name(), target, null, null);
        }
        var value = schemas.resolve(
                        content.path(type).path("examples").elements().next())
                .path("value");
        return new Request(
                operation,
                operation.method().name(),
                target,
                type,
                value.isTextual() ? value.asText() : value.toString());
    }

    /** Its own parameters and those of its path. */
    public List<JsonNode> parameters(Contract.Operation operation) {
        var all = new ArrayList<JsonNode>();
        for (var source : List.of(schemas.document().path("paths").path(operation.path()), node(operation))) {
            source.path("parameters").forEach(parameter -> all.add(schemas.resolve(parameter)));
        }
        return all;
    }

    public JsonNode node(Contract.Operation operation) {
        return schemas.document()
                .path("paths")
                .path(operation.path())
                .path(operation.method().name().toLowerCase(Locale.ROOT));
    }

    public ContractSchemas schemas() {
        return schemas;
    }

    private static String example(JsonNode parameter) {
        return URLEncoder.encode(parameter.path("example").asText(), StandardCharsets.UTF_8);
    }
}
