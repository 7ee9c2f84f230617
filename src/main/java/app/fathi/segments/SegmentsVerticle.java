package app.fathi.segments;

import app.fathi.cdp.Profiles;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Operations;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.db.Uploads;
import app.fathi.platform.jobs.Jobs;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.util.Map;
import java.util.function.Function;

/** The door of this domain. */
public final class SegmentsVerticle extends VerticleBase {
    private final SegmentAnswers answers;
    private final SegmentsService service;
    private final SegmentLooks looks;
    private final ImportsService imports;

    /** @param analytics where questions to many people are asked */
    public SegmentsVerticle(
            Transactions transactions,
            Transactions analytics,
            Profiles profiles,
            Uploads uploads,
            Jobs jobs,
            Audit audit,
            Cursor cursor,
            Bitmaps bitmaps) {
        this.answers = new SegmentAnswers(transactions, analytics, profiles, cursor, bitmaps);
        this.service = new SegmentsService(transactions, answers, profiles, jobs, audit, cursor);
        this.looks = new SegmentLooks(transactions, analytics, cursor);
        this.imports = new ImportsService(transactions, uploads, jobs, audit, cursor);
    }

    @Override
    public Future<?> start() {
        return Operations.serve(vertx, "segments", operations());
    }

    /** What this domain answers, by operationId. */
    public Map<String, Function<Call, Future<Reply>>> operations() {
        return Map.ofEntries(
                Map.entry("listSegments", service::list),
                Map.entry("createSegment", service::create),
                Map.entry("previewSegment", answers::preview),
                Map.entry("getSegment", service::get),
                Map.entry("updateSegment", service::update),
                Map.entry("restoreSegment", service::restore),
                Map.entry("deleteSegment", service::delete),
                Map.entry("listProfileSegments", answers::ofProfile),
                Map.entry("rebuildSegment", service::rebuild),
                Map.entry("listSegmentMembers", answers::members),
                Map.entry("changeSegmentMembers", service::changeMembers),
                Map.entry("exportSegmentMembers", looks::export),
                Map.entry("listSegmentVersions", looks::versions),
                Map.entry("listSegmentHistory", looks::history),
                Map.entry("getSegmentUsage", looks::usage),
                Map.entry("importSegmentMembers", imports::start),
                Map.entry("listSegmentImports", imports::list),
                Map.entry("getSegmentImport", imports::get),
                Map.entry("listSegmentImportErrors", imports::faults));
    }
}
