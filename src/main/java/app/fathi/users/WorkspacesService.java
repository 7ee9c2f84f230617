package app.fathi.users;

import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.config.Config;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.outbound.Origin;
import app.fathi.platform.security.Caller;
import app.fathi.platform.security.RecentSignIn;
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
import java.time.ZoneId;
import java.util.Base64;
import java.util.HashSet;
import java.util.IllformedLocaleException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/** Reading and changing the caller's workspace. */
final class WorkspacesService {
    private static final String UPDATE = "workspaces:update";

    private final Transactions transactions;
    private final Secrets secrets;
    private final SecurityEpochs epochs;
    private final Roles roles;
    private final NewWorkspace newWorkspace;
    private final RecentSignIn recentSignIn;
    private final SecondFactors factors;
    private final Config config;
    private final InstantSource clock;
    private final Cursor cursor;
    private final Audit audit;
    private final WorkspacesStore store = new WorkspacesStore();
    private final AccountsStore accounts = new AccountsStore();
    private final WriteKeysStore writeKeys = new WriteKeysStore();
    private final UsersStore users = new UsersStore();

    WorkspacesService(
            Transactions transactions,
            Secrets secrets,
            SecurityEpochs epochs,
            Roles roles,
            NewWorkspace newWorkspace,
            RecentSignIn recentSignIn,
            SecondFactors factors,
            Config config,
            InstantSource clock,
            Audit audit,
            Cursor cursor) {
        this.newWorkspace = newWorkspace;
        this.recentSignIn = recentSignIn;
        this.cursor = cursor;
        this.factors = factors;
        this.config = config;
        this.clock = clock;
        this.transactions = transactions;
        this.secrets = secrets;
        this.epochs = epochs;
        this.roles = roles;
        this.audit = audit;
    }

    /** Where the caller can work: a user of several gets a token for each. */
    Future<JsonObject> list(Call call) {
        var caller = call.caller();
        var after = cursor.position(call).map(position -> position.uuid(0));
        var found = caller.kind() == Caller.Kind.USER && !caller.bound()
                ? store.page(transactions.pool(), caller.id(), after, Cursor.limit(call) + 1)
                : store.find(transactions.pool(), caller.ws())
                        .map(own -> List.of(new JsonObject()
                                .put("id", caller.workspaceId().toString())
                                .put("name", own.orElseThrow().name())));
        return found.map(workspaces -> cursor.page(
                call,
                workspaces,
                workspace -> workspace.put(
                        "current",
                        workspace.getString("id").equals(caller.workspaceId().toString())),
                workspace -> List.of(workspace.getString("id"))));
    }

    /** Whoever asks is its administrator. */
    Future<Reply> create(Call call) {
        var caller = call.caller();
        recentSignIn.require(caller);
        SessionsService.requireUnbound(caller);
        var name = name(call.json().getString("name"));
        var timezone = timezone(call.json().getString("timezone", "UTC"));
        var language = language(call.json().getString("language", "en"));
        var id = UuidCreator.getTimeOrderedEpoch();
        return transactions.once(
                call, tx -> newWorkspace.make(tx, id, name, timezone, language).compose(ws -> accounts.join(
                                tx, ws, caller.id())
                        .compose(done -> roles.assign(tx, ws, caller.id(), BuiltInRole.ADMINISTRATOR))
                        .compose(done -> SecurityEpochs.bump(tx, ws))
                        .compose(done -> created(tx, call, call.ws(), id, name))
                        .compose(done -> created(tx, call, ws, id, name))
                        .map(new Reply(
                                201,
                                new JsonObject()
                                        .put("id", id.toString())
                                        .put("name", name)
                                        .put("current", false)
                                        .toBuffer(),
                                Map.of(),
                                null))));
    }

    private Future<Void> created(SqlConnection tx, Call call, int ws, UUID id, String name) {
        return audit.record(tx, call, ws, "workspace", id, null, new JsonObject().put("name", name));
    }

    Future<Reply> get(Call call) {
        var client = transactions.pool();
        return store.find(client, call.ws()).compose(found -> show(client, call.caller(), found.orElseThrow()));
    }

    Future<Reply> update(Call call) {
        var version = call.ifMatch();
        return transactions
                .run(tx -> store.lock(tx, call.ws()).compose(found -> {
                    var before = found.orElseThrow();
                    if (before.version() != version) {
                        throw ProblemException.of(
                                Kind.PRECONDITION_FAILED,
                                "The workspace has changed since it was read. Read it again.");
                    }
                    var changed = changed(before, call.json());
                    return requireOwnSecondFactor(
                                    tx, call.caller(), changed.twoFactorRequired() && !before.twoFactorRequired())
                            .compose(done -> requireOtherWayIn(
                                    tx, call.ws(), before.passwordSignIn() && !changed.passwordSignIn()))
                            .compose(done -> store.update(tx, changed))
                            .compose(after -> audit.record(
                                            tx,
                                            call,
                                            "workspace",
                                            before.id(),
                                            fields(before, call.json()),
                                            fields(after, call.json()))
                                    .compose(done -> SecurityEpochs.bump(tx, call.ws()))
                                    .map(after));
                }))
                .compose(after -> epochs.refresh().compose(done -> show(transactions.pool(), call.caller(), after)));
    }

