package app.fathi.segments;

import app.fathi.cdp.traits.Rules;
import app.fathi.cdp.values.Path;
import app.fathi.segments.rules.Rule.Behaviour;
import app.fathi.segments.rules.Rule.Call;
import app.fathi.segments.rules.RuleEngine;
import app.fathi.segments.rules.RuleParser;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;
import java.util.function.Predicate;

/** What those who compute traits ask of rules. */
public final class TraitRules implements Rules {
    private final SegmentsStore segments = new SegmentsStore();
    private final UsageStore usage = new UsageStore();

    @Override
    public Predicate<JsonObject> where(JsonArray conditions, String at) {
        var those = new Behaviour(Call.track(""), RuleParser.where(conditions, at), null);
        return properties -> RuleEngine.fits(those, properties);
    }

    @Override
    public Future<List<String>> segmentsAsking(SqlConnection tx, int ws, String trait) {
        return segments.lockAll(tx, ws).compose(alone -> usage.asking(tx, ws, new Path(List.of(trait)).toString()));
    }
}
