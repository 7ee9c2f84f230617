package app.fathi.users;

import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.retention.Kind;
import app.fathi.platform.retention.Shorter;
import app.fathi.platform.security.EpochCache;
import app.fathi.platform.security.Identities;
import app.fathi.platform.security.Secrets;
import app.fathi.platform.security.SecurityEpochs;
import app.fathi.platform.security.Tenancy;
import app.fathi.platform.security.WorkspaceKey;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The questions about workspaces; answers are remembered until the workspace changes, at most a second more. */
public final class Workspaces {
    private final Secrets secrets;
    private final WorkspacesStore store = new WorkspacesStore();
    private final EpochCache<Integer, Opened> cache;
    private final EpochCache<Integer, Tenancy.Rules> rules;

    /** @param identityKeys the current one, and the one before it while it works */
    record Opened(WorkspaceSettings settings, List<IdentityKey> identityKeys) {}

    /** @param until null for as long as it is the current one */
    record IdentityKey(byte[] octets, Instant until) {
        boolean works(Instant now) {
            return until == null || now.isBefore(until);
        }
    }

    Workspaces(Secrets secrets, SecurityEpochs epochs) {
        this.secrets = secrets;
        this.cache = new EpochCache<>(epochs);
        this.rules = new EpochCache<>(epochs);
    }

    public Future<WorkspaceSettings> settings(SqlClient client, int ws) {
        return opened(client, ws).map(Opened::settings);
    }

    Future<Tenancy.Rules> rules(SqlClient client, int ws) {
        return rules.get(ws, () -> store.find(client, ws)
                .map(found -> found.orElseThrow(() -> ProblemException.notFound("workspace")))
                .map(workspace -> EpochCache.found(ws, workspace.rules().named(workspace.name()))));
    }

    Future<Opened> opened(SqlClient client, int ws) {
        return cache.get(ws, () -> store.find(client, ws).compose(found -> {
            var workspace = found.orElseThrow(() -> ProblemException.notFound("workspace"));
            return secrets.workspaceKey(client, ws)
                    .map(key -> EpochCache.found(ws, new Opened(settings(workspace), identityKeys(workspace, key))));
        }));
    }

    private static List<IdentityKey> identityKeys(Workspace workspace, WorkspaceKey key) {
        var current = new IdentityKey(key.open(workspace.identityKeyPlace(), workspace.sealedIdentityKey()), null);
        var before = workspace.before();
        return before == null
                ? List.of(current)
                : List.of(
                        current,
                        new IdentityKey(key.open(workspace.identityKeyBeforePlace(), before.sealed()), before.until()));
    }

    /** What workspaces keep for a shorter time than the installation, for those who forget. */
    Shorter shorter() {
        return new Shorter() {
            @Override
            public Future<Set<Integer>> workspaces(SqlClient client) {
                return store.forgetting(client);
            }

            @Override
            public Future<Map<Kind, Integer>> days(SqlClient client, int ws) {
                return store.find(client, ws).map(found -> found.map(
                                workspace -> workspace.retention().days())
                        .orElse(Map.of()));
            }
        };
    }

    private static WorkspaceSettings settings(Workspace workspace) {
        return new WorkspaceSettings(
                workspace.id(),
                workspace.name(),
                workspace.timezone(),
                workspace.language(),
                Identities.Policy.valueOf(workspace.identityVerification().toUpperCase(Locale.ROOT)),
                workspace.origins());
    }
}
