package app.fathi.segments.rules;

import app.fathi.cdp.values.Fold;
import app.fathi.cdp.values.Instants;
import app.fathi.cdp.values.Path;
import app.fathi.cdp.values.Value;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.Problem.Fault;
import app.fathi.platform.errors.ProblemException;
import app.fathi.segments.rules.Rule.Behaviour;
import app.fathi.segments.rules.Rule.Count;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Reads a rule as the contract's schema {@code Rule} has it, and tells all that is wrong with it at once, each with its
 * place. Nothing gets in that could cost much later: depth, size, lists, texts, patterns and durations are bounded.
 */
public final class RuleParser {
    static final int DEPTH_LIMIT = 20;
    static final int SIZE_LIMIT = 200;
    static final int VALUES_LIMIT = 1_000;
    static final int TEXT_LIMIT = 1_024;
    static final int PATTERN_LIMIT = 256;
    static final int WHERE_LIMIT = 10;
    private static final int TAG_LIMIT = 64;

    /** Newest moments kept of a behaviour: one more than what can be asked of it. */
    static final int COUNT_LIMIT = 100;

    static final Duration DURATION_LIMIT = Duration.ofDays(400);

    /** Whole numbers are exact below it; from it on two of them are one double. */
    private static final double NUMBER_LIMIT = 0x1p53;

    private static final int FAULTS_LIMIT = 20;
    private static final int DAYS_LIMIT = 366;
    private static final Set<String> TYPE = Set.of("type");
    private static final Set<String> OPERATOR_KEYS =
            Set.of("operator", "value", "values", "low", "high", "duration", "inDays", "ignoreCase");
    private static final Set<String> BEHAVIOUR_KEYS = Set.of("call", "event", "where", "within");
    private static final Set<String> MESSAGE_KEYS =
            Set.of("was", "purpose", "channel", "message", "within", "olderThan");
    private static final Set<String> TIME_OPERATORS = Set.of("before", "after", "withinLast", "notWithinLast");
    private static final Set<String> NUMBER_OPERATORS =
            Set.of("equals", "notEquals", "gt", "gte", "lt", "lte", "between");

    private final List<Fault> faults = new ArrayList<>();
    private int size;

    private RuleParser() {}

    /**
     * @param at pointer to the rule in the request
     * @throws ProblemException 422 with all that is wrong
     */
    public static Rule parse(JsonObject json, String at) {
        var parser = new RuleParser();
        var rule = parser.rule(json, at, 1);
        parser.requireNone();
        return rule;
    }

    /**
     * Conditions on properties, as a rule about events has them in its {@code where}.
     *
     * @param at pointer to them in the request
     * @throws ProblemException 422 with all that is wrong
     */
    public static List<Rule.Property> where(JsonArray conditions, String at) {
        var parser = new RuleParser();
        var where = parser.properties(conditions, at);
        parser.requireNone();
        return where;
    }

    private void requireNone() {
        if (!faults.isEmpty()) {
            throw new ProblemException(Problem.of(
                    Kind.UNPROCESSABLE,
                    "The rule cannot be followed: " + faults.getFirst().detail(),
                    faults));
        }
    }

    private <T> T fault(String at, String detail) {
        if (faults.size() < FAULTS_LIMIT) {
            faults.add(new Fault(at, detail));
        }
        return null;
    }

