package app.fathi.segments;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cdp.TraitRows;
import app.fathi.segments.SentMessages.Device;
import app.fathi.segments.SentMessages.Made;
import app.fathi.segments.rules.Mentions;
import app.fathi.segments.rules.Rule.Call;
import app.fathi.segments.rules.Rule.Call.Kind;
import app.fathi.segments.rules.RuleEngine;
import app.fathi.segments.rules.RuleParser;
import app.fathi.segments.rules.RuleSql;
import app.fathi.testing.Closing;
import app.fathi.testing.TestDatabase;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * What people did, and what they did with messages: both engines say of everybody what a reading of the contract that is as
 * plain as can be says of what the test knows, having made it up.
 */
class BehavioursTest {
    private static final int WS = 1;
    private static final int PEOPLE = 40;
    private static final int ROUNDS = Integer.getInteger("fathi.rounds", 400);
    private static final Instant NOW = Instant.now().truncatedTo(ChronoUnit.MICROS);
    private static final List<String> SPANS = List.of("PT1H", "P1D", "P10D", "P400D");
    /** What is called a page and a screen bears the name of an event, too. */
    private static final List<Call> CALLS = List.of(
            Call.track("Order"),
            new Call(Kind.PAGE, "Order"),
            new Call(Kind.SCREEN, "Order"),
            Call.track("Visit"),
            new Call(Kind.PAGE, "Visit"),
            new Call(Kind.PAGE, null),
            new Call(Kind.SCREEN, null),
            Call.track("Nothing"));

    private static final List<ChronoUnit> STEPS =
            List.of(ChronoUnit.SECONDS, ChronoUnit.MINUTES, ChronoUnit.HOURS, ChronoUnit.DAYS);
    private static final List<String> PURPOSES = List.of("marketing", "news");

    private static final long SEED = Long.getLong("fathi.seed", System.nanoTime());
    private static final Random RANDOM = new Random(SEED);

    /** What happened, of whoever it is by now. */
    private record Done(int person, Call call, Instant at, int cents, String shop) {
        double total() {
            return cents / 100.0;
        }
    }

    private record Got(
            int person, Made message, String purpose, Instant sent, Instant shown, Instant clicked, Instant closed) {}

    private static final List<Done> EVENTS_DONE = new ArrayList<>();
    private static final Map<String, Integer> ASKED = new TreeMap<>();
    private static final List<Made> MESSAGES = new ArrayList<>();
    private static final Map<Made, String> PURPOSE_OF = new HashMap<>();
    private static final Map<Made, List<Device>> DEVICES_OF = new HashMap<>();

    private static Vertx vertx;
    private static TestDatabase database;
    private static Pool pool;
    private static List<Known> known;

    @BeforeAll
    static void start() {
        vertx = Vertx.vertx();
        database = TestDatabase.create();
        pool = database.pool(vertx);
        var traits = new ArrayList<JsonObject>();
        for (int i = 0; i < PEOPLE; i++) {
            traits.add(new JsonObject().put("n", i));
        }
        pool.withTransaction(tx -> TraitRows.put(tx, WS, traits)).await();
        for (int no = PEOPLE / 2; no < PEOPLE; no += 3) {
            pool.preparedQuery("UPDATE cdp_profile SET merged_into = $1 WHERE profile_no = $2")
                    .execute(Tuple.of(now(no), no))
                    .await();
        }
        for (int no = 1; no <= PEOPLE; no++) {
            events(no);
        }
        messages();
        known = new PeopleStore()
                        .known(
                                pool,
                                WS,
                                Stream.iterate(1, no -> no + 1).limit(PEOPLE).toList(),
                                Stream.iterate(1, no -> no + 1).limit(PEOPLE).collect(Collectors.toSet()),
                                new Mentions(
                                        Set.of(), Set.copyOf(CALLS), Set.of("total", "shop"), Set.of(), Set.of(), true))
                        .await()
                        .values()
                        .stream()
                        .sorted(Comparator.comparing(Known::no))
                        .toList();
    }

