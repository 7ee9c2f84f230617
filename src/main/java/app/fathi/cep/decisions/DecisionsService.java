package app.fathi.cep.decisions;

import app.fathi.cdp.ProfileView;
import app.fathi.cdp.Profiles;
import app.fathi.cep.decisions.DecisionsStore.Decision;
import app.fathi.cep.decisions.DecisionsStore.Listed;
import app.fathi.cep.message.Looked;
import app.fathi.cep.message.Reason;
import app.fathi.cep.message.State;
import app.fathi.cep.policies.Factors;
import app.fathi.cep.policies.Policies;
import app.fathi.cep.policies.PoliciesStore;
import app.fathi.cep.runs.Run;
import app.fathi.cep.runs.RunsStore;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.bus.Rfc3339;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/** Why somebody got a message, or did not: decisions as the ledger has them. */
public final class DecisionsService {
    /** Messages, or people of one, that a page looks at: a few milliseconds, whatever is asked for. */
    private static final int LOOK = 2_000;

    private static final Instant START = Instant.parse("2000-01-01T00:00:00Z");
    private static final Instant END = Instant.parse("9999-12-31T00:00:00Z");

    private final Transactions transactions;
    private final Profiles profiles;
    private final Cursor cursor;

    public DecisionsService(Transactions transactions, Profiles profiles, Cursor cursor) {
        this.transactions = transactions;
        this.profiles = profiles;
        this.cursor = cursor;
    }

    public Future<Reply> list(Call call) {
        var message = call.uuid("messageId");
        var profile = call.uuid("profileId");
        var pool = transactions.pool();
        return number(call.ws(), profile)
                .compose(no -> message == null
                        ? no == null ? ofAll(call) : ofPerson(call, no)
                        : RunsStore.runById(pool, call.ws(), message)
                                .map(found -> found.orElseThrow(() -> ProblemException.notFound("message")))
                                .compose(run -> ofMessage(call, run, no)))
                .compose(page -> reply(call, page));
    }

    /** Null where no profile is named. */
    private Future<Integer> number(int ws, UUID profile) {
        return profile == null
                ? Future.succeededFuture()
                : profiles.numbersByIds(transactions.pool(), ws, Set.of(profile))
                        .map(numbers -> {
                            if (numbers.isEmpty()) {
                                throw ProblemException.notFound("profile");
                            }
                            return numbers.get(profile);
                        });
    }

    private Future<Looked<Decision>> ofPerson(Call call, int no) {
        var after = cursor.position(call);
        int limit = Cursor.limit(call);
        var before = after.map(p -> p.time(0).toInstant()).orElse(instant(call, "to", END));
        long beforeRun = after.map(p -> p.number(1)).orElse(Long.MIN_VALUE);
        return DecisionsStore.ofPerson(
                        transactions.pool(),
                        call.ws(),
                        no,
                        reason(call),
                        before,
                        beforeRun,
                        instant(call, "from", START),
                        LOOK,
                        limit)
                .map(rows -> page(rows, rows.isEmpty() ? null : position(rows, limit)));
    }

    /** Where the next page begins: behind what was looked at, or behind the last that fits when there may be more. */
    private static List<?> position(List<Listed> rows, int limit) {
        var last = rows.getLast();
        if (last.decision() != null && rows.size() == limit) {
            return List.of(last.runAt(), last.run());
        }
        return last.looked() == LOOK ? List.of(last.lastAt(), last.lastNo()) : null;
    }

    /** One message after the other, the newest first; a page is of one. */
    private Future<Looked<Decision>> ofAll(Call call) {
        var at = cursor.position(call);
        var notAfter = at.map(p -> p.time(0).toInstant()).orElse(instant(call, "to", END));
        long run = at.map(p -> p.number(1)).orElse(Long.MIN_VALUE);
        int after = at.map(p -> (int) p.number(2)).orElse(-1);
        return RunsStore.latest(transactions.pool(), call.ws(), notAfter, run, instant(call, "from", START))
                .compose(runs -> {
                    if (runs.isEmpty()) {
                        return Future.succeededFuture(new Looked<>(List.of(), null));
                    }
                    var first = runs.getFirst();
                    return ofMessage(call, first, null, START, END, after).map(page -> {
                        if (page.next() != null) {
                            return new Looked<>(
                                    page.items(),
                                    List.of(
                                            first.createdAt(),
                                            first.run(),
                                            page.next().getFirst()));
                        }
                        return new Looked<>(
                                page.items(),
                                runs.size() < 2
                                        ? null
                                        : List.of(
                                                runs.get(1).createdAt(),
                                                runs.get(1).run(),
                                                -1));
                    });
                });
    }

