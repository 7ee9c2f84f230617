package app.fathi.fuzz;

import app.fathi.platform.http.Contract;
import app.fathi.testing.ContractSchemas;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/**
 * Hostile requests made from the contract: each begins as the contract's own example of an operation, and one thing in
 * it is spoilt: a parameter, a property, the body as a whole, its type.
 */
final class Attacks {
    /** After this the connection cannot be read any further. */
    static final String NO_GZIP = "no gzip";

    private static final String SPOILT = "@@spoilt@@";
    private static final int MAX_DEPTH = 4;

    /** As they stand in JSON; some of them are none. */
    private static final List<String> VALUES = List.of(
            "null",
            "true",
            "0",
            "-0",
            "-1",
            "1.5",
            "1e400",
            "-1e400",
            "1e308",
            "1e-400",
            "9223372036854775807",
            "9223372036854775808",
            "2147483648",
            "9".repeat(60),
            "9".repeat(100),
            "NaN",
            "01",
            "\"\"",
            "\" \"",
            "\"0\"",
            "\"null\"",
            "\"x\"",
            "\"a\\u0000b\"",
            "\"\\ud800\"",
            "\"\\udc00\\ud800\"",
            "\"\\u202e\\u0007\\u001b[31m\"",
            "\"\ud83d\ude00\"",
            "\"" + "a".repeat(301) + "\"",
            "\"" + "\u00e9".repeat(20_000) + "\"",
            "\"{{\"",
            "\"{% for i in (1..1000000000) %}{{ i }}{% endfor %}\"",
            "\"{{ 'x' | append: 'y' | nothing: 1 }}\"",
            "\"1-1-1-1-1\"",
            "\"urn:uuid:01932f12-3300-7c00-a000-2a2b2c2d2e2f\"",
            "\"2026-11-02 10:00:00\"",
            "\"00000000-0000-0000-0000-000000000000\"",
            "\"2026-13-45T99:99:99Z\"",
            "\"2026-11-02T10:00Z\"",
            "\"+999999999-12-31T23:59:59Z\"",
            "\"-999999999-01-01T00:00:00Z\"",
            "\"0000-01-01T00:00:00+18:00\"",
            "\"9999-12-31T23:59:59-18:00\"",
            "\"https://[::1\"",
            "\"https://127.0.0.1:99999/\"",
            "\"https://user:pass@fcm.googleapis.com/%zz\"",
            "\"javascript:alert(1)\"",
            "\"file:///etc/passwd\"",
            "\"'; DROP TABLE users_account; --\"",
            "\"${jndi:ldap://127.0.0.1/x}\"",
            "\"Etc/../../passwd\"",
            "[]",
            "{}",
            "[null]",
            "[[]]",
            "[\"\", \"\"]",
            "[{}]",
            "{\"\": null}",
            "{\"a\": {\"b\": [{\"c\": 1e400}]}}",
            "{\"$ref\": \"#\"}",
            "{\"__proto__\": {}}",
            "[" + "null,".repeat(3_000) + "null]",
            "[" + "\"x\",".repeat(1_200) + "\"x\"]",
            "[".repeat(40) + "]".repeat(40),
            "{\"a\":".repeat(25) + "1" + "}".repeat(25));

    /** As they stand in a URL. */
    private static final List<String> TEXTS = List.of(
            "",
            "x",
            "-1",
            "0",
            "-0",
            "1e9",
            "1000000000",
            "1e400",
            "9223372036854775808",
            "2147483648",
            "0x10",
            "1.5",
            "NaN",
            "null",
            "true",
            "%5B%5D",
            "%7B%7D",
            "%22%22",
            "%00",
            "a%00b",
            "%0d%0aX-Injected:%201",
            "%1b%5b31m",
            "%7f",
            "%ff",
            "%c0%af",
            "%ed%a0%80",
            "%",
            "%zz",
            "%2",
            "..%2f..%2fetc%2fpasswd",
            "%5c..%5c",
            "%27%3b--",
            "%F0%9F%98%80",
            "%e2%80%ae",
            "1-1-1-1-1",
            "urn:uuid:01932f12-3300-7c00-a000-2a2b2c2d2e2f",
            "2026-11-02%2010:00:00",
            "00000000-0000-0000-0000-000000000000",
            "zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz",
            "user:",
            "user:%00",
            "anonymous:" + "a".repeat(280),
            "2026-13-45T99:99:99Z",
            "%2B999999999-12-31T23:59:59Z",
            "-999999999-01-01T00:00:00Z",
            "0000-01-01T00:00:00%2B18:00",
            "P99999999999999D",
            "PT99999999999999999999S",
            "PT9223372036854775807S",
            "P",
            "PT",
            "W10",
            "AAAAAAAAAAAAAAAAAAAAAFtd",
            "q83vEjRWeJCrze8SNFZ4kFsiMDE5MzJmMTEtMjIwMC03YTAwLTgwMDAtMGEwYjBjMGQwZTBmIl0",
            "a".repeat(299),
            "a".repeat(3_000));

