package app.fathi.testing;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A customer's site: every path is a page with the SDK, and a worker lies at its root, as {@code docs/guides/add-the-sdk.md}
 * says. It is strict: its Content Security Policy allows no more than the guide asks for, and it embeds only what agrees
 * to be embedded. Its port is its own, so it is an origin, and a visitor, that no other test has seen.
 */
public final class Site implements AutoCloseable {
    private static final String PAGE =
            """
            <!doctype html><html lang="{{lang}}"><meta charset="utf-8"><title>Shop</title>
            <link rel="icon" href="data:,">
            <script src="/shop.js"></script>
            <script async src="%s/sdk/fathi.js" data-write-key="%s" data-worker="%s"></script>
            <link rel="stylesheet" href="/shop.css">
            <main><h1>Shop</h1>
            <p><button id="subscribe">Tell me when something is new</button> <output id="outcome"></output></p></main>
            """;

    /** Nothing that a guest on the page would like. */
    private static final String STYLE =
            """
            body { font: 16px/1.6 system-ui, sans-serif; margin: 3rem; }
            div, section, p, h2 { display: none !important; }
            button { all: unset; font-size: 5px; }
            #subscribe { padding: 1rem; font-size: 1rem; border: 1px solid; }
            main p { display: block !important; }
            """;

    private static final String ICON =
            """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" rx="10" fill="#c2410c"/></svg>
            """;

    /** What the page asks before the SDK is there, and what its button does. */
    private static final String SCRIPT =
            """
            (window.fathi ||= []).push(['page', 'Shop'], (fathi) => { window.loaded = fathi.version; });
            addEventListener('DOMContentLoaded', () => {
              document.getElementById('subscribe').onclick = () => fathi.subscribe().then(
                ({ id }) => { document.getElementById('outcome').value = id; },
                ({ code, message }) => { document.getElementById('outcome').value = `${code}: ${message}`; });
            });
            """;

    private final Vertx vertx = Vertx.vertx();
    private final Map<String, String> scripts = new ConcurrentHashMap<>();
    private final Map<String, String> looks = Map.of("/shop.css", STYLE, "/icon.svg", ICON);
    private final String api;
    private final String page;
    private final HttpServer server;

    private Site(TestServer fathi, String worker) {
        api = fathi.url();
        page = PAGE.formatted(api, fathi.writeKey(), worker);
        scripts.put("/shop.js", SCRIPT);
        scripts.put("/fathi-sw.js", "importScripts('%s/sdk/fathi-sw.js');".formatted(api));
        server = vertx.createHttpServer()
                .requestHandler(this::answer)
                .listen(0, "127.0.0.1")
                .await();
    }

    /** With the two-line worker at {@code /fathi-sw.js}. */
    public static Site of(TestServer fathi) {
        return new Site(fathi, "/fathi-sw.js");
    }

    /** With a worker of its own at {@code /sw.js}, into which ours is imported by its first line. */
    public static Site withWorker(TestServer fathi, String code) {
        var site = new Site(fathi, "/sw.js");
        site.scripts.put("/sw.js", "importScripts('%s/sdk/fathi-sw.js');\n%s".formatted(site.api, code));
        return site;
    }

    /** {@code localhost}, which browsers treat as secure; the API is at an address, so the two are not even the same site. */
    public String origin() {
        return "http://localhost:" + server.actualPort();
    }

    /** The same under a name that is no secure origin. */
    public String insecureOrigin() {
        return "http://shop.test:" + server.actualPort();
    }

    private void answer(HttpServerRequest request) {
        var path = request.path();
        var language = request.getParam("lang", "en");
        var file = scripts.getOrDefault(path, looks.getOrDefault(path, page.replace("{{lang}}", language)));
        request.response()
                .putHeader("Content-Type", type(path) + "; charset=utf-8")
                .putHeader("X-Content-Type-Options", "nosniff")
                .putHeader("Cross-Origin-Opener-Policy", "same-origin")
                .putHeader("Cross-Origin-Embedder-Policy", "require-corp")
                .putHeader(
                        "Content-Security-Policy",
                        "default-src 'none'; script-src 'self' %1$s; connect-src %1$s; worker-src 'self'; style-src 'self'; img-src 'self' data:"
                                .formatted(api))
                .end(file);
    }

    private String type(String path) {
        if (scripts.containsKey(path)) {
            return "text/javascript";
        }
        return path.endsWith(".css") ? "text/css" : path.endsWith(".svg") ? "image/svg+xml" : "text/html";
    }

    @Override
    public void close() {
        vertx.close().await();
    }
}
