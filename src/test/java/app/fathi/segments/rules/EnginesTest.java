package app.fathi.segments.rules;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cdp.TraitRows;
import app.fathi.cdp.values.Path;
import app.fathi.cdp.values.Value;
import app.fathi.testing.TestDatabase;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The engine in memory and the one in SQL say the same of everyone, whatever is asked and whatever people are like. */
class EnginesTest {
    private static final Instant NOW = Instant.parse("2026-03-29T01:00:00.000001Z");
    private static final int WS = 1;
    private static final int PEOPLE_OF_A_KIND = 14;
    private static final int ROUNDS = Integer.getInteger("fathi.rounds", 24);

    /** What people's traits are: each under its kind, the hard ones of every type. */
    private static final Map<String, List<Object>> KINDS = kinds();

    private static final List<String> OPERATORS = List.of(
            "exists",
            "missing",
            "equals",
            "notEquals",
            "in",
            "notIn",
            "contains",
            "notContains",
            "startsWith",
            "endsWith",
            "matches",
            "gt",
            "gte",
            "lt",
            "lte",
            "between",
            "before",
            "after",
            "withinLast",
            "notWithinLast",
            "anniversary",
            "hasAny",
            "hasAll",
            "hasNone");

    private static final Set<String> WITHOUT_CASE = Set.of(
            "equals",
            "notEquals",
            "in",
            "notIn",
            "contains",
            "notContains",
            "startsWith",
            "endsWith",
            "matches",
            "hasAny",
            "hasAll",
            "hasNone");

    private static final List<String> TAGS = List.of("vip", "VIP", "new", "a b", "İ");

    private static Vertx vertx;
    private static TestDatabase database;
    private static Pool pool;
    private static List<JsonObject> people;
    private static List<String> kindOf;
    private static List<Set<String>> tags;
    /** Groups by their ids: each has the traits of one of the people. */
    private static Map<String, JsonObject> groups;

    private static Map<String, String> kindOfGroup;
    private static List<Map<String, JsonObject>> groupsOf;
    private static Map<String, Integer> numbers;

    private final long seed = Long.getLong("fathi.seed", System.nanoTime());
    private final Random random = new Random(seed);

    private static Map<String, List<Object>> kinds() {
        var kinds = new LinkedHashMap<String, List<Object>>();
        kinds.put("missing", java.util.Arrays.asList("none", "null"));
        kinds.put(
                "text",
                List.of("gold", "Gold", "GOLDEN", "silver", "old", "g", "a b", "x".repeat(150), "x".repeat(151)));
        kinds.put("empty", List.of("", new JsonArray(), new JsonObject()));
        kinds.put(
                "turkish", List.of("İstanbul", "ISTANBUL", "istanbul", "ıstanbul", "straße", "STRASSE", "ΣΑΣ", "σας"));
        kinds.put("emoji", List.of("👍", "👍🏽", "a👍b", "\uFFFD", "￼", "𝄞"));
        kinds.put("number", List.of(1, 1.0, -1, 0, -0.0, 0.1, 1e15, 9007199254740991L, 3.5));
        kinds.put("number as text", List.of("1", "1.0", "10", "9", "-1", "1e3"));
        kinds.put("boolean", List.of(true, false, "true"));
        kinds.put(
                "list",
                List.of(
                        JsonArray.of("gold", "Silver"),
                        JsonArray.of("GOLD"),
                        JsonArray.of(1, "1", true),
                        JsonArray.of(1.0, null, JsonArray.of("gold")),
                        JsonArray.of("İ", "👍")));
        kinds.put("object", List.of(JsonObject.of("tier", "gold", "n", 1), JsonObject.of("tier", null, "0", "gold")));
        kinds.put(
                "moment",
                List.of(
                        "2026-03-29T01:00:00Z",
                        "2026-03-29T01:00:00.000001Z",
                        "2026-03-29T03:00:00.0000019+02:00",
                        "2026-03-29T02:30:00+01:00",
                        "2026-03-28T01:00:00.000001Z",
                        "2026-03-28T01:00:00Z",
                        "2026-04-02 10:00:00Z",
                        "1969-12-31T23:59:59.999999Z"));
        kinds.put(
                "day",
                List.of(
                        "2026-03-29",
                        "1990-03-29",
                        "2026-03-30",
                        "2000-02-29",
                        "1999-02-29",
                        "2024-02-29",
                        "1990-03-28"));
        kinds.put(
                "no moment",
                List.of("2026-13-01", "2026-03-29T25:00:00Z", "2026-03-29T01:00:00", "tomorrow", "20260329"));
        return kinds;
    }

