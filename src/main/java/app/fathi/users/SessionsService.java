package app.fathi.users;

import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.config.Config;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Caller;
import app.fathi.platform.security.SecurityEpochs;
import app.fathi.roles.Roles;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/** Signing in and out, and who somebody is. A sign-in is a session; all refresh tokens that grow from it are its family. */
final class SessionsService {
    private static final String CODE = "/totp";

    private final Transactions transactions;
    private final Config.Security settings;
    private final SecurityEpochs epochs;
    private final Passwords passwords;
    private final LoginDoor door;
    private final AccessTokens accessTokens;
    private final Roles roles;
    private final Workspaces workspaces;
    private final SecondFactors factors;
    private final Audit audit;
    private final Cursor cursor;
    private final AccountsStore accounts = new AccountsStore();
    private final SessionsStore sessions = new SessionsStore();

    SessionsService(
            Transactions transactions,
            Config.Security settings,
            SecurityEpochs epochs,
            Passwords passwords,
            LoginDoor door,
            AccessTokens accessTokens,
            Roles roles,
            Workspaces workspaces,
            SecondFactors factors,
            Audit audit,
            Cursor cursor) {
        this.transactions = transactions;
        this.settings = settings;
        this.epochs = epochs;
        this.passwords = passwords;
        this.door = door;
        this.accessTokens = accessTokens;
        this.roles = roles;
        this.workspaces = workspaces;
        this.factors = factors;
        this.audit = audit;
        this.cursor = cursor;
    }

    /** E-mail addresses are compared without case, as people type them. */
    static String fold(String email) {
        return email.strip().toLowerCase(Locale.ROOT);
    }

    /** Unknown accounts get the same answer after the same work. */
    Future<JsonObject> login(Call call, String email, String password, String code, String workspace) {
        var folded = fold(email);
        return door.enter(folded, call.remoteAddress()).compose(entry -> accounts.findByEmail(
                        transactions.pool(), folded)
                .compose(account -> passwords
                        .verify(password, account.map(AccountsStore.Account::passwordHash))
                        .compose(matches -> {
                            var membership = account.filter(found -> matches && !found.disabled())
                                    .flatMap(found -> choose(found, workspace));
                            if (membership.isEmpty()) {
                                return refuseLogin(call, account, "The e-mail address or the password is wrong.");
                            }
                            if (!membership.get().passwords()) {
                                return refuseLogin(call, account, noPasswords());
                            }
                            return factors.prove(
                                            transactions.pool(), account.get().id(), code)
                                    .compose(proof -> let(call, entry, account, membership.get(), proof));
                        })));
    }

    /** One that a password lets in to, where nobody says which. */
    private static Optional<AccountsStore.Membership> choose(AccountsStore.Account account, String workspace) {
        return account.memberships().stream()
                .filter(each -> workspace == null || each.workspace().toString().equalsIgnoreCase(workspace))
                .min(Comparator.comparing(each -> !each.passwords()));
    }

    /** Told to who has shown a password that is right. */
    private static ProblemException noPasswords() {
        return ProblemException.forbidden("This workspace lets nobody in by a password. Sign in through its identity"
                + " provider: GET /api/v1/auth/providers names them.");
    }

    /** A code that is missing or wrong is an attempt that failed, as a wrong password is. */
    private Future<JsonObject> let(
            Call call,
            LoginDoor.Entry entry,
            Optional<AccountsStore.Account> account,
            AccountsStore.Membership membership,
            SecondFactors.Proof proof) {
        return switch (proof) {
            case MISSING ->
                refuseLogin(call, account, CODE, "This account needs a code of its authenticator, too: send totp.");
            case WRONG -> refuseLogin(call, account, CODE, "This code does not work, or no longer. Wait for the next.");
            case PROVED, NOT_ENROLLED -> door.succeeded(entry).compose(done -> begin(call, account.get(), membership));
        };
    }

    private Future<JsonObject> refuseLogin(
            Call call, Optional<AccountsStore.Account> account, String pointer, String detail) {
        return refuseLogin(
                call,
                account,
                new ProblemException(
                        Problem.of(Kind.UNAUTHENTICATED, detail, List.of(new Problem.Fault(pointer, detail)))));
    }

