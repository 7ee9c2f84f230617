package app.fathi.cdp;

import app.fathi.cdp.DerivedBatch.Moved;
import app.fathi.cdp.LinksStore.Link;
import app.fathi.cdp.LinksStore.Place;
import app.fathi.cdp.ProfilesStore.Shown;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.ProblemException;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** One person becomes two again: a merge is undone, or ids are said to be somebody else's, whatever had brought them. */
final class UnmergesService {
    private final Transactions transactions;
    private final ProfilesService profiles;
    private final Deriver deriver;
    private final AddressBook addresses;
    private final Audit audit;
    private final IdentitiesStore identities = new IdentitiesStore();
    private final LinksStore links = new LinksStore();
    private final SuppressionsStore suppressions = new SuppressionsStore();

    UnmergesService(
            Transactions transactions, ProfilesService profiles, Deriver deriver, AddressBook addresses, Audit audit) {
        this.transactions = transactions;
        this.profiles = profiles;
        this.deriver = deriver;
        this.addresses = addresses;
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
                        .compose(all -> links.of(
                                        tx,
                                        call.ws(),
                                        all.stream().map(one -> one.no).toList())
                                .compose(found -> profileId != null
                                        ? undo(tx, call, profile, all, found, profileId)
                                        : naming(tx, call, profile, all, found, named)))));
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
        var own = all.stream().map(Identity::ownNo).filter(Objects::nonNull).collect(Collectors.toSet());
        return links.places(tx, call.ws(), profile.no(), own).compose(places -> numbers(
                        tx, call.ws(), profile.no(), all, parting, places, preferred)
                .compose(sides -> identities
                        .reachedBy(tx, call.ws(), profile.no())
                        .compose(reached -> write(tx, call, profile, all, reached, parting, found, places, sides))));
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

    /** The profiles of who goes and of who stays. */
    private record Sides(int goes, int stays, Map<Integer, Integer> intoNos) {
        int of(boolean going) {
            return going ? goes : stays;
        }
    }

    /** A profile belongs to the id that it was made with, so each side has one of its own again; who has none gets a new one. */
    private Future<Sides> numbers(
            SqlConnection tx,
            int ws,
            int profileNo,
            List<Identity> all,
            Parting parting,
            Map<Integer, Place> places,
            Integer preferred) {
        var owners = new HashMap<Integer, Boolean>();
        all.stream()
                .filter(one -> one.ownNo() != null && isFree(places.get(one.ownNo()), profileNo))
                .forEach(one -> owners.put(one.ownNo(), parting.takes(one)));
        var goes = pick(all, parting, owners, true, profileNo, preferred);
        var stays = pick(all, parting, owners, false, profileNo, profileNo);
        return number(tx, ws, goes).compose(going -> number(tx, ws, stays).map(staying -> {
            var into = new TreeMap<Integer, Integer>();
            places.values().stream()
                    .filter(place ->
                            isFree(place, profileNo) && (place.no() == profileNo || place.mergedInto() != null))
                    .forEach(place -> into.put(
                            place.no(), owners.getOrDefault(place.no(), going == profileNo) ? going : staying));
            into.put(going, going);
            into.put(staying, staying);
            return new Sides(going, staying, into);
        }));
    }

    /** Whether it is this profile, or has gone into it, or is nobody's. */
    private static boolean isFree(Place place, int profileNo) {
        return place != null && (place.mergedInto() == null || place.mergedInto() == profileNo);
    }

    private static Integer pick(
            List<Identity> all,
            Parting parting,
            Map<Integer, Boolean> owners,
            boolean going,
            int profileNo,
            Integer preferred) {
        if (preferred != null && owners.getOrDefault(preferred, !going) == going) {
            return preferred;
        }
        if (!going && !owners.containsKey(profileNo)) {
            return profileNo;
        }
        if (owners.containsKey(profileNo) && owners.get(profileNo) == going) {
            return profileNo;
        }
        return all.stream()
                .filter(one -> parting.takes(one) == going && owners.containsKey(one.ownNo()))
                .min(Comparator.<Identity, Short>comparing(one -> one.id.kind()).thenComparing(one -> one.no))
                .map(Identity::ownNo)
                .orElse(null);
    }

    private Future<Integer> number(SqlConnection tx, int ws, Integer picked) {
        return picked != null
                ? Future.succeededFuture(picked)
                : identities.takeNumbers(tx, ws, 1).compose(no -> links.makePlace(
                                tx, ws, no, UuidCreator.getTimeOrderedEpoch())
                        .map(no));
    }

    private Future<Reply> write(
            SqlConnection tx,
            Call call,
            Shown profile,
            List<Identity> all,
            List<Identity> reached,
            Parting parting,
            List<Link> found,
            Map<Integer, Place> places,
            Sides sides) {
        int ws = call.ws();
        int from = profile.no();
        var users = all.stream()
                .filter(one -> one.id.kind() == IdentityGraph.USER)
                .collect(Collectors.toMap(one -> one.id.value(), one -> one));
        var addressed = new HashMap<Long, Integer>();
        for (var one : all) {
            var side = sides.of(parting.takes(one));
            one.put(side, one.addressNo() == from || one.proofAt() == null && one.isSettled() ? side : one.addressNo());
            if (side != from) {
                addressed.put(one.no, side);
            }
        }
        for (var one : reached) {
            var proven = users.get(one.proofUserId());
            var side = sides.of(proven != null && parting.takes(proven));
            one.put(one.profileNo(), side);
            if (side != from) {
                addressed.put(one.no, side);
            }
        }
        var left = found.stream().filter(link -> !parting.cut().contains(link)).toList();
        aliasesAgain(all, parting.cut(), left);
        var changed = new ArrayList<>(all);
        changed.addAll(reached);
        var both = List.of(sides.goes(), sides.stays());
        return identities
                .update(tx, changed)
                .compose(done ->
                        links.delete(tx, parting.cut().stream().map(Link::no).toList()))
                .compose(done -> links.goInto(tx, ws, sides.intoNos()))
                .compose(done -> deriver.refresh(tx, ws, both))
                .compose(done -> links.rename(tx, ws, both))
                .compose(done -> addresses.part(tx, ws, from, addressed))
                .compose(done -> ids(tx, ws, both))
                .compose(ids -> deriver.tell(
                                tx,
                                Set.of(new Moved(ws, sides.stays(), sides.goes())),
                                MergesService.fact(
                                        ws,
                                        "profile.unmerged",
                                        sides.stays(),
                                        ids.get(sides.stays()),
                                        sides.goes(),
                                        ids.get(sides.goes())))
                        .compose(done -> audit.record(
                                tx,
                                call,
                                "profile",
                                // Under who goes: whoever forgets them blanks the line.
                                ids.get(sides.goes()),
                                null,
                                new JsonObject()
                                        .put("outOf", ids.get(sides.stays()).toString())
                                        .put(
                                                "ids",
                                                MergesService.names(all.stream()
                                                        .filter(parting::takes)
                                                        .toList()))))
                        .compose(done -> shown(tx, ws, ids.get(sides.stays())))
                        .compose(stays -> shown(tx, ws, ids.get(sides.goes()))
                                .map(goes -> Reply.ok(
                                        new JsonObject().put("profile", stays).put("separated", goes)))));
    }

    /** Of an id whose latest alias holds no longer the one before it does. */
    private static void aliasesAgain(List<Identity> all, List<Link> cut, List<Link> left) {
        var byNo = all.stream().collect(Collectors.toMap(one -> one.no, one -> one));
        cut.stream()
                .filter(link -> !link.isMerge())
                .map(link -> byNo.get(link.identityNo()))
                .filter(Objects::nonNull)
                .distinct()
                .forEach(one -> {
                    var latest = left.stream()
                            .filter(link ->
                                    !link.isMerge() && link.identityNo() == one.no && byNo.containsKey(link.otherNo()))
                            .max(Comparator.comparing(Link::at).thenComparing(Link::messageId));
                    latest.ifPresentOrElse(
                            link -> one.aliasIs(byNo.get(link.otherNo()).id.value(), link.at(), link.messageId()),
                            () -> one.aliasIs(null, null, null));
                });
    }

    private Future<Map<Integer, UUID>> ids(SqlConnection tx, int ws, List<Integer> nos) {
        return links.places(tx, ws, nos.getFirst(), Set.copyOf(nos)).map(places -> nos.stream()
                .collect(Collectors.toMap(no -> no, no -> places.get(no).id())));
    }

    private Future<JsonObject> shown(SqlConnection tx, int ws, UUID id) {
        return profiles.find(tx, ws, id.toString()).compose(found -> profiles.whole(tx, ws, found.orElseThrow()));
    }
}
