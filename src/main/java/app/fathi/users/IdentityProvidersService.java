package app.fathi.users;

import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.outbound.OutboundGuard;
import app.fathi.platform.security.Secrets;
import app.fathi.platform.security.SecurityEpochs;
import app.fathi.roles.BuiltInRole;
import app.fathi.roles.RoleMapping;
import app.fathi.roles.Roles;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * The identity providers of a workspace. Through one for people anybody of the workspace might be signed in, so it is made,
 * changed and deleted by who may do all that an administrator may; through one for machines nobody gives what they lack.
 */
final class IdentityProvidersService {
    private static final int MAX_PROVIDERS = 50;
    private static final String OPENID = "openid";
    private static final List<String> SCOPES = List.of(OPENID, "profile", "email");
    private static final List<String> OF_PEOPLE = List.of(
            "clientId", "clientSecret", "scopes", "secondFactor", "createAccounts", "linkByEmail", "emailDomains");
    private static final List<String> OF_MACHINES = List.of("jwksUrl", "audiences");

    private final Transactions transactions;
    private final Secrets secrets;
    private final SecurityEpochs epochs;
    private final Roles roles;
    private final OutboundGuard guard;
    private final Supplier<String> baseUrl;
    private final Audit audit;
    private final Cursor cursor;
    private final IdentityProvidersStore store = new IdentityProvidersStore();
    private final UsersStore users = new UsersStore();

    IdentityProvidersService(
            Transactions transactions,
            Secrets secrets,
            SecurityEpochs epochs,
            Roles roles,
            OutboundGuard guard,
            Supplier<String> baseUrl,
            Audit audit,
            Cursor cursor) {
        this.transactions = transactions;
        this.secrets = secrets;
        this.epochs = epochs;
        this.roles = roles;
        this.guard = guard;
        this.baseUrl = baseUrl;
        this.audit = audit;
        this.cursor = cursor;
    }

    Future<JsonObject> list(Call call) {
        var after = cursor.position(call).map(position -> position.uuid(0));
        var q = call.parameters().getString("q");
        return store.page(
                        transactions.pool(),
                        call.ws(),
                        q == null ? null : q.toLowerCase(Locale.ROOT),
                        call.parameters().getString("tag"),
                        after,
                        Cursor.limit(call) + 1)
                .compose(found -> roles.mappings(
                                transactions.pool(),
                                found.stream().map(IdentityProvider::id).toList())
                        .map(mappings -> cursor.page(
                                call,
                                found,
                                provider ->
                                        shown(provider.withMappings(mappings.getOrDefault(provider.id(), List.of()))),
                                provider -> List.of(provider.id()))));
    }

    Future<Reply> get(Call call) {
        return store.find(transactions.pool(), call.ws(), call.id("id", "identity provider"))
                .compose(found -> whole(transactions.pool(), found))
                .map(provider -> Reply.ok(shown(provider), provider.version()));
    }

    Future<Reply> create(Call call) {
        var id = UuidCreator.getTimeOrderedEpoch();
        var caller = call.caller().id();
        var draft = of(id, call.ws(), caller, caller, call.json());
        return roles.permissionsOf(call.caller())
                .compose(held -> transactions.once(
                        call, tx -> requireGrantable(tx, draft, held).compose(done -> create(tx, call, draft))))
                .compose(reply -> epochs.refresh().map(reply));
    }

    private Future<Reply> create(SqlConnection tx, Call call, IdentityProvider draft) {
        return store.count(tx, call.ws())
                .compose(providers -> {
                    if (providers >= MAX_PROVIDERS) {
                        throw ProblemException.conflict(
                                "A workspace has at most " + MAX_PROVIDERS + " identity providers.");
                    }
                    return sealed(tx, call, draft, Optional.empty());
                })
                .compose(whole -> store.insert(tx, whole))
                .compose(saved -> give(tx, saved, draft.mappings()))
                .compose(provider -> changed(tx, call, draft.id(), null, provider.decided())
                        .map(Reply.created("/api/v1/identity-providers/" + draft.id(), shown(provider))));
    }

