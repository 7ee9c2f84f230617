package app.fathi.users;

import static java.util.Map.entry;

import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Operations;
import app.fathi.platform.bus.Reply;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;

/** The door of this domain. */
public final class UsersVerticle extends VerticleBase {
    private final SessionsService sessions;
    private final ApiKeysService apiKeys;
    private final WorkspacesService workspaces;
    private final UsersService users;
    private final InvitationsService invitations;
    private final PasswordsService passwords;
    private final SecondFactorService secondFactor;
    private final IdentityProvidersService providers;
    private final SignInsService signIns;
    private final IdentityKeyService identityKey;

    UsersVerticle(
            SessionsService sessions,
            ApiKeysService apiKeys,
            WorkspacesService workspaces,
            UsersService users,
            InvitationsService invitations,
            PasswordsService passwords,
            SecondFactorService secondFactor,
            IdentityProvidersService providers,
            SignInsService signIns,
            IdentityKeyService identityKey) {
        this.sessions = sessions;
        this.apiKeys = apiKeys;
        this.workspaces = workspaces;
        this.users = users;
        this.invitations = invitations;
        this.passwords = passwords;
        this.secondFactor = secondFactor;
        this.providers = providers;
        this.signIns = signIns;
        this.identityKey = identityKey;
    }

    @Override
    public Future<?> start() {
        return Operations.serve(vertx, "users", operations());
    }

    /** What this domain answers, by operationId. */
    public Map<String, Function<Call, Future<Reply>>> operations() {
        return Map.ofEntries(
                entry("login", this::login),
                entry("refreshTokens", this::refreshTokens),
                entry("logout", this::logout),
                entry("getMe", call -> sessions.me(call.caller()).map(Reply::ok)),
                entry("listSessions", call -> sessions.list(call).map(Reply::ok)),
                entry("endSession", call -> sessions.end(call, call.id("id", "session"))
                        .map(done -> Reply.noContent())),
                entry("endSessions", call -> sessions.endAll(call).map(done -> Reply.noContent())),
                entry("changePassword", this::changePassword),
                entry("requestPasswordReset", this::requestPasswordReset),
                entry("confirmPasswordReset", this::confirmPasswordReset),
                entry("enrolTotp", this::enrolTotp),
                entry("confirmTotp", this::confirmTotp),
                entry("renewRecoveryCodes", this::renewRecoveryCodes),
                entry("removeTotp", this::removeTotp),
                entry("acceptInvitation", this::acceptInvitation),
                entry("listUsers", call -> users.list(call).map(Reply::ok)),
                entry("createUser", users::invite),
                entry("getUser", call -> users.get(call, user(call)).map(UsersVerticle::shown)),
                entry("updateUser", call -> users.update(call, user(call)).map(UsersVerticle::shown)),
                entry("deleteUser", call -> users.delete(call, user(call)).map(done -> Reply.noContent())),
                entry("inviteUserAgain", call -> users.inviteAgain(call, user(call))),
                entry("logoutUser", call -> users.logout(call, user(call)).map(done -> Reply.noContent())),
                entry("listApiKeys", call -> apiKeys.list(call).map(Reply::ok)),
                entry("createApiKey", apiKeys::create),
                entry("getApiKey", this::getApiKey),
                entry("updateApiKey", this::updateApiKey),
                entry("rotateApiKey", call -> apiKeys.rotate(call, call.id("id", "API key"))),
                entry("deleteApiKey", this::deleteApiKey),
                entry("listSignInProviders", call -> signIns.list(call).map(Reply::ok)),
                entry("startSignIn", call -> signIns.begin(call).map(Reply::ok)),
                entry("finishSignIn", call -> signIns.comeBack(call).map(Reply::ok)),
                entry("exchangeSignInCode", call -> signIns.exchange(call).map(Reply::ok)),
                entry("listIdentityProviders", call -> providers.list(call).map(Reply::ok)),
                entry("createIdentityProvider", providers::create),
                entry("getIdentityProvider", providers::get),
                entry("updateIdentityProvider", providers::update),
                entry("deleteIdentityProvider", call -> providers.delete(call).map(done -> Reply.noContent())),
                entry("enterWorkspace", this::enterWorkspace),
                entry("listWorkspaces", call -> workspaces.list(call).map(Reply::ok)),
                entry("createWorkspace", workspaces::create),
                entry("getCurrentWorkspace", workspaces::get),
                entry("updateCurrentWorkspace", workspaces::update),
                entry("rotateIdentityKey", identityKey::rotate));
    }

    private static UUID user(Call call) {
        return call.id("id", "user");
    }

    private static Reply shown(User user) {
        return Reply.ok(user.toJson(), user.version());
    }

    private Future<Reply> acceptInvitation(Call call) {
        var body = call.json();
        return invitations
                .accept(call, body.getString("token"), body.getString("password"), body.getString("name"))
                .map(done -> Reply.noContent());
    }

    private Future<Reply> enrolTotp(Call call) {
        return secondFactor.enrol(call, call.json().getString("password")).map(Reply::ok);
    }

    private Future<Reply> confirmTotp(Call call) {
        return secondFactor.confirm(call, call.json().getString("code")).map(Reply::ok);
    }

    private Future<Reply> renewRecoveryCodes(Call call) {
        return secondFactor
                .renewCodes(call, call.json().getString("password"), call.json().getString("code"))
                .map(Reply::ok);
    }

    private Future<Reply> removeTotp(Call call) {
        return secondFactor
                .remove(call, call.json().getString("password"), call.json().getString("code"))
                .map(done -> Reply.noContent());
    }

    private Future<Reply> changePassword(Call call) {
        return passwords
                .change(
                        call,
                        call.json().getString("currentPassword"),
                        call.json().getString("newPassword"))
                .map(done -> Reply.noContent());
    }

    private Future<Reply> requestPasswordReset(Call call) {
        return passwords.requestReset(call, call.json().getString("email")).map(done -> Reply.accepted());
    }

    private Future<Reply> confirmPasswordReset(Call call) {
        return passwords
                .confirmReset(call, call.json().getString("token"), call.json().getString("newPassword"))
                .map(done -> Reply.noContent());
    }

    private Future<Reply> login(Call call) {
        var body = call.json();
        return sessions.login(
                        call,
                        body.getString("email"),
                        body.getString("password"),
                        body.getString("totp"),
                        body.getString("workspace"))
                .map(Reply::ok);
    }

    private Future<Reply> refreshTokens(Call call) {
        return sessions.refresh(call, call.json().getString("refreshToken")).map(Reply::ok);
    }

    private Future<Reply> logout(Call call) {
        return sessions.logout(call).map(done -> Reply.noContent());
    }

    private Future<Reply> getApiKey(Call call) {
        return apiKeys.get(call, call.id("id", "API key")).map(key -> Reply.ok(key.toJson(), key.version()));
    }

    private Future<Reply> updateApiKey(Call call) {
        return apiKeys.update(call, call.id("id", "API key")).map(key -> Reply.ok(key.toJson(), key.version()));
    }

    private Future<Reply> enterWorkspace(Call call) {
        return sessions.enter(call, call.json().getString("workspace")).map(Reply::ok);
    }

    private Future<Reply> deleteApiKey(Call call) {
        return apiKeys.delete(call, call.id("id", "API key")).map(done -> Reply.noContent());
    }
}
