package app.fathi.campaigns;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.campaigns.CampaignLife.Approval;
import app.fathi.campaigns.CampaignLife.Approved;
import app.fathi.campaigns.CampaignLife.Archived;
import app.fathi.campaigns.CampaignLife.Cancelled;
import app.fathi.campaigns.CampaignLife.Closed;
import app.fathi.campaigns.CampaignLife.Due;
import app.fathi.campaigns.CampaignLife.Edited;
import app.fathi.campaigns.CampaignLife.Event;
import app.fathi.campaigns.CampaignLife.Fate;
import app.fathi.campaigns.CampaignLife.Launched;
import app.fathi.campaigns.CampaignLife.Opened;
import app.fathi.campaigns.CampaignLife.Outcome;
import app.fathi.campaigns.CampaignLife.Outgrown;
import app.fathi.campaigns.CampaignLife.Paused;
import app.fathi.campaigns.CampaignLife.Refusal;
import app.fathi.campaigns.CampaignLife.Rejected;
import app.fathi.campaigns.CampaignLife.Resumed;
import app.fathi.campaigns.CampaignLife.RunEnded;
import app.fathi.campaigns.CampaignLife.Scheduled;
import app.fathi.campaigns.CampaignLife.State;
import app.fathi.campaigns.CampaignLife.Submitted;
import java.time.Instant;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CampaignLifeTest {
    private static final Instant START = Instant.parse("2026-11-02T10:00:00Z");
    private static final Set<Status> WITHOUT_SLOT = EnumSet.of(
            Status.DRAFT, Status.IN_REVIEW, Status.APPROVED, Status.COMPLETED, Status.CANCELLED, Status.FAILED);

    private static State go(State state, Event... events) {
        for (var event : events) {
            var outcome = CampaignLife.after(state, event, START);
            assertThat(outcome).as("%s, %s", state, event).isInstanceOf(State.class);
            state = (State) outcome;
        }
        return state;
    }

    private static String refusal(State state, Event event) {
        return ((Refusal) CampaignLife.after(state, event, START)).why();
    }

    private static Instant in(int hours) {
        return START.plusSeconds(hours * 3_600L);
    }

    @Test
    void one_that_nobody_has_to_approve_is_scheduled_sent_and_completed() {
        var waiting = go(State.NEW, new Scheduled(in(1), false));
        assertThat(waiting.status()).isEqualTo(Status.SCHEDULED);
        var sending = go(waiting, new Due(in(1), Fate.SENT, null));
        assertThat(sending.status()).isEqualTo(Status.RUNNING);
        assertThat(go(sending, new RunEnded(false)).status()).isEqualTo(Status.COMPLETED);
        assertThat(go(sending, new RunEnded(true)).status()).isEqualTo(Status.FAILED);
        assertThat(go(waiting, new Due(in(1), Fate.MISSED, null)).status()).isEqualTo(Status.FAILED);
    }

    @Test
    void one_that_needs_other_eyes_is_not_sent_without_them() {
        assertThat(refusal(State.NEW, new Scheduled(in(1), true))).contains("has to approve it");
        var asked = go(State.NEW, new Submitted());
        assertThat(refusal(asked, new Launched(true))).contains("approve it or send it back");
        assertThat(refusal(go(asked, new Approved(false)), new Launched(true))).contains("neither made it");
        var approved = go(asked, new Approved(true));
        assertThat(go(approved, new Launched(true)).next()).isEqualTo(START);
        var edited = go(approved, new Edited(true));
        assertThat(edited.status()).isEqualTo(Status.DRAFT);
        assertThat(edited.approval()).isEqualTo(Approval.NONE);
        assertThat(go(approved, new Edited(false))).isEqualTo(approved);
    }

    @Test
    void a_recurring_one_goes_on_until_its_rule_and_its_last_run_are_over() {
        var first = go(State.NEW, new Scheduled(in(1), false), new Due(in(1), Fate.SENT, in(2)));
        assertThat(go(first, new RunEnded(false)).status())
                .as("between two times")
                .isEqualTo(Status.RUNNING);
        var paused = go(first, new RunEnded(true), new Paused());
        assertThat(refusal(paused, new Due(in(2), Fate.SENT, in(3)))).contains("does not wait");
        var last = go(paused, new Resumed(in(3), false), new Due(in(3), Fate.SENT, null));
        assertThat(go(last, new RunEnded(false)).status()).isEqualTo(Status.COMPLETED);
        assertThat(go(paused, new Resumed(null, true)).status())
                .as("its last times passed meanwhile")
                .isEqualTo(Status.COMPLETED);
    }

    @Test
    void one_that_is_for_too_many_when_its_time_comes_waits_for_other_eyes_and_for_who_lets_it_go_on() {
        var running = go(State.NEW, new Scheduled(in(1), false), new Due(in(1), Fate.SENT, in(2)));
        assertThat(refusal(running, new Outgrown(in(1)))).contains("does not wait");
        for (var waiting : List.of(go(State.NEW, new Scheduled(in(2), false)), running)) {
            var paused = go(waiting, new Outgrown(in(2)));
            assertThat(paused.status()).isEqualTo(Status.PAUSED);
            assertThat(refusal(paused, new Due(in(2), Fate.SENT, null))).contains("does not wait");
            assertThat(refusal(paused, new Resumed(in(3), true))).contains("neither made it");
            assertThat(refusal(go(paused, new Approved(false)), new Resumed(in(3), true)))
                    .contains("neither made it");
            var approved = go(paused, new Approved(true));
            assertThat(approved.status()).isEqualTo(Status.PAUSED);
            assertThat(go(approved, new Resumed(in(3), true)).next()).isEqualTo(in(3));
            assertThat(go(paused, new Resumed(in(3), false)).status())
                    .as("it is for fewer again")
                    .isEqualTo(Status.RUNNING);
        }
    }

    @Test
    void a_triggered_one_takes_entries_while_it_runs_and_until_it_is_closed() {
        assertThat(State.NEW.takesEntries()).isFalse();
        assertThat(refusal(State.NEW, new Opened(true))).contains("has to approve it");
        assertThat(refusal(State.NEW, new Closed())).contains("triggered one that is running");
        var open = go(State.NEW, new Opened(false));
        assertThat(open.takesEntries()).isTrue();
        assertThat(refusal(open, new Opened(false))).contains("It was begun");
        assertThat(refusal(open, new Edited(true))).contains("cancel it and make a copy");
        assertThat(refusal(open, new Due(START, Fate.SENT, null))).contains("does not wait");
        var paused = go(open, new Paused());
        assertThat(paused.takesEntries()).isFalse();
        assertThat(refusal(paused, new Closed())).contains("Resume it first");
        assertThat(refusal(paused, new Resumed(null, true))).contains("neither made it");
        assertThat(go(paused, new Approved(true), new Resumed(null, true)).takesEntries())
                .isTrue();
        assertThat(go(paused, new Resumed(null, false), new Closed()).status()).isEqualTo(Status.COMPLETED);
        for (var over : List.of(go(open, new Closed()), go(open, new Cancelled()), go(paused, new Cancelled()))) {
            assertThat(over.opened()).isFalse();
            assertThat(refusal(over, new Resumed(null, false))).contains("Only what is paused");
        }
    }

    /** What holds after whatever people, clocks and senders do, in whatever order. */
    @Test
    void whatever_happens_nothing_is_sent_unapproved_or_twice_and_nothing_is_left_hanging() {
        for (long seed = 1; seed <= 2_000; seed++) {
            new History(seed).live();
        }
    }

    private static final class History {
        private final Random random;
        private final long seed;
        private final Set<Instant> sentSlots = new HashSet<>();
        private State state = State.NEW;
        private Instant now = START;
        /** Somebody else approved exactly what would be sent. */
        private boolean looked;

        History(long seed) {
            this.seed = seed;
            this.random = new Random(seed);
        }

        void live() {
            for (int step = 0; step < 60; step++) {
                now = now.plusSeconds(random.nextInt(5_000));
                var event = event();
                var before = state;
                var outcome = CampaignLife.after(state, event, now);
                assertThat(outcome)
                        .as("the same again, seed %d", seed)
                        .isEqualTo(CampaignLife.after(state, event, now));
                if (outcome instanceof State after) {
                    state = after;
                    follow(before, event);
                }
                holds(outcome, event);
            }
        }

        private Event event() {
            var later = random.nextInt(4) == 0 ? null : now.plusSeconds(1 + random.nextInt(9_000));
            return switch (random.nextInt(18)) {
                case 0 -> new Edited(random.nextBoolean());
                case 1 -> new Submitted();
                case 2 -> new Approved(random.nextBoolean());
                case 3 -> new Rejected();
                case 4 -> new Scheduled(later, random.nextBoolean());
                case 5 -> new Launched(random.nextBoolean());
                case 6, 7, 8 ->
                    new Due(
                            state.next() == null || random.nextInt(5) == 0 ? now : state.next(),
                            Fate.values()[random.nextInt(3)],
                            later);
                case 9, 10 -> new RunEnded(random.nextInt(4) == 0);
                case 11 -> new Paused();
                case 12 -> new Resumed(random.nextBoolean() ? state.next() : later, random.nextBoolean());
                case 14, 15 -> new Opened(random.nextBoolean());
                case 16 -> new Closed();
                case 13 -> new Outgrown(state.next() == null || random.nextInt(5) == 0 ? now : state.next());
                default -> random.nextInt(3) == 0 ? new Archived() : new Cancelled();
            };
        }

        private void follow(State before, Event event) {
            switch (event) {
                case Edited(boolean whatIsSent) when whatIsSent -> looked = false;
                case Submitted submitted -> looked = false;
                case Approved(boolean independent) ->
                    looked = independent || before.status() == Status.PAUSED && looked;
                case Rejected rejected -> looked = false;
                case Scheduled(Instant first, boolean needsOthers) ->
                    assertThat(!needsOthers || looked)
                            .as("unapproved, seed %d", seed)
                            .isTrue();
                case Launched(boolean needsOthers) ->
                    assertThat(!needsOthers || looked)
                            .as("unapproved, seed %d", seed)
                            .isTrue();
                case Opened(boolean needsOthers) -> {
                    assertThat(!needsOthers || looked)
                            .as("unapproved, seed %d", seed)
                            .isTrue();
                    assertThat(before.takesEntries()).isFalse();
                    assertThat(state.takesEntries()).isTrue();
                }
                case Closed closed -> {
                    assertThat(before.takesEntries()).as("seed %d", seed).isTrue();
                    assertThat(state.status()).isEqualTo(Status.COMPLETED);
                }
                case Due(Instant slot, Fate fate, Instant next) -> {
                    assertThat(before.status()).as("seed %d", seed).isIn(Status.SCHEDULED, Status.RUNNING);
                    assertThat(slot).isEqualTo(before.next());
                    if (fate == Fate.SENT && (next == null || next.isAfter(slot))) {
                        assertThat(sentSlots.add(slot))
                                .as("twice, seed %d", seed)
                                .isTrue();
                    }
                }
                case Outgrown(Instant slot) -> {
                    assertThat(before.status()).as("seed %d", seed).isIn(Status.SCHEDULED, Status.RUNNING);
                    assertThat(state)
                            .isEqualTo(new State(Status.PAUSED, before.approval(), slot, before.open(), before.sent()));
                }
                case Resumed(Instant next, boolean needsOthers) -> {
                    assertThat(before.status()).isEqualTo(Status.PAUSED);
                    assertThat(next == null && !before.opened() || !needsOthers || looked)
                            .as("unapproved, seed %d", seed)
                            .isTrue();
                }
                default -> {}
            }
        }

        private void holds(Outcome outcome, Event event) {
            var as = "seed %d, %s, %s".formatted(seed, event, outcome);
            if (WITHOUT_SLOT.contains(state.status())) {
                assertThat(state.next()).as(as).isNull();
            }
            if (state.status() == Status.SCHEDULED) {
                assertThat(state.next()).as(as).isNotNull();
            }
            if (state.status() == Status.RUNNING || state.status() == Status.PAUSED) {
                assertThat(state.next() != null || state.open() > 0 || state.opened())
                        .as("hangs: " + as)
                        .isTrue();
            }
            if (state.status() == Status.COMPLETED || state.status() == Status.FAILED) {
                assertThat(state.open()).as(as).isZero();
            }
            assertThat(state.open()).as(as).isBetween(0, state.sent());
            if (state.opened()) {
                assertThat(state.status()).as(as).isIn(Status.RUNNING, Status.PAUSED);
                assertThat(state.next()).as(as).isNull();
                assertThat(state.sent()).as(as).isZero();
            }
            if (outcome instanceof Refusal(var why)) {
                assertThat(why).startsWith("The campaign is ").endsWith(".");
            }
        }
    }
}