    /** What is given changes, the rest stays. */
    Future<Reply> update(Call call) {
        var version = call.ifMatch();
        var id = call.id("id", "identity provider");
        return roles.permissionsOf(call.caller())
                .compose(held ->
                        transactions.run(tx -> lock(tx, call, id, version, held).compose(before -> {
                            var body = before.decided().mergeIn(call.json());
                            var after = of(
                                    id,
                                    call.ws(),
                                    before.createdBy(),
                                    call.caller().id(),
                                    body);
                            return requireGrantable(tx, after, held)
                                    .compose(done -> sealed(tx, call, after, Optional.of(before)))
                                    .compose(whole -> store.update(tx, whole))
                                    .compose(saved -> give(tx, saved, after.mappings()))
                                    .compose(provider -> requireWayIn(tx, before, provider.isStill(before))
                                            .map(provider))
                                    .compose(provider -> changed(
                                                    tx,
                                                    call,
                                                    id,
                                                    named(before, call.json()),
                                                    named(provider, call.json()))
                                            .map(provider));
                        })))
                .compose(provider -> epochs.refresh().map(Reply.ok(shown(provider), provider.version())));
    }

    /** All that somebody is signed in to by it ends; accounts stay. */
    Future<Void> delete(Call call) {
        var version = call.ifMatch();
        var id = call.id("id", "identity provider");
        return roles.permissionsOf(call.caller())
                .compose(held -> transactions.run(
                        tx -> lock(tx, call, id, version, held).compose(before -> store.delete(tx, call.ws(), id)
                                .compose(done -> requireWayIn(tx, before, false))
                                .compose(done -> changed(tx, call, id, before.decided(), null)))))
                .compose(done -> epochs.refresh());
    }

    private JsonObject shown(IdentityProvider provider) {
        return provider.toJson(baseUrl.get());
    }

    private Future<IdentityProvider> whole(SqlClient client, Optional<IdentityProvider> found) {
        var provider = found.orElseThrow(() -> ProblemException.notFound("identity provider"));
        return roles.mappings(client, List.of(provider.id()))
                .map(mappings -> provider.withMappings(mappings.getOrDefault(provider.id(), List.of())));
    }

    private Future<IdentityProvider> lock(SqlConnection tx, Call call, UUID id, long version, Set<String> held) {
        return users.lockWorkspace(tx, call.ws())
                .compose(done -> store.lock(tx, call.ws(), id))
                .compose(found -> whole(tx, found))
                .compose(provider -> {
                    if (provider.version() != version) {
                        throw ProblemException.of(
                                Kind.PRECONDITION_FAILED,
                                "The identity provider has changed since it was read. Read it again.");
                    }
                    return requireNoMore(tx, provider, held).map(provider);
                });
    }

    /** With the roles that it gives, and as the one whose issuer and audiences these are. */
    private Future<IdentityProvider> give(SqlConnection tx, IdentityProvider provider, List<RoleMapping> mappings) {
        return store.replaceAudiences(tx, provider)
                .compose(alone -> {
                    if (!alone) {
                        throw ProblemException.conflict("Tokens of this issuer for one of these audiences are another"
                                + " provider's already. Choose an audience of your own, such as "
                                + baseUrl.get() + ".");
                    }
                    return roles.replaceMappings(tx, provider.ws(), provider.id(), mappings);
                })
                .map(done -> provider.withMappings(mappings));
    }

    private Future<Void> changed(SqlConnection tx, Call call, UUID id, JsonObject before, JsonObject after) {
        return audit.record(tx, call, "identity-provider", id, before, after)
                .compose(done -> SecurityEpochs.bump(tx, call.ws()));
    }

    /** The fields that a change names, as they stand here. Of a secret it is told whether there is one. */
    private static JsonObject named(IdentityProvider provider, JsonObject change) {
        var all = provider.decided();
        var named = new JsonObject();
        change.fieldNames().forEach(field -> {
            var shown = field.equals("clientSecret") ? "hasClientSecret" : field;
            named.put(shown, all.getValue(shown));
        });
        return named;
    }

    /** With the secret that the request brings; with that of before where it brings none. */
    private Future<IdentityProvider> sealed(
            SqlConnection tx, Call call, IdentityProvider draft, Optional<IdentityProvider> before) {
        if (!call.json().containsKey("clientSecret")) {
            return Future.succeededFuture(
                    draft.withSecret(before.map(IdentityProvider::sealedSecret).orElse(null)));
        }
        var secret = call.json().getString("clientSecret");
        return secret == null
                ? Future.succeededFuture(draft.withSecret(null))
                : secrets.workspaceKey(tx, call.ws())
                        .map(key -> draft.withSecret(
                                Buffer.buffer(key.seal(draft.secretPlace(), secret.getBytes(StandardCharsets.UTF_8)))));
    }

