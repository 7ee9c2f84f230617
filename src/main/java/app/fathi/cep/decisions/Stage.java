package app.fathi.cep.decisions;

import app.fathi.cep.message.Reason;
import app.fathi.cep.policies.Factors;
import app.fathi.cep.policies.PolicyRules;
import app.fathi.cep.policies.Ruling;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;

/**
 * What a delivery has to pass, in this order: the first stage with something against it is the one that is told. Senders ask at
 * the instant of sending, in the transaction that reserves; {@link app.fathi.cep.Explain} asks the same of a message that nobody sends.
 */
public enum Stage {
    /** Somebody has stopped it. */
    KILL_SWITCH(s -> s.isStopped() ? Ruling.skipped(Reason.KILL_SWITCH) : null),
    /** The person is no more of whom the message tells something. */
    AUDIENCE(s ->
            s.left() || s.decided().fault() == Reason.NOT_IN_AUDIENCE ? Ruling.skipped(Reason.NOT_IN_AUDIENCE) : null),
    /** They want nothing of this purpose. */
    CONSENT(refusal(Reason.NO_CONSENT)),
    /** Nothing may be sent to them. */
    SUPPRESSION(refusal(Reason.SUPPRESSED)),
    BLACKOUT(s -> PolicyRules.blackout(s.policies(), s.person(), s.asked(), s.now())),
    /** They got one of the messages that are the same thing, or this one under another number. */
    DUPLICATE(s -> s.duplicate() ? Ruling.skipped(Reason.DUPLICATE) : null),
    HOLDOUT(s -> PolicyRules.holdout(s.policies(), s.person(), s.asked())),
    /** They got something more important lately, or are about to. */
    PRIORITY(s -> PolicyRules.priority(s.policies(), s.person(), s.asked(), s.now())),
    /** Caps and the gap between two messages. */
    CAPS(s -> PolicyRules.room(s.policies(), s.person(), s.asked(), s.now())),
    /** There is an address, and it is active. */
    REACHABLE(s -> s.isReachable() ? null : Ruling.skipped(Reason.NO_SUBSCRIPTION)),
    QUIET_HOURS(s -> PolicyRules.quietHours(s.policies(), s.person(), s.asked(), s.now())),
    /** The workspace's own service has said: not now. */
    CHANNEL_CHOICE(s -> s.advice() != null && s.advice().declines() ? Ruling.skipped(Reason.SERVICE_DECLINED) : null),
    /** The other side of the address takes nothing for a while. */
    THROTTLE(s ->
            s.decided().heldUntil() == null ? null : Ruling.held(s.decided().heldUntil())),
    RENDER(fault(EnumSet.of(Reason.TEMPLATE_ABORTED, Reason.MISSING_VARIABLE, Reason.INTERNAL))),
    /** What is rendered fits through the channel. */
    SIZE(s -> s.decided().fault() == null ? null : Ruling.skipped(s.decided().fault())),
    /**
     * What the workspace may begin. It is the last one, although one would ask for it first: only what would leave otherwise, or
     * wait for it, takes of it.
     */
    QUOTA(s -> s.quotaSpent() ? Ruling.skipped(Reason.QUOTA_EXCEEDED) : null);

    private static final Stage[] IN_ORDER = values();

    /** Which stage has said so; null for what came of an attempt, and for a cancel. */
    static Stage of(Reason reason, Factors factors) {
        if (factors != null && (reason == null || reason == Reason.QUEUE_EXPIRED)) {
            return of(factors.what());
        }
        return reason == null
                ? null
                : switch (reason) {
                    case KILL_SWITCH -> KILL_SWITCH;
                    case NOT_IN_AUDIENCE -> AUDIENCE;
                    case NO_CONSENT -> CONSENT;
                    case SUPPRESSED -> SUPPRESSION;
                    case BLACKOUT -> BLACKOUT;
                    case DUPLICATE -> DUPLICATE;
                    case HOLDOUT, GLOBAL_HOLDOUT -> HOLDOUT;
                    case LOWER_PRIORITY -> PRIORITY;
                    case CAPPED, MIN_GAP -> CAPS;
                    case NO_SUBSCRIPTION -> REACHABLE;
                    case QUIET_HOURS -> QUIET_HOURS;
                    case SERVICE_DECLINED -> CHANNEL_CHOICE;
                    case TEMPLATE_ABORTED, MISSING_VARIABLE -> RENDER;
                    case PAYLOAD_TOO_LARGE -> SIZE;
                    case QUOTA_EXCEEDED -> QUOTA;
                    default -> null;
                };
    }

    private static Stage of(Factors.What what) {
        return switch (what) {
            case CAP, GAP -> CAPS;
            case QUIET_HOURS, OWN_QUIET_HOURS -> QUIET_HOURS;
            case BLACKOUT -> BLACKOUT;
            case HOLDOUT, MESSAGE_HOLDOUT -> HOLDOUT;
            case PRIORITY -> PRIORITY;
        };
    }

    private final Function<Situation, Ruling> against;

    Stage(Function<Situation, Ruling> against) {
        this.against = against;
    }

    /** As the contract writes it. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** What it has against the delivery; null for nothing. */
    public Ruling ask(Situation situation) {
        return against.apply(situation);
    }

    /** What stands first against the delivery; null: it goes. */
    public static Verdict first(Situation situation) {
        var verdict = before(QUOTA, situation);
        var quota = verdict == null || verdict.ruling().isHeld() ? QUOTA.ask(situation) : null;
        return quota == null ? verdict : new Verdict(QUOTA, quota);
    }

    /** The same, of the stages before that one. */
    public static Verdict before(Stage end, Situation situation) {
        for (var stage : IN_ORDER) {
            if (stage == end) {
                return null;
            }
            var ruling = stage.ask(situation);
            if (ruling != null) {
                return new Verdict(stage, ruling);
            }
        }
        return null;
    }

    private static Function<Situation, Ruling> fault(Set<Reason> reasons) {
        return s -> s.decided().fault() != null && reasons.contains(s.decided().fault())
                ? Ruling.skipped(s.decided().fault())
                : null;
    }

    private static Function<Situation, Ruling> refusal(Reason reason) {
        return s -> s.refusal() == reason ? Ruling.skipped(reason) : null;
    }
}
