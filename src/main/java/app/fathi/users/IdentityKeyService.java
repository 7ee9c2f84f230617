package app.fathi.users;

import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Secrets;
import app.fathi.platform.security.SecurityEpochs;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;

/**
 * Another key for the site's backend to say with who its visitors are. Two work side by side at most, so that a site changes
 * without a gap.
 */
final class IdentityKeyService {
    private static final int DAY_SECONDS = 86_400;

    private final Transactions transactions;
    private final Secrets secrets;
    private final SecurityEpochs epochs;
    private final Audit audit;
    private final InstantSource clock;
    private final WorkspacesStore store = new WorkspacesStore();

    IdentityKeyService(
            Transactions transactions, Secrets secrets, SecurityEpochs epochs, Audit audit, InstantSource clock) {
        this.transactions = transactions;
        this.secrets = secrets;
        this.epochs = epochs;
        this.audit = audit;
        this.clock = clock;
    }

    Future<Reply> rotate(Call call) {
        int overlap = call.json() == null ? DAY_SECONDS : call.json().getInteger("overlapSeconds", DAY_SECONDS);
        return transactions
                .onceSealed(call, secrets, tx -> store.lock(tx, call.ws())
                        .compose(found -> rotate(tx, call, found.orElseThrow(), overlap)))
                .compose(reply -> epochs.refresh().map(reply));
    }

    private Future<Reply> rotate(SqlConnection tx, Call call, Workspace workspace, int overlap) {
        requireNoThird(workspace, overlap);
        return secrets.workspaceKey(tx, call.ws()).compose(key -> {
            var fresh = Tokens.random(NewWorkspace.IDENTITY_KEY_OCTETS);
            var current = key.open(workspace.identityKeyPlace(), workspace.sealedIdentityKey());
            return store.rotateIdentityKey(
                            tx,
                            call.ws(),
                            key.seal(workspace.identityKeyPlace(), fresh),
                            key.seal(workspace.identityKeyBeforePlace(), current),
                            overlap)
                    .compose(changed -> audit.record(
                                    tx, call, "workspace", workspace.id(), until(workspace), until(changed))
                            .compose(done -> SecurityEpochs.bump(tx, call.ws()))
                            .map(Reply.ok(until(changed)
                                    .put("identityKey", Base64.getEncoder().encodeToString(fresh)))));
        });
    }

    /** Whoever asks twice by mistake would otherwise end the key that the site still signs with. */
    private void requireNoThird(Workspace workspace, int overlap) {
        var before = workspace.before();
        if (overlap > 0 && before != null && before.works(clock.instant())) {
            throw ProblemException.conflict("The key before this one works until "
                    + before.until() + ", and two at most work side by side. Wait for that, or end both at once"
                    + " with overlapSeconds 0.");
        }
    }

    private static JsonObject until(Workspace workspace) {
        return new JsonObject().put("previousIdentityKeyUntil", previousUntil(workspace, Instant.EPOCH));
    }

    /** Null when no key before works at this moment. */
    static String previousUntil(Workspace workspace, Instant now) {
        var before = workspace.before();
        return before == null || !before.works(now) ? null : before.until().toString();
    }
}