    /** Whoever asks it of others has one, or they would shut themselves out. */
    private Future<Void> requireOwnSecondFactor(SqlClient client, Caller caller, boolean asked) {
        return !asked || caller.kind() != Caller.Kind.USER
                ? Future.succeededFuture()
                : factors.isEnrolled(client, caller.id()).map(enrolled -> {
                    if (!enrolled) {
                        throw ProblemException.unprocessable(
                                "/twoFactorRequired",
                                "Get a second factor yourself first (POST /api/v1/auth/totp), then ask it of others.");
                    }
                    return null;
                });
    }

    /** Where passwords let nobody in any more, an administrator has come in without one. */
    private Future<Void> requireOtherWayIn(SqlConnection tx, int ws, boolean asked) {
        return !asked
                ? Future.succeededFuture()
                : roles.holders(tx, ws, BuiltInRole.ADMINISTRATOR)
                        .compose(holders -> users.countSignedInByProvider(tx, ws, holders))
                        .map(administrators -> {
                            if (administrators == 0) {
                                throw ProblemException.conflict("No administrator has signed in through an identity"
                                        + " provider of this workspace that is enabled, so nobody could administer it"
                                        + " any more. Sign in through one as an administrator first.");
                            }
                            return null;
                        });
    }

    /** Shape and lengths are the contract's; what a value means is checked here. */
    private Workspace changed(Workspace before, JsonObject change) {
        return before.with(
                change.containsKey("name") ? name(change.getString("name")) : before.name(),
                change.containsKey("timezone") ? timezone(change.getString("timezone")) : before.timezone(),
                change.containsKey("language") ? language(change.getString("language")) : before.language(),
                change.getString("identityVerification", before.identityVerification()),
                change.getBoolean("twoFactorRequired", before.twoFactorRequired()),
                change.getBoolean("passwordSignIn", before.passwordSignIn()),
                change.containsKey("sessionDays") ? change.getInteger("sessionDays") : before.sessionDays(),
                change.containsKey("origins") ? origins(change.getJsonArray("origins")) : before.origins(),
                before.rules().with(change),
                change.containsKey("retention")
                        ? Retention.of(change.getJsonObject("retention"), config)
                        : before.retention());
    }

    private static String name(String name) {
        if (name.isBlank()) {
            throw ProblemException.unprocessable("/name", "A name must not be blank.");
        }
        return name.strip();
    }

    /** As browsers write them in the header that they are compared with. */
    private static Set<String> origins(JsonArray origins) {
        var written = new HashSet<String>();
        for (int i = 0; i < origins.size(); i++) {
            var pointer = "/origins/" + i;
            written.add(Origin.parse(origins.getString(i))
                    .orElseThrow(() -> ProblemException.unprocessable(
                            pointer,
                            "This is no origin; valid ones are https://shop.example and http://localhost:3000.")));
        }
        return written;
    }

    private static String timezone(String timezone) {
        if (!ZoneId.getAvailableZoneIds().contains(timezone)) {
            throw ProblemException.unprocessable(
                    "/timezone", "There is no such IANA time zone; a valid one is Europe/Istanbul.");
        }
        return timezone;
    }

    private static String language(String language) {
        try {
            var tag = new Locale.Builder().setLanguageTag(language).build().toLanguageTag();
            if (!tag.equals("und")) {
                return tag;
            }
        } catch (IllformedLocaleException e) {
            // Told below.
        }
        throw ProblemException.unprocessable(
                "/language", "This is no BCP 47 language tag; valid ones are en and pt-BR.");
    }

    /** The fields that the change names, as they stand in this row. */
    private static JsonObject fields(Workspace workspace, JsonObject change) {
        var all = settings(workspace);
        var named = new JsonObject();
        change.fieldNames().forEach(field -> named.put(field, all.getValue(field)));
        return named;
    }

    private static JsonObject settings(Workspace workspace) {
        var json = new JsonObject()
                .put("id", workspace.id().toString())
                .put("name", workspace.name())
                .put("timezone", workspace.timezone())
                .put("language", workspace.language())
                .put("identityVerification", workspace.identityVerification())
                .put("twoFactorRequired", workspace.twoFactorRequired())
                .put("passwordSignIn", workspace.passwordSignIn())
                .put("sessionDays", workspace.sessionDays())
                .put(
                        "origins",
                        new JsonArray(workspace.origins().stream().sorted().toList()));
        return workspace
                .rules()
                .addTo(json)
                .put("retention", workspace.retention().toJson())
                .put("createdAt", workspace.createdAt().toString())
                .put("updatedAt", workspace.updatedAt().toString())
                .put("version", workspace.version());
    }

    /** With the keys for who manages the workspace. */
    private Future<Reply> show(SqlClient client, Caller caller, Workspace workspace) {
        var json = settings(workspace);
        return roles.permits(caller, UPDATE)
                .compose(manages -> manages ? addKeys(client, workspace, json) : Future.succeededFuture())
                .map(done -> Reply.ok(json, workspace.version()));
    }

    private Future<Void> addKeys(SqlClient client, Workspace workspace, JsonObject json) {
        return secrets.workspaceKey(client, workspace.ws())
                .map(key -> json.put(
                                "identityKey",
                                Base64.getEncoder()
                                        .encodeToString(
                                                key.open(workspace.identityKeyPlace(), workspace.sealedIdentityKey())))
                        .put("previousIdentityKeyUntil", IdentityKeyService.previousUntil(workspace, clock.instant())))
                .compose(done -> writeKeys.browserKey(client, workspace.ws()))
                .map(writeKey -> {
                    if (writeKey != null) {
                        json.put("writeKey", writeKey);
                    }
                    return null;
                });
    }
}
