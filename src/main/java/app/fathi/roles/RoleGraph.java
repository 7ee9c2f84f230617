package app.fathi.roles;

import app.fathi.permissions.Permission;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * All roles of a workspace with their parents, those that are built in among them. What a role may do is its own permissions
 * and those of all roles above it. A role that nobody knows gives nothing. Immutable.
 */
final class RoleGraph {
    private record Node(Set<String> permissions, List<String> parents) {}

    private final Map<String, Node> nodes;

    private RoleGraph(Map<String, Node> nodes) {
        this.nodes = nodes;
    }

    static RoleGraph of(Collection<Role> made) {
        var nodes = new LinkedHashMap<String, Node>();
        for (var role : BuiltInRole.values()) {
            nodes.put(role.role(), new Node(new TreeSet<>(names(role)), List.of()));
        }
        // A name that a later version builds in means that role from then on.
        made.forEach(
                role -> nodes.putIfAbsent(role.name(), new Node(new TreeSet<>(role.permissions()), role.parents())));
        return new RoleGraph(nodes);
    }

    static List<String> names(BuiltInRole role) {
        return role.permissions().stream().map(Permission::permission).sorted().toList();
    }

    /** The same with a role added, or in place of the one of this name. */
    RoleGraph with(String name, Collection<String> permissions, List<String> parents) {
        var changed = new LinkedHashMap<>(nodes);
        changed.put(name, new Node(new TreeSet<>(permissions), List.copyOf(parents)));
        return new RoleGraph(changed);
    }

    boolean has(String role) {
        return nodes.containsKey(role);
    }

    /** All names, built-in ones first. */
    Set<String> roles() {
        return nodes.keySet();
    }

    /** Whatever somebody with these roles may do, in alphabetical order. */
    Set<String> effective(Collection<String> roles) {
        var all = new TreeSet<String>();
        reached(roles).keySet().forEach(role -> all.addAll(nodes.get(role).permissions));
        return all;
    }

    /** The roles that have it for a parent. */
    List<String> childrenOf(String role) {
        return nodes.entrySet().stream()
                .filter(node -> node.getValue().parents.contains(role))
                .map(Map.Entry::getKey)
                .toList();
    }

    /** The way from a held role to a role that has the permission itself: one for each of both, the shortest. */
    List<List<String>> because(Collection<String> held, String permission) {
        var ways = new ArrayList<List<String>>();
        for (var role : held) {
            var from = reached(List.of(role));
            from.keySet().stream()
                    .filter(each -> nodes.get(each).permissions.contains(permission))
                    .forEach(each -> ways.add(way(from, each)));
        }
        return ways;
    }

    private static List<String> way(Map<String, String> from, String to) {
        var way = new ArrayDeque<String>();
        for (var at = to; at != null; at = from.get(at)) {
            way.addFirst(at);
        }
        return List.copyOf(way);
    }

    /** The circle that begins with this role; empty when its parents lead nowhere back. */
    Optional<List<String>> circle(String role) {
        for (var parent : parents(role)) {
            var from = reached(List.of(parent));
            if (from.containsKey(role)) {
                var circle = new ArrayList<String>();
                circle.add(role);
                circle.addAll(way(from, role));
                return Optional.of(List.copyOf(circle));
            }
        }
        return Optional.empty();
    }

    private List<String> parents(String role) {
        return nodes.containsKey(role) ? nodes.get(role).parents : List.of();
    }

    /** Each role at or above these, with the role through which it was reached first; null for these themselves. */
    private Map<String, String> reached(Collection<String> roles) {
        var from = new LinkedHashMap<String, String>();
        var next = new ArrayDeque<String>();
        for (var role : roles) {
            if (nodes.containsKey(role) && !from.containsKey(role)) {
                from.put(role, null);
                next.add(role);
            }
        }
        while (!next.isEmpty()) {
            var role = next.poll();
            for (var parent : nodes.get(role).parents) {
                if (nodes.containsKey(parent) && !from.containsKey(parent)) {
                    from.put(parent, role);
                    next.add(parent);
                }
            }
        }
        return from;
    }

    /** By permission, the roles that may use it, their own or a parent's. */
    Map<String, List<String>> holders() {
        var holders = new HashMap<String, List<String>>();
        for (var role : nodes.keySet()) {
            effective(List.of(role))
                    .forEach(permission -> holders.computeIfAbsent(permission, name -> new ArrayList<>())
                            .add(role));
        }
        return holders;
    }
}