    private Rule rule(Object value, String at, int depth) {
        if (!(value instanceof JsonObject json)) {
            return fault(at, "A rule is an object with a type.");
        }
        if (depth > DEPTH_LIMIT) {
            return fault(at, "Rules lie at most " + DEPTH_LIMIT + " deep in each other.");
        }
        if (++size > SIZE_LIMIT) {
            return size == SIZE_LIMIT + 1 ? fault(at, "At most " + SIZE_LIMIT + " rules in all.") : null;
        }
        return switch (word(json, "type")) {
            case "and" -> new Rule.And(rules(json, at, depth));
            case "or" -> new Rule.Or(rules(json, at, depth));
            case "everyone" -> {
                only(json, at, TYPE);
                yield new Rule.And(List.of());
            }
            case "not" -> {
                only(json, at, TYPE, Set.of("rule"));
                yield new Rule.Not(rule(json.getValue("rule"), at + "/rule", depth + 1));
            }
            case "trait" -> {
                only(json, at, TYPE, Set.of("trait"), OPERATOR_KEYS);
                yield new Rule.Trait(path(json, "trait", at), test(json, at, null));
            }
            case "did" -> {
                only(json, at, TYPE, Set.of("atLeast", "atMost", "exactly"), BEHAVIOUR_KEYS);
                yield new Rule.Did(behaviour(json, at), count(json, at));
            }
            case "didNot" -> {
                only(json, at, TYPE, BEHAVIOUR_KEYS);
                yield new Rule.Did(behaviour(json, at), new Count(0, 0));
            }
            case "total" -> {
                only(json, at, TYPE, Set.of("function", "property"), BEHAVIOUR_KEYS, OPERATOR_KEYS);
                yield new Rule.Total(
                        behaviour(json, at),
                        word(json, "function", at, Rule.Aggregate.values()),
                        path(json, "property", at),
                        test(json, at, NUMBER_OPERATORS));
            }
            case "firstTime" -> moment(json, at, true);
            case "lastTime" -> moment(json, at, false);
            case "message" -> message(json, at);
            case "ignoredLast" -> {
                only(json, at, TYPE, Set.of("last", "purpose", "channel", "olderThan"));
                yield new Rule.IgnoredLast(
                        which(json, at), integer(json, "last", at, 1, COUNT_LIMIT), olderThan(json, at, null));
            }
            case "subscribed" -> {
                only(json, at, TYPE, Set.of("channel"));
                yield new Rule.Subscribed(text(json, "channel", at));
            }
            case "consent" -> {
                only(json, at, TYPE, Set.of("purpose", "channel", "state"));
                yield new Rule.Consented(
                        text(json, "purpose", at),
                        text(json, "channel", at),
                        word(json, "state", at, Rule.Choice.values()));
            }
            case "tagged" -> {
                only(json, at, TYPE, Set.of("tag"));
                yield new Rule.Tagged(tag(json, at));
            }
            case "group" -> inGroup(json, at);
            case "segment" -> {
                only(json, at, TYPE, Set.of("segment"));
                yield new Rule.Member(id(json, "segment", at, "The id of a segment."));
            }
            case null, default ->
                fault(
                        at + "/type",
                        "One of everyone, and, or, not, trait, did, didNot, total, firstTime, lastTime, message,"
                                + " ignoredLast, subscribed, consent, tagged, group, segment.");
        };
    }

    /** Of none of its traits, that one is in it. */
    private Rule inGroup(JsonObject json, String at) {
        var id = json.containsKey("group") ? text(json, "group", at) : null;
        if (!json.containsKey("trait")) {
            only(json, at, TYPE, Set.of("group"));
            return new Rule.InGroup(id, null, null);
        }
        only(json, at, TYPE, Set.of("group", "trait"), OPERATOR_KEYS);
        return new Rule.InGroup(id, path(json, "trait", at), test(json, at, null));
    }

    /** As people have them: without spaces around them. */
    private String tag(JsonObject json, String at) {
        return json.getValue("tag") instanceof String tag
                        && !tag.isEmpty()
                        && tag.strip().equals(tag)
                        && tag.codePointCount(0, tag.length()) <= TAG_LIMIT
                ? tag
                : fault(at + "/tag", "A text of 1 to " + TAG_LIMIT + " characters without spaces around it.");
    }

    private List<Rule> rules(JsonObject json, String at, int depth) {
        only(json, at, TYPE, Set.of("rules"));
        var rules = new ArrayList<Rule>();
        if (!(json.getValue("rules") instanceof JsonArray array) || array.isEmpty()) {
            fault(at + "/rules", "A list of at least one rule.");
            return List.of();
        }
        for (int i = 0; i < array.size() && size <= SIZE_LIMIT; i++) {
            var rule = rule(array.getValue(i), at + "/rules/" + i, depth + 1);
            if (rule != null) {
                rules.add(rule);
            }
        }
        return rules;
    }

    private Rule moment(JsonObject json, String at, boolean first) {
        only(json, at, TYPE, BEHAVIOUR_KEYS, OPERATOR_KEYS);
        return new Rule.Moment(behaviour(json, at), first, test(json, at, TIME_OPERATORS));
    }

    private Rule message(JsonObject json, String at) {
        only(json, at, TYPE, MESSAGE_KEYS, Set.of("atLeast", "atMost", "exactly"));
        var was = word(json, "was", at, Rule.Reaction.values());
        if (json.containsKey("olderThan") && was != null && was != Rule.Reaction.SENT && was != Rule.Reaction.IGNORED) {
            fault(at + "/olderThan", "Only of messages that were sent or ignored.");
        }
        var within = json.containsKey("within") ? duration(json, "within", at) : null;
        return new Rule.Messages(which(json, at), was, within, olderThan(json, at, within), count(json, at));
    }