    @AfterAll
    static void stop() {
        Closing.close(vertx);
        database.close();
    }

    /** Some have become part of others. */
    private static int now(int no) {
        return no >= PEOPLE / 2 && (no - PEOPLE / 2) % 3 == 0 ? no / 4 : no;
    }

    @Test
    void of_properties_those_that_are_asked_for_are_read_and_nothing_larger_than_rules_can_ask_for() {
        var heavy = "x".repeat(30_000);
        var list = new JsonArray();
        for (int i = 0; i < 5_000; i++) {
            list.add(i);
        }
        pool.preparedQuery(
                        """
                        INSERT INTO cdp_event (period, ws, identity_no, at, message_id, kind, name, payload)
                        SELECT 0 + (SELECT max(number) FROM partition_period WHERE relation = 'cdp_event' AND begins_at <= now()),
                               $1, no, now(), 'heavy', 'track', 'Heavy', $2 FROM cdp_identity WHERE value = 'u1'
                        """)
                .execute(Tuple.of(
                        WS,
                        new JsonObject()
                                .put(
                                        "properties",
                                        new JsonObject()
                                                .put("junk", heavy)
                                                .put("total", 5)
                                                .put("shop", heavy)
                                                .put("items", list)
                                                .put("none", null))))
                .await();
        var read = new PeopleStore()
                .events(
                        pool,
                        WS,
                        List.of(now(1)),
                        Set.of(Call.track("Heavy")),
                        Set.of("total", "shop", "items", "none", "other"))
                .await()
                .get(now(1))
                .getFirst()
                .properties();
        assertThat(read.fieldNames()).containsExactlyInAnyOrder("total", "shop", "items", "none");
        assertThat(read.getInteger("total")).isEqualTo(5);
        assertThat(read.getString("shop")).isEqualTo("x".repeat(2_048));
        assertThat(read.getJsonObject("items")).isEmpty();
    }

    private static void events(int no) {
        var identity = pool.preparedQuery(
                        """
                        INSERT INTO cdp_identity (ws, kind, value, profile_no, first_seen_at, last_seen_at)
                        VALUES ($1, 0, $2, $3, now(), now()) RETURNING no
                        """)
                .execute(Tuple.of(WS, "u" + no, now(no)))
                .await()
                .iterator()
                .next()
                .getLong("no");
        var rows = new ArrayList<Tuple>();
        for (int i = RANDOM.nextInt(9); i > 0; i--) {
            var done = new Done(
                    now(no), one(CALLS.subList(0, 7)), moment(), RANDOM.nextInt(5_000), "s" + RANDOM.nextInt(3));
            EVENTS_DONE.add(done);
            rows.add(Tuple.of(
                    WS,
                    identity,
                    done.at().atOffset(ZoneOffset.UTC),
                    "m" + no + "-" + i,
                    done.call().kind().word(),
                    done.call().name(),
                    new JsonObject()
                            .put(
                                    "properties",
                                    new JsonObject().put("total", done.total()).put("shop", done.shop()))));
        }
        if (!rows.isEmpty()) {
            pool.preparedQuery(
                            """
                            INSERT INTO cdp_event (period, ws, identity_no, at, message_id, kind, name, payload)
                            SELECT (SELECT max(number) FROM partition_period WHERE relation = 'cdp_event' AND begins_at <= now()),
                                   $1, $2, $3, $4, $5, $6, $7
                            """)
                    .executeBatch(rows)
                    .await();
        }
    }

