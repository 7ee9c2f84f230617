package app.fathi.roles;

import static app.fathi.permissions.Permission.*;

import app.fathi.permissions.Permission;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/**
 * The roles that every workspace has. Where the product's matrix says "masked", a role may look but does not hold {@code
 * personal:read}: personal fields are hidden in what it sees.
 */
public enum BuiltInRole {
    ADMINISTRATOR("administrator", EnumSet.allOf(Permission.class)),
    MARKETING_MANAGER(
            "marketing-manager",
            EnumSet.of(
                    // Of marketing roles only: nobody gives, takes or changes what they lack.
                    USERS_READ,
                    USERS_CREATE,
                    USERS_UPDATE,
                    USERS_DELETE,
                    ROLES_READ,
                    ROLES_CREATE,
                    ROLES_UPDATE,
                    ROLES_DELETE,
                    WORKSPACES_READ,
                    SUBSCRIPTIONS_READ,
                    SEGMENTS_READ,
                    SEGMENTS_MANAGE,
                    TEMPLATES_READ,
                    TEMPLATES_MANAGE,
                    TEMPLATES_APPROVE,
                    CAMPAIGNS_READ,
                    CAMPAIGNS_EDIT,
                    CAMPAIGNS_TEST,
                    CAMPAIGNS_APPROVE,
                    CAMPAIGNS_PUBLISH,
                    SITES_READ,
                    SITES_MANAGE,
                    PROMPTS_READ,
                    PROMPTS_MANAGE,
                    POLICIES_READ,
                    POLICIES_MANAGE,
                    DECISIONS_READ,
                    MESSAGES_READ,
                    MESSAGES_SEND,
                    MESSAGES_TEST,
                    MESSAGES_SEND_TRANSACTIONAL,
                    KILL_SWITCH_READ,
                    KILL_SWITCH_UPDATE,
                    PROFILES_READ,
                    PERSONAL_READ,
                    EVENTS_READ,
                    SCHEMAS_READ,
                    CONSENTS_READ,
                    CONSENTS_UPDATE,
                    SUPPRESSIONS_READ,
                    SUPPRESSIONS_UPDATE,
                    AUDIT_READ)),
    CAMPAIGN_MANAGER(
            "campaign-manager",
            EnumSet.of(
                    WORKSPACES_READ,
                    SUBSCRIPTIONS_READ,
                    PROFILES_READ,
                    CONSENTS_READ,
                    SUPPRESSIONS_READ,
                    SEGMENTS_READ,
                    TEMPLATES_READ,
                    TEMPLATES_MANAGE,
                    TEMPLATES_APPROVE,
                    CAMPAIGNS_READ,
                    CAMPAIGNS_EDIT,
                    CAMPAIGNS_TEST,
                    CAMPAIGNS_PUBLISH,
                    SITES_READ,
                    PROMPTS_READ,
                    POLICIES_READ,
                    DECISIONS_READ,
                    MESSAGES_TEST)),
    CONTENT_EDITOR(
            "content-editor",
            EnumSet.of(
                    WORKSPACES_READ,
                    TEMPLATES_READ,
                    TEMPLATES_MANAGE,
                    TEMPLATES_APPROVE,
                    CAMPAIGNS_READ,
                    CAMPAIGNS_EDIT)),
    ANALYST(
            "analyst",
            EnumSet.of(
                    WORKSPACES_READ,
                    SUBSCRIPTIONS_READ,
                    PROFILES_READ,
                    CONSENTS_READ,
                    SUPPRESSIONS_READ,
                    SEGMENTS_READ,
                    TEMPLATES_READ,
                    CAMPAIGNS_READ,
                    SCHEMAS_READ,
                    SITES_READ,
                    PROMPTS_READ,
                    POLICIES_READ,
                    DECISIONS_READ,
                    MESSAGES_READ)),
    SEGMENT_MANAGER(
            "segment-manager",
            EnumSet.of(
                    WORKSPACES_READ, SUBSCRIPTIONS_READ, PROFILES_READ, SEGMENTS_READ, SEGMENTS_MANAGE, SCHEMAS_READ)),
    INTEGRATOR(
            "integrator",
            EnumSet.of(
                    WORKSPACES_READ,
                    API_KEYS_READ,
                    API_KEYS_CREATE,
                    API_KEYS_UPDATE,
                    API_KEYS_DELETE,
                    SUBSCRIPTIONS_READ,
                    PERSONAL_READ,
                    SUBSCRIPTIONS_SUBSCRIBE,
                    SUBSCRIPTIONS_WRITE,
                    SUBSCRIPTIONS_IMPORT,
                    SITES_READ,
                    PROMPTS_READ,
                    POLICIES_READ,
                    DECISIONS_READ,
                    MESSAGES_READ,
                    MESSAGES_SEND,
                    MESSAGES_TEST,
                    MESSAGES_SEND_TRANSACTIONAL,
                    EVENTS_WRITE,
                    EVENTS_READ,
                    SCHEMAS_READ,
                    SCHEMAS_MANAGE,
                    CONSENTS_READ,
                    CONSENTS_UPDATE,
                    SUPPRESSIONS_READ,
                    SUPPRESSIONS_UPDATE,
                    JOBS_READ,
                    JOBS_CANCEL,
                    JOBS_REDRIVE));

    private final String role;
    private final Set<Permission> permissions;

    BuiltInRole(String role, EnumSet<Permission> permissions) {
        this.role = role;
        this.permissions = Collections.unmodifiableSet(permissions);
    }

    /** The name in the database and in answers. */
    public String role() {
        return role;
    }

    Set<Permission> permissions() {
        return permissions;
    }

    static Optional<BuiltInRole> named(String role) {
        return Arrays.stream(values()).filter(each -> each.role.equals(role)).findFirst();
    }
}