    private Future<JsonObject> refuseLogin(Call call, Optional<AccountsStore.Account> account, String detail) {
        return refuseLogin(call, account, ProblemException.unauthenticated(detail));
    }

    private Future<JsonObject> refuseLogin(
            Call call, Optional<AccountsStore.Account> account, ProblemException refused) {
        account.filter(found -> !found.memberships().isEmpty())
                .ifPresent(found ->
                        audit.denied(call, found.memberships().getFirst().ws(), "user", found.id(), refused.problem()));
        return Future.failedFuture(refused);
    }

    private Future<JsonObject> begin(Call call, AccountsStore.Account account, AccountsStore.Membership membership) {
        var session = UuidCreator.getTimeOrderedEpoch();
        var live = new SessionsStore.Live(
                membership.ws(), membership.workspace(), account.id(), account.name(), null, false, false);
        return transactions.run(tx -> accounts.lockWhileItHas(tx, account.id(), account.passwordHash())
                .map(has -> {
                    if (!has) {
                        throw ProblemException.unauthenticated("The password was changed at this very moment.");
                    }
                    return null;
                })
                .compose(same -> sessions.insert(
                        tx,
                        session,
                        membership.ws(),
                        account.id(),
                        settings.refreshTokenDays(),
                        call.header("user-agent"),
                        call.remoteAddress()))
                .compose(done -> grow(tx, session, live))
                .compose(tokens -> record(tx, call, session, live).map(tokens)));
    }

    /** A session of whom an identity provider vouches for: in its workspace, and in no other. */
    Future<JsonObject> begin(SqlConnection tx, Call call, SignInsStore.Vouched vouched) {
        var session = UuidCreator.getTimeOrderedEpoch();
        var live = new SessionsStore.Live(
                vouched.ws(), vouched.workspace(), vouched.account(), vouched.name(), null, true, false);
        return sessions.insert(
                        tx,
                        session,
                        vouched,
                        settings.refreshTokenDays(),
                        call.header("user-agent"),
                        call.remoteAddress())
                .compose(done -> grow(tx, session, live))
                .compose(tokens -> record(tx, call, session, live).map(tokens));
    }

    /** Tokens for another workspace that the user belongs to; those for this one stay good. */
    Future<JsonObject> enter(Call call, String workspace) {
        var caller = requireUser(call.caller());
        requireUnbound(caller);
        return accounts.memberships(transactions.pool(), caller.id())
                .map(memberships -> memberships.stream()
                        .filter(each -> each.workspace().toString().equalsIgnoreCase(workspace))
                        .findFirst()
                        .orElseThrow(() -> ProblemException.notFound("workspace")))
                .compose(membership -> {
                    if (!membership.passwords()) {
                        throw noPasswords();
                    }
                    var session = UuidCreator.getTimeOrderedEpoch();
                    var live = new SessionsStore.Live(
                            membership.ws(), membership.workspace(), caller.id(), caller.name(), null, false, false);
                    return transactions.run(tx -> sessions.insertBeside(
                                    tx,
                                    session,
                                    membership.ws(),
                                    caller.sessionId(),
                                    call.header("user-agent"),
                                    call.remoteAddress())
                            .map(inserted -> {
                                if (!inserted) {
                                    throw ProblemException.unauthenticated("The session is over. Sign in again.");
                                }
                                return null;
                            })
                            .compose(done -> grow(tx, session, live))
                            .compose(tokens -> record(tx, call, session, live).map(tokens)));
                });
    }

    /** A new pair of tokens of the family. */
    private Future<JsonObject> grow(SqlConnection tx, UUID session, SessionsStore.Live live) {
        var refreshToken = Tokens.token(Tokens.REFRESH);
        var claims = new AccessTokens.Claims(live.account(), session, live.workspace());
        return sessions.insertRefreshToken(tx, session, Tokens.hash(refreshToken))
                .map(done -> new JsonObject()
                        .put("accessToken", accessTokens.issue(claims))
                        .put("refreshToken", refreshToken)
                        .put("tokenType", "Bearer")
                        .put("expiresIn", accessTokens.seconds()));
    }

