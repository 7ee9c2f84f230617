package app.fathi.users;

import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.SecurityEpochs;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;

/** Getting a second factor, and getting rid of it. */
final class SecondFactorService {
    private final Transactions transactions;
    private final SecurityEpochs epochs;
    private final SignedIn signedIn;
    private final SecondFactors factors;
    private final Audit audit;
    private final SessionsStore sessions = new SessionsStore();
    private final UsersStore users = new UsersStore();

    SecondFactorService(
            Transactions transactions, SecurityEpochs epochs, SignedIn signedIn, SecondFactors factors, Audit audit) {
        this.transactions = transactions;
        this.epochs = epochs;
        this.signedIn = signedIn;
        this.factors = factors;
        this.audit = audit;
    }

    Future<JsonObject> enrol(Call call, String password) {
        return signedIn.byPassword(call, "/password", password)
                .compose(account -> transactions.run(tx -> factors.begin(tx, account.id())
                        .map(begun -> begun.orElseThrow(() -> ProblemException.conflict(
                                "Your account has a second factor already. Remove it first to begin anew.")))
                        .compose(secret -> audit.record(tx, call, "user", account.id(), null, null)
                                .map(new JsonObject()
                                        .put("secret", Totp.base32(secret))
                                        .put("uri", uri(account.email(), Totp.base32(secret)))))));
    }

    /** What an authenticator reads from a QR code. */
    private static String uri(String email, String secret) {
        return "otpauth://totp/Fathi:"
                + URLEncoder.encode(email, StandardCharsets.UTF_8).replace("+", "%20") + "?secret=" + secret
                + "&issuer=Fathi&algorithm=SHA1&digits=6&period=30";
    }

    /** From now on a code is asked for. What was signed in to without one ends, but for this session. */
    Future<JsonObject> confirm(Call call, String code) {
        var caller = SessionsService.requireUser(call.caller());
        return transactions
                .run(tx -> factors.confirm(tx, caller.id(), code)
                        .map(confirmed -> {
                            if (!confirmed) {
                                throw ProblemException.unprocessable(
                                        "/code", "This is not the code that the new secret has at this moment.");
                            }
                            return null;
                        })
                        .compose(done -> sessions.endAll(tx, caller.id(), null, caller.sessionId(), "ended"))
                        .compose(done -> changed(tx, call, caller.id()))
                        .compose(done -> factors.renewCodes(tx, caller.id())))
                .compose(codes -> epochs.refresh().map(shown(codes)));
    }

    Future<JsonObject> renewCodes(Call call, String password, String code) {
        return signedIn.byBoth(call, password, code)
                .compose(account -> transactions.run(tx -> factors.renewCodes(tx, account.id())
                        .compose(codes -> audit.record(tx, call, "user", account.id(), null, null)
                                .map(shown(codes)))));
    }

    Future<Void> remove(Call call, String password, String code) {
        return signedIn.byBoth(call, password, code)
                .compose(account -> transactions.run(
                        tx -> factors.remove(tx, account.id()).compose(done -> changed(tx, call, account.id()))))
                .compose(done -> epochs.refresh());
    }

    /** What nodes remember of the account's sessions says whether they have to enrol. */
    private Future<Void> changed(SqlConnection tx, Call call, UUID account) {
        return users.workspaces(tx, account)
                .compose(workspaces -> SessionsService.bump(tx, workspaces))
                .compose(done -> audit.record(tx, call, "user", account, null, null));
    }

    private static JsonObject shown(List<String> codes) {
        return new JsonObject().put("recoveryCodes", new JsonArray(codes));
    }
}
