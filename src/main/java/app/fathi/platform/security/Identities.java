package app.fathi.platform.security;

import io.vertx.core.Future;

/**
 * Tells what a browser must prove about a known person, and checks the proof. Implemented by {@code users}; asked by the
 * domains that attach addresses or events to people.
 */
public interface Identities {

    /** What needs a valid identity token over a browser's public key. */
    enum Policy {
        /** Nothing. */
        OFF,
        /** Attaching a subscription, inbox or address to a known person. */
        ADDRESSES,
        /** Every event that names a {@code userId}, too. */
        ALL
    }

    Future<Policy> policy(int ws);

    /**
     * The {@code userId} that the token proves: {@code sub} of a JWT (RFC 7519) signed with HS256 and the workspace's
     * identity key, whose {@code exp} is at most 24 hours ahead. Fails with an {@code unprocessable} problem when the
     * token is anything else.
     *
     * @param pointer where the token stands in the request, for that problem
     */
    Future<String> verify(int ws, String pointer, String token);
}
