package app.fathi.segments.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.errors.Problem.Fault;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is no rule is told so, with its place; what could cost much is none. */
class RuleParserTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{} /type",
                "{'type':'trait','operator':'exists'} /trait",
                "{'type':'trait','trait':'a','operator':'is'} /operator",
                "{'type':'trait','trait':'a','operator':'equals','value':null} /value",
                "{'type':'trait','trait':'a','operator':'equals','value':[1]} /value",
                "{'type':'trait','trait':'a','operator':'equals','value':9007199254740993} /value",
                "{'type':'trait','trait':'a','operator':'gt','value':true} /value",
                "{'type':'trait','trait':'a','operator':'between','low':1,'high':'2'} /high",
                "{'type':'trait','trait':'a','operator':'in','values':[]} /values",
                "{'type':'trait','trait':'a','operator':'before','value':'tomorrow'} /value",
                "{'type':'trait','trait':'a','operator':'withinLast','duration':'P401D'} /duration",
                "{'type':'trait','trait':'a','operator':'withinLast','duration':'PT0.5S'} /duration",
                "{'type':'trait','trait':'a','operator':'anniversary','inDays':367} /inDays",
                "{'type':'trait','trait':'a','operator':'contains','value':''} /value",
                "{'type':'trait','trait':'a.b.','operator':'exists'} /trait",
                "{'type':'trait','trait':'a','operator':'exists','ignoreCase':true} /ignoreCase",
                "{'type':'trait','trait':'a','operator':'exists','colour':1} /colour",
                "{'type':'and','rules':[]} /rules",
                "{'type':'not','rule':7} /rule",
                "{'type':'did','event':'x','exactly':1,'atLeast':1} /exactly",
                "{'type':'did','event':'x','atLeast':2,'atMost':1} /atMost",
                "{'type':'did','event':'x','atLeast':1.5} /atLeast",
                "{'type':'did','event':'x','where':[{'property':'p','operator':'withinLast','duration':'P1D'}]} /where/0/operator",
                "{'type':'did'} /event",
                "{'type':'did','call':'track'} /event",
                "{'type':'did','call':'page','event':''} /event",
                "{'type':'did','call':'identify','event':'x'} /call",
                "{'type':'trait','trait':'a','operator':'exists','call':'page'} /call",
                "{'type':'total','event':'x','function':'sum','property':'p','operator':'contains','value':'1'} /operator",
                "{'type':'firstTime','event':'x','operator':'equals','value':'1'} /operator",
                "{'type':'consent','purpose':'p','channel':'c','state':'maybe'} /state",
                "{'type':'tagged'} /tag",
                "{'type':'tagged','tag':' vip'} /tag",
                "{'type':'tagged','tag':'vip','operator':'exists'} /operator",
                "{'type':'group','group':''} /group",
                "{'type':'group','operator':'exists'} /operator",
                "{'type':'group','trait':'plan'} /operator",
                "{'type':'group','trait':'plan.','operator':'exists'} /trait",
                "{'type':'segment','segment':'gold'} /segment",
                "{'type':'message'} /was",
                "{'type':'message','was':'read'} /was",
                "{'type':'message','was':'sent','message':'all'} /message",
                "{'type':'message','was':'shown','olderThan':'P1D'} /olderThan",
                "{'type':'message','was':'ignored','within':'P1D','olderThan':'P1D'} /olderThan",
                "{'type':'message','was':'sent','exactly':0,'atMost':1} /exactly",
                "{'type':'message','was':'sent','event':'x'} /event",
                "{'type':'ignoredLast'} /last",
                "{'type':'ignoredLast','last':101} /last",
                "{'type':'ignoredLast','last':3,'message':'01932f30-0000-7a00-8000-000000000002'} /message",
            })
    void what_is_wrong_is_told_with_its_place(String ruleAndPlace) {
        int space = ruleAndPlace.lastIndexOf(' ');
        var rule = new JsonObject(ruleAndPlace.substring(0, space).replace('\'', '"'));
        assertThat(faults(rule)).extracting(Fault::pointer).containsExactly(ruleAndPlace.substring(space + 1));
    }

    @Test
    void rules_lie_in_each_other_only_so_deep() {
        assertThat(faults(deep(20))).isEmpty();
        assertThat(faults(deep(21))).singleElement().satisfies(fault -> assertThat(fault.detail())
                .contains("at most 20 deep"));
    }

    private static JsonObject deep(int depth) {
        var rule = new JsonObject().put("type", "trait").put("trait", "a").put("operator", "exists");
        for (int i = 1; i < depth; i++) {
            rule = new JsonObject().put("type", "not").put("rule", rule);
        }
        return rule;
    }

    @Test
    void there_are_only_so_many_rules_and_faults() {
        var many = new JsonArray();
        for (int i = 0; i < 10_000; i++) {
            many.add(new JsonObject().put("type", "what"));
        }
        assertThat(faults(new JsonObject().put("type", "or").put("rules", many)))
                .hasSize(20);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(",
                "a{1001}",
                "(?=a)",
                "(a)\\1",
                "((((((((((a{100}){100}){100}){100}){100}){100}){100}){100}){100}){100})",
            })
    void a_pattern_that_is_none_of_re2_or_would_explode_is_refused(String pattern) {
        assertThat(faults(matches(pattern))).extracting(Fault::pointer).containsExactly("/value");
    }

    @Test
    void a_pattern_that_explodes_elsewhere_is_linear_here() {
        var rule = (Rule.Trait) RuleParser.parse(matches("(a*)*(a*)*(a*)*b"), "");
        var text = new app.fathi.cdp.values.Value.Text("a".repeat(10_000));
        assertThat(RuleEngine.test(rule.test(), text, java.time.ZoneOffset.UTC, java.time.Instant.EPOCH))
                .isEqualTo(Truth.FALSE);
    }

    private static JsonObject matches(String pattern) {
        return new JsonObject()
                .put("type", "trait")
                .put("trait", "a")
                .put("operator", "matches")
                .put("value", pattern);
    }

    @Test
    void nothing_of_a_rule_is_taken_that_is_not_json_of_a_rule() {
        assertThatThrownBy(() -> RuleParser.parse(new JsonObject().put("type", new JsonObject()), "/rule"))
                .isInstanceOf(ProblemException.class);
    }

    private static List<Fault> faults(JsonObject rule) {
        try {
            RuleParser.parse(rule, "");
            return List.of();
        } catch (ProblemException e) {
            return e.problem().faults();
        }
    }
}
