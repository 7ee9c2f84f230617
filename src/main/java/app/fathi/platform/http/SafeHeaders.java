package app.fathi.platform.http;

import io.vertx.core.http.HttpServerResponse;

/** What browsers are told about whatever they get from here. */
final class SafeHeaders {
    private SafeHeaders() {}

    /** It is of the type that it says, and no other. */
    static void typed(HttpServerResponse response) {
        response.putHeader("X-Content-Type-Options", "nosniff");
    }

    /** And it is no page: nothing in it is run or loaded, and nobody frames it. */
    static void data(HttpServerResponse response) {
        typed(response);
        response.putHeader("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    }
}
