package app.fathi.platform.security;

import java.time.Instant;
import java.util.Set;
import java.util.UUID;

/**
 * Who asks, and in which workspace.
 *
 * @param kind what kind of credential was shown
 * @param ws the workspace's small internal number; 0 only for {@link Kind#PUBLIC}
 * @param workspaceId the workspace's public id; null only for {@link Kind#PUBLIC}
 * @param id the user's or key's public id; null only for {@link Kind#PUBLIC}
 * @param name what audit and logs call this caller: never an e-mail address
 * @param scopes permissions a key is limited to; empty for users, whose permissions come from their roles
 * @param origins origins a browser write key is bound to; empty when unbound
 * @param sessionId the session of a user's token, null otherwise
 * @param signedInAt when its owner last showed their password, and their second factor if they have one; null otherwise
 * @param bound signed in through an identity provider of this workspace, whose word counts in no other
 * @param mustEnrol a user without a second factor, of a workspace that asks for one: they may get one and nothing else
 */
public record Caller(
        Kind kind,
        int ws,
        UUID workspaceId,
        UUID id,
        String name,
        Set<String> scopes,
        Set<String> origins,
        UUID sessionId,
        Instant signedInAt,
        boolean bound,
        boolean mustEnrol) {

    /** Somebody who did not sign in. */
    public Caller(
            Kind kind,
            int ws,
            UUID workspaceId,
            UUID id,
            String name,
            Set<String> scopes,
            Set<String> origins,
            UUID sessionId) {
        this(kind, ws, workspaceId, id, name, scopes, origins, sessionId, null, false, false);
    }

    /** A user who became known while a public operation was answered: there is no session. */
    public static Caller user(int ws, UUID workspaceId, UUID id, String name) {
        return new Caller(Kind.USER, ws, workspaceId, id, name, Set.of(), Set.of(), null);
    }

    public enum Kind {
        PUBLIC,
        USER,
        API_KEY,
        /** A token of an identity provider of the workspace: {@code id} is that provider's. */
        MACHINE,
        BROWSER_KEY,
        SERVER_KEY
    }

    public static final Caller ANONYMOUS =
            new Caller(Kind.PUBLIC, 0, null, null, "anonymous", Set.of(), Set.of(), null);

    /** A browser key is public: it proves nobody. */
    public boolean isBrowserKey() {
        return kind == Kind.BROWSER_KEY;
    }
}
