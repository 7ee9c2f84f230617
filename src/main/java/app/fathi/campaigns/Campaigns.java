package app.fathi.campaigns;

import app.fathi.cdp.Profiles;
import app.fathi.cep.Messages;
import app.fathi.cep.Obstacles;
import app.fathi.cep.Series;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.Jobs;
import app.fathi.platform.security.Authorities;
import app.fathi.platform.security.Tenancy;
import app.fathi.segments.Audiences;
import app.fathi.templates.Templates;
import io.vertx.core.Vertx;
import java.util.List;

/** What a node has of this domain: its door, its jobs, what it does with events, and how people are entered. */
public final class Campaigns {
    private final Transactions transactions;
    private final Transactions sends;
    private final Messages messages;
    private final Series series;
    private final Obstacles obstacles;
    private final Audiences audiences;
    private final Templates templates;
    private final Profiles profiles;
    private final Jobs jobs;
    private final Progress progress;

    /**
     * @param transactions on the pool of requests
     * @param sends on the pool of those who send
     */
    public Campaigns(
            Vertx vertx,
            Transactions transactions,
            Transactions sends,
            Messages messages,
            Series series,
            Obstacles obstacles,
            Audiences audiences,
            Templates templates,
            Profiles profiles,
            Jobs jobs) {
        this.transactions = transactions;
        this.sends = sends;
        this.messages = messages;
        this.series = series;
        this.obstacles = obstacles;
        this.audiences = audiences;
        this.templates = templates;
        this.profiles = profiles;
        this.jobs = jobs;
        this.progress = new Progress(vertx, transactions, series);
    }

    /** @param workers on the pool of the workers */
    public List<JobHandler> jobs(Transactions workers) {
        return List.of(
                new LaunchJob(workers, messages, jobs, new FourEyes(workers, audiences)),
                new WatchJob(workers),
                new CloseJob(workers));
    }

    /** After the ledger: looks who did what a campaign is for. */
    public GoalStage stage() {
        return new GoalStage();
    }

    /** How other domains enter people into triggered campaigns. */
    public Entries entries() {
        return new Entries(series, audiences);
    }

    public CampaignsVerticle verticle(Tenancy tenancy, Authorities authorities, Audit audit, Cursor cursor) {
        return new CampaignsVerticle(
                transactions,
                progress,
                new EntriesService(sends, entries(), profiles, authorities, audit),
                messages,
                series,
                obstacles,
                audiences,
                templates,
                jobs,
                tenancy,
                authorities,
                audit,
                cursor);
    }
}
