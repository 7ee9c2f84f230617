package app.fathi.users;

import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Authorities;
import app.fathi.platform.security.Caller;
import io.vertx.core.Future;

/** Where a workspace asks for a second factor, who has none may do nothing there but get one. */
final class SecondFactorGate implements Authorities {
    private final Authorities authorities;

    SecondFactorGate(Authorities authorities) {
        this.authorities = authorities;
    }

    @Override
    public Future<Boolean> permits(Caller caller, String permission) {
        return caller.mustEnrol()
                ? Future.failedFuture(
                        ProblemException.forbidden("This workspace asks for a second factor and your account"
                                + " has none. Get one with POST /api/v1/auth/totp; then go on."))
                : authorities.permits(caller, permission);
    }
}