    @BeforeAll
    static void everyKindOfPerson() {
        vertx = Vertx.vertx();
        database = TestDatabase.create();
        pool = database.pool(vertx);
        people = new ArrayList<>();
        kindOf = new ArrayList<>();
        numbers = new HashMap<>();
        KINDS.forEach((kind, values) -> {
            for (int i = 0; i < Math.max(PEOPLE_OF_A_KIND, values.size()); i++) {
                var value = values.get(i % values.size());
                var traits = new JsonObject().put("other", "x");
                if ("null".equals(value) && kind.equals("missing")) {
                    traits.putNull("t");
                } else if (!kind.equals("missing")) {
                    traits.put("t", value);
                }
                // The same inside an object.
                traits.put("o", traits.containsKey("t") ? new JsonObject().put("m.x", traits.getValue("t")) : "none");
                people.add(traits);
                kindOf.add(kind);
            }
        });
        await(pool.withTransaction(tx -> TraitRows.put(tx, WS, people)));
        tags = new ArrayList<>();
        for (int i = 0; i < people.size(); i++) {
            int bits = i;
            tags.add(TAGS.stream()
                    .filter(tag -> (bits >> TAGS.indexOf(tag) & 1) == 1)
                    .collect(Collectors.toSet()));
            await(pool.preparedQuery("UPDATE cdp_profile SET tags = $1 WHERE ws = $2 AND profile_no = $3")
                    .execute(Tuple.of(tags.get(i).toArray(String[]::new), WS, i + 1)));
        }
        groups();
        await(pool.query("SELECT name, no FROM cdp_trait_name WHERE ws = 1").execute())
                .forEach(row -> numbers.put(row.getString("name"), row.getInteger("no")));
    }

    /** A third of the people are in none, and of one group nothing was ever said. */
    private static void groups() {
        groups = new LinkedHashMap<>();
        kindOfGroup = new HashMap<>();
        for (int i = 0; i < people.size(); i++) {
            if (kindOf.indexOf(kindOf.get(i)) + 9 > i) {
                groups.put("g" + i, people.get(i));
                kindOfGroup.put("g" + i, kindOf.get(i));
            }
        }
        groups.forEach((id, traits) -> await(pool.preparedQuery(
                        """
                        INSERT INTO cdp_group (ws, id, traits)
                        SELECT $1, $2, jsonb_object_agg(key, jsonb_build_array(value, 1, 'm')) FROM jsonb_each($3)
                        """)
                .execute(Tuple.of(WS, id, traits))));
        groups.put("of which nothing was said", new JsonObject());
        kindOfGroup.put("of which nothing was said", "missing");
        var ids = List.copyOf(groups.keySet());
        groupsOf = new ArrayList<>();
        for (int i = 0; i < people.size(); i++) {
            var theirs = new TreeMap<String, JsonObject>();
            for (int n = 0; n < i % 3; n++) {
                var id = ids.get((i * 7 + n * 31) % ids.size());
                theirs.put(id, groups.get(id));
            }
            groupsOf.add(theirs);
            await(pool.preparedQuery("UPDATE cdp_profile SET groups = $1 WHERE ws = $2 AND profile_no = $3")
                    .execute(Tuple.of(theirs.keySet().toArray(String[]::new), WS, i + 1)));
        }
    }

    @AfterAll
    static void close() {
        vertx.close().await();
        database.close();
    }

    @Test
    void both_say_the_same_of_every_operator_and_every_kind_of_value() {
        var asked = new TreeMap<String, TreeMap<String, Integer>>();
        int exact = 0;
        for (var operator : OPERATORS) {
            for (int round = 0; round < ROUNDS; round++) {
                var json = rule(operator);
                var rule = RuleParser.parse(json, "");
                var not = new Rule.Not(rule);
                exact += compare(List.of(rule, not, new Rule.And(List.of(rule, not))), json);
                for (var kind : kindOf) {
                    asked.computeIfAbsent(operator, key -> new TreeMap<>()).merge(kind, 3, Integer::sum);
                }
            }
        }
        asked.forEach((operator, kinds) -> System.out.println(operator + " " + kinds));
        assertThat(exact).isPositive();
        assertThat(asked.values())
                .allSatisfy(kinds -> assertThat(kinds.keySet()).isEqualTo(KINDS.keySet()));
    }

    /** As in a workspace in which others have taken all places that names have. */
    @Test
    void both_say_the_same_of_traits_that_have_no_rows() {
        var all = new HashMap<>(numbers);
        numbers.replaceAll((name, number) -> name.equals("t") ? (Integer) RuleSql.WITHOUT_ROWS : number);
        try {
            for (var operator : OPERATORS) {
                for (int round = 0; round < ROUNDS / 4; round++) {
                    var json = rule(operator);
                    var rule = RuleParser.parse(json, "");
                    compare(List.of(rule, new Rule.Not(rule)), json);
                }
            }
            for (int round = 0; round < ROUNDS; round++) {
                var json = nested(4);
                compare(List.of(RuleParser.parse(json, "")), json);
            }
        } finally {
            numbers.putAll(all);
        }
    }

