package app.fathi.cep.policies;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cep.message.ChannelKind;
import app.fathi.cep.message.Reason;
import app.fathi.cep.policies.PolicyRules.Asked;
import app.fathi.cep.policies.PolicyRules.Due;
import app.fathi.cep.policies.PolicyRules.Holdout;
import app.fathi.cep.policies.PolicyRules.Person;
import app.fathi.cep.policies.Ring.Need;
import app.fathi.cep.policies.Ring.Sent;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Policies against {@link NaiveRules}, and the cases that people ask about. */
class PolicyRulesTest {
    /** Gaps and overlaps of an hour and of half an hour, at midnight, at two, and none at all. */
    private static final List<ZoneId> ZONES = List.of(
                    "Europe/Berlin",
                    "America/New_York",
                    "Australia/Lord_Howe",
                    "America/Havana",
                    "Asia/Beirut",
                    "America/Santiago",
                    "Asia/Kathmandu",
                    "UTC")
            .stream()
            .map(ZoneId::of)
            .toList();

    private static final List<String> TAGS = List.of("news", "offer");

    private final Random random = new Random(20261126);

    @Test
    void whatever_the_policies_and_the_clocks_it_is_what_trying_every_minute_says() {
        var seen = new HashMap<String, Integer>();
        for (int i = 0; i < 4_000; i++) {
            var naive = situation();
            var policies = Policies.of(3, naive.workspaceZone(), naive.document());
            var expected = expected(naive);
            var ruling = PolicyRules.decide(policies, person(naive), asked(naive), naive.now());
            seen.merge(expected, 1, Integer::sum);
            assertThat(told(ruling)).as("case %d: %s", i, naive).isEqualTo(expected);
        }
        assertThat(seen.keySet())
                .containsExactlyInAnyOrder(
                        "go",
                        "waits",
                        "blackout",
                        "lower_priority",
                        "capped",
                        "min_gap",
                        "quiet_hours",
                        "queue_expired");
        assertThat(seen.values()).as("each often enough: %s", seen).allMatch(count -> count > 50);
    }

    @Test
    void who_waits_may_go_at_the_instant_that_is_said_and_not_a_second_before() {
        int waited = 0;
        for (int i = 0; i < 4_000; i++) {
            var naive = situation();
            // One policy at a time: then what is over is over.
            var only = naive.document().fieldNames().stream()
                    .skip(random.nextInt(3))
                    .findFirst()
                    .orElse("caps");
            var document = new JsonObject().put(only, naive.document().getValue(only));
            if (document.getValue(only) instanceof JsonArray all && all.size() > 1) {
                document.put(only, new JsonArray().add(all.getValue(0)));
            }
            var policies = Policies.of(3, naive.workspaceZone(), document);
            var alone = new Person(1, naive.personZone(), null, person(naive).ring());
            var ruling = PolicyRules.decide(policies, alone, asked(naive), naive.now());
            if (ruling != null && ruling.isHeld()) {
                waited++;
                var until = ruling.heldUntil();
                assertThat(PolicyRules.decide(policies, alone, asked(naive), until))
                        .as("case %d at its end: %s", i, naive)
                        .isNull();
                var before = PolicyRules.decide(policies, alone, asked(naive), until.minusSeconds(1));
                assertThat(before).as("case %d a second before: %s", i, naive).isNotNull();
                assertThat(before.factors().until()).isEqualTo(until);
            }
        }
        assertThat(waited).isGreaterThan(300);
    }

    private NaiveRules situation() {
        var workspaceZone = ZONES.get(random.nextInt(ZONES.size()));
        var personZone = random.nextInt(4) == 0 ? null : ZONES.get(random.nextInt(ZONES.size()));
        var now = interesting(personZone == null ? workspaceZone : personZone);
        var sends = IntStream.range(0, random.nextInt(9))
                .mapToObj(i -> send(now.getEpochSecond() - random.nextLong(random.nextBoolean() ? 7_200 : 9 * 86_400)))
                .toList();
        var due = IntStream.range(0, random.nextInt(3))
                .mapToObj(i -> send(now.getEpochSecond() + random.nextLong(-7_200, 36_000)))
                .toList();
        var sendAt = now.minusSeconds(random.nextInt(20_000));
        return new NaiveRules(
                document(now),
                workspaceZone,
                personZone,
                random.nextInt(3) == 0 ? hours() : null,
                sends,
                due,
                "webpush",
                random.nextBoolean() ? null : TAGS.get(random.nextInt(2)),
                10 * random.nextInt(11),
                sendAt,
                now.plusSeconds(1 + random.nextInt(40 * 3_600)),
                now);
    }

    private NaiveRules.Send send(long second) {
        return new NaiveRules.Send(
                second, "webpush", random.nextBoolean() ? null : TAGS.get(random.nextInt(2)), 10 * random.nextInt(11));
    }

    /** Often within a day of when the clocks are changed. */
    private Instant interesting(ZoneId zone) {
        var any = Instant.parse("2026-01-01T00:00:00Z").plusSeconds(random.nextInt(365 * 86_400));
        var change = zone.getRules().nextTransition(any);
        return change == null || random.nextInt(3) == 0
                ? any
                : change.getInstant().plusSeconds(random.nextInt(2 * 86_400) - 86_400);
    }