    private Rule.Which which(JsonObject json, String at) {
        return new Rule.Which(
                json.containsKey("purpose") ? text(json, "purpose", at) : null,
                json.containsKey("channel") ? text(json, "channel", at) : null,
                json.containsKey("message") ? id(json, "message", at, "The id of a message.") : null);
    }

    private Duration olderThan(JsonObject json, String at, Duration within) {
        var olderThan = json.containsKey("olderThan") ? duration(json, "olderThan", at) : Duration.ZERO;
        return within != null && olderThan != null && olderThan.compareTo(within) >= 0
                ? fault(at + "/olderThan", "Shorter than within, or it is about no message.")
                : olderThan;
    }

    private List<Rule.Property> properties(Object list, String at) {
        var where = new ArrayList<Rule.Property>();
        if (!(list instanceof JsonArray array) || array.size() > WHERE_LIMIT) {
            fault(at, "A list of at most " + WHERE_LIMIT + " conditions on properties.");
        } else {
            for (int i = 0; i < array.size(); i++) {
                property(array.getValue(i), at + "/" + i, where);
            }
        }
        return where;
    }

    private Behaviour behaviour(JsonObject json, String at) {
        var where = properties(json.getValue("where", new JsonArray()), at + "/where");
        return new Behaviour(call(json, at), where, json.containsKey("within") ? duration(json, "within", at) : null);
    }

    /** Pages and screens need no name: without one all of them are meant. */
    private Rule.Call call(JsonObject json, String at) {
        var kind = json.containsKey("call") ? word(json, "call", at, Rule.Call.Kind.values()) : Rule.Call.Kind.TRACK;
        return new Rule.Call(
                kind, kind == Rule.Call.Kind.TRACK || json.containsKey("event") ? text(json, "event", at) : null);
    }

    private void property(Object value, String at, List<Rule.Property> where) {
        if (!(value instanceof JsonObject json)) {
            fault(at, "A condition is an object with a property and an operator.");
            return;
        }
        only(json, at, Set.of("property"), OPERATOR_KEYS);
        var path = path(json, "property", at);
        var test = test(json, at, null);
        if (test instanceof Test.Within || test instanceof Test.Anniversary) {
            fault(at + "/operator", "A property is as it was when the event came: it cannot be compared with today.");
        } else if (path != null && test != null) {
            where.add(new Rule.Property(path, test));
        }
    }

    private Count count(JsonObject json, String at) {
        if (json.containsKey("exactly")) {
            if (json.containsKey("atLeast") || json.containsKey("atMost")) {
                return fault(at + "/exactly", "Either exactly, or atLeast and atMost.");
            }
            int exactly = integer(json, "exactly", at, 0, COUNT_LIMIT);
            return new Count(exactly, exactly);
        }
        boolean open = !json.containsKey("atMost");
        int low = json.containsKey("atLeast") ? integer(json, "atLeast", at, 0, COUNT_LIMIT) : open ? 1 : 0;
        int high = open ? Integer.MAX_VALUE : integer(json, "atMost", at, 0, COUNT_LIMIT);
        return low > high ? fault(at + "/atMost", "Not less than atLeast.") : new Count(low, high);
    }

    /** @param allowed the operators that make sense here; null for all */
    private Test test(JsonObject json, String at, Set<String> allowed) {
        var operator = word(json, "operator");
        if (allowed != null && (operator == null || !allowed.contains(operator))) {
            return fault(at + "/operator", "One of " + sorted(allowed) + ".");
        }
        return switch (operator) {
            case "exists" -> operands(json, at, new Test.Exists(true));
            case "missing" -> operands(json, at, new Test.Exists(false));
            case "equals" -> equal(List.of(scalar(json, "value", at)), json, at, "value", false);
            case "notEquals" -> equal(List.of(scalar(json, "value", at)), json, at, "value", true);
            case "in" -> equal(values(json, at), json, at, "values", false);
            case "notIn" -> equal(values(json, at), json, at, "values", true);
            case "contains" -> part(json, at, Test.Place.ANYWHERE, false);
            case "notContains" -> part(json, at, Test.Place.ANYWHERE, true);
            case "startsWith" -> part(json, at, Test.Place.START, false);
            case "endsWith" -> part(json, at, Test.Place.END, false);
            case "matches" -> matches(json, at);
            case "gt" -> order(json, at, Test.Sense.GREATER);
            case "gte" -> order(json, at, Test.Sense.AT_LEAST);
            case "lt" -> order(json, at, Test.Sense.LESS);
            case "lte" -> order(json, at, Test.Sense.AT_MOST);
            case "between" -> between(json, at);
            case "before" -> operands(json, at, new Test.Beside(false, instant(json, at)), "value");
            case "after" -> operands(json, at, new Test.Beside(true, instant(json, at)), "value");
            case "withinLast" -> operands(json, at, new Test.Within(duration(json, "duration", at), false), "duration");
            case "notWithinLast" ->
                operands(json, at, new Test.Within(duration(json, "duration", at), true), "duration");
            case "anniversary" ->
                operands(
                        json,
                        at,
                        new Test.Anniversary(
                                json.containsKey("inDays") ? integer(json, "inDays", at, 0, DAYS_LIMIT) : 0),
                        "inDays");
            case "hasAny" -> has(json, at, Test.Share.ANY);
            case "hasAll" -> has(json, at, Test.Share.ALL);
            case "hasNone" -> has(json, at, Test.Share.NONE);
            case null, default ->
                fault(
                        at + "/operator",
                        "One of equals, notEquals, in, notIn, contains, notContains, startsWith, endsWith, matches, exists,"
                                + " missing, gt, gte, lt, lte, between, before, after, withinLast, notWithinLast,"
                                + " anniversary, hasAny, hasAll, hasNone.");
        };
    }

