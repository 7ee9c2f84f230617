package app.fathi.platform.errors;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.OptionalInt;

/**
 * What a caller is told when something did not work: RFC 9457 problem details, as a value. It travels inside a
 * {@code Reply}, so a failure keeps its meaning across the bus.
 *
 * @param kind what kind of failure, which fixes status, code and title
 * @param detail one sentence for a person: what is wrong and what to do about it; never anything internal
 * @param faults where in the request the faults are, may be empty
 * @param retryAfterSeconds when it makes sense to try again (429, 503)
 */
public record Problem(Kind kind, String detail, List<Fault> faults, OptionalInt retryAfterSeconds) {

    /** One fault in the request: an RFC 6901 JSON pointer into the body, or the parameter's name. */
    public record Fault(String pointer, String detail) {}

    public Problem {
        faults = List.copyOf(faults);
    }

    public static Problem of(Kind kind, String detail) {
        return new Problem(kind, detail, List.of(), OptionalInt.empty());
    }

    public static Problem of(Kind kind, String detail, List<Fault> faults) {
        return new Problem(kind, detail, faults, OptionalInt.empty());
    }

    public static Problem retryLater(Kind kind, String detail, int seconds) {
        return new Problem(kind, detail, List.of(), OptionalInt.of(seconds));
    }

    /** The body as RFC 9457 says; {@code instance} is the request's path. */
    public JsonObject toJson(String instance, String requestId) {
        var json = new JsonObject()
                .put("type", "/docs/errors/" + kind.code())
                .put("title", kind.title())
                .put("status", kind.status())
                .put("detail", detail)
                .put("instance", instance)
                .put("code", kind.code())
                .put("requestId", requestId);
        if (!faults.isEmpty()) {
            var errors = new JsonArray();
            faults.forEach(fault ->
                    errors.add(new JsonObject().put("pointer", fault.pointer()).put("detail", fault.detail())));
            json.put("errors", errors);
        }
        return json;
    }
}
