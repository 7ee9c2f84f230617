package app.fathi.users;

import app.fathi.platform.security.Secrets;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.UUID;

/** Makes a workspace with the keys that it cannot be without. Nobody belongs to it yet. */
final class NewWorkspace {
    static final int IDENTITY_KEY_OCTETS = 32;

    private final Secrets secrets;
    private final WorkspacesStore store = new WorkspacesStore();
    private final WriteKeysStore writeKeys = new WriteKeysStore();

    NewWorkspace(Secrets secrets) {
        this.secrets = secrets;
    }

    /** Its number. */
    Future<Integer> make(SqlConnection tx, UUID id, String name, String timezone, String language) {
        return store.insert(tx, id, name, timezone, language).compose(ws -> secrets.workspaceKey(tx, ws)
                .compose(key -> store.setIdentityKey(
                        tx, ws, key.seal(Workspace.identityKeyPlace(id), Tokens.random(IDENTITY_KEY_OCTETS))))
                .compose(done -> writeKeys.insertBrowserKey(
                        tx, ws, UuidCreator.getTimeOrderedEpoch(), Tokens.key(Tokens.BROWSER_KEY)))
                .map(ws));
    }
}
