package app.fathi.platform.http.docs;

import static java.nio.charset.StandardCharsets.UTF_8;

import app.fathi.platform.http.Resource;
import java.util.List;

/** The guides of {@code docs/guides}, and the start page with the first of them. */
final class Guides {
    /** In the order in which one needs them. */
    static final List<String> NAMES = List.of(
            "add-the-sdk",
            "send-events",
            "send-from-your-backend",
            "describe-people",
            "when-messages-go",
            "ask-your-own-service",
            "templates",
            "campaigns",
            "keys-and-rotation",
            "move-subscriptions",
            "sealed-files",
            "identity-providers");

    private final Spec spec;
    private final Markdown markdown;

    Guides(Spec spec, Markdown markdown) {
        this.spec = spec;
        this.markdown = markdown;
    }

    static String text(String name) {
        return new String(Resource.read("/docs/guides/" + name + ".md"), UTF_8);
    }

    Html of(String name) {
        return Html.of("<p class=\"crumb\"><a href=\"{}\">Guides</a></p>\n{}", Paths.GUIDES, markdown.text(text(name)));
    }

    Html all() {
        return Html.of("<h1>Guides</h1>\n{}", list());
    }

    private Html list() {
        return Html.of("<ul class=\"cards\">\n{}</ul>\n", Html.each(NAMES, name -> {
            var text = text(name);
            return Html.of(
                    "<li><a href=\"{}\">{}</a><br>{}</li>\n",
                    Paths.guide(name),
                    Markdown.title(text),
                    Markdown.lead(text));
        }));
    }

    /** @param url where this server is reached */
    Html start(String url) {
        var text = text(Paths.FIRST_GUIDE).replace("http://127.0.0.1:8080", url);
        int head = text.indexOf("\n## ");
        var sections = Markdown.sections(text);
        sections.put("guides", "Guides");
        sections.put("all-operations", "Operations");
        return Html.of(
                """
                {}<nav class="contents" aria-label="On this page"><ul>
                {}</ul></nav>
                {}<h2 id="guides">Guides</h2>
                {}<h2 id="all-operations">Operations</h2>
                <div data-filtered>
                {}
                {}</div>
                """,
                markdown.text(text.substring(0, head)),
                Html.each(
                        sections.entrySet(),
                        section -> Html.of("<li><a href=\"#{}\">{}</a></li>\n", section.getKey(), section.getValue())),
                markdown.text(text.substring(head)),
                list(),
                Frame.filter("start"),
                Html.each(
                        spec.tags(),
                        tag -> Html.of(
                                "<section><h3>{}</h3>\n<p>{}</p>\n<ul class=\"operations\">\n{}</ul></section>\n",
                                tag.name(),
                                tag.description(),
                                Html.each(
                                        tag.operations(),
                                        operation -> Html.of(
                                                "<li data-words=\"{}\">{} <a href=\"{}\">{}</a> <code>{}</code></li>\n",
                                                Frame.words(operation),
                                                Frame.method(operation),
                                                Paths.operation(operation.id()),
                                                operation.summary(),
                                                operation.path())))));
    }
}