    @Test
    void both_say_the_same_of_tags() {
        var asked = new TreeMap<String, Integer>();
        for (int round = 0; round < ROUNDS; round++) {
            var json = tagged();
            var rule = RuleParser.parse(json, "");
            assertThat(compare(List.of(rule, new Rule.Not(rule)), json))
                    .as("answered in SQL alone")
                    .isEqualTo(2);
            tags.forEach(theirs ->
                    asked.merge(theirs.contains(json.getString("tag")) ? "has it" : "has it not", 2, Integer::sum));
        }
        System.out.println("tagged " + asked);
        assertThat(asked.values()).allMatch(count -> count >= 1_000);
    }

    @Test
    void both_say_the_same_of_traits_of_groups() {
        var asked = new TreeMap<String, TreeMap<String, Integer>>();
        int exact = 0;
        for (var operator : OPERATORS) {
            for (int round = 0; round < ROUNDS * 4; round++) {
                var json = group(operator);
                var rule = RuleParser.parse(json, "");
                exact += compare(List.of(rule, new Rule.Not(rule)), json);
                groupsOf.forEach(theirs -> theirs.keySet().stream()
                        .filter(id -> !json.containsKey("group") || id.equals(json.getString("group")))
                        .forEach(id -> asked.computeIfAbsent(operator, key -> new TreeMap<>())
                                .merge(kindOfGroup.get(id), 2, Integer::sum)));
            }
        }
        asked.forEach((operator, kinds) -> System.out.println("group " + operator + " " + kinds));
        assertThat(exact).isPositive();
        assertThat(asked.keySet()).containsExactlyInAnyOrderElementsOf(OPERATORS);
        assertThat(asked.values()).allSatisfy(kinds -> {
            assertThat(kinds.keySet()).isEqualTo(KINDS.keySet());
            assertThat(kinds.values().stream().mapToInt(Integer::intValue).sum())
                    .isGreaterThan(1_000);
        });
    }

    @Test
    void both_say_the_same_of_who_is_in_groups() {
        int asked = 0;
        for (int round = 0; round < ROUNDS; round++) {
            var json = new JsonObject().put("type", "group");
            if (random.nextInt(6) > 0) {
                json.put("group", random.nextInt(9) == 0 ? "nobody's" : one(List.copyOf(groups.keySet())));
            }
            var rule = RuleParser.parse(json, "");
            assertThat(compare(List.of(rule, new Rule.Not(rule)), json))
                    .as("answered in SQL alone")
                    .isEqualTo(2);
            asked += 2 * people.size();
        }
        System.out.println("in group " + asked);
        assertThat(asked).isGreaterThan(1_000);
    }

    private JsonObject group(String operator) {
        var json = rule(operator).put("type", "group");
        return random.nextInt(5) == 0 ? json.put("group", one(List.copyOf(groups.keySet()))) : json;
    }

    private JsonObject tagged() {
        return new JsonObject().put("type", "tagged").put("tag", random.nextInt(9) == 0 ? "nobody's" : one(TAGS));
    }

    @Test
    void both_say_the_same_of_rules_in_rules() {
        for (int round = 0; round < ROUNDS * 4; round++) {
            var json = nested(4);
            compare(List.of(RuleParser.parse(json, "")), json);
        }
    }

    private JsonObject nested(int depth) {
        return switch (depth == 0 ? 0 : random.nextInt(4)) {
            case 1 -> new JsonObject().put("type", "not").put("rule", nested(depth - 1));
            case 2 ->
                new JsonObject().put("type", "and").put("rules", JsonArray.of(nested(depth - 1), nested(depth - 1)));
            case 3 ->
                new JsonObject().put("type", "or").put("rules", JsonArray.of(nested(depth - 1), nested(depth - 1)));
            default ->
                switch (random.nextInt(6)) {
                    case 0 -> tagged();
                    case 1, 2 -> group(one(OPERATORS));
                    default -> rule(one(OPERATORS));
                };
        };
    }