    private static void messages() {
        for (int i = 0; i < 12; i++) {
            var purpose = one(PURPOSES);
            var message = SentMessages.make(pool, WS, purpose);
            MESSAGES.add(message);
            PURPOSE_OF.put(message, purpose);
            for (int no = 1; no <= PEOPLE; no++) {
                for (int rank = 0; rank < 1 + RANDOM.nextInt(2) && RANDOM.nextInt(3) > 0; rank++) {
                    var sent = RANDOM.nextInt(8) == 0 ? null : moment();
                    var device = new Device(no, rank, sent, after(sent, 2), after(sent, 3), after(sent, 4));
                    SentMessages.put(pool, WS, message, device);
                    DEVICES_OF
                            .computeIfAbsent(message, none -> new ArrayList<>())
                            .add(device);
                }
            }
        }
    }

    /** Perhaps: a report may come of what nobody knows to have been sent, and with a clock that is ahead. */
    private static Instant after(Instant sent, int seldom) {
        return RANDOM.nextInt(seldom) > 0 || sent == null && RANDOM.nextInt(3) > 0
                ? null
                : (sent == null ? moment() : sent).plusSeconds(RANDOM.nextInt(100_000));
    }

    /** Often on an edge of what is asked for, seldom to come. */
    private static Instant moment() {
        var near = RANDOM.nextInt(4) == 0 ? NOW : NOW.minus(Duration.parse(one(SPANS.subList(0, 3))));
        return switch (RANDOM.nextInt(4)) {
            case 0 -> near.plus(RANDOM.nextInt(3) - 1, ChronoUnit.MICROS);
            case 2 -> near.truncatedTo(one(STEPS)).plus(RANDOM.nextInt(3) - 1, ChronoUnit.MICROS);
            case 1 -> NOW.plusSeconds(RANDOM.nextInt(10_000));
            default -> NOW.minusSeconds(RANDOM.nextInt(20 * 86_400));
        };
    }

    // ---- what is compared ----

    @Test
    void both_engines_say_what_the_contract_says_of_what_people_did() {
        int exact = 0;
        for (int round = 0; round < 3 * ROUNDS; round++) {
            exact += compare(event());
        }
        System.out.println("people asked " + ASKED);
        assertThat(exact).as("answered in SQL alone").isGreaterThan(ROUNDS / 8);
    }

    @Test
    void both_engines_say_what_the_contract_says_of_what_people_did_with_messages() {
        for (int round = 0; round < ROUNDS; round++) {
            assertThat(compare(message())).as("answered in SQL alone").isEqualTo(1);
        }
    }

    @Test
    void both_engines_say_the_same_of_both_in_each_other() {
        for (int round = 0; round < ROUNDS / 4; round++) {
            compare(nested(3));
        }
    }

    /** A rule, and what it says of one of the people. */
    private record Asked(JsonObject json, Predicate<Integer> oracle) {
        /** Of what is never unknown. */
        Asked negated(boolean really) {
            return really ? new Asked(rule("not").put("rule", json), oracle.negate()) : this;
        }
    }

    private int compare(Asked asked) {
        var rule = RuleParser.parse(asked.json(), "/rule");
        var wanted = new TreeSet<Integer>();
        known.stream().map(Known::no).filter(asked.oracle()).forEach(wanted::add);
        var what = "seed " + SEED + ": " + asked.json();
        var inMemory = new TreeSet<Integer>();
        known.stream()
                .filter(one -> RuleEngine.evaluate(rule, one, NOW).holds())
                .forEach(one -> inMemory.add(one.no()));
        assertThat(inMemory).as("in memory, " + what).isEqualTo(wanted);
        var condition = RuleSql.compile(rule, Map.of(), NOW, 1);
        var inSql = new TreeSet<Integer>();
        pool.preparedQuery("SELECT p.profile_no FROM cdp_profile p WHERE p.ws = $1 AND p.merged_into IS NULL AND "
                        + condition.text())
                .execute(condition.after(WS))
                .await()
                .forEach(row -> inSql.add(row.getInteger(0)));
        if (condition.exact()) {
            assertThat(inSql).as("in SQL, " + what).isEqualTo(wanted);
        } else {
            assertThat(inSql).as("in SQL, " + what).containsAll(wanted);
        }
        return condition.exact() ? 1 : 0;
    }

