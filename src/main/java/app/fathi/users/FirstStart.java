package app.fathi.users;

import app.fathi.platform.audit.Audit;
import app.fathi.platform.config.Config;
import app.fathi.platform.config.StartException;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.security.SecurityEpochs;
import app.fathi.roles.BuiltInRole;
import app.fathi.roles.Roles;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.util.Optional;
import java.util.UUID;

/**
 * Makes what nobody could make by asking: one workspace with its keys, one administrator, the key that signs tokens. There
 * is no default password; a made-up one is handed to Main, which prints it once.
 */
final class FirstStart {
    private static final String WORKSPACE = "Main";
    private static final String ADMINISTRATOR = "Administrator";

    private final Transactions transactions;
    private final Config config;
    private final NewWorkspace newWorkspace;
    private final Passwords passwords;
    private final Roles roles;
    private final SigningKeys signingKeys;
    private final Audit audit;
    private final WorkspacesStore workspaces = new WorkspacesStore();
    private final AccountsStore accounts = new AccountsStore();
    private final WriteKeysStore writeKeys = new WriteKeysStore();

    FirstStart(
            Transactions transactions,
            Config config,
            NewWorkspace newWorkspace,
            Passwords passwords,
            Roles roles,
            SigningKeys signingKeys,
            Audit audit) {
        this.transactions = transactions;
        this.config = config;
        this.newWorkspace = newWorkspace;
        this.passwords = passwords;
        this.roles = roles;
        this.signingKeys = signingKeys;
        this.audit = audit;
    }

    /** Does nothing when there is a workspace already; of several nodes one does it. */
    Future<FirstRun> ensure() {
        return workspaces
                .first(transactions.pool())
                .compose(found -> found.isPresent() ? describe(found.get().ws(), Optional.empty()) : begin());
    }

    private Future<FirstRun> begin() {
        var configured = config.admin().password();
        var made = configured.isEmpty() ? Optional.of(Tokens.key("")) : Optional.<String>empty();
        var fault = made.isPresent()
                ? Future.succeededFuture(Optional.<String>empty())
                : passwords.fault(configured, config.admin().email());
        return fault.compose(found -> {
                    found.ifPresent(told -> {
                        throw new StartException("admin.password is not taken: " + told + " (FATHI_ADMIN_PASSWORD)");
                    });
                    return passwords.hash(made.orElse(configured));
                })
                .compose(hash -> transactions
                        .run(tx -> workspaces
                                .lockFirstStart(tx)
                                .compose(done -> workspaces.first(tx))
                                .compose(found -> found.isPresent()
                                        ? Future.succeededFuture(
                                                new Begun(found.get().ws(), false))
                                        : create(tx, hash).map(ws -> new Begun(ws, true))))
                        .compose(begun -> describe(begun.ws(), begun.byUs() ? made : Optional.empty())));
    }

    private record Begun(int ws, boolean byUs) {}

    private Future<Integer> create(SqlConnection tx, String passwordHash) {
        var id = UuidCreator.getTimeOrderedEpoch();
        return newWorkspace.make(tx, id, WORKSPACE, "UTC", "en").compose(ws -> signingKeys
                .make(tx)
                .compose(done -> createAdministrator(tx, ws, passwordHash))
                .compose(done -> SecurityEpochs.bump(tx, ws))
                .compose(done -> audit.recordSystem(
                        tx, ws, "workspace.create", "workspace", id, new JsonObject().put("name", WORKSPACE)))
                .map(ws));
    }

    private Future<Void> createAdministrator(SqlConnection tx, int ws, String passwordHash) {
        UUID id = UuidCreator.getTimeOrderedEpoch();
        var email = config.admin().email().strip();
        return accounts.insert(tx, id, email, SessionsService.fold(email), ADMINISTRATOR, passwordHash)
                .compose(done -> accounts.join(tx, ws, id))
                .compose(done -> roles.assign(tx, ws, id, BuiltInRole.ADMINISTRATOR))
                .compose(done -> audit.recordSystem(
                        tx,
                        ws,
                        "user.create",
                        "user",
                        id,
                        new JsonObject().put("role", BuiltInRole.ADMINISTRATOR.role())));
    }

    private Future<FirstRun> describe(int ws, Optional<String> password) {
        var client = transactions.pool();
        return writeKeys.browserKey(client, ws).compose(writeKey -> accounts.firstEmail(client, ws)
                .map(email -> new FirstRun(writeKey, password, email)));
    }
}
