package app.fathi.users;

import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Caller;
import app.fathi.platform.security.SecurityEpochs;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.Collection;
import java.util.UUID;

/** Another password: by who knows the old one, or by a link that works once. Either ends the account's other sessions. */
final class PasswordsService {
    private final Transactions transactions;
    private final SecurityEpochs epochs;
    private final Passwords passwords;
    private final LoginDoor door;
    private final SignedIn signedIn;
    private final SystemMail mail;
    private final Audit audit;
    private final AccountsStore accounts = new AccountsStore();
    private final SessionsStore sessions = new SessionsStore();
    private final OneTimeStore oneTime = new OneTimeStore();

    PasswordsService(
            Transactions transactions,
            SecurityEpochs epochs,
            Passwords passwords,
            LoginDoor door,
            SignedIn signedIn,
            SystemMail mail,
            Audit audit) {
        this.transactions = transactions;
        this.epochs = epochs;
        this.passwords = passwords;
        this.door = door;
        this.signedIn = signedIn;
        this.mail = mail;
        this.audit = audit;
    }

    Future<Void> change(Call call, String current, String next) {
        return signedIn.byPassword(call, "/currentPassword", current)
                .compose(account -> hashed(account, next)
                        .compose(hash -> transactions.run(tx -> replace(
                                        tx, account.id(), hash, call.caller().sessionId())
                                .compose(done -> audit.record(tx, call, "user", account.id(), null, null)))))
                .compose(done -> epochs.refresh());
    }

    private Future<String> hashed(AccountsStore.Person account, String next) {
        return passwords.require("/newPassword", next, account.email()).compose(done -> passwords.hash(next));
    }

    /** @param except the session that goes on; null for none */
    private Future<Collection<Integer>> replace(SqlConnection tx, UUID account, String hash, UUID except) {
        return accounts.setPassword(tx, account, hash)
                .compose(done -> oneTime.forget(tx, OneTimeLinks.RESET, account, 0))
                .compose(done -> sessions.endAll(tx, account, null, except, "password"))
                .compose(workspaces -> SessionsService.bump(tx, workspaces).map(workspaces));
    }

    /** Does the same and says nothing, whether there is such an account or not. Without a mail server nothing is sent. */
    Future<Void> requestReset(Call call, String email) {
        var folded = SessionsService.fold(email);
        return door.enterReset(folded, call.remoteAddress())
                .compose(key ->
                        mail.isOn() ? transactions.run(tx -> mail.reset(tx, key, folded)) : Future.succeededFuture());
    }

    Future<Void> confirmReset(Call call, String token, String next) {
        var hash = Tokens.hash(token);
        return oneTime.find(transactions.pool(), hash, OneTimeLinks.RESET)
                .map(found -> found.orElseThrow(PasswordsService::refused))
                .compose(link -> accounts.find(transactions.pool(), link.account()))
                .map(found -> found.filter(account -> !account.disabled()).orElseThrow(PasswordsService::refused))
                .compose(account -> hashed(account, next)
                        .compose(made -> transactions.run(tx -> oneTime.take(tx, hash, OneTimeLinks.RESET)
                                .map(taken -> taken.orElseThrow(PasswordsService::refused))
                                .compose(link -> replace(tx, account.id(), made, null))
                                .compose(done -> record(tx, call, account)))))
                .compose(done -> epochs.refresh());
    }

    /** In the trail of each workspace that they belong to. */
    private Future<Void> record(SqlConnection tx, Call call, AccountsStore.Person account) {
        return accounts.findByEmail(tx, account.emailFolded()).compose(found -> {
            var recorded = Future.<Void>succeededFuture();
            for (var membership : found.orElseThrow().memberships()) {
                var as = SessionsService.as(
                        call, Caller.user(membership.ws(), membership.workspace(), account.id(), account.name()));
                recorded = recorded.compose(done -> audit.record(tx, as, "user", account.id(), null, null));
            }
            return recorded;
        });
    }

    private static ProblemException refused() {
        return ProblemException.unauthenticated(
                "The link is not valid, or no longer: it works once, and not for long. Ask for another one.");
    }
}