    private static Asked nested(int depth) {
        if (depth == 0) {
            return RANDOM.nextBoolean() ? event() : message();
        }
        var one = nested(depth - 1);
        var other = nested(depth - 1);
        var both = JsonArray.of(one.json(), other.json());
        return RANDOM.nextBoolean()
                ? new Asked(rule("and").put("rules", both), one.oracle().and(other.oracle()))
                : new Asked(rule("or").put("rules", both), one.oracle().or(other.oracle()));
    }

    // ---- events ----

    private static Asked event() {
        var json = new JsonObject();
        var call = one(CALLS);
        var kind = call.kind().word();
        if (call.kind() != Kind.TRACK || RANDOM.nextBoolean()) {
            json.put("call", kind);
        }
        if (call.name() != null) {
            json.put("event", call.name());
        }
        var type = one(List.of("didNot", "did", "total", "total", "firstTime", "lastTime"));
        asked(kind + " " + type);
        boolean stepped = type.equals("total") || type.equals("firstTime");
        Predicate<Done> fits = done -> done.call().kind().word().equals(kind)
                && (call.name() == null || call.name().equals(done.call().name()));
        if (RANDOM.nextBoolean()) {
            var span = one(SPANS);
            json.put("within", span);
            var from = NOW.minus(Duration.parse(span));
            var begin = stepped ? begin(from, span) : from;
            fits = fits.and(done -> !done.at().isBefore(begin));
            if (type.equals("total")) {
                fits = fits.and(done -> !begin(done.at(), span).isAfter(NOW));
            }
        }
        if (!type.equals("total")) {
            fits = fits.and(done -> !done.at().isAfter(NOW));
        }
        if (RANDOM.nextInt(3) == 0) {
            var where = where();
            json.put("where", JsonArray.of(where.json()));
            fits = fits.and(where.fits());
        }
        var those = fits;
        Function<Integer, List<Done>> of = no -> EVENTS_DONE.stream()
                .filter(done -> done.person() == no)
                .filter(those)
                .sorted(Comparator.comparing(Done::at))
                .toList();
        return switch (type) {
            case "didNot" -> {
                boolean not = RANDOM.nextInt(4) == 0;
                yield new Asked(json.put("type", "didNot"), no -> of.apply(no).isEmpty()).negated(not);
            }
            case "did" -> {
                var count = count(json.put("type", "did"));
                yield new Asked(json, no -> count.test(of.apply(no).size())).negated(RANDOM.nextInt(4) == 0);
            }
            case "total" -> total(json.put("type", "total"), of);
            default -> time(json.put("type", type), of);
        };
    }

    private static void asked(String what) {
        ASKED.merge(what, PEOPLE, Integer::sum);
    }

    /** Of the second, the minute, the hour or the day, as windows of this length are cut. */
    private static Instant begin(Instant at, String span) {
        return at.truncatedTo(
                switch (span) {
                    case "PT1H" -> ChronoUnit.SECONDS;
                    case "P1D" -> ChronoUnit.MINUTES;
                    case "P10D" -> ChronoUnit.HOURS;
                    default -> ChronoUnit.DAYS;
                });
    }

    private record Where(JsonObject json, Predicate<Done> fits) {}

    private static Where where() {
        int bound = RANDOM.nextInt(50);
        var shop = "s" + RANDOM.nextInt(3);
        return switch (RANDOM.nextInt(5)) {
            case 0 -> new Where(property("total", "gt").put("value", bound), done -> done.total() > bound);
            case 1 -> new Where(property("total", "lte").put("value", bound), done -> done.total() <= bound);
            case 2 ->
                new Where(property("shop", "equals").put("value", shop), done -> done.shop()
                        .equals(shop));
            case 3 ->
                new Where(property("shop", "notEquals").put("value", shop), done -> !done.shop()
                        .equals(shop));
            default -> new Where(property("none", "exists"), done -> false);
        };
    }

