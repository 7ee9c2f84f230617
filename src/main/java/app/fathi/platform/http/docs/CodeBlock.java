package app.fathi.platform.http.docs;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Code to be read and copied, in one language or in several behind tabs. */
final class CodeBlock {
    private static final Map<String, String> NAMES = Map.of(
            "sh", "Shell", "java", "Java", "ts", "TypeScript", "js", "JavaScript", "json", "JSON", "html", "HTML");

    /** One language. */
    record Tab(String language, String code) {}

    private CodeBlock() {}

    static Html of(String language, String code) {
        return Html.of(
                "<div class=\"code\"><pre tabindex=\"0\" aria-label=\"{}\"><code class=\"{}\">{}</code></pre></div>",
                NAMES.getOrDefault(language, "Text"),
                language.isEmpty() ? "text" : language,
                code.stripTrailing());
    }

    /** Tabs that need no script: the buttons are radio buttons, and the style shows the panel of the one that is on. */
    static Html tabs(List<Tab> tabs) {
        var group = "tabs-" + Integer.toHexString(tabs.hashCode());
        var buttons = new ArrayList<Html>();
        for (var tab : tabs) {
            buttons.add(Html.of(
                    "<input type=\"radio\" name=\"{}\" id=\"{}-{}\" value=\"{}\"{}><label for=\"{}-{}\">{}</label>",
                    group,
                    group,
                    tab.language(),
                    tab.language(),
                    buttons.isEmpty() ? new Html(" checked") : Html.NONE,
                    group,
                    tab.language(),
                    tab.language().equals("sh") ? "curl" : NAMES.get(tab.language())));
        }
        return Html.of(
                "<fieldset class=\"tabs\"><legend>Language</legend>{}{}</fieldset>",
                Html.each(buttons, button -> button),
                Html.each(tabs, tab -> Html.of("<div class=\"panel\">{}</div>", of(tab.language(), tab.code()))));
    }
}