    private JsonObject document(Instant now) {
        var document = new JsonObject();
        var caps = new JsonArray();
        for (int i = random.nextInt(3); i > 0; i--) {
            var window = random.nextBoolean()
                    ? new JsonObject().put("kind", "rolling").put("hours", 1 + random.nextInt(72))
                    : new JsonObject()
                            .put("kind", "calendar")
                            .put("unit", List.of("day", "week", "month").get(random.nextInt(3)))
                            .put("zone", random.nextBoolean() ? "profile" : "workspace");
            var scope =
                    switch (random.nextInt(3)) {
                        case 0 -> new JsonObject().put("kind", "all");
                        case 1 -> new JsonObject().put("kind", "channel").put("channel", "webpush");
                        default -> new JsonObject().put("kind", "tag").put("tag", TAGS.get(random.nextInt(2)));
                    };
            caps.add(exceed(new JsonObject()
                    .put("name", "cap " + i)
                    .put("limit", 1 + random.nextInt(4))
                    .put("window", window)
                    .put("scope", scope)));
        }
        document.put("caps", caps);
        if (random.nextInt(4) == 0) {
            document.put("minGap", exceed(new JsonObject().put("minutes", 1 + random.nextInt(600))));
        }
        if (random.nextInt(4) == 0) {
            document.put("priorities", exceed(new JsonObject().put("minutes", 1 + random.nextInt(600))));
        }
        if (random.nextInt(3) == 0) {
            document.put("quietHours", hours().put("then", random.nextBoolean() ? "hold" : "drop"));
        }
        if (random.nextInt(4) == 0) {
            var start = LocalDate.ofInstant(now, ZoneOffset.UTC).plusDays(random.nextInt(3) - 1);
            document.put(
                    "blackouts",
                    new JsonArray()
                            .add(new JsonObject()
                                    .put("name", "dark")
                                    .put("start", start + "T00:00")
                                    .put("end", start.plusDays(1) + "T02:30")
                                    .put("zone", random.nextBoolean() ? "profile" : "workspace")
                                    .put("then", random.nextBoolean() ? "hold" : "drop")));
        }
        return document;
    }

    private JsonObject exceed(JsonObject of) {
        return random.nextBoolean()
                ? of.put("onExceed", "drop")
                : of.put("onExceed", "queue").put("maxWaitHours", 1 + random.nextInt(48));
    }

    private JsonObject hours() {
        var start = String.format("%02d:%02d", random.nextInt(24), random.nextInt(4) * 15);
        var end = String.format("%02d:%02d", random.nextInt(24), random.nextInt(4) * 15);
        return start.equals(end)
                ? hours()
                : new JsonObject().put("start", start).put("end", end);
    }

    private static String expected(NaiveRules naive) {
        for (var said : List.of(naive.blackout(), naive.priorities(), naive.caps(), naive.quietHours())) {
            if (!said.equals("go")) {
                return said;
            }
        }
        return "go";
    }

    private static String told(Ruling ruling) {
        return ruling == null
                ? "go"
                : ruling.isHeld() ? "waits" : ruling.reason().word();
    }

    private static Person person(NaiveRules naive) {
        var own = naive.ownQuietHours();
        var ring = Ring.EMPTY;
        long run = 100;
        for (var send : naive.sends()) {
            ring = ring.with(
                    new Sent(send.second(), run++, ChannelKind.WEBPUSH.code(), Ring.tag(send.tag()), send.priority()),
                    List.of());
        }
        Due due = null;
        for (var one : naive.due()) {
            // As the store reads it: what is less important, or too late, is not read.
            var within = naive.document()
                            .getJsonObject("priorities", new JsonObject())
                            .getInteger("minutes", 0)
                    * 60L;
            if (one.priority() > naive.priority() && one.second() < naive.now().getEpochSecond() + within) {
                due = new Due(one.priority(), Instant.ofEpochSecond(one.second())).and(due);
            }
        }
        return new Person(
                1,
                naive.personZone(),
                own == null ? null : DailyHours.of(own.getString("start"), own.getString("end")),
                Ring.of(ring.octets()),
                due);
    }

    private static Asked asked(NaiveRules naive) {
        return new Asked(
                7,
                1,
                ChannelKind.WEBPUSH,
                Ring.tag(naive.tag()),
                naive.sendAt(),
                naive.expiresAt(),
                Holdout.NONE,
                naive.priority());
    }