    private Future<Void> record(SqlConnection tx, Call call, UUID session, SessionsStore.Live live) {
        return audit.record(tx, as(call, caller(session, live)), "session", session, null, null);
    }

    static Caller caller(UUID session, SessionsStore.Live live) {
        return new Caller(
                Caller.Kind.USER,
                live.ws(),
                live.workspace(),
                live.account(),
                live.name(),
                Set.of(),
                Set.of(),
                session,
                live.signedInAt(),
                live.bound(),
                live.mustEnrol());
    }

    /** The call of somebody who became known while it was answered. */
    static Call as(Call call, Caller caller) {
        return new Call(
                call.operationId(),
                caller,
                call.parameters(),
                null,
                null,
                call.headers(),
                call.remoteAddress(),
                call.requestId(),
                call.deadlineNanos());
    }

    /**
     * Each refresh token works once. Shown again within the grace (two tabs at once) it is refused and nothing else
     * happens; later it is taken for theft and its whole family ends.
     */
    Future<JsonObject> refresh(Call call, String refreshToken) {
        var hash = Tokens.hash(refreshToken);
        return transactions
                .run(tx -> sessions.present(tx, hash)
                        .compose(found -> found.isEmpty()
                                ? Future.succeededFuture(Refreshed.REFUSED)
                                : refresh(tx, call, hash, found.get())))
                .compose(refreshed -> refreshed.tokens() != null
                        ? Future.succeededFuture(refreshed.tokens())
                        : refuseRefresh(call, refreshed));
    }

    /** @param endedWs the workspace whose session was ended, 0 for none; refusing must not roll that back */
    private record Refreshed(JsonObject tokens, int endedWs, UUID endedSession) {
        static final Refreshed REFUSED = new Refreshed(null, 0, null);
    }

    private Future<Refreshed> refresh(SqlConnection tx, Call call, Buffer hash, SessionsStore.Presented presented) {
        if (presented.usedSecondsAgo() != null) {
            return presented.usedSecondsAgo() <= settings.refreshGraceSeconds() || presented.live() == null
                    ? Future.succeededFuture(Refreshed.REFUSED)
                    : sessions.end(tx, presented.ws(), presented.session(), "reuse")
                            .compose(ended -> SecurityEpochs.bump(tx, presented.ws()))
                            .map(new Refreshed(null, presented.ws(), presented.session()));
        }
        if (presented.live() == null) {
            return Future.succeededFuture(Refreshed.REFUSED);
        }
        return sessions.markUsed(tx, hash)
                .compose(done -> grow(tx, presented.session(), presented.live()))
                .compose(tokens ->
                        record(tx, call, presented.session(), presented.live()).map(new Refreshed(tokens, 0, null)));
    }

    private Future<JsonObject> refuseRefresh(Call call, Refreshed refreshed) {
        var refused = ProblemException.unauthenticated("The refresh token is not valid, or no longer. Sign in again.");
        audit.denied(call, refreshed.endedWs(), "session", refreshed.endedSession(), refused.problem());
        return refreshed.endedWs() == 0
                ? Future.failedFuture(refused)
                : epochs.refresh().compose(done -> Future.failedFuture(refused));
    }

    Future<Void> logout(Call call) {
        var caller = call.caller();
        if (caller.sessionId() == null) {
            throw ProblemException.forbidden("A key has no session to end. Revoke it instead.");
        }
        return transactions
                .run(tx -> sessions.end(tx, caller.ws(), caller.sessionId(), "logout")
                        .compose(ended -> SecurityEpochs.bump(tx, caller.ws()))
                        .compose(done -> audit.record(tx, call, "session", caller.sessionId(), null, null)))
                .compose(done -> epochs.refresh());
    }

    /** Somebody with sessions of their own. */
    static Caller requireUser(Caller caller) {
        if (caller.kind() != Caller.Kind.USER) {
            throw ProblemException.forbidden("This is for a person who is signed in, not for a key.");
        }
        return caller;
    }

