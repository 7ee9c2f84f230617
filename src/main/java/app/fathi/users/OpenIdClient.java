package app.fathi.users;

import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.logging.Thrown;
import app.fathi.platform.outbound.OutboundClient;
import app.fathi.platform.outbound.OutboundGuard;
import app.fathi.platform.security.Secrets;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Our side of OpenID Connect's authorization code flow (OpenID Connect Core 1.0 section 3.1) with PKCE (RFC 7636): where to
 * send somebody, and what the provider says of whom it sends back.
 */
final class OpenIdClient {
    private static final Logger LOG = LoggerFactory.getLogger(OpenIdClient.class);

    private final Pool pool;
    private final Secrets secrets;
    private final OutboundClient client;
    private final OutboundGuard guard;
    private final ProviderDocuments documents;
    private final ForeignTokens tokens;

    OpenIdClient(
            Pool pool,
            Secrets secrets,
            OutboundClient client,
            OutboundGuard guard,
            ProviderDocuments documents,
            ForeignTokens tokens) {
        this.pool = pool;
        this.secrets = secrets;
        this.client = client;
        this.guard = guard;
        this.documents = documents;
        this.tokens = tokens;
    }

    /** What only this sign-in has. @param state comes back; @param verifier stays here (RFC 7636) */
    record Marks(String state, String nonce, String verifier) {}

    Future<ProviderMetadata> metadata(IdentityProvider provider) {
        return documents
                .read(ProviderMetadata.place(provider.issuer()))
                .map(said -> ProviderMetadata.of(said, provider.issuer(), guard));
    }

    /** @param fresh they are to show the provider who they are, though they have just done so */
    static String authorizationUrl(
            ProviderMetadata metadata, IdentityProvider provider, Marks marks, String redirectUri, boolean fresh) {
        var asked = new LinkedHashMap<String, String>();
        asked.put("response_type", "code");
        asked.put("client_id", provider.clientId());
        asked.put("redirect_uri", redirectUri);
        asked.put("scope", String.join(" ", provider.scopes()));
        asked.put("state", marks.state);
        asked.put("nonce", marks.nonce);
        asked.put(
                "code_challenge",
                Base64.getUrlEncoder()
                        .withoutPadding()
                        .encodeToString(Tokens.hash(marks.verifier).getBytes()));
        asked.put("code_challenge_method", "S256");
        if (fresh) {
            asked.put("prompt", "login");
            asked.put("max_age", "0");
        }
        var url = metadata.authorization().toString();
        return url + (url.contains("?") ? "&" : "?") + form(asked);
    }

