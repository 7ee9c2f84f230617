package app.fathi.platform.http.docs;

import app.fathi.platform.errors.Kind;
import java.util.Arrays;
import java.util.Optional;

/** A page for each kind of problem, and one that lists them. */
final class ErrorPages {
    private final Spec spec;
    private final Markdown markdown;

    ErrorPages(Spec spec, Markdown markdown) {
        this.spec = spec;
        this.markdown = markdown;
    }

    static Optional<Kind> kind(String code) {
        return Arrays.stream(Kind.values())
                .filter(kind -> kind.code().equals(code))
                .findFirst();
    }

    Html all() {
        return Html.of(
                """
                <h1>Errors</h1>
                <p>What does not work answers <code>application/problem+json</code> (RFC 9457) with a <code>code</code> that never \
                changes its meaning: let programs decide by it, and show <code>detail</code> to people. New codes may come, so treat \
                one that you do not know by its status. Quote the <code>requestId</code> when you ask the operator: the log has it.</p>
                {}
                <table class="problems">
                <thead><tr><th scope="col">Status</th><th scope="col">Code</th><th scope="col">Meaning</th></tr></thead>
                <tbody>
                {}</tbody>
                </table>
                """,
                example(Kind.INVALID_REQUEST),
                Html.each(
                        Arrays.asList(Kind.values()),
                        kind -> Html.of(
                                "<tr><td>{}</td><th scope=\"row\"><a href=\"{}\"><code>{}</code></a></th><td>{}</td></tr>\n",
                                kind.status(),
                                Paths.error(kind.code()),
                                kind.code(),
                                kind.title())));
    }

    Html of(Kind kind) {
        var answering = spec.operations().stream()
                .filter(operation -> spec.failures(operation).stream()
                        .anyMatch(failure -> failure.code().equals(kind.code())))
                .toList();
        return Html.of(
                """
                <p class="crumb"><a href="/docs/errors">Errors</a></p>
                <h1>{}</h1>
                <p class="path"><span class="method status">{}</span> <code>{}</code></p>
                <h2>What it means</h2>
                <p>{}</p>
                <h2>When it happens</h2>
                <p>{}</p>
                <h2>What to do</h2>
                <p>{}</p>
                <h2>Example</h2>
                {}
                <h2>Who answers it</h2>
                {}""",
                kind.title(),
                kind.status(),
                kind.code(),
                markdown.inline(kind.meaning()),
                markdown.inline(kind.occasion()),
                markdown.inline(kind.advice()),
                example(kind),
                answering.size() == spec.operations().size()
                        ? new Html("<p>Every operation.</p>\n")
                        : Html.of(
                                "<ul>\n{}</ul>\n",
                                Html.each(
                                        answering,
                                        operation -> Html.of(
                                                "<li><a href=\"{}\">{}</a></li>\n",
                                                Paths.operation(operation.id()),
                                                operation.summary()))));
    }

    private Html example(Kind kind) {
        return spec.failures()
                .filter(failure -> failure.code().equals(kind.code()))
                .findFirst()
                .map(failure -> CodeBlock.of("json", PrettyJson.of(failure.example())))
                .orElse(Html.NONE);
    }
}
