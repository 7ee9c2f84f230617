package app.fathi.cdp;

import app.fathi.cdp.IdentityRules.Kind;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.EpochCache;
import app.fathi.platform.security.SecurityEpochs;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** By which ids people are known: one document for the workspace. What is laid down holds within a second on every node. */
public final class IdentityRulesService {
    private static final String KIND = "identity-rules";
    private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9_]{0,31}");

    /** Names by which Segment's clients call what has a place of its own here. */
    private static final List<String> TAKEN = List.of("user_id", "anonymous_id");

    private final Transactions transactions;
    private final Bonds bonds;
    private final Audit audit;
    private final EpochCache<Integer, IdentityRules> known;
    private final SecurityEpochs epochs;
    private final IdentityRulesStore store = new IdentityRulesStore();

    public IdentityRulesService(Transactions transactions, Bonds bonds, Audit audit, SecurityEpochs epochs) {
        this.transactions = transactions;
        this.bonds = bonds;
        this.audit = audit;
        this.epochs = epochs;
        this.known = new EpochCache<>(epochs);
    }

    /** Those that are in force, to be used for all events of a request. */
    Future<IdentityRules> of(int ws) {
        return known.get(ws, () -> store.find(transactions.pool(), ws).map(laid -> EpochCache.found(ws, laid.rules())));
    }

    Future<Reply> get(Call call) {
        return store.find(transactions.pool(), call.ws()).map(IdentityRulesService::shown);
    }

    /** Everybody is looked at again who has any id beside {@code userId} and {@code anonymousId}. */
    Future<Reply> put(Call call) {
        var version = call.ifMatch();
        var rules = checked(call.json().getJsonArray("kinds"));
        return transactions
                .run(tx -> store.find(tx, call.ws()).compose(before -> store.lay(
                                tx, call.ws(), rules, version, call.caller().id())
                        .map(laid -> laid.orElseThrow(() -> ProblemException.of(
                                app.fathi.platform.errors.Kind.PRECONDITION_FAILED,
                                "Somebody has changed the identity rules since. Read them again.")))
                        .compose(laid -> bonds.lookAtAll(tx, call.ws())
                                .compose(done -> SecurityEpochs.bump(tx, call.ws()))
                                .compose(done -> audit.record(tx, call, KIND, KIND, before.fields(), laid.fields()))
                                .map(laid))))
                .compose(laid -> epochs.refresh().map(laid))
                .map(IdentityRulesService::shown);
    }

    private static IdentityRules checked(JsonArray given) {
        var kinds = new ArrayList<Kind>();
        var names = new HashSet<String>();
        for (int i = 0; i < given.size(); i++) {
            var at = "/kinds/" + i;
            var kind = kind(given.getJsonObject(i), at);
            if (!names.add(kind.name().toLowerCase(Locale.ROOT))) {
                throw ProblemException.unprocessable(at + "/kind", "This kind stands here twice.");
            }
            kinds.add(kind);
        }
        // The two that are always there, where they are not named.
        IdentityRules.DEFAULT.kinds().stream()
                .filter(one -> !names.contains(one.name().toLowerCase(Locale.ROOT)))
                .forEach(kinds::add);
        return new IdentityRules(List.copyOf(kinds));
    }

    private static Kind kind(JsonObject given, String at) {
        var name = given.getString("kind");
        if (!NAME.matcher(name).matches() || isTaken(name)) {
            throw ProblemException.unprocessable(
                    at + "/kind",
                    "A kind is userId, anonymousId, email, phone, or a name of yours: a letter, then at most 31 letters, digits or _.");
        }
        var most = name.equals(IdentityRules.ANONYMOUS_ID) ? Crowds.MAX_VISITOR_IDS : IdentitiesStore.MAX_USER_IDS;
        var limit = given.getInteger("limit", most);
        if (limit > most) {
            throw ProblemException.unprocessable(at + "/limit", "One person has at most " + most + " of this kind.");
        }
        var blocked = given.getJsonArray("blocked", new JsonArray()).stream()
                .map(one -> ((String) one).strip().toLowerCase(Locale.ROOT))
                .distinct()
                .toList();
        for (int i = 0; i < blocked.size(); i++) {
            var inner = blocked.get(i).replaceAll("^\\*|\\*$", "");
            if (inner.isEmpty() || inner.contains("*")) {
                throw ProblemException.unprocessable(
                        at + "/blocked/" + i,
                        "A blocked value is a whole value; a star may stand at its beginning and at its end, and not alone.");
            }
        }
        if (!blocked.isEmpty() && IdentityRules.DEFAULT.priority(name) >= 0) {
            throw ProblemException.unprocessable(
                    at + "/blocked", "Of userId and anonymousId these are the workspace's blockedIds.");
        }
        return new Kind(name, limit, blocked);
    }

    /** Other spellings of the two that are always there, and Segment's names for them. */
    private static boolean isTaken(String name) {
        return TAKEN.contains(name.toLowerCase(Locale.ROOT))
                || IdentityRules.DEFAULT.kinds().stream()
                        .anyMatch(one ->
                                one.name().equalsIgnoreCase(name) && !one.name().equals(name));
    }

    private static Reply shown(IdentityRulesStore.Laid laid) {
        return Reply.ok(laid.toJson(), laid.version());
    }
}