    // ---- nobody gives what they lack ----

    private Future<Void> requireGrantable(SqlClient client, IdentityProvider provider, Set<String> held) {
        var checked = requireNoMore(client, provider, held);
        var places = places(provider.mappings());
        for (var mapping : provider.mappings()) {
            checked = checked.compose(done -> roles.permissionsOf(client, provider.ws(), mapping.role()))
                    .map(allowed -> {
                        var pointer = places.get(mapping);
                        if (allowed.isEmpty()) {
                            throw ProblemException.unprocessable(
                                    pointer, "There is no role named '" + mapping.role() + "'.");
                        }
                        if (!held.containsAll(allowed.get())) {
                            throw new ProblemException(Problem.of(
                                    Kind.FORBIDDEN,
                                    "Nobody grants what they lack.",
                                    List.of(new Problem.Fault(pointer, "It allows more than you may yourself."))));
                        }
                        return null;
                    });
        }
        return checked;
    }

    /** Where in the request each mapping stands. */
    private static Map<RoleMapping, String> places(List<RoleMapping> mappings) {
        var places = new HashMap<RoleMapping, String>();
        int claims = 0;
        int all = 0;
        for (var mapping : mappings) {
            places.put(
                    mapping,
                    mapping.claim() == null ? "/defaultRoles/" + all++ : "/roleMappings/" + claims++ + "/role");
        }
        return places;
    }

    private Future<Void> requireNoMore(SqlClient client, IdentityProvider provider, Set<String> held) {
        var powers = provider.isForPeople() ? List.of(BuiltInRole.ADMINISTRATOR.role()) : provider.roles();
        var checked = Future.<Void>succeededFuture();
        for (var role : powers) {
            checked = checked.compose(done -> roles.permissionsOf(client, provider.ws(), role))
                    .map(allowed -> {
                        if (allowed.isPresent() && !held.containsAll(allowed.get())) {
                            throw ProblemException.forbidden(
                                    provider.isForPeople()
                                            ? "Anybody might be signed in through it: it is for who may do all that an"
                                                    + " administrator may."
                                            : "It gives what you lack. Ask an administrator.");
                        }
                        return null;
                    });
        }
        return checked;
    }

    /** Where a provider goes, somebody who administers can sign in without it. */
    private Future<Void> requireWayIn(SqlClient tx, IdentityProvider before, boolean stays) {
        return stays || !before.isForPeople() || !before.enabled()
                ? Future.succeededFuture()
                : roles.holders(tx, before.ws(), BuiltInRole.ADMINISTRATOR)
                        .compose(holders -> users.countWithAnotherWayIn(tx, before.ws(), holders))
                        .map(others -> {
                            if (others == 0) {
                                throw ProblemException.conflict("No administrator has another way in, by a password or"
                                        + " another identity provider, so nobody could administer the workspace any"
                                        + " more. Invite one by another address first, or let passwords in again"
                                        + " (passwordSignIn).");
                            }
                            return null;
                        });
    }

    // ---- what a draft means ----

