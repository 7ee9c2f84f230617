package app.fathi.cdp.traits;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

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
     * @param key the same as long as it is computed in the same way
     * @param reads properties of events, without those that lie inside them
     */
    record Defined(UUID id, String name, String key, Computation by, Set<String> reads) {}

    TraitDefinitions(long version, List<Defined> all, Set<String> oldest) {
        this(
                version,
                List.copyOf(all),
                all.stream().collect(Collectors.groupingBy(one -> one.by().event())),
                Set.copyOf(oldest));
    }

    Set<String> names() {
        return all.stream().map(Defined::name).collect(Collectors.toSet());
    }

    /** Whether anything is computed of such an event. */
    public boolean asks(Happening event) {
        return event.keys().stream().anyMatch(byEvent::containsKey);
    }

    /** Those that an event may change. */
    Stream<Defined> of(Happening event) {
        return event.keys().stream().flatMap(key -> byEvent.getOrDefault(key, List.of()).stream());
    }
}
