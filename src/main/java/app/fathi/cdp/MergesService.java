package app.fathi.cdp;

import app.fathi.cdp.ProfilesStore.Shown;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.util.Comparator;
import java.util.List;

/**
 * Operators say who is one person and who is not. All that is known hangs on the id it was said of, so ids go from one profile to
 * another with all of theirs, and back. What an operator has said of an id no event says otherwise.
 */
final class MergesService {
    private static final int MAX_NAMED = 50;

    private final Transactions transactions;
    private final ProfilesService profiles;
    private final Regrouping regrouping;
    private final Bonds bonds;
    private final Audit audit;
    private final Cursor cursor;
    private final IdentitiesStore identities = new IdentitiesStore();
    private final LinksStore links = new LinksStore();
    private final Explanations explained = new Explanations();
    private final SuppressionsStore suppressions = new SuppressionsStore();

    MergesService(
            Transactions transactions,
            ProfilesService profiles,
            Regrouping regrouping,
            Bonds bonds,
            Audit audit,
            Cursor cursor) {
        this.transactions = transactions;
        this.profiles = profiles;
        this.regrouping = regrouping;
        this.bonds = bonds;
        this.audit = audit;
        this.cursor = cursor;
    }

    // ---- explaining ----

    /** Each id with what holds it to the others. */
    Future<Reply> identities(Call call) {
        var pool = transactions.pool();
        var position = cursor.position(call);
        int part = position.map(at -> (int) at.number(0)).orElse(0);
        long after = position.map(at -> at.number(1)).orElse(0L);
        return profiles.find(pool, call)
                .compose(profile -> explained.from(pool, call.ws(), profile.no(), part, after, Cursor.limit(call) + 1))
                .map(rows -> Reply.ok(cursor.page(
                        call, rows, Explanations.Explained::shown, row -> List.of(row.part(), row.place()))));
    }

    // ---- two become one ----

    /** The profile of the path becomes part of another. */
    Future<Reply> merge(Call call) {
        var into = call.json().getString("into");
        return transactions.run(tx -> suppressions
                // Ids of several people change at once: nobody else is under way with any of them.
                .enterAlone(tx, call.ws())
                .compose(alone -> profiles.find(tx, call))
                .compose(from -> profiles.find(tx, call.ws(), into)
                        .map(found -> found.orElseThrow(() ->
                                ProblemException.unprocessable("/into", "There is no such profile to become part of.")))
                        .compose(to -> merge(tx, call, from, to)))
                .compose(to -> profiles.whole(tx, call.ws(), to).map(shown -> Reply.ok(shown, to.version()))));
    }

    private Future<Shown> merge(SqlConnection tx, Call call, Shown from, Shown to) {
        if (from.no() == to.no()) {
            throw ProblemException.conflict("The two are one person already.");
        }
        return identities.lockAll(tx, call.ws(), List.of(from.no(), to.no())).compose(all -> {
            var theirs =
                    all.stream().filter(one -> one.profileNo() == from.no()).toList();
            var others = all.stream().filter(one -> one.profileNo() == to.no()).toList();
            if (theirs.isEmpty() || others.isEmpty()) {
                throw ProblemException.conflict(
                        "One of the two has become somebody else: nothing is left there. Read both again.");
            }
            requireRoom(all);
            var lead = lead(theirs, from.userId());
            var link = links.merge(
                    tx,
                    call.ws(),
                    lead,
                    lead(others, to.userId()),
                    from.no(),
                    call.caller().id());
            if (lead.id.kind() == IdentityGraph.VISITOR) {
                lead.settle(true);
            }
            return link.compose(done -> identities.update(tx, List.of(lead)))
                    .compose(done -> regrouping.join(tx, call.ws(), from.no(), from.id(), to.no(), to.id()))
                    .compose(moves -> regrouping.tell(tx, List.of(moves)))
                    .compose(done -> bonds.lookAgain(tx, call.ws(), userIds(all)))
                    .compose(done -> audit.record(
                            tx,
                            call,
                            "profile",
                            from.id(),
                            null,
                            new JsonObject().put("into", to.id().toString()).put("ids", names(theirs))))
                    .compose(done -> profiles.find(tx, call.ws(), to.id().toString()))
                    .map(found -> found.orElseThrow());
        });
    }

    /** A person has no more ids than events could give them: who merged too many melted people into one. */
    private static void requireRoom(List<Identity> all) {
        var users =
                all.stream().filter(one -> one.id.kind() == IdentityGraph.USER).count();
        if (users > IdentitiesStore.MAX_USER_IDS || all.size() - users > Crowds.MAX_VISITOR_IDS) {
            throw ProblemException.conflict("Together the two would have more ids than a person may: at most "
                    + IdentitiesStore.MAX_USER_IDS + " userIds and " + Crowds.MAX_VISITOR_IDS + " anonymousIds.");
        }
    }

    /** The id by which the link holds: the one that is shown, or a visitor that is nobody else. */
    private static Identity lead(List<Identity> all, String userId) {
        return all.stream()
                .min(Comparator.<Identity, Boolean>comparing(
                                one -> !one.id.value().equals(userId))
                        .thenComparing(one -> one.id.kind())
                        .thenComparing(one -> one.claimUserId() != null)
                        .thenComparing(one -> one.no))
                .orElseThrow();
    }

    static List<String> userIds(List<Identity> all) {
        return all.stream()
                .filter(one -> one.id.kind() == IdentityGraph.USER)
                .map(one -> one.id.value())
                .toList();
    }

    static String name(Identity one) {
        return (one.id.kind() == IdentityGraph.USER ? ProfilesService.BY_USER_ID : ProfilesService.BY_ANONYMOUS_ID)
                + one.id.value();
    }

    static JsonArray names(List<Identity> all) {
        return new JsonArray(
                all.stream().map(MergesService::name).limit(MAX_NAMED).toList());
    }
}
