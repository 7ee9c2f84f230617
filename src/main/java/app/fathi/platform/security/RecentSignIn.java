package app.fathi.platform.security;

import app.fathi.platform.errors.ProblemException;
import java.time.Duration;
import java.time.InstantSource;

/**
 * For what a stolen token must not be enough: only a person who has just shown that it is they may, with their password and
 * the second factor that their account has. The contract says {@code x-recent-sign-in} there.
 */
public record RecentSignIn(Duration within, InstantSource clock) {

    /** Fails with 403 for keys, and for who signed in too long ago. */
    public void require(Caller caller) {
        if (caller.kind() != Caller.Kind.USER) {
            throw ProblemException.forbidden("This is for a person who has just signed in, not for an API key.");
        }
        if (caller.signedInAt().isBefore(clock.instant().minus(within))) {
            throw ProblemException.forbidden("This is for a person who has signed in within the last "
                    + within.toMinutes() + " minutes. Sign in again and use that token.");
        }
    }
}
