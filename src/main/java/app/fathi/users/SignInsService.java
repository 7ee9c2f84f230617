package app.fathi.users;

import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.config.Config;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Caller;
import app.fathi.platform.security.SecurityEpochs;
import app.fathi.roles.BuiltInRole;
import app.fathi.roles.Roles;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Signing in through an identity provider, in three steps: begin, come back, and exchange the code that one gets then for
 * tokens of ours. Whoever begins gets a secret, and only who has it can come back: nobody signs others in as themselves.
 *
 * <p>A provider's word counts in its own workspace and nowhere else. Who somebody is, it says by a subject; the first time,
 * and if the workspace says so, by an e-mail address that it has verified.
 */
final class SignInsService {
    private static final String FLOW = "fsf_";
    private static final String CODE = "fsc_";
    private static final String TOTP = "/totp";
    private static final int MAX_NAME = 100;
    private static final String NOT_HERE =
            "Nobody here is bound to who you are at the identity provider. Ask an administrator to invite you.";

    private final Transactions transactions;
    private final Config.Security settings;
    private final SecurityEpochs epochs;
    private final SecretKeySpec key;
    private final Supplier<String> baseUrl;
    private final OpenIdClient openId;
    private final SessionsService sessions;
    private final SecondFactors factors;
    private final LoginDoor door;
    private final Roles roles;
    private final Audit audit;
    private final SignInsStore store = new SignInsStore();
    private final AccountsStore accounts = new AccountsStore();
    private final UsersStore users = new UsersStore();
    private final SessionsStore sessionsStore = new SessionsStore();

    /** @param key {@code Secrets.derivedKey("sign-in")} */
    SignInsService(
            Transactions transactions,
            Config.Security settings,
            SecurityEpochs epochs,
            byte[] key,
            Supplier<String> baseUrl,
            OpenIdClient openId,
            SessionsService sessions,
            SecondFactors factors,
            LoginDoor door,
            Roles roles,
            Audit audit) {
        this.transactions = transactions;
        this.settings = settings;
        this.epochs = epochs;
        this.key = new SecretKeySpec(key, "HmacSHA256");
        this.baseUrl = baseUrl;
        this.openId = openId;
        this.sessions = sessions;
        this.factors = factors;
        this.door = door;
        this.roles = roles;
        this.audit = audit;
    }

    // ---- what a login page shows ----

    /** The same work for a workspace that is not there, which answers like one without providers. */
    Future<JsonObject> list(Call call) {
        return store.offered(transactions.pool(), workspace(call.parameters().getString("workspace")))
                .map(offered -> new JsonObject()
                        .put("passwordSignIn", offered.passwords())
                        .put(
                                "items",
                                new JsonArray(offered.providers().stream()
                                        .map(each -> new JsonObject()
                                                .put("id", each.id().toString())
                                                .put("name", each.name())
                                                .put("signInUrl", IdentityProvider.signInUrl(baseUrl.get(), each.id())))
                                        .toList())));
    }

    /** A text that is no id names a workspace that is not there. */
    private static UUID workspace(String text) {
        try {
            return UUID.fromString(text);
        } catch (IllegalArgumentException e) {
            return new UUID(0, 0);
        }
    }

    // ---- beginning ----

    /** Where to send the browser, and the secret with which it comes back. */
    Future<JsonObject> begin(Call call) {
        var flow = Tokens.token(FLOW);
        boolean fresh = call.json().getBoolean("fresh", false);
        return store.find(transactions.pool(), id(call.json().getString("provider")))
                .map(found -> found.orElseThrow(() -> ProblemException.notFound("identity provider")))
                .compose(place -> withMappings(place)
                        .compose(provider -> openId.metadata(provider).compose(metadata -> store.begin(
                                        transactions.pool(), Tokens.hash(flow), provider.id(), settings.signInMinutes())
                                .map(new JsonObject()
                                        .put(
                                                "authorizationUrl",
                                                OpenIdClient.authorizationUrl(
                                                        metadata, provider, marks(flow), redirectUri(), fresh))
                                        .put("flow", flow)
                                        .put("expiresIn", settings.signInMinutes() * 60)))));
    }

    private static UUID id(String text) {
        try {
            return UUID.fromString(text);
        } catch (IllegalArgumentException e) {
            throw ProblemException.notFound("identity provider");
        }
    }

    private String redirectUri() {
        return IdentityProvider.redirectUri(baseUrl.get());
    }

    private Future<IdentityProvider> withMappings(SignInsStore.Place place) {
        var provider = place.provider();
        return roles.mappings(transactions.pool(), List.of(provider.id()))
                .map(mappings -> provider.withMappings(mappings.getOrDefault(provider.id(), List.of())));
    }

