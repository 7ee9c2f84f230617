package app.fathi.cep;

import app.fathi.cep.besttime.BestTimesService;
import app.fathi.cep.performance.PerformanceService;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Operations;
import app.fathi.platform.bus.Reply;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.util.Map;
import java.util.function.Function;

/** The door of {@code cep}: answers its operations. */
public final class CepVerticle extends VerticleBase {
    private final KillSwitches killSwitches;
    private final Quotas quotas;

    private final PoliciesService policies;
    private final Explain explain;
    private final DecisionsService decisions;
    private final BestTimesService bestTimes;
    private final PerformanceService performance;

    public CepVerticle(
            KillSwitches killSwitches,
            PoliciesService policies,
            Explain explain,
            DecisionsService decisions,
            BestTimesService bestTimes,
            PerformanceService performance,
            Quotas quotas) {
        this.killSwitches = killSwitches;
        this.policies = policies;
        this.explain = explain;
        this.decisions = decisions;
        this.bestTimes = bestTimes;
        this.performance = performance;
        this.quotas = quotas;
    }

    /** What answers which operation of the contract. */
    public Map<String, Function<Call, Future<Reply>>> operations() {
        return Map.of(
                "getKillSwitch",
                killSwitches::get,
                "setKillSwitch",
                killSwitches::set,
                "getPolicies",
                policies::get,
                "setPolicies",
                policies::put,
                "explainDecision",
                explain::explain,
                "listDecisions",
                decisions::list,
                "getBestTimes",
                bestTimes::get,
                "getPerformance",
                performance::get,
                "getQuotaUsage",
                quotas::get);
    }

    @Override
    public Future<?> start() {
        return Operations.serve(vertx, "cep", operations());
    }
}
