package app.fathi.testing;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import java.time.zone.ZoneRulesProvider;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Three time zones of which two change their clocks when a test says so, which no zone on earth does. They are known to the whole JVM,
 * by names that nobody has; until {@link #change} is called it is UTC there.
 */
public final class ChangingClocks {
    /** By how many seconds they change: an hour of it would have to be waited for. */
    private static final int FORWARD_SECONDS = 4;

    private static final int BACK_SECONDS = 4;

    private static final String NOWHERE = "Nowhere";

    private final String suffix = NOWHERE + UUID.randomUUID().toString().replace("-", "");
    private final Map<String, ZoneRules> rules = new ConcurrentHashMap<>();

    public final String steady = "Steady" + suffix;
    public final String forward = "Forward" + suffix;
    public final String back = "Back" + suffix;

    /** All zones but such as these, for tests that look at any. */
    public static List<ZoneId> onEarth() {
        return ZoneId.getAvailableZoneIds().stream()
                .filter(zone -> !zone.contains(NOWHERE))
                .sorted()
                .map(ZoneId::of)
                .toList();
    }

    public ChangingClocks() {
        List.of(steady, forward, back).forEach(zone -> rules.put(zone, ZoneRules.of(ZoneOffset.UTC)));
        ZoneRulesProvider.registerProvider(new Rules());
    }

    /**
     * From now on it is that hour in each of the zones at that instant: in {@link #forward} it is one that is left out, so that it
     * comes as much later, and in {@link #back} it comes twice, and this is the first.
     */
    public void change(LocalDateTime hour, Instant inSteady, Instant inForward, Instant inBack) {
        rules.put(steady, ZoneRules.of(offset(hour, inSteady)));
        rules.put(
                forward, rules(inForward.minusSeconds(FORWARD_SECONDS / 2), offset(hour, inForward), FORWARD_SECONDS));
        rules.put(back, rules(inBack.plusSeconds(BACK_SECONDS / 2), offset(hour, inBack), -BACK_SECONDS));
    }

    private static ZoneOffset offset(LocalDateTime hour, Instant at) {
        return ZoneOffset.ofTotalSeconds((int) (hour.toEpochSecond(ZoneOffset.UTC) - at.getEpochSecond()));
    }

    private static ZoneRules rules(Instant changed, ZoneOffset before, int bySeconds) {
        var after = ZoneOffset.ofTotalSeconds(before.getTotalSeconds() + bySeconds);
        var change = ZoneOffsetTransition.of(LocalDateTime.ofInstant(changed, before), before, after);
        return ZoneRules.of(before, before, List.of(), List.of(change), List.of());
    }

    /** What a zone says of itself now. */
    public ZoneRules in(String zone) {
        return ZoneId.of(zone).getRules();
    }

    private final class Rules extends ZoneRulesProvider {
        @Override
        protected Set<String> provideZoneIds() {
            return Set.of(steady, forward, back);
        }

        @Override
        protected ZoneRules provideRules(String zone, boolean forCaching) {
            return forCaching ? null : rules.get(zone);
        }

        @Override
        protected NavigableMap<String, ZoneRules> provideVersions(String zone) {
            return new TreeMap<>(Map.of("1", rules.get(zone)));
        }
    }
}
