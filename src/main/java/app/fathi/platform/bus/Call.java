package app.fathi.platform.bus;

import app.fathi.platform.db.Uploads;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Caller;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * One request as a domain sees it: who asks for which operation with what. Passed by reference over the local bus, so
 * nobody may change what it holds.
 *
 * @param operationId the contract's operationId
 * @param caller who asks; the workspace comes from here and from nowhere else
 * @param parameters path and query parameters by name, typed and defaulted as the contract says
 * @param json the parsed body; null when there is none, or when the operation parses its body itself
 * @param body the body's octets as they came; null when there is none
 * @param headers the few headers that domains may look at, names in lower case (see {@code RequestReader})
 * @param remoteAddress the address the request came from, behind trusted proxies resolved
 * @param requestId names this request in answers, logs, audit, jobs and streams
 * @param deadlineNanos {@link System#nanoTime()} after which nobody waits for the answer any more
 * @param incoming for an operation that takes an upload: has the body, which was not read yet, put down; null otherwise.
 *     Asked once, when all else that stands against the request was looked at
 */
public record Call(
        String operationId,
        Caller caller,
        JsonObject parameters,
        JsonObject json,
        Buffer body,
        Map<String, String> headers,
        String remoteAddress,
        String requestId,
        long deadlineNanos,
        Supplier<Future<Uploads.Upload>> incoming) {

    /** Among the headers: the country of the caller's address, as a trusted proxy tells it ({@code http.countryHeader}). */
    public static final String COUNTRY = "country";

    /** A call without a body that is still to come. */
    public Call(
            String operationId,
            Caller caller,
            JsonObject parameters,
            JsonObject json,
            Buffer body,
            Map<String, String> headers,
            String remoteAddress,
            String requestId,
            long deadlineNanos) {
        this(operationId, caller, parameters, json, body, headers, remoteAddress, requestId, deadlineNanos, null);
    }

    public int ws() {
        return caller.ws();
    }

    /** A path or query parameter that names a thing; an id that is no UUID names nothing, hence 404. */
    public UUID id(String parameter, String what) {
        try {
            return UUID.fromString(parameters.getString(parameter));
        } catch (IllegalArgumentException e) {
            throw ProblemException.notFound(what);
        }
    }

    /** A query parameter that filters by a thing, null when it is not given: the validator takes more for UUIDs than we. */
    public UUID uuid(String parameter) {
        try {
            var text = parameters.getString(parameter);
            return text == null ? null : UUID.fromString(text);
        } catch (IllegalArgumentException e) {
            throw ProblemException.invalid(parameter, "This is not a UUID.");
        }
    }

    public String header(String lowerCaseName) {
        return headers.get(lowerCaseName);
    }

    /** The version that {@code If-Match} names: 428 when the header is missing, 412 when it can match nothing. */
    public long ifMatch() {
        var header = headers.get("if-match");
        if (header == null) {
            throw new ProblemException(Problem.of(
                    Kind.PRECONDITION_REQUIRED,
                    "Send If-Match with the ETag that you read, so no other change is lost."));
        }
        return Etag.version(header)
                .orElseThrow(() -> ProblemException.of(
                        Kind.PRECONDITION_FAILED,
                        "If-Match holds no ETag of ours. Read the thing again and use its ETag."));
    }
}
