package app.fathi.users;

import java.time.Instant;
import java.util.Set;
import java.util.UUID;

/**
 * A workspace's row.
 *
 * @param identityVerification {@code off}, {@code addresses} or {@code all}
 * @param twoFactorRequired who has no second factor may do nothing here but get one
 * @param passwordSignIn whether a password lets in; else an identity provider of the workspace alone does
 * @param sessionDays how long a sign-in lasts; null: as the installation says
 * @param sealedIdentityKey opens at {@link #identityKeyPlace()}
 * @param before the identity key of before; null where there is none
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
        boolean passwordSignIn,
        Integer sessionDays,
        byte[] sealedIdentityKey,
        KeyBefore before,
        Set<String> origins,
        WorkspaceRules rules,
        Retention retention,
        Instant createdAt,
        Instant updatedAt,
        long version) {

    /**
     * An identity key that proves who visitors are until it ends.
     *
     * @param sealed opens at {@link #identityKeyBeforePlace()}
     */
    record KeyBefore(byte[] sealed, Instant until) {
        boolean works(Instant now) {
            return now.isBefore(until);
        }
    }

    String identityKeyPlace() {
        return identityKeyPlace(id);
    }

    static String identityKeyPlace(UUID id) {
        return "users_workspace.identity_key|" + id;
    }

    String identityKeyBeforePlace() {
        return "users_workspace.identity_key_before|" + id;
    }

    Workspace with(
            String newName,
            String newTimezone,
            String newLanguage,
            String newIdentityVerification,
            boolean newTwoFactorRequired,
            boolean newPasswordSignIn,
            Integer newSessionDays,
            Set<String> newOrigins,
            WorkspaceRules newRules,
            Retention newRetention) {
        return new Workspace(
                ws,
                id,
                newName,
                newTimezone,
                newLanguage,
                newIdentityVerification,
                newTwoFactorRequired,
                newPasswordSignIn,
                newSessionDays,
                sealedIdentityKey,
                before,
                newOrigins,
                newRules,
                newRetention,
                createdAt,
                updatedAt,
                version);
    }
}
