package app.fathi.platform.errors;

/**
 * The catalogue of everything that can go wrong for a caller. Each kind has one HTTP status and one stable code, and a
 * page {@code /docs/errors/<code>} that says what to do. Codes are part of the contract: they are added, never changed.
 */
public enum Kind {
    MALFORMED(
            400,
            "malformed",
            "The request is not well formed",
            "The body or a header could not be read at all. Check that the body is one JSON object in UTF-8 without duplicate keys."),
    INVALID_REQUEST(
            400,
            "invalid_request",
            "The request does not fit the contract",
            "Something is missing, has the wrong type, is out of range, or is not known. `errors` names each place by its JSON pointer."),
    UNAUTHENTICATED(
            401,
            "unauthenticated",
            "A valid credential is needed",
            "Send Authorization with a bearer token or API key that is still valid. Access tokens live ten minutes; refresh them."),
    FORBIDDEN(
            403,
            "forbidden",
            "The credential lacks the permission",
            "Ask an administrator for the permission that the detail names, or use another credential."),
    NOT_FOUND(
            404,
            "not_found",
            "There is no such thing here",
            "The path or the id names nothing in the workspace of your credential."),
    METHOD_NOT_ALLOWED(
            405,
            "method_not_allowed",
            "This path does not answer that method",
            "The Allow header lists the methods of this path."),
    CONFLICT(
            409,
            "conflict",
            "The request conflicts with the present state",
            "Read the thing again and decide whether the request still makes sense."),
    STILL_RUNNING(
            409,
            "still_running",
            "A request with this Idempotency-Key is still running",
            "Wait for the first request, then send the same one again to get its answer."),
    ENDED(
            410,
            "ended",
            "The thing has ended",
            "It was ended on purpose and this request does not bring it back. Begin a new one when that is wanted."),
    PRECONDITION_FAILED(
            412,
            "stale_version",
            "The thing has changed since it was read",
            "Read the thing again, apply your change to what you read, and send its new ETag."),
    TOO_LARGE(413, "too_large", "The request is too large", "Send less at once; the contract names the limits."),
    UNSUPPORTED_MEDIA_TYPE(
            415,
            "unsupported_media_type",
            "The body has a media type that is not accepted",
            "Set Content-Type to a type that the operation takes, usually application/json."),
    UNPROCESSABLE(
            422,
            "unprocessable",
            "The request is well formed but its meaning is not acceptable",
            "The detail says what does not make sense. Sending the same again will not help."),
    KEY_REUSED(
            422,
            "idempotency_key_reused",
            "This Idempotency-Key was used with another body",
            "Use a new Idempotency-Key for a new request and the same one only for retries of the same request."),
    PRECONDITION_REQUIRED(
            428,
            "precondition_required",
            "An If-Match header is needed",
            "Send If-Match with the ETag that you read, so that nobody's change is lost."),
    RATE_LIMITED(429, "rate_limited", "Too many requests", "Wait for as long as Retry-After says."),
    HEADERS_TOO_LARGE(
            431, "headers_too_large", "The request's headers are too large", "Shorten the URL or the headers."),
    INTERNAL(
            500,
            "internal",
            "Something went wrong on our side",
            "Report it with the requestId; the log line with this id tells the operator why."),
    UNAVAILABLE(
            503,
            "unavailable",
            "The service cannot answer right now",
            "Try again after Retry-After. Nothing of the refused request was kept.");

    private final int status;
    private final String code;
    private final String title;
    private final String advice;

    Kind(int status, String code, String title, String advice) {
        this.status = status;
        this.code = code;
        this.title = title;
        this.advice = advice;
    }

    public int status() {
        return status;
    }

    public String code() {
        return code;
    }

    public String title() {
        return title;
    }

    /** What the caller can do about it; the page {@code /docs/errors/<code>} shows it. */
    public String advice() {
        return advice;
    }
}
