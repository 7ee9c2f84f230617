package app.fathi.platform.http.docs;

import java.util.Locale;

/** What all pages have: the head, the way to every other page, and the list of operations. */
final class Frame {
    private final Spec spec;

    Frame(Spec spec) {
        this.spec = spec;
    }

    /** @param path of this page, which its own entry in the list is marked by */
    String page(String title, String path, Html main) {
        return Html.of(
                        """
                        <!doctype html>
                        <html lang="en">
                        <head>
                        <meta charset="utf-8">
                        <meta name="viewport" content="width=device-width, initial-scale=1">
                        <meta name="color-scheme" content="light dark">
                        <title>{} · Fathi</title>
                        <link rel="icon" href="/docs/icon.svg" type="image/svg+xml">
                        <link rel="stylesheet" href="/docs/docs.css">
                        <script src="/docs/docs.js" defer></script>
                        </head>
                        <body>
                        <a class="skip" href="#main">Skip to the text</a>
                        <header>
                        <a class="brand" href="/docs">Fathi</a>
                        <nav aria-label="Documentation">
                        {}<a class="jump" href="#operations">Operations</a>
                        <a href="/openapi.yaml">openapi.yaml</a>
                        </nav>
                        </header>
                        <div class="columns">
                        <main id="main" tabindex="-1">
                        {}</main>
                        <nav id="operations" class="side" aria-label="Operations" data-filtered>
                        {}
                        {}</nav>
                        </div>
                        </body>
                        </html>
                        """,
                        title,
                        link(Paths.START, "Start", path)
                                .and(link(Paths.GUIDES, "Guides", path))
                                .and(link(Paths.ERRORS, "Errors", path)),
                        main,
                        filter("side"),
                        Html.each(spec.tags(), tag -> group(tag, path)))
                .text();
    }

    private static Html link(String to, String name, String path) {
        return Html.of(
                "<a href=\"{}\"{}>{}</a>\n",
                to,
                to.equals(path) ? new Html(" aria-current=\"page\"") : Html.NONE,
                name);
    }

    /** Shown by the script that makes it work. */
    static Html filter(String id) {
        return Html.of(
                """
                <p class="filter" hidden><label for="{}-filter">Find an operation</label>
                <input type="search" id="{}-filter" autocomplete="off" spellcheck="false"></p>
                <p class="nothing" role="status"></p>""",
                id,
                id);
    }

    private static Html group(Spec.Tag tag, String path) {
        return Html.of(
                "<section><h2>{}</h2>\n<ul>\n{}</ul></section>\n",
                tag.name(),
                Html.each(
                        tag.operations(),
                        operation -> Html.of(
                                "<li data-words=\"{}\"><a href=\"{}\"{}>{} {}</a></li>\n",
                                words(operation),
                                Paths.operation(operation.id()),
                                Paths.operation(operation.id()).equals(path)
                                        ? new Html(" aria-current=\"page\"")
                                        : Html.NONE,
                                method(operation),
                                operation.summary())));
    }

    static Html method(Spec.Operation operation) {
        return Html.of(
                "<span class=\"method {}\">{}</span>", operation.method().toLowerCase(Locale.ROOT), operation.method());
    }

    /** What an operation is found by. */
    static String words(Spec.Operation operation) {
        return String.join(
                        " ",
                        operation.id(),
                        operation.method(),
                        operation.path(),
                        operation.summary(),
                        operation.permission(),
                        operation.tag(),
                        operation.description())
                .replaceAll("\\s+", " ")
                .toLowerCase(Locale.ROOT);
    }
}
