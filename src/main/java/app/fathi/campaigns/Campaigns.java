package app.fathi.campaigns;

import app.fathi.cep.Messages;
import app.fathi.cep.Obstacles;
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

/** What a node has of this domain: its door, its jobs, and what it does with events. */
public final class Campaigns {
    private final Transactions transactions;
    private final Messages messages;
    private final Obstacles obstacles;
    private final Audiences audiences;
    private final Templates templates;
    private final Jobs jobs;
    private final Progress progress;

    /** @param transactions on the pool of requests */
    public Campaigns(
            Vertx vertx,
            Transactions transactions,
            Messages messages,
            Obstacles obstacles,
            Audiences audiences,
            Templates templates,
            Jobs jobs) {
        this.transactions = transactions;
        this.messages = messages;
        this.obstacles = obstacles;
        this.audiences = audiences;
        this.templates = templates;
        this.jobs = jobs;
        this.progress = new Progress(vertx, transactions);
    }

    /** @param workers on the pool of the workers */
    public List<JobHandler> jobs(Transactions workers) {
        return List.of(new LaunchJob(workers, messages, jobs, new FourEyes(workers, audiences)), new WatchJob(workers));
    }

    /** After the ledger: looks who did what a campaign is for. */
    public GoalStage stage() {
        return new GoalStage();
    }

    public CampaignsVerticle verticle(Tenancy tenancy, Authorities authorities, Audit audit, Cursor cursor) {
        return new CampaignsVerticle(
                transactions,
                progress,
                messages,
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
