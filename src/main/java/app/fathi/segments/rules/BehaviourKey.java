package app.fathi.segments.rules;

import app.fathi.cdp.values.Path;
import app.fathi.cdp.values.Value;
import app.fathi.segments.rules.Rule.Behaviour;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Collection;

/**
 * A behaviour as a text that means the same in every version of this program: what is counted of people is kept under it. How
 * far back is no part of it, so rules that look a week and a month back share what is kept.
 */
public final class BehaviourKey {
    private BehaviourKey() {}

    public static String of(Behaviour behaviour) {
        var key = new JsonArray().add(call(behaviour.call()));
        behaviour.where().stream()
                .map(one -> new JsonArray()
                        .add(path(one.path()))
                        .add(test(one.test()))
                        .encode())
                .sorted()
                .forEach(key::add);
        return key.encode();
    }

    /** Of a track event its name alone, as before there were others. */
    private static Object call(Rule.Call call) {
        return call.kind() == Rule.Call.Kind.TRACK
                ? call.name()
                : JsonArray.of(call.kind().word(), call.name());
    }

    /** What is summed up of a behaviour: an object, where a behaviour is a list, so neither is taken for the other. */
    public static String of(Summed.Asked asked) {
        return new JsonObject()
                .put("sum", asked.property() == null ? null : path(asked.property()))
                .put("step", asked.step().name())
                .put("of", of(asked.behaviour()))
                .encode();
    }

    private static JsonArray path(Path path) {
        var names = new JsonArray();
        path.names().forEach(names::add);
        return names;
    }

    private static JsonArray test(Test test) {
        return switch (test) {
            case Test.Exists(boolean wanted) -> JsonArray.of("exists", wanted);
            case Test.Equal(var values, boolean ignoreCase, boolean negated) ->
                JsonArray.of("equal", values(values), ignoreCase, negated);
            case Test.Part(var place, var text, boolean ignoreCase, boolean negated) ->
                JsonArray.of("part", place.name(), text, ignoreCase, negated);
            case Test.Matches(var pattern) -> JsonArray.of("matches", pattern.pattern(), pattern.flags());
            case Test.Order(var sense, var bound) -> JsonArray.of("order", sense.name(), value(bound));
            case Test.Between(var low, var high) -> JsonArray.of("between", value(low), value(high));
            case Test.Beside(boolean after, var instant) -> JsonArray.of("beside", after, instant.toString());
            case Test.Has(var share, var values, boolean ignoreCase) ->
                JsonArray.of("has", share.name(), values(values), ignoreCase);
            // RuleParser refuses these of properties.
            case Test.Within within -> throw new IllegalArgumentException("a property is not compared with today");
            case Test.Anniversary anniversary ->
                throw new IllegalArgumentException("a property is not compared with today");
        };
    }

    private static JsonArray values(Collection<Value> values) {
        var all = new JsonArray();
        values.forEach(one -> all.add(value(one)));
        return all;
    }

    private static Object value(Value value) {
        return switch (value) {
            case Value.Text(var text) -> text;
            case Value.Numeric(double number) -> number;
            case Value.Flag(boolean flag) -> flag;
            case Value.Missing missing -> throw new IllegalArgumentException("no operand");
            case Value.Many many -> throw new IllegalArgumentException("no operand");
            case Value.Members members -> throw new IllegalArgumentException("no operand");
        };
    }
}
