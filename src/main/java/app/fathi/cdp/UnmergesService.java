package app.fathi.cdp;

import app.fathi.cdp.LinksStore.Link;
import app.fathi.cdp.ProfilesStore.Shown;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** One person becomes two again: a merge is undone, or ids are said to be somebody else's, whatever had brought them. */
final class UnmergesService {
    private final Transactions transactions;
    private final ProfilesService profiles;
    private final Regrouping regrouping;
    private final Bonds bonds;
    private final Audit audit;
    private final IdentitiesStore identities = new IdentitiesStore();
    private final LinksStore links = new LinksStore();
    private final SuppressionsStore suppressions = new SuppressionsStore();

    UnmergesService(
            Transactions transactions, ProfilesService profiles, Regrouping regrouping, Bonds bonds, Audit audit) {
        this.transactions = transactions;
        this.profiles = profiles;
        this.regrouping = regrouping;
        this.bonds = bonds;
        this.audit = audit;
    }

    /** A merge is undone, or the named ids become a person of their own. */
    Future<Reply> unmerge(Call call) {
        var profileId = call.json().getString("profileId");
        var named = call.json().getJsonArray("ids");
        if ((profileId == null) == (named == null)) {
            throw ProblemException.unprocessable(
                    "/profileId", "Say which merge is undone, by profileId, or which ids go.");
        }
        return transactions.run(tx -> suppressions
                // Ids of several people change at once: nobody else is under way with any of them.
                .enterAlone(tx, call.ws())
                .compose(alone -> profiles.find(tx, call))
                .compose(profile -> identities
                        .lockAll(tx, call.ws(), List.of(profile.no()))
                        .compose(all -> held(tx, call.ws(), all)
                                .compose(found -> profileId != null
                                        ? undo(tx, call, profile, all, found, profileId)
                                        : naming(tx, call, profile, all, found, named)))));
    }

    /** What links and bonds hold together. */
    private Future<List<Link>> held(SqlConnection tx, int ws, List<Identity> all) {
        return links.of(tx, ws, all.stream().map(one -> one.no).toList()).compose(found -> bonds.links(tx, ws, all)
                .map(more -> Stream.concat(found.stream(), more.stream()).toList()));
    }

    private Future<Reply> undo(
            SqlConnection tx, Call call, Shown profile, List<Identity> all, List<Link> found, String profileId) {
        return links.places(tx, call.ws(), profile.no(), Set.of()).compose(places -> {
            var from = places.values().stream()
                    .filter(one -> one.id().toString().equals(profileId))
                    .findFirst();
            var merge = found.stream()
                    .filter(Link::isMerge)
                    .filter(one ->
                            from.isPresent() && one.fromNo() == from.get().no())
                    .reduce((first, last) -> last)
                    .orElseThrow(() -> ProblemException.unprocessable(
                            "/profileId",
                            "No operator has made this profile part of the person. Name the ids that go instead."));
            var parting = Parting.undo(all, found, merge);
            var both = new Parting(parting.going(), with(parting.cut(), merge));
            return part(tx, call, profile, all, both, found, merge, from.get().no());
        });
    }

    private static List<Link> with(List<Link> cut, Link merge) {
        return cut.contains(merge)
                ? cut
                : Stream.concat(cut.stream(), Stream.of(merge)).toList();
    }

    private Future<Reply> naming(
            SqlConnection tx, Call call, Shown profile, List<Identity> all, List<Link> found, JsonArray named) {
        var byName = all.stream().collect(Collectors.toMap(MergesService::name, one -> one));
        var nos = new HashSet<Long>();
        for (int i = 0; i < named.size(); i++) {
            var one = byName.get(named.getString(i));
            if (one == null) {
                throw ProblemException.unprocessable(
                        "/ids/" + i, "The person has no such id. It is user:<userId> or anonymous:<anonymousId>.");
            }
            nos.add(one.no);
        }
        var parting = Parting.naming(all, found, nos);
        all.stream().filter(one -> nos.contains(one.no)).forEach(one -> one.settle(true));
        return part(tx, call, profile, all, parting, found, null, null);
    }

    /** @param merge the one that is undone, {@code preferred} the profile that comes back; both null where ids are named */
    private Future<Reply> part(
            SqlConnection tx,
            Call call,
            Shown profile,
            List<Identity> all,
            Parting parting,
            List<Link> found,
            Link merge,
            Integer preferred) {
        if (all.stream().allMatch(parting::takes)) {
            throw ProblemException.unprocessable(
                    "/ids", "Nobody would be left. Name only the ids that are somebody else's.");
        }
        settle(all, parting, merge);
        return regrouping
                .part(tx, call.ws(), profile.no(), all, parting, found, preferred)
                .compose(parted -> regrouping
                        .tell(tx, List.of(parted.moves()))
                        .compose(done -> bonds.lookAgain(tx, call.ws(), MergesService.userIds(all)))
                        .compose(done -> audit.record(
                                tx,
                                call,
                                "profile",
                                // Under who goes: whoever forgets them blanks the line.
                                parted.goes(),
                                null,
                                new JsonObject()
                                        .put("outOf", parted.stays().toString())
                                        .put(
                                                "ids",
                                                MergesService.names(all.stream()
                                                        .filter(parting::takes)
                                                        .toList()))))
                        .compose(done -> shown(tx, call.ws(), parted.stays()))
                        .compose(stays -> shown(tx, call.ws(), parted.goes())
                                .map(goes -> Reply.ok(
                                        new JsonObject().put("profile", stays).put("separated", goes)))));
    }

    /** What events had said across the cut no event says again. */
    private static void settle(List<Identity> all, Parting parting, Link merge) {
        var users = all.stream()
                .filter(one -> one.id.kind() == IdentityGraph.USER)
                .collect(Collectors.toMap(one -> one.id.value(), one -> one));
        var aliased = parting.cut().stream().anyMatch(link -> !link.isMerge());
        for (var one : all) {
            if (one.id.kind() == IdentityGraph.USER) {
                if (aliased && parting.takes(one)) {
                    one.settle(true);
                }
                continue;
            }
            var claimed = users.get(one.claimUserId());
            if (claimed != null && parting.takes(claimed) != parting.takes(one)) {
                one.forgetClaim();
                one.settle(true);
            }
            if (merge != null && one.no == merge.identityNo()) {
                // Whoever has claimed it meanwhile is among those whom it does not belong to.
                one.settle(merge.settled() || !one.claimants().isEmpty());
            }
        }
    }

    private Future<JsonObject> shown(SqlConnection tx, int ws, UUID id) {
        return profiles.find(tx, ws, id.toString()).compose(found -> profiles.whole(tx, ws, found.orElseThrow()));
    }
}
