package app.fathi.platform.http.docs;

import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * A request as the contract shows it, to be spelled as curl, Java and TypeScript.
 *
 * @param name the contract's name for it, or the operation's where it has no body
 * @param summary what is special about it; empty when nothing is
 * @param type the body's; empty where it has none
 * @param body a JSON object, or text in another type
 */
record Example(Spec.Operation operation, String name, String summary, Optional<String> type, Optional<Object> body) {
    private static final Pattern VARIABLE = Pattern.compile("\\$([A-Z][A-Z0-9_]+)\\b");
    /** Sent where they are taken; other headers are for browsers. */
    private static final Set<String> HEADERS = Set.of("Idempotency-Key", "If-Match");

    /**
     * A parameter with its value.
     *
     * @param variable what stands for the value, when it is the reader's own
     */
    record Given(JsonObject parameter, Object value, Optional<String> variable) {
        String name() {
            return parameter.getString("name");
        }

        boolean isIn(String place) {
            return place.equals(parameter.getString("in"));
        }
    }

    /** One for each body that the contract shows; other types than JSON only where JSON is not taken. */
    static List<Example> of(Spec spec, Spec.Operation operation) {
        var all = new ArrayList<Example>();
        operation.bodyTypes().stream()
                .filter(type -> operation.isOfClients(type) || !operation.takesJson())
                .forEach(type -> spec.examples(operation.body(type))
                        .forEach((name, example) -> all.add(new Example(
                                operation,
                                name,
                                example.getString("summary", ""),
                                Optional.of(type),
                                Optional.of(example.getValue("value"))))));
        return all.isEmpty()
                ? List.of(new Example(operation, operation.id(), "", Optional.empty(), Optional.empty()))
                : all;
    }

    /** Whether generated clients can send it: of several types they know the first alone. */
    boolean isForClients() {
        return type.map(operation::isOfClients).orElse(true);
    }

    /** What the request gives; positions in lists are left out, they are the answer's to give. */
    List<Given> given() {
        return operation.parameters().stream()
                .filter(parameter -> switch (parameter.getString("in")) {
                    case "header" -> HEADERS.contains(parameter.getString("name"));
                    case "query" -> !parameter.getString("name").equals("cursor");
                    default -> true;
                })
                .map(this::given)
                .toList();
    }

    private Given given(JsonObject parameter) {
        var value = parameter.getValue("example");
        if (parameter.getString("in").equals("path")) {
            return new Given(parameter, value, Optional.of(Placeholders.ofPath(operation.path())));
        }
        return parameter.getString("name").equals("Idempotency-Key")
                ? new Given(parameter, operation.id() + "-" + name, Optional.empty())
                : new Given(parameter, value, Placeholders.of(value));
    }

    /** The name of the variable with the credential, where one is needed. */
    Optional<String> credential() {
        return switch (operation.credential()) {
            case NONE -> Optional.empty();
            case ACCESS_TOKEN -> Optional.of(Placeholders.ACCESS_TOKEN);
            case API_KEY -> Optional.of(Placeholders.API_KEY);
            case WRITE_KEY -> Optional.of(Placeholders.WRITE_KEY);
        };
    }

    /** What the reader sets before any of the three spellings runs. */
    Set<String> variables() {
        var all = new TreeSet<String>();
        var found = VARIABLE.matcher(Curl.of(this));
        while (found.find()) {
            all.add(found.group(1));
        }
        return all;
    }
}
