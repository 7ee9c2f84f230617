package app.fathi.platform.http.docs;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.vertx.core.json.JsonObject;
import java.net.URLEncoder;
import java.util.ArrayList;
import java.util.stream.Collectors;

/** An example as a command for a POSIX shell. */
final class Curl {
    private static final String NEXT = " \\\n  ";

    private Curl() {}

    static String of(Example example) {
        var operation = example.operation();
        var parts = new ArrayList<String>();
        var method = operation.method().equals("GET") ? "" : "-X " + operation.method() + " ";
        var file = operation.file().map(name -> "-o " + name + " ").orElse("");
        parts.add("curl " + file + method + "\"$" + Placeholders.URL + path(example) + "\"");
        switch (operation.credential()) {
            case API_KEY, ACCESS_TOKEN ->
                parts.add("-H \"Authorization: Bearer $" + example.credential().orElseThrow() + "\"");
            case WRITE_KEY -> parts.add("-H \"X-Write-Key: $" + Placeholders.WRITE_KEY + "\"");
            case NONE -> {
                // Nothing to show.
            }
        }
        example.given().stream()
                .filter(given -> given.isIn("header"))
                .forEach(given -> parts.add("-H '" + given.name() + ": " + given.value() + "'"));
        example.body().ifPresent(body -> {
            var type = example.type().orElseThrow();
            // Unlike -d, --data-binary keeps the ends of lines.
            var data = body instanceof JsonObject ? "-d @- " : "--data-binary @- ";
            parts.add("-H 'Content-Type: " + type + "' " + data + hereDocument(body));
        });
        return String.join(NEXT, parts);
    }

    /** With {@code $NAME} for what is the reader's own. */
    static String path(Example example) {
        var path = example.operation().path();
        for (var given : example.given()) {
            if (given.isIn("path")) {
                path = path.replace(
                        "{" + given.name() + "}", "$" + given.variable().orElseThrow());
            }
        }
        var query = example.given().stream()
                .filter(given -> given.isIn("query"))
                .map(given -> given.name() + "="
                        + given.variable()
                                .map(variable -> "$" + variable)
                                .orElseGet(() -> URLEncoder.encode(String.valueOf(given.value()), UTF_8)))
                .collect(Collectors.joining("&"));
        return query.isEmpty() ? path : path + "?" + query;
    }

    /** So no quote in the body is in the shell's way. */
    private static String hereDocument(Object body) {
        var text = body instanceof JsonObject
                ? PrettyJson.of(body)
                : String.valueOf(body).stripTrailing();
        var parts = Placeholders.parts(text);
        var word = body instanceof JsonObject ? "JSON" : "END";
        if (parts.stream().noneMatch(Placeholders.Part::isVariable)) {
            return "<<'" + word + "'\n" + text + "\n" + word;
        }
        var expanded = parts.stream()
                .map(part -> part.isVariable() ? "$" + part.text() : part.text().replaceAll("[\\\\$`]", "\\\\$0"))
                .collect(Collectors.joining());
        return "<<" + word + "\n" + expanded + "\n" + word;
    }
}
