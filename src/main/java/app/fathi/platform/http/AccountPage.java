package app.fathi.platform.http;

import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import java.util.Map;

/**
 * Where one-time links lead, and where identity providers send people back to: a page that asks the API. What such a link
 * holds stands behind its #, so no request has it; what a provider sends along is worth nothing without the secret that the
 * page has kept.
 */
final class AccountPage {
    /** Nothing from elsewhere, no code or style inside the page, and nobody shows it inside theirs. */
    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static final Map<String, String> FILES = Map.of(
            "/account", "index.html",
            "/account/callback", "index.html",
            "/account/account.css", "account.css",
            "/account/account.js", "account.js");

    private AccountPage() {}

    static void mount(Router router) {
        FILES.forEach((path, name) -> {
            var file = Resource.of(type(name), Resource.read("/account/" + name));
            router.route(path).method(HttpMethod.GET).method(HttpMethod.HEAD).handler(context -> {
                context.response()
                        .putHeader("Content-Security-Policy", POLICY)
                        .putHeader("Referrer-Policy", "no-referrer");
                file.answer(context, "no-cache");
            });
        });
    }

    private static String type(String name) {
        var kind = name.endsWith(".js") ? "javascript" : name.substring(name.lastIndexOf('.') + 1);
        return "text/" + kind + "; charset=utf-8";
    }
}
