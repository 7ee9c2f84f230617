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
import java.util.Set;
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
            requireGrantable(draft.permissions(), held);
            return transactions.onceSealed(call, secrets, tx -> create(tx, call, draft));
        });
    }

    private void requireGrantable(List<String> permissions, Set<String> held) {
        for (int i = 0; i < permissions.size(); i++) {
            var permission = permissions.get(i);
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
    }

    /** What is given changes, the rest stays. */
    Future<ApiKey> update(Call call, UUID id) {
        var version = call.ifMatch();
        var change = call.json();
        return roles.permissionsOf(call.caller())
                .compose(held -> owner(call.caller())
                        .compose(owner -> transactions.run(
                                tx -> find(tx, call.ws(), owner, id).compose(before -> {
                                    var after = ApiKeyDraft.changed(before, change, clock.instant());
                                    if (change.containsKey("permissions")) {
                                        requireGrantable(after.permissions(), held);
                                    }
                                    return store.update(
                                                    tx,
                                                    call.ws(),
                                                    id,
                                                    version,
                                                    after.name(),
                                                    after.permissions(),
                                                    after.expiresAt())
                                            .map(ApiKeysService::requireCurrent)
                                            .compose(done -> find(tx, call.ws(), owner, id))
                                            .compose(key -> audit.record(
                                                            tx, call, "api-key", id, audited(before), audited(key))
                                                    .compose(done -> SecurityEpochs.bump(tx, call.ws()))
                                                    .map(key));
                                }))))
                .compose(key -> epochs.refresh().map(key));
    }

    private static Void requireCurrent(boolean changed) {
        if (!changed) {
            throw ProblemException.of(
                    Kind.PRECONDITION_FAILED, "The key has changed since it was read. Read it again.");
        }
        return null;
    }

    /** Another secret, shown this once and in its replays; whoever gets it could have made the key themselves. */
    Future<Reply> rotate(Call call, UUID id) {
        int overlapSeconds = call.json().getInteger("overlapSeconds", 0);
        return roles.permissionsOf(call.caller())
                .compose(held -> owner(call.caller())
                        .compose(owner -> transactions.onceSealed(call, secrets, tx -> find(tx, call.ws(), owner, id)
                                .compose(before -> {
                                    requireGrantable(before.permissions(), held);
                                    var secret = Tokens.key(Tokens.API_KEY);
                                    return store.rotate(
                                                    tx,
                                                    call.ws(),
                                                    id,
                                                    secret.substring(0, PREFIX_LENGTH),
                                                    Tokens.hash(secret),
                                                    overlapSeconds)
                                            .compose(done -> find(tx, call.ws(), owner, id))
                                            .compose(key -> audit.record(
                                                            tx, call, "api-key", id, audited(before), audited(key))
                                                    .compose(done -> SecurityEpochs.bump(tx, call.ws()))
                                                    .map(Reply.ok(key.toJson().put("secret", secret))));
                                }))))
                .compose(reply -> epochs.refresh().map(reply));
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
                        .compose(key -> store.delete(tx, call.ws(), id, version)
                                .map(ApiKeysService::requireCurrent)
                                .compose(done -> audit.record(tx, call, "api-key", id, audited(key), null)))
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
            return new ApiKeyDraft(
                    name(json.getString("name")),
                    permissions(json.getJsonArray("permissions")),
                    expiresAt(json.getString("expiresAt"), now));
        }

        static ApiKeyDraft changed(ApiKey key, JsonObject change, Instant now) {
            return new ApiKeyDraft(
                    change.containsKey("name") ? name(change.getString("name")) : key.name(),
                    change.containsKey("permissions")
                            ? permissions(change.getJsonArray("permissions"))
                            : key.permissions(),
                    change.containsKey("expiresAt") ? expiresAt(change.getString("expiresAt"), now) : key.expiresAt());
        }

        private static String name(String name) {
            if (name.isBlank()) {
                throw ProblemException.unprocessable("/name", "A name must not be blank.");
            }
            return name.strip();
        }

        private static List<String> permissions(JsonArray permissions) {
            return permissions.stream().map(String.class::cast).distinct().toList();
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
