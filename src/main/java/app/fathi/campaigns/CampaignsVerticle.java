package app.fathi.campaigns;

import app.fathi.cep.Messages;
import app.fathi.cep.Obstacles;
import app.fathi.cep.Series;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Operations;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.jobs.Jobs;
import app.fathi.platform.security.Authorities;
import app.fathi.platform.security.Tenancy;
import app.fathi.segments.Audiences;
import app.fathi.templates.Templates;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.util.Map;
import java.util.function.Function;

/** The door of this domain. */
public final class CampaignsVerticle extends VerticleBase {
    private final CampaignsService service;
    private final ReviewsService reviews;
    private final LaunchesService launches;
    private final EntriesService entries;
    private final TrialsService trials;
    private final CampaignLooks looks;

    CampaignsVerticle(
            Transactions transactions,
            Progress progress,
            EntriesService entries,
            Messages messages,
            Series series,
            Obstacles obstacles,
            Audiences audiences,
            Templates templates,
            Jobs jobs,
            Tenancy tenancy,
            Authorities authorities,
            Audit audit,
            Cursor cursor) {
        var eyes = new FourEyes(transactions, audiences);
        var checks = new Checks(transactions, audiences, templates, obstacles, tenancy);
        this.service = new CampaignsService(transactions, series, audiences, tenancy, authorities, audit, cursor);
        this.reviews = new ReviewsService(transactions, checks, eyes, audit);
        this.launches = new LaunchesService(transactions, checks, eyes, messages, series, jobs, authorities, audit);
        this.trials = new TrialsService(transactions, checks, eyes, messages, obstacles, audit);
        this.looks = new CampaignLooks(transactions, series, progress, cursor);
        this.entries = entries;
    }

    @Override
    public Future<?> start() {
        return Operations.serve(vertx, "campaigns", operations());
    }

    /** What this domain answers, by operationId. */
    public Map<String, Function<Call, Future<Reply>>> operations() {
        return Map.ofEntries(
                Map.entry("listCampaigns", service::list),
                Map.entry("createCampaign", service::create),
                Map.entry("getCampaign", service::get),
                Map.entry("updateCampaign", service::update),
                Map.entry("deleteCampaign", service::delete),
                Map.entry("cloneCampaign", service::copy),
                Map.entry("submitCampaign", reviews::submit),
                Map.entry("approveCampaign", reviews::approve),
                Map.entry("rejectCampaign", reviews::reject),
                Map.entry("archiveCampaign", reviews::archive),
                Map.entry("scheduleCampaign", launches::schedule),
                Map.entry("launchCampaign", launches::launch),
                Map.entry("pauseCampaign", launches::pause),
                Map.entry("resumeCampaign", launches::resume),
                Map.entry("cancelCampaign", launches::cancel),
                Map.entry("finishCampaign", launches::finish),
                Map.entry("triggerCampaign", entries::trigger),
                Map.entry("checkCampaign", trials::check),
                Map.entry("estimateCampaign", trials::estimate),
                Map.entry("testCampaign", trials::send),
                Map.entry("listCampaignRuns", looks::runs),
                Map.entry("getCampaignStats", looks::stats),
                Map.entry("watchCampaign", looks::progress));
    }
}
