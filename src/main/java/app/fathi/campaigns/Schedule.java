package app.fathi.campaigns;

import app.fathi.cep.message.Timing;
import app.fathi.platform.bus.Rfc3339;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.json.JsonObject;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** When a campaign goes out. Pure. */
sealed interface Schedule {
    /** The first time it is due after that instant; null for none. */
    Instant next(Instant after);

    /** After it nothing of that time is sent any more; null for as long as messages live. */
    Instant cutoff(Instant slot);

    /** When each person gets it; null for all at the same time. */
    default Timing timing() {
        return null;
    }

    /** What the contract writes. */
    JsonObject toJson();

    /** Once, everywhere at the same moment. */
    record At(Instant at, Instant cutoff) implements Schedule {
        @Override
        public Instant next(Instant after) {
            return at.isAfter(after) ? at : null;
        }

        @Override
        public Instant cutoff(Instant slot) {
            return cutoff;
        }

        @Override
        public JsonObject toJson() {
            return new JsonObject()
                    .put("kind", "instant")
                    .put("at", at.toString())
                    .put("cutoff", text(cutoff));
        }
    }

    /** Once, at this hour of everybody's own day. It is asked for somewhat before it is that hour anywhere. */
    record Local(Timing.Local timing, Instant cutoff) implements Schedule {
        private static final Duration BEFORE = Duration.ofHours(1);

        /** Where it is that hour somewhere already, at once; null where it is over everywhere. */
        @Override
        public Instant next(Instant after) {
            var first = timing.earliest(after).minus(BEFORE);
            if (after.isBefore(first)) {
                return first;
            }
            return after.isBefore(timing.latest(after)) ? after.plusMillis(1) : null;
        }

        @Override
        public Instant cutoff(Instant slot) {
            return cutoff;
        }

        @Override
        public JsonObject toJson() {
            return new JsonObject()
                    .put("kind", "local")
                    .put("start", MINUTE.format(timing.at()))
                    .put(
                            "zone",
                            timing.otherwise() == null
                                    ? null
                                    : timing.otherwise().getId())
                    .put("whenPassed", timing.passed().name().toLowerCase(Locale.ROOT))
                    .put("cutoff", text(cutoff));
        }
    }

    /** Once, from then on at each one's best hour. */
    record BestHour(Instant at, Timing.BestHour timing, Instant cutoff) implements Schedule {
        @Override
        public Instant next(Instant after) {
            return at.isAfter(after) ? at : null;
        }

        @Override
        public Instant cutoff(Instant slot) {
            return cutoff;
        }

        @Override
        public JsonObject toJson() {
            return new JsonObject()
                    .put("kind", "best_hour")
                    .put("at", at.toString())
                    .put("withinHours", (int) timing.within().toHours())
                    .put("controlPercent", timing.controlPercent())
                    .put("cutoff", text(cutoff));
        }
    }

    /** Again and again, by a rule. */
    record Recurring(Recurrence rule, Integer cutoffMinutes) implements Schedule {
        @Override
        public Instant next(Instant after) {
            return rule.next(after);
        }

        @Override
        public Instant cutoff(Instant slot) {
            return cutoffMinutes == null ? null : slot.plus(Duration.ofMinutes(cutoffMinutes));
        }

        @Override
        public JsonObject toJson() {
            return new JsonObject()
                    .put("kind", "recurring")
                    .put("rule", rule.text())
                    .put("start", MINUTE.format(rule.start()))
                    .put("zone", rule.zone().getId())
                    .put("cutoffMinutes", cutoffMinutes);
        }
    }

    /**
     * For each who is entered, when they are.
     *
     * @param until nobody is entered from then on; null for as long as somebody lets it run
     * @param cooldownMinutes so long nobody is entered again; null for as often as they are named
     * @param cutoffMinutes nothing is sent so long after an entry; null for as long as messages live
     */
    record Triggered(Instant until, Integer cooldownMinutes, Integer cutoffMinutes) implements Schedule {
        @Override
        public Instant next(Instant after) {
            return null;
        }

        @Override
        public Instant cutoff(Instant slot) {
            return cutoffMinutes == null ? null : slot.plus(Duration.ofMinutes(cutoffMinutes));
        }

        boolean isOver(Instant now) {
            return until != null && !until.isAfter(now);
        }

        @Override
        public JsonObject toJson() {
            return new JsonObject()
                    .put("kind", "triggered")
                    .put("until", text(until))
                    .put("cooldownMinutes", cooldownMinutes)
                    .put("cutoffMinutes", cutoffMinutes);
        }
    }

