package app.fathi.roles;

import app.fathi.permissions.Permission;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.SecurityEpochs;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Roles that a workspace makes. Nobody gives a role what they lack, and nobody changes a role that may do more than they. The
 * built-in ones never change.
 */
final class RolesService {
    private static final int MAX_ROLES = 200;
    private static final int NAMED_HOLDERS = 5;

    private final Transactions transactions;
    private final Roles roles;
    private final SecurityEpochs epochs;
    private final Audit audit;
    private final Cursor cursor;
    private final RolesStore store = new RolesStore();

    RolesService(Transactions transactions, Roles roles, SecurityEpochs epochs, Audit audit, Cursor cursor) {
        this.transactions = transactions;
        this.roles = roles;
        this.epochs = epochs;
        this.audit = audit;
        this.cursor = cursor;
    }

    // ---- looking ----

    /** Built-in ones first, then by name: there are few, so a page is cut from all of them. */
    Future<JsonObject> list(Call call) {
        var filter = call.parameters();
        var q = Optional.ofNullable(filter.getString("q")).map(text -> text.toLowerCase(Locale.ROOT));
        var tag = filter.getString("tag");
        var after = cursor.position(call);
        return store.made(transactions.pool(), call.ws()).map(made -> {
            var rows = Stream.concat(
                            Arrays.stream(BuiltInRole.values()).map(Role::toJson),
                            made.stream().map(Role::toJson))
                    .filter(role -> q.isEmpty() || role.getString("name").contains(q.get()))
                    .filter(role -> tag == null || role.getJsonArray("tags").contains(tag))
                    .filter(role -> after.isEmpty() || isBehind(role, after.get()))
                    .toList();
            return cursor.page(call, rows, role -> role, role -> List.of(rank(role), role.getString("name")));
        });
    }

    private static boolean isBehind(JsonObject role, Cursor.Position position) {
        int rank = rank(role);
        return rank > position.number(0)
                || rank == position.number(0) && role.getString("name").compareTo(position.text(1)) > 0;
    }

    private static int rank(JsonObject role) {
        return BuiltInRole.named(role.getString("name"))
                .map(BuiltInRole::ordinal)
                .orElse(Integer.MAX_VALUE);
    }

    Future<Reply> get(Call call) {
        var name = call.parameters().getString("id");
        var builtIn = BuiltInRole.named(name);
        return builtIn.isPresent()
                ? Future.succeededFuture(Reply.ok(Role.toJson(builtIn.get()), 1))
                : made(call).map(role -> Reply.ok(role.toJson(), role.version()));
    }

    /** What it allows, and from where. */
    Future<JsonObject> permissions(Call call) {
        var builtIn = BuiltInRole.named(call.parameters().getString("id"));
        var name = builtIn.isPresent()
                ? Future.succeededFuture(builtIn.get().role())
                : made(call).map(Role::name);
        return name.compose(role -> store.made(transactions.pool(), call.ws())
                .map(RoleGraph::of)
                .map(graph -> {
                    var items = new JsonArray();
                    for (var permission : graph.effective(List.of(role))) {
                        var from = new JsonArray();
                        graph.because(List.of(role), permission).forEach(way -> from.add(way.getLast()));
                        items.add(new JsonObject().put("name", permission).put("from", from));
                    }
                    return new JsonObject().put("items", items);
                }));
    }

    private Future<Role> made(Call call) {
        var id = call.id("id", "role");
        return store.made(transactions.pool(), call.ws()).map(made -> find(made, id));
    }

    private static Role find(List<Role> made, UUID id) {
        return made.stream()
                .filter(role -> role.id().equals(id))
                .findFirst()
                .orElseThrow(() -> ProblemException.notFound("role"));
    }

    // ---- changing ----

    Future<Reply> create(Call call) {
        var body = call.json();
        var caller = call.caller().id();
        var draft = new Role(
                UuidCreator.getTimeOrderedEpoch(),
                body.getString("name"),
                body.getString("description", ""),
                texts(body, "tags", List.of()),
                permissions(body, List.of()),
                texts(body, "parents", List.of()),
                caller,
                null,
                caller,
                null,
                1);
        return roles.permissionsOf(call.caller())
                .compose(held -> transactions.once(call, tx -> create(tx, call, draft, held)))
                .compose(reply -> epochs.refresh().map(reply));
    }

