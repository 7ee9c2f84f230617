package app.fathi.cep.policies;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.math.BigInteger;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.temporal.IsoFields;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Predicate;

/**
 * What policies say of a message, worked out anew from the document as it is stored and in another way than the product does:
 * every minute is tried until one suits. Slow, and without a class of the product.
 *
 * @param sends of the person
 * @param due what the person is to get: when, and how important it is
 */
public record NaiveRules(
        JsonObject document,
        ZoneId workspaceZone,
        ZoneId personZone,
        JsonObject ownQuietHours,
        List<Send> sends,
        List<Send> due,
        String channel,
        String tag,
        int priority,
        Instant sendAt,
        Instant expiresAt,
        Instant now) {

    private static final DateTimeFormatter CLOCK = DateTimeFormatter.ofPattern("HH:mm");
    private static final BigInteger MASK = BigInteger.TWO.pow(64).subtract(BigInteger.ONE);

    public record Send(long second, String channel, String tag, int priority) {}

    /** {@code go}, {@code waits} or the reason; the stages in their order. */
    public String blackout() {
        var said = "go";
        for (var each : document.getJsonArray("blackouts", new JsonArray())) {
            var one = (JsonObject) each;
            Predicate<Instant> dark = t -> {
                var start = LocalDateTime.parse(one.getString("start"))
                        .atZone(zone(one))
                        .toInstant();
                var end = LocalDateTime.parse(one.getString("end"))
                        .atZone(zone(one))
                        .toInstant();
                return !t.isBefore(start) && t.isBefore(end);
            };
            if (dark.test(now)) {
                var theirs = one.getString("then", "drop").equals("drop") ? "blackout" : waits(dark, expiresAt);
                if (theirs.equals("blackout")) {
                    return theirs;
                }
                said = said.equals("queue_expired") ? said : theirs;
            }
        }
        return said;
    }

    /** What is due later than the policy looks is not thought of, what is late comes at once. */
    public String priorities() {
        var policy = document.getJsonObject("priorities");
        if (policy == null) {
            return "go";
        }
        long within = policy.getInteger("minutes") * 60L;
        var important = new ArrayList<Instant>();
        sends.stream().filter(s -> s.priority > priority).forEach(s -> important.add(Instant.ofEpochSecond(s.second)));
        due.stream()
                .filter(d -> d.priority > priority && d.second < now.getEpochSecond() + within)
                .forEach(d -> important.add(d.second < now.getEpochSecond() ? now : Instant.ofEpochSecond(d.second)));
        Predicate<Instant> near = t -> important.stream().anyMatch(one -> t.isBefore(one.plusSeconds(within)));
        if (!near.test(now)) {
            return "go";
        }
        if (policy.getString("onExceed", "drop").equals("drop")) {
            return "lower_priority";
        }
        var wait = sendAt.plusSeconds(policy.getInteger("maxWaitHours") * 3_600L + 1);
        return waits(near, wait.isBefore(expiresAt) ? wait : expiresAt);
    }

    public String caps() {
        var said = "go";
        var all = new ArrayList<JsonObject>();
        document.getJsonArray("caps", new JsonArray()).forEach(cap -> all.add((JsonObject) cap));
        if (document.getJsonObject("minGap") != null) {
            all.add(document.getJsonObject("minGap"));
        }
        for (var one : all) {
            boolean isGap = one.containsKey("minutes");
            if (!isGap && !concerns(one, channel, tag)) {
                continue;
            }
            Predicate<Instant> full = t -> isGap
                    ? sends.stream().anyMatch(s -> t.getEpochSecond() - s.second < one.getInteger("minutes") * 60L)
                    : sends.stream()
                                    .filter(s -> concerns(one, s.channel, s.tag) && counts(one, s.second, t))
                                    .count()
                            >= one.getInteger("limit");
            if (full.test(now)) {
                if (one.getString("onExceed", "drop").equals("drop")) {
                    return isGap ? "min_gap" : "capped";
                }
                var wait = sendAt.plusSeconds(one.getInteger("maxWaitHours") * 3_600L + 1);
                said = waits(full, wait.isBefore(expiresAt) ? wait : expiresAt);
                if (said.equals("queue_expired")) {
                    return said;
                }
            }
        }
        return said;
    }

    public String quietHours() {
        var own = quiet(ownQuietHours);
        var common = quiet(document.getJsonObject("quietHours"));
        if (common.test(now)
                && document.getJsonObject("quietHours")
                        .getString("then", "hold")
                        .equals("drop")) {
            return "quiet_hours";
        }
        var first = common.test(now) ? waits(common, expiresAt) : "go";
        var second = own.test(now) ? waits(own, expiresAt) : "go";
        return first.equals("queue_expired") || second.equals("go") ? first : second;
    }

    /** Whether the person is among those who never get anything. */
    public static boolean isHeldOut(int ws, int no, double percent) {
        var drawn = mixed(BigInteger.valueOf(ws).shiftLeft(32).add(BigInteger.valueOf(no)));
        return drawn.mod(BigInteger.valueOf(1_000)).doubleValue() < percent * 10;
    }

    /** Whether the person is among those who get nothing of a thing: half of what is drawn says so. */
    public static boolean isHeldOut(UUID thing, int no, double percent) {
        var low = mixed(BigInteger.valueOf(thing.getLeastSignificantBits()).add(BigInteger.valueOf(no)));
        var drawn = mixed(BigInteger.valueOf(thing.getMostSignificantBits())
                        .and(MASK)
                        .xor(low))
                .shiftRight(32);
        return drawn.mod(BigInteger.valueOf(1_000)).doubleValue() < percent * 10;
    }

    /** SplitMix64, in arithmetic of any length. */
    private static BigInteger mixed(BigInteger seed) {
        var x = seed.add(new BigInteger("9E3779B97F4A7C15", 16)).and(MASK);
        x = x.xor(x.shiftRight(30))
                .multiply(new BigInteger("BF58476D1CE4E5B9", 16))
                .and(MASK);
        x = x.xor(x.shiftRight(27))
                .multiply(new BigInteger("94D049BB133111EB", 16))
                .and(MASK);
        return x.xor(x.shiftRight(31));
    }

    private Predicate<Instant> quiet(JsonObject hours) {
        return t -> {
            if (hours == null) {
                return false;
            }
            var clock = CLOCK.format(t.atZone(personZone == null ? workspaceZone : personZone));
            boolean begun = clock.compareTo(hours.getString("start")) >= 0;
            boolean open = clock.compareTo(hours.getString("end")) < 0;
            return hours.getString("start").compareTo(hours.getString("end")) < 0 ? begun && open : begun || open;
        };
    }

    private static boolean concerns(JsonObject cap, String channel, String tag) {
        var scope = cap.getJsonObject("scope", new JsonObject().put("kind", "all"));
        return switch (scope.getString("kind")) {
            case "channel" -> scope.getString("channel").equals(channel);
            case "tag" -> scope.getString("tag").equals(tag);
            default -> true;
        };
    }

    private boolean counts(JsonObject cap, long second, Instant at) {
        var window = cap.getJsonObject("window");
        return window.getString("kind").equals("rolling")
                ? at.getEpochSecond() - second < window.getInteger("hours") * 3_600L
                : period(window, at).equals(period(window, Instant.ofEpochSecond(second)));
    }

    private String period(JsonObject window, Instant at) {
        var there = at.atZone(zone(window));
        return switch (window.getString("unit")) {
            case "day" -> there.toLocalDate().toString();
            case "week" -> there.get(IsoFields.WEEK_BASED_YEAR) + "/" + there.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR);
            default -> there.getYear() + "-" + there.getMonthValue();
        };
    }

    private ZoneId zone(JsonObject of) {
        return of.getString("zone", "profile").equals("profile") && personZone != null ? personZone : workspaceZone;
    }

    private String waits(Predicate<Instant> against, Instant limit) {
        return first(against, limit) == null ? "queue_expired" : "waits";
    }

    /** The first minute, or the first second at which a message counts no longer, that suits. */
    public Instant first(Predicate<Instant> against, Instant limit) {
        var tried = new TreeSet<Instant>();
        for (var t = now.truncatedTo(java.time.temporal.ChronoUnit.MINUTES); t.isBefore(limit); t = t.plusSeconds(60)) {
            tried.add(t);
        }
        var lengths = new ArrayList<Long>();
        document.getJsonArray("caps", new JsonArray())
                .forEach(cap ->
                        lengths.add(((JsonObject) cap).getJsonObject("window").getInteger("hours", 0) * 3_600L));
        lengths.add(document.getJsonObject("minGap", new JsonObject()).getInteger("minutes", 0) * 60L);
        lengths.add(document.getJsonObject("priorities", new JsonObject()).getInteger("minutes", 0) * 60L);
        due.forEach(d -> lengths.forEach(length -> tried.add(Instant.ofEpochSecond(d.second + length))));
        lengths.forEach(length -> tried.add(now.plusSeconds(length)));
        sends.forEach(s -> lengths.forEach(length -> tried.add(Instant.ofEpochSecond(s.second + length))));
        return tried.stream()
                .filter(t -> t.isAfter(now) && t.isBefore(limit) && !against.test(t))
                .findFirst()
                .orElse(null);
    }
}
