package app.fathi.users;

import app.fathi.platform.outbound.OutboundGuard;
import app.fathi.platform.security.Caller;
import app.fathi.platform.security.EpochCache;
import app.fathi.platform.security.SecurityEpochs;
import app.fathi.roles.Roles;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * Tokens of programs that another issuer vouches for. Issuer and audience together say which workspace's provider this is;
 * the token has no say in that, and what it may is looked up by the mapping of that provider at each request.
 */
final class MachineTokens {
    private static final int KNOWN_TOKENS = 10_000;
    /** An issuer may take a key back: no token outlives it for longer. */
    private static final Duration KNOWN_FOR = Duration.ofMinutes(1);

    private static final int MAX_NAME = 120;

    private final Pool pool;
    private final ForeignTokens tokens;
    private final ProviderDocuments documents;
    private final OutboundGuard guard;
    private final Roles roles;
    private final InstantSource clock;
    private final IdentityProvidersStore store = new IdentityProvidersStore();
    private final EpochCache<ForeignTokens.Unproved, Machines> machines;
    /** Whose signature was found good. */
    private final Cache<String, Known> known = Caffeine.newBuilder()
            .maximumSize(KNOWN_TOKENS)
            .expireAfterWrite(KNOWN_FOR)
            .build();

    /** A provider of machines, and its workspace. */
    record Machines(IdentityProvider provider, UUID workspace) {}

    private record Known(UUID provider, long version, ForeignClaims claims) {}

    MachineTokens(
            Pool pool,
            SecurityEpochs epochs,
            ForeignTokens tokens,
            ProviderDocuments documents,
            OutboundGuard guard,
            Roles roles,
            InstantSource clock) {
        this.pool = pool;
        this.tokens = tokens;
        this.documents = documents;
        this.guard = guard;
        this.roles = roles;
        this.clock = clock;
        this.machines = new EpochCache<>(epochs);
    }

    /** Whether nothing has to be looked up to know whose it claims to be. */
    boolean remembers(String token) {
        return ForeignTokens.unproved(token).map(machines::has).orElse(true);
    }

    /** Who shows the token; an {@code unauthenticated} problem whatever is wrong with it. */
    Future<Caller> authenticate(String token) {
        var unproved = ForeignTokens.unproved(token);
        return unproved.isEmpty()
                ? Future.failedFuture(ForeignTokens.refused())
                : machines.get(unproved.get(), () -> find(unproved.get()))
                        .compose(found -> found == null
                                ? Future.failedFuture(ForeignTokens.refused())
                                : verify(token, found.provider).compose(claims -> caller(found, claims)));
    }

    /** A token that is for the providers of two workspaces at once is for none. */
    private Future<EpochCache.Found<Machines>> find(ForeignTokens.Unproved unproved) {
        return store.findMachines(pool, unproved.issuer(), unproved.audiences())
                .compose(found -> found.size() != 1
                        ? Future.succeededFuture(null)
                        : roles.mappings(pool, List.of(found.getFirst().provider.id()))
                                .map(mappings -> {
                                    var provider = found.getFirst().provider;
                                    return EpochCache.found(
                                            provider.ws(),
                                            new Machines(
                                                    provider.withMappings(
                                                            mappings.getOrDefault(provider.id(), List.of())),
                                                    found.getFirst().workspace));
                                }));
    }

    private Future<ForeignClaims> verify(String token, IdentityProvider provider) {
        var before = known.getIfPresent(token);
        if (before != null
                && before.provider.equals(provider.id())
                && before.version == provider.version()
                && before.claims.said().getDouble("exp") > clock.millis() / 1_000.0) {
            return Future.succeededFuture(before.claims);
        }
        return jwks(provider)
                .compose(jwks -> tokens.verify(token, provider.issuer(), jwks))
                .onSuccess(claims -> known.put(token, new Known(provider.id(), provider.version(), claims)));
    }

    private Future<URI> jwks(IdentityProvider provider) {
        return provider.jwksUrl() != null
                ? Future.succeededFuture(URI.create(provider.jwksUrl()))
                : documents
                        .read(ProviderMetadata.place(provider.issuer()))
                        .map(said -> ProviderMetadata.jwks(said, provider.issuer(), guard));
    }

    private Future<Caller> caller(Machines machines, ForeignClaims claims) {
        var provider = machines.provider;
        if (!claims.has(provider.requiredClaims())) {
            return Future.failedFuture(ForeignTokens.refused());
        }
        return roles.permissionsOf(provider.ws(), claims.roles(provider.mappings()))
                .map(permissions -> new Caller(
                        Caller.Kind.MACHINE,
                        provider.ws(),
                        machines.workspace,
                        provider.id(),
                        name(provider, claims.text("sub")),
                        permissions,
                        Set.of(),
                        null));
    }

    /** With the subject, unless that is an address of somebody. */
    private static String name(IdentityProvider provider, String subject) {
        var name = provider.name() + " (" + subject + ")";
        return subject.contains("@")
                        || name.length() > MAX_NAME
                        || subject.chars().anyMatch(Character::isISOControl)
                ? provider.name()
                : name;
    }
}
