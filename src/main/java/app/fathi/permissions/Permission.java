package app.fathi.permissions;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Everything that somebody may be allowed to do, named {@code resource:action} as in the contract's {@code x-permission}. */
public enum Permission {
    API_KEYS_READ("api-keys:read", true),
    API_KEYS_CREATE("api-keys:create", true),
    /** Renaming, rotating and re-scoping. */
    API_KEYS_UPDATE("api-keys:update", true),
    API_KEYS_DELETE("api-keys:delete", true),
    /** Without it the API keys that somebody sees and revokes are those that they made. */
    API_KEYS_ANY("api-keys:any", false),
    /** Seeing who works in the workspace. */
    USERS_READ("users:read", true),
    /** Inviting people, as far as one holds oneself what they will. */
    USERS_CREATE("users:create", true),
    /** Renaming, disabling and signing out people, and giving them roles, as far as one holds oneself what they hold. */
    USERS_UPDATE("users:update", true),
    USERS_DELETE("users:delete", true),
    /** Seeing the roles and who may what through which. */
    ROLES_READ("roles:read", true),
    /** Making roles, as far as one holds oneself what they allow. */
    ROLES_CREATE("roles:create", true),
    /** Changing roles that allow nothing that one lacks. */
    ROLES_UPDATE("roles:update", true),
    ROLES_DELETE("roles:delete", true),
    /** Seeing through which identity providers people sign in, and whose tokens are believed. */
    IDENTITY_PROVIDERS_READ("identity-providers:read", true),
    /** Making, changing and deleting them, as far as one holds oneself what they give. */
    IDENTITY_PROVIDERS_MANAGE("identity-providers:manage", true),
    /** Making another workspace on this installation. */
    WORKSPACES_CREATE("workspaces:create", true),
    WORKSPACES_READ("workspaces:read", true),
    /** Also shows the write key and the identity key. */
    WORKSPACES_UPDATE("workspaces:update", true),
    SUBSCRIPTIONS_READ("subscriptions:read", true),
    /** Saving, changing and ending the subscription of the browser that asks. */
    SUBSCRIPTIONS_SUBSCRIBE("subscriptions:subscribe", true),
    /** Changing and ending any subscription, without its device secret. */
    SUBSCRIPTIONS_WRITE("subscriptions:write", false),
    /** Taking all subscriptions away with their keys, in a sealed file. */
    SUBSCRIPTIONS_EXPORT("subscriptions:export", true),
    /** Bringing subscriptions from elsewhere, as a file. */
    SUBSCRIPTIONS_IMPORT("subscriptions:import", true),
    /** Seeing the push keys, never their private halves, and who is bound to them. */
    PUSH_KEYS_READ("push-keys:read", true),
    /** Rotating, importing and retiring push keys. */
    PUSH_KEYS_UPDATE("push-keys:update", true),
    SEGMENTS_READ("segments:read", true),
    /** Making, changing and deleting segments, and putting people into static ones. */
    SEGMENTS_MANAGE("segments:manage", true),
    TEMPLATES_READ("templates:read", true),
    /** Making, changing, submitting, archiving and deleting templates, snippets and images. */
    TEMPLATES_MANAGE("templates:manage", true),
    /** Letting what a template says be sent, or sending it back to who wrote it. */
    TEMPLATES_APPROVE("templates:approve", true),
    CAMPAIGNS_READ("campaigns:read", true),
    /** Making, changing, submitting, archiving and deleting campaigns. */
    CAMPAIGNS_EDIT("campaigns:edit", true),
    /** Sending a campaign to a few people to look at it. */
    CAMPAIGNS_TEST("campaigns:test", true),
    /** Letting a campaign go out, or sending it back to who wrote it. */
    CAMPAIGNS_APPROVE("campaigns:approve", true),
    /** Scheduling, launching, pausing and cancelling campaigns. */
    CAMPAIGNS_PUBLISH("campaigns:publish", true),
    SITES_READ("sites:read", true),
    /** Also binds browser keys to the origins of sites. */
    SITES_MANAGE("sites:manage", true),
    PROMPTS_READ("prompts:read", true),
    PROMPTS_MANAGE("prompts:manage", true),
    MESSAGES_READ("messages:read", true),
    MESSAGES_SEND("messages:send", true),
    /** Sending a test to a single subscription. */
    MESSAGES_TEST("messages:test", true),
    /** Messages with the purpose {@code transactional}, which pass marketing's limits. */
    MESSAGES_SEND_TRANSACTIONAL("messages:send-transactional", false),
    POLICIES_READ("policies:read", true),
    /** Laying down when messages go: caps, quiet hours, blackouts. */
    POLICIES_MANAGE("policies:manage", true),
    /** Asking why somebody gets something or does not. */
    DECISIONS_READ("decisions:read", true),
    KILL_SWITCH_READ("kill-switch:read", true),
    /** Stopping what is sent, and letting it go on. */
    KILL_SWITCH_UPDATE("kill-switch:update", true),
    PROFILES_READ("profiles:read", true),
    /** Setting traits and tags of people. */
    PROFILES_UPDATE("profiles:update", true),
    /** Taking away all that is known of a person, as a file. */
    PROFILES_EXPORT("profiles:export", true),
    /** Forgetting a person for good. */
    PROFILES_ERASE("profiles:erase", true),
    /** Seeing what people have agreed to. */
    CONSENTS_READ("consents:read", true),
    /** Saying what people have agreed to or refused. */
    CONSENTS_UPDATE("consents:update", true),
    SUPPRESSIONS_READ("suppressions:read", true),
    /** Saying to whom nothing is sent. */
    SUPPRESSIONS_UPDATE("suppressions:update", true),
    /** Without it whatever is personal is hidden in answers and files. */
    PERSONAL_READ("personal:read", false),
    EVENTS_WRITE("events:write", true),
    /** Watching what arrives, with its verdict. */
    EVENTS_READ("events:read", true),
    /** Seeing what events look like. */
    SCHEMAS_READ("schemas:read", true),
    /** Pinning what they should look like, which may have them refused, and forgetting what was observed. */
    SCHEMAS_MANAGE("schemas:manage", true),
    AUDIT_READ("audit:read", true),
    /** Taking the audit trail away as a file. */
    AUDIT_EXPORT("audit:export", true),
    JOBS_READ("jobs:read", true),
    JOBS_CANCEL("jobs:cancel", true),
    JOBS_REDRIVE("jobs:redrive", true),
    /** Without it the jobs that somebody sees, cancels and brings back are those of integrations. */
    JOBS_ANY("jobs:any", false);

    private static final Map<String, Permission> BY_NAME =
            Arrays.stream(values()).collect(Collectors.toUnmodifiableMap(Permission::permission, Function.identity()));

    private final String permission;
    private final boolean guardsOperation;

    Permission(String permission, boolean guardsOperation) {
        this.permission = permission;
        this.guardsOperation = guardsOperation;
    }

    /** The name in the contract, in tokens and in answers. */
    public String permission() {
        return permission;
    }

    /** Whether an operation of the contract names it; the others are asked for inside operations. */
    boolean guardsOperation() {
        return guardsOperation;
    }

    public static Optional<Permission> named(String permission) {
        return Optional.ofNullable(BY_NAME.get(permission));
    }
}
