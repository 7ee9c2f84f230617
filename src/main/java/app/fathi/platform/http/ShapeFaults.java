package app.fathi.platform.http;

import app.fathi.platform.errors.Problem.Fault;
import io.vertx.core.json.JsonArray;
import io.vertx.json.schema.OutputUnit;
import io.vertx.openapi.validation.SchemaValidationException;
import io.vertx.openapi.validation.ValidatorErrorType;
import io.vertx.openapi.validation.ValidatorException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What does not fit the contract, told to its sender: one fault at each place, in words. The validator tells more than
 * that and in its own terms: every schema on the way down to a fault, each alternative that was tried, and around a bad
 * property that it is not known, although it is.
 */
final class ShapeFaults {
    private static final int MAX_FAULTS = 20;

    /** These only say that something below them does not fit. */
    private static final Set<String> BRANCHES =
            Set.of("properties", "patternProperties", "items", "prefixItems", "allOf", "$ref", "if", "then", "else");

    private static final Set<String> UNKNOWN = Set.of("additionalProperties", "unevaluatedProperties");
    private static final Pattern ALTERNATIVE = Pattern.compile("/(oneOf|anyOf)/[0-9]+/");
    private static final Pattern PARAMETER = Pattern.compile("(path|query|header|cookie) parameter (\\S+)");
    private static final Pattern QUOTED = Pattern.compile("\"([^\"]*)\"");
    private static final Pattern BOUND = Pattern.compile("([-+.0-9E]+)\\)?$");
    private static final Map<String, String> TYPES = Map.of(
            "object", "an object",
            "array", "a list",
            "string", "a text",
            "integer", "a whole number",
            "number", "a number",
            "boolean", "true or false",
            "null", "null");
    private static final Map<String, String> FORMATS =
            Map.of("uuid", "a UUID", "date-time", "an RFC 3339 time", "uri", "a URL", "email", "an e-mail address");

    private ShapeFaults() {}

    /** Of a whole request. */
    static List<Fault> of(ValidatorException e) {
        if (e instanceof SchemaValidationException schema
                && schema.getOutputUnit().getErrors() != null
                && !schema.getOutputUnit().getErrors().isEmpty()) {
            return of(schema.getOutputUnit().getErrors(), parameter(e));
        }
        return List.of(new Fault(parameter(e), unreadable(e)));
    }

    private static String unreadable(ValidatorException e) {
        if (e.getMessage().contains("required body")) {
            return "The body is missing.";
        }
        return e.type() == ValidatorErrorType.MISSING_REQUIRED_PARAMETER
                ? "This parameter is missing."
                : "This value cannot be read.";
    }

    /** The parameter's name; empty for the body. */
    private static String parameter(ValidatorException e) {
        var found = PARAMETER.matcher(e.getMessage());
        return found.find() ? found.group(2) : "";
    }

    private static List<Fault> of(List<OutputUnit> units, String parameter) {
        var faults = new LinkedHashMap<String, String>();
        var unknown = new ArrayList<String>();
        for (var unit : units) {
            var place = parameter.isEmpty() ? unit.getInstanceLocation().replaceFirst("^#", "") : parameter;
            var keyword = keyword(unit);
            if (BRANCHES.contains(keyword)
                    || ALTERNATIVE.matcher(unit.getKeywordLocation()).find()) {
                continue;
            }
            if (UNKNOWN.contains(keyword)) {
                unknown.add(place);
            } else if (keyword.equals("required")) {
                faults.putIfAbsent(place + "/" + quoted(unit), "This property is missing.");
            } else {
                faults.putIfAbsent(place, words(keyword, unit.getError()));
            }
        }
        // A known property that does not fit is called unknown, too: then something at or below it says why.
        unknown.stream()
                .filter(place -> !faults.containsKey(place))
                .filter(place -> Stream.concat(faults.keySet().stream(), unknown.stream())
                        .noneMatch(other -> other.startsWith(place + "/")))
                .toList()
                .forEach(place -> faults.put(place, "There is no such property."));
        return faults.entrySet().stream()
                .limit(MAX_FAULTS)
                .map(fault -> new Fault(fault.getKey(), fault.getValue()))
                .toList();
    }

    private static String keyword(OutputUnit unit) {
        var location = unit.getKeywordLocation();
        return location.substring(location.lastIndexOf('/') + 1);
    }

    private static String words(String keyword, String error) {
        return switch (keyword) {
            case "type" -> "This takes " + types(error) + ".";
            case "enum", "const" -> "This takes one of " + values(error) + ".";
            case "format" -> "This is not " + FORMATS.getOrDefault(quoted(error), "of the right format") + ".";
            case "pattern" -> "This does not have the form that the contract names.";
            case "minLength" -> "This takes at least " + bound(error) + " characters.";
            case "maxLength" -> "This takes at most " + bound(error) + " characters.";
            case "minItems" -> "This takes at least " + bound(error) + " items.";
            case "maxItems" -> "This takes at most " + bound(error) + " items.";
            case "uniqueItems" -> "No item may be repeated.";
            case "minimum" -> "This takes at least " + bound(error) + ".";
            case "maximum" -> "This takes at most " + bound(error) + ".";
            case "minProperties", "maxProperties" -> "This has too few or too many properties.";
            default -> "This takes one of the forms that the contract names.";
        };
    }

    private static String types(String error) {
        var expected = error.substring(error.lastIndexOf("Expected ") + "Expected ".length());
        return Arrays.stream(expected.split(","))
                .map(type -> TYPES.getOrDefault(type.strip(), type.strip()))
                .collect(Collectors.joining(" or "));
    }

    private static String values(String error) {
        var list = error.indexOf('[');
        return list < 0
                ? "the values that the contract names"
                : new JsonArray(error.substring(list))
                        .stream().map(String::valueOf).collect(Collectors.joining(", "));
    }

    /** The limit stands last in the validator's sentence. */
    private static String bound(String error) {
        var found = BOUND.matcher(error);
        return found.find() ? found.group(1) : "the limit of the contract";
    }

    private static String quoted(OutputUnit unit) {
        return quoted(unit.getError());
    }

    private static String quoted(String error) {
        var found = QUOTED.matcher(error);
        return found.find() ? found.group(1) : "";
    }
}
