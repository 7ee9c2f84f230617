package app.fathi.platform.security;

import io.vertx.core.Future;

/** Tells who shows a credential. Implemented by {@code users}. */
public interface Credentials {

    /** A credential as the request carries it. */
    sealed interface Presented {
        /** {@code Authorization: Bearer …}: a JWT access token of a user, or a secret API key {@code fsk_…}. */
        record Bearer(String token) implements Presented {}

        /** A write key {@code fwk_…}: Basic username, {@code X-Write-Key} or {@code writeKey} in the body; origin may be null. */
        record WriteKey(String key, String origin) implements Presented {}
    }

    /**
     * The caller behind the credential; fails with an {@code unauthenticated} problem when it is unknown, expired,
     * revoked, malformed, or a browser key from an origin that it is not bound to.
     */
    Future<Caller> authenticate(Presented presented);

    /** Whether this credential was good a moment ago, so that nothing has to be looked up. */
    boolean remembers(Presented presented);
}