    int WITHIN_HOURS = 24;

    DateTimeFormatter MINUTE = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm");

    /** Shape is the contract's; which fields belong to which kind, and what they mean, is checked here. */
    static Schedule of(JsonObject json) {
        if (json == null) {
            return null;
        }
        var cutoff = instant(json, "cutoff");
        return switch (json.getString("kind")) {
            case "instant" -> {
                requireOnly(json, Set.of("kind", "at", "cutoff"));
                var at = instant(json, required(json, "at"));
                requireAfter(cutoff, at);
                yield new At(at, cutoff);
            }
            case "local" -> {
                requireOnly(json, Set.of("kind", "start", "zone", "whenPassed", "cutoff"));
                var zone = json.getString("zone");
                var timing = new Timing.Local(
                        local(json, required(json, "start")),
                        zone == null ? null : zone(zone),
                        Timing.Passed.valueOf(given(json, "whenPassed", "send").toUpperCase(Locale.ROOT)));
                requireAfter(cutoff, timing.earliest(Instant.EPOCH));
                yield new Local(timing, cutoff);
            }
            case "best_hour" -> {
                requireOnly(json, Set.of("kind", "at", "withinHours", "controlPercent", "cutoff"));
                var at = instant(json, required(json, "at"));
                requireAfter(cutoff, at);
                yield new BestHour(
                        at,
                        new Timing.BestHour(
                                Duration.ofHours(given(json, "withinHours", WITHIN_HOURS)),
                                given(json, "controlPercent", 0)),
                        cutoff);
            }
            case "recurring" -> {
                requireOnly(json, Set.of("kind", "rule", "start", "zone", "cutoffMinutes"));
                var start = local(json, required(json, "start"));
                var zone = zone(json.getString(required(json, "zone")));
                var rule = json.getString(required(json, "rule"));
                yield new Recurring(
                        Recurrence.of(rule, start, zone, "/schedule/rule"), json.getInteger("cutoffMinutes"));
            }
            case "triggered" -> {
                requireOnly(json, Set.of("kind", "until", "cooldownMinutes", "cutoffMinutes"));
                yield new Triggered(
                        instant(json, "until"), json.getInteger("cooldownMinutes"), json.getInteger("cutoffMinutes"));
            }
            default -> throw ProblemException.unprocessable("/schedule/kind", "There is no such schedule.");
        };
    }

    private static void requireAfter(Instant cutoff, Instant from) {
        if (cutoff != null && !cutoff.isAfter(from)) {
            throw ProblemException.unprocessable("/schedule/cutoff", "The cutoff is before it is due.");
        }
    }

    private static void requireOnly(JsonObject json, Set<String> names) {
        for (var name : List.copyOf(json.fieldNames())) {
            if (!names.contains(name) && json.getValue(name) != null) {
                throw ProblemException.unprocessable(
                        "/schedule/" + name,
                        "A schedule of the kind " + json.getString("kind") + " has no " + name + ".");
            }
        }
    }

    private static String given(JsonObject json, String name, String otherwise) {
        return json.getValue(name) == null ? otherwise : json.getString(name);
    }

    private static int given(JsonObject json, String name, int otherwise) {
        return json.getValue(name) == null ? otherwise : json.getInteger(name);
    }

    private static String required(JsonObject json, String name) {
        if (json.getValue(name) == null) {
            throw ProblemException.unprocessable(
                    "/schedule/" + name, "A schedule of the kind " + json.getString("kind") + " needs " + name + ".");
        }
        return name;
    }

    private static Instant instant(JsonObject json, String name) {
        var at = Rfc3339.at("/schedule/" + name, json.getString(name));
        // As exact as the database remembers it.
        return at == null ? null : at.toInstant().truncatedTo(ChronoUnit.MILLIS);
    }

    private static LocalDateTime local(JsonObject json, String name) {
        try {
            return LocalDateTime.parse(json.getString(name));
        } catch (DateTimeException e) {
            throw ProblemException.unprocessable(
                    "/schedule/" + name, "There is no such day or minute; a valid one is 2026-12-01T09:00.");
        }
    }

    private static ZoneId zone(String name) {
        try {
            return ZoneId.of(name);
        } catch (DateTimeException e) {
            throw ProblemException.unprocessable(
                    "/schedule/zone", "There is no such zone; a valid one is Europe/Berlin.");
        }
    }

    private static String text(Instant at) {
        return at == null ? null : at.toString();
    }
}