    /** All of them follow from the secret that the browser keeps, so none has to be kept here. */
    private OpenIdClient.Marks marks(String flow) {
        return new OpenIdClient.Marks(mark("state", flow), mark("nonce", flow), mark("verifier", flow));
    }

    private String mark(String label, String flow) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            return Base64.getUrlEncoder()
                    .withoutPadding()
                    .encodeToString(mac.doFinal((label + "|" + flow).getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every JDK has HmacSHA256", e);
        }
    }

    // ---- coming back ----

    /** The code that is exchanged for tokens, and who somebody is here. */
    Future<JsonObject> comeBack(Call call) {
        var body = call.json();
        var flow = body.getString("flow");
        var marks = marks(flow);
        return store.take(transactions.pool(), Tokens.hash(flow))
                .map(found -> found.orElseThrow(() -> ProblemException.unauthenticated(
                        "This sign-in is not known, or no longer: it works once, and not for long. Begin again.")))
                .compose(place -> comeBack(call, place, marks).recover(failure -> {
                    if (failure instanceof ProblemException refused) {
                        audit.denied(
                                call,
                                place.provider().ws(),
                                "identity-provider",
                                place.provider().id(),
                                refused.problem());
                    }
                    return Future.failedFuture(failure);
                }));
    }

    private Future<JsonObject> comeBack(Call call, SignInsStore.Place place, OpenIdClient.Marks marks) {
        var body = call.json();
        if (!OpenIdClient.equal(marks.state(), body.getString("state"))) {
            return Future.failedFuture(ProblemException.unauthenticated(
                    "This is not the way back from the sign-in that you began. Begin again."));
        }
        if (body.getString("code") == null) {
            return Future.failedFuture(ProblemException.unauthenticated("The identity provider has not signed you in"
                    + reason(body.getString("error")) + ". Begin again."));
        }
        return withMappings(place)
                .compose(provider -> openId.claims(
                                provider, marks, redirectUri(), body.getString("code"), body.getString("issuer"))
                        .compose(claims -> transactions.run(tx -> admit(tx, call, place, provider, claims))))
                .compose(admitted -> epochs.refresh()
                        .compose(done -> admitted.refusal() == null
                                ? Future.succeededFuture(admitted.answer())
                                : Future.failedFuture(ProblemException.forbidden(admitted.refusal()))));
    }

    /** Only what looks like one of the protocol's words. */
    private static String reason(String error) {
        return error != null && error.matches("[a-z_]{1,50}") ? " (" + error + ")" : "";
    }

    /** @param refusal why not, where what was found out has to be kept all the same; null when they are let in */
    private record Admitted(JsonObject answer, String refusal) {}

    private Future<Admitted> admit(
            SqlConnection tx, Call call, SignInsStore.Place place, IdentityProvider provider, ForeignClaims claims) {
        if (!claims.has(provider.requiredClaims())) {
            throw ProblemException.forbidden(
                    "The identity provider does not say of you what this workspace asks for. Ask an administrator.");
        }
        return users.lockWorkspace(tx, provider.ws())
                .compose(done -> store.linked(tx, provider, claims.text("sub")))
                .compose(linked ->
                        linked.isPresent() ? Future.succeededFuture(linked.get()) : bind(tx, provider, claims))
                .compose(account -> member(tx, provider.ws(), account))
                .compose(user -> giveRoles(tx, call, place, provider, claims, user)
                        .compose(names -> names.isEmpty()
                                ? Future.succeededFuture(new Admitted(null, noRole()))
                                : vouch(tx, place, provider, claims, user)));
    }

    private static String noRole() {
        return "What the identity provider says of you gives no role here. Ask an administrator.";
    }

    /** The member, whom this makes of who was invited. */
    private Future<User> member(SqlConnection tx, int ws, UUID account) {
        return users.find(tx, ws, account)
                .compose(found -> {
                    var user = found.orElseThrow(() -> ProblemException.forbidden(NOT_HERE));
                    if (user.disabled()) {
                        throw ProblemException.forbidden("Your account is disabled here. Ask an administrator.");
                    }
                    return user.invited()
                            ? users.accept(tx, ws, account, null)
                                    .compose(
                                            done -> new OneTimeStore().forget(tx, OneTimeLinks.INVITATION, account, ws))
                                    .compose(done -> users.find(tx, ws, account))
                                    .map(Optional::orElseThrow)
                            : Future.succeededFuture(user);
                })
                .compose(user -> roles.rolesOf(tx, ws, List.of(account))
                        .map(held -> user.withRoles(held.getOrDefault(account, List.of()))));
    }