    /** Whoever runs one workspace, and says who somebody is there, has no say in another. */
    static void requireUnbound(Caller caller) {
        if (caller.bound()) {
            throw ProblemException.forbidden(
                    "You are signed in through an identity provider of this workspace, whose word"
                            + " counts here alone. Sign in to the other one by itself.");
        }
    }

    /** Where somebody may look and end what they are signed in to; null for everywhere. */
    private static Integer reach(Caller caller) {
        return caller.bound() ? caller.ws() : null;
    }

    /** In ascending order, as everybody does, so that nobody waits for each other. */
    static Future<Void> bump(SqlConnection tx, Collection<Integer> workspaces) {
        var bumped = Future.<Void>succeededFuture();
        for (var ws : new TreeSet<>(workspaces)) {
            bumped = bumped.compose(done -> SecurityEpochs.bump(tx, ws));
        }
        return bumped;
    }

    /** What the caller is signed in to, in all their workspaces that this session may know of. */
    Future<JsonObject> list(Call call) {
        var caller = requireUser(call.caller());
        var after = cursor.position(call).map(position -> position.uuid(0));
        return sessions.page(transactions.pool(), caller.id(), reach(caller), after, Cursor.limit(call) + 1)
                .map(found -> cursor.page(
                        call,
                        found,
                        session -> session.put(
                                "current",
                                session.getString("id")
                                        .equals(caller.sessionId().toString())),
                        session -> List.of(session.getString("id"))));
    }

    Future<Void> end(Call call, UUID session) {
        var caller = requireUser(call.caller());
        return transactions
                .run(tx -> sessions.endOwn(tx, caller.id(), reach(caller), session)
                        .map(found -> found.orElseThrow(() -> ProblemException.notFound("session")))
                        .compose(ws -> SecurityEpochs.bump(tx, ws))
                        .compose(done -> audit.record(tx, call, "session", session, null, null)))
                .compose(done -> epochs.refresh());
    }

    /** Everywhere but here. */
    Future<Void> endAll(Call call) {
        var caller = requireUser(call.caller());
        return transactions
                .run(tx -> sessions.endAll(tx, caller.id(), reach(caller), caller.sessionId(), "ended")
                        .compose(workspaces -> bump(tx, workspaces))
                        .compose(done -> audit.record(tx, call, "user", caller.id(), null, null)))
                .compose(done -> epochs.refresh());
    }

    Future<JsonObject> me(Caller caller) {
        var me = new JsonObject()
                .put("id", caller.id().toString())
                .put("kind", caller.kind().name().toLowerCase(Locale.ROOT).replace('_', '-'))
                .put("name", caller.name());
        return email(caller)
                .map(email -> me.put("email", email))
                .compose(done -> workspaces.settings(transactions.pool(), caller.ws()))
                .map(settings -> me.put(
                        "workspace",
                        new JsonObject().put("id", settings.id().toString()).put("name", settings.name())))
                .compose(done -> roles.rolesOf(caller))
                .map(names -> me.put("roles", new JsonArray(names)))
                .compose(done -> caller.kind() == Caller.Kind.USER
                        ? factors.isEnrolled(transactions.pool(), caller.id())
                        : Future.succeededFuture(false))
                .map(enrolled -> me.put(
                        "secondFactor",
                        new JsonObject().put("enrolled", enrolled).put("needed", caller.mustEnrol())))
                .compose(done ->
                        caller.mustEnrol() ? Future.succeededFuture(Set.<String>of()) : roles.permissionsOf(caller))
                .map(held -> me.put(
                        "permissions", new JsonArray(held.stream().sorted().toList())));
    }

    private Future<String> email(Caller caller) {
        return caller.kind() == Caller.Kind.USER
                ? accounts.emailOf(transactions.pool(), caller.id())
                : Future.succeededFuture(null);
    }

    Future<Void> purge() {
        return sessions.purge(transactions.pool())
                .compose(done -> new OneTimeStore().purge(transactions.pool()))
                .compose(done -> door.purge());
    }
}
