package app.fathi.users;

import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Caller;
import app.fathi.platform.security.Credentials;
import app.fathi.platform.security.EpochCache;
import app.fathi.platform.security.SecurityEpochs;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Pool;
import java.time.InstantSource;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/** Finds who is behind a credential. What it found is remembered until the workspace's security epoch moves. */
final class KnownCredentials implements Credentials {
    private final Pool pool;
    private final AccessTokens accessTokens;
    private final MachineTokens machineTokens;
    private final InstantSource clock;
    private final SessionsStore sessions = new SessionsStore();
    private final ApiKeysStore apiKeys = new ApiKeysStore();
    private final WriteKeysStore writeKeys = new WriteKeysStore();
    private final EpochCache<UUID, SessionsStore.Live> liveSessions;
    private final EpochCache<Buffer, ApiKeysStore.Known> knownApiKeys;
    private final EpochCache<Buffer, WriteKeysStore.Known> knownWriteKeys;
    /** API keys used since they were last written down. */
    private final Set<UUID> used = ConcurrentHashMap.newKeySet();

    KnownCredentials(
            Pool pool,
            SecurityEpochs epochs,
            AccessTokens accessTokens,
            MachineTokens machineTokens,
            InstantSource clock) {
        this.clock = clock;
        this.pool = pool;
        this.accessTokens = accessTokens;
        this.machineTokens = machineTokens;
        this.liveSessions = new EpochCache<>(epochs);
        this.knownApiKeys = new EpochCache<>(epochs);
        this.knownWriteKeys = new EpochCache<>(epochs);
    }

    @Override
    public Future<Caller> authenticate(Presented presented) {
        return switch (presented) {
            case Presented.Bearer bearer ->
                bearer.token().startsWith(Tokens.API_KEY) ? apiKey(bearer.token()) : token(bearer.token());
            case Presented.WriteKey writeKey -> writeKey(writeKey.key(), writeKey.origin());
        };
    }

    /** Our access tokens are found out by their signature. */
    @Override
    public boolean remembers(Presented presented) {
        return switch (presented) {
            case Presented.Bearer bearer ->
                bearer.token().startsWith(Tokens.API_KEY)
                        ? knownApiKeys.has(Tokens.hash(bearer.token()))
                        : accessTokens.isOurs(bearer.token()) || machineTokens.remembers(bearer.token());
            case Presented.WriteKey writeKey -> knownWriteKeys.has(Tokens.hash(writeKey.key()));
        };
    }

    private Future<Caller> token(String token) {
        return accessTokens.isOurs(token) ? accessToken(token) : machineTokens.authenticate(token);
    }

    private Future<Caller> accessToken(String token) {
        return accessTokens.verify(token).compose(claims -> liveSessions
                .get(claims.session(), () -> sessions.findLive(pool, claims.session())
                        .map(found -> found.map(live -> EpochCache.found(live.ws(), live))
                                .orElse(null)))
                .map(live -> {
                    if (live == null
                            || !live.account().equals(claims.account())
                            || !live.workspace().equals(claims.workspace())) {
                        throw ProblemException.unauthenticated("The session is over. Sign in again.");
                    }
                    return SessionsService.caller(claims.session(), live);
                }));
    }

    private Future<Caller> apiKey(String secret) {
        var hash = Tokens.hash(secret);
        return knownApiKeys
                .get(hash, () -> apiKeys.findBySecret(pool, hash)
                        .map(found -> found.map(known -> EpochCache.found(known.ws(), known))
                                .orElse(null)))
                .map(known -> {
                    if (known == null
                            || (known.expiresAt() != null && !clock.instant().isBefore(known.expiresAt()))) {
                        throw ProblemException.unauthenticated("There is no such API key, or no longer.");
                    }
                    used.add(known.id());
                    return new Caller(
                            Caller.Kind.API_KEY,
                            known.ws(),
                            known.workspace(),
                            known.id(),
                            known.name(),
                            known.permissions(),
                            Set.of(),
                            null);
                });
    }

    private Future<Caller> writeKey(String key, String origin) {
        var hash = Tokens.hash(key);
        return knownWriteKeys
                .get(hash, () -> writeKeys.find(pool, hash).map(found -> found.map(
                                known -> EpochCache.found(known.ws(), known))
                        .orElse(null)))
                .map(known -> {
                    if (known == null) {
                        throw ProblemException.unauthenticated("There is no such write key, or no longer.");
                    }
                    var bound = known.browser() && !known.origins().isEmpty();
                    if (bound && (origin == null || !known.origins().contains(origin))) {
                        throw ProblemException.unauthenticated("This write key does not work from this origin.");
                    }
                    return new Caller(
                            known.browser() ? Caller.Kind.BROWSER_KEY : Caller.Kind.SERVER_KEY,
                            known.ws(),
                            known.workspace(),
                            known.id(),
                            known.browser() ? "browser key" : "server key",
                            Set.of(),
                            known.browser() ? known.origins() : Set.of(),
                            null);
                });
    }

    /** Writes down which API keys were used, to the minute: once for many requests. */
    Future<Void> writeLastUsed() {
        var ids = Set.copyOf(used);
        if (ids.isEmpty()) {
            return Future.succeededFuture();
        }
        used.removeAll(ids);
        return apiKeys.touch(pool, ids);
    }
}
