package app.fathi.roles;

import app.fathi.permissions.Permission;
import app.fathi.permissions.RoleHolders;
import app.fathi.platform.security.Authorities;
import app.fathi.platform.security.Caller;
import app.fathi.platform.security.EpochCache;
import app.fathi.platform.security.SecurityEpochs;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlClient;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * What each caller may do. A user holds the union of what their roles, and all parents of these, allow in the workspace they
 * are signed in to, an API key what it was created with, a machine's token what its provider's mapping gives, a write key two
 * fixed permissions. Looked up at each request and forgotten when the
 * workspace's security epoch moves.
 */
public final class Roles implements Authorities, RoleHolders {
    private static final Set<String> OF_WRITE_KEYS =
            Set.of(Permission.EVENTS_WRITE.permission(), Permission.SUBSCRIPTIONS_SUBSCRIBE.permission());

    /** A user in a workspace. */
    private record Member(int ws, UUID account) {}

    private record Held(List<String> roles, Set<String> permissions) {}

    private final Pool pool;
    private final RolesStore store = new RolesStore();
    private final EpochCache<Member, Held> held;
    private final EpochCache<Integer, RoleGraph> graphs;

    public Roles(Pool pool, SecurityEpochs epochs) {
        this.pool = pool;
        this.held = new EpochCache<>(epochs);
        this.graphs = new EpochCache<>(epochs);
    }

    @Override
    public Future<Boolean> permits(Caller caller, String permission) {
        return permissionsOf(caller).map(permissions -> permissions.contains(permission));
    }

    /** Everything that the caller may do. */
    public Future<Set<String>> permissionsOf(Caller caller) {
        return switch (caller.kind()) {
            case PUBLIC -> Future.succeededFuture(Set.of());
            case USER -> heldBy(caller).map(Held::permissions);
            case API_KEY, MACHINE -> Future.succeededFuture(caller.scopes());
            case BROWSER_KEY, SERVER_KEY -> Future.succeededFuture(OF_WRITE_KEYS);
        };
    }

    /** The names of a user's roles; keys have none. */
    public Future<List<String>> rolesOf(Caller caller) {
        return caller.kind() == Caller.Kind.USER ? heldBy(caller).map(Held::roles) : Future.succeededFuture(List.of());
    }

    /** Whether there is such a permission at all. */
    public boolean knows(String permission) {
        return Permission.named(permission).isPresent();
    }

    /** Gives an account a role in the workspace; whoever calls bumps the security epoch. */
    public Future<Void> assign(SqlClient tx, int ws, UUID account, BuiltInRole role) {
        return store.assign(tx, ws, account, role.role());
    }

    /** The names of the roles of these accounts in the workspace; who has none is not in it. */
    public Future<Map<UUID, List<String>>> rolesOf(SqlClient client, int ws, Collection<UUID> accounts) {
        return store.rolesOf(client, ws, accounts);
    }

    /** Gives an account these roles in the workspace in place of those it has; whoever calls bumps the security epoch. */
    public Future<Void> replace(SqlClient tx, int ws, UUID account, Collection<String> roles) {
        return store.replace(tx, ws, account, roles);
    }

    /** Who holds the role in the workspace. */
    public Future<List<UUID>> holders(SqlClient client, int ws, BuiltInRole role) {
        return store.holders(client, ws, role.role());
    }

    /** Everything that a role of the workspace allows; empty when there is no such role. */
    public Future<Optional<Set<String>>> permissionsOf(SqlClient client, int ws, String role) {
        return store.made(client, ws)
                .map(RoleGraph::of)
                .map(graph -> graph.has(role) ? Optional.of(graph.effective(List.of(role))) : Optional.empty());
    }

    /** What these roles of the workspace allow together. One that nobody knows gives nothing. */
    public Future<Set<String>> permissionsOf(int ws, Collection<String> roles) {
        return graph(ws).map(graph -> graph.effective(roles));
    }

    /** Which roles the claims of these identity providers give. */
    public Future<Map<UUID, List<RoleMapping>>> mappings(SqlClient client, Collection<UUID> providers) {
        return store.mappings(client, providers);
    }

    /** Has an identity provider give these roles, in place of those it did; whoever calls bumps the security epoch. */
    public Future<Void> replaceMappings(SqlClient tx, int ws, UUID provider, List<RoleMapping> mappings) {
        return store.replaceMappings(tx, ws, provider, mappings);
    }

    @Override
    public Future<Map<String, List<String>>> byPermission(Caller caller) {
        return graph(caller.ws()).map(RoleGraph::holders);
    }

    @Override
    public Future<List<List<String>>> because(Caller caller, String permission) {
        return rolesOf(caller).compose(roles -> graph(caller.ws()).map(graph -> graph.because(roles, permission)));
    }

    @Override
    public Future<Optional<List<List<String>>>> because(Caller caller, UUID account, String permission) {
        return store.rolesOf(pool, caller.ws(), account).compose(roles -> graph(caller.ws())
                .map(graph -> roles.isEmpty() ? Optional.empty() : Optional.of(graph.because(roles, permission))));
    }

    private Future<RoleGraph> graph(int ws) {
        return graphs.get(ws, () -> store.made(pool, ws).map(made -> EpochCache.found(ws, RoleGraph.of(made))));
    }

    private Future<Held> heldBy(Caller user) {
        var member = new Member(user.ws(), user.id());
        return held.get(member, () -> store.rolesOf(pool, user.ws(), user.id()).compose(roles -> graph(user.ws())
                .map(graph -> EpochCache.found(user.ws(), new Held(roles, graph.effective(roles))))));
    }
}
