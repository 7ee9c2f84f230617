package app.fathi.platform.errors;

/**
 * The catalogue of everything that can go wrong for a caller. Each kind has one HTTP status and one stable code, and a
 * page {@code /docs/errors/<code>} that says what to do. Codes are part of the contract: they are added, never changed.
 */
public enum Kind {
    MALFORMED(400, "malformed", "The request is not well formed"),
    INVALID_REQUEST(400, "invalid_request", "The request does not fit the contract"),
    UNAUTHENTICATED(401, "unauthenticated", "A valid credential is needed"),
    FORBIDDEN(403, "forbidden", "The credential lacks the permission"),
    NOT_FOUND(404, "not_found", "There is no such thing here"),
    METHOD_NOT_ALLOWED(405, "method_not_allowed", "This path does not answer that method"),
    CONFLICT(409, "conflict", "The request conflicts with the present state"),
    STILL_RUNNING(409, "still_running", "A request with this Idempotency-Key is still running"),
    PRECONDITION_FAILED(412, "stale_version", "The thing has changed since it was read"),
    TOO_LARGE(413, "too_large", "The request is too large"),
    UNSUPPORTED_MEDIA_TYPE(415, "unsupported_media_type", "The body has a media type that is not accepted"),
    UNPROCESSABLE(422, "unprocessable", "The request is well formed but its meaning is not acceptable"),
    KEY_REUSED(422, "idempotency_key_reused", "This Idempotency-Key was used with another body"),
    PRECONDITION_REQUIRED(428, "precondition_required", "An If-Match header is needed"),
    RATE_LIMITED(429, "rate_limited", "Too many requests"),
    HEADERS_TOO_LARGE(431, "headers_too_large", "The request's headers are too large"),
    INTERNAL(500, "internal", "Something went wrong on our side"),
    UNAVAILABLE(503, "unavailable", "The service cannot answer right now");

    private final int status;
    private final String code;
    private final String title;

    Kind(int status, String code, String title) {
        this.status = status;
        this.code = code;
        this.title = title;
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
}