    @ParameterizedTest
    @CsvSource({
        // In the gap of 29 March 2026, 02:00 to 03:00, there is no half past two.
        "Europe/Berlin, 2026-03-29T00:30:00Z, 22:00, 02:30, 2026-03-29T01:00:00Z",
        // In the overlap of 25 October 2026 it is half past two twice: it is quiet again.
        "Europe/Berlin, 2026-10-25T00:10:00Z, 22:00, 02:30, 2026-10-25T00:30:00Z",
        "Europe/Berlin, 2026-10-25T01:10:00Z, 22:00, 02:30, 2026-10-25T01:30:00Z",
        "Europe/Berlin, 2026-07-01T19:59:59Z, 22:00, 08:00, -",
        "Europe/Berlin, 2026-07-01T20:00:00Z, 22:00, 08:00, 2026-07-02T06:00:00Z",
        "Asia/Kathmandu, 2026-07-01T20:00:00Z, 22:00, 08:00, 2026-07-02T02:15:00Z"
    })
    void quiet_hours_end_by_the_clock_on_the_wall(String zone, Instant now, String start, String end, String until) {
        assertThat(DailyHours.of(start, end).until(now, ZoneId.of(zone)))
                .isEqualTo(until.equals("-") ? null : Instant.parse(until));
    }

    @Test
    void a_message_that_has_its_place_keeps_it_however_full_it_is() {
        var cap = new JsonObject()
                .put("name", "one")
                .put("limit", 1)
                .put("window", new JsonObject().put("kind", "rolling").put("hours", 24));
        var policies = Policies.of(1, ZoneOffset.UTC, new JsonObject().put("caps", new JsonArray().add(cap)));
        var now = Instant.parse("2026-11-02T10:00:00Z");
        var ring = Ring.EMPTY.with(new Sent(now.getEpochSecond() - 60, 5, 1, 0), policies.needs());
        var person = new Person(1, null, null, ring);
        assertThat(PolicyRules.room(policies, person, asked(5, now), now)).isNull();
        assertThat(PolicyRules.room(policies, person, asked(6, now), now).reason())
                .isEqualTo(Reason.CAPPED);

        var giveWay =
                Policies.of(1, ZoneOffset.UTC, new JsonObject().put("priorities", new JsonObject().put("minutes", 60)));
        var pressed = new Person(1, null, null, ring, new Due(80, now));
        assertThat(PolicyRules.priority(giveWay, pressed, asked(5, now), now)).isNull();
        var ruling = PolicyRules.priority(giveWay, pressed, asked(6, now), now);
        assertThat(ruling.reason()).isEqualTo(Reason.LOWER_PRIORITY);
        assertThat(ruling.factors().toJson(giveWay).getString("name")).isEqualTo("priority 80");
        assertThat(PolicyRules.priority(Policies.NONE, pressed, asked(6, now), now))
                .as("without such a policy")
                .isNull();
    }

    @Test
    void a_ring_keeps_how_important_a_message_was_in_the_octets_that_it_has() {
        for (int priority = 0; priority <= 100; priority++) {
            var sent = new Sent(4_000_000_000L, (4_095L << 36) + priority, 1, Ring.tag("news"), priority);
            var ring = new Ring(List.of(sent, new Sent(1_700_000_000L, 7, 1, 0)));
            assertThat(Ring.of(ring.octets())).isEqualTo(ring);
            assertThat(ring.octets()).hasSize(2 * 17);
        }
    }

    private static Asked asked(long run, Instant now) {
        return new Asked(7, run, ChannelKind.WEBPUSH, 0, now, now.plus(Duration.ofHours(1)));
    }

    @Test
    void a_ring_forgets_first_what_no_cap_counts_and_survives_its_octets() {
        var needs = List.of(new Need(new Scope.Tagged("rare"), 4), new Need(new Scope.All(), 10));
        var ring = Ring.EMPTY;
        for (int i = 0; i < 500; i++) {
            ring = ring.with(new Sent(1_700_000_000L + i, i, 1, i % 100 == 0 ? Ring.tag("rare") : 0), needs);
        }
        assertThat(ring.sent()).hasSize(Ring.MOST);
        assertThat(ring.sent().stream().filter(new Scope.Tagged("rare")::counts))
                .hasSize(4);
        assertThat(ring.sent().getLast().run()).isEqualTo(499);
        assertThat(Ring.of(ring.octets())).isEqualTo(ring);
        assertThat(ring.without(499).has(499)).isFalse();
        var factors = new Factors(Factors.What.BLACKOUT, 70_000, 99, Instant.ofEpochSecond(4_000_000_000L));
        assertThat(Factors.of(factors.octets())).isEqualTo(factors);
    }

    @Test
    void a_holdout_is_the_share_that_was_asked_for_and_of_a_growing_one_nobody_leaves() {
        var five = heldOut(5);
        var ten = heldOut(10);
        assertThat(five.size()).isBetween(800, 1_200);
        assertThat(ten.size()).isBetween(1_800, 2_200).isGreaterThan(five.size());
        assertThat(ten).containsAll(five);
        assertThat(five).allMatch(no -> NaiveRules.isHeldOut(7, no, 5));
    }

    private static List<Integer> heldOut(int percent) {
        var policies = new Policies(1, ZoneOffset.UTC, List.of(), null, null, null, List.of(), percent, Map.of());
        var out = new ArrayList<Integer>();
        for (int no = 0; no < 20_000; no++) {
            var ruling = PolicyRules.holdout(policies, new Person(no, null, null, Ring.EMPTY), asked(1, Instant.EPOCH));
            if (ruling != null) {
                out.add(no);
            }
        }
        return out;
    }
}
