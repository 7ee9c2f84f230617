package app.fathi.platform.http.docs;

import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** One operation: what it does, who may, what it takes and answers, and how to call it. */
final class OperationPage {
    private static final String PUBLIC = "public";
    private static final String AUTHENTICATED = "authenticated";

    private final Spec spec;
    private final Markdown markdown;
    private final SchemaTable table;
    private final JavaCode java;
    private final TypeScript typeScript;

    OperationPage(Spec spec, Markdown markdown) {
        this.spec = spec;
        this.markdown = markdown;
        this.table = new SchemaTable(spec, markdown);
        this.java = new JavaCode(spec);
        this.typeScript = new TypeScript(spec);
    }

    Html of(Spec.Operation operation) {
        return Html.of(
                """
                <p class="crumb">{}</p>
                <h1>{}</h1>
                <p class="path">{} <code>{}</code></p>
                {}
                <dl class="facts">
                {}</dl>
                {}{}<h2 id="request">Request</h2>
                {}{}<h2 id="answers">Answers</h2>
                {}<h2 id="problems">Problems</h2>
                {}""",
                operation.tag(),
                operation.summary(),
                Frame.method(operation),
                operation.path(),
                markdown.text(operation.description()),
                facts(operation),
                new Html("<h2 id=\"example\">Example</h2>\n"),
                examples(operation),
                parameters(operation),
                body(operation),
                Html.each(spec.answers(operation), this::answer),
                problems(operation));
    }

    private Html facts(Spec.Operation operation) {
        return fact("Permission", permission(operation))
                .and(fact("Credential", credentials(operation)))
                .and(fact(
                        "Audit trail",
                        operation.audit().equals("none")
                                ? new Html("no entry")
                                : Html.of("<code>{}</code>", operation.audit())))
                .and(
                        operation.json().getBoolean("x-idempotent", false)
                                ? fact("Retries", markdown.inline("safe with the same `Idempotency-Key`"))
                                : Html.NONE)
                .and(fact("In code", Html.of("<code>{}</code>", operation.id())));
    }

    private static Html fact(String name, Html value) {
        return Html.of("<div><dt>{}</dt><dd>{}</dd></div>\n", name, value);
    }

    private static Html permission(Spec.Operation operation) {
        return switch (operation.permission()) {
            case PUBLIC -> new Html("none");
            case AUTHENTICATED -> new Html("none but a valid credential");
            default -> Html.of("<code>{}</code>", operation.permission());
        };
    }

    private Html credentials(Spec.Operation operation) {
        var all = spec.credentials(operation)
                .map(scheme -> markdown.inline(scheme.getString("description").replaceFirst("\\.$", "")))
                .toList();
        if (operation.needsRecentSignIn()) {
            return new Html("the access token of somebody who has just signed in with a password; no API key");
        }
        return all.isEmpty()
                ? new Html("none")
                : new Html(all.stream().map(Html::text).collect(Collectors.joining("<br>or ")));
    }

    private Html examples(Spec.Operation operation) {
        var all = Example.of(spec, operation);
        return Html.each(
                all,
                example -> Html.of(
                        "{}{}{}",
                        example.summary().isEmpty() || all.size() == 1
                                ? Html.NONE
                                : Html.of("<h3>{}</h3>\n", example.summary()),
                        CodeBlock.tabs(List.of(
                                new CodeBlock.Tab("sh", Curl.of(example)),
                                new CodeBlock.Tab("java", java.of(example)),
                                new CodeBlock.Tab("ts", typeScript.of(example)))),
                        variables(example)));
    }

    private Html variables(Example example) {
        return Html.of(
                "<dl class=\"variables\" aria-label=\"Environment variables\">\n{}</dl>\n",
                Html.each(
                        example.variables(),
                        variable -> Html.of(
                                "<div><dt><code>{}</code></dt><dd>{}</dd></div>\n",
                                variable,
                                markdown.inline(Placeholders.meaning(variable)))));
    }

    private Html parameters(Spec.Operation operation) {
        if (operation.parameters().isEmpty()) {
            return operation.bodyTypes().isEmpty() ? new Html("<p>Nothing but the credential.</p>\n") : Html.NONE;
        }
        return Html.of(
                """
                <table class="properties" role="table">
                <caption>Parameters</caption>
                <thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Parameter</th>\
                <th role="columnheader" scope="col">Type and limits</th>\
                <th role="columnheader" scope="col">Meaning</th></tr></thead>
                <tbody role="rowgroup">
                {}</tbody>
                </table>
                """,
                Html.each(operation.parameters(), this::parameter));
    }