    /** As they stand behind a header's name, without its octets that would end it. */
    private static final List<String> HEADER_VALUES = List.of(
            "",
            "x",
            "*",
            "\"",
            "\"\"",
            "\"v\"",
            "\"v-1\"",
            "\"v99999999999999999999\"",
            "W/\"v1\"",
            "\"v1\", \"v2\"",
            "\u00e9\u00ff",
            "\u00ed\u00a0\u0080",
            "\t",
            "%00",
            "a".repeat(258),
            "a".repeat(6_000));

    private static final List<String> BODIES = List.of(
            "",
            " ",
            "null",
            "true",
            "1",
            "\"x\"",
            "[]",
            "[{}]",
            "{}",
            "{",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":1,}",
            "{'a':1}",
            "{\"a\":1}{\"a\":2}",
            "{\"a\":1} x",
            "{\"a\":1,\"a\":2}",
            "{\"\":1,\"\":2}",
            "{\"a\":\"\\u0000\"}",
            "{\"\\u0000\":1}",
            "{\"\\ud800\":1}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"\n\"}",
            "{\"a\":\u0000}",
            "\ufeff{}",
            "{/* */}",
            "<xml/>",
            "a=1&b=2",
            "{\"" + "n".repeat(600) + "\":1}",
            "{\"a\":" + "[".repeat(100_000),
            "{\"a\":".repeat(10_000) + "1" + "}".repeat(10_000),
            "[".repeat(20_000) + "]".repeat(20_000));

    private static final List<byte[]> OCTETS = List.of(
            new byte[] {'{', '"', (byte) 0xff, '"', ':', '1', '}'},
            new byte[] {'{', '"', 'a', '"', ':', '"', (byte) 0xed, (byte) 0xa0, (byte) 0x80, '"', '}'},
            new byte[] {(byte) 0xff, (byte) 0xfe, '{', 0, '}', 0},
            new byte[] {0, 0, 0, '{', 0, 0, 0, '}'},
            new byte[] {(byte) 0xc0, (byte) 0xaf},
            new byte[300]);

    private static final List<String> TYPES = List.of(
            "Content-Type: text/html",
            "Content-Type: application/xml",
            "Content-Type: application/json; charset=utf-16",
            "Content-Type: application/json; charset=nothing",
            "Content-Type: application/json;;;",
            "Content-Type: multipart/form-data",
            "Content-Type: multipart/form-data; boundary=x",
            "Content-Type: application/x-www-form-urlencoded",
            "Content-Type: APPLICATION/JSON",
            "Content-Type: ,",
            "Content-Type: " + "a".repeat(3_000),
            "Content-Type:",
            "X-No: type");

    private final ContractSchemas schemas;
    private final Random random;

    Attacks(ContractSchemas schemas, Random random) {
        this.schemas = schemas;
        this.random = random;
    }

    /** So many attacks on the operation, as different as can be. */
    List<Attack> on(Contract.Operation operation, int count) {
        var groups = new ArrayList<ArrayDeque<Attack>>();
        groups(operation).values().forEach(group -> {
            Collections.shuffle(group, random);
            groups.add(new ArrayDeque<>(group));
        });
        var chosen = new ArrayList<Attack>();
        while (chosen.size() < count && groups.stream().anyMatch(group -> !group.isEmpty())) {
            groups.stream().filter(group -> !group.isEmpty()).forEach(group -> chosen.add(group.poll()));
        }
        return chosen.subList(0, Math.min(count, chosen.size()));
    }

