package app.fathi.users;

import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Operations;
import app.fathi.platform.bus.Reply;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.util.Map;
import java.util.function.Function;

/** The door of this domain. */
public final class UsersVerticle extends VerticleBase {
    private final SessionsService sessions;
    private final ApiKeysService apiKeys;
    private final WorkspacesService workspaces;

    UsersVerticle(SessionsService sessions, ApiKeysService apiKeys, WorkspacesService workspaces) {
        this.sessions = sessions;
        this.apiKeys = apiKeys;
        this.workspaces = workspaces;
    }

    @Override
    public Future<?> start() {
        return Operations.serve(vertx, "users", operations());
    }

    /** What this domain answers, by operationId. */
    public Map<String, Function<Call, Future<Reply>>> operations() {
        return Map.of(
                "login", this::login,
                "refreshTokens", this::refreshTokens,
                "logout", this::logout,
                "getMe", call -> sessions.me(call.caller()).map(Reply::ok),
                "listApiKeys", call -> apiKeys.list(call).map(Reply::ok),
                "createApiKey", apiKeys::create,
                "getApiKey", this::getApiKey,
                "deleteApiKey", this::deleteApiKey,
                "getCurrentWorkspace", workspaces::get,
                "updateCurrentWorkspace", workspaces::update);
    }

    private Future<Reply> login(Call call) {
        var body = call.json();
        return sessions.login(call, body.getString("email"), body.getString("password"), body.getString("workspace"))
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

    private Future<Reply> deleteApiKey(Call call) {
        return apiKeys.delete(call, call.id("id", "API key")).map(done -> Reply.noContent());
    }
}
