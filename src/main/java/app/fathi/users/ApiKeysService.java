package app.fathi.users;

import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.bus.Rfc3339;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Caller;
import app.fathi.platform.security.Secrets;
import app.fathi.platform.security.SecurityEpochs;
import app.fathi.roles.Roles;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** The secret API keys of servers. Who lacks {@code api-keys:any} sees and revokes what they made themselves. */
final class ApiKeysService {
    private static final int PREFIX_LENGTH = Tokens.API_KEY.length() + 4;
    private static final String ANY = "api-keys:any";

    private final Transactions transactions;
    private final Secrets secrets;
    private final SecurityEpochs epochs;
    private final Roles roles;
    private final Audit audit;
    private final Cursor cursor;
    private final InstantSource clock;
    private final ApiKeysStore store = new ApiKeysStore();

    ApiKeysService(
            Transactions transactions,
            Secrets secrets,
            SecurityEpochs epochs,
            Roles roles,
            Audit audit,
            Cursor cursor,
            InstantSource clock) {
        this.clock = clock;
        this.transactions = transactions;
        this.secrets = secrets;
        this.epochs = epochs;
        this.roles = roles;
        this.audit = audit;
        this.cursor = cursor;
    }

    Future<JsonObject> list(Call call) {
        var after = cursor.position(call).map(position -> position.uuid(0));
        return owner(call.caller())
                .compose(owner -> store.page(transactions.pool(), call.ws(), owner, after, Cursor.limit(call) + 1))
                .map(keys -> cursor.page(call, keys, ApiKey::toJson, key -> List.of(key.id())));
    }

    Future<ApiKey> get(Call call, UUID id) {
        return owner(call.caller()).compose(owner -> find(transactions.pool(), call.ws(), owner, id));
    }

    /** The answer shows the secret, this once and in its replays. */
    Future<Reply> create(Call call) {
        var draft = ApiKeyDraft.of(call.json(), clock.instant());
        return roles.permissionsOf(call.caller()).compose(held -> {
            for (int i = 0; i < draft.permissions().size(); i++) {
                var permission = draft.permissions().get(i);
                if (!roles.knows(permission)) {
                    throw ProblemException.unprocessable(
                            "/permissions/" + i, "There is no permission named '" + permission + "'.");
                }
                if (!held.contains(permission)) {
                    throw new ProblemException(Problem.of(
                            Kind.FORBIDDEN,
                            "Nobody grants a permission that they lack.",
                            List.of(new Problem.Fault("/permissions/" + i, "You lack " + permission + "."))));
                }
            }
            return transactions.onceSealed(call, secrets, tx -> create(tx, call, draft));
        });
    }

    private Future<Reply> create(SqlConnection tx, Call call, ApiKeyDraft draft) {
        var secret = Tokens.key(Tokens.API_KEY);
        var id = UuidCreator.getTimeOrderedEpoch();
        return store.insert(
                        tx,
                        call.ws(),
                        id,
                        draft.name(),
                        secret.substring(0, PREFIX_LENGTH),
                        Tokens.hash(secret),
                        draft.permissions(),
                        call.caller().id(),
                        draft.expiresAt())
                .compose(key -> audit.record(tx, call, "api-key", id, null, audited(key))
                        .map(Reply.created(
                                "/api/v1/api-keys/" + id, key.toJson().put("secret", secret))));
    }

    Future<Void> delete(Call call, UUID id) {
        var version = call.ifMatch();
        return owner(call.caller())
                .compose(owner -> transactions.run(tx -> find(tx, call.ws(), owner, id)
                        .compose(key -> store.delete(tx, call.ws(), id, version).compose(deleted -> {
                            if (!deleted) {
                                throw ProblemException.of(
                                        Kind.PRECONDITION_FAILED,
                                        "The key has changed since it was read. Read it again.");
                            }
                            return audit.record(tx, call, "api-key", id, audited(key), null);
                        }))
                        .compose(done -> SecurityEpochs.bump(tx, call.ws()))))
                .compose(done -> epochs.refresh());
    }

    private Future<ApiKey> find(SqlClient client, int ws, Optional<UUID> owner, UUID id) {
        return store.find(client, ws, owner, id)
                .map(found -> found.orElseThrow(() -> ProblemException.notFound("API key")));
    }

    private Future<Optional<UUID>> owner(Caller caller) {
        return roles.permits(caller, ANY).map(any -> any ? Optional.empty() : Optional.of(caller.id()));
    }

    private static JsonObject audited(ApiKey key) {
        return new JsonObject()
                .put("name", key.name())
                .put("prefix", key.prefix())
                .put("permissions", new JsonArray(key.permissions()))
                .put(
                        "expiresAt",
                        key.expiresAt() == null ? null : key.expiresAt().toString());
    }

    /** What a new key shall be; shape and limits are the contract's. */
    private record ApiKeyDraft(String name, List<String> permissions, Instant expiresAt) {
        static ApiKeyDraft of(JsonObject json, Instant now) {
            var name = json.getString("name").strip();
            if (name.isEmpty()) {
                throw ProblemException.unprocessable("/name", "A name must not be blank.");
            }
            var permissions = json.getJsonArray("permissions").stream()
                    .map(String.class::cast)
                    .distinct()
                    .toList();
            return new ApiKeyDraft(name, permissions, expiresAt(json.getString("expiresAt"), now));
        }

        private static Instant expiresAt(String text, Instant now) {
            if (text == null) {
                return null;
            }
            var expiresAt = Rfc3339.at("/expiresAt", text).toInstant();
            if (!expiresAt.isAfter(now)) {
                throw ProblemException.unprocessable("/expiresAt", "A key must expire in the future.");
            }
            return expiresAt;
        }
    }
}
