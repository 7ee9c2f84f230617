package app.fathi.users;

import app.fathi.roles.RoleMapping;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.UUID;

/**
 * Whose word a workspace takes for who somebody is.
 *
 * @param issuer what its tokens have for {@code iss}, to the letter
 * @param jwksUrl where a machines' provider has its keys; null where its discovery document says it
 * @param audiences of machines: whom a token has to be for
 * @param clientId what it knows us by; null for machines
 * @param sealedSecret opens at {@link #secretPlace()}; null for a public client, and for machines
 * @param requiredClaims without all of which nobody is let in
 * @param mappings which roles its claims give; none: roles are given here
 * @param secondFactor values of {@code amr} or {@code acr} that prove a second factor
 */
record IdentityProvider(
        UUID id,
        int ws,
        Kind kind,
        String name,
        String description,
        List<String> tags,
        boolean enabled,
        String issuer,
        String jwksUrl,
        List<String> audiences,
        String clientId,
        Buffer sealedSecret,
        List<String> scopes,
        List<ForeignClaims.Required> requiredClaims,
        List<RoleMapping> mappings,
        List<String> secondFactor,
        boolean createAccounts,
        boolean linkByEmail,
        List<String> emailDomains,
        UUID createdBy,
        Instant createdAt,
        UUID updatedBy,
        Instant updatedAt,
        long version) {

    /** Who comes from it. */
    enum Kind {
        /** Staff, who sign in there. */
        PEOPLE,
        /** Programs, which show its tokens. */
        MACHINES;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    IdentityProvider withMappings(List<RoleMapping> given) {
        return new IdentityProvider(
                id,
                ws,
                kind,
                name,
                description,
                tags,
                enabled,
                issuer,
                jwksUrl,
                audiences,
                clientId,
                sealedSecret,
                scopes,
                requiredClaims,
                given,
                secondFactor,
                createAccounts,
                linkByEmail,
                emailDomains,
                createdBy,
                createdAt,
                updatedBy,
                updatedAt,
                version);
    }

    IdentityProvider withSecret(Buffer sealed) {
        return new IdentityProvider(
                id,
                ws,
                kind,
                name,
                description,
                tags,
                enabled,
                issuer,
                jwksUrl,
                audiences,
                clientId,
                sealed,
                scopes,
                requiredClaims,
                mappings,
                secondFactor,
                createAccounts,
                linkByEmail,
                emailDomains,
                createdBy,
                createdAt,
                updatedBy,
                updatedAt,
                version);
    }

    /** Whether those who came through it before still do: a provider whose issuer changes is another one. */
    boolean isStill(IdentityProvider before) {
        return enabled && issuer.equals(before.issuer);
    }

    boolean isForPeople() {
        return kind == Kind.PEOPLE;
    }

    String secretPlace() {
        return secretPlace(id);
    }

    static String secretPlace(UUID id) {
        return "users_identity_provider.client_secret|" + id;
    }

    /** Every role that it can give. */
    List<String> roles() {
        return mappings.stream().map(RoleMapping::role).distinct().toList();
    }

    /** Whether roles come from there, and not from here. */
    boolean givesRoles() {
        return !mappings.isEmpty();
    }

    /** What somebody decided of it; without its secret. */
    JsonObject decided() {
        var json = new JsonObject()
                .put("kind", kind.word())
                .put("name", name)
                .put("description", description)
                .put("tags", new JsonArray(tags))
                .put("enabled", enabled)
                .put("issuer", issuer)
                .put("jwksUrl", jwksUrl)
                .put("audiences", new JsonArray(audiences))
                .put("clientId", clientId)
                .put("hasClientSecret", sealedSecret != null)
                .put("scopes", new JsonArray(scopes))
                .put("requiredClaims", required(requiredClaims))
                .put("secondFactor", new JsonArray(secondFactor))
                .put("createAccounts", createAccounts)
                .put("linkByEmail", linkByEmail)
                .put("emailDomains", new JsonArray(emailDomains));
        var byClaim = new JsonArray();
        var toAll = new ArrayList<String>();
        for (var mapping : mappings) {
            if (mapping.claim() == null) {
                toAll.add(mapping.role());
            } else {
                byClaim.add(new JsonObject()
                        .put("claim", mapping.claim())
                        .put("value", mapping.value())
                        .put("role", mapping.role()));
            }
        }
        return json.put("roleMappings", byClaim).put("defaultRoles", new JsonArray(toAll));
    }

    static JsonArray required(Collection<ForeignClaims.Required> claims) {
        var json = new JsonArray();
        claims.forEach(
                each -> json.add(new JsonObject().put("claim", each.claim()).put("value", each.value())));
        return json;
    }

    /** @param baseUrl where browsers reach this server */
    JsonObject toJson(String baseUrl) {
        return decided()
                .put("id", id.toString())
                .put("signInUrl", isForPeople() ? signInUrl(baseUrl, id) : null)
                .put("redirectUri", isForPeople() ? redirectUri(baseUrl) : null)
                .put("createdBy", createdBy.toString())
                .put("createdAt", createdAt.toString())
                .put("updatedBy", updatedBy.toString())
                .put("updatedAt", updatedAt.toString())
                .put("version", version);
    }

    /** The page that signs people in through it. */
    static String signInUrl(String baseUrl, UUID id) {
        return baseUrl + "/account#sign-in=" + id;
    }

    /** Where a provider sends people back to: the same for all, to the letter. */
    static String redirectUri(String baseUrl) {
        return baseUrl + "/account/callback";
    }
}
