package app.fathi.cep.audiences;

import app.fathi.cdp.Profiles;
import app.fathi.cep.message.Audience;
import app.fathi.cep.message.Channel;
import app.fathi.cep.message.Taken;
import app.fathi.platform.config.Config;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;

/** People whom a message names: who they are, once and for all, and how many of them can be reached. */
public final class NamedPeople {
    private final Channel channel;
    private final Profiles profiles;
    private final int chunkProfiles;

    public NamedPeople(Channel channel, Profiles profiles, Config.Send settings) {
        this.channel = channel;
        this.profiles = profiles;
        this.chunkProfiles = settings.chunkProfiles();
    }

    /** Finds those that are named; of a segment or a rule nobody is. */
    public Future<Frozen> freeze(SqlConnection tx, int ws, Audience audience) {
        return switch (audience) {
            case Audience.Subscriptions named -> {
                var ids = new LinkedHashSet<>(named.ids());
                yield channel.owners(tx, ws, ids).map(owners -> {
                    var people = new TreeMap<Integer, List<UUID>>();
                    owners.forEach((id, profileNo) -> people.computeIfAbsent(profileNo, no -> new ArrayList<>())
                            .add(id));
                    ids.removeAll(owners.keySet());
                    return new Frozen(people, ids.stream().map(UUID::toString).toList());
                });
            }
            case Audience.Profiles named ->
                people(named.ids(), ids -> profiles.numbersByIds(tx, ws, ids), UUID::toString);
            case Audience.Users named ->
                people(named.userIds(), ids -> profiles.numbersByUserIds(tx, ws, ids), id -> id);
            case Audience.Staff staff ->
                channel.ofStaff(tx, ws, staff.accounts()).compose(linked -> {
                    var addresses =
                            linked.values().stream().flatMap(List::stream).toList();
                    return freeze(tx, ws, new Audience.Subscriptions(addresses))
                            .map(frozen -> new Frozen(
                                    frozen.people(),
                                    staff.accounts().stream()
                                            .filter(account -> !linked.containsKey(account))
                                            .map(UUID::toString)
                                            .toList()));
                });
            case Audience.Described described -> throw new IllegalArgumentException("They are found when it is sent");
            case Audience.Counted counted -> throw new IllegalArgumentException("Nobody is named");
        };
    }

    private static <T> Future<Frozen> people(
            List<T> named, Function<Set<T>, Future<Map<T, Integer>>> numbers, Function<T, String> text) {
        var ids = new LinkedHashSet<>(named);
        return numbers.apply(ids).map(found -> {
            var people = new TreeMap<Integer, List<UUID>>();
            found.values().forEach(no -> people.put(no, null));
            ids.removeAll(found.keySet());
            return new Frozen(people, ids.stream().map(text).toList());
        });
    }

    /** How many of them have an address, for a dry run. */
    public Future<Taken> count(SqlConnection tx, int ws, Frozen audience) {
        var unnamed = audience.people().entrySet().stream()
                .filter(person -> person.getValue() == null)
                .map(Map.Entry::getKey)
                .toList();
        var named = audience.people().values().stream().filter(Objects::nonNull).toList();
        Future<Integer> reachable = channel.stillActive(
                        tx, ws, named.stream().flatMap(List::stream).toList())
                .map(active -> (int) named.stream()
                        .filter(ids -> ids.stream().anyMatch(active::containsKey))
                        .count());
        for (var part : parts(unnamed)) {
            reachable = reachable.compose(before -> channel.addressesOf(tx, ws, part)
                    .map(addresses -> before
                            + (int) addresses.stream()
                                    .map(Channel.Address::profileNo)
                                    .distinct()
                                    .count()));
        }
        return reachable.map(n -> new Taken(null, audience.people().size(), n, audience.unknown()));
    }

    /** As many at once as make a chunk. */
    public <T> List<List<T>> parts(List<T> all) {
        int size = chunkProfiles;
        var parts = new ArrayList<List<T>>();
        for (int from = 0; from < all.size(); from += size) {
            parts.add(all.subList(from, Math.min(all.size(), from + size)));
        }
        return parts;
    }
}
