package app.fathi.segments;

import app.fathi.cdp.Profiles;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Operations;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.jobs.Jobs;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.util.Map;
import java.util.function.Function;

/** The door of this domain. */
public final class SegmentsVerticle extends VerticleBase {
    private final SegmentsService service;

    /** @param analytics where questions to many people are asked */
    public SegmentsVerticle(
            Transactions transactions,
            Transactions analytics,
            Profiles profiles,
            Jobs jobs,
            Audit audit,
            Cursor cursor) {
        this.service = new SegmentsService(transactions, analytics, profiles, jobs, audit, cursor);
    }

    @Override
    public Future<?> start() {
        return Operations.serve(vertx, "segments", operations());
    }

    /** What this domain answers, by operationId. */
    public Map<String, Function<Call, Future<Reply>>> operations() {
        return Map.of(
                "listSegments", service::list,
                "createSegment", service::create,
                "previewSegment", service::preview,
                "getSegment", service::get,
                "updateSegment", service::update,
                "deleteSegment", service::delete,
                "listProfileSegments", service::ofProfile,
                "rebuildSegment", service::rebuild,
                "listSegmentMembers", service::members,
                "changeSegmentMembers", service::changeMembers);
    }
}
