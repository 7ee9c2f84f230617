package app.fathi.cep.advisor;

import app.fathi.cep.advisor.AdvisorStore.Saved;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.outbound.OutboundGuard;
import app.fathi.platform.outbound.WebhookSignature;
import app.fathi.platform.security.Secrets;
import app.fathi.platform.security.Tenancy;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Optional;

/** Which service a workspace has asked before its messages leave, and the secret with which questions are signed. */
public final class AdvisorService {
    private static final int DAY_SECONDS = 86_400;
    private static final String WHAT = "decision-service";

    private final Transactions transactions;
    private final Advisors advisors;
    private final OutboundGuard guard;
    private final Secrets secrets;
    private final Tenancy tenancy;
    private final Audit audit;

    public AdvisorService(
            Transactions transactions,
            Advisors advisors,
            OutboundGuard guard,
            Secrets secrets,
            Tenancy tenancy,
            Audit audit) {
        this.transactions = transactions;
        this.advisors = advisors;
        this.guard = guard;
        this.secrets = secrets;
        this.tenancy = tenancy;
        this.audit = audit;
    }

    static String secretPlace(int ws) {
        return "cep_advisor.secret|" + ws;
    }

    static String secretBeforePlace(int ws) {
        return "cep_advisor.secret_before|" + ws;
    }

    public Future<Reply> get(Call call) {
        return AdvisorStore.find(transactions.pool(), call.ws()).compose(saved -> shown(call, saved, null));
    }

    /** The settings as a whole. The first ones make the secret, which nobody is shown again. */
    public Future<Reply> put(Call call) {
        int version = version(call);
        var url = url(call.json().getString("url"));
        guard.requireAllowedUrl("/url", url);
        return purposes(call).compose(purposes -> transactions
                .run(tx -> secrets.workspaceKey(tx, call.ws())
                        .compose(key -> AdvisorStore.lock(tx, call.ws()).compose(before -> {
                            boolean first =
                                    before.filter(found -> found.url() != null).isEmpty();
                            var secret = first ? WebhookSignature.secret() : null;
                            var sealed = first ? key.seal(secretPlace(call.ws()), secret) : null;
                            return AdvisorStore.put(
                                            tx,
                                            call.ws(),
                                            version,
                                            url.toString(),
                                            purposes,
                                            sealed,
                                            call.caller().id())
                                    .map(found -> found.orElseThrow(AdvisorService::stale))
                                    .compose(after -> record(tx, call, before.orElse(null), after)
                                            .map(new Put(after, first ? WebhookSignature.text(secret) : null)));
                        })))
                .onSuccess(put -> advisors.forget(call.ws()))
                .compose(put -> shown(call, Optional.of(put.saved), put.secret)));
    }

    /** @param secret that was made with it; null where there was one */
    private record Put(Saved saved, String secret) {}

    public Future<Reply> delete(Call call) {
        int version = version(call);
        return transactions
                .run(tx -> AdvisorStore.lock(tx, call.ws()).compose(before -> {
                    var there = before.filter(found -> found.url() != null)
                            .orElseThrow(() -> ProblemException.notFound(WHAT));
                    return AdvisorStore.remove(
                                    tx, call.ws(), version, call.caller().id())
                            .compose(removed -> removed ? record(tx, call, there, null) : Future.failedFuture(stale()));
                }))
                .onSuccess(done -> advisors.forget(call.ws()))
                .map(Reply.noContent());
    }

    /** Another secret; both sign for a while, so that the service changes without a gap. */
    public Future<Reply> rotate(Call call) {
        int overlap = call.json() == null ? DAY_SECONDS : call.json().getInteger("overlapSeconds", DAY_SECONDS);
        return transactions
                .onceSealed(
                        call, secrets, tx -> AdvisorStore.lock(tx, call.ws()).compose(found -> {
                            var there = required(found);
                            if (overlap > 0 && there.beforeWorks()) {
                                throw ProblemException.conflict(
                                        "The secret before this one signs until " + there.beforeUntil()
                                                + ", and two at most sign side by side. Wait for that, or end both at once with"
                                                + " overlapSeconds 0.");
                            }
                            return rotate(tx, call, there, overlap);
                        }))
                .onSuccess(done -> advisors.forget(call.ws()));
    }