    /** Shape and lengths are the contract's; what a value means is checked here. */
    private IdentityProvider of(UUID id, int ws, UUID createdBy, UUID updatedBy, JsonObject body) {
        var kind = IdentityProvider.Kind.valueOf(body.getString("kind").toUpperCase(Locale.ROOT));
        var forPeople = kind == IdentityProvider.Kind.PEOPLE;
        (forPeople ? OF_MACHINES : OF_PEOPLE).forEach(field -> requireNothing(body, field, kind));
        var audiences = texts(body, "audiences", List.of());
        var clientId = body.getString("clientId");
        if (forPeople && clientId == null) {
            throw ProblemException.unprocessable("/clientId", "The provider knows this server by a client id.");
        }
        if (!forPeople && audiences.isEmpty()) {
            throw ProblemException.unprocessable(
                    "/audiences",
                    "A token has to be for somebody. Name what it has for aud, such as " + baseUrl.get() + ".");
        }
        var scopes = forPeople ? texts(body, "scopes", SCOPES) : List.<String>of();
        if (forPeople && !scopes.contains(OPENID)) {
            throw ProblemException.unprocessable("/scopes", "Without the scope openid nobody is told who signs in.");
        }
        var domains = texts(body, "emailDomains", List.of()).stream()
                .map(domain -> domain.toLowerCase(Locale.ROOT))
                .toList();
        var createAccounts = body.getBoolean("createAccounts", false);
        if (createAccounts && domains.isEmpty()) {
            throw ProblemException.unprocessable(
                    "/emailDomains", "Say whose addresses get an account, such as example.com.");
        }
        var mappings =
                mappings(body.getJsonArray("roleMappings", new JsonArray()), texts(body, "defaultRoles", List.of()));
        if (createAccounts && mappings.isEmpty()) {
            throw ProblemException.unprocessable(
                    "/defaultRoles", "Say which roles those get who get an account, here or in roleMappings.");
        }
        return new IdentityProvider(
                id,
                ws,
                kind,
                UsersService.name(body.getString("name")),
                body.getString("description", ""),
                texts(body, "tags", List.of()),
                body.getBoolean("enabled", true),
                issuer(body.getString("issuer")),
                jwksUrl(body.getString("jwksUrl")),
                audiences,
                clientId,
                null,
                scopes,
                required(body.getJsonArray("requiredClaims", new JsonArray())),
                mappings,
                texts(body, "secondFactor", List.of()),
                createAccounts,
                body.getBoolean("linkByEmail", false),
                domains,
                createdBy,
                null,
                updatedBy,
                null,
                0);
    }

    private static void requireNothing(JsonObject body, String field, IdentityProvider.Kind kind) {
        var value = body.getValue(field);
        var nothing = value == null || value.equals(false) || value instanceof JsonArray list && list.isEmpty();
        if (!nothing) {
            throw ProblemException.unprocessable(
                    "/" + field, "A provider of " + kind.word() + " has no " + field + ".");
        }
    }

    private String issuer(String issuer) {
        var url = url("/issuer", issuer);
        if (url.getRawQuery() != null) {
            throw ProblemException.unprocessable("/issuer", "An issuer has no query.");
        }
        return issuer;
    }

    private String jwksUrl(String jwksUrl) {
        if (jwksUrl != null) {
            url("/jwksUrl", jwksUrl);
        }
        return jwksUrl;
    }

    private URI url(String pointer, String text) {
        try {
            var url = URI.create(text);
            guard.requireAllowedUrl(pointer, url);
            return url;
        } catch (IllegalArgumentException e) {
            throw ProblemException.unprocessable(pointer, "This is no URL; a valid one is https://id.example.com.");
        }
    }

    private static List<ForeignClaims.Required> required(JsonArray given) {
        var required = new ArrayList<ForeignClaims.Required>();
        for (int i = 0; i < given.size(); i++) {
            var each = given.getJsonObject(i);
            required.add(new ForeignClaims.Required(
                    claim("/requiredClaims/" + i + "/claim", each.getString("claim")), each.getString("value")));
        }
        return required;
    }

    private static List<RoleMapping> mappings(JsonArray byClaim, List<String> toAll) {
        var mappings = new ArrayList<RoleMapping>();
        for (int i = 0; i < byClaim.size(); i++) {
            var each = byClaim.getJsonObject(i);
            mappings.add(new RoleMapping(
                    claim("/roleMappings/" + i + "/claim", each.getString("claim")),
                    each.getString("value"),
                    each.getString("role")));
        }
        toAll.forEach(role -> mappings.add(new RoleMapping(null, null, role)));
        return mappings;
    }

    private static String claim(String pointer, String claim) {
        if (!ForeignClaims.isWellFormed(claim)) {
            throw ProblemException.unprocessable(
                    pointer, "This is no JSON pointer; a valid one is /realm_access/roles.");
        }
        return claim;
    }

    private static List<String> texts(JsonObject body, String field, List<String> instead) {
        return body.getJsonArray(field) != null
                ? body.getJsonArray(field).stream()
                        .map(String.class::cast)
                        .distinct()
                        .toList()
                : instead;
    }
}
