package app.fathi.users;

import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import java.util.Optional;

/** Who is signed in shows once more that it is they, before what protects their account is changed. */
final class SignedIn {
    private final Pool pool;
    private final Passwords passwords;
    private final LoginDoor door;
    private final SecondFactors factors;
    private final Audit audit;
    private final AccountsStore accounts = new AccountsStore();

    SignedIn(Pool pool, Passwords passwords, LoginDoor door, SecondFactors factors, Audit audit) {
        this.pool = pool;
        this.passwords = passwords;
        this.door = door;
        this.factors = factors;
        this.audit = audit;
    }

    /** By the password. Guessing over a stolen session is slowed down as guessing at the door is. */
    Future<AccountsStore.Person> byPassword(Call call, String pointer, String password) {
        return by(call, pointer, password, SecondFactors.Proof.NOT_ENROLLED, null);
    }

    /** By the password and a code of the second factor, which has to be there. */
    Future<AccountsStore.Person> byBoth(Call call, String password, String code) {
        return by(call, "/password", password, SecondFactors.Proof.PROVED, code);
    }

    private Future<AccountsStore.Person> by(
            Call call, String pointer, String password, SecondFactors.Proof needed, String code) {
        var caller = SessionsService.requireUser(call.caller());
        return accounts.find(pool, caller.id()).map(Optional::orElseThrow).compose(account -> door.enter(
                        account.emailFolded(), call.remoteAddress())
                .compose(entry -> passwords
                        .verify(password, Optional.ofNullable(account.passwordHash()))
                        .compose(matches -> {
                            if (!matches) {
                                throw refused(call, pointer, "This is not your password.");
                            }
                            return needed == SecondFactors.Proof.PROVED
                                    ? factors.prove(pool, account.id(), code)
                                    : Future.succeededFuture(needed);
                        })
                        .compose(proof -> {
                            if (proof == SecondFactors.Proof.WRONG) {
                                throw refused(call, "/code", "This code does not work, or no longer.");
                            }
                            if (proof != needed) {
                                throw ProblemException.conflict("Your account has no second factor.");
                            }
                            return door.succeeded(entry);
                        }))
                .map(account));
    }

    private ProblemException refused(Call call, String pointer, String detail) {
        var refused = ProblemException.unprocessable(pointer, detail);
        audit.denied(call, call.ws(), "user", call.caller().id(), refused.problem());
        return refused;
    }
}
