package app.fathi.templates;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.config.Config;
import app.fathi.platform.errors.Problem.Fault;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RendererTest {
    private final Renderer renderer = new Renderer(new Config.Render(16_384, 1_000, 1_000));

    private final JsonObject ada = new JsonObject()
            .put(
                    "traits",
                    new JsonObject()
                            .put("firstName", "Ada")
                            .put("tag", "<b>&'\"")
                            .put("points", 42)
                            .put("books", new JsonArray().add("Notes").add("Letters"))
                            .put("address", new JsonObject().put("city", "London")));

    private String render(String template) {
        return renderer.render(new JsonObject().put("title", template), ada).getString("title");
    }

    @Test
    void traits_are_put_in() {
        assertThat(render("Hello {{ traits.firstName }}")).isEqualTo("Hello Ada");
        assertThat(render("{{ traits.points | plus: 1 }} in {{ traits.address.city }}"))
                .isEqualTo("43 in London");
        assertThat(render("{% for b in traits.books %}{{ b }};{% endfor %}")).isEqualTo("Notes;Letters;");
    }

    @Test
    void a_missing_trait_is_empty_or_its_default() {
        assertThat(render("Hello {{ traits.lastName }}!")).isEqualTo("Hello !");
        assertThat(render("Hello {{ traits.lastName | default: 'there' }}")).isEqualTo("Hello there");
        assertThat(render("{{ traits.a.b.c }}{{ nothing.at.all }}")).isEmpty();
    }

    @Test
    void waiting_is_not_computing_but_computing_for_too_long_ends() {
        var sandbox = new Sandbox(new Config.Render(16_384, 20, 1_000));
        sandbox.startClock();
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
        sandbox.checkTime();
        assertThatThrownBy(() -> {
                    // Ends by itself, so that a broken limit fails the test and not the build.
                    for (long i = 0; i < 100_000_000L; i++) {
                        sandbox.checkTime();
                    }
                })
                .hasMessageContaining("more than 20 ms");
    }

    @Test
    void values_are_plain_text_and_not_templates() {
        assertThat(render("{{ traits.tag }}")).isEqualTo("<b>&'\"");
        var sly = new JsonObject()
                .put("traits", new JsonObject().put("name", "{{ 'x' | upcase }}{% include '/etc/passwd' %}"));
        assertThat(renderer.render(new JsonObject().put("t", "{{ traits.name }}"), sly)
                        .getString("t"))
                .isEqualTo("{{ 'x' | upcase }}{% include '/etc/passwd' %}");
    }

    @Test
    void each_text_however_deep_is_rendered_and_other_values_stay() {
        var content = new JsonObject()
                .put("title", "Hi {{ traits.firstName }}")
                .put("silent", true)
                .put("vibrate", new JsonArray().add(100).add(50))
                .put(
                        "actions",
                        new JsonArray().add(new JsonObject().put("url", "https://x.example/{{ traits.points }}")))
                .put(
                        "data",
                        new JsonObject()
                                .put("city", "{{ traits.address.city }}")
                                .putNull("none"));
        assertThat(renderer.render(content, ada))
                .isEqualTo(new JsonObject()
                        .put("title", "Hi Ada")
                        .put("silent", true)
                        .put("vibrate", new JsonArray().add(100).add(50))
                        .put("actions", new JsonArray().add(new JsonObject().put("url", "https://x.example/42")))
                        .put("data", new JsonObject().put("city", "London").putNull("none")));
    }

    @Test
    void what_one_text_assigns_does_not_reach_the_next() {
        var content =
                new JsonObject().put("a", "{% assign x = 'secret' %}{{ x }}").put("b", "[{{ x }}]");
        assertThat(renderer.render(content, ada))
                .isEqualTo(new JsonObject().put("a", "secret").put("b", "[]"));
        assertThat(renderer.render(content, ada).getString("b")).isEqualTo("[]");
    }

    @Test
    void content_without_templates_is_constant() {
        var content = new JsonObject().put("title", "Hello").put("actions", new JsonArray().add("a"));
        assertThat(renderer.isConstant(content)).isTrue();
        assertThat(renderer.render(content, ada)).isSameAs(content);
        assertThat(renderer.isConstant(new JsonObject().put("a", new JsonArray().add("{{ x }}"))))
                .isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% include '/etc/passwd' %}",
                "{% include \"../conf/application.yaml\" %}",
                "{% assign f = '/etc/passwd' %}{% include f %}",
                "{% include_relative 'pom.xml' %}"
            })
    void files_are_out_of_reach(String template) {
        assertThat(renderer.check(template)).isPresent();
        assertThatThrownBy(() -> render(template)).isInstanceOf(RenderException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{{ traits.firstName.class }}",
                "{{ traits.class.name }}",
                "{{ traits.firstName.getClass }}",
                "{{ traits.books.class.classLoader }}",
                "{{ traits['class'] }}"
            })
    void java_is_out_of_reach(String template) {
        assertThat(render(template)).isEmpty();
    }

    @Test
    void an_endless_loop_is_told_in_words_of_ours() {
        assertThatThrownBy(() -> render("{% for i in (1..100000000) %}x{% endfor %}"))
                .hasMessageMatching("Its loops go round more than \\d+ times in all\\.");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% for i in (1..100000000) %}x{% endfor %}",
                "{% for i in (1..900) %}{% for j in (1..900) %}x{% endfor %}{% endfor %}",
                "{% assign x = 'aaaaaaaaaaaaaaaa' %}{% for i in (1..40) %}{% assign x = x | append: x %}{% endfor %}",
                "{% assign x = 'aaaaaaaaaaaaaaaa' %}{% for i in (1..40) %}{% assign x = x | prepend: x %}{% endfor %}",
                "{% assign x = 'a,a' | split: ',' %}{% for i in (1..40) %}{% assign x = x | concat: x %}{% endfor %}",
                "{% assign x = 'aaaaaaaaaaaaaaaa' %}{% for i in (1..40) %}{% assign x = x | replace: 'a', x %}{% endfor %}",
                "{% capture z %}{% for i in (1..999) %}01234567890123456789{% endfor %}{% endcapture %}",
                "{% for i in (1..999) %}01234567890123456789{% endfor %}",
                "{{ '1e999999999' | plus: 1 }}",
                "{{ 1 | plus: '1e999999999' }}",
                "{{ 1.5 | round: 999999999 }}",
                "{{ 'now' | date: '%999999999d' }}",
                "{% assign x = 9.5 %}{% for i in (1..100) %}{% assign x = x | times: x %}{% endfor %}{{ x }}"
            })
    void unbounded_work_and_output_are_stopped(String template) {
        assertThatThrownBy(() -> render(template)).isInstanceOf(RenderException.class);
    }

    @Test
    void a_template_that_takes_too_long_is_stopped() {
        var impatient = new Renderer(new Config.Render(16_384, 1, 1_000_000));
        var slow =
                "{% for i in (1..100000) %}{% assign x = 'b,a,c' | split: ',' | sort | join: '-' | replace: '-', '+' %}{% endfor %}";
        assertThatThrownBy(() -> impatient.render(new JsonObject().put("t", slow), ada))
                .isInstanceOf(RenderException.class)
                .hasMessageContaining("ms");
    }

    @Test
    void a_loop_that_only_compares_is_stopped_too() {
        var impatient = new Renderer(new Config.Render(16_384, 50, 1_000));
        var person = new JsonObject()
                .put("traits", new JsonObject().put("all", "a".repeat(8_000)).put("part", "a".repeat(4_000) + "b"));
        var slow = "{% for i in (1..999) %}{% if traits.all contains traits.part %}x{% endif %}{% endfor %}";
        assertThatThrownBy(() -> impatient.render(new JsonObject().put("t", slow), person))
                .isInstanceOf(RenderException.class)
                .hasMessageContaining("more than 50 ms");
    }

    @Test
    void nesting_without_end_is_a_fault_and_not_an_error_of_ours() {
        var deep = "{{ " + "a[".repeat(1_400) + "1" + "]".repeat(1_400) + " }}";
        assertThat(renderer.check(deep)).isPresent();
        assertThatThrownBy(() -> render(deep)).isInstanceOf(RenderException.class);
    }

    @Test
    void a_template_may_give_up_with_a_reason() {
        var template = "{% if traits.points > 40 %}{% abort 'enough points' %}{% endif %}x";
        assertThat(renderer.check(template)).isEmpty();
        assertThatThrownBy(() -> render(template)).isInstanceOfSatisfying(RenderException.class, e -> {
            assertThat(e.isAborted()).isTrue();
            assertThat(e.getMessage()).contains("enough points");
        });
    }

    @Test
    void what_cannot_be_read_is_told_by_its_place() {
        assertThat(renderer.check("Hello\n{{ traits.firstName"))
                .hasValueSatisfying(fault -> assertThat(fault).startsWith("Line 2, character 20 cannot be read"));
        assertThat(renderer.check("{% if traits.vip %}x"))
                .hasValueSatisfying(fault -> assertThat(fault).startsWith("Line 1, character 21 cannot be read"));
    }

    @Test
    void names_that_nothing_is_called_are_found_in_content() {
        var content = new JsonObject()
                .put("title", "{{ firstName }} {{ traits.city }} {{ data.order }}")
                .put("body", "{% for b in traits.books %}{{ forloop.index }}{{ b }}{% endfor %}")
                .put("actions", new JsonArray().add(new JsonObject().put("title", "{{ price }}")));
        assertThat(renderer.unknown(content, "/content", Set.of("traits")).stream()
                        .map(fault -> fault.pointer() + " " + fault.detail().split(",")[0]))
                .containsExactly(
                        "/content/title Nothing is called data",
                        "/content/title Nothing is called firstName",
                        "/content/actions/0/title Nothing is called price");
        assertThat(renderer.unknown(content, "/content", Set.of("traits", "data")))
                .hasSize(2)
                .first()
                .extracting(Fault::detail)
                .asString()
                .contains("traits.firstName, and what an entry gives data.firstName");
    }

    @Test
    void a_check_names_each_fault_at_its_pointer() {
        var content = new JsonObject()
                .put("title", "{{ traits.firstName")
                .put("body", "{{ traits.firstName | shout }}")
                .put("url", "https://shop.example/{{ traits.firstName | url_encode }}")
                .put("data", new JsonObject().put("a/b", "{% if %}"))
                .put("actions", new JsonArray().add(new JsonObject().put("title", "{% nonsense %}")));
        assertThat(renderer.check(content, "/content").stream().map(Fault::pointer))
                .containsExactlyInAnyOrder(
                        "/content/title", "/content/body", "/content/data/a~1b", "/content/actions/0/title");
    }

    @Test
    void braces_that_are_no_template_stay() {
        assertThat(render("a { b } c")).isEqualTo("a { b } c");
        assertThat(renderer.check("a { b } c")).isEmpty();
    }

    @Test
    void threads_render_the_same_template_at_once_without_mixing_people() throws Exception {
        try (var pool = Executors.newFixedThreadPool(4)) {
            var results = new ArrayList<Future<String>>();
            for (int i = 0; i < 2_000; i++) {
                var name = "n" + i;
                results.add(pool.submit(() -> renderer.render(
                                new JsonObject().put("t", "{% for i in (1..3) %}{{ traits.name }}{% endfor %}"),
                                new JsonObject().put("traits", new JsonObject().put("name", name)))
                        .getString("t")));
            }
            for (int i = 0; i < results.size(); i++) {
                assertThat(results.get(i).get()).isEqualTo(("n" + i).repeat(3));
            }
        }
    }

    @Test
    void a_failed_render_leaves_the_sandbox_fit_for_the_next() {
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() -> render("{% for i in (1..100000) %}x{% endfor %}"))
                    .isInstanceOf(RenderException.class);
            assertThat(render("{% for b in traits.books %}{{ b }}{% endfor %}")).isEqualTo("NotesLetters");
        }
    }
}
