package app.fathi.platform.http;

import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;

/** What is served beside the contract: the contract itself, and the SDK. */
public final class Pages {
    private Pages() {}

    public static void mount(Router router, Contract contract) {
        router.get("/openapi.yaml").handler(context -> context.response()
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/yaml")
                .end(contract.text()));
        SdkFiles.mount(router);
    }
}
