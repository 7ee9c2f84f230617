package app.fathi.users;

import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Secrets;
import app.fathi.platform.security.SecurityEpochs;
import app.fathi.roles.BuiltInRole;
import app.fathi.roles.Roles;
import com.github.f4b6a3.uuid.UuidCreator;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;

/**
 * Who works in a workspace. Nobody gives a role that allows more than they may themselves, nor changes anybody who may do
 * more than they; and somebody who can administer the workspace always stays.
 */
final class UsersService {
    private final Transactions transactions;
    private final Secrets secrets;
    private final SecurityEpochs epochs;
    private final Roles roles;
    private final OneTimeLinks links;
    private final SystemMail mail;
    private final InstantSource clock;
    private final Audit audit;
    private final Cursor cursor;
    private final UsersStore store = new UsersStore();
    private final AccountsStore accounts = new AccountsStore();
    private final SessionsStore sessions = new SessionsStore();
    private final OneTimeStore oneTime = new OneTimeStore();

    UsersService(
            Transactions transactions,
            Secrets secrets,
            SecurityEpochs epochs,
            Roles roles,
            OneTimeLinks links,
            SystemMail mail,
            Audit audit,
            Cursor cursor,
            InstantSource clock) {
        this.transactions = transactions;
        this.secrets = secrets;
        this.epochs = epochs;
        this.roles = roles;
        this.links = links;
        this.mail = mail;
        this.clock = clock;
        this.audit = audit;
        this.cursor = cursor;
    }

    Future<JsonObject> list(Call call) {
        var after = cursor.position(call).map(position -> position.uuid(0));
        var q = call.parameters().getString("q");
        return store.page(
                        transactions.pool(),
                        call.ws(),
                        call.parameters().getString("status"),
                        q == null ? null : q.strip().toLowerCase(Locale.ROOT),
                        after,
                        Cursor.limit(call) + 1)
                .compose(users -> roles.rolesOf(
                                transactions.pool(),
                                call.ws(),
                                users.stream().map(User::id).toList())
                        .map(held -> users.stream()
                                .map(user -> user.withRoles(held.getOrDefault(user.id(), List.of())))
                                .toList()))
                .map(users -> cursor.page(call, users, User::toJson, user -> List.of(user.id())));
    }

    Future<User> get(Call call, UUID id) {
        return find(transactions.pool(), call.ws(), id);
    }

    private Future<User> find(SqlClient client, int ws, UUID id) {
        return store.find(client, ws, id)
                .map(found -> found.orElseThrow(() -> ProblemException.notFound("user")))
                .compose(user -> roles.rolesOf(client, ws, List.of(id))
                        .map(held -> user.withRoles(held.getOrDefault(id, List.of()))));
    }

    /** Without a mail server the answer holds the link, this once and in its replays. */
    Future<Reply> invite(Call call) {
        var body = call.json();
        var email = body.getString("email").strip();
        var name = name(body.getString("name"));
        var names = names(body.getJsonArray("roles"));
        return roles.permissionsOf(call.caller())
                .compose(held -> requireGrantable(transactions.pool(), call.ws(), names, held))
                .compose(done -> transactions.onceSealed(call, secrets, tx -> invite(tx, call, email, name, names)));
    }

    private Future<Reply> invite(SqlConnection tx, Call call, String email, String name, List<String> names) {
        return accounts.findOrInsert(tx, UuidCreator.getTimeOrderedEpoch(), email, SessionsService.fold(email), name)
                .compose(id -> store.invite(tx, call.ws(), id, name)
                        .compose(isNew -> {
                            if (!isNew) {
                                throw ProblemException.conflict(
                                        "Somebody with this e-mail address works here, or is invited, already.");
                            }
                            return roles.replace(tx, call.ws(), id, names);
                        })
                        .compose(done -> find(tx, call.ws(), id))
                        .compose(user -> audit.record(
                                        tx,
                                        call,
                                        "user",
                                        id,
                                        null,
                                        user.audited().put("email", email))
                                .compose(done -> invited(tx, call, user)))
                        .map(invited -> Reply.created("/api/v1/users/" + id, invited)));
    }

    private Future<JsonObject> invited(SqlConnection tx, Call call, User user) {
        var made = mail.isOn()
                ? mail.invite(tx, call.ws(), user.id(), call.caller().name())
                        .map(new OneTimeLinks.Made(null, links.invitationEnds(clock.instant())))
                : links.invitation(tx, user.id(), call.ws());
        return made.map(link -> user.toJson()
                .put(
                        "invitation",
                        new JsonObject()
                                .put("url", link.url())
                                .put("expiresAt", link.expiresAt().toString())));
    }

    /** Another link; the ones before stop working. */
    Future<Reply> inviteAgain(Call call, UUID id) {
        return roles.permissionsOf(call.caller())
                .compose(held -> transactions.onceSealed(
                        call, secrets, tx -> lock(tx, call, id, held).compose(user -> {
                            if (!user.invited() || user.disabled()) {
                                throw ProblemException.conflict(
                                        user.disabled()
                                                ? "They are disabled: enable them first."
                                                : "They have accepted their invitation: they can sign in.");
                            }
                            return oneTime.forget(tx, OneTimeLinks.INVITATION, id, call.ws())
                                    .compose(done -> audit.record(tx, call, "user", id, null, null))
                                    .compose(done -> invited(tx, call, user))
                                    .map(Reply::ok);
                        })));
    }

