package app.fathi.cep.stops;

import app.fathi.cep.stops.KillSwitch.Scope;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The emergency stop. Senders read the switches with the run's state, in each intent and once a second, and send nothing
 * without having read them for four: nothing leaves five seconds after an answer from here.
 */
public final class KillSwitches {
    private static final Logger LOG = LoggerFactory.getLogger(KillSwitches.class);

    /** That of the first start: its administrators run the installation. */
    private static final int FIRST_WORKSPACE = 1;

    private final Transactions transactions;
    private final Audit audit;
    private final AtomicInteger engaged = new AtomicInteger();

    public KillSwitches(Transactions transactions, Audit audit, MeterRegistry registry) {
        this.transactions = transactions;
        this.audit = audit;
        registry.gauge("kill.switches", engaged);
    }

    /** Whether any is engaged anywhere in the installation; also what the metric says from then on. */
    public Future<Boolean> anyEngaged() {
        return KillSwitchStore.count(transactions.pool()).map(count -> {
            engaged.set(count);
            return count > 0;
        });
    }

    public Future<Reply> get(Call call) {
        return KillSwitchStore.all(transactions.pool(), call.ws())
                .map(switches -> Reply.ok(new JsonObject()
                        .put(
                                "engaged",
                                new JsonArray(switches.stream()
                                        .map(KillSwitch::toJson)
                                        .toList()))));
    }

    public Future<Reply> set(Call call) {
        var change = Change.of(call);
        return transactions
                .run(tx -> requireCampaign(tx, change)
                        .compose(there -> KillSwitchStore.find(tx, change.ws, change.scope, change.target))
                        .compose(before ->
                                change.engaged ? engage(tx, call, change, before) : lift(tx, call, change, before)))
                .compose(done -> anyEngaged())
                .compose(any -> get(call));
    }

    /** Lifting needs none: it may have been deleted since. */
    private static Future<Void> requireCampaign(SqlConnection tx, Change change) {
        return change.scope != Scope.CAMPAIGN || !change.engaged
                ? Future.succeededFuture()
                : KillSwitchStore.isCampaign(tx, change.ws, UUID.fromString(change.target))
                        .map(there -> {
                            if (!there) {
                                throw KillSwitch.noCampaign(change.target);
                            }
                            return null;
                        });
    }

    private Future<Void> engage(SqlConnection tx, Call call, Change change, Optional<KillSwitch> before) {
        return KillSwitchStore.engage(
                        tx,
                        change.ws,
                        change.scope,
                        change.target,
                        change.exceptTransactional,
                        change.reason,
                        call.caller().name())
                .compose(after -> record(tx, call, change, before.orElse(null), after))
                .onSuccess(done -> LOG.warn(
                        "Sending is stopped: {} of workspace {}, by {}",
                        change.what(),
                        call.ws(),
                        call.caller().name()));
    }

    /** Lifting what is not engaged changes nothing. */
    private Future<Void> lift(SqlConnection tx, Call call, Change change, Optional<KillSwitch> before) {
        return before.isEmpty()
                ? Future.succeededFuture()
                : KillSwitchStore.lift(tx, change.ws, change.scope, change.target)
                        .compose(done -> record(tx, call, change, before.get(), null))
                        .onSuccess(done -> LOG.warn(
                                "Sending goes on: {} of workspace {}, by {}",
                                change.what(),
                                call.ws(),
                                call.caller().name()));
    }

    private Future<Void> record(SqlConnection tx, Call call, Change change, KillSwitch before, KillSwitch after) {
        return audit.record(
                tx,
                call,
                "kill-switch",
                KillSwitch.objectId(change.scope, change.target),
                before == null ? null : before.toJson(),
                after == null ? null : after.toJson());
    }

    /** What the body asks for; what a schema cannot say is checked. */
    private record Change(
            int ws, Scope scope, String target, boolean engaged, boolean exceptTransactional, String reason) {

        /** In a line of the log. */
        String what() {
            return target.isEmpty() ? scope.word() : scope.word() + " " + target;
        }

        static Change of(Call call) {
            var json = call.json();
            var scope = Scope.of(json.getString("scope"));
            boolean engaged = json.getBoolean("engaged", true);
            if (engaged && json.getString("reason", "").isBlank()) {
                throw ProblemException.unprocessable(
                        "/reason", "Say why: whoever finds sending stopped at night reads it.");
            }
            if (scope == Scope.ALL && call.ws() != FIRST_WORKSPACE) {
                throw ProblemException.of(
                        Kind.FORBIDDEN,
                        "Only administrators of the first workspace stop the whole installation. Use the scope workspace.");
            }
            return new Change(
                    KillSwitch.owner(scope, call.ws()),
                    scope,
                    KillSwitch.target(scope, json.getString("target")),
                    engaged,
                    json.getBoolean("exceptTransactional", false),
                    json.getString("reason", "").strip());
        }
    }
}
