package app.fathi.roles;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.permissions.Permission;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class RoleGraphTest {
    private static final List<String> PERMISSIONS =
            List.of("messages:read", "messages:send", "audit:read", "jobs:read", "profiles:read");

    private static Role role(String name, List<String> permissions, List<String> parents) {
        return new Role(new UUID(0, 1), name, "", List.of(), permissions, parents, null, null, null, null, 1);
    }

    @Test
    void a_role_allows_what_its_parents_parents_allow() {
        var graph = RoleGraph.of(List.of(
                role("a", List.of("jobs:read"), List.of("b")),
                role("b", List.of(), List.of("c", "content-editor")),
                role("c", List.of("audit:read"), List.of())));
        assertThat(graph.effective(List.of("a")))
                .contains("jobs:read", "audit:read", "workspaces:read", "templates:manage")
                .hasSize(2 + BuiltInRole.CONTENT_EDITOR.permissions().size());
        assertThat(graph.because(List.of("a"), "audit:read")).containsExactly(List.of("a", "b", "c"));
        assertThat(graph.because(List.of("a", "c"), "audit:read"))
                .containsExactly(List.of("a", "b", "c"), List.of("c"));
        assertThat(graph.because(List.of("a"), "kill-switch:update")).isEmpty();
        assertThat(graph.childrenOf("content-editor")).containsExactly("b");
    }

    @Test
    void a_role_that_nobody_knows_gives_nothing() {
        var graph = RoleGraph.of(List.of(role("a", List.of("jobs:read"), List.of("gone"))));
        assertThat(graph.effective(List.of("a", "gone", "nothing"))).containsExactly("jobs:read");
    }

    @Test
    void the_administrator_may_everything() {
        assertThat(RoleGraph.of(List.of()).effective(List.of("administrator"))).hasSize(Permission.values().length);
    }

    @Test
    void a_role_of_our_name_means_a_built_in_one_as_soon_as_there_is_one() {
        var graph = RoleGraph.of(List.of(role("analyst", List.of("jobs:redrive"), List.of("administrator"))));
        assertThat(graph.effective(List.of("analyst"))).doesNotContain("jobs:redrive");
    }

    /** Random roles, each step refused where it would make a circle: what is left has none, and allows what plain reading says. */
    @Property(tries = 300)
    void whatever_is_asked_for_no_circle_comes_about_and_the_closure_is_the_union_of_all_that_is_reached(
            @ForAll long seed) {
        var random = new Random(seed);
        var graph = RoleGraph.of(List.of());
        var parents = new LinkedHashMap<String, List<String>>();
        var own = new LinkedHashMap<String, List<String>>();
        for (int step = 0; step < 40; step++) {
            var name = "r" + random.nextInt(10);
            var wanted = new ArrayList<String>();
            for (int i = random.nextInt(4); i > 0; i--) {
                wanted.add(random.nextInt(5) == 0 ? "analyst" : "r" + random.nextInt(10));
            }
            var permissions =
                    PERMISSIONS.stream().filter(each -> random.nextInt(4) == 0).toList();
            var changed = graph.with(name, permissions, wanted);
            var before = parents.put(name, wanted);
            var circular = reaches(parents, wanted, name, new HashSet<>());
            assertThat(changed.circle(name).isPresent()).isEqualTo(circular);
            if (circular) {
                var circle = changed.circle(name).orElseThrow();
                assertThat(circle.getFirst()).isEqualTo(name).isEqualTo(circle.getLast());
                if (before == null) {
                    parents.remove(name);
                } else {
                    parents.put(name, before);
                }
                continue;
            }
            own.put(name, permissions);
            graph = changed;
        }
        for (var name : parents.keySet()) {
            var expected = new TreeSet<String>();
            collect(name, parents, own, expected);
            assertThat(graph.effective(List.of(name))).isEqualTo(expected);
            for (var permission : expected) {
                assertThat(graph.because(List.of(name), permission))
                        .isNotEmpty()
                        .allSatisfy(way -> {
                            assertThat(way.getFirst()).isEqualTo(name);
                            for (int i = 1; i < way.size(); i++) {
                                assertThat(parents.get(way.get(i - 1))).contains(way.get(i));
                            }
                        });
            }
        }
    }

    private static boolean reaches(Map<String, List<String>> parents, List<String> from, String to, Set<String> seen) {
        return from.stream()
                .filter(seen::add)
                .anyMatch(each -> each.equals(to) || reaches(parents, parents.getOrDefault(each, List.of()), to, seen));
    }

    private static void collect(
            String name, Map<String, List<String>> parents, Map<String, List<String>> own, Set<String> all) {
        BuiltInRole.named(name).ifPresent(role -> all.addAll(RoleGraph.names(role)));
        all.addAll(own.getOrDefault(name, List.of()));
        parents.getOrDefault(name, List.of()).forEach(parent -> collect(parent, parents, own, all));
    }
}
