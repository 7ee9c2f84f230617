package app.fathi.users;

import app.fathi.platform.security.Identities;
import java.util.Set;
import java.util.UUID;

/**
 * What others may know of a workspace.
 *
 * @param timezone IANA name
 * @param language BCP 47 tag
 * @param identityVerification what browsers must prove about known people
 * @param origins what browser keys are bound to; empty when they are not
 */
public record WorkspaceSettings(
        UUID id,
        String name,
        String timezone,
        String language,
        Identities.Policy identityVerification,
        Set<String> origins) {}
