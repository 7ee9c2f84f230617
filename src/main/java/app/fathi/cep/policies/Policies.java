package app.fathi.cep.policies;

import app.fathi.cep.message.ChannelKind;
import app.fathi.cep.policies.Cap.Exceed;
import app.fathi.cep.policies.Factors.What;
import app.fathi.cep.policies.Ring.Need;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * When messages go, as a workspace lays it down for all of them but transactional ones.
 *
 * @param version 0 where nothing was ever laid down
 * @param zone of the workspace
 * @param gap null for none
 * @param priorities null where no message gives way to another
 * @param quietHours null for none
 * @param holdoutPercent of all people; 0 for nobody
 * @param channelWeights what each channel counts beside the others; empty where how well they suit is not asked
 */
public record Policies(
        int version,
        ZoneId zone,
        List<Cap> caps,
        Gap gap,
        Priorities priorities,
        QuietTime quietHours,
        List<Blackout> blackouts,
        double holdoutPercent,
        Map<ChannelKind, Double> channelWeights) {

    static final Policies NONE = none(ZoneOffset.UTC);

    static Policies none(ZoneId zone) {
        return new Policies(0, zone, List.of(), null, null, null, List.of(), 0, Map.of());
    }

    /** Between any two messages to a person. */
    record Gap(Duration length, Exceed exceed) {}

    /**
     * Of what a person would get within so short a time only the most important goes.
     *
     * @param within before a message and after it
     */
    public record Priorities(Duration within, Exceed exceed) {}

    /** @param hold what comes meanwhile waits for their end; else it is dropped */
    public record QuietTime(DailyHours hours, boolean hold) {}

    /** Whether people are counted. */
    public boolean counts() {
        return !caps.isEmpty() || gap != null || priorities != null;
    }

    /** Whether anything depends on where a person is. */
    boolean needPlaces() {
        return quietHours != null
                || !channelWeights.isEmpty()
                || blackouts.stream().anyMatch(Blackout::ofProfile)
                || caps.stream().anyMatch(cap -> cap.window().ofProfile());
    }

    boolean isEmpty() {
        return !counts()
                && quietHours == null
                && blackouts.isEmpty()
                && holdoutPercent == 0
                && channelWeights.isEmpty();
    }

    /**
     * Of each kind of messages the most that a cap counts; the gap counts the last one of all. So do priorities: while they are in force
     * nothing less important follows, so the last one is the most important.
     */
    public List<Need> needs() {
        var most = new LinkedHashMap<Scope, Integer>();
        if (gap != null || priorities != null) {
            most.put(new Scope.All(), 1);
        }
        caps.forEach(cap -> most.merge(cap.scope(), cap.limit(), Math::max));
        return most.entrySet().stream()
                .map(scope -> new Need(scope.getKey(), scope.getValue()))
                .toList();
    }

    Factors factors(What what, int index, Instant until) {
        return new Factors(what, version, index, until);
    }

    // --- as the contract writes them -------------------------------------------------------------------------------

    /** What a caller lays down; fails with {@code unprocessable} for what makes no sense. */
    static Policies of(JsonObject json) {
        return of(0, ZoneOffset.UTC, json);
    }

    static Policies of(int version, ZoneId zone, JsonObject json) {
        var quiet = json.getJsonObject("quietHours");
        var gap = json.getJsonObject("minGap");
        var priorities = json.getJsonObject("priorities");
        var holdout = json.getJsonObject("holdout");
        var policies = new Policies(
                version,
                zone,
                caps(json.getJsonArray("caps", new JsonArray())),
                gap == null ? null : new Gap(minutes(gap), exceed(gap, "/minGap")),
                priorities == null ? null : new Priorities(minutes(priorities), exceed(priorities, "/priorities")),
                quiet == null ? null : quietTime(quiet),
                blackouts(json.getJsonArray("blackouts", new JsonArray())),
                holdout == null ? 0 : holdout.getDouble("percent"),
                weights(json.getJsonObject("channelWeights")));
        requireRemembered(policies);
        return policies;
    }

    private static Duration minutes(JsonObject of) {
        return Duration.ofMinutes(of.getInteger("minutes"));
    }

    /** The same with all that was left to us: what is stored, and what is shown. */
    JsonObject toJson() {
        var capsJson = new JsonArray();
        caps.forEach(cap -> capsJson.add(put(
                new JsonObject()
                        .put("name", cap.name())
                        .put("limit", cap.limit())
                        .put("window", json(cap.window()))
                        .put("scope", json(cap.scope())),
                cap.exceed())));
        var blackoutsJson = new JsonArray();
        blackouts.forEach(one -> blackoutsJson.add(new JsonObject()
                .put("name", one.name())
                .put("start", one.start().toString())
                .put("end", one.end().toString())
                .put("zone", one.ofProfile() ? "profile" : "workspace")
                .put("then", one.hold() ? "hold" : "drop")));
        return new JsonObject()
                .put("caps", capsJson)
                .put("minGap", gap == null ? null : json(gap.length(), gap.exceed()))
                .put("priorities", priorities == null ? null : json(priorities.within(), priorities.exceed()))
                .put(
                        "quietHours",
                        quietHours == null
                                ? null
                                : new JsonObject()
                                        .put("start", quietHours.hours().start().toString())
                                        .put("end", quietHours.hours().end().toString())
                                        .put("then", quietHours.hold() ? "hold" : "drop"))
                .put("blackouts", blackoutsJson)
                .put("holdout", holdoutPercent == 0 ? null : new JsonObject().put("percent", holdoutPercent))
                .put("channelWeights", channelWeights.isEmpty() ? null : weightsJson());
    }

    private JsonObject weightsJson() {
        var weights = new JsonObject();
        channelWeights.forEach((channel, weight) -> weights.put(channel.word(), weight));
        return weights;
    }

    private static Map<ChannelKind, Double> weights(JsonObject json) {
        var weights = new EnumMap<ChannelKind, Double>(ChannelKind.class);
        if (json != null) {
            json.forEach(one -> weights.put(
                    ChannelKind.valueOf(one.getKey().toUpperCase(Locale.ROOT)),
                    ((Number) one.getValue()).doubleValue()));
        }
        return weights;
    }

    private static JsonObject json(Duration minutes, Exceed exceed) {
        return put(new JsonObject().put("minutes", minutes.toMinutes()), exceed);
    }

    private static JsonObject put(JsonObject json, Exceed exceed) {
        return exceed.maxWait() == null
                ? json.put("onExceed", "drop")
                : json.put("onExceed", "queue")
                        .put("maxWaitHours", exceed.maxWait().toHours());
    }

    private static JsonObject json(Window window) {
        return switch (window) {
            case Window.Rolling rolling ->
                new JsonObject()
                        .put("kind", "rolling")
                        .put("hours", rolling.length().toHours());
            case Window.Calendar calendar ->
                new JsonObject()
                        .put("kind", "calendar")
                        .put("unit", calendar.unit().name().toLowerCase(Locale.ROOT))
                        .put("zone", calendar.ofProfile() ? "profile" : "workspace");
        };
    }

    private static JsonObject json(Scope scope) {
        return switch (scope) {
            case Scope.All all -> new JsonObject().put("kind", "all");
            case Scope.OnChannel on ->
                new JsonObject()
                        .put("kind", "channel")
                        .put("channel", on.channel().word());
            case Scope.Tagged tagged -> new JsonObject().put("kind", "tag").put("tag", tagged.tag());
        };
    }

    private static List<Cap> caps(JsonArray array) {
        var caps = new ArrayList<Cap>();
        var names = new HashSet<String>();
        for (int i = 0; i < array.size(); i++) {
            var cap = array.getJsonObject(i);
            var pointer = "/caps/" + i;
            if (!names.add(cap.getString("name"))) {
                throw ProblemException.unprocessable(pointer + "/name", "Another cap has this name.");
            }
            caps.add(new Cap(
                    cap.getString("name"),
                    cap.getInteger("limit"),
                    window(cap.getJsonObject("window"), pointer + "/window"),
                    scope(cap.getJsonObject("scope", new JsonObject().put("kind", "all")), pointer + "/scope"),
                    exceed(cap, pointer)));
        }
        return List.copyOf(caps);
    }

    private static Window window(JsonObject window, String pointer) {
        boolean rolling = window.getString("kind").equals("rolling");
        requireOnly(window, pointer, rolling ? List.of("kind", "hours") : List.of("kind", "unit", "zone"));
        if (rolling) {
            return new Window.Rolling(Duration.ofHours(given(window, "hours", pointer, Integer.class)));
        }
        return new Window.Calendar(
                Window.Unit.valueOf(given(window, "unit", pointer, String.class).toUpperCase(Locale.ROOT)),
                ofProfile(window));
    }

    private static Scope scope(JsonObject scope, String pointer) {
        return switch (scope.getString("kind")) {
            case "channel" -> {
                requireOnly(scope, pointer, List.of("kind", "channel"));
                var word = given(scope, "channel", pointer, String.class);
                yield new Scope.OnChannel(ChannelKind.valueOf(word.toUpperCase(Locale.ROOT)));
            }
            case "tag" -> {
                requireOnly(scope, pointer, List.of("kind", "tag"));
                yield new Scope.Tagged(given(scope, "tag", pointer, String.class));
            }
            default -> {
                requireOnly(scope, pointer, List.of("kind"));
                yield new Scope.All();
            }
        };
    }

    private static Exceed exceed(JsonObject of, String pointer) {
        boolean queue = of.getString("onExceed", "drop").equals("queue");
        var hours = of.getInteger("maxWaitHours");
        if (queue == (hours == null)) {
            throw ProblemException.unprocessable(
                    pointer + "/maxWaitHours",
                    queue ? "Say for how many hours a message waits at most." : "What is dropped does not wait.");
        }
        return queue ? new Exceed(Duration.ofHours(hours)) : Exceed.DROP;
    }

    private static QuietTime quietTime(JsonObject quiet) {
        if (quiet.getString("start").equals(quiet.getString("end"))) {
            throw ProblemException.unprocessable("/quietHours/end", "Quiet hours that end when they start are none.");
        }
        return new QuietTime(DailyHours.of(quiet.getString("start"), quiet.getString("end")), isHeld(quiet, "hold"));
    }

    private static List<Blackout> blackouts(JsonArray array) {
        var blackouts = new ArrayList<Blackout>();
        for (int i = 0; i < array.size(); i++) {
            var one = array.getJsonObject(i);
            var pointer = "/blackouts/" + i;
            var start = minute(one, "start", pointer);
            var end = minute(one, "end", pointer);
            if (!end.isAfter(start)) {
                throw ProblemException.unprocessable(pointer + "/end", "A blackout ends after it starts.");
            }
            blackouts.add(new Blackout(one.getString("name"), start, end, ofProfile(one), isHeld(one, "drop")));
        }
        return List.copyOf(blackouts);
    }

    private static LocalDateTime minute(JsonObject json, String name, String pointer) {
        try {
            return LocalDateTime.parse(json.getString(name));
        } catch (DateTimeException e) {
            throw ProblemException.unprocessable(
                    pointer + "/" + name, "There is no such day or minute; a valid one is 2026-12-24T00:00.");
        }
    }

    private static boolean ofProfile(JsonObject json) {
        return json.getString("zone", "profile").equals("profile");
    }

    private static boolean isHeld(JsonObject json, String otherwise) {
        return json.getString("then", otherwise).equals("hold");
    }

    private static <T> T given(JsonObject json, String name, String pointer, Class<T> type) {
        var value = json.getValue(name);
        if (value == null) {
            throw ProblemException.unprocessable(
                    pointer + "/" + name, "The kind " + json.getString("kind") + " needs " + name + ".");
        }
        return type.cast(value);
    }

    private static void requireOnly(JsonObject json, String pointer, List<String> names) {
        for (var name : json.fieldNames()) {
            if (!names.contains(name)) {
                throw ProblemException.unprocessable(
                        pointer + "/" + name, "The kind " + json.getString("kind") + " has no " + name + ".");
            }
        }
    }

    /** What is forgotten cannot be counted. */
    private static void requireRemembered(Policies policies) {
        int sum = policies.needs().stream().mapToInt(Need::limit).sum();
        if (sum > Ring.MOST) {
            throw ProblemException.unprocessable(
                    "/caps",
                    "The last " + Ring.MOST
                            + " messages of a person are remembered. The highest limits of the caps of each scope are "
                            + sum + " together: lower them.");
        }
    }

    /** Which cap or blackout it was, or how important what came first; for people. Null where there is no name for it. */
    String name(Factors factors) {
        return switch (factors.what()) {
            case CAP ->
                factors.index() < caps.size() ? caps.get(factors.index()).name() : null;
            case BLACKOUT ->
                factors.index() < blackouts.size()
                        ? blackouts.get(factors.index()).name()
                        : null;
            case PRIORITY -> "priority " + factors.index();
            default -> null;
        };
    }
}
