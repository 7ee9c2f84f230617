package app.fathi.users;

import app.fathi.platform.audit.OperatorAudit;
import app.fathi.platform.config.Config;
import app.fathi.platform.config.StartException;
import app.fathi.roles.BuiltInRole;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * Ways in for who is at the machine itself: the same links and the same trail as over the API, over JDBC, so that it works
 * while no server runs and nobody can sign in. No password is ever typed or shown here.
 */
public final class OperatorAccounts {
    private OperatorAccounts() {}

    /**
     * Invites somebody to the workspace, or again who has not accepted yet. Fails with one line for who is in already.
     *
     * @return the link, for them alone
     */
    public static String create(Connection tx, Config config, int ws, String email, String name, String role)
            throws SQLException {
        var roles = Stream.concat(
                        Arrays.stream(BuiltInRole.values()).map(BuiltInRole::role),
                        OperatorAccountsStore.roles(tx, ws).stream())
                .toList();
        if (!roles.contains(role)) {
            throw new StartException(
                    "there is no role " + role + " in that workspace: one of " + String.join(", ", roles));
        }
        if (!email.matches("[^@\\s]+@[^@\\s]+") || name.isBlank()) {
            throw new StartException("an e-mail address (name@host) and a name are needed");
        }
        var account = OperatorAccountsStore.findOrInsert(
                tx, UuidCreator.getTimeOrderedEpoch(), email.strip(), SessionsService.fold(email), name.strip());
        if (!OperatorAccountsStore.invite(tx, ws, account, name.strip())) {
            throw new StartException(
                    email + " is in that workspace already; scripts/fathi user reset makes a link to another password");
        }
        OperatorAccountsStore.assign(tx, ws, account, role);
        OperatorAudit.record(
                tx,
                ws,
                "user.invite",
                "user",
                account,
                null,
                new JsonObject().put("email", email).put("roles", new JsonArray().add(role)));
        var token = Tokens.token(Tokens.INVITATION);
        OperatorAccountsStore.insertLink(
                tx,
                Tokens.hash(token).getBytes(),
                OneTimeLinks.INVITATION,
                account,
                ws,
                config.security().invitationHours() * 60);
        return url(config, OneTimeLinks.INVITATION, token);
    }

    /**
     * A link to another password.
     *
     * @param url for them alone
     * @param closed names of workspaces of theirs where no password lets in
     * @param opened names of those where one does from now on
     */
    public record Reset(String url, List<String> closed, List<String> opened) {}

    /**
     * Makes a link to another password for who has an account.
     *
     * @param removeSecondFactor for who has lost their device and their recovery codes
     * @param letPasswordsIn whether their workspaces that let nobody in by a password do so from now on, for who can reach
     *     no identity provider any more
     */
    public static Reset reset(
            Connection tx, Config config, String email, boolean removeSecondFactor, boolean letPasswordsIn)
            throws SQLException {
        var account = OperatorAccountsStore.find(tx, SessionsService.fold(email))
                .orElseThrow(() -> new StartException(
                        "nobody signs in with " + email + "; scripts/fathi user create invites somebody"));
        for (int ws : OperatorAccountsStore.workspaces(tx, account)) {
            OperatorAudit.record(
                    tx,
                    ws,
                    "auth.password-reset",
                    "user",
                    account,
                    null,
                    new JsonObject().put("secondFactorRemoved", removeSecondFactor));
        }
        if (removeSecondFactor) {
            OperatorAccountsStore.removeSecondFactor(tx, account);
        }
        var token = Tokens.token(Tokens.RESET);
        OperatorAccountsStore.insertLink(
                tx,
                Tokens.hash(token).getBytes(),
                OneTimeLinks.RESET,
                account,
                0,
                config.security().resetMinutes());
        var closed = OperatorAccountsStore.closed(tx, account);
        var names = closed.stream().map(OperatorAccountsStore.Closed::name).toList();
        if (!letPasswordsIn) {
            return new Reset(url(config, OneTimeLinks.RESET, token), names, List.of());
        }
        for (var workspace : closed) {
            OperatorAccountsStore.letPasswordsIn(tx, workspace.no());
            OperatorAudit.record(
                    tx,
                    workspace.no(),
                    "workspace.update",
                    "workspace",
                    workspace.id(),
                    new JsonObject().put("passwordSignIn", false),
                    new JsonObject().put("passwordSignIn", true));
        }
        return new Reset(url(config, OneTimeLinks.RESET, token), List.of(), names);
    }

    private static String url(Config config, String kind, String token) {
        return OneTimeLinks.url(config.baseUrl(config.http().port()), kind, token);
    }
}
