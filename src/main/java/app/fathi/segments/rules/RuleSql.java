package app.fathi.segments.rules;

import app.fathi.cdp.values.Fold;
import app.fathi.cdp.values.Instants;
import app.fathi.cdp.values.Path;
import app.fathi.cdp.values.Step;
import app.fathi.cdp.values.Value;
import app.fathi.segments.rules.Rule.Behaviour;
import io.vertx.core.json.Json;
import io.vertx.sqlclient.Tuple;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Answers rules for all people of a workspace at once: the condition of a {@code SELECT … FROM cdp_profile p WHERE p.ws =
 * $1}. Values travel as parameters; nothing that anybody wrote becomes part of the text.
 *
 * <p>A rule is compiled for whom it is true of, or false of, down to its single conditions; whom a condition knows nothing of
 * is in neither. What the database would answer in another way than {@link RuleEngine} (patterns, whose syntax and cost are
 * others; texts without case or moments inside lists and objects) is not asked of it: then the condition lets too many
 * through, is not {@link Condition#exact}, and each of them has to be asked once more.
 */
public final class RuleSql {

    /**
     * In place of the number of a trait that people may have although {@code cdp_trait} has no place for it: it is looked for in what
     * is kept with each person.
     */
    public static final int WITHOUT_ROWS = 0;

    /** Up to here the index has a text. */
    private static final int INDEXED_LENGTH = 100;

    private final List<Object> parameters = new ArrayList<>();
    private final Map<String, Integer> traits;
    private final Instant now;
    private final int own;
    private boolean exact = true;

    private RuleSql(Map<String, Integer> traits, Instant now, int own) {
        this.traits = traits;
        this.now = now;
        this.own = own;
    }

    /**
     * @param text true of everyone whom the rule is true of, and of nobody else if it is {@code exact}
     * @param parameters of the condition, to stand behind those of the statement
     */
    public record Condition(String text, List<Object> parameters, boolean exact) {

        /** All parameters of a statement whose own come first. */
        public Tuple after(Object... own) {
            var tuple = Tuple.tuple();
            for (var value : own) {
                tuple.addValue(value);
            }
            parameters.forEach(tuple::addValue);
            return tuple;
        }
    }

    /**
     * @param traits the numbers by which {@code cdp_trait} knows them, or {@link #WITHOUT_ROWS}; a trait that is not among them is nobody's
     * @param now the moment for which it is asked
     * @param own how many parameters the statement has of its own, the first of them the workspace
     */
    public static Condition compile(Rule rule, Map<String, Integer> traits, Instant now, int own) {
        var sql = new RuleSql(traits, now, own);
        var text = sql.where(rule, true);
        return new Condition(text, List.copyOf(sql.parameters), sql.exact);
    }

    private String parameter(Object value, String type) {
        parameters.add(value);
        return "$" + (own + parameters.size()) + "::" + type;
    }

    /** Of whom the rule is true, or else false. */
    private String where(Rule rule, boolean wanted) {
        return switch (rule) {
            case Rule.And and -> joined(and.rules(), wanted, wanted ? " AND " : " OR ");
            case Rule.Or or -> joined(or.rules(), wanted, wanted ? " OR " : " AND ");
            case Rule.Not not -> where(not.rule(), !wanted);
            case Rule.Trait trait -> trait(trait.path(), trait.test(), wanted);
            case Rule.Did did -> did(did, wanted);
            case Rule.Total total -> total(total, wanted);
            case Rule.Moment moment -> moment(moment, wanted);
            case Rule.Messages messages -> messages(messages, wanted);
            case Rule.IgnoredLast ignored -> ignored(ignored, wanted);
            case Rule.Subscribed subscribed -> (wanted ? "" : "NOT ") + subscribed(subscribed);
            case Rule.Consented consented -> (wanted ? "" : "NOT ") + consented(consented);
            case Rule.Tagged tagged -> (wanted ? "" : "NOT ") + tagged(tagged);
            case Rule.InGroup group -> inGroup(group, wanted);
            case Rule.Member member -> (wanted ? "" : "NOT ") + member(member.segment());
        };
    }

    /** Of no rules all are true, and none is. */
    private String joined(List<Rule> rules, boolean wanted, String by) {
        if (rules.isEmpty()) {
            return by.equals(" AND ") ? "true" : "false";
        }
        return rules.stream().map(rule -> where(rule, wanted)).collect(Collectors.joining(by, "(", ")"));
    }

    /** What a condition asks of the row of its trait. */
    private sealed interface Answer {}

    /** It is true of the people of some rows, false of those of others, and unknown of everyone else. */
    private record Known(String yes, String no) implements Answer {}

    /** It is true of the people of some rows and false of everyone else. */
    private record Told(String yes) implements Answer {}

    /** It is false of the people of some rows and true of everyone else. */
    private record Otherwise(String no) implements Answer {}

    /** It may be true or false of the people of some rows; of everyone else it is {@code others}. */
    private record Perhaps(String rows, Truth others) implements Answer {}

    private String trait(Path path, Test test, boolean wanted) {
        var number = traits.get(path.root());
        if (number == null) {
            return RuleEngine.test(test, Value.MISSING, ZoneOffset.UTC, now) == Truth.of(wanted) ? "true" : "false";
        }
        if (number == WITHOUT_ROWS) {
            exact = false;
            return RuleEngine.test(test, Value.MISSING, ZoneOffset.UTC, now) == Truth.of(wanted)
                    ? "true"
                    : "p.traits ? " + parameter(path.root(), "text");
        }
        boolean inside = path.names().size() > 1;
        int before = parameters.size();
        var rows = "(SELECT t.profile_no FROM cdp_trait t"
                + (inside || test instanceof Test.Has ? member(path) : "")
                + " WHERE t.ws = $1 AND t.trait = " + parameter(number, "int") + " AND ";
        return switch (inside ? inside(test) : value(test)) {
            case Known(var yes, var no) -> in(rows + (wanted ? yes : no));
            case Told(var yes) -> wanted ? in(rows + yes) : none(rows + yes);
            case Otherwise(var no) -> wanted ? none(rows + no) : in(rows + no);
            case Perhaps(var some, var others) -> {
                exact = false;
                if (others == Truth.of(wanted)) {
                    // A parameter that the text does not name is refused.
                    parameters.subList(before, parameters.size()).clear();
                    yield "true";
                }
                yield in(rows + some);
            }
        };
    }

    private static String in(String rows) {
        return "p.profile_no IN " + rows + ")";
    }

    private static String notIn(String rows) {
        return "p.profile_no NOT IN " + rows + ")";
    }

    /** Row by row for those whom other conditions have left: who is in a list of rows as long as a {@code NOT IN} is found by reading all of them. */
    private static String none(String rows) {
        return "NOT EXISTS " + rows + " AND t.profile_no = p.profile_no)";
    }

    /** Step by step, because a step into a list by a number is none to us. */
    private String member(Path path) {
        var steps = path.names().stream()
                .map(name -> " -> " + parameter(name, "text"))
                .collect(Collectors.joining());
        return ", LATERAL (SELECT nullif(q.traits" + steps + ", 'null') AS v FROM cdp_profile q"
                + " WHERE q.ws = t.ws AND q.profile_no = t.profile_no) j";
    }

    /** Of a member of an object only whether it is there is asked here. */
    private Answer inside(Test test) {
        return test instanceof Test.Exists(boolean wanted)
                ? wanted ? new Told("j.v IS NOT NULL") : new Otherwise("j.v IS NOT NULL")
                : new Perhaps("j.v IS NOT NULL", RuleEngine.absent(test));
    }

    private Answer value(Test test) {
        return switch (test) {
            case Test.Exists(boolean wanted) -> wanted ? new Told("true") : new Otherwise("true");
            case Test.Equal equal -> {
                var same = equal(equal);
                yield equal.negated() ? new Otherwise(same) : new Known(same, "NOT " + same);
            }
            case Test.Part part -> {
                var found = part(part);
                yield part.negated() ? new Otherwise(TEXT + " AND " + found) : among(TEXT, found);
            }
            case Test.Matches matches -> new Perhaps(TEXT, Truth.UNKNOWN);
            case Test.Order order -> among(type(order.bound()), order(order.sense(), order.bound()));
            case Test.Between between ->
                among(
                        type(between.low()),
                        "(" + order(Test.Sense.AT_LEAST, between.low()) + " AND "
                                + order(Test.Sense.AT_MOST, between.high()) + ")");
            case Test.Beside(boolean after, Instant instant) ->
                among(MOMENT, "t.micros " + (after ? "> " : "< ") + micros(instant));
            case Test.Within within -> {
                var inside = "t.micros BETWEEN " + micros(now.minus(within.duration())) + " AND " + micros(now);
                yield within.negated() ? new Otherwise(inside) : among(MOMENT, inside);
            }
            // On which day it is depends on the person's zone.
            case Test.Anniversary anniversary -> new Perhaps(MOMENT, Truth.UNKNOWN);
            case Test.Has has -> has(has);
        };
    }

    private static final String NUMBER = "t.type = 1";
    private static final String TEXT = "t.type = 2";
    private static final String LIST = "t.type = 3";
    private static final String MOMENT = "t.micros IS NOT NULL";

    private static Answer among(String rows, String condition) {
        return new Known(rows + " AND " + condition, rows + " AND NOT " + condition);
    }

    private static String type(Value bound) {
        return bound instanceof Value.Numeric ? NUMBER : TEXT;
    }

    private String micros(Instant instant) {
        return parameter(Instants.micros(instant), "bigint");
    }

    private String equal(Test.Equal equal) {
        var any = new ArrayList<String>();
        var numbers = pick(equal.values(), Value.Numeric.class, Value.Numeric::number);
        if (!numbers.isEmpty()) {
            any.add(NUMBER + " AND t.num = ANY (" + parameter(numbers.toArray(Double[]::new), "float8[]") + ")");
        }
        var flags = pick(equal.values(), Value.Flag.class, flag -> flag.flag() ? 1.0 : 0.0);
        if (!flags.isEmpty()) {
            any.add("t.type = 0 AND t.num = ANY (" + parameter(flags.toArray(Double[]::new), "float8[]") + ")");
        }
        var texts = pick(equal.values(), Value.Text.class, Value.Text::text);
        if (!texts.isEmpty()) {
            var folded = texts.stream().map(Fold::of).toList();
            var begins = folded.stream().map(RuleSql::indexed).toArray(String[]::new);
            // The planner takes the whole text for another, independent condition beside how it begins, and would
            // believe that there is next
            // to nobody: it has no opinion on a CASE.
            any.add(TEXT + " AND t.num IS NULL AND left(t.fold, 100) = ANY (" + parameter(begins, "text[]")
                    + ") AND CASE WHEN "
                    + (equal.ignoreCase() ? "t.fold" : "t.txt") + " = ANY ("
                    + parameter((equal.ignoreCase() ? folded : texts).toArray(String[]::new), "text[]")
                    + ") THEN true ELSE false END");
        }
        return any.stream().collect(Collectors.joining(" OR ", "(", ")"));
    }

    /** The first characters, as {@code left} counts them. */
    private static String indexed(String text) {
        return text.codePointCount(0, text.length()) <= INDEXED_LENGTH
                ? text
                : text.substring(0, text.offsetByCodePoints(0, INDEXED_LENGTH));
    }

    private static <V extends Value, T> List<T> pick(List<Value> values, Class<V> type, Function<V, T> as) {
        return values.stream().filter(type::isInstance).map(type::cast).map(as).toList();
    }

    private String part(Test.Part part) {
        var text = part.ignoreCase() ? "t.fold" : "t.txt";
        var searched = parameter(part.text(), "text");
        return switch (part.place()) {
            case ANYWHERE -> "position(" + searched + " IN " + text + ") > 0";
            case START -> "starts_with(" + text + ", " + searched + ")";
            case END -> "right(" + text + ", length(" + searched + ")) = " + searched;
        };
    }

    private String order(Test.Sense sense, Value bound) {
        return switch (bound) {
            case Value.Numeric(double number) -> "t.num " + sense.sql + " " + parameter(number, "float8");
            case Value.Text(var text) -> "t.txt " + sense.sql + " " + parameter(text, "text");
            default -> throw new IllegalStateException("no bound: " + bound);
        };
    }

    /** Texts of lists have no copies without their case, and their numbers are not doubles. */
    private Answer has(Test.Has has) {
        if (has.ignoreCase() || has.values().stream().anyMatch(Value.Numeric.class::isInstance)) {
            return new Perhaps(LIST, RuleEngine.absent(has));
        }
        var every = has.share() == Test.Share.ALL;
        var found = "(SELECT " + (every ? "bool_and" : "bool_or") + "(j.v @> w) FROM jsonb_array_elements("
                + parameter(json(has.values()), "text") + "::jsonb) w)";
        return has.share() == Test.Share.NONE ? new Otherwise(LIST + " AND " + found) : among(LIST, found);
    }

    private static String json(List<Value> values) {
        return values.stream()
                .map(value -> switch (value) {
                    case Value.Text(var text) -> Json.encode(text);
                    case Value.Flag(boolean flag) -> Boolean.toString(flag);
                    case Value.Numeric(double number) -> decimal(number).toPlainString();
                    default -> throw new IllegalStateException("no operand: " + value);
                })
                .collect(Collectors.joining(",", "[", "]"));
    }

    /** Events of the kind; more than those where {@code where} asks what SQL would answer otherwise. */
    private String events(Behaviour behaviour, String what) {
        var from = behaviour.within() == null ? "" : " AND e.at >= " + moment(now.minus(behaviour.within()));
        return "SELECT " + what + " FROM segments_call e WHERE e.ws = $1" + called(behaviour.call()) + from
                + " AND e.at <= " + moment(now)
                + behaviour.where().stream().map(this::property).collect(Collectors.joining());
    }

    private String called(Rule.Call call) {
        return " AND e.kind = '" + call.kind().word() + "'"
                + (call.name() == null ? "" : " AND e.name = " + parameter(call.name(), "text"));
    }

    /** The same from the beginning of the step in which they begin to count, and with those of the step that is now. */
    private String stepped(Behaviour behaviour) {
        var from = behaviour.within() == null
                ? ""
                : " AND e.at >= "
                        + moment(Instant.ofEpochSecond(
                                Step.of(behaviour.within()).first(behaviour.within(), now)));
        return "SELECT e.profile_no FROM segments_call e WHERE e.ws = $1" + called(behaviour.call()) + from
                + behaviour.where().stream().map(this::property).collect(Collectors.joining());
    }

    private String moment(Instant instant) {
        return parameter(instant.atOffset(ZoneOffset.UTC), "timestamptz");
    }

    /** Numbers in JSON are decimals, which lie in the same order as the doubles that they are read as. */
    private String property(Rule.Property property) {
        if (!isExact(property.test())) {
            exact = false;
            return "";
        }
        return " AND " + json(property.test(), "nullif(e.properties" + way(property.path()) + ", 'null')");
    }

    /** What {@link #isExact} is, of a value in JSON. */
    private String json(Test test, String value) {
        return switch (test) {
            case Test.Exists(boolean wanted) -> value + (wanted ? " IS NOT NULL" : " IS NULL");
            case Test.Equal equal ->
                value + " IN (SELECT jsonb_array_elements(" + parameter(json(equal.values()), "text") + "::jsonb))";
            case Test.Order(var sense, Value.Numeric(double bound)) ->
                "CASE WHEN jsonb_typeof(" + value + ") = 'number' THEN (" + value + ")::numeric " + sense.sql + " "
                        + parameter(decimal(bound), "numeric") + " ELSE false END";
            default -> throw new IllegalStateException("not exact: " + test);
        };
    }

    private String way(Path path) {
        return path.names().stream()
                .map(name -> " -> " + parameter(name, "text"))
                .collect(Collectors.joining());
    }

    private static BigDecimal decimal(double number) {
        return new BigDecimal(Double.toString(number));
    }

    /** Whether SQL answers it as memory does. */
    private static boolean isExact(Test test) {
        return switch (test) {
            case Test.Exists exists -> true;
            case Test.Equal equal -> !equal.ignoreCase() && !equal.negated();
            case Test.Order order -> order.bound() instanceof Value.Numeric;
            default -> false;
        };
    }

    private String did(Rule.Did did, boolean wanted) {
        var count = did.count();
        if (!did.behaviour().where().stream().allMatch(property -> isExact(property.test()))) {
            exact = false;
            // Who has too few of all events has too few of those that fit.
            return wanted && count.low() > 0
                    ? in("(" + events(did.behaviour(), "e.profile_no") + " GROUP BY 1 HAVING count(*) >= "
                            + parameter(count.low(), "int"))
                    : "true";
        }
        return counted(count, "(" + events(did.behaviour(), "e.profile_no") + " GROUP BY 1 HAVING count(*) ", wanted);
    }

    private String counted(Rule.Count count, String rows, boolean wanted) {
        if (count.low() == 0) {
            // Of whom there is no row it was no time.
            rows += "> " + parameter(count.high(), "int");
            return wanted ? notIn(rows) : in(rows);
        }
        rows += "BETWEEN " + parameter(count.low(), "int") + " AND " + parameter(count.high(), "int");
        return wanted ? in(rows) : notIn(rows);
    }

    /** The sum of nothing is 0, so everyone has one. */
    private String total(Rule.Total total, boolean wanted) {
        exact = false;
        return total.aggregate() == Rule.Aggregate.SUM || total.test() instanceof Test.Equal equal && equal.negated()
                ? "true"
                : in("(" + stepped(total.behaviour()));
    }

    private String moment(Rule.Moment moment, boolean wanted) {
        exact = false;
        return moment.test() instanceof Test.Within within && within.negated()
                ? "true"
                : in("(" + (moment.first() ? stepped(moment.behaviour()) : events(moment.behaviour(), "e.profile_no")));
    }

    /** Who became part of somebody else was sent it as that person; devices of one person share it. */
    private String deliveries(Rule.Which which) {
        return "SELECT coalesce(q.merged_into, q.profile_no) AS no, d.run, min(d.sent_at) AS sent, min(d.shown_at) AS shown,"
                + " min(d.clicked_at) AS clicked, min(d.closed_at) AS closed FROM segments_delivery d"
                + " JOIN cdp_profile q ON q.ws = d.ws AND q.profile_no = d.profile_no WHERE d.ws = $1"
                + (which.purpose() == null ? "" : " AND d.purpose = " + parameter(which.purpose(), "text"))
                + (which.channel() == null ? "" : " AND d.channel = " + parameter(which.channel(), "text"))
                + (which.message() == null ? "" : " AND d.message = " + parameter(which.message(), "uuid"))
                + " GROUP BY 1, d.run, d.step";
    }

    private String messages(Rule.Messages rule, boolean wanted) {
        var at =
                switch (rule.was()) {
                    case SENT, IGNORED -> "m.sent";
                    case SHOWN -> "m.shown";
                    case CLICKED -> "m.clicked";
                    case CLOSED -> "m.closed";
                };
        var rows = "(SELECT m.no FROM (" + deliveries(rule.which()) + ") m WHERE " + at + " <= "
                + moment(now.minus(rule.olderThan()))
                + (rule.within() == null ? "" : " AND " + at + " >= " + moment(now.minus(rule.within())))
                + (rule.was() == Rule.Reaction.IGNORED ? " AND " + unclicked() : "") + " GROUP BY 1 HAVING count(*) ";
        return counted(rule.count(), rows, wanted);
    }

    private String unclicked() {
        return "(m.clicked IS NULL OR m.clicked > " + moment(now) + ")";
    }

    private String ignored(Rule.IgnoredLast rule, boolean wanted) {
        var last = parameter(rule.last(), "int");
        var rows =
                "(SELECT m.no FROM (SELECT a.*, row_number() OVER (PARTITION BY a.no ORDER BY a.sent DESC, a.run DESC) AS place"
                        + " FROM (" + deliveries(rule.which()) + ") a WHERE a.sent <= "
                        + moment(now.minus(rule.olderThan()))
                        + ") m WHERE m.place <= " + last + " GROUP BY 1 HAVING count(*) = " + last + " AND bool_and("
                        + unclicked() + ")";
        return wanted ? in(rows) : notIn(rows);
    }

    private String subscribed(Rule.Subscribed subscribed) {
        return in("(SELECT r.profile_no FROM segments_reachable r WHERE r.ws = $1 AND r.channel = "
                + parameter(subscribed.channel(), "text"));
    }

    /** Of what was said of the channel and of all channels the later counts, and of two at once the refusal. */
    private String consented(Rule.Consented consented) {
        var said = "coalesce((SELECT CASE WHEN (c.v ->> 0)::boolean THEN 'granted' ELSE 'denied' END FROM (VALUES"
                + " (p.consents -> " + parameter(consented.purpose() + "/" + consented.channel(), "text") + "),"
                + " (p.consents -> " + parameter(consented.purpose() + "/*", "text") + ")) c (v)"
                + " WHERE c.v IS NOT NULL ORDER BY (c.v ->> 1)::bigint DESC, c.v ->> 0 LIMIT 1), 'unset')";
        return "(" + said + " = " + parameter(consented.choice().name().toLowerCase(Locale.ROOT), "text") + ")";
    }

    private String tagged(Rule.Tagged tagged) {
        return "(p.tags @> ARRAY[" + parameter(tagged.tag(), "text") + "])";
    }

    private static final String IN_ANY = "p.groups <> '{}'";

    private String inGroup(Rule.InGroup rule, boolean wanted) {
        if (rule.test() == null) {
            return (wanted ? "(" : "NOT (") + IN_ANY
                    + (rule.group() == null ? "" : " AND p.groups @> ARRAY[" + parameter(rule.group(), "text") + "]")
                    + ")";
        }
        boolean asked = isExact(rule.test()) && rule.trait().names().size() == 1;
        exact &= asked;
        return asked || wanted ? groups(rule, asked, wanted) : "true";
    }

    /**
     * Who is in groups is read once with each of these, so it costs the same however many groups there are and whatever is known of how
     * many that are. A group of which nothing was ever said has no traits.
     *
     * @param asked whether it is asked here what the trait is, and not only whether it is there
     */
    private String groups(Rule.InGroup rule, boolean asked, boolean wanted) {
        var rows = "(SELECT p.profile_no FROM cdp_profile p CROSS JOIN LATERAL unnest(p.groups) AS m (id)"
                + " LEFT JOIN cdp_group g ON g.ws = p.ws AND g.id = m.id WHERE p.ws = $1 AND " + IN_ANY;
        if (rule.group() != null) {
            var id = parameter(rule.group(), "text");
            rows += " AND p.groups @> ARRAY[" + id + "] AND m.id = " + id;
        }
        if (asked || !ofTheMissing(rule.test())) {
            var value = "nullif(g.traits -> " + parameter(rule.trait().root(), "text") + " -> 0, 'null')";
            rows += " AND " + (asked ? json(rule.test(), value) : value + " IS NOT NULL");
        }
        return wanted ? in(rows) : notIn(rows);
    }

    /** Whether it is true of what is not there. */
    private boolean ofTheMissing(Test test) {
        return RuleEngine.test(test, Value.MISSING, ZoneOffset.UTC, now) == Truth.TRUE;
    }

    /** Who became part of somebody else is in it as that person. */
    private String member(UUID segment) {
        return in("(SELECT coalesce(q.merged_into, q.profile_no) FROM segments_member m"
                + " JOIN cdp_profile q ON q.ws = m.ws AND q.profile_no = m.profile_no WHERE m.ws = $1 AND m.segment = "
                + parameter(segment, "uuid"));
    }
}