    private Future<Reply> rotate(SqlConnection tx, Call call, Saved there, int overlap) {
        int ws = call.ws();
        return secrets.workspaceKey(tx, ws).compose(key -> {
            var fresh = WebhookSignature.secret();
            var current = key.open(secretPlace(ws), there.secret());
            return AdvisorStore.rotate(
                            tx,
                            ws,
                            key.seal(secretPlace(ws), fresh),
                            key.seal(secretBeforePlace(ws), current),
                            overlap,
                            call.caller().id())
                    .compose(after -> record(tx, call, there, after)
                            .map(Reply.ok(new JsonObject()
                                    .put("secret", WebhookSignature.text(fresh))
                                    .put("previousSecretUntil", previousUntil(after)))));
        });
    }

    static Saved required(Optional<Saved> found) {
        return found.filter(one -> one.url() != null)
                .orElseThrow(() ->
                        ProblemException.conflict("There is no decision service. Set one: PUT /cep/decision-service."));
    }

    private static int version(Call call) {
        return (int) Math.min(Integer.MAX_VALUE, call.ifMatch());
    }

    private static ProblemException stale() {
        return ProblemException.of(
                Kind.PRECONDITION_FAILED, "Somebody has changed the decision service since. Read it again.");
    }

    private static URI url(String text) {
        try {
            return new URI(text);
        } catch (URISyntaxException e) {
            throw ProblemException.unprocessable("/url", "This is not a URL.");
        }
    }

    /** Null for all but transactional. */
    private Future<List<String>> purposes(Call call) {
        var wanted = call.json().getJsonArray("purposes");
        return wanted == null
                ? Future.succeededFuture()
                : tenancy.rules(call.ws()).map(rules -> {
                    var purposes =
                            wanted.stream().map(Object::toString).distinct().toList();
                    for (int i = 0; i < wanted.size(); i++) {
                        var purpose = wanted.getString(i);
                        if (purpose.equals(Advisor.TRANSACTIONAL)) {
                            throw ProblemException.unprocessable(
                                    "/purposes/" + i, "Transactional messages ask nobody: they are waited for.");
                        }
                        if (!rules.purposes().contains(purpose)) {
                            throw ProblemException.unprocessable(
                                    "/purposes/" + i, "This workspace has no such purpose.");
                        }
                    }
                    return purposes;
                });
    }

    private Future<Void> record(SqlConnection tx, Call call, Saved before, Saved after) {
        return audit.record(tx, call, WHAT, WHAT, told(before), told(after));
    }

    private static JsonObject told(Saved saved) {
        return saved == null || saved.url() == null
                ? null
                : new JsonObject()
                        .put("url", saved.url())
                        .put("purposes", saved.purposes() == null ? null : new JsonArray(saved.purposes()))
                        .put("previousSecretUntil", previousUntil(saved));
    }

    private static String previousUntil(Saved saved) {
        return saved.beforeWorks() ? saved.beforeUntil().toString() : null;
    }

    /** The contract's {@code DecisionService}. */
    private Future<Reply> shown(Call call, Optional<Saved> saved, String secret) {
        var there = saved.orElse(null);
        int version = there == null ? 0 : there.version();
        var nodes = there == null || there.url() == null
                ? Future.succeededFuture(new JsonArray())
                : AdvisorStore.nodes(transactions.pool(), call.ws());
        return nodes.map(health -> Reply.ok(
                new JsonObject()
                        .put("url", there == null ? null : there.url())
                        .put(
                                "purposes",
                                there == null || there.purposes() == null ? null : new JsonArray(there.purposes()))
                        .put("secret", secret)
                        .put("previousSecretUntil", there == null ? null : previousUntil(there))
                        .put("version", version)
                        .put(
                                "updatedBy",
                                there == null || there.updatedBy() == null
                                        ? null
                                        : there.updatedBy().toString())
                        .put(
                                "updatedAt",
                                there == null ? null : there.updatedAt().toString())
                        .put("health", health),
                version));
    }
}
