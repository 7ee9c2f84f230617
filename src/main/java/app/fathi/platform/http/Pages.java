package app.fathi.platform.http;

import app.fathi.platform.errors.Kind;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import java.util.Arrays;

/** What is served beside the contract: the contract itself, the SDK, and a page for each kind of problem. */
public final class Pages {
    private Pages() {}

    public static void mount(Router router, Contract contract) {
        router.get("/openapi.yaml").handler(context -> context.response()
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/yaml")
                .end(contract.text()));
        SdkFiles.mount(router);
        router.get("/docs/errors/:code").handler(context -> Arrays.stream(Kind.values())
                .filter(kind -> kind.code().equals(context.pathParam("code")))
                .findFirst()
                .ifPresentOrElse(
                        kind -> context.response()
                                .putHeader(HttpHeaders.CONTENT_TYPE, "text/html; charset=utf-8")
                                .putHeader("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
                                .end(page(kind)),
                        context::next));
    }

    private static String page(Kind kind) {
        return """
                <!doctype html><html lang="en"><meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <title>%1$s</title>
                <style>body{font:16px/1.6 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}code{background:#eee;padding:.1em .3em}</style>
                <h1>%2$s</h1>
                <p>Status <code>%3$d</code>, code <code>%1$s</code>.</p>
                <p>%4$s</p>
                """
                .formatted(kind.code(), kind.title(), kind.status(), kind.advice());
    }
}
