package app.fathi.platform.db;

import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Secrets;
import app.fathi.platform.security.WorkspaceKey;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.streams.ReadStream;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.Optional;
import java.util.UUID;

/**
 * Bodies of any size, put down in the database part by part as they come, sealed, so that the memory they need does not
 * grow with them; a job reads them by their id. What nobody comes for is forgotten after a week.
 */
public final class Uploads {
    /** Octets of every part but the last. */
    public static final int PART_OCTETS = 256 * 1024;

    private final Pool pool;
    private final Secrets secrets;

    /** @param octets what came, decompressed */
    public record Upload(UUID id, long octets) {}

    public Uploads(Pool pool, Secrets secrets) {
        this.pool = pool;
        this.secrets = secrets;
    }

    /**
     * Puts down all that comes. Fails with {@code too_large} beyond the limit, and with whatever broke the stream; then
     * nothing is kept. To be called on the stream's own context, while it is paused.
     */
    public Future<Upload> take(int ws, ReadStream<Buffer> body, long limitOctets) {
        var id = UuidCreator.getTimeOrderedEpoch();
        var taking = Promise.<Upload>promise();
        secrets.workspaceKey(pool, ws)
                .compose(key -> pool.preparedQuery("INSERT INTO upload (id, ws) VALUES ($1, $2)")
                        .execute(Tuple.of(id, ws))
                        .map(key))
                .onSuccess(key -> new Taking(id, key, body, limitOctets, taking).begin())
                .onFailure(taking::tryFail);
        return taking.future().recover(failure -> delete(pool, ws, id).transform(done -> Future.failedFuture(failure)));
    }

    /** One body on its way; all on one context. */
    private final class Taking {
        private final UUID id;
        private final WorkspaceKey key;
        private final ReadStream<Buffer> body;
        private final long limit;
        private final Promise<Upload> taking;
        private Buffer pending = Buffer.buffer();
        private Future<Void> written = Future.succeededFuture();
        private long octets;
        private int parts;

        Taking(UUID id, WorkspaceKey key, ReadStream<Buffer> body, long limit, Promise<Upload> taking) {
            this.id = id;
            this.key = key;
            this.body = body;
            this.limit = limit;
            this.taking = taking;
        }

        void begin() {
            body.exceptionHandler(broken -> taking.tryFail(
                    ProblemException.of(Kind.MALFORMED, "The body broke off, or could not be decompressed.")));
            body.endHandler(end -> finish());
            body.handler(this::more);
            body.resume();
        }

        private void more(Buffer chunk) {
            if (taking.future().isComplete()) {
                return;
            }
            octets += chunk.length();
            if (octets > limit) {
                taking.tryFail(ProblemException.of(
                        Kind.TOO_LARGE, "An upload has at most " + limit + " octets, also when it is compressed."));
                return;
            }
            pending.appendBuffer(chunk);
            if (pending.length() >= PART_OCTETS) {
                body.pause();
                write().onSuccess(done -> body.resume()).onFailure(taking::tryFail);
            }
        }

        /** All whole parts that wait. */
        private Future<Void> write() {
            int from = 0;
            while (pending.length() - from >= PART_OCTETS) {
                append(pending.getBuffer(from, from + PART_OCTETS));
                from += PART_OCTETS;
            }
            pending = pending.getBuffer(from, pending.length());
            return written;
        }

        private void append(Buffer content) {
            int part = parts++;
            var sealed = Buffer.buffer(key.seal(place(id, part), content.getBytes()));
            written = written.compose(
                    done -> pool.preparedQuery("INSERT INTO upload_part (upload, part, content) VALUES ($1, $2, $3)")
                            .execute(Tuple.of(id, part, sealed))
                            .mapEmpty());
        }

        private void finish() {
            write();
            if (pending.length() > 0) {
                append(pending);
            }
            written.compose(done -> pool.preparedQuery("UPDATE upload SET octets = $2 WHERE id = $1")
                            .execute(Tuple.of(id, octets)))
                    .onSuccess(done -> taking.tryComplete(new Upload(id, octets)))
                    .onFailure(taking::tryFail);
        }
    }

    /** The part with this number, from 0; empty behind the last. */
    public Future<Optional<Buffer>> part(SqlClient client, int ws, UUID id, int part) {
        return secrets.workspaceKey(client, ws).compose(key -> client.preparedQuery(
                        """
                        SELECT p.content FROM upload u JOIN upload_part p ON p.upload = u.id
                        WHERE u.ws = $1 AND u.id = $2 AND p.part = $3
                        """)
                .execute(Tuple.of(ws, id, part))
                .map(rows -> rows.stream()
                        .map(row -> Buffer.buffer(key.open(
                                place(id, part), row.getBuffer("content").getBytes())))
                        .findFirst()));
    }

    public Future<Void> delete(SqlClient client, int ws, UUID id) {
        return client.preparedQuery("DELETE FROM upload WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(ws, id))
                .mapEmpty();
    }

    private static String place(UUID id, int part) {
        return "upload_part.content|" + id + "|" + part;
    }
}
