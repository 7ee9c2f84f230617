package app.fathi.platform.http;

import app.fathi.platform.bus.Call;
import app.fathi.platform.config.Config;
import app.fathi.platform.db.Uploads;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.outbound.Network;
import app.fathi.platform.security.Caller;
import app.fathi.platform.security.Credentials.Presented;
import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import io.vertx.openapi.validation.RequestParameter;
import io.vertx.openapi.validation.ValidatedRequest;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Reads what the edge needs from a request: the credential shown, and the {@link Call} that a domain gets. */
final class RequestReader {
    /** What domains may see of a request's headers. */
    private static final List<String> HEADERS = List.of(
            "if-match",
            "idempotency-key",
            "last-event-id",
            "x-device-secret",
            "user-agent",
            "origin",
            "accept-language",
            "content-type",
            "traceparent");

    private final long timeoutNanos;
    private final long uploadNanos;
    private final String countryHeader;
    private final List<Network> trustedProxies;

    /** @param trustedProxies who is believed to know a caller's country */
    RequestReader(Config.Http http, List<Network> trustedProxies) {
        this.timeoutNanos = TimeUnit.SECONDS.toNanos(http.requestTimeoutSeconds());
        this.uploadNanos = TimeUnit.SECONDS.toNanos(http.uploadSeconds());
        this.countryHeader = http.countryHeader();
        this.trustedProxies = trustedProxies;
    }

    /** The credential as shown: {@code Authorization}, {@code X-Write-Key}, or {@code writeKey} in the body where allowed. */
    Optional<Presented> credential(RoutingContext context, Contract.Operation operation) {
        var request = context.request();
        var origin = request.getHeader(HttpHeaders.ORIGIN);
        var authorization = request.getHeader(HttpHeaders.AUTHORIZATION);
        if (authorization != null) {
            if (authorization.regionMatches(true, 0, "Bearer ", 0, 7)) {
                return Optional.of(
                        new Presented.Bearer(authorization.substring(7).strip()));
            }
            if (authorization.regionMatches(true, 0, "Basic ", 0, 6)) {
                return Optional.of(new Presented.WriteKey(
                        basicUser(authorization.substring(6).strip()), origin));
            }
            throw ProblemException.unauthenticated("Authorization takes Bearer or Basic.");
        }
        var header = request.getHeader("X-Write-Key");
        if (header != null) {
            return Optional.of(new Presented.WriteKey(header, origin));
        }
        if (operation.credentialOptional() && context.body().buffer() != null) {
            return Optional.ofNullable(StrictJson.member(context.body().buffer(), "writeKey"))
                    .map(key -> new Presented.WriteKey(key, origin));
        }
        return Optional.empty();
    }

    /** Refuses what the contract has no room for before anybody parses it: media type, unknown query parameters. */
    void checkShape(RoutingContext context, Contract.Operation operation) {
        var body = context.body().buffer();
        if (!operation.bodyTypes().isEmpty() && (operation.takesUpload() || (body != null && body.length() > 0))) {
            var type = context.request().getHeader(HttpHeaders.CONTENT_TYPE);
            var bare = type == null ? "" : type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
            if (!operation.bodyTypes().contains(bare)) {
                throw ProblemException.of(
                        Kind.UNSUPPORTED_MEDIA_TYPE,
                        "Send the body as " + String.join(" or ", operation.bodyTypes()) + ".");
            }
            if (!Gunzip.isReadable(context, operation.takesUpload())) {
                throw ProblemException.of(
                        Kind.UNSUPPORTED_MEDIA_TYPE, "Send the body as it is, or with Content-Encoding: gzip.");
            }
        }
        boolean strict = operation.path().startsWith("/api/");
        if (strict || operation.path().contains("{")) {
            // The router reads the query, too, to put the path's parameters beside it: what is broken is found here
            // first.
            var names = context.queryParams().names();
            for (var name : strict ? names : Set.<String>of()) {
                if (!operation.queryDefaults().containsKey(name)) {
                    throw ProblemException.invalid(name, "There is no such query parameter.");
                }
            }
        }
    }

    /** The parsed body, strictly; null when the operation takes none or parses it itself. */
    JsonObject json(RoutingContext context, Contract.Operation operation) {
        var body = context.body().buffer();
        return operation.parsesBody() || operation.bodyTypes().isEmpty() || body == null || body.length() == 0
                ? null
                : StrictJson.object(body);
    }

    Call call(
            RoutingContext context,
            Contract.Operation operation,
            Caller caller,
            JsonObject json,
            ClientAddress address,
            ValidatedRequest validated,
            Supplier<Future<Uploads.Upload>> incoming) {
        var request = context.request();
        var headers = new HashMap<String, String>();
        for (var name : HEADERS) {
            var value = request.getHeader(name);
            if (value != null) {
                headers.put(name, value);
            }
        }
        country(request).ifPresent(country -> headers.put(Call.COUNTRY, country));
        return new Call(
                operation.id(),
                caller,
                parameters(context, operation, validated),
                json,
                context.body().buffer(),
                Map.copyOf(headers),
                address.text(),
                RequestIdHandler.of(context),
                System.nanoTime() + (operation.takesUpload() ? uploadNanos : timeoutNanos),
                incoming);
    }

    private Optional<String> country(HttpServerRequest request) {
        return !countryHeader.isEmpty()
                        && request.remoteAddress() != null
                        && ClientAddress.isIn(
                                trustedProxies, request.remoteAddress().hostAddress())
                ? Optional.ofNullable(request.getHeader(countryHeader)).map(String::strip)
                : Optional.empty();
    }

    /** vertx-openapi reads {@code default} in schemas but does not apply it: here it is, in one place. */
    private static JsonObject parameters(
            RoutingContext context, Contract.Operation operation, ValidatedRequest validated) {
        var parameters = new JsonObject();
        context.pathParams().forEach(parameters::put);
        operation.queryDefaults().forEach((name, value) -> {
            if (operation.takesUpload()) {
                // Its body keeps it from the validator: the domain reads these texts itself.
                var text = context.queryParams().get(name);
                parameters.put(name, text == null ? value : text);
                return;
            }
            var length = operation.queryTexts().get(name);
            if (length != null) {
                parameters.put(name, text(context, name, length, value));
                return;
            }
            var given = validated == null ? null : validated.getQuery().get(name);
            parameters.put(name, isGiven(given) ? given.get() : value);
        });
        return parameters;
    }

    private static Object text(RoutingContext context, String name, Contract.TextLength length, Object instead) {
        var text = context.queryParams().get(name);
        if (text == null) {
            return instead;
        }
        if (!length.holds(text)) {
            throw ProblemException.invalid(
                    name, "This takes a text of " + length.min() + " to " + length.max() + " characters.");
        }
        if (text.indexOf('\0') >= 0) {
            throw ProblemException.invalid(name, "A text holds no NUL.");
        }
        return text;
    }

    private static boolean isGiven(RequestParameter parameter) {
        return parameter != null && !parameter.isNull();
    }

    private static String basicUser(String encoded) {
        try {
            var text = new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8);
            var colon = text.indexOf(':');
            return colon < 0 ? text : text.substring(0, colon);
        } catch (IllegalArgumentException e) {
            throw ProblemException.unauthenticated("The Basic credential is not base64.");
        }
    }
}
