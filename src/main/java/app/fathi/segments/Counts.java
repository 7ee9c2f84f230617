package app.fathi.segments;

import app.fathi.cdp.values.Instants;
import app.fathi.cdp.values.Value;
import app.fathi.segments.LiveSegments.Atom;
import app.fathi.segments.LiveSegments.Series;
import app.fathi.segments.Membership.Did;
import app.fathi.segments.MembershipStore.Counted;
import app.fathi.segments.MembershipStore.Moments;
import app.fathi.segments.SumsStore.Place;
import app.fathi.segments.rules.Rule.Call;
import app.fathi.segments.rules.RuleEngine;
import app.fathi.segments.rules.Sum;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/** Counts events of people as rules ask, in memory: the newest moments of some, and what others come to. Their order is no matter. */
final class Counts {
    private final Function<Call, Collection<Atom>> atoms;
    private final Function<Call, Collection<Series>> series;
    private final Map<Integer, Map<Integer, long[]>> moments;
    private final HashSet<Counted> changed = new HashSet<>();
    private final Map<Place, Sum> sums = new HashMap<>();

    /**
     * @param atoms that an event may be
     * @param series likewise
     * @param moments those that are kept, by person and behaviour: further ones come to them
     */
    Counts(
            Function<Call, Collection<Atom>> atoms,
            Function<Call, Collection<Series>> series,
            Map<Integer, Map<Integer, long[]>> moments) {
        this.atoms = atoms;
        this.series = series;
        this.moments = moments;
    }

    /** Of whom nothing is kept yet. */
    static Counts anew(Collection<Atom> atoms, Collection<Series> series) {
        var byCall = atoms.stream()
                .collect(Collectors.groupingBy(atom -> atom.behaviour().call()));
        var seriesByCall = series.stream()
                .collect(Collectors.groupingBy(one -> one.asked().behaviour().call()));
        return new Counts(event -> among(byCall, event), event -> among(seriesByCall, event), new HashMap<>());
    }

    private static <T> Collection<T> among(Map<Call, List<T>> all, Call event) {
        return event.asked().stream()
                .flatMap(call -> all.getOrDefault(call, List.of()).stream())
                .toList();
    }

    /** @param day on which it came; null for today */
    void count(int no, Did event, Long day) {
        for (var atom : atoms.apply(event.call())) {
            if (RuleEngine.fits(atom.behaviour(), event.properties())) {
                moments.computeIfAbsent(no, none -> new HashMap<>())
                        .merge(
                                atom.no(),
                                new long[] {Instants.micros(event.at())},
                                (kept, one) -> newest(kept, one, atom.keep()));
                changed.add(new Counted(no, atom.no()));
            }
        }
        for (var one : series.apply(event.call())) {
            var asked = one.asked();
            if (RuleEngine.fits(asked.behaviour(), event.properties())) {
                var value = asked.property() == null
                        ? Value.MISSING
                        : asked.property().in(event.properties());
                sums.merge(
                        new Place(no, one.no(), asked.step().begin(event.at()), day),
                        Sum.of(event.at(), value),
                        Sum::plus);
            }
        }
    }

    private static long[] newest(long[] kept, long[] one, int keep) {
        var all = LongStream.concat(Arrays.stream(kept), Arrays.stream(one))
                .sorted()
                .toArray();
        return all.length <= keep ? all : Arrays.copyOfRange(all, all.length - keep, all.length);
    }

    Map<Integer, Map<Integer, long[]>> moments() {
        return moments;
    }

    /** What is other than what was kept. */
    List<Moments> changed() {
        return changed.stream().map(key -> key.with(moments)).toList();
    }

    /** What is to be added to what was kept. */
    Map<Place, Sum> sums() {
        return sums;
    }
}