    /** Somebody who comes for the first time. Nobody is created, or bound to an account, who would get no role. */
    private Future<UUID> bind(SqlConnection tx, IdentityProvider provider, ForeignClaims claims) {
        var email = claims.verifiedEmail();
        if (email == null) {
            throw ProblemException.forbidden(NOT_HERE
                    + " The identity provider has not said that your e-mail address is yours, so it tells nothing.");
        }
        var folded = SessionsService.fold(email);
        if (!provider.emailDomains().isEmpty()
                && !provider.emailDomains().contains(folded.substring(folded.lastIndexOf('@') + 1))) {
            throw ProblemException.forbidden("E-mail addresses like yours are not let in here. Ask an administrator.");
        }
        if (provider.givesRoles() && claims.roles(provider.mappings()).isEmpty()) {
            throw ProblemException.forbidden(noRole());
        }
        return accounts.findByAddress(tx, folded)
                .compose(found -> found.isPresent()
                        ? join(tx, provider, found.get().id(), claims)
                        : create(tx, provider, email, folded, claims))
                .compose(account ->
                        store.link(tx, provider, claims.text("sub"), account).map(account));
    }

    /**
     * That somebody has an account elsewhere is told to nobody. An address that has gone to somebody else at the provider gives
     * them no account of who had it before.
     */
    private Future<UUID> join(SqlConnection tx, IdentityProvider provider, UUID account, ForeignClaims claims) {
        if (!provider.linkByEmail()) {
            throw ProblemException.forbidden(NOT_HERE);
        }
        return store.isLinked(tx, provider, account).compose(isSomebodyElse -> users.find(tx, provider.ws(), account)
                .compose(member -> {
                    if (isSomebodyElse || (member.isEmpty() && !provider.createAccounts())) {
                        throw ProblemException.forbidden(NOT_HERE);
                    }
                    return member.isPresent()
                            ? Future.succeededFuture(account)
                            : users.invite(tx, provider.ws(), account, name(claims))
                                    .map(account);
                }));
    }

    /** Without a password: it is signed in to through the provider alone. */
    private Future<UUID> create(
            SqlConnection tx, IdentityProvider provider, String email, String folded, ForeignClaims claims) {
        if (!provider.createAccounts()) {
            throw ProblemException.forbidden(NOT_HERE);
        }
        var name = name(claims);
        var id = UuidCreator.getTimeOrderedEpoch();
        return accounts.findOrInsert(tx, id, email, folded, name).compose(account -> {
            if (!account.equals(id)) {
                throw ProblemException.conflict("Somebody else has just got this e-mail address here. Begin again.");
            }
            return users.invite(tx, provider.ws(), account, name).map(account);
        });
    }

    /** A line of text, whatever the provider has for a name. */
    private static String name(ForeignClaims claims) {
        var told = claims.text("name") != null ? claims.text("name") : claims.text("preferred_username");
        var line = told == null ? "" : told.replaceAll("\\p{Cntrl}", " ").strip();
        var name = line.isEmpty() || line.contains("@") ? "New colleague" : line;
        return name.codePointCount(0, name.length()) > MAX_NAME
                ? name.substring(0, name.offsetByCodePoints(0, MAX_NAME))
                : name;
    }

    // ---- roles ----

    /**
     * Has somebody hold what the provider's claims give, from now on and on every node; who gets nothing any more is signed
     * out. The last administrator stays one.
     */
    private Future<List<String>> giveRoles(
            SqlConnection tx,
            Call call,
            SignInsStore.Place place,
            IdentityProvider provider,
            ForeignClaims claims,
            User user) {
        var ws = provider.ws();
        var given = provider.givesRoles() ? claims.roles(provider.mappings()) : user.roles();
        return roles.replace(tx, ws, user.id(), given)
                .compose(done -> keepLastAdministrator(tx, ws, user, given))
                .compose(names -> (names.isEmpty()
                                ? sessionsStore.endHere(tx, ws, user.id(), "ended")
                                : Future.<Void>succeededFuture())
                        .compose(done -> SecurityEpochs.bump(tx, ws))
                        .compose(done -> audit.record(
                                tx,
                                SessionsService.as(call, Caller.user(ws, place.workspace(), user.id(), user.name())),
                                "user",
                                user.id(),
                                new JsonObject().put("roles", new JsonArray(user.roles())),
                                new JsonObject()
                                        .put("roles", new JsonArray(names))
                                        .put("identityProvider", provider.name())))
                        .map(names));
    }

