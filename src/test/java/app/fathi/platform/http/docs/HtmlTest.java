package app.fathi.platform.http.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class HtmlTest {
    private final Markdown markdown = new Markdown(code -> Optional.empty());

    @Test
    void text_never_becomes_markup() {
        assertThat(Html.of("<p title=\"{}\">{}</p>", "\" onload='x'", "<script>&")
                        .text())
                .isEqualTo("<p title=\"&quot; onload=&#39;x&#39;\">&lt;script&gt;&amp;</p>");
        assertThat(Html.of("<p>{}</p>", Html.of("<b>{}</b>", "{}")).text()).isEqualTo("<p><b>{}</b></p>");
    }

    @Test
    void a_template_and_its_values_belong_together() {
        assertThatThrownBy(() -> Html.of("<p>{}</p>")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Html.of("<p></p>", "a")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void markup_and_scripts_in_markdown_stay_text() {
        assertThat(markdown.text("<script>alert(1)</script>\n\n<b>`<i>`</b> [a](javascript:alert(1))")
                        .text())
                .doesNotContain("<script")
                .doesNotContain("<b>")
                .doesNotContain("<i>")
                .doesNotContain("javascript:")
                .contains("&lt;script&gt;");
    }

    @Test
    void the_same_code_in_other_languages_becomes_tabs() {
        var html = markdown.text("```sh\na\n```\n```java\nb\n```\n```ts\nc\n```\n```sh\nd\n```\n")
                .text();
        assertThat(html.split("<fieldset", -1)).hasSize(2);
        assertThat(html.split("type=\"radio\"", -1)).hasSize(4);
        assertThat(html.indexOf("</fieldset>")).isLessThan(html.indexOf("<code class=\"sh\">d"));
    }

    @Test
    void a_table_and_a_guide_beside_it_are_found() {
        var html = markdown.text("| a |\n|---|\n| [b](other-guide.md) |\n").text();
        assertThat(html).contains("<table>").contains("href=\"/docs/guides/other-guide\"");
    }
}
