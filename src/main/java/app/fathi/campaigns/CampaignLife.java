package app.fathi.campaigns;

import java.time.Instant;
import java.util.Locale;

/**
 * The life of a campaign as one pure function: {@code draft → in_review → approved → scheduled → running ⇄ paused → completed |
 * cancelled | failed}, and {@code archived}. Where nobody has to approve it, a draft is scheduled or launched as it is. One that is
 * triggered is opened in place of that, and takes entries for as long as it runs.
 */
final class CampaignLife {
    private CampaignLife() {}

    /** Whether somebody let it be sent. */
    enum Approval {
        NONE,
        /** Somebody did, who may have written it. */
        GIVEN,
        /** Somebody did who neither made it nor changed it last. */
        INDEPENDENT;

        static Approval of(String word) {
            return valueOf(word.toUpperCase(Locale.ROOT));
        }

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * Where it stands.
     *
     * @param next when it goes out next; null: not any more, or not yet
     * @param open runs that are not over
     * @param sent runs that were ever begun
     * @param opened people are entered whenever it runs, and not at times of its own
     */
    record State(Status status, Approval approval, Instant next, int open, int sent, boolean opened)
            implements Outcome {
        static final State NEW = new State(Status.DRAFT, Approval.NONE, null, 0, 0);

        /** One that goes out at times of its own. */
        State(Status status, Approval approval, Instant next, int open, int sent) {
            this(status, approval, next, open, sent, false);
        }

        private State to(Status other) {
            return new State(other, approval, other.isOver() ? null : next, open, sent, opened && !other.isOver());
        }

        private State back(Status other) {
            return new State(other, Approval.NONE, null, open, sent);
        }

        private State due(Status other, Instant slot) {
            return new State(other, approval, slot, open, sent);
        }

        /** Whether somebody may be entered now. */
        boolean takesEntries() {
            return status == Status.RUNNING && opened;
        }

        /** Whether it goes out at that time, and has not done so yet. */
        boolean waitsFor(Instant slot) {
            return (status == Status.SCHEDULED || status == Status.RUNNING) && slot.equals(next);
        }

        private boolean rests() {
            return next == null && open == 0 && !opened;
        }
    }

    sealed interface Event {}

    /** @param whatIsSent whether audience, content or schedule changed; else only what it is called */
    record Edited(boolean whatIsSent) implements Event {}

    record Submitted() implements Event {}

    /** @param independent by somebody who neither made it nor changed it last */
    record Approved(boolean independent) implements Event {}

    record Rejected() implements Event {}

    /**
     * @param first when it is due for the first time; null where it never is
     * @param needsOthers whether it may only go when somebody else has approved it
     */
    record Scheduled(Instant first, boolean needsOthers) implements Event {}

    /** At once, whatever it is scheduled for. */
    record Launched(boolean needsOthers) implements Event {}

    /** From now on people are entered, until it is closed. */
    record Opened(boolean needsOthers) implements Event {}

    /** Nobody is entered any more; who was gets what they are to get. */
    record Closed() implements Event {}

    /** What became of a slot. */
    enum Fate {
        SENT,
        MISSED,
        FAILED
    }

    /**
     * Its time came.
     *
     * @param slot which of them
     * @param next the one after it; null for none
     */
    record Due(Instant slot, Fate fate, Instant next) implements Event {}

    /** @param failed nobody could be found for it */
    record RunEnded(boolean failed) implements Event {}

    record Paused() implements Event {}

    /**
     * Its time came, and somebody else has to approve it by now: it waits for them and for who lets it go on.
     *
     * @param slot which time
     */
    record Outgrown(Instant slot) implements Event {}

    /**
     * @param next when it goes out next, those times left out that passed meanwhile; null for none
     * @param needsOthers whether it may only go when somebody else has approved it
     */
    record Resumed(Instant next, boolean needsOthers) implements Event {}

    record Cancelled() implements Event {}

    record Archived() implements Event {}

    sealed interface Outcome permits State, Refusal {}

    /** @param why for people: what stands against it, and what to do */
    record Refusal(String why) implements Outcome {}

    static Outcome after(State state, Event event, Instant now) {
        return switch (event) {
            case Edited edited -> edited(state, edited);
            case Submitted submitted ->
                state.status == Status.DRAFT || state.status == Status.APPROVED
                        ? state.back(Status.IN_REVIEW)
                        : refused(state, "Only a draft is submitted.");
            case Approved approved -> approved(state, approved);
            case Rejected rejected ->
                state.status == Status.IN_REVIEW ? state.back(Status.DRAFT) : refused(state, "Nobody asks for a look.");
            case Scheduled scheduled -> scheduled(state, scheduled, now);
            case Launched launched -> launched(state, launched, now);
            case Opened opened -> opened(state, opened);
            case Closed closed ->
                state.takesEntries()
                        ? state.to(Status.COMPLETED)
                        : refused(
                                state,
                                state.opened
                                        ? "Resume it first, or cancel it."
                                        : "Only a triggered one that is running is finished.");
            case Due due -> due(state, due);
            case RunEnded ended -> ended(state, ended);
            case Paused paused ->
                state.status == Status.RUNNING
                        ? state.to(Status.PAUSED)
                        : refused(state, "Only what is running pauses.");
            case Outgrown outgrown ->
                state.waitsFor(outgrown.slot)
                        ? state.to(Status.PAUSED)
                        : refused(state, "It does not wait for this time.");
            case Resumed resumed -> resumed(state, resumed);
            case Cancelled cancelled ->
                switch (state.status) {
                    case APPROVED, SCHEDULED, RUNNING, PAUSED -> state.to(Status.CANCELLED);
                    default -> refused(state, "There is nothing to cancel.");
                };
            case Archived archived ->
                switch (state.status) {
                    case DRAFT, IN_REVIEW, APPROVED, COMPLETED, CANCELLED, FAILED -> state.to(Status.ARCHIVED);
                    default -> refused(state, "Cancel it first.");
                };
        };
    }

