package app.fathi.webpush;

import app.fathi.cdp.Profiles;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Operations;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.errors.ProblemException;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The door of {@code webpush}: answers its operations. */
public final class WebpushVerticle extends VerticleBase {
    private static final String SUBSCRIPTIONS = "/api/v1/webpush/subscriptions/";

    /** Each page of a subscriber asks for the key; it changes with a rotation only, and the one before it stays good. */
    private static final Map<String, String> KEY_CACHING =
            Map.of("Cache-Control", "private, max-age=300", "Vary", "Origin, Authorization, X-Write-Key");

    private final Pool pool;
    private final PushKeys keys;
    private final PushKeysService keysService;
    private final SitesService sites;
    private final PromptsService prompts;
    private final Profiles profiles;
    private final ExportService export;
    private final ImportsService imports;
    private final SubscriptionsService subscriptions;
    private final OwnBrowsersService ownBrowsers;
    private final SubscriptionsStore store;
    private final MessagesService messages;
    private final InteractionsService interactions;
    private final Cursor cursor;

    WebpushVerticle(
            Pool pool,
            PushKeys keys,
            PushKeysService keysService,
            SitesService sites,
            PromptsService prompts,
            Profiles profiles,
            ExportService export,
            ImportsService imports,
            SubscriptionsService subscriptions,
            OwnBrowsersService ownBrowsers,
            SubscriptionsStore store,
            MessagesService messages,
            InteractionsService interactions,
            Cursor cursor) {
        this.pool = pool;
        this.keys = keys;
        this.keysService = keysService;
        this.sites = sites;
        this.prompts = prompts;
        this.profiles = profiles;
        this.export = export;
        this.imports = imports;
        this.subscriptions = subscriptions;
        this.ownBrowsers = ownBrowsers;
        this.store = store;
        this.messages = messages;
        this.interactions = interactions;
        this.cursor = cursor;
    }

    /** What answers which operation of the contract. */
    public Map<String, Function<Call, Future<Reply>>> operations() {
        return Map.ofEntries(
                Map.entry("getPushKey", this::getPushKey),
                Map.entry("listPushKeys", keysService::list),
                Map.entry("readPushKey", keysService::get),
                Map.entry("rotatePushKey", keysService::rotate),
                Map.entry("importPushKey", keysService::take),
                Map.entry("retirePushKey", keysService::retire),
                Map.entry("listSites", sites::list),
                Map.entry("createSite", sites::create),
                Map.entry("getSite", sites::get),
                Map.entry("updateSite", sites::update),
                Map.entry("deleteSite", sites::delete),
                Map.entry("listPrompts", prompts::list),
                Map.entry("createPrompt", prompts::create),
                Map.entry("getPrompt", prompts::get),
                Map.entry("updatePrompt", prompts::update),
                Map.entry("deletePrompt", prompts::delete),
                Map.entry("getPagePrompts", prompts::forPage),
                Map.entry("exportSubscriptions", export::export),
                Map.entry("importSubscriptions", imports::start),
                Map.entry("listImports", imports::list),
                Map.entry("getImport", imports::get),
                Map.entry("listImportErrors", imports::faults),
                Map.entry("createSubscription", this::createSubscription),
                Map.entry("replaceSubscription", this::replaceSubscription),
                Map.entry("deleteSubscription", this::deleteSubscription),
                Map.entry("getSubscription", this::getSubscription),
                Map.entry("listSubscriptions", this::listSubscriptions),
                Map.entry("testSubscription", messages::test),
                Map.entry("getOwnBrowsers", ownBrowsers::list),
                Map.entry("linkOwnBrowser", ownBrowsers::link),
                Map.entry("unlinkOwnBrowser", ownBrowsers::unlink),
                Map.entry("listMessages", messages::list),
                Map.entry("resendMessage", messages::resend),
                Map.entry("createMessage", messages::create),
                Map.entry("createMessageBatch", messages::createBatch),
                Map.entry("getMessage", messages::get),
                Map.entry("listDeliveries", messages::deliveries),
                Map.entry("cancelMessage", messages::cancel),
                Map.entry("pauseMessage", messages::pause),
                Map.entry("resumeMessage", messages::resume),
                Map.entry("trackInteractions", interactions::track));
    }

    @Override
    public Future<?> start() {
        return Operations.serve(vertx, "webpush", operations());
    }

    private Future<Reply> getPushKey(Call call) {
        return keys.current(call.ws()).map(key -> {
            var json = new JsonObject()
                    .put("id", key.id().toString())
                    .put("publicKey", Base64.getUrlEncoder().withoutPadding().encodeToString(key.publicKey()));
            return new Reply(200, json.toBuffer(), KEY_CACHING, null);
        });
    }

    private Future<Reply> createSubscription(Call call) {
        return subscriptions
                .subscribe(call, SubscriptionDraft.of(call))
                .map(saved -> saved.created()
                        ? Reply.created(SUBSCRIPTIONS + saved.id(), json(saved))
                        : Reply.ok(json(saved)));
    }

    private Future<Reply> replaceSubscription(Call call) {
        return subscriptions
                .replace(call, call.id("id", "subscription"), SubscriptionDraft.of(call))
                .map(saved -> Reply.ok(json(saved)));
    }

    private Future<Reply> deleteSubscription(Call call) {
        return subscriptions.end(call, call.id("id", "subscription")).map(done -> Reply.noContent());
    }

    private Future<Reply> getSubscription(Call call) {
        return store.find(pool, call.ws(), call.id("id", "subscription"))
                .map(found -> Reply.ok(found.orElseThrow(() -> ProblemException.notFound("subscription"))
                        .toJson()));
    }

    private Future<Reply> listSubscriptions(Call call) {
        var before = cursor.position(call).map(position -> position.uuid(0)).orElse(null);
        var status = call.parameters().getString("status");
        var keyId = call.uuid("keyId");
        var profileId = call.uuid("profileId");
        if (keyId != null && profileId == null && status != null && !status.equals("active")) {
            throw ProblemException.invalid("keyId", "Who is bound to a key is active: leave status out.");
        }
        var person = profileId == null
                ? Future.<Integer>succeededFuture()
                : profiles.numbersByIds(pool, call.ws(), List.of(profileId))
                        .map(numbers -> numbers.getOrDefault(profileId, -1));
        return person.compose(profileNo -> store.page(
                        pool,
                        call.ws(),
                        before,
                        new SubscriptionsStore.Filter(status, profileNo, keyId),
                        Cursor.limit(call) + 1))
                .map(rows -> Reply.ok(cursor.page(
                        call,
                        rows,
                        Subscription::toJson,
                        row -> List.of(row.id().toString()))));
    }

    private static JsonObject json(SubscriptionsService.Saved saved) {
        var json = new JsonObject()
                .put("id", saved.id().toString())
                .put("keyId", saved.keyId().toString());
        if (saved.deviceSecret() != null) {
            json.put("deviceSecret", saved.deviceSecret());
        }
        return json;
    }
}