    /** @return how many of the rules SQL alone answered */
    private int compare(List<Rule> rules, JsonObject json) {
        var conditions = new ArrayList<RuleSql.Condition>();
        var parameters = Tuple.of(WS);
        for (var rule : rules) {
            var condition = RuleSql.compile(rule, numbers, NOW, parameters.size());
            conditions.add(condition);
            condition.parameters().forEach(parameters::addValue);
        }
        var columns = conditions.stream().map(RuleSql.Condition::text).collect(Collectors.joining(", "));
        var rows = await(pool.preparedQuery("SELECT p.profile_no, " + columns + " FROM cdp_profile p WHERE p.ws = $1")
                .execute(parameters));
        int exact = 0;
        for (int i = 0; i < rules.size(); i++) {
            var found = new TreeSet<Integer>();
            for (var row : rows) {
                if (Boolean.TRUE.equals(row.getBoolean(i + 1))) {
                    found.add(row.getInteger(0));
                }
            }
            var meant = meant(rules.get(i));
            var what = "seed " + seed + ": " + json + " as " + conditions.get(i).text();
            if (conditions.get(i).exact()) {
                exact++;
                assertThat(found).as(what).isEqualTo(meant);
            } else {
                assertThat(found).as(what).containsAll(meant);
            }
        }
        return exact;
    }

    private static TreeSet<Integer> meant(Rule rule) {
        var meant = new TreeSet<Integer>();
        for (int i = 0; i < people.size(); i++) {
            if (RuleEngine.evaluate(rule, new Somebody(people.get(i), tags.get(i), groupsOf.get(i)), NOW)
                    .holds()) {
                meant.add(i + 1);
            }
        }
        return meant;
    }

    private JsonObject rule(String operator) {
        var json = new JsonObject()
                .put("type", "trait")
                .put("trait", random.nextInt(8) == 0 ? "nobody's" : random.nextInt(5) == 0 ? "o.m\\.x" : "t")
                .put("operator", operator);
        if (WITHOUT_CASE.contains(operator) && random.nextBoolean()) {
            json.put("ignoreCase", true);
        }
        switch (operator) {
            case "exists", "missing" -> {}
            case "equals", "notEquals" -> json.put("value", scalar());
            case "in", "notIn", "hasAny", "hasAll", "hasNone" -> {
                var values = new JsonArray();
                for (int i = 1 + random.nextInt(3); i > 0; i--) {
                    values.add(scalar());
                }
                json.put("values", values);
            }
            case "contains", "notContains", "startsWith", "endsWith" -> json.put("value", part());
            case "matches" -> json.put("value", one(List.of("^g.*d$", "i", "[0-9]{4}", "(?i)GOLD", ".", "👍|ß")));
            case "gt", "gte", "lt", "lte" -> json.put("value", random.nextBoolean() ? number() : text());
            case "between" -> {
                if (random.nextBoolean()) {
                    json.put("low", number()).put("high", number());
                } else {
                    json.put("low", text()).put("high", text());
                }
            }
            case "before", "after" ->
                json.put("value", one(List.of("2026-03-29T01:00:00Z", "2026-03-29", "2026-03-29T01:00:00.000001Z")));
            case "withinLast", "notWithinLast" -> json.put("duration", one(List.of("P1D", "PT1S", "P400D", "PT90M")));
            case "anniversary" -> json.put("inDays", one(List.of(0, 1, 365, 337)));
            default -> throw new IllegalStateException(operator);
        }
        return json;
    }

    private Object scalar() {
        return switch (random.nextInt(4)) {
            case 0 -> number();
            case 1 -> random.nextBoolean();
            default -> text();
        };
    }

    private Object number() {
        return one(KINDS.get("number"));
    }

    private String text() {
        var kind = one(List.of("text", "turkish", "emoji", "number as text", "moment", "day"));
        return (String) one(KINDS.get(kind));
    }

    private String part() {
        var text = text();
        int from = random.nextInt(text.length());
        var part = text.substring(from, from + 1 + random.nextInt(text.length() - from));
        // Half a surrogate is no text.
        return part.codePoints().anyMatch(c -> c >= 0xD800 && c <= 0xDFFF) ? text : part;
    }

    private <T> T one(List<T> all) {
        return all.get(random.nextInt(all.size()));
    }

    private static <T> T await(io.vertx.core.Future<T> future) {
        return future.await();
    }

    private record Somebody(JsonObject traits, Set<String> tags, Map<String, JsonObject> groups) implements Person {
        @Override
        public Value trait(Path path) {
            return path.in(traits);
        }

        @Override
        public ZoneId zone() {
            return ZoneOffset.UTC;
        }

        @Override
        public boolean subscribed(String channel) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Rule.Choice consent(String purpose, String channel) {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean tagged(String tag) {
            return tags.contains(tag);
        }

        @Override
        public boolean member(UUID segment) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<Message> messages() {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<Instant> moments(Rule.Behaviour behaviour, Instant from, Instant until) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Summed summed(Summed.Asked asked, Instant now) {
            throw new UnsupportedOperationException();
        }
    }
}
