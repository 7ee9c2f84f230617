package app.fathi.platform.bus;

import app.fathi.platform.errors.Problem;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A domain's answer: a status with a JSON body, or a problem.
 *
 * @param status the HTTP status; a problem's own when there is one
 * @param body UTF-8 JSON, or null for none
 * @param headers further headers such as {@code ETag} and {@code Location}
 * @param problem set when the operation did not succeed, null otherwise
 * @param download in place of {@code body} where that is no JSON, or large; null otherwise
 */
public record Reply(int status, Buffer body, Map<String, String> headers, Problem problem, Download download) {

    /**
     * A body of any size, asked for page by page as fast as it is read.
     *
     * @param next the next page; null behind the last
     * @param rows in place of {@code next}: what the edge writes line by line; null otherwise
     * @param live in place of both: what happens from now on; null otherwise
     */
    public record Download(String mediaType, Supplier<Future<Buffer>> next, Rows rows, Live live) {}

    /**
     * What happens for as long as somebody listens, as server-sent events. The edge asks for more when what it had is on its
     * way, hides what the listener may not see, keeps the connection awake, and ends with the listener's credential.
     *
     * @param next what happened since, waiting until there is something
     * @param end called once when nobody listens any more
     * @param seconds after which it ends, and the listener may come again
     */
    public record Live(Supplier<Future<List<Event>>> next, Runnable end, int seconds) {}

    /** @param id from where to go on ({@code Last-Event-ID}); null for what is told of the stream itself */
    public record Event(String id, String name, JsonObject data) {}

    /**
     * Things as a list of the API shows them, for a file in which the edge hides what the caller may not see.
     *
     * @param columns of CSV, each with the way to its value, such as {@code actor.name}; empty for a JSON object a line
     * @param next the next page; null behind the last
     */
    public record Rows(List<String> columns, Supplier<Future<List<JsonObject>>> next) {}

    public Reply(int status, Buffer body, Map<String, String> headers, Problem problem) {
        this(status, body, headers, problem, null);
    }

    /** 200 with a file. */
    public static Reply download(String mediaType, String fileName, Supplier<Future<Buffer>> next) {
        return new Reply(
                200,
                null,
                Map.of("Content-Disposition", "attachment; filename=\"" + fileName + "\""),
                null,
                new Download(mediaType, next, null, null));
    }

    /** 200 with a file of lines: CSV where there are columns, else JSON lines. */
    public static Reply rows(String fileName, Rows rows) {
        return new Reply(
                200,
                null,
                Map.of("Content-Disposition", "attachment; filename=\"" + fileName + "\""),
                null,
                new Download(rows.columns.isEmpty() ? "application/x-ndjson" : "text/csv", null, rows, null));
    }

    /** 200 with what happens from now on. */
    public static Reply live(Live live) {
        return new Reply(200, null, Map.of(), null, new Download("text/event-stream", null, null, live));
    }

    public static Reply ok(JsonObject json) {
        return new Reply(200, json.toBuffer(), Map.of(), null);
    }

    /** 200 with the ETag of an editable thing. */
    public static Reply ok(JsonObject json, long version) {
        return new Reply(200, json.toBuffer(), Map.of("ETag", Etag.of(version)), null);
    }

    public static Reply created(String location, JsonObject json) {
        return new Reply(201, json.toBuffer(), Map.of("Location", location), null);
    }

    public static Reply accepted(String location, JsonObject json) {
        return new Reply(202, json.toBuffer(), Map.of("Location", location), null);
    }

    /** 202 for work that no single address stands for. */
    public static Reply accepted(JsonObject json) {
        return new Reply(202, json.toBuffer(), Map.of(), null);
    }

    /** 202 of which nothing is told. */
    public static Reply accepted() {
        return new Reply(202, null, Map.of(), null);
    }

    public static Reply noContent() {
        return new Reply(204, null, Map.of(), null);
    }

    public static Reply problem(Problem problem) {
        return new Reply(problem.kind().status(), null, Map.of(), problem);
    }
}
