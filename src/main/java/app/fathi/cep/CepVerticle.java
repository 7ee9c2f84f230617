package app.fathi.cep;

import static java.util.Map.entry;

import app.fathi.cep.advisor.AdvisorService;
import app.fathi.cep.besttime.BestTimesService;
import app.fathi.cep.decisions.DecisionsService;
import app.fathi.cep.performance.PerformanceService;
import app.fathi.cep.policies.PoliciesService;
import app.fathi.cep.stops.KillSwitches;
import app.fathi.cep.stops.Quotas;
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
    private final AdvisorService advisor;
    private final AdvisorTrial trial;

    public CepVerticle(
            KillSwitches killSwitches,
            PoliciesService policies,
            Explain explain,
            DecisionsService decisions,
            BestTimesService bestTimes,
            PerformanceService performance,
            AdvisorService advisor,
            AdvisorTrial trial,
            Quotas quotas) {
        this.killSwitches = killSwitches;
        this.policies = policies;
        this.explain = explain;
        this.decisions = decisions;
        this.bestTimes = bestTimes;
        this.performance = performance;
        this.advisor = advisor;
        this.trial = trial;
        this.quotas = quotas;
    }

    /** What answers which operation of the contract. */
    public Map<String, Function<Call, Future<Reply>>> operations() {
        return Map.ofEntries(
                entry("getKillSwitch", killSwitches::get),
                entry("setKillSwitch", killSwitches::set),
                entry("getPolicies", policies::get),
                entry("setPolicies", policies::put),
                entry("getDecisionService", advisor::get),
                entry("setDecisionService", advisor::put),
                entry("deleteDecisionService", advisor::delete),
                entry("rotateDecisionServiceSecret", advisor::rotate),
                entry("testDecisionService", trial::test),
                entry("explainDecision", explain::explain),
                entry("listDecisions", decisions::list),
                entry("getBestTimes", bestTimes::get),
                entry("getPerformance", performance::get),
                entry("getQuotaUsage", quotas::get));
    }

    @Override
    public Future<?> start() {
        return Operations.serve(vertx, "cep", operations());
    }
}