    /** Nothing that the operator does not look at: it would be a mistake that nobody is told of. */
    private Test operands(JsonObject json, String at, Test test, String... operands) {
        var known = Set.of(operands);
        for (var key : json.fieldNames()) {
            if (OPERATOR_KEYS.contains(key) && !key.equals("operator") && !known.contains(key)) {
                fault(at + "/" + key, json.getValue("operator") + " does not take it.");
            }
        }
        return test;
    }

    private Test equal(List<Value> values, JsonObject json, String at, String operand, boolean negated) {
        return operands(json, at, new Test.Equal(values, ignoreCase(json, at), negated), operand, "ignoreCase");
    }

    private Test part(JsonObject json, String at, Test.Place place, boolean negated) {
        boolean ignoreCase = ignoreCase(json, at);
        var text = text(json, "value", at);
        return operands(
                json,
                at,
                new Test.Part(place, ignoreCase && text != null ? Fold.of(text) : text, ignoreCase, negated),
                "value",
                "ignoreCase");
    }

    private Test matches(JsonObject json, String at) {
        boolean ignoreCase = ignoreCase(json, at);
        var text = text(json, "value", at);
        if (text == null) {
            return null;
        }
        if (text.length() > PATTERN_LIMIT) {
            return fault(at + "/value", "A pattern has at most " + PATTERN_LIMIT + " characters.");
        }
        if (PatternSize.isTooLarge(text)) {
            return fault(
                    at + "/value",
                    "The pattern repeats too much: at most " + PatternSize.LIMIT + " characters when written out.");
        }
        try {
            var pattern = Pattern.compile(text, ignoreCase ? Pattern.CASE_INSENSITIVE : 0);
            return operands(json, at, new Test.Matches(pattern), "value", "ignoreCase");
        } catch (PatternSyntaxException e) {
            return fault(at + "/value", "Not a pattern in RE2 syntax: " + e.getDescription() + ".");
        }
    }

    private Test order(JsonObject json, String at, Test.Sense sense) {
        return operands(json, at, new Test.Order(sense, orderly(json, "value", at)), "value");
    }

    private Test between(JsonObject json, String at) {
        var low = orderly(json, "low", at);
        var high = orderly(json, "high", at);
        if (low != Value.MISSING && high != Value.MISSING && low.getClass() != high.getClass()) {
            return fault(at + "/high", "Of the same type as low.");
        }
        return operands(json, at, new Test.Between(low, high), "low", "high");
    }

    private Test has(JsonObject json, String at, Test.Share share) {
        return operands(json, at, new Test.Has(share, values(json, at), ignoreCase(json, at)), "values", "ignoreCase");
    }

    private Value orderly(JsonObject json, String key, String at) {
        var value = scalar(json, key, at);
        return value instanceof Value.Flag ? missing(at + "/" + key, "A number or a text.") : value;
    }

    private Value scalar(JsonObject json, String key, String at) {
        return scalar(json.getValue(key), at + "/" + key);
    }

