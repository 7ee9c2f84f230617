package app.fathi.platform.jobs;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import java.util.List;

/**
 * Does the jobs of one type, and tells people what they are. One instance serves all workers of the node, so it keeps no
 * state of a run.
 *
 * <p>A job may run again after a crash, from the start, beside nobody: the handler finds in the database how far it came.
 */
public interface JobHandler {
    /** The type it does, as in {@link NewJob#type()}. */
    String type();

    /**
     * Runs on a virtual thread, so it may {@code Future.await()}; it must not block otherwise. An exception means a
     * retry after a back-off, and a dead job when the attempts are used up. Long work looks at {@link Lease#stopping()}
     * and {@link Lease#cancelled()} between its steps and then returns {@link JobOutcome#again} or
     * {@link JobOutcome#cancelled()}.
     */
    JobOutcome run(Job job, Lease lease) throws Exception;

    /**
     * Whether a cancelled job is run (once more) with {@link Lease#cancelled()} set, so that it can put its own records
     * right. Others simply end.
     */
    default boolean settles() {
        return false;
    }

    /** What has to be done in place of a job that died; enqueued in the transaction that buries it. */
    default List<NewJob> afterDeath(Job job) {
        return List.of();
    }

    /** What people may know of a job: ids and counts from its payload, never personal data. */
    default JsonObject describe(JsonObject payload) {
        return new JsonObject();
    }

    /** Whether it belongs to an integration, so that integrators may look after it. */
    default boolean isIntegration() {
        return false;
    }

    /** How many people the jobs with these payloads would reach at most; null when the type cannot tell, or reaches none. */
    default Future<Long> recipients(SqlClient client, int ws, List<JsonObject> payloads) {
        return Future.succeededFuture();
    }
}
