package app.fathi.cep;

import app.fathi.cep.message.ChannelKind;
import app.fathi.cep.message.Obstacle;
import app.fathi.cep.policies.Policies;
import app.fathi.cep.policies.PoliciesStore;
import app.fathi.cep.sending.Sending;
import app.fathi.cep.stops.KillSwitch;
import app.fathi.cep.stops.KillSwitchStore;
import app.fathi.cep.stops.QuotaStore;
import app.fathi.platform.errors.Problem.Fault;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;

/** What stands against a message to many, as far as that is known before anybody is looked for. */
public final class Obstacles {
    private final Sending sending;
    private final ChannelKind kind = ChannelKind.WEBPUSH;

    public Obstacles(Sending sending) {
        this.sending = sending;
    }

    /**
     * @param campaign whose message it is; null where it is no campaign's
     * @param at when it is to be sent
     * @param deliveries how many it may take
     */
    public Future<List<Obstacle>> of(
            SqlClient client, int ws, UUID campaign, String purpose, Instant at, long deliveries) {
        boolean transactional = purpose.equals("transactional");
        var switches = KillSwitchStore.all(client, ws);
        var quota = QuotaStore.usage(client, ws);
        var policies = PoliciesStore.inForce(client, ws);
        var channel = channel(client, ws);
        return Future.all(switches, quota, policies, channel).map(all -> {
            var found = new ArrayList<>(channel.result());
            switches.result().stream()
                    .filter(one -> !(transactional && one.exceptTransactional()))
                    .filter(one -> one.scope() != KillSwitch.Scope.CAMPAIGN
                            || campaign != null && one.target().equals(campaign.toString()))
                    .forEach(one -> found.add(killed(one)));
            Stream.of(
                            quota(quota.result().day(), deliveries, "day"),
                            quota(quota.result().month(), deliveries, "month"))
                    .forEach(found::addAll);
            if (!transactional) {
                found.addAll(policies(policies.result(), at));
            }
            return found;
        });
    }

    /** Those of the channel alone. */
    public Future<List<Obstacle>> channel(SqlClient client, int ws) {
        return sending.channel(kind).obstacles(client, ws);
    }

    private static Obstacle killed(KillSwitch one) {
        boolean all = one.scope() != KillSwitch.Scope.ORIGIN;
        return new Obstacle(
                all,
                "kill_switch",
                "A kill switch is engaged (" + one.what() + "): " + one.reason()
                        + (all ? "" : ". Nothing goes to this push service."));
    }

    private static List<Obstacle> quota(QuotaStore.Span span, long deliveries, String of) {
        if (span.limit() == null) {
            return List.of();
        }
        long left = Math.max(0, span.limit() - span.used());
        return left >= deliveries && left > 0
                ? List.of()
                : List.of(new Obstacle(
                        left == 0,
                        "quota",
                        "Of the workspace's quota for this " + of + " " + left + " deliveries are left, until "
                                + span.resetsAt() + "."));
    }

    /** By the workspace's clock: where people are is not known yet. */
    private static List<Obstacle> policies(Policies policies, Instant at) {
        var found = new ArrayList<Obstacle>();
        for (var blackout : policies.blackouts()) {
            var until = blackout.until(at, policies.zone());
            if (until != null) {
                found.add(new Obstacle(
                        !blackout.hold() && !blackout.ofProfile(),
                        "blackout",
                        "It falls into the blackout " + blackout.name() + ": "
                                + (blackout.hold() ? "what is sent waits until " + until : "nothing is sent")
                                + (blackout.ofProfile() ? ", by each person's clock." : ".")));
            }
        }
        var quiet = policies.quietHours();
        var until = quiet == null ? null : quiet.hours().until(at, policies.zone());
        if (until != null) {
            found.add(new Obstacle(
                    false,
                    "quiet_hours",
                    "It falls into the quiet hours, which end by the workspace's clock at " + until + ": "
                            + (quiet.hold() ? "who has them waits." : "who has them is left out.")));
        }
        return found;
    }

    /**
     * Names in content that nothing is called, each at its pointer: no fault, and empty for everybody.
     *
     * @param each people have something of their own besides, which is {@code data}
     */
    public Future<List<Fault>> unknown(JsonObject content, String pointer, boolean each) {
        var known = each ? Set.of("traits", "data") : Set.of("traits");
        return sending.pool()
                .map(false, List.of(content), one -> sending.renderer().unknown(one, pointer, known))
                .map(List::getFirst);
    }

    /** What is wrong with content that everybody gets as it is, each fault at its pointer. */
    public Future<List<Fault>> faults(int ws, JsonObject content, String pointer) {
        return sending.pool()
                .map(false, List.of(content), one -> {
                    var faults = sending.renderer().check(one, pointer);
                    return faults.isEmpty() ? sending.channel(kind).check(ws, one, pointer) : faults;
                })
                .map(List::getFirst);
    }
}