    private Future<List<String>> keepLastAdministrator(SqlConnection tx, int ws, User user, List<String> given) {
        var administrator = BuiltInRole.ADMINISTRATOR;
        if (!user.roles().contains(administrator.role()) || given.contains(administrator.role())) {
            return Future.succeededFuture(given);
        }
        return roles.holders(tx, ws, administrator)
                .compose(holders -> users.countActive(tx, ws, holders))
                .compose(active -> active > 0
                        ? Future.succeededFuture(given)
                        : roles.assign(tx, ws, user.id(), administrator)
                                .compose(done -> roles.rolesOf(tx, ws, List.of(user.id())))
                                .map(held -> held.get(user.id())));
    }

    // ---- the code ----

    private Future<Admitted> vouch(
            SqlConnection tx, SignInsStore.Place place, IdentityProvider provider, ForeignClaims claims, User user) {
        var proved = claims.proves(provider.secondFactor());
        return factors.isEnrolled(tx, user.id())
                .compose(enrolled -> requireSecondFactor(tx, place, user.id(), proved || enrolled)
                        .compose(done -> {
                            var code = Tokens.token(CODE);
                            return store.vouch(
                                            tx,
                                            Tokens.hash(code),
                                            provider.id(),
                                            user.id(),
                                            proved,
                                            claims.signedInAt(),
                                            settings.signInCodeSeconds())
                                    .map(new Admitted(
                                            new JsonObject()
                                                    .put("code", code)
                                                    .put("expiresIn", settings.signInCodeSeconds())
                                                    .put("needsTotp", enrolled && !proved)
                                                    .put("name", user.name())
                                                    .put(
                                                            "workspace",
                                                            new JsonObject()
                                                                    .put(
                                                                            "id",
                                                                            place.workspace()
                                                                                    .toString())
                                                                    .put("name", place.workspaceName())),
                                            null));
                        }));
    }

    /** An authenticator of ours is bound to a password of ours: who has none shows a second factor to the provider. */
    private Future<Void> requireSecondFactor(SqlConnection tx, SignInsStore.Place place, UUID account, boolean has) {
        return has || !place.twoFactorRequired()
                ? Future.succeededFuture()
                : accounts.find(tx, account).map(found -> {
                    if (found.orElseThrow().passwordHash() == null) {
                        throw ProblemException.forbidden(
                                "This workspace asks for a second factor, and the identity provider does not say that"
                                        + " you have shown it one. Sign in there with one, or ask an administrator.");
                    }
                    return null;
                });
    }

    /** Tokens of ours for the code, and for one of the authenticator where the account has one that nobody has seen. */
    Future<JsonObject> exchange(Call call) {
        var hash = Tokens.hash(call.json().getString("code"));
        var totp = call.json().getString("totp");
        return store.findVouched(transactions.pool(), hash)
                .map(found -> found.orElseThrow(SignInsService::unknownCode))
                .compose(vouched -> (vouched.secondFactor()
                                ? Future.<Void>succeededFuture()
                                : prove(call, vouched, totp))
                        .compose(done -> transactions.run(
                                tx -> store.takeVouched(tx, hash).compose(taken -> {
                                    if (!taken) {
                                        throw unknownCode();
                                    }
                                    return sessions.begin(tx, call, vouched);
                                }))));
    }

    private Future<Void> prove(Call call, SignInsStore.Vouched vouched, String totp) {
        if (totp == null) {
            return factors.prove(transactions.pool(), vouched.account(), null)
                    .map(proof -> required(call, vouched, proof));
        }
        // Guessing is slowed down as it is behind a password.
        return door.enter(vouched.emailFolded(), call.remoteAddress())
                .compose(entry -> factors.prove(transactions.pool(), vouched.account(), totp)
                        .map(proof -> required(call, vouched, proof))
                        .compose(done -> door.succeeded(entry)));
    }

    private Void required(Call call, SignInsStore.Vouched vouched, SecondFactors.Proof proof) {
        return switch (proof) {
            case PROVED, NOT_ENROLLED -> null;
            case MISSING ->
                throw refusedTotp(call, vouched, "This account needs a code of its authenticator, too: send totp.");
            case WRONG -> throw refusedTotp(call, vouched, "This code does not work, or no longer. Wait for the next.");
        };
    }

    private ProblemException refusedTotp(Call call, SignInsStore.Vouched vouched, String detail) {
        var refused = new ProblemException(
                Problem.of(Kind.UNAUTHENTICATED, detail, List.of(new Problem.Fault(TOTP, detail))));
        audit.denied(call, vouched.ws(), "user", vouched.account(), refused.problem());
        return refused;
    }

    private static ProblemException unknownCode() {
        return ProblemException.unauthenticated(
                "The code is not valid, or no longer: it works once, and not for long. Sign in again.");
    }

    Future<Void> purge() {
        return store.purge(transactions.pool());
    }
}
