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
            "It could not be read at all, so nobody knows what was asked. Nothing was done.",
            "The body is no JSON object in UTF-8: it breaks off, names a key twice, nests too deep, or holds a number or a character that two readers could take differently. Or a header, or an escape in the URL, is broken.",
            "The body or a header could not be read at all. Check that the body is one JSON object in UTF-8 without duplicate keys."),
    INVALID_REQUEST(
            400,
            "invalid_request",
            "The request does not fit the contract",
            "It was read, and does not have the shape that the contract describes. Nothing was done.",
            "Something is missing, has the wrong type, is out of range, or is a property that the operation does not know: a misspelt one is refused rather than ignored.",
            "`errors` names each place by its JSON pointer, and says what is wrong there. The operation's page lists every property with its type and limits."),
    UNAUTHENTICATED(
            401,
            "unauthenticated",
            "A valid credential is needed",
            "Nobody knows who asks. Nothing was done.",
            "There is no credential, or it is not one of ours, expired, revoked, or of the wrong kind: a write key where a secret key is needed, say. A token ends with its session, at a change of password, and when its user is disabled.",
            "Send `Authorization` with a bearer token or API key that is still valid. Access tokens live ten minutes; refresh them."),
    FORBIDDEN(
            403,
            "forbidden",
            "The credential lacks the permission",
            "It is known who asks, and they may not do this. Nothing was done.",
            "The key or the user's roles lack the permission that the operation names; or a browser's write key was used for what needs proof of who the visitor is.",
            "Ask an administrator for the permission that the detail names, or use another credential."),
    NOT_FOUND(
            404,
            "not_found",
            "There is no such thing here",
            "What the path names does not exist for this credential.",
            "The path is misspelt, the id names nothing, or it names something of another workspace: both get this same answer.",
            "The path or the id names nothing in the workspace of your credential."),
    METHOD_NOT_ALLOWED(
            405,
            "method_not_allowed",
            "This path does not answer that method",
            "The path exists, and has no such method.",
            "A request was sent with POST instead of PUT, say.",
            "The `Allow` header lists the methods of this path."),
    CONFLICT(
            409,
            "conflict",
            "The request conflicts with the present state",
            "The request makes sense, but not now: what is there already stands against it.",
            "The thing is in a state that does not allow it, such as a message that is sent already, or something with the same name exists.",
            "Read the thing again and decide whether the request still makes sense."),
    STILL_RUNNING(
            409,
            "still_running",
            "A request with this Idempotency-Key is still running",
            "The first request with this key has not been answered yet. It is not done a second time.",
            "A client gave up waiting and tried again while its first request was still at work, or two processes use the same key.",
            "Wait for the first request, then send the same one again to get its answer."),
    ENDED(
            410,
            "ended",
            "The thing has ended",
            "It existed, and was ended on purpose.",
            "A browser shows a subscription that was unsubscribed elsewhere, say.",
            "It was ended on purpose and this request does not bring it back. Begin a new one when that is wanted."),
    PRECONDITION_FAILED(
            412,
            "stale_version",
            "The thing has changed since it was read",
            "Somebody else has changed the thing in the meantime. Your change was not made, so theirs is not lost.",
            "The `If-Match` of the request is not the thing's `ETag` any more.",
            "Read the thing again, apply your change to what you read, and send its new `ETag`."),
    TOO_LARGE(
            413,
            "too_large",
            "The request is too large",
            "It was not read to its end. Nothing was done.",
            "The body is larger than the server or this operation takes, also after it was unpacked.",
            "Send less at once; the contract names the limits."),
    UNSUPPORTED_MEDIA_TYPE(
            415,
            "unsupported_media_type",
            "The body has a media type that is not accepted",
            "The server does not know how to read the body. Nothing was done.",
            "`Content-Type` is missing or another than the operation takes, or `Content-Encoding` is not `gzip`.",
            "Set `Content-Type` to a type that the operation takes, usually `application/json`."),
    UNPROCESSABLE(
            422,
            "unprocessable",
            "The request is well formed but its meaning is not acceptable",
            "It has the right shape, and says something that cannot be. Nothing was done.",
            "A time zone does not exist, an instant lies too far ahead, a template does not compile, two fields contradict each other.",
            "The detail says what does not make sense. Sending the same again will not help."),
    KEY_REUSED(
            422,
            "idempotency_key_reused",
            "This Idempotency-Key was used with another body",
            "This key stands for another request. Nothing was done.",
            "The same `Idempotency-Key` came within 24 hours with a body that differs, if only in its spelling.",
            "Use a new `Idempotency-Key` for a new request and the same one only for retries of the same request."),
    PRECONDITION_REQUIRED(
            428,
            "precondition_required",
            "An If-Match header is needed",
            "Changing it blindly could undo somebody else's change. Nothing was done.",
            "A thing that several people edit is changed or deleted without `If-Match`.",
            "Send `If-Match` with the `ETag` that you read, so that nobody's change is lost."),
    RATE_LIMITED(
            429,
            "rate_limited",
            "Too many requests",
            "More was asked in a minute than this credential, or this network address, has. Nothing was done.",
            "`RateLimit-Policy` in each answer says how many there are, `RateLimit` how many are left. At sign-in, also after wrong passwords.",
            "Wait for as many seconds as `Retry-After` says, then send the same request again."),
    HEADERS_TOO_LARGE(
            431,
            "headers_too_large",
            "The request's headers are too large",
            "The request was not read further than its headers.",
            "A very long cursor, filter or cookie, or very many headers.",
            "Shorten the URL or the headers."),
    INTERNAL(
            500,
            "internal",
            "Something went wrong on our side",
            "It is not your fault. Whether the request took effect is not known: a POST with an `Idempotency-Key` may be sent again safely.",
            "Something failed that nobody had foreseen.",
            "Report it with the `requestId`; the log line with this id tells the operator why."),
    UNAVAILABLE(
            503,
            "unavailable",
            "The service cannot answer right now",
            "The server is busy, starting, ending, or has lost its database for a moment.",
            "More is asked than it can do in time, so it refuses some at once rather than all too late.",
            "Try again after `Retry-After`. Nothing of the refused request was kept.");

    private final int status;
    private final String code;
    private final String title;
    private final String meaning;
    private final String occasion;
    private final String advice;

    Kind(int status, String code, String title, String meaning, String occasion, String advice) {
        this.status = status;
        this.code = code;
        this.title = title;
        this.meaning = meaning;
        this.occasion = occasion;
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

    /** What it says about the request, and what became of it. */
    public String meaning() {
        return meaning;
    }

    /** When it happens. */
    public String occasion() {
        return occasion;
    }

    /** What the caller can do about it; the page {@code /docs/errors/<code>} shows it. */
    public String advice() {
        return advice;
    }
}
