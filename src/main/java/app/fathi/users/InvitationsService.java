package app.fathi.users;

import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Caller;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.SqlConnection;
import java.util.Optional;

/**
 * Accepting an invitation. Who is new chooses a password; who has an account already shows its password, so that whoever
 * invited them to one workspace, and may have seen the link, gets into no other. Who signs in through an identity provider
 * has neither, and no link of an invitation gives them a password that would let in elsewhere.
 */
final class InvitationsService {
    private final Transactions transactions;
    private final Passwords passwords;
    private final LoginDoor door;
    private final Audit audit;
    private final OneTimeStore store = new OneTimeStore();
    private final UsersStore users = new UsersStore();
    private final AccountsStore accounts = new AccountsStore();
    private final WorkspacesStore workspaces = new WorkspacesStore();

    InvitationsService(Transactions transactions, Passwords passwords, LoginDoor door, Audit audit) {
        this.transactions = transactions;
        this.passwords = passwords;
        this.door = door;
        this.audit = audit;
    }

    /** @param name what they want to be called; null for what the invitation says */
    Future<Void> accept(Call call, String token, String password, String name) {
        var hash = Tokens.hash(token);
        var called = name == null ? null : UsersService.name(name);
        return store.find(transactions.pool(), hash, OneTimeLinks.INVITATION)
                .map(found -> found.orElseThrow(InvitationsService::refused))
                .compose(link -> accounts.find(transactions.pool(), link.account()))
                .map(found -> found.orElseThrow(InvitationsService::refused))
                .compose(account -> account.passwordHash() == null
                        ? choose(call, hash, account, password, called)
                        : prove(call, hash, account, password, called));
    }

    private Future<Void> choose(Call call, Buffer hash, AccountsStore.Person account, String password, String name) {
        return passwords
                .require("/password", password, account.email())
                .compose(done -> passwords.hash(password))
                .compose(made -> transactions.run(tx -> join(tx, call, hash, account, name)
                        .compose(ws -> accounts.worksElsewhereWithoutPassword(tx, account.id(), ws))
                        .map(works -> {
                            if (works) {
                                throw ProblemException.conflict("There is an account with this e-mail address already,"
                                        + " which signs in through an identity provider and has no password. Come"
                                        + " through the identity provider of this workspace, or ask to be invited by"
                                        + " another address.");
                            }
                            return null;
                        })
                        .compose(done -> accounts.setFirstPassword(tx, account.id(), made, name))
                        .map(isFirst -> {
                            if (!isFirst) {
                                throw ProblemException.conflict(
                                        "Another invitation was accepted meanwhile. Use the password that you chose there.");
                            }
                            return null;
                        })));
    }

    private Future<Void> prove(Call call, Buffer hash, AccountsStore.Person account, String password, String name) {
        return door.enter(account.emailFolded(), call.remoteAddress())
                .compose(entry -> passwords
                        .verify(password, Optional.of(account.passwordHash()))
                        .compose(matches -> {
                            if (!matches || account.disabled()) {
                                throw ProblemException.unauthenticated(
                                        "There is an account with this e-mail address already, and this is not its"
                                                + " password.");
                            }
                            return door.succeeded(entry);
                        }))
                .compose(done -> transactions.run(tx -> join(tx, call, hash, account, name)))
                .mapEmpty();
    }

    /** The workspace that it was an invitation to. */
    private Future<Integer> join(SqlConnection tx, Call call, Buffer hash, AccountsStore.Person account, String name) {
        return store.take(tx, hash, OneTimeLinks.INVITATION)
                .map(taken -> taken.orElseThrow(InvitationsService::refused))
                .compose(link -> users.accept(tx, link.ws(), link.account(), name)
                        .map(accepted -> {
                            if (!accepted) {
                                throw refused();
                            }
                            return null;
                        })
                        .compose(done -> store.forget(tx, OneTimeLinks.INVITATION, link.account(), link.ws()))
                        .compose(done -> workspaces.find(tx, link.ws()))
                        .map(InvitationsService::requirePasswords)
                        .compose(workspace -> audit.record(
                                tx,
                                SessionsService.as(
                                        call,
                                        Caller.user(
                                                link.ws(),
                                                workspace.id(),
                                                link.account(),
                                                name == null ? account.name() : name)),
                                "user",
                                link.account(),
                                null,
                                null))
                        .map(link.ws()));
    }

    private static Workspace requirePasswords(Optional<Workspace> found) {
        var workspace = found.orElseThrow();
        if (!workspace.passwordSignIn()) {
            throw ProblemException.forbidden(
                    "This workspace lets nobody in by a password. You are invited all the same:"
                            + " sign in through its identity provider.");
        }
        return workspace;
    }

    private static ProblemException refused() {
        return ProblemException.unauthenticated(
                "The invitation is not valid, or no longer: it works once, and not for ever. Ask for another one.");
    }
}