    private Future<Reply> create(SqlConnection tx, Call call, Role draft, Set<String> held) {
        return store.lock(tx, call.ws())
                .compose(done -> store.made(tx, call.ws()))
                .compose(made -> {
                    if (made.size() >= MAX_ROLES) {
                        throw ProblemException.conflict("A workspace has at most " + MAX_ROLES + " roles of its own.");
                    }
                    var before = RoleGraph.of(made);
                    requireFree(before, draft.name());
                    requireSound(before, draft, held);
                    return store.forget(tx, call.ws(), draft.name());
                })
                .compose(done -> store.insert(tx, call.ws(), draft))
                .compose(role -> audit.record(tx, call, "role", role.id(), null, role.decided())
                        .compose(done -> SecurityEpochs.bump(tx, call.ws()))
                        .map(Reply.created("/api/v1/roles/" + role.id(), role.toJson())));
    }

    Future<Reply> update(Call call) {
        var version = call.ifMatch();
        requireOurs(call);
        var id = call.id("id", "role");
        return roles.permissionsOf(call.caller())
                .compose(held -> transactions.run(tx -> store.lock(tx, call.ws())
                        .compose(done -> store.made(tx, call.ws()))
                        .compose(made -> update(tx, call, made, find(made, id), version, held))))
                .compose(role -> epochs.refresh().map(Reply.ok(role.toJson(), role.version())));
    }

    private Future<Role> update(
            SqlConnection tx, Call call, List<Role> made, Role before, long version, Set<String> held) {
        requireVersion(before, version);
        var graph = RoleGraph.of(made);
        requireNoMore(graph, before, held);
        var body = call.json();
        var after = new Role(
                before.id(),
                body.getString("name", before.name()),
                body.getString("description", before.description()),
                texts(body, "tags", before.tags()),
                permissions(body, before.permissions()),
                texts(body, "parents", before.parents()),
                before.createdBy(),
                before.createdAt(),
                call.caller().id(),
                null,
                version);
        var renamed = !after.name().equals(before.name());
        if (renamed) {
            requireFree(graph, after.name());
        }
        // Its parents know it by the name that it still has.
        requireSound(graph, after.named(before.name()), held);
        return (renamed
                        ? store.forget(tx, call.ws(), after.name())
                                .compose(done -> store.rename(tx, call.ws(), before.name(), after.name()))
                        : Future.<Void>succeededFuture())
                .compose(done -> store.update(tx, call.ws(), after))
                .map(Optional::orElseThrow)
                .compose(role -> audit.record(tx, call, "role", role.id(), changed(before, body), changed(role, body))
                        .compose(done -> SecurityEpochs.bump(tx, call.ws()))
                        .map(role));
    }

    /** The fields that the change names, as they stand in this role. */
    private static JsonObject changed(Role role, JsonObject body) {
        var all = role.decided();
        var named = new JsonObject();
        body.fieldNames().forEach(field -> named.put(field, all.getValue(field)));
        return named;
    }

    Future<Void> delete(Call call) {
        var version = call.ifMatch();
        requireOurs(call);
        var id = call.id("id", "role");
        return roles.permissionsOf(call.caller())
                .compose(held -> transactions.run(tx -> store.lock(tx, call.ws())
                        .compose(done -> store.made(tx, call.ws()))
                        .compose(made -> delete(tx, call, made, find(made, id), version, held))))
                .compose(done -> epochs.refresh());
    }

