package app.fathi.demo;

import app.fathi.demo.PublicApi.Answer;
import app.fathi.demo.Walkthrough.Access;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.http.StrictJson;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;

/**
 * The demo's site at {@code /demo}: a page with the SDK, as any customer's, and the backend behind it, which holds the API
 * key as a customer's does. Outside the contract on purpose: these paths are the site's and not Fathi's, exist in a demo
 * only, and reach Fathi by the public API alone.
 *
 * <p>The page holds no right to send. It may ask its backend to push to the browser it runs in, and proves that this is its
 * own by the device secret, which the product itself checks: the backend renews the subscription with it
 * ({@code PUT /webpush/subscriptions/{id}}, what the SDK does at each page), and sends only when that was taken.
 */
final class DemoSite {
    private static final int BODY_OCTETS = 8_192;
    private static final int TEXT_CHARACTERS = 100;
    private static final int TTL_SECONDS = 120;
    private static final int SENT_KEPT = 1_000;
    private static final Set<String> PAGE_MEMBERS = Set.of("id", "secret", "renewal", "text");

    /** Nothing from elsewhere, nothing inline; the worker obeys its own copy of it. */
    private static final String POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
                    + " connect-src 'self' %s; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /** What the site may do, once the demo has signed in. */
    private record Backend(PublicApi api, Access access, DemoVisitors visitors) {}

    /** The message to the virtual browsers. */
    private record Shown(String message, int people) {}

    private record File(String name, String type) {}