    private Value scalar(Object value, String at) {
        return switch (value) {
            case String text when text.length() <= TEXT_LIMIT -> new Value.Text(text);
            case String text -> missing(at, "At most " + TEXT_LIMIT + " characters.");
            case Number number
            when Math.abs(number.doubleValue()) < NUMBER_LIMIT -> new Value.Numeric(number.doubleValue());
            case Number number -> missing(at, "A number between -2^53 and 2^53: write larger ones as texts.");
            case Boolean flag -> new Value.Flag(flag);
            case null, default -> missing(at, "A text, a number or a boolean.");
        };
    }

    private Value missing(String at, String detail) {
        fault(at, detail);
        return Value.MISSING;
    }

    private List<Value> values(JsonObject json, String at) {
        if (!(json.getValue("values") instanceof JsonArray array) || array.isEmpty() || array.size() > VALUES_LIMIT) {
            fault(at + "/values", "A list of 1 to " + VALUES_LIMIT + " values.");
            return List.of();
        }
        var values = new ArrayList<Value>(array.size());
        for (int i = 0; i < array.size(); i++) {
            values.add(scalar(array.getValue(i), at + "/values/" + i));
        }
        return values;
    }

    private static String word(JsonObject json, String key) {
        return json.getValue(key) instanceof String word ? word : null;
    }

    private boolean ignoreCase(JsonObject json, String at) {
        return switch (json.getValue("ignoreCase")) {
            case Boolean flag -> flag;
            case null -> false;
            default -> {
                fault(at + "/ignoreCase", "true or false.");
                yield false;
            }
        };
    }

    private String text(JsonObject json, String key, String at) {
        return json.getValue(key) instanceof String text && !text.isEmpty() && text.length() <= TEXT_LIMIT
                ? text
                : fault(at + "/" + key, "A text of 1 to " + TEXT_LIMIT + " characters.");
    }

    private Path path(JsonObject json, String key, String at) {
        var text = text(json, key, at);
        try {
            return text == null ? null : Path.parse(text);
        } catch (IllegalArgumentException e) {
            return fault(at + "/" + key, e.getMessage());
        }
    }

    private Instant instant(JsonObject json, String at) {
        return json.getValue("value") instanceof String text
                        && Instants.parse(text).isPresent()
                ? Instants.parse(text).get()
                : fault(at + "/value", "A moment such as 2026-01-31T10:00:00Z, or a day such as 2026-01-31.");
    }

    private Duration duration(JsonObject json, String key, String at) {
        try {
            var duration = json.getValue(key) instanceof String text ? Duration.parse(text) : null;
            if (duration != null
                    && duration.compareTo(Duration.ofSeconds(1)) >= 0
                    && duration.compareTo(DURATION_LIMIT) <= 0
                    && duration.getNano() == 0) {
                return duration;
            }
        } catch (DateTimeException e) {
            // Told below, with what it should be.
        }
        return fault(
                at + "/" + key,
                "A duration in ISO 8601 such as P30D or PT90M, of 1 second to " + DURATION_LIMIT.toDays() + " days.");
    }

    private int integer(JsonObject json, String key, String at, int low, int high) {
        if (json.getValue(key) instanceof Number number
                && number.doubleValue() == number.intValue()
                && number.intValue() >= low
                && number.intValue() <= high) {
            return number.intValue();
        }
        fault(at + "/" + key, "A whole number between " + low + " and " + high + ".");
        return low;
    }

    private UUID id(JsonObject json, String key, String at, String what) {
        try {
            return json.getValue(key) instanceof String text && text.length() == 36
                    ? UUID.fromString(text)
                    : fault(at + "/" + key, what);
        } catch (IllegalArgumentException e) {
            return fault(at + "/" + key, what);
        }
    }

    private <E extends Enum<E>> E word(JsonObject json, String key, String at, E[] all) {
        Function<E, String> name = one -> one.name().toLowerCase(Locale.ROOT);
        return Arrays.stream(all)
                .filter(one -> name.apply(one).equals(json.getValue(key)))
                .findFirst()
                .orElseGet(() -> fault(
                        at + "/" + key,
                        "One of " + Arrays.stream(all).map(name).collect(Collectors.joining(", ")) + "."));
    }

    /** Unknown keys are mistakes that nobody would be told of. */
    @SafeVarargs
    private void only(JsonObject json, String at, Set<String>... known) {
        var all = new HashSet<String>();
        Arrays.stream(known).forEach(all::addAll);
        for (var key : json.fieldNames()) {
            if (!all.contains(key)) {
                fault(at + "/" + key.replace("~", "~0").replace("/", "~1"), "There is no such key here.");
            }
        }
    }

    private static String sorted(Set<String> words) {
        return words.stream().sorted().collect(Collectors.joining(", "));
    }
}