    private Future<Void> delete(
            SqlConnection tx, Call call, List<Role> made, Role role, long version, Set<String> held) {
        requireVersion(role, version);
        var graph = RoleGraph.of(made);
        requireNoMore(graph, role, held);
        return store.holderNames(tx, call.ws(), role.name(), NAMED_HOLDERS + 1)
                .compose(holders -> store.providerNames(tx, call.ws(), role.name(), NAMED_HOLDERS)
                        .compose(providers -> {
                            requireUnused(holders, providers, graph.childrenOf(role.name()));
                            return store.delete(tx, call.ws(), role.id(), version);
                        }))
                .compose(done -> audit.record(tx, call, "role", role.id(), role.decided(), null))
                .compose(done -> SecurityEpochs.bump(tx, call.ws()));
    }

    // ---- what stands against it ----

    private static void requireUnused(List<String> holders, List<String> providers, List<String> children) {
        var users = new ArrayList<String>();
        if (!holders.isEmpty()) {
            var named = String.join(", ", holders.subList(0, Math.min(NAMED_HOLDERS, holders.size())));
            users.add("it is held by " + named + (holders.size() > NAMED_HOLDERS ? " and others" : ""));
        }
        if (!providers.isEmpty()) {
            users.add("the identity provider " + String.join(", ", providers) + " gives it");
        }
        if (!children.isEmpty()) {
            users.add("it is a parent of " + String.join(", ", children));
        }
        if (!users.isEmpty()) {
            throw ProblemException.conflict("The role is in use: " + String.join("; ", users) + ".");
        }
    }

    private static void requireOurs(Call call) {
        var name = call.parameters().getString("id");
        if (BuiltInRole.named(name).isPresent()) {
            throw ProblemException.conflict("The role " + name
                    + " is built in and stays as it is. Make a role of your own with it as a parent.");
        }
    }

    private static void requireVersion(Role role, long version) {
        if (role.version() != version) {
            throw ProblemException.of(
                    Kind.PRECONDITION_FAILED, "The role has changed since it was read. Read it again.");
        }
    }

    private static void requireFree(RoleGraph graph, String name) {
        if (graph.has(name)) {
            throw ProblemException.conflict("There is a role named '" + name + "' already.");
        }
    }

    private static void requireNoMore(RoleGraph graph, Role role, Set<String> held) {
        if (!held.containsAll(graph.effective(List.of(role.name())))) {
            throw ProblemException.forbidden("Nobody changes a role that may do more than they.");
        }
    }

    /** That all it names is there, that no parent leads back to it, and that it allows nothing that the caller lacks. */
    private static void requireSound(RoleGraph before, Role role, Set<String> held) {
        role.permissions().stream()
                .filter(permission -> Permission.named(permission).isEmpty())
                .findFirst()
                .ifPresent(unknown -> {
                    throw ProblemException.unprocessable(
                            "/permissions", "There is no permission named '" + unknown + "'.");
                });
        for (int i = 0; i < role.parents().size(); i++) {
            if (!before.has(role.parents().get(i))) {
                throw ProblemException.unprocessable(
                        "/parents/" + i,
                        "There is no role named '" + role.parents().get(i) + "'.");
            }
        }
        var after = before.with(role.name(), role.permissions(), role.parents());
        after.circle(role.name()).ifPresent(circle -> {
            throw ProblemException.unprocessable(
                    "/parents", "A role is not its own parent, as in " + String.join(" → ", circle) + ".");
        });
        var lacking = new TreeSet<>(after.effective(List.of(role.name())));
        lacking.removeAll(held);
        if (!lacking.isEmpty()) {
            throw new ProblemException(Problem.of(
                    Kind.FORBIDDEN,
                    "Nobody grants a permission that they lack.",
                    List.of(new Problem.Fault(
                            role.permissions().stream().anyMatch(lacking::contains) ? "/permissions" : "/parents",
                            "You lack " + String.join(", ", lacking) + "."))));
        }
    }

    private static List<String> texts(JsonObject body, String field, List<String> instead) {
        return body.containsKey(field)
                ? body.getJsonArray(field).stream()
                        .map(String.class::cast)
                        .distinct()
                        .toList()
                : instead;
    }

    /** In alphabetical order, whatever order they came in. */
    private static List<String> permissions(JsonObject body, List<String> instead) {
        return texts(body, "permissions", instead).stream().sorted().toList();
    }
}
