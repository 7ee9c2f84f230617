package app.fathi.cep.stops;

import app.fathi.cep.message.ChannelKind;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.outbound.Origin;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.Arrays;
import java.util.Locale;
import java.util.UUID;

/**
 * Something that must not be sent until somebody takes it back: a row of {@code cep_kill_switch}.
 *
 * @param target the channel's name, the push service's origin or the campaign's id; empty for the wider scopes
 * @param exceptTransactional messages of the purpose {@code transactional} still go
 */
public record KillSwitch(
        Scope scope, String target, boolean exceptTransactional, String reason, String engagedBy, Instant engagedAt) {

    /** What it stops. */
    public enum Scope {
        /** The whole installation. */
        ALL,
        WORKSPACE,
        /** One channel of the workspace. */
        CHANNEL,
        /** What would go to one push service, or another single origin, for the workspace. */
        ORIGIN,
        /** The messages of one campaign. */
        CAMPAIGN;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        static Scope of(String word) {
            return valueOf(word.toUpperCase(Locale.ROOT));
        }

        boolean hasTarget() {
            return this == CHANNEL || this == ORIGIN || this == CAMPAIGN;
        }
    }

    /** The switches of the whole installation are nobody's workspace's. */
    private static final int EVERYBODY = 0;

    /** The workspace under which a switch of this scope stands. */
    static int owner(Scope scope, int ws) {
        return scope == Scope.ALL ? EVERYBODY : ws;
    }

    /**
     * The target as it is stored, empty for the wider scopes; fails with {@code unprocessable} for one that the scope cannot
     * have.
     *
     * @param target null when none was named
     */
    static String target(Scope scope, String target) {
        if (scope.hasTarget() == (target == null)) {
            throw ProblemException.unprocessable(
                    "/target",
                    scope.hasTarget()
                            ? "Name the channel, such as webpush, the origin, such as https://fcm.googleapis.com, or the campaign's id."
                            : "The scope " + scope.word() + " has no target.");
        }
        return switch (scope) {
            case ALL, WORKSPACE -> "";
            case CHANNEL ->
                Arrays.stream(ChannelKind.values())
                        .map(ChannelKind::word)
                        .filter(target::equals)
                        .findFirst()
                        .orElseThrow(() -> ProblemException.unprocessable(
                                "/target", "There is no such channel; there is webpush."));
            case ORIGIN ->
                Origin.parse(target)
                        .orElseThrow(() -> ProblemException.unprocessable(
                                "/target", "An origin is scheme, host and port, such as https://fcm.googleapis.com."));
            case CAMPAIGN -> campaign(target);
        };
    }

    private static String campaign(String target) {
        try {
            return UUID.fromString(target).toString();
        } catch (IllegalArgumentException e) {
            throw ProblemException.unprocessable("/target", "A campaign is named by its id, a UUID.");
        }
    }

    /** Of a campaign that there is not nothing would be stopped, and whoever mistyped it would not know. */
    static ProblemException noCampaign(String target) {
        return ProblemException.unprocessable("/target", "There is no campaign " + target + " in this workspace.");
    }

    /** In a line for people. */
    public String what() {
        return target.isEmpty() ? scope.word() : scope.word() + " " + target;
    }

    /** As the audit trail names it. */
    static String objectId(Scope scope, String target) {
        return target.isEmpty() ? scope.word() : scope.word() + ":" + target;
    }

    JsonObject toJson() {
        return new JsonObject()
                .put("scope", scope.word())
                .put("target", target.isEmpty() ? null : target)
                .put("exceptTransactional", exceptTransactional)
                .put("reason", reason)
                .put("engagedBy", engagedBy)
                .put("engagedAt", engagedAt.toString());
    }
}
