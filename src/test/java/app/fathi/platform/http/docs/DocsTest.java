package app.fathi.platform.http.docs;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.errors.Kind;
import app.fathi.platform.http.Contract;
import app.fathi.testing.ContractSchemas;
import app.fathi.testing.TestServer;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code /docs} serves: everything that the contract says, and nothing from elsewhere. */
class DocsTest {
    private static final Pattern HREF = Pattern.compile("(?:href|src)=\"([^\"]*)\"");
    private static final Pattern ID = Pattern.compile(" id=\"([^\"]*)\"");
    private static final Pattern TAG = Pattern.compile("<(/?)([a-z0-9]+)[^>]*>");
    private static final Set<String> VOID = Set.of("meta", "link", "input", "br", "hr", "img");
    private static final Pattern UUID = Pattern.compile("\\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f-]{17}\\b");

    private static TestServer server;

    @BeforeAll
    static void start() {
        server = TestServer.start(Map.of());
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static String page(String path) {
        var answer = server.send("GET", path, null, null);
        assertThat(answer.status()).as(path).isEqualTo(200);
        return answer.body();
    }

    @Test
    void each_operation_has_a_page_that_says_what_the_contract_says() {
        var schemas = new ContractSchemas(Contract.load());
        Contract.load().operations().values().forEach(operation -> {
            var json = schemas.document()
                    .path("paths")
                    .path(operation.path())
                    .path(operation.method().name().toLowerCase(Locale.ROOT));
            var page = page("/docs/operations/" + operation.id());
            assertThat(page)
                    .as(operation.id())
                    .contains(escaped(json.path("summary").asText()))
                    .contains("<code>" + operation.path() + "</code>")
                    .contains("<code>" + operation.id() + "</code>");
            if (!Set.of("public", "authenticated").contains(operation.permission())) {
                assertThat(page).contains("<code>" + operation.permission() + "</code>");
            }
            if (!operation.audit().equals("none")) {
                assertThat(page).contains("<code>" + operation.audit() + "</code>");
            }
            json.path("responses").forEach(response -> schemas.resolve(response)
                    .path("content")
                    .path("application/problem+json")
                    .path("examples")
                    .forEach(example -> assertThat(page)
                            .as(operation.id())
                            .contains("href=\"/docs/errors/"
                                    + schemas.resolve(example)
                                            .path("value")
                                            .path("code")
                                            .asText()
                                    + "\"")));
            propertiesOf(
                            schemas,
                            json.path("requestBody")
                                    .path("content")
                                    .path("application/json")
                                    .path("schema"))
                    .forEach(name -> assertThat(page).as(operation.id()).contains("<code>" + name + "</code>"));
        });
    }

    private static List<String> propertiesOf(ContractSchemas schemas, JsonNode schema) {
        var names = new ArrayList<String>();
        var resolved = schemas.resolve(schema);
        resolved.path("properties").fieldNames().forEachRemaining(names::add);
        resolved.path("allOf").forEach(part -> names.addAll(propertiesOf(schemas, part)));
        return names;
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void each_problem_has_a_page_that_explains_it(Kind kind) {
        assertThat(page("/docs/errors/" + kind.code()))
                .contains("<h1>" + escaped(kind.title()) + "</h1>")
                .contains("<p>" + marked(kind.meaning()) + "</p>")
                .contains("<p>" + marked(kind.occasion()) + "</p>")
                .contains("<p>" + marked(kind.advice()) + "</p>")
                .contains(escaped("\"code\": \"" + kind.code() + "\""));
        assertThat(page("/docs/errors")).contains("href=\"/docs/errors/" + kind.code() + "\"");
        for (var text : List.of(kind.meaning(), kind.occasion(), kind.advice())) {
            assertThat(text).hasSizeGreaterThan(15).endsWith(".");
        }
    }

    @Test
    void no_link_leads_astray_and_nothing_comes_from_elsewhere() {
        var pages = everything();
        assertThat(pages).hasSizeGreaterThan(60).containsKeys("/docs/docs.css", "/docs/docs.js", "/docs/icon.svg");
        pages.forEach((path, text) -> links(path, text).forEach(link -> {
            assertThat(link).as(path).startsWith("/");
            var parts = link.split("#", -1);
            assertThat(pages).as(path).containsKey(parts[0]);
            if (parts.length == 2) {
                assertThat(pages.get(parts[0])).as(path + " → " + link).contains(" id=\"" + parts[1] + "\"");
            }
        }));
    }

    /** All that is reached from the start page, with its text. */
    private static Map<String, String> everything() {
        var found = new LinkedHashMap<String, String>();
        var open = new ArrayDeque<>(List.of("/docs"));
        while (!open.isEmpty()) {
            var path = open.pop();
            if (!found.containsKey(path)) {
                found.put(path, page(path));
                links(path, found.get(path)).forEach(link -> open.add(link.replaceFirst("#.*", "")));
            }
        }
        return found;
    }

    private static List<String> links(String path, String text) {
        if (!path.startsWith("/docs") || path.contains(".")) {
            return List.of();
        }
        return HREF.matcher(text)
                .results()
                .map(found -> found.group(1))
                .map(link -> link.startsWith("#") ? path + link : link)
                .toList();
    }

    @Test
    void every_page_is_sound_and_holds_neither_style_nor_code() {
        everything().forEach((path, text) -> {
            if (path.startsWith("/docs") && !path.contains(".")) {
                assertThat(text)
                        .as(path)
                        .startsWith("<!doctype html>")
                        .doesNotContain("<style")
                        .doesNotContainPattern("<[^>]* (?:style|on[a-z]+)=")
                        .doesNotContainPattern("<script(?! src=\"/docs/docs\\.js\" defer></script>)");
                assertBalanced(path, text);
                var ids =
                        ID.matcher(text).results().map(found -> found.group(1)).toList();
                assertThat(ids).as(path).doesNotHaveDuplicates();
            }
        });
    }

    private static void assertBalanced(String path, String text) {
        var open = new ArrayDeque<String>();
        TAG.matcher(text).results().forEach(tag -> {
            if (tag.group(1).isEmpty()) {
                if (!VOID.contains(tag.group(2))) {
                    open.push(tag.group(2));
                }
            } else {
                assertThat(open.isEmpty() ? "nothing" : open.pop())
                        .as(path + " " + tag.group())
                        .isEqualTo(tag.group(2));
            }
        });
        assertThat(open).as(path).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/docs", "/docs/errors/not_found", "/docs/operations/createMessage", "/docs/docs.js"})
    void browsers_are_told_to_run_and_load_nothing_but_our_own_files(String path) {
        var answer = server.send("GET", path, null, null);
        assertThat(answer.header("Content-Security-Policy"))
                .isEqualTo("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; "
                        + "form-action 'none'; frame-ancestors 'none'");
        assertThat(answer.header("X-Content-Type-Options")).isEqualTo("nosniff");
        assertThat(answer.header("Referrer-Policy")).isEqualTo("no-referrer");
    }

    @Test
    void who_has_a_page_is_not_sent_it_again_and_who_has_not_gets_it_small() {
        var first = server.send("GET", "/docs/operations/createMessage", null, null, "Accept-Encoding", "gzip");
        assertThat(first.header("Content-Encoding")).isEqualTo("gzip");
        var tag = first.header("ETag");
        var again = server.send("GET", "/docs/operations/createMessage", null, null, "If-None-Match", tag);
        assertThat(again.status()).isEqualTo(304);
        assertThat(again.body()).isEmpty();
        assertThat(server.send("HEAD", "/docs", null, null).header("ETag")).startsWith("W/");
        assertThat(server.send("GET", "/docs/", null, null).status()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/docs/nothing",
                "/docs/errors/nothing",
                "/docs/operations/nothing",
                "/docs/guides/nothing",
                "/docs/guides/..%2f..%2fconf",
                "/docs/guides/first-steps.md",
                "/docs/package-info",
                "/docsomething"
            })
    void what_is_no_page_answers_404(String path) {
        assertThat(server.send("GET", path, null, null).status()).isEqualTo(404);
    }

    /** Else a reader would ask for a thing that is the contract's own invention. */
    @Test
    void every_id_in_an_example_is_the_readers_own() {
        var spec = new Spec(Contract.load().document());
        var java = new JavaCode(spec);
        var typeScript = new TypeScript(spec);
        var invented = new HashMap<String, String>();
        spec.operations().forEach(operation -> Example.of(spec, operation).forEach(example -> {
            for (var code : List.of(Curl.of(example), java.of(example), typeScript.of(example))) {
                var found = UUID.matcher(code);
                if (found.find()) {
                    invented.put(operation.id(), found.group());
                }
                example.variables().forEach(name -> assertThat(code).contains(name));
            }
        }));
        assertThat(invented).as("name them in Placeholders").isEmpty();
    }

    private static String marked(String text) {
        return text.replaceAll("`([^`]+)`", "<code>$1</code>");
    }

    private static String escaped(String text) {
        return Html.of("{}", text).text();
    }
}
