package app.fathi.cep.policies;

import app.fathi.cep.message.ChannelKind;
import app.fathi.cep.message.Plan;
import app.fathi.cep.message.Reason;
import app.fathi.cep.policies.Cap.Exceed;
import app.fathi.cep.policies.Factors.What;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Stream;

/** Whether policies let a message go to a person now. Pure: all that is known comes in, the time too. */
public final class PolicyRules {
    /** Parts of a hundred: a holdout is told to the tenth of a percent. */
    private static final int PARTS = 1_000;

    private PolicyRules() {}

    /**
     * Whom it is for.
     *
     * @param zone null where it is not known: then it is the workspace's
     * @param own hours in which they do not want to be disturbed; null for none
     * @param due what they are about to get that is more important; null for nothing, and where that is not asked
     */
    public record Person(int no, ZoneId zone, DailyHours own, Ring ring, Due due) {

        /** One who is about to get nothing else. */
        Person(int no, ZoneId zone, DailyHours own, Ring ring) {
            this(no, zone, own, ring, null);
        }
    }

    /** Something that a person is about to get, or was meant to have got already. */
    public record Due(int priority, Instant at) {
        /** The later of both. */
        public Due and(Due other) {
            return other == null || !other.at.isAfter(at) ? this : other;
        }
    }

    /**
     * What is to be sent.
     *
     * @param tag {@link Ring#tag}
     * @param sendAt from when on it may wait for room
     * @param expiresAt it waits for nothing that is not before
     * @param holdout whom it leaves out by itself
     * @param priority see {@link Plan#priority}
     */
    public record Asked(
            int ws,
            long run,
            ChannelKind channel,
            int tag,
            Instant sendAt,
            Instant expiresAt,
            Holdout holdout,
            int priority) {

        /** One that leaves nobody out by itself, as important as others. */
        public Asked(int ws, long run, ChannelKind channel, int tag, Instant sendAt, Instant expiresAt) {
            this(ws, run, channel, tag, sendAt, expiresAt, Holdout.NONE, Plan.USUAL_PRIORITY);
        }
    }

    /**
     * Some who get nothing.
     *
     * @param of whom to draw from anew: of the same thing always the same people
     * @param percent 0 for nobody
     */
    public record Holdout(UUID of, double percent) {
        static final Holdout NONE = new Holdout(null, 0);
    }

    /** What stands first against it, in the order of {@link app.fathi.cep.decisions.Stage}; null for nothing. */
    static Ruling decide(Policies policies, Person person, Asked asked, Instant now) {
        return Stream.of(
                        blackout(policies, person, asked, now),
                        holdout(policies, person, asked),
                        priority(policies, person, asked, now),
                        room(policies, person, asked, now),
                        quietHours(policies, person, asked, now))
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
    }

    public static Ruling blackout(Policies policies, Person person, Asked asked, Instant now) {
        Ruling held = null;
        for (int i = 0; i < policies.blackouts().size(); i++) {
            var blackout = policies.blackouts().get(i);
            var until = blackout.until(now, zone(policies, person, blackout.ofProfile()));
            if (until == null) {
                continue;
            }
            if (!blackout.hold()) {
                return Ruling.skipped(Reason.BLACKOUT, policies.factors(What.BLACKOUT, i, null));
            }
            held = Ruling.worse(held, Ruling.held(policies.factors(What.BLACKOUT, i, until), asked.expiresAt()));
        }
        return held;
    }

    /** Who is among the few that get nothing, to see what messages bring about: of this one, then of all; always the same ones. */
    public static Ruling holdout(Policies policies, Person person, Asked asked) {
        if (Lot.isAmong(asked.holdout().of(), person.no(), asked.holdout().percent())) {
            return Ruling.skipped(Reason.HOLDOUT, new Factors(What.MESSAGE_HOLDOUT, 0, 0, null));
        }
        return policies.holdoutPercent() > 0 && part(asked.ws(), person.no()) < policies.holdoutPercent() * PARTS / 100
                ? Ruling.skipped(Reason.GLOBAL_HOLDOUT, policies.factors(What.HOLDOUT, 0, null))
                : null;
    }

    /** From 0 to 999, as good as by chance, and always the same of a person: of a growing share nobody leaves. */
    private static int part(int ws, int no) {
        return (int) Long.remainderUnsigned(Lot.mix((long) ws << 32 | no), PARTS);
    }

