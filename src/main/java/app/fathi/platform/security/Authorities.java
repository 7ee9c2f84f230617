package app.fathi.platform.security;

import io.vertx.core.Future;

/** Tells what a caller may do. Implemented by {@code roles}; looked up at each request, so role changes work at once. */
public interface Authorities {

    /** Whether the caller holds the permission, named {@code resource:action} as in the contract's {@code x-permission}. */
    Future<Boolean> permits(Caller caller, String permission);
}