    /** By the thing that they spoil. */
    private Map<String, List<Attack>> groups(Contract.Operation operation) {
        var groups = new LinkedHashMap<String, List<Attack>>();
        parameters(operation)
                .forEach(parameter ->
                        groups.put(parameter.path("name").asText(), spoiltParameter(operation, parameter)));
        groups.put(
                "query",
                List.of(
                        attack("unknown parameter", operation, path(operation) + "?nothing=1"),
                        attack("nameless parameter", operation, path(operation) + "?=1&&=&"),
                        attack("broken query", operation, path(operation) + "?%zz=%zz&%00"),
                        attack("overlong query", operation, path(operation) + "?a=" + "b".repeat(3_000))));
        var example = example(operation);
        if (example != null) {
            spoiltProperties(operation, (ObjectNode) example).forEach(groups::put);
            var bodies = new ArrayList<Attack>();
            BODIES.forEach(
                    body -> bodies.add(attack("body", operation, octets(body), "Content-Type: application/json")));
            OCTETS.forEach(body -> bodies.add(attack("octets", operation, body, "Content-Type: application/json")));
            var text = example.toString();
            bodies.add(attack(
                    "truncated",
                    operation,
                    octets(text.substring(0, random.nextInt(text.length()))),
                    "Content-Type: application/json"));
            bodies.add(attack(
                    NO_GZIP, operation, octets(text), "Content-Type: application/json", "Content-Encoding: gzip"));
            bodies.add(attack(
                    "encoding", operation, octets(text), "Content-Type: application/json", "Content-Encoding: x"));
            groups.put("body", bodies);
            var types = new ArrayList<Attack>();
            TYPES.forEach(type -> types.add(attack("media type", operation, octets(text), type)));
            groups.put("type", types);
        } else {
            groups.put(
                    "body",
                    new ArrayList<>(List.of(attack("needless body", operation, octets("{"), "Content-Type: x"))));
        }
        groups.replaceAll((name, group) -> new ArrayList<>(group));
        return groups;
    }

    private List<Attack> spoiltParameter(Contract.Operation operation, JsonNode parameter) {
        var name = parameter.path("name").asText();
        var attacks = new ArrayList<Attack>();
        switch (parameter.path("in").asText()) {
            case "path" ->
                TEXTS.forEach(text -> attacks.add(
                        attack(name + "=" + text, operation, operation.path().replace("{" + name + "}", text))));
            case "query" -> {
                TEXTS.forEach(text ->
                        attacks.add(attack(name + "=" + text, operation, path(operation) + "?" + name + "=" + text)));
                attacks.add(attack(name + " twice", operation, path(operation) + "?" + name + "=1&" + name + "=2"));
                attacks.add(attack(name + " as list", operation, path(operation) + "?" + name + "%5B%5D=1"));
                attacks.add(attack(name + " alone", operation, path(operation) + "?" + name));
            }
            default ->
                HEADER_VALUES.forEach(value -> attacks.add(
                        attack(name + ": " + value, operation, body(operation), type(), name + ": " + value)));
        }
        return attacks;
    }

    /** The contract's example with each of its properties replaced by each of the values, and with each left out. */
    List<String> spoiltBodies(Contract.Operation operation, List<String> values) {
        var example = (ObjectNode) example(operation);
        var bodies = new ArrayList<String>();
        for (var pointer : pointers(bodySchema(operation), example, "", 0)) {
            values.forEach(value -> bodies.add(with(example, pointer, value)));
            bodies.add(without(example, pointer));
        }
        return bodies;
    }

    private Map<String, List<Attack>> spoiltProperties(Contract.Operation operation, ObjectNode example) {
        var groups = new LinkedHashMap<String, List<Attack>>();
        for (var pointer : pointers(bodySchema(operation), example, "", 0)) {
            var attacks = new ArrayList<Attack>();
            for (var value : VALUES) {
                var text = with(example, pointer, value);
                attacks.add(attack(pointer + " = " + value, operation, octets(text), type()));
            }
            attacks.add(attack(pointer + " left out", operation, octets(without(example, pointer)), type()));
            attacks.add(attack(
                    pointer + " twice",
                    operation,
                    octets(with(example, pointer, "1,\"" + pointer.substring(pointer.lastIndexOf('/') + 1) + "\":1")),
                    type()));
            groups.put(pointer, attacks);
        }
        groups.put(
                "unknown",
                List.of(
                        attack("unknown", operation, octets(with(example, "/nothing", "1")), type()),
                        attack("unknown", operation, octets(with(example, "/x" + "y".repeat(400), "{}")), type())));
        return groups;
    }

