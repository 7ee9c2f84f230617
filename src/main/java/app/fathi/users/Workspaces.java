package app.fathi.users;

import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.EpochCache;
import app.fathi.platform.security.Identities;
import app.fathi.platform.security.Secrets;
import app.fathi.platform.security.SecurityEpochs;
import app.fathi.platform.security.Tenancy;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import java.util.Locale;

/** The questions about workspaces; answers are remembered until the workspace changes, at most a second more. */
public final class Workspaces {
    private final Secrets secrets;
    private final WorkspacesStore store = new WorkspacesStore();
    private final EpochCache<Integer, Opened> cache;
    private final EpochCache<Integer, Tenancy.Rules> rules;

    /** @param identityKey 32 octets */
    record Opened(WorkspaceSettings settings, byte[] identityKey) {}

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
                .map(workspace -> EpochCache.found(ws, workspace.rules().toRules())));
    }

    Future<Opened> opened(SqlClient client, int ws) {
        return cache.get(ws, () -> store.find(client, ws).compose(found -> {
            var workspace = found.orElseThrow(() -> ProblemException.notFound("workspace"));
            return secrets.workspaceKey(client, ws)
                    .map(key -> EpochCache.found(
                            ws,
                            new Opened(
                                    settings(workspace),
                                    key.open(workspace.identityKeyPlace(), workspace.sealedIdentityKey()))));
        }));
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
