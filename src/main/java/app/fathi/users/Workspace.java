package app.fathi.users;

import java.time.Instant;
import java.util.Set;
import java.util.UUID;

/**
 * A workspace's row.
 *
 * @param identityVerification {@code off}, {@code addresses} or {@code all}
 * @param twoFactorRequired who has no second factor may do nothing here but get one
 * @param sessionDays how long a sign-in lasts; null: as the installation says
 * @param sealedIdentityKey opens at {@link #identityKeyPlace()}
 * @param origins what browser keys are bound to; empty when they are not
 * @param rules for all that is taken and sent in it
 */
record Workspace(
        int ws,
        UUID id,
        String name,
        String timezone,
        String language,
        String identityVerification,
        boolean twoFactorRequired,
        Integer sessionDays,
        byte[] sealedIdentityKey,
        Set<String> origins,
        WorkspaceRules rules,
        Instant createdAt,
        Instant updatedAt,
        long version) {

    String identityKeyPlace() {
        return identityKeyPlace(id);
    }

    static String identityKeyPlace(UUID id) {
        return "users_workspace.identity_key|" + id;
    }

    Workspace with(
            String newName,
            String newTimezone,
            String newLanguage,
            String newIdentityVerification,
            boolean newTwoFactorRequired,
            Integer newSessionDays,
            Set<String> newOrigins,
            WorkspaceRules newRules) {
        return new Workspace(
                ws,
                id,
                newName,
                newTimezone,
                newLanguage,
                newIdentityVerification,
                newTwoFactorRequired,
                newSessionDays,
                sealedIdentityKey,
                newOrigins,
                newRules,
                createdAt,
                updatedAt,
                version);
    }
}