    private Future<Looked<Decision>> ofMessage(Call call, Run run, Integer no) {
        int after = cursor.position(call).map(p -> (int) p.number(0)).orElse(-1);
        return ofMessage(call, run, no, instant(call, "from", START), instant(call, "to", END), after);
    }

    private Future<Looked<Decision>> ofMessage(Call call, Run run, Integer no, Instant from, Instant to, int after) {
        int limit = Cursor.limit(call);
        return DecisionsStore.ofMessage(transactions.pool(), run, no, reason(call), from, to, after, LOOK, limit)
                .map(rows -> {
                    if (rows.isEmpty()) {
                        return page(rows, null);
                    }
                    var last = rows.getLast();
                    boolean full = last.decision() != null && rows.size() == limit;
                    return page(
                            rows,
                            full
                                    ? List.of(last.decision().profileNo())
                                    : last.looked() == LOOK ? List.of(last.lastNo()) : null);
                });
    }

    private static Looked<Decision> page(List<Listed> rows, List<?> next) {
        return new Looked<>(
                rows.stream().map(Listed::decision).filter(Objects::nonNull).toList(), next);
    }

    private static Reason reason(Call call) {
        var word = call.parameters().getString("reason");
        try {
            return word == null ? null : Reason.of(word);
        } catch (IllegalArgumentException e) {
            throw ProblemException.invalid("reason", "There is no such reason.");
        }
    }

    private static Instant instant(Call call, String name, Instant otherwise) {
        var at = Rfc3339.at(name, call.parameters().getString(name));
        return at == null ? otherwise : at.toInstant();
    }

    private Future<Reply> reply(Call call, Looked<Decision> page) {
        var people = page.items().stream().map(Decision::profileNo).collect(Collectors.toSet());
        var versions = page.items().stream()
                .map(Decision::factors)
                .filter(Objects::nonNull)
                .map(Factors::version)
                .collect(Collectors.toSet());
        var views = profiles.views(transactions.pool(), call.ws(), people);
        var policies = PoliciesStore.versions(transactions.pool(), call.ws(), versions);
        return Future.all(views, policies)
                .map(both -> Reply.ok(cursor.pageUntil(
                        call, page.items(), one -> toJson(one, views.result(), policies.result()), page.next())));
    }

    /** The contract's {@code Decision}. */
    private static JsonObject toJson(
            Decision decision, Map<Integer, ProfileView> views, Map<Integer, Policies> policies) {
        var view = views.get(decision.profileNo());
        var factors = decision.factors();
        var stage = Stage.of(decision.reason(), factors);
        boolean waits = decision.state() == State.WAITING;
        var json = new JsonObject();
        if (decision.campaign() != null) {
            json.put("campaignId", decision.campaign().toString());
        }
        return json.put("messageId", decision.messageId().toString())
                .put("deliveryId", decision.deliveryId().toString())
                .put("profileId", view == null ? null : view.id().toString())
                .put("channel", decision.channel().word())
                .put("state", decision.state().word())
                .put(
                        "reason",
                        decision.reason() == null ? null : decision.reason().word())
                .put("stage", stage == null ? null : stage.word())
                .put("policy", factors == null ? null : factors.toJson(policies.get(factors.version())))
                .put("score", decision.score() == null ? null : decision.score().toJson())
                .put(
                        "service",
                        decision.advice() == null ? null : decision.advice().toJson())
                .put("waitsUntil", waits ? text(decision.nextAt()) : null)
                .put("attempts", decision.attempts())
                .put("claimedAt", decision.createdAt().toString())
                .put("attemptedAt", text(decision.attemptedAt()));
    }

    private static String text(Instant at) {
        return at == null ? null : at.toString();
    }
}
