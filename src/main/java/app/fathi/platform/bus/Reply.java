package app.fathi.platform.bus;

import app.fathi.platform.errors.Problem;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.util.Map;

/**
 * A domain's answer: a status with a JSON body, or a problem.
 *
 * @param status the HTTP status; a problem's own when there is one
 * @param body UTF-8 JSON, or null for none
 * @param headers further headers such as {@code ETag} and {@code Location}
 * @param problem set when the operation did not succeed, null otherwise
 */
public record Reply(int status, Buffer body, Map<String, String> headers, Problem problem) {

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

    public static Reply noContent() {
        return new Reply(204, null, Map.of(), null);
    }

    public static Reply problem(Problem problem) {
        return new Reply(problem.kind().status(), null, Map.of(), problem);
    }
}