    private static JsonObject property(String name, String operator) {
        return new JsonObject().put("property", name).put("operator", operator);
    }

    private static Predicate<Integer> count(JsonObject json) {
        int low = RANDOM.nextInt(4);
        int high = low + RANDOM.nextInt(3);
        return switch (RANDOM.nextInt(5)) {
            case 0 -> {
                json.put("atLeast", low);
                yield count -> count >= low;
            }
            case 1 -> {
                json.put("atMost", high);
                yield count -> count <= high;
            }
            case 2 -> {
                json.put("exactly", low);
                yield count -> count == low;
            }
            case 3 -> {
                json.put("atLeast", low).put("atMost", high);
                yield count -> low <= count && count <= high;
            }
            default -> count -> count >= 1;
        };
    }

    private static Asked total(JsonObject json, Function<Integer, List<Done>> of) {
        var function = one(List.of("sum", "avg", "min", "max"));
        json.put("function", function).put("property", "total");
        Function<Integer, Double> value = no -> {
            // Whole cents: what a reader makes of decimals with a pencil.
            var cents = of.apply(no).stream().mapToInt(Done::cents).sorted().toArray();
            double sum = IntStream.of(cents).sum() / 100.0;
            return switch (function) {
                case "sum" -> sum;
                case "avg" -> cents.length == 0 ? null : sum / cents.length;
                case "min" -> cents.length == 0 ? null : cents[0] / 100.0;
                default -> cents.length == 0 ? null : cents[cents.length - 1] / 100.0;
            };
        };
        double bound = RANDOM.nextInt(60);
        return switch (RANDOM.nextInt(6)) {
            case 0 -> of(json.put("operator", "gt").put("value", bound), value, one -> one > bound);
            case 1 -> of(json.put("operator", "gte").put("value", bound), value, one -> one >= bound);
            case 2 -> of(json.put("operator", "lt").put("value", bound), value, one -> one < bound);
            case 3 -> of(json.put("operator", "lte").put("value", bound), value, one -> one <= bound);
            case 4 -> of(json.put("operator", "equals").put("value", 0), value, one -> one == 0);
            default ->
                of(
                        json.put("operator", "between").put("low", bound).put("high", bound + 20),
                        value,
                        one -> bound <= one && one <= bound + 20);
        };
    }

    /** Of what is unknown neither is true, nor that it is not. */
    private static Asked of(JsonObject json, Function<Integer, Double> value, Predicate<Double> test) {
        boolean not = RANDOM.nextInt(4) == 0;
        return new Asked(not ? rule("not").put("rule", json) : json, no -> {
            var known = value.apply(no);
            return known != null && test.test(known) != not;
        });
    }

    private static Asked time(JsonObject json, Function<Integer, List<Done>> of) {
        boolean first = json.getString("type").equals("firstTime");
        var span = one(SPANS);
        boolean within = RANDOM.nextBoolean();
        json.put("operator", within ? "withinLast" : "notWithinLast").put("duration", span);
        return new Asked(json, no -> {
            var events = of.apply(no);
            if (events.isEmpty()) {
                return !within;
            }
            var at = (first ? events.getFirst() : events.getLast()).at();
            return !at.isBefore(NOW.minus(Duration.parse(span))) == within;
        });
    }

    // ---- messages ----

    /** What a person got, whoever they were then and on however many devices, in the order in which it was sent. */
    private static List<Got> got(int no) {
        var got = new ArrayList<Got>();
        for (var message : MESSAGES) {
            var devices = DEVICES_OF.getOrDefault(message, List.of()).stream()
                    .filter(device -> now(device.profileNo()) == no)
                    .toList();
            if (!devices.isEmpty()) {
                got.add(new Got(
                        no,
                        message,
                        PURPOSE_OF.get(message),
                        first(devices, Device::sent),
                        first(devices, Device::shown),
                        first(devices, Device::clicked),
                        first(devices, Device::closed)));
            }
        }
        return got;
    }

