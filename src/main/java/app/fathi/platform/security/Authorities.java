package app.fathi.platform.security;

import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Future;

/** Tells what a caller may do. Implemented by {@code roles}; looked up at each request, so role changes work at once. */
public interface Authorities {

    /** Whether the caller holds the permission, named {@code resource:action} as in the contract's {@code x-permission}. */
    Future<Boolean> permits(Caller caller, String permission);

    /**
     * Fails with {@code forbidden} for who does not hold it: what the contract's {@code x-permission} cannot say, as it depends on what is
     * asked for.
     *
     * @param otherwise what they are told
     */
    default Future<Void> require(Caller caller, String permission, String otherwise) {
        return permits(caller, permission).map(permitted -> {
            if (!permitted) {
                throw ProblemException.forbidden(otherwise);
            }
            return null;
        });
    }
}
