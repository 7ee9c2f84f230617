package app.fathi.roles;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.testing.TestServer;
import app.fathi.testing.TestServer.Answer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class RolesTest {
    private static final String ROLES = "/api/v1/roles";
    private static final String CHECK = "/api/v1/permissions/check";

    private static TestServer server;
    private static String marketing;

    @BeforeAll
    static void start() {
        server = TestServer.start(Map.of());
        marketing = server.member("marketing-manager");
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static JsonObject draft(String name, List<String> permissions, String... parents) {
        return new JsonObject()
                .put("name", name)
                .put("permissions", new JsonArray(permissions))
                .put("parents", new JsonArray(List.of(parents)));
    }

    private static String made(String name, List<String> permissions, String... parents) {
        var answer = server.admin("POST", ROLES, draft(name, permissions, parents));
        assertThat(answer.status()).as(answer.body()).isEqualTo(201);
        assertThat(answer.header("Location"))
                .isEqualTo(ROLES + "/" + answer.json().getString("id"));
        return answer.header("Location");
    }

    private static Answer change(String token, String path, JsonObject change) {
        var tag = server.admin("GET", path, null).header("ETag");
        return server.send("PATCH", path, token, change, "If-Match", tag);
    }

    private static Answer delete(String token, String path) {
        return server.send(
                "DELETE",
                path,
                token,
                null,
                "If-Match",
                server.admin("GET", path, null).header("ETag"));
    }

    private static int jobs(String token) {
        return server.send("GET", "/api/v1/jobs", token, null).status();
    }

    private static JsonArray parents(String... names) {
        return new JsonArray(List.of(names));
    }

    @Test
    void who_holds_a_role_of_the_workspace_may_what_it_and_its_parents_allow_at_once() {
        var base = made("live-base", List.of("jobs:read"));
        var path = made("live", List.of("messages:read"), "live-base");
        var holder = server.member("live");
        assertThat(jobs(holder)).isEqualTo(200);
        assertThat(server.send("GET", "/api/v1/auth/me", holder, null).json().getJsonArray("permissions"))
                .containsExactly("jobs:read", "messages:read");

        assertThat(change(server.token(), base, new JsonObject().put("permissions", new JsonArray()))
                        .status())
                .isEqualTo(200);
        assertThat(jobs(holder)).isEqualTo(403);
        assertThat(change(server.token(), path, new JsonObject().put("parents", parents("integrator")))
                        .status())
                .isEqualTo(200);
        assertThat(jobs(holder)).isEqualTo(200);
    }

    @Test
    void a_role_that_is_renamed_is_held_and_a_parent_under_its_new_name() {
        var path = made("old-name", List.of("jobs:read"));
        made("child-of-renamed", List.of(), "old-name");
        var holder = server.member("old-name");
        var heir = server.member("child-of-renamed");
        assertThat(change(server.token(), path, new JsonObject().put("name", "new-name"))
                        .json()
                        .getString("name"))
                .isEqualTo("new-name");
        assertThat(jobs(holder)).isEqualTo(200);
        assertThat(jobs(heir)).isEqualTo(200);
        assertThat(server.send("GET", "/api/v1/auth/me", holder, null).json().getJsonArray("roles"))
                .containsExactly("new-name");
        var taken = server.admin("POST", ROLES, draft("new-name", List.of()));
        assertThat(taken.status()).isEqualTo(409);
        made("old-name", List.of());
    }

    @Test
    void nobody_gives_a_role_what_they_lack_not_even_by_a_parent() {
        var own = server.send("POST", ROLES, marketing, draft("lack-own", List.of("messages:read", "jobs:read")));
        assertThat(own.status()).isEqualTo(403);
        assertThat(own.body()).contains("You lack jobs:read.", "/permissions");
        var inherited = server.send("POST", ROLES, marketing, draft("lack-parent", List.of(), "administrator"));
        assertThat(inherited.status()).isEqualTo(403);
        assertThat(inherited.body()).contains("/parents");

        var mine = server.send("POST", ROLES, marketing, draft("lack-later", List.of("messages:read")));
        assertThat(mine.status()).isEqualTo(201);
        assertThat(change(marketing, mine.header("Location"), new JsonObject().put("parents", parents("integrator")))
                        .status())
                .isEqualTo(403);
        assertThat(change(
                                marketing,
                                mine.header("Location"),
                                new JsonObject().put("permissions", new JsonArray().add("jobs:any")))
                        .status())
                .isEqualTo(403);
        assertThat(change(marketing, mine.header("Location"), new JsonObject().put("description", "Reads."))
                        .status())
                .isEqualTo(200);
    }

    @Test
    void nobody_changes_or_deletes_a_role_that_may_do_more_than_they() {
        var path = made("mightier", List.of("jobs:read"));
        assertThat(change(marketing, path, new JsonObject().put("permissions", new JsonArray()))
                        .status())
                .isEqualTo(403);
        assertThat(delete(marketing, path).status()).isEqualTo(403);
        assertThat(delete(server.token(), path).status()).isEqualTo(204);
        assertThat(server.admin("GET", path, null).status()).isEqualTo(404);
    }

    @Test
    void a_key_gives_no_more_than_it_has() {
        var scopes = new JsonArray().add("roles:create").add("messages:read");
        var key = server.admin(
                        "POST",
                        "/api/v1/api-keys",
                        new JsonObject().put("name", "roles").put("permissions", scopes))
                .json()
                .getString("secret");
        assertThat(server.send("POST", ROLES, key, draft("by-key", List.of("messages:send")))
                        .status())
                .isEqualTo(403);
        assertThat(server.send("POST", ROLES, key, draft("by-key", List.of("messages:read")))
                        .status())
                .isEqualTo(201);
    }

    @Test
    void built_in_roles_are_there_and_stay_as_they_are() {
        var role = server.admin("GET", ROLES + "/administrator", null);
        assertThat(role.json().getBoolean("builtIn")).isTrue();
        var change = new JsonObject().put("permissions", new JsonArray());
        assertThat(server.admin("PATCH", ROLES + "/administrator", change, "If-Match", "\"v1\"")
                        .status())
                .isEqualTo(409);
        assertThat(server.admin("DELETE", ROLES + "/analyst", null, "If-Match", "\"v1\"")
                        .status())
                .isEqualTo(409);
        assertThat(server.admin("POST", ROLES, draft("administrator", List.of()))
                        .status())
                .isEqualTo(409);
    }

    @Test
    void a_role_in_use_is_not_deleted_and_says_by_whom() {
        var path = made("used", List.of());
        made("user-of-used", List.of(), "used");
        server.member("used");
        var refused = delete(server.token(), path);
        assertThat(refused.status()).isEqualTo(409);
        assertThat(refused.json().getString("detail"))
                .isEqualTo("The role is in use: it is held by Member; it is a parent of user-of-used.");
    }

    @Test
    void no_role_becomes_its_own_parent_however_many_change_at_once() {
        var paths = new ArrayList<String>();
        for (int i = 0; i < 4; i++) {
            paths.add(made("ring-" + i, List.of()));
        }
        var self = change(server.token(), paths.getFirst(), new JsonObject().put("parents", parents("ring-0")));
        assertThat(self.status()).isEqualTo(422);
        assertThat(self.body()).contains("ring-0 → ring-0");
        var changing = new ArrayList<CompletableFuture<Integer>>();
        for (int i = 0; i < 4; i++) {
            var path = paths.get(i);
            var change = new JsonObject().put("parents", parents("ring-" + (i + 1) % 4));
            changing.add(CompletableFuture.supplyAsync(() ->
                    server.admin("PATCH", path, change, "If-Match", "\"v1\"").status()));
        }
        var answers = changing.stream().map(CompletableFuture::join).toList();
        assertThat(answers)
                .containsOnly(200, 422)
                .filteredOn(status -> status == 422)
                .hasSize(1);
    }

    @Test
    void what_is_not_there_cannot_be_named() {
        assertThat(server.admin("POST", ROLES, draft("unknown-a", List.of("messages:sing")))
                        .body())
                .contains("/permissions", "messages:sing");
        assertThat(server.admin("POST", ROLES, draft("unknown-b", List.of(), "nobody"))
                        .body())
                .contains("/parents/0", "nobody");
        for (var name : List.of("", "Upper", "with space", "-dash", "a".repeat(64), "ı")) {
            assertThat(server.admin("POST", ROLES, draft(name, List.of())).status())
                    .as(name)
                    .isEqualTo(400);
        }
        var path = made("versioned", List.of());
        assertThat(server.admin("PATCH", path, new JsonObject().put("description", "x"))
                        .status())
                .isEqualTo(428);
        assertThat(server.admin("PATCH", path, new JsonObject().put("description", "x"), "If-Match", "\"v9\"")
                        .status())
                .isEqualTo(412);
        assertThat(server.admin("DELETE", path, null, "If-Match", "\"v9\"").status())
                .isEqualTo(412);
    }

    @Test
    void a_name_that_somebody_was_given_before_its_role_went_gives_nothing_when_it_comes_back() {
        var holder = server.member("come-back");
        assertThat(jobs(holder)).isEqualTo(403);
        made("come-back", List.of("jobs:read"));
        assertThat(jobs(holder)).isEqualTo(403);
    }

    @Test
    void a_list_begins_with_the_built_in_ones_and_is_read_page_by_page() {
        for (var name : List.of("page-c", "page-a", "page-b")) {
            server.admin("POST", ROLES, draft(name, List.of()).put("tags", new JsonArray().add("paged")));
        }
        var names = new ArrayList<String>();
        String cursor = "";
        do {
            var page = server.admin("GET", ROLES + "?limit=2" + cursor, null).json();
            page.getJsonArray("items").forEach(role -> names.add(((JsonObject) role).getString("name")));
            cursor = page.getString("nextCursor") == null ? null : "&cursor=" + page.getString("nextCursor");
        } while (cursor != null);
        assertThat(names).startsWith("administrator", "marketing-manager").doesNotHaveDuplicates();
        assertThat(names.subList(BuiltInRole.values().length, names.size()))
                .isSorted()
                .contains("page-a", "page-b", "page-c");
        assertThat(server.admin("GET", ROLES + "?tag=paged", null).json().getJsonArray("items"))
                .hasSize(3);
        assertThat(server.admin("GET", ROLES + "?q=PAGE-B", null).json().getJsonArray("items"))
                .hasSize(1);
    }

    @Test
    void what_a_role_allows_is_told_with_its_origin() {
        var path = made("origin", List.of("jobs:read"), "analyst");
        var items = server.admin("GET", path + "/permissions", null).json().getJsonArray("items");
        assertThat(items)
                .contains(
                        new JsonObject().put("name", "jobs:read").put("from", parents("origin")),
                        new JsonObject().put("name", "messages:read").put("from", parents("analyst")));
    }

    @Test
    void why_somebody_may_is_told_by_role_and_parents() {
        made("why-base", List.of("jobs:read"));
        made("why", List.of(), "why-base", "analyst");
        var holder = server.member("why");
        var question = new JsonObject().put("permission", "jobs:read");
        var answer = server.send("POST", CHECK, holder, question).json();
        assertThat(answer.getBoolean("allowed")).isTrue();
        assertThat(answer.getJsonArray("because"))
                .containsExactly(new JsonObject().put("role", "why").put("through", parents("why-base")));
        var refused = server.send("POST", CHECK, holder, question.copy().put("permission", "audit:read"))
                .json();
        assertThat(refused.getBoolean("allowed")).isFalse();
        assertThat(refused.getJsonArray("because")).isEmpty();

        var id = server.send("GET", "/api/v1/auth/me", holder, null).json().getString("id");
        assertThat(server.admin("POST", CHECK, question.copy().put("userId", id))
                        .json())
                .isEqualTo(answer);
        assertThat(server.send("POST", CHECK, holder, question.copy().put("userId", id))
                        .status())
                .as("oneself")
                .isEqualTo(200);
        var admin = server.admin("GET", "/api/v1/auth/me", null).json().getString("id");
        assertThat(server.send("POST", CHECK, holder, question.copy().put("userId", admin))
                        .status())
                .isEqualTo(403);
        assertThat(server.send(
                                "POST",
                                CHECK,
                                server.otherWorkspace(),
                                question.copy().put("userId", id))
                        .status())
                .isEqualTo(422);
        var key = server.browser("POST", CHECK, new JsonObject().put("permission", "events:write"))
                .json();
        assertThat(key.getBoolean("allowed")).isTrue();
        assertThat(server.admin("POST", CHECK, new JsonObject().put("permission", "x:y"))
                        .status())
                .isEqualTo(422);
    }

    @Test
    void the_catalogue_names_operations_and_the_roles_of_this_workspace() {
        made("catalogued", List.of(), "analyst");
        var items = server.admin("GET", "/api/v1/permissions", null).json().getJsonArray("items");
        var read = items.stream()
                .map(JsonObject.class::cast)
                .filter(item -> item.getString("name").equals("messages:read"))
                .findFirst()
                .orElseThrow();
        assertThat(read.getJsonArray("operations")).contains("listMessages", "getMessage");
        assertThat(read.getJsonArray("roles")).contains("administrator", "analyst", "catalogued");
        var elsewhere = server.send("GET", "/api/v1/permissions", server.otherWorkspace(), null);
        assertThat(elsewhere.body()).doesNotContain("catalogued");
    }

    @Test
    void a_change_is_on_record_with_what_was_and_what_is() {
        var path = made("recorded", List.of());
        change(server.token(), path, new JsonObject().put("permissions", new JsonArray().add("messages:read")));
        var id = path.substring(ROLES.length() + 1);
        var events = server.admin("GET", "/api/v1/audit/events?objectKind=role&objectId=" + id, null)
                .json()
                .getJsonArray("items");
        assertThat(events).hasSize(2);
        var update = events.getJsonObject(0);
        assertThat(update.getString("operation")).isEqualTo("role.update");
        assertThat(update.getJsonObject("before")).isEqualTo(new JsonObject().put("permissions", new JsonArray()));
        assertThat(update.getJsonObject("after"))
                .isEqualTo(new JsonObject().put("permissions", new JsonArray().add("messages:read")));
    }
}
