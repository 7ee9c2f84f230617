package app.fathi.templates;

import app.fathi.cdp.Profiles;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Operations;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.config.Config;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.db.Uploads;
import app.fathi.platform.security.Authorities;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;

/** The door of this domain. */
public final class TemplatesVerticle extends VerticleBase {
    private final TemplatesService service;
    private final ReviewsService reviews;
    private final TemplateLooks looks;
    private final TrialsService trials;
    private final SnippetsService snippets;
    private final ImagesService images;

    /**
     * @param payload how much room a push has for its content
     * @param publicUrl our own base URL, known once the port is bound
     */
    public TemplatesVerticle(
            Vertx vertx,
            Transactions transactions,
            Renderer renderer,
            Profiles profiles,
            Authorities authorities,
            Payload payload,
            Uploads uploads,
            Config.Images settings,
            Supplier<String> publicUrl,
            Audit audit,
            Cursor cursor) {
        var workshop = new Workshop(vertx);
        this.service = new TemplatesService(transactions, renderer, workshop, audit, cursor);
        this.reviews = new ReviewsService(transactions, audit);
        this.looks = new TemplateLooks(transactions, cursor);
        this.trials = new TrialsService(transactions, renderer, workshop, profiles, authorities, payload);
        this.snippets = new SnippetsService(transactions, renderer, workshop, audit, cursor);
        this.images = new ImagesService(transactions, workshop, uploads, settings, publicUrl, audit, cursor);
    }

    @Override
    public Future<?> start() {
        return Operations.serve(vertx, "templates", operations());
    }

    /** What this domain answers, by operationId. */
    public Map<String, Function<Call, Future<Reply>>> operations() {
        return Map.ofEntries(
                Map.entry("listTemplates", service::list),
                Map.entry("createTemplate", service::create),
                Map.entry("getTemplate", service::get),
                Map.entry("updateTemplate", service::update),
                Map.entry("deleteTemplate", service::delete),
                Map.entry("cloneTemplate", service::copy),
                Map.entry("restoreTemplate", service::restore),
                Map.entry("submitTemplate", reviews::submit),
                Map.entry("approveTemplate", reviews::approve),
                Map.entry("rejectTemplate", reviews::reject),
                Map.entry("archiveTemplate", reviews::archive),
                Map.entry("listTemplateVersions", looks::versions),
                Map.entry("getTemplateVersion", looks::version),
                Map.entry("compareTemplateVersions", looks::diff),
                Map.entry("getTemplateUsage", looks::usage),
                Map.entry("renderTemplate", trials::render),
                Map.entry("previewTemplate", trials::preview),
                Map.entry("lintTemplate", trials::lint),
                Map.entry("listSnippets", snippets::list),
                Map.entry("createSnippet", snippets::create),
                Map.entry("getSnippet", snippets::get),
                Map.entry("updateSnippet", snippets::update),
                Map.entry("deleteSnippet", snippets::delete),
                Map.entry("listImages", images::list),
                Map.entry("uploadImage", images::create),
                Map.entry("getImage", images::get),
                Map.entry("deleteImage", images::delete));
    }
}
