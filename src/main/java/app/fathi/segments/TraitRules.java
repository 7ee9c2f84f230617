package app.fathi.segments;

import app.fathi.cdp.traits.Rules;
import app.fathi.cdp.values.Path;
import app.fathi.segments.rules.Mentions;
import app.fathi.segments.rules.Rule.Behaviour;
import app.fathi.segments.rules.Rule.Call;
import app.fathi.segments.rules.RuleEngine;
import app.fathi.segments.rules.RuleParser;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** What those who compute traits ask of rules. */
public final class TraitRules implements Rules {
    private final SegmentsStore segments = new SegmentsStore();
    private final UsageStore usage = new UsageStore();
    private final RulesStore rules = new RulesStore();

    @Override
    public Predicate<JsonObject> where(JsonArray conditions, String at) {
        var those = new Behaviour(Call.track(""), RuleParser.where(conditions, at), null);
        return properties -> RuleEngine.fits(those, properties);
    }

    @Override
    public Future<Set<String>> asked(SqlClient client, int ws) {
        return rules.dynamic(client, ws).map(all -> all.stream()
                .flatMap(one -> Mentions.of(one.rule()).traits().stream())
                .collect(Collectors.toSet()));
    }

    @Override
    public Future<List<String>> segmentsAsking(SqlConnection tx, int ws, String trait) {
        return segments.lockAll(tx, ws).compose(alone -> usage.asking(tx, ws, new Path(List.of(trait)).toString()));
    }
}
