package app.fathi.cdp;

import app.fathi.cdp.DerivedBatch.Moved;
import app.fathi.cdp.LinksStore.Link;
import app.fathi.cdp.LinksStore.Place;
import app.fathi.cdp.values.Value;
import app.fathi.platform.stream.StreamRecord;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * Ids go from one profile to another with all that hangs on them, whoever says so: an operator, or what binds ids. Under {@link
 * Deriver#enterAlone}, so that nobody else is under way with any of them.
 */
final class Regrouping {
    private final Deriver deriver;
    private final AddressBook addresses;
    private final IdentitiesStore identities = new IdentitiesStore();
    private final LinksStore links = new LinksStore();

    Regrouping(Deriver deriver, AddressBook addresses) {
        this.deriver = deriver;
        this.addresses = addresses;
    }

    /**
     * What has gone from whom to whom, to be told at the end of the transaction: once, however many have moved.
     *
     * @param fact null where others need not know it
     */
    record Moves(Moved moved, StreamRecord fact) {}

    Future<Void> tell(SqlConnection tx, List<Moves> all) {
        return all.isEmpty()
                ? Future.succeededFuture()
                : deriver.tell(
                        tx,
                        all.stream().map(Moves::moved).collect(Collectors.toSet()),
                        all.stream().map(Moves::fact).filter(Objects::nonNull).toList());
    }

    // ---- two become one ----

    /** Everything that points to the one profile points to the other. */
    Future<Moves> join(SqlConnection tx, int ws, int fromNo, UUID fromId, int toNo, UUID toId) {
        return identities
                .join(tx, ws, fromNo, toNo)
                .compose(done -> deriver.refresh(tx, ws, List.of(fromNo, toNo)))
                .compose(done -> links.rename(tx, ws, List.of(toNo)))
                // People before their addresses, as the deriver does.
                .compose(done -> addresses.move(tx, ws, fromNo, toNo))
                .map(new Moves(new Moved(ws, fromNo, toNo), fact(ws, "profile.merged", fromNo, fromId, toNo, toId)));
    }

    // ---- one becomes two ----

    /** The public ids of the profiles of who goes and of who stays. */
    record Parted(UUID goes, UUID stays, Moves moves) {}

    /**
     * One person becomes two.
     *
     * @param all all ids of the person, locked
     * @param found what holds them
     * @param preferred the profile that comes back; null for whichever is free
     */
    Future<Parted> part(
            SqlConnection tx,
            int ws,
            int profileNo,
            List<Identity> all,
            Parting parting,
            List<Link> found,
            Integer preferred) {
        var own = all.stream().map(Identity::ownNo).filter(Objects::nonNull).collect(Collectors.toSet());
        return links.places(tx, ws, profileNo, own)
                .compose(places -> numbers(tx, ws, profileNo, all, parting, places, preferred))
                .compose(sides -> identities
                        .reachedBy(tx, ws, profileNo)
                        .compose(reached -> write(tx, ws, profileNo, all, reached, parting, found, sides)));
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

    private Future<Parted> write(
            SqlConnection tx,
            int ws,
            int from,
            List<Identity> all,
            List<Identity> reached,
            Parting parting,
            List<Link> found,
            Sides sides) {
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
                .compose(done -> links.delete(
                        tx,
                        parting.cut().stream()
                                .filter(link -> !link.isBond())
                                .map(Link::no)
                                .toList()))
                .compose(done -> links.goInto(tx, ws, sides.intoNos()))
                .compose(done -> deriver.refresh(tx, ws, both))
                .compose(done -> links.rename(tx, ws, both))
                .compose(done -> addresses.part(tx, ws, from, addressed))
                .compose(done -> ids(tx, ws, both))
                .map(ids -> new Parted(
                        ids.get(sides.goes()),
                        ids.get(sides.stays()),
                        new Moves(
                                new Moved(ws, sides.stays(), sides.goes()),
                                fact(
                                        ws,
                                        "profile.unmerged",
                                        sides.stays(),
                                        ids.get(sides.stays()),
                                        sides.goes(),
                                        ids.get(sides.goes())))));
    }

    /** Of an id whose latest alias holds no longer the one before it does. */
    private static void aliasesAgain(List<Identity> all, List<Link> cut, List<Link> left) {
        var byNo = all.stream().collect(Collectors.toMap(one -> one.no, one -> one));
        cut.stream()
                .filter(Link::isAlias)
                .map(link -> byNo.get(link.identityNo()))
                .filter(Objects::nonNull)
                .distinct()
                .forEach(one -> {
                    var latest = left.stream()
                            .filter(link ->
                                    link.isAlias() && link.identityNo() == one.no && byNo.containsKey(link.otherNo()))
                            .max(Comparator.comparing(Link::at).thenComparing(Link::messageId, Value::compare));
                    latest.ifPresentOrElse(
                            link -> one.aliasIs(byNo.get(link.otherNo()).id.value(), link.at(), link.messageId()),
                            () -> one.aliasIs(null, null, null));
                });
    }

    private Future<Map<Integer, UUID>> ids(SqlConnection tx, int ws, List<Integer> nos) {
        return links.places(tx, ws, nos.getFirst(), Set.copyOf(nos)).map(places -> nos.stream()
                .collect(Collectors.toMap(no -> no, no -> places.get(no).id())));
    }

    private static StreamRecord fact(int ws, String kind, int fromNo, UUID fromId, int toNo, UUID toId) {
        return new StreamRecord(
                ws,
                "#" + toNo,
                kind,
                new JsonObject()
                        .put("fromNo", fromNo)
                        .put("toNo", toNo)
                        .put("fromId", fromId.toString())
                        .put("toId", toId.toString()));
    }
}
