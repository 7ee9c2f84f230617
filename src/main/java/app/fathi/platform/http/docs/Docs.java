package app.fathi.platform.http.docs;

import static java.nio.charset.StandardCharsets.UTF_8;

import app.fathi.platform.http.Contract;
import app.fathi.platform.http.Resource;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.lang.ref.SoftReference;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * Serves {@code /docs}. A page is made when it is first asked for and kept while there is memory to spare, so neither the
 * start nor the heap notices them. Shared by all event loops.
 */
public final class Docs {
    private static final String HTML = "text/html; charset=utf-8";
    private static final Map<String, String> FILES = Map.of(
            "/docs/docs.css", "text/css; charset=utf-8",
            "/docs/docs.js", "text/javascript; charset=utf-8",
            "/docs/icon.svg", "image/svg+xml");
    /** Nothing from elsewhere, and no code or style inside the pages. */
    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    /** Kept, and asked for again each time: a new version shows at once. */
    private static final String CACHING = "no-cache";

    private final Contract contract;
    private final Supplier<String> url;
    private final Map<String, SoftReference<Resource>> kept = new ConcurrentHashMap<>();
    /** Made when the first page is asked for: many a server is never asked. */
    private volatile Site site;

    /** @param url where this server is reached, once it is */
    public Docs(Contract contract, Supplier<String> url) {
        this.contract = contract;
        this.url = url;
    }

    public void mount(Router router) {
        for (var path : new String[] {Paths.START, Paths.START + "/*"}) {
            router.route(path).method(HttpMethod.GET).method(HttpMethod.HEAD).handler(this::answer);
        }
    }

    private void answer(RoutingContext context) {
        var path = context.normalizedPath().replaceFirst("/$", "");
        var ready = Optional.ofNullable(kept.get(path)).map(SoftReference::get);
        ready.<Future<Optional<Resource>>>map(page -> Future.succeededFuture(Optional.of(page)))
                // Making one takes longer than an event loop has.
                .orElseGet(() -> context.vertx().executeBlocking(() -> make(path), false))
                .onFailure(context::fail)
                .onSuccess(page -> page.ifPresentOrElse(found -> answer(context, found), context::next));
    }

    private static void answer(RoutingContext context, Resource page) {
        context.response().putHeader("Content-Security-Policy", POLICY).putHeader("Referrer-Policy", "no-referrer");
        page.answer(context, CACHING);
    }

    private Optional<Resource> make(String path) {
        var made = FILES.containsKey(path)
                ? Optional.of(Resource.of(FILES.get(path), Resource.read(path)))
                : page(path).map(text -> Resource.of(HTML, text.getBytes(UTF_8)));
        made.ifPresent(page -> kept.put(path, new SoftReference<>(page)));
        return made;
    }

    private Optional<String> page(String path) {
        if (site == null) {
            site = new Site(contract, url);
        }
        return site.page(path);
    }
}
