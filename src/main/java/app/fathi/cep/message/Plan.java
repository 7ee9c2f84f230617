package app.fathi.cep.message;

import app.fathi.platform.bus.Rfc3339;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.json.JsonObject;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.UUID;

/**
 * How a message is spread over people and time. {@link #NONE} for one that everybody gets at once.
 *
 * @param timing when each person gets it; null for all at the same time
 * @param cutoff nothing is sent from then on, and nothing shown that was sent before; null for none
 * @param holdoutPercent so many of a hundred, drawn by chance, get none, to see what the message brings about; 0 for nobody
 * @param dedupe of whom got one of these lately no one gets another; null for none
 * @param campaign whose message it is; null for none. Of all its messages the same people are held out
 * @param priority from 0 to {@link #MOST_IMPORTANT}: to which others it gives way where the workspace's policies say so
 */
public record Plan(Timing timing, Instant cutoff, double holdoutPercent, Dedupe dedupe, UUID campaign, int priority) {

    /** Where nobody says how important it is. */
    public static final int USUAL_PRIORITY = 50;

    public static final int MOST_IMPORTANT = 100;

    public static final Plan NONE = new Plan(null, null, 0, null, null);

    /** Where nobody says for how long. */
    public static final int DEDUPE_HOURS = 24;

    public Plan {
        // As the database keeps it: what is compared with other times has to be the same after it was read.
        cutoff = cutoff == null ? null : cutoff.truncatedTo(ChronoUnit.MICROS);
    }

    /** As important as others. */
    public Plan(Timing timing, Instant cutoff, double holdoutPercent, Dedupe dedupe, UUID campaign) {
        this(timing, cutoff, holdoutPercent, dedupe, campaign, USUAL_PRIORITY);
    }

    /**
     * What makes messages the same thing to a person.
     *
     * @param key a word of the sender's
     * @param within so long after one of them began
     */
    public record Dedupe(String key, Duration within) {}

    /**
     * The contract's fields of a message, whose shapes the edge has checked.
     *
     * @throws ProblemException {@code unprocessable} for what has no meaning: a zone that there is not, two timings
     */
    public static Plan of(JsonObject json) {
        return new Plan(
                timing(json),
                instant("/cutoff", json.getString("cutoff")),
                json.getDouble("holdoutPercent", 0.0),
                dedupe(json.getJsonObject("dedupe")),
                null,
                json.getInteger("priority", USUAL_PRIORITY));
    }

    private static Timing timing(JsonObject json) {
        var local = json.getJsonObject("localHour");
        var best = json.getJsonObject("bestHour");
        if (local != null && best != null) {
            throw ProblemException.unprocessable(
                    "/bestHour", "People get it at an hour that is given, or at their own: give one of both.");
        }
        if (best != null) {
            return new Timing.BestHour(
                    Duration.ofHours(best.getInteger("withinHours", 24)), best.getInteger("controlPercent", 0));
        }
        return local == null
                ? null
                : new Timing.Local(
                        at(local.getString("at")),
                        zone(local.getString("otherwise")),
                        Timing.Passed.valueOf(
                                local.getString("whenPassed", "send").toUpperCase(Locale.ROOT)));
    }

    private static LocalDateTime at(String text) {
        try {
            return LocalDateTime.parse(text);
        } catch (DateTimeException e) {
            throw ProblemException.unprocessable(
                    "/localHour/at", "There is no such hour. Write it without a zone, such as 2026-12-24T09:00.");
        }
    }

    private static ZoneId zone(String name) {
        try {
            return name == null ? null : ZoneId.of(name);
        } catch (DateTimeException e) {
            throw ProblemException.unprocessable(
                    "/localHour/otherwise", "There is no such zone. Zones are named as in Europe/Vienna.");
        }
    }

    private static Dedupe dedupe(JsonObject json) {
        return json == null
                ? null
                : new Dedupe(json.getString("key"), Duration.ofHours(json.getInteger("withinHours", DEDUPE_HOURS)));
    }

    private static Instant instant(String pointer, String text) {
        var at = Rfc3339.at(pointer, text);
        return at == null ? null : at.toInstant();
    }

    /** The same, of a campaign. */
    public Plan of(UUID other) {
        return new Plan(timing, cutoff, holdoutPercent, dedupe, other, priority);
    }

    /** The same, so important. */
    public Plan important(int other) {
        return new Plan(timing, cutoff, holdoutPercent, dedupe, campaign, other);
    }

    /** The same with people held out. */
    public Plan holdingOut(double percent) {
        return new Plan(timing, cutoff, percent, dedupe, campaign, priority);
    }

    /** As {@link #of(JsonObject)} reads it. */
    public JsonObject toJson() {
        var json = new JsonObject();
        switch (timing) {
            case null -> {}
            case Timing.Local local -> {
                var told = new JsonObject()
                        .put("at", local.at().toString())
                        .put("whenPassed", local.passed().name().toLowerCase(Locale.ROOT));
                if (local.otherwise() != null) {
                    told.put("otherwise", local.otherwise().getId());
                }
                json.put("localHour", told);
            }
            case Timing.BestHour best ->
                json.put(
                        "bestHour",
                        new JsonObject()
                                .put("withinHours", best.within().toHours())
                                .put("controlPercent", best.controlPercent()));
        }
        if (cutoff != null) {
            json.put("cutoff", cutoff.toString());
        }
        if (holdoutPercent > 0) {
            json.put("holdoutPercent", holdoutPercent);
        }
        if (dedupe != null) {
            json.put(
                    "dedupe",
                    new JsonObject()
                            .put("key", dedupe.key())
                            .put("withinHours", dedupe.within().toHours()));
        }
        if (priority != USUAL_PRIORITY) {
            json.put("priority", priority);
        }
        return json;
    }
}
