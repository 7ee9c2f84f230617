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
import java.util.regex.Pattern;

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

    /** {@code POST /api/v1/webpush/messages}, with or without what all paths begin with. */
    private static final Pattern OPERATION = Pattern.compile("([A-Z]+) (?:/api/v1)?(/[^ ?]*)(?:\\?.*)?");

    private final Spec spec;
    private final Supplier<String> url;
    private final Frame frame;
    private final Guides guides;
    private final ErrorPages errors;
    private final OperationPage operations;
    private final Map<String, SoftReference<Resource>> kept = new ConcurrentHashMap<>();

    /** @param url where this server is reached, once it is */
    public Docs(Contract contract, Supplier<String> url) {
        this.spec = new Spec(contract.document());
        this.url = url;
        var markdown = new Markdown(this::hrefOfCode);
        this.frame = new Frame(spec);
        this.guides = new Guides(spec, markdown);
        this.errors = new ErrorPages(spec, markdown);
        this.operations = new OperationPage(spec, markdown);
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

    /** The page at a path; empty when there is none. */
    private Optional<String> page(String path) {
        return switch (path) {
            case Paths.START -> Optional.of(frame.page("Documentation", path, guides.start(url.get())));
            case Paths.GUIDES -> Optional.of(frame.page("Guides", path, guides.all()));
            case Paths.ERRORS -> Optional.of(frame.page("Errors", path, errors.all()));
            default -> named(path);
        };
    }

    private Optional<String> named(String path) {
        var name = path.substring(path.lastIndexOf('/') + 1);
        return switch (path.substring(0, path.lastIndexOf('/'))) {
            case Paths.GUIDES ->
                Optional.of(name)
                        .filter(Guides.NAMES::contains)
                        .map(guide -> frame.page(Markdown.title(Guides.text(guide)), path, guides.of(guide)));
            case Paths.ERRORS -> ErrorPages.kind(name).map(kind -> frame.page(kind.code(), path, errors.of(kind)));
            case Paths.OPERATIONS ->
                spec.operation(name).map(operation -> frame.page(operation.summary(), path, operations.of(operation)));
            default -> Optional.empty();
        };
    }

    /** Where a piece of code leads: to the operation or the problem that it names. */
    private Optional<String> hrefOfCode(String code) {
        var request = OPERATION.matcher(code);
        if (request.matches()) {
            var path = request.group(2);
            return spec.operations().stream()
                    .filter(operation -> operation.method().equals(request.group(1)))
                    .filter(operation ->
                            operation.path().equals(path) || operation.path().equals("/api/v1" + path))
                    .findFirst()
                    .map(operation -> Paths.operation(operation.id()));
        }
        // Codes of one word say other things too.
        return ErrorPages.kind(code).filter(kind -> code.contains("_")).map(kind -> Paths.error(kind.code()));
    }
}
