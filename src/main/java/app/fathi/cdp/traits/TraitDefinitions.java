package app.fathi.cdp.traits;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a workspace says of traits, ready to be followed. Immutable.
 *
 * @param version grows with each change
 * @param all the traits that are computed
 * @param oldest traits of which the first word stands
 */
public record TraitDefinitions(
        long version, List<Defined> all, Map<String, List<Defined>> byEvent, Set<String> oldest) {
    public static final TraitDefinitions NONE = new TraitDefinitions(0, List.of(), Set.of());

    /**
     * A trait that is computed.
     *
     * @param reads properties of events, without those that lie inside them
     */
    record Defined(String name, Computation by, Set<String> reads) {}

    TraitDefinitions(long version, List<Defined> all, Set<String> oldest) {
        this(
                version,
                List.copyOf(all),
                all.stream().collect(Collectors.groupingBy(one -> one.by().event())),
                Set.copyOf(oldest));
    }

    /**
     * The keys of an event, by which is known what is computed of it.
     *
     * @param name null where it has none
     */
    public static Set<String> keys(String call, String name) {
        return Happening.keys(call, name);
    }

    /** Whether anything is computed of events of this key. */
    public boolean asks(String event) {
        return byEvent.containsKey(event);
    }

    /** Those that an event of this key may change. */
    List<Defined> of(String event) {
        return byEvent.getOrDefault(event, List.of());
    }
}
