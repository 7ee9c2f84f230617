package app.fathi.platform.http;

import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** Where the links lead that people without an account are sent. A form without code: it works in any browser. */
public final class PersonalPages {
    /** No code at all, nothing from elsewhere, and nobody shows it inside theirs. */
    private static final String POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
            + "base-uri 'none'; frame-ancestors 'none'";

    private static final String STYLE = PersonalPage.PATH + "preferences.css";
    private static final int MAX_FIELDS = 2_000;
    /** Of pages at once; there is nobody to count by, and whoever has a link may ask for it as often as they like. */
    private static final int MAX_IN_FLIGHT = 32;

    private final PersonalPage page;
    private final AtomicInteger inFlight = new AtomicInteger();

    private PersonalPages(PersonalPage page) {
        this.page = page;
    }

    public static void mount(Router router, PersonalPage page) {
        var style = Resource.of("text/css; charset=utf-8", Resource.read("/preferences/preferences.css"));
        router.get(STYLE).handler(context -> style.answer(context, "no-cache"));
        var pages = new PersonalPages(page);
        router.get(PersonalPage.PATH + ":token").handler(context -> pages.answer(context, pages::open));
        router.post(PersonalPage.PATH + ":token").handler(context -> pages.answer(context, pages::post));
    }

    private Future<PersonalPage.Answer> open(RoutingContext context) {
        var query = new HashMap<String, String>();
        context.queryParams().forEach(entry -> query.put(entry.getKey(), entry.getValue()));
        return page.open(context.pathParam("token"), query, language(context));
    }

    private Future<PersonalPage.Answer> post(RoutingContext context) {
        return page.post(
                context.pathParam("token"),
                fields(context.request().formAttributes()),
                context.queryParams().get("lang"),
                language(context));
    }

    private static Map<String, List<String>> fields(MultiMap form) {
        if (form.size() > MAX_FIELDS) {
            throw ProblemException.of(Kind.TOO_LARGE, "A form has at most " + MAX_FIELDS + " fields.");
        }
        var fields = new HashMap<String, List<String>>();
        form.names().forEach(name -> fields.put(name, form.getAll(name)));
        return fields;
    }

    private static String language(RoutingContext context) {
        return context.request().getHeader(HttpHeaders.ACCEPT_LANGUAGE);
    }

    private interface Asking extends Function<RoutingContext, Future<PersonalPage.Answer>> {}

    private void answer(RoutingContext context, Asking asking) {
        RequestIdHandler.isFor(context, PersonalPage.PATH + "{token}");
        if (inFlight.incrementAndGet() > MAX_IN_FLIGHT) {
            inFlight.decrementAndGet();
            context.fail(new ProblemException(
                    Problem.retryLater(Kind.UNAVAILABLE, "Too many people look at their preferences just now.", 1)));
            return;
        }
        ask(context, asking)
                .onComplete(done -> inFlight.decrementAndGet())
                .onSuccess(answer -> {
                    var response = context.response()
                            .setStatusCode(answer.status())
                            .putHeader("Content-Security-Policy", POLICY)
                            .putHeader("Referrer-Policy", "no-referrer")
                            .putHeader("X-Robots-Tag", "noindex")
                            .putHeader(HttpHeaders.CACHE_CONTROL, "no-store");
                    SafeHeaders.typed(response);
                    if (answer.location() != null) {
                        response.putHeader(HttpHeaders.LOCATION, answer.location())
                                .end();
                    } else {
                        response.putHeader(HttpHeaders.CONTENT_TYPE, "text/html; charset=utf-8")
                                .end(answer.html());
                    }
                })
                .onFailure(context::fail);
    }

    /** Whatever is thrown is a failure like any other. */
    private static Future<PersonalPage.Answer> ask(RoutingContext context, Asking asking) {
        return Future.succeededFuture().compose(begun -> asking.apply(context));
    }
}