    private static String form(Map<String, String> fields) {
        return fields.entrySet().stream()
                .map(field -> field.getKey() + "=" + encoded(field.getValue()))
                .collect(Collectors.joining("&"));
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    /**
     * What the provider says of whoever came back with this code.
     *
     * @param issuer who says to have sent them (RFC 9207), null when nobody does
     */
    Future<ForeignClaims> claims(
            IdentityProvider provider, Marks marks, String redirectUri, String code, String issuer) {
        return metadata(provider).compose(metadata -> {
            if (issuer == null ? metadata.namesItself() : !issuer.equals(provider.issuer())) {
                throw ProblemException.unauthenticated(
                        "Somebody else than the identity provider has sent you back. Begin again.");
            }
            return exchange(metadata, provider, marks, redirectUri, code)
                    .compose(answer -> identity(metadata, provider, marks, answer));
        });
    }

    private Future<JsonObject> exchange(
            ProviderMetadata metadata, IdentityProvider provider, Marks marks, String redirectUri, String code) {
        return secret(provider).compose(secret -> {
            var fields = new LinkedHashMap<String, String>();
            fields.put("grant_type", "authorization_code");
            fields.put("code", code);
            fields.put("redirect_uri", redirectUri);
            fields.put("code_verifier", marks.verifier);
            var headers = new HashMap<>(
                    Map.of("Content-Type", "application/x-www-form-urlencoded", "Accept", "application/json"));
            if (secret == null || metadata.secretInBody()) {
                fields.put("client_id", provider.clientId());
            }
            if (secret != null && metadata.secretInBody()) {
                fields.put("client_secret", secret);
            } else if (secret != null) {
                // RFC 6749 section 2.3.1: encoded as a form is, then as Basic.
                var pair = encoded(provider.clientId()) + ":" + encoded(secret);
                headers.put(
                        "Authorization",
                        "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8)));
            }
            return client.post(metadata.token(), headers, Buffer.buffer(form(fields)))
                    .recover(failure -> {
                        LOG.warn("{} cannot be asked for tokens: {}", provider.issuer(), Thrown.text(failure));
                        return Future.failedFuture(unreachable());
                    })
                    .map(answer -> answered(provider, answer));
        });
    }

    private Future<String> secret(IdentityProvider provider) {
        return provider.sealedSecret() == null
                ? Future.succeededFuture(null)
                : secrets.workspaceKey(pool, provider.ws())
                        .map(key -> new String(
                                key.open(
                                        provider.secretPlace(),
                                        provider.sealedSecret().getBytes()),
                                StandardCharsets.UTF_8));
    }

    private static JsonObject answered(IdentityProvider provider, OutboundClient.Answer answer) {
        var json = json(answer.body());
        if (answer.status() == 200) {
            return json;
        }
        var error = json.getValue("error");
        LOG.warn("{} answers {} {} for a code", provider.issuer(), answer.status(), error);
        if ("invalid_client".equals(error) || "unauthorized_client".equals(error) || answer.status() == 401) {
            throw ProblemException.conflict(
                    "The identity provider does not know this server by its client id and secret."
                            + " An administrator has to correct them.");
        }
        throw answer.status() >= 500
                ? unreachable()
                : ProblemException.unauthenticated("The identity provider does not confirm this sign-in. Begin again.");
    }

    private Future<ForeignClaims> identity(
            ProviderMetadata metadata, IdentityProvider provider, Marks marks, JsonObject answer) {
        return answer.getValue("id_token") instanceof String idToken
                ? tokens.verify(idToken, provider.issuer(), metadata.jwks())
                        .map(claims -> checked(provider, marks, claims))
                        .compose(claims -> completed(metadata, provider, claims, answer.getValue("access_token")))
                : Future.failedFuture(unproved());
    }

    /** For us, from this sign-in. */
    private static ForeignClaims checked(IdentityProvider provider, Marks marks, ForeignClaims claims) {
        var audiences = ForeignTokens.audiences(claims.said());
        var party = claims.said().getValue("azp");
        var forUs = audiences.contains(provider.clientId())
                && (party == null ? audiences.size() == 1 : party.equals(provider.clientId()));
        if (!forUs || !claims.said().containsKey("iat") || !equal(marks.nonce, claims.text("nonce"))) {
            throw unproved();
        }
        return claims;
    }

    /** In the time that it takes whatever is different. */
    static boolean equal(String known, String given) {
        return given != null
                && MessageDigest.isEqual(
                        known.getBytes(StandardCharsets.UTF_8), given.getBytes(StandardCharsets.UTF_8));
    }

    /** With what the provider tells elsewhere only, where something that is looked for is missing. */
    private Future<ForeignClaims> completed(
            ProviderMetadata metadata, IdentityProvider provider, ForeignClaims claims, Object accessToken) {
        if (!isWanting(provider, claims) || metadata.userinfo() == null || !(accessToken instanceof String token)) {
            return Future.succeededFuture(claims);
        }
        return client.get(metadata.userinfo(), Map.of("Authorization", "Bearer " + token, "Accept", "application/json"))
                .recover(failure -> {
                    LOG.warn("{} cannot be asked for claims: {}", provider.issuer(), Thrown.text(failure));
                    return Future.failedFuture(unreachable());
                })
                .map(answer -> {
                    var more = answer.status() == 200 ? json(answer.body()) : new JsonObject();
                    return claims.text("sub").equals(more.getValue("sub")) ? claims.completedBy(more) : claims;
                });
    }

    private static boolean isWanting(IdentityProvider provider, ForeignClaims claims) {
        return claims.text("email") == null
                || provider.mappings().stream()
                        .anyMatch(each -> each.claim() != null
                                && claims.values(each.claim()).isEmpty())
                || provider.requiredClaims().stream()
                        .anyMatch(each -> claims.values(each.claim()).isEmpty());
    }

    /** Empty when it is none. */
    private static JsonObject json(Buffer body) {
        try {
            return body.toJsonObject();
        } catch (DecodeException | ClassCastException e) {
            return new JsonObject();
        }
    }

    private static ProblemException unproved() {
        return ProblemException.unauthenticated(
                "What the identity provider says proves nothing: it is not for this server, or not of this sign-in.");
    }

    private static ProblemException unreachable() {
        return new ProblemException(
                Problem.retryLater(Kind.UNAVAILABLE, "The identity provider does not answer. Try again.", 5));
    }
}