    Future<User> update(Call call, UUID id) {
        var version = call.ifMatch();
        var body = call.json();
        return roles.permissionsOf(call.caller())
                .compose(held -> transactions.run(tx -> lock(tx, call, id, held).compose(before -> {
                    requireVersion(before, version);
                    var after = changed(before, body);
                    return requireGrantable(tx, call.ws(), after.roles(), held)
                            .compose(done -> store.update(tx, call.ws(), id, after.name(), after.disabled()))
                            .compose(done -> roles.replace(tx, call.ws(), id, after.roles()))
                            .compose(done -> after.disabled()
                                    ? sessions.endHere(tx, call.ws(), id, "disabled")
                                    : Future.succeededFuture())
                            .compose(done -> requireAdministrator(tx, call.ws(), before))
                            .compose(done -> SecurityEpochs.bump(tx, call.ws()))
                            .compose(done -> audit.record(tx, call, "user", id, before.audited(), after.audited()))
                            .compose(done -> find(tx, call.ws(), id));
                })))
                .compose(user -> epochs.refresh().map(user));
    }

    private static User changed(User before, JsonObject body) {
        return new User(
                before.id(),
                before.email(),
                body.containsKey("name") ? name(body.getString("name")) : before.name(),
                before.invited(),
                body.getBoolean("disabled", before.disabled()),
                body.containsKey("roles") ? names(body.getJsonArray("roles")) : before.roles(),
                before.createdAt(),
                before.updatedAt(),
                before.version());
    }

    Future<Void> delete(Call call, UUID id) {
        var version = call.ifMatch();
        return roles.permissionsOf(call.caller())
                .compose(held -> transactions.run(tx -> lock(tx, call, id, held).compose(before -> {
                    requireVersion(before, version);
                    return sessions.endHere(tx, call.ws(), id, "disabled")
                            .compose(done -> oneTime.forget(tx, OneTimeLinks.INVITATION, id, call.ws()))
                            .compose(done -> roles.replace(tx, call.ws(), id, List.of()))
                            .compose(done -> requireAdministrator(tx, call.ws(), before))
                            .compose(done -> store.delete(tx, call.ws(), id))
                            .compose(done -> SecurityEpochs.bump(tx, call.ws()))
                            .compose(done -> audit.record(
                                    tx, call, "user", id, before.audited().put("email", before.email()), null));
                })))
                .compose(done -> epochs.refresh());
    }

    /** Ends all that they signed in to here. */
    Future<Void> logout(Call call, UUID id) {
        return roles.permissionsOf(call.caller())
                .compose(held -> transactions.run(tx -> lock(tx, call, id, held)
                        .compose(user -> sessions.endHere(tx, call.ws(), id, "ended"))
                        .compose(done -> SecurityEpochs.bump(tx, call.ws()))
                        .compose(done -> audit.record(tx, call, "user", id, null, null))))
                .compose(done -> epochs.refresh());
    }

    /** The user, whom nobody else changes meanwhile; 403 when they may do more than who asks. */
    private Future<User> lock(SqlConnection tx, Call call, UUID id, Set<String> held) {
        return store.lockWorkspace(tx, call.ws())
                .compose(done -> find(tx, call.ws(), id))
                .compose(user -> requireHeld(
                                tx,
                                call.ws(),
                                user.roles(),
                                held,
                                "They may do what you may not. Ask an administrator.")
                        .map(user));
    }

    private static void requireVersion(User user, long version) {
        if (user.version() != version) {
            throw ProblemException.of(
                    Kind.PRECONDITION_FAILED, "The user has changed since they were read. Read them again.");
        }
    }

    private Future<Void> requireGrantable(SqlClient client, int ws, List<String> names, Set<String> held) {
        return requireHeld(client, ws, names, held, null);
    }

    /**
     * Fails unless all that these roles allow is held.
     *
     * @param detail why, for roles that somebody has already, unknown ones of whom give nothing; null for roles that are
     *     given, each of which has to be known
     */
    private Future<Void> requireHeld(SqlClient client, int ws, List<String> names, Set<String> held, String detail) {
        var checked = Future.<Void>succeededFuture();
        for (int i = 0; i < names.size(); i++) {
            var name = names.get(i);
            var pointer = "/roles/" + i;
            checked = checked.compose(done -> roles.permissionsOf(client, ws, name))
                    .map(allowed -> {
                        if (allowed.isEmpty() && detail == null) {
                            throw ProblemException.unprocessable(pointer, "There is no role named '" + name + "'.");
                        }
                        if (allowed.isPresent() && !held.containsAll(allowed.get())) {
                            throw new ProblemException(
                                    detail != null
                                            ? Problem.of(Kind.FORBIDDEN, detail)
                                            : Problem.of(
                                                    Kind.FORBIDDEN,
                                                    "Nobody grants what they lack.",
                                                    List.of(new Problem.Fault(
                                                            pointer, "It allows more than you may yourself."))));
                        }
                        return null;
                    });
        }
        return checked;
    }

    /** After a change: fails when it took the last one who can sign in and administer. */
    private Future<Void> requireAdministrator(SqlConnection tx, int ws, User before) {
        if (!before.isActive() || !before.roles().contains(BuiltInRole.ADMINISTRATOR.role())) {
            return Future.succeededFuture();
        }
        return roles.holders(tx, ws, BuiltInRole.ADMINISTRATOR)
                .compose(holders -> store.countActive(tx, ws, holders))
                .map(active -> {
                    if (active == 0) {
                        throw ProblemException.conflict(
                                "The last administrator stays. Make somebody else an administrator first.");
                    }
                    return null;
                });
    }

    /** A name that people see in lists and mails: of one line. */
    static String name(String name) {
        var stripped = name.strip();
        if (stripped.isEmpty() || stripped.codePoints().anyMatch(Character::isISOControl)) {
            throw ProblemException.unprocessable("/name", "A name is a line of text, and not blank.");
        }
        return stripped;
    }

    private static List<String> names(JsonArray roles) {
        return roles.stream().map(String.class::cast).distinct().toList();
    }
}
