package app.fathi.users;

import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.outbound.OutboundGuard;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.util.List;

/**
 * What a provider says of itself (OpenID Connect Discovery 1.0).
 *
 * @param userinfo null when it has none
 * @param namesItself comes back with {@code iss} (RFC 9207), so that no other can pass for it
 * @param secretInBody takes a client's secret there, and nowhere else
 */
record ProviderMetadata(
        URI authorization, URI token, URI userinfo, URI jwks, boolean namesItself, boolean secretInBody) {
    private static final String PATH = "/.well-known/openid-configuration";

    static URI place(String issuer) {
        return URI.create((issuer.endsWith("/") ? issuer.substring(0, issuer.length() - 1) : issuer) + PATH);
    }

    /** @throws ProblemException a conflict: it is another issuer's, or not whole */
    static ProviderMetadata of(JsonObject said, String issuer, OutboundGuard guard) {
        if (!issuer.equals(said.getValue("issuer"))) {
            throw ProblemException.conflict("The identity provider calls itself '" + said.getValue("issuer")
                    + "', and not '" + issuer + "'. Correct its issuer, to the letter.");
        }
        var methods = said.getValue("token_endpoint_auth_methods_supported") instanceof JsonArray told
                ? told.getList()
                : List.of();
        return new ProviderMetadata(
                url(said, "authorization_endpoint", guard),
                url(said, "token_endpoint", guard),
                said.getValue("userinfo_endpoint") == null ? null : url(said, "userinfo_endpoint", guard),
                url(said, "jwks_uri", guard),
                Boolean.TRUE.equals(said.getValue("authorization_response_iss_parameter_supported")),
                methods.contains("client_secret_post") && !methods.contains("client_secret_basic"));
    }

    /** Of an issuer whose tokens machines show: it may sign in nobody. */
    static URI jwks(JsonObject said, String issuer, OutboundGuard guard) {
        if (!issuer.equals(said.getValue("issuer"))) {
            throw ForeignTokens.refused();
        }
        return url(said, "jwks_uri", guard);
    }

    private static URI url(JsonObject said, String name, OutboundGuard guard) {
        try {
            var url = URI.create(said.getString(name));
            guard.requireAllowedUrl(name, url);
            return url;
        } catch (RuntimeException e) {
            throw ProblemException.conflict(
                    "The identity provider's discovery document has no " + name + " that may be asked.");
        }
    }
}