    private static Instant first(List<Device> devices, Function<Device, Instant> what) {
        return devices.stream()
                .map(what)
                .filter(Objects::nonNull)
                .min(Instant::compareTo)
                .orElse(null);
    }

    private static Asked message() {
        var json = new JsonObject();
        Predicate<Got> which = got -> true;
        if (RANDOM.nextInt(3) == 0) {
            var purpose = one(PURPOSES);
            json.put("purpose", purpose);
            which = got -> got.purpose().equals(purpose);
        }
        if (RANDOM.nextInt(4) == 0) {
            var channel = one(List.of("webpush", "smoke"));
            json.put("channel", channel);
            which = which.and(got -> channel.equals("webpush"));
        }
        return RANDOM.nextInt(4) == 0 ? ignoredLast(json, which) : happened(json, which);
    }

    private static Asked happened(JsonObject json, Predicate<Got> which) {
        var was = one(List.of("sent", "shown", "clicked", "closed", "ignored"));
        json.put("type", "message").put("was", was);
        if (RANDOM.nextInt(5) == 0) {
            var message = one(MESSAGES);
            json.put("message", message.id().toString());
            which = which.and(got -> got.message().equals(message));
        }
        var within = RANDOM.nextBoolean() ? null : one(SPANS);
        if (within != null) {
            json.put("within", within);
        }
        var older = List.of("sent", "ignored").contains(was) && !"PT1H".equals(within) && RANDOM.nextBoolean()
                ? "PT30M"
                : null;
        if (older != null) {
            json.put("olderThan", older);
        }
        var those = which;
        var count = count(json);
        return new Asked(json, no -> {
                    int happened = 0;
                    for (var got : got(no)) {
                        var at =
                                switch (was) {
                                    case "shown" -> got.shown();
                                    case "clicked" -> got.clicked();
                                    case "closed" -> got.closed();
                                    default -> got.sent();
                                };
                        if (those.test(got)
                                && at != null
                                && !at.isAfter(older == null ? NOW : NOW.minus(Duration.parse(older)))
                                && (within == null || !at.isBefore(NOW.minus(Duration.parse(within))))
                                && !(was.equals("ignored") && isClicked(got))) {
                            happened++;
                        }
                    }
                    return count.test(happened);
                })
                .negated(RANDOM.nextInt(4) == 0);
    }

    private static boolean isClicked(Got got) {
        return got.clicked() != null && !got.clicked().isAfter(NOW);
    }

    private static Asked ignoredLast(JsonObject json, Predicate<Got> which) {
        int last = 1 + RANDOM.nextInt(3);
        json.put("type", "ignoredLast").put("last", last);
        var older = RANDOM.nextBoolean() ? null : one(SPANS.subList(0, 3));
        if (older != null) {
            json.put("olderThan", older);
        }
        var until = older == null ? NOW : NOW.minus(Duration.parse(older));
        return new Asked(json, no -> {
                    var sent = got(no).stream()
                            .filter(which)
                            .filter(got -> got.sent() != null && !got.sent().isAfter(until))
                            .sorted(Comparator.comparing(Got::sent)
                                    .thenComparing(got -> got.message().run())
                                    .reversed())
                            .limit(last)
                            .toList();
                    return sent.size() == last && sent.stream().noneMatch(BehavioursTest::isClicked);
                })
                .negated(RANDOM.nextInt(4) == 0);
    }

    // ---- small ----

    private static JsonObject rule(String type) {
        return new JsonObject().put("type", type);
    }

    private static <T> T one(List<T> all) {
        return all.get(RANDOM.nextInt(all.size()));
    }
}