    /** What this backend sent for pages: nobody asks it about anything else. */
    private final Set<String> sent = Collections.newSetFromMap(Collections.synchronizedMap(new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > SENT_KEPT;
        }
    }));

    private volatile Backend backend;
    private volatile Shown shown;

    void open(PublicApi api, Access access) {
        backend = new Backend(api, access, new DemoVisitors(api, access));
    }

    void show(String message, int people) {
        shown = new Shown(message, people);
    }

    void mount(Router router) {
        router.get("/").handler(context -> context.redirect("/demo"));
        serve(router, "/demo", new File("index.html", "text/html"));
        serve(router, "/demo/demo.js", new File("demo.js", "text/javascript"));
        serve(router, "/demo/demo.css", new File("demo.css", "text/css"));
        serve(router, "/demo/icon.svg", new File("icon.svg", "image/svg+xml"));
        serve(router, "/demo/fathi-sw.js", new File("fathi-sw.js", "text/javascript"));
        router.get("/demo/figures").handler(context -> answer(context, this::figures));
        router.get("/demo/visitor")
                .handler(context -> answer(
                        context, open -> open.visitors.show(context.request().getParam("id"))));
        router.post("/demo/sign-in")
                .handler(context -> answer(
                        context, open -> open.visitors.signIn(context.body().buffer())));
        router.post("/demo/push").handler(context -> answer(context, open -> push(open, context)));
        router.get("/demo/push/:id").handler(context -> answer(context, open -> fate(open, context.pathParam("id"))));
    }

    private void serve(Router router, String path, File file) {
        var text = text(file);
        router.get(path).handler(context -> {
            var open = backend;
            if (open == null && file.name.equals("index.html")) {
                context.response().putHeader("Refresh", "1");
                throw starting();
            }
            var baseUrl = open == null ? "" : open.api.baseUrl();
            context.response()
                    .putHeader(HttpHeaders.CONTENT_TYPE, file.type + "; charset=utf-8")
                    .putHeader(HttpHeaders.CACHE_CONTROL, "no-cache")
                    .putHeader("Content-Security-Policy", POLICY.formatted(baseUrl))
                    .putHeader("X-Content-Type-Options", "nosniff")
                    .putHeader("Referrer-Policy", "no-referrer")
                    .putHeader("Cross-Origin-Opener-Policy", "same-origin")
                    .putHeader("Cross-Origin-Resource-Policy", "same-origin")
                    .end(
                            file.name.equals("index.html")
                                    ? text.replace("{{baseUrl}}", baseUrl)
                                            .replace("{{writeKey}}", open.access.writeKey())
                                    : text);
        });
    }

    private static String text(File file) {
        try (var in = DemoSite.class.getResourceAsStream("/demo/" + file.name)) {
            return new String(Objects.requireNonNull(in, file.name).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void answer(RoutingContext context, Function<Backend, CompletableFuture<Answer>> work) {
        var open = backend;
        if (open == null) {
            throw starting();
        }
        Future.fromCompletionStage(work.apply(open), context.vertx().getOrCreateContext())
                .onSuccess(answer -> write(context, answer))
                .onFailure(failure -> context.fail(
                        failure instanceof CompletionException wrapped && wrapped.getCause() != null
                                ? wrapped.getCause()
                                : failure));
    }

    /** What the API refused, this backend refuses in the same words, as its own answer. */
    private static void write(RoutingContext context, Answer answer) {
        var response = context.response();
        if (!answer.isGood()) {
            answer.json()
                    .put("instance", context.normalizedPath())
                    .put("requestId", response.headers().get("X-Request-Id"));
        }
        response.setStatusCode(answer.status())
                .putHeader(HttpHeaders.CONTENT_TYPE, answer.isGood() ? "application/json" : "application/problem+json")
                .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                .end(answer.json().toBuffer());
    }

    private static ProblemException starting() {
        return new ProblemException(
                Problem.retryLater(Kind.UNAVAILABLE, "The demo is still starting. It comes by itself in a moment.", 1));
    }

    /** How it stands with the message to the virtual browsers; without {@code counts} before it is sent. */
    private CompletableFuture<Answer> figures(Backend open) {
        var now = shown;
        if (now == null) {
            return CompletableFuture.completedFuture(new Answer(200, new JsonObject()));
        }
        return read(open, now.message)
                .thenApply(answer ->
                        answer.isGood() ? new Answer(200, answer.json().put("people", now.people)) : answer);
    }

    private CompletableFuture<Answer> fate(Backend open, String id) {
        if (!sent.contains(id)) {
            throw ProblemException.notFound("message");
        }
        return read(open, id);
    }

    private static CompletableFuture<Answer> read(Backend open, String message) {
        return open.api.ask(
                "GET", "/api/v1/webpush/messages/" + message, null, "Authorization", "Bearer " + open.access.apiKey());
    }

    private CompletableFuture<Answer> push(Backend open, RoutingContext context) {
        var asked = asked(context.body().buffer());
        var origin = Objects.requireNonNullElse(context.request().getHeader("Origin"), open.api.baseUrl());
        var id = asked.getString("id");
        return open.api
                .ask(
                        "PUT",
                        "/api/v1/webpush/subscriptions/" + id,
                        asked.getJsonObject("renewal"),
                        "X-Write-Key",
                        open.access.writeKey(),
                        "X-Device-Secret",
                        asked.getString("secret"),
                        "Origin",
                        origin,
                        "User-Agent",
                        Objects.requireNonNullElse(context.request().getHeader("User-Agent"), "unknown"))
                .thenCompose(proven -> proven.isGood()
                        ? send(open, id, asked.getString("text"), origin)
                        : CompletableFuture.completedFuture(proven));
    }

    private CompletableFuture<Answer> send(Backend open, String subscription, String text, String origin) {
        var message = new JsonObject()
                .put("audience", new JsonObject().put("subscriptionIds", new JsonArray().add(subscription)))
                // Who asked for it gets it, whatever rules for marketing say.
                .put("purpose", "transactional")
                .put(
                        "content",
                        new JsonObject()
                                .put("title", text)
                                .put("body", "From your own Fathi. Click it, and watch the page count.")
                                .put("url", origin + "/demo"))
                .put("ttl", TTL_SECONDS)
                .put("urgency", "high");
        return open.api
                .ask("POST", "/api/v1/webpush/messages", message, "Authorization", "Bearer " + open.access.apiKey())
                .thenApply(answer -> {
                    if (answer.isGood()) {
                        sent.add(answer.json().getString("id"));
                    }
                    return answer;
                });
    }

    private static JsonObject asked(Buffer body) {
        if (body == null || body.length() == 0 || body.length() > BODY_OCTETS) {
            throw ProblemException.of(
                    Kind.MALFORMED, "The body is missing, or larger than " + BODY_OCTETS + " octets.");
        }
        var json = StrictJson.object(body);
        json.fieldNames().stream()
                .filter(name -> !PAGE_MEMBERS.contains(name))
                .findFirst()
                .ifPresent(name -> {
                    throw ProblemException.invalid("/" + name, "There is no such property.");
                });
        if (!(json.getValue("id") instanceof String id) || !isUuid(id)) {
            throw ProblemException.invalid("/id", "This is the subscription's id.");
        }
        if (!(json.getValue("secret") instanceof String secret) || !secret.matches("[A-Za-z0-9_-]{1,100}")) {
            throw ProblemException.invalid("/secret", "This is the subscription's device secret.");
        }
        if (!(json.getValue("renewal") instanceof JsonObject)) {
            throw ProblemException.invalid("/renewal", "This is the subscription as the browser has it.");
        }
        if (!(json.getValue("text") instanceof String text)
                || text.isBlank()
                || text.codePointCount(0, text.length()) > TEXT_CHARACTERS) {
            throw ProblemException.invalid("/text", "This takes 1 to " + TEXT_CHARACTERS + " characters.");
        }
        return json;
    }

    private static boolean isUuid(String text) {
        try {
            return UUID.fromString(text).toString().equals(text);
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