    /**
     * Something more important that the person got lately, or is about to get. A message that has its place already gives way to
     * nothing.
     */
    public static Ruling priority(Policies policies, Person person, Asked asked, Instant now) {
        if (policies.priorities() == null || person.ring().has(asked.run())) {
            return null;
        }
        var within = policies.priorities().within();
        Due last = person.due() == null || person.due().at().isAfter(now)
                ? person.due()
                : new Due(person.due().priority(), now);
        for (var one : person.ring().sent()) {
            if (one.priority() > asked.priority() && one.at().plus(within).isAfter(now)) {
                last = new Due(one.priority(), one.at()).and(last);
            }
        }
        return last == null
                ? null
                : full(
                        policies,
                        What.PRIORITY,
                        Reason.LOWER_PRIORITY,
                        last.priority(),
                        policies.priorities().exceed(),
                        last.at().plus(within),
                        asked);
    }

    /** Caps and the gap. A message that has its place already keeps it. */
    public static Ruling room(Policies policies, Person person, Asked asked, Instant now) {
        if (!policies.counts() || person.ring().has(asked.run())) {
            return null;
        }
        Ruling held = null;
        for (int i = 0; i < policies.caps().size(); i++) {
            var cap = policies.caps().get(i);
            if (cap.scope().concerns(asked.channel(), asked.tag())) {
                var free = free(policies, cap, person, now);
                var ruling = full(policies, What.CAP, Reason.CAPPED, i, cap.exceed(), free, asked);
                if (ruling != null && !ruling.isHeld()) {
                    return ruling;
                }
                held = Ruling.worse(held, ruling);
            }
        }
        var ruling = gap(policies, person, asked, now);
        return ruling != null && !ruling.isHeld() ? ruling : Ruling.worse(held, ruling);
    }

    /** When there is room under the cap again; null where there is now. */
    private static Instant free(Policies policies, Cap cap, Person person, Instant now) {
        var zone = zone(policies, person, cap.window().ofProfile());
        int counted = 0;
        for (var one : person.ring().sent().reversed()) {
            if (cap.scope().counts(one)) {
                var ends = cap.window().ends(one.at(), zone);
                if (!ends.isAfter(now)) {
                    return null;
                }
                counted++;
                if (counted == cap.limit()) {
                    return ends;
                }
            }
        }
        return null;
    }

    private static Ruling gap(Policies policies, Person person, Asked asked, Instant now) {
        if (policies.gap() == null || person.ring().sent().isEmpty()) {
            return null;
        }
        var free = person.ring().sent().getLast().at().plus(policies.gap().length());
        return full(
                policies, What.GAP, Reason.MIN_GAP, 0, policies.gap().exceed(), free.isAfter(now) ? free : null, asked);
    }

    private static Ruling full(
            Policies policies, What what, Reason reason, int index, Exceed exceed, Instant free, Asked asked) {
        if (free == null) {
            return null;
        }
        if (exceed.maxWait() == null) {
            return Ruling.skipped(reason, policies.factors(what, index, null));
        }
        return Ruling.held(policies.factors(what, index, free), limit(asked, exceed.maxWait()));
    }

    /** Room that comes at the last moment of the wait is still in time. */
    private static Instant limit(Asked asked, Duration maxWait) {
        var limit = asked.sendAt().plus(maxWait).plusNanos(1);
        return limit.isBefore(asked.expiresAt()) ? limit : asked.expiresAt();
    }

    public static Ruling quietHours(Policies policies, Person person, Asked asked, Instant now) {
        var zone = zone(policies, person, true);
        var quiet = policies.quietHours();
        var until = quiet == null ? null : quiet.hours().until(now, zone);
        if (until != null && !quiet.hold()) {
            return Ruling.skipped(Reason.QUIET_HOURS, policies.factors(What.QUIET_HOURS, 0, null));
        }
        var own = person.own() == null ? null : person.own().until(now, zone);
        return Ruling.worse(
                until == null ? null : Ruling.held(policies.factors(What.QUIET_HOURS, 0, until), asked.expiresAt()),
                own == null ? null : Ruling.held(new Factors(What.OWN_QUIET_HOURS, 0, 0, own), asked.expiresAt()));
    }

    private static ZoneId zone(Policies policies, Person person, boolean ofProfile) {
        return ofProfile && person.zone() != null ? person.zone() : policies.zone();
    }
}
