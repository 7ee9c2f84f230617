package app.fathi.cep.stops;

import app.fathi.cep.stops.KillSwitch.Scope;
import app.fathi.platform.audit.OperatorAudit;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;

/**
 * The emergency stop for who is at the machine itself: the same rows and the same audit as {@link KillSwitches}, over JDBC, so
 * that it works while no server runs.
 */
public final class OperatorSwitches {
    private OperatorSwitches() {}

    /**
     * A switch as the tool shows it.
     *
     * @param ws 0 for the whole installation
     * @param what scope and target in words
     */
    public record Shown(
            int ws, String what, boolean exceptTransactional, String reason, String engagedBy, Instant engagedAt) {}

    /** The words of the scopes, the widest first. */
    public static List<String> scopes() {
        return Arrays.stream(Scope.values()).map(Scope::word).toList();
    }

    /** Whether a switch of this scope is one workspace's, and not everybody's. */
    public static boolean isOfWorkspace(String scope) {
        return Scope.of(scope) != Scope.ALL;
    }

    /** All that are engaged in the installation, the widest first. */
    public static List<Shown> all(Connection connection) throws SQLException {
        return KillSwitchStore.all(connection).stream()
                .map(owned -> shown(owned.ws(), owned.killSwitch()))
                .toList();
    }

    /**
     * Engages it, or changes its reason and exception, with its line in the audit trail, in the caller's transaction. Fails
     * with an {@code unprocessable} problem for a target that the scope cannot have.
     *
     * @param ws not looked at where the scope is everybody's
     * @param target null for the wider scopes
     */
    public static Shown engage(
            Connection tx, String scope, int ws, String target, boolean exceptTransactional, String reason)
            throws SQLException {
        var place = Place.of(scope, ws, target);
        if (place.scope == Scope.CAMPAIGN && !KillSwitchStore.isCampaign(tx, place.ws, place.target)) {
            throw KillSwitch.noCampaign(place.target);
        }
        var before = KillSwitchStore.find(tx, place.ws, place.scope, place.target);
        var after = KillSwitchStore.engage(
                tx, place.ws, place.scope, place.target, exceptTransactional, reason, OperatorAudit.operator());
        record(tx, place, before.orElse(null), after);
        return shown(place.ws, after);
    }

    /** Takes it back; false when it was not engaged. */
    public static boolean lift(Connection tx, String scope, int ws, String target) throws SQLException {
        var place = Place.of(scope, ws, target);
        var before = KillSwitchStore.find(tx, place.ws, place.scope, place.target);
        if (before.isEmpty()) {
            return false;
        }
        KillSwitchStore.lift(tx, place.ws, place.scope, place.target);
        record(tx, place, before.get(), null);
        return true;
    }

    private record Place(int ws, Scope scope, String target) {
        static Place of(String word, int ws, String target) {
            var scope = Scope.of(word);
            return new Place(KillSwitch.owner(scope, ws), scope, KillSwitch.target(scope, target));
        }
    }

    private static void record(Connection tx, Place place, KillSwitch before, KillSwitch after) throws SQLException {
        OperatorAudit.record(
                tx,
                place.ws == 0 ? OperatorAudit.FIRST_WORKSPACE : place.ws,
                "kill-switch.set",
                "kill-switch",
                KillSwitch.objectId(place.scope, place.target),
                before == null ? null : before.toJson(),
                after == null ? null : after.toJson());
    }

    private static Shown shown(int ws, KillSwitch of) {
        return new Shown(ws, of.what(), of.exceptTransactional(), of.reason(), of.engagedBy(), of.engagedAt());
    }
}
