package app.fathi.platform.http;

import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;

/** What is served beside the contract: the contract itself, the SDK, and the page of one-time links. */
public final class Pages {
    private Pages() {}

    public static void mount(Router router, Contract contract) {
        router.get("/openapi.yaml").handler(context -> context.response()
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/yaml")
                .end(contract.text()));
        SdkFiles.mount(router);
        AccountPage.mount(router);
    }
}