    private Html parameter(JsonObject parameter) {
        return Html.of(
                "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\"><code>{}</code>"
                        + " <span class=\"mark\">{}</span>{}</th><td role=\"cell\">{}</td><td role=\"cell\">{}{}</td></tr>\n",
                parameter.getString("name"),
                parameter.getString("in"),
                parameter.getBoolean("required", false)
                        ? new Html(" <span class=\"mark required\">required</span>")
                        : Html.NONE,
                table.typeAndLimits(parameter.getJsonObject("schema")),
                markdown.inline(parameter.getString("description")),
                Html.of("<br>Example: <code>{}</code>", parameter.getValue("example")));
    }

    private Html body(Spec.Operation operation) {
        return operation
                .body()
                .map(media -> {
                    var schema = media.getJsonObject("schema");
                    var resolved = spec.resolve(schema);
                    var types = operation.bodyTypes().stream()
                            .map(type -> "`" + type + "`")
                            .collect(Collectors.joining(" or "));
                    return Html.of(
                            "<h3 id=\"body\">Body</h3>\n<p>{} {}</p>\n{}{}",
                            markdown.inline(resolved.getString("description", "")),
                            markdown.inline("As " + types + "."
                                    + (resolved.getBoolean("additionalProperties", true)
                                            ? ""
                                            : " A property that is not listed here is refused.")),
                            table.of("Properties of the body", schema, true),
                            Html.each(
                                    textExamples(operation),
                                    text -> Html.of("<p>As <code>text/plain</code>:</p>\n{}", CodeBlock.of("", text))));
                })
                .orElse(Html.NONE);
    }

    private List<String> textExamples(Spec.Operation operation) {
        var content = operation.json().getJsonObject("requestBody").getJsonObject("content");
        var texts = new ArrayList<String>();
        if (content.containsKey("text/plain")) {
            spec.examples(content.getJsonObject("text/plain"))
                    .forEach((name, example) -> texts.add(example.getString("value")));
        }
        return texts;
    }

    private Html answer(Spec.Answer answer) {
        return Html.of(
                "<h3>{} {}</h3>\n{}{}",
                answer.status(),
                markdown.inline(answer.description().strip().replaceFirst("\\.$", "")),
                answer.headers().isEmpty()
                        ? Html.NONE
                        : Html.of(
                                "<dl class=\"variables\" aria-label=\"Headers\">\n{}</dl>\n",
                                Html.each(
                                        answer.headers().entrySet(),
                                        header -> Html.of(
                                                "<div><dt><code>{}</code></dt><dd>{}</dd></div>\n",
                                                header.getKey(),
                                                markdown.inline(
                                                        header.getValue().getString("description"))))),
                answer.body().map(this::answerBody).orElse(Html.NONE));
    }

    private Html answerBody(JsonObject media) {
        return Html.each(spec.examples(media).values(), example -> (example.containsKey("summary")
                                ? Html.of("<p>{}:</p>\n", example.getString("summary"))
                                : Html.NONE)
                        .and(CodeBlock.of("json", PrettyJson.of(example.getValue("value")))))
                .and(Html.of(
                        "<details><summary>Every property of this answer</summary>\n{}</details>\n",
                        table.of("Properties of the answer", media.getJsonObject("schema"), false)));
    }

    private Html problems(Spec.Operation operation) {
        return Html.of(
                """
                <p>Each as <code>application/problem+json</code>; decide by the <code>code</code>. {}</p>
                <table class="problems">
                <thead><tr><th scope="col">Status</th><th scope="col">Code</th><th scope="col">Meaning</th></tr></thead>
                <tbody>
                {}</tbody>
                </table>
                """,
                Html.of("<a href=\"{}\">All of them</a>", Paths.ERRORS),
                Html.each(
                        spec.failures(operation),
                        failure -> Html.of(
                                "<tr><td>{}</td><th scope=\"row\"><a href=\"{}\"><code>{}</code></a></th><td>{}</td></tr>\n",
                                failure.status(),
                                Paths.error(failure.code()),
                                failure.code(),
                                failure.example().getString("title"))));
    }
}