    /** Every property of the schema, and what the example has in it. */
    private List<String> pointers(JsonNode schema, JsonNode example, String at, int depth) {
        var pointers = new ArrayList<String>();
        if (depth > MAX_DEPTH) {
            return pointers;
        }
        var resolved = schemas.resolve(schema);
        if (example instanceof ArrayNode array && !array.isEmpty()) {
            pointers.add(at + "/0");
            pointers.addAll(pointers(resolved.path("items"), array.get(0), at + "/0", depth + 1));
        } else if (example == null || example.isObject()) {
            properties(resolved).forEach((name, property) -> {
                pointers.add(at + "/" + name);
                if (example != null && example.has(name)) {
                    pointers.addAll(pointers(property, example.get(name), at + "/" + name, depth + 1));
                }
            });
        }
        return pointers;
    }

    private Map<String, JsonNode> properties(JsonNode schema) {
        var properties = new LinkedHashMap<String, JsonNode>();
        schema.path("properties").properties().forEach(entry -> properties.put(entry.getKey(), entry.getValue()));
        for (var alternative : List.of("allOf", "oneOf", "anyOf")) {
            schema.path(alternative).forEach(part -> properties.putAll(properties(schemas.resolve(part))));
        }
        return properties;
    }

    /** @param value as it stands in JSON */
    private static String with(ObjectNode example, String pointer, String value) {
        var copy = example.deepCopy();
        var cut = pointer.lastIndexOf('/');
        var name = pointer.substring(cut + 1);
        switch (copy.at(pointer.substring(0, cut))) {
            case ObjectNode object -> object.put(name, SPOILT);
            case ArrayNode array -> array.set(Integer.parseInt(name), SPOILT);
            default -> throw new IllegalStateException(pointer);
        }
        return copy.toString().replace("\"" + SPOILT + "\"", value);
    }

    private static String without(ObjectNode example, String pointer) {
        var copy = example.deepCopy();
        var cut = pointer.lastIndexOf('/');
        var name = pointer.substring(cut + 1);
        switch (copy.at(pointer.substring(0, cut))) {
            case ObjectNode object -> object.remove(name);
            case ArrayNode array -> array.remove(Integer.parseInt(name));
            default -> throw new IllegalStateException(pointer);
        }
        return copy.toString();
    }

    private Collection<JsonNode> parameters(Contract.Operation operation) {
        var parameters = new ArrayList<JsonNode>();
        for (var source : List.of(item(operation), operationNode(operation))) {
            source.path("parameters").forEach(parameter -> parameters.add(schemas.resolve(parameter)));
        }
        return parameters;
    }

    /** The body of the contract's first example; null when the operation takes none. */
    private JsonNode example(Contract.Operation operation) {
        var examples = content(operation).path("examples");
        return examples.isEmpty() ? null : examples.iterator().next().path("value");
    }

    JsonNode bodySchema(Contract.Operation operation) {
        return content(operation).path("schema");
    }

    private JsonNode content(Contract.Operation operation) {
        return operationNode(operation).path("requestBody").path("content").path("application/json");
    }

    private JsonNode item(Contract.Operation operation) {
        return schemas.document().path("paths").path(operation.path());
    }

    private JsonNode operationNode(Contract.Operation operation) {
        return item(operation).path(operation.method().name().toLowerCase(Locale.ROOT));
    }

    /** With ids as in the examples. */
    private String path(Contract.Operation operation) {
        var path = operation.path();
        for (var parameter : parameters(operation)) {
            path = path.replace(
                    "{" + parameter.path("name").asText() + "}",
                    parameter.path("example").asText());
        }
        return path;
    }

    private byte[] body(Contract.Operation operation) {
        var example = example(operation);
        return example == null ? null : octets(example.toString());
    }

    private Attack attack(String what, Contract.Operation operation, String target) {
        return new Attack(what, operation.method().name(), target, List.of(type()), body(operation));
    }

    private Attack attack(String what, Contract.Operation operation, byte[] body, String... headers) {
        return new Attack(what, operation.method().name(), path(operation), List.of(headers), body);
    }

    private static String type() {
        return "Content-Type: application/json";
    }

    private static byte[] octets(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