    private static Outcome edited(State state, Edited edited) {
        return switch (state.status) {
            case DRAFT, IN_REVIEW, APPROVED, SCHEDULED -> edited.whatIsSent ? state.back(Status.DRAFT) : state;
            case RUNNING, PAUSED ->
                edited.whatIsSent
                        ? refused(state, "What is going out stays as it is: cancel it and make a copy.")
                        : state;
            default ->
                edited.whatIsSent
                        ? refused(state, "What was sent stays as it was: make a copy and change that.")
                        : state;
        };
    }

    /** One that rests stays where it is: who lets it go on says when. */
    private static Outcome approved(State state, Approved approved) {
        var approval = approved.independent || state.status == Status.PAUSED && state.approval == Approval.INDEPENDENT
                ? Approval.INDEPENDENT
                : Approval.GIVEN;
        return switch (state.status) {
            case IN_REVIEW -> new State(Status.APPROVED, approval, null, state.open, state.sent);
            case PAUSED -> new State(Status.PAUSED, approval, state.next, state.open, state.sent, state.opened);
            default -> refused(state, "Submit it first.");
        };
    }

    private static Outcome scheduled(State state, Scheduled scheduled, Instant now) {
        var stops = stops(state, scheduled.needsOthers);
        if (stops != null) {
            return stops;
        }
        if (scheduled.first == null || !scheduled.first.isAfter(now)) {
            return refused(state, "No time of its schedule is still to come: change the schedule, or launch it.");
        }
        return state.due(Status.SCHEDULED, scheduled.first);
    }

    private static Outcome launched(State state, Launched launched, Instant now) {
        var ready = state.status == Status.SCHEDULED ? state.to(Status.APPROVED) : state;
        var stops = stops(ready, launched.needsOthers);
        return stops == null ? state.due(Status.RUNNING, now) : stops;
    }

    private static Outcome opened(State state, Opened opened) {
        var stops = stops(state, opened.needsOthers);
        return stops == null ? new State(Status.RUNNING, state.approval, null, state.open, state.sent, true) : stops;
    }

    /** What stands against its going out; null for nothing. */
    private static Refusal stops(State state, boolean needsOthers) {
        if (state.status != Status.DRAFT && state.status != Status.APPROVED) {
            return refused(
                    state,
                    state.status == Status.IN_REVIEW ? "Somebody has to approve it or send it back." : "It was begun.");
        }
        return needsOthers && state.approval != Approval.INDEPENDENT
                ? refused(
                        state,
                        "Somebody who neither made it nor changed it last has to approve it: submit it and have it approved.")
                : null;
    }

    /** A slot that it does not wait for (any more) changes nothing. */
    private static Outcome due(State state, Due due) {
        if (!state.waitsFor(due.slot)) {
            return refused(state, "It does not wait for this time.");
        }
        boolean sent = due.fate == Fate.SENT;
        var after = new State(
                Status.RUNNING, state.approval, due.next, state.open + (sent ? 1 : 0), state.sent + (sent ? 1 : 0));
        return after.rests() ? after.to(after.sent == 0 ? Status.FAILED : Status.COMPLETED) : after;
    }

    private static Outcome ended(State state, RunEnded ended) {
        if (state.open == 0) {
            return refused(state, "No run of it is open.");
        }
        var after = new State(state.status, state.approval, state.next, state.open - 1, state.sent, state.opened);
        boolean going = after.status == Status.RUNNING || after.status == Status.PAUSED;
        return going && after.rests()
                ? after.to(ended.failed && after.sent == 1 ? Status.FAILED : Status.COMPLETED)
                : after;
    }

    private static Outcome resumed(State state, Resumed resumed) {
        if (state.status != Status.PAUSED) {
            return refused(state, "Only what is paused goes on.");
        }
        boolean goesOn = resumed.next != null || state.opened;
        if (resumed.needsOthers && goesOn && state.approval != Approval.INDEPENDENT) {
            return refused(state, "Somebody who neither made it nor changed it last has to approve it first.");
        }
        if (state.opened) {
            return state.to(Status.RUNNING);
        }
        var after = state.due(Status.RUNNING, resumed.next);
        return after.rests() ? after.to(after.sent == 0 ? Status.FAILED : Status.COMPLETED) : after;
    }

    private static Refusal refused(State state, String what) {
        return new Refusal("The campaign is " + state.status.word().replace('_', ' ') + ". " + what);
    }
}
