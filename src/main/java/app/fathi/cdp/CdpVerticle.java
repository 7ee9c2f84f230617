package app.fathi.cdp;

import app.fathi.cdp.live.LiveFeed;
import app.fathi.cdp.schemas.Pins;
import app.fathi.cdp.schemas.SchemasService;
import app.fathi.cdp.traits.ComputedTraits;
import app.fathi.cdp.traits.ComputedTraitsService;
import app.fathi.cdp.traits.TraitRulesService;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Operations;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Erasable;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.http.PersonalPage;
import app.fathi.platform.jobs.Jobs;
import app.fathi.platform.security.Authorities;
import app.fathi.platform.security.Credentials;
import app.fathi.platform.security.Identities;
import app.fathi.platform.security.Tenancy;
import app.fathi.platform.stream.Streams;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;

/** The door of {@code cdp}: events come in, people are looked at and put right. */
public final class CdpVerticle extends VerticleBase {
    private final Credentials credentials;
    private final Supplier<String> baseUrl;
    private final Ingest ingest;
    private final LiveFeed live;
    private final SchemasService schemas;
    private final ComputedTraitsService computedTraits;
    private final TraitRulesService traitRules;
    private final IdentityRulesService identityRules;
    private final ProfilesService profiles;
    private final MergesService merges;
    private final UnmergesService unmerges;
    private final PrivacyService privacy;
    private final PreferencesService preferences;
    private final SuppressionsService suppressions;

    /**
     * @param baseUrl where clients of Segment's API are sent, and people to their preferences
     * @param preferencesKey {@code Secrets.derivedKey("preferences")}
     */
    public CdpVerticle(
            Transactions transactions,
            Streams streams,
            Deriver deriver,
            AddressBook addresses,
            LiveFeed live,
            Pins pins,
            SchemasService schemas,
            ComputedTraits computed,
            ComputedTraitsService computedTraits,
            TraitRulesService traitRules,
            IdentityRulesService identityRules,
            Bonds bonds,
            Credentials credentials,
            Identities identities,
            Tenancy tenancy,
            Authorities authorities,
            Audit audit,
            Cursor cursor,
            InstantSource clock,
            Supplier<String> baseUrl,
            Jobs jobs,
            List<Erasable> erasables,
            byte[] preferencesKey) {
        this.credentials = credentials;
        this.baseUrl = baseUrl;
        this.ingest = new Ingest(streams, identities, tenancy, clock, pins, identityRules, new Refusals(live, clock));
        this.live = live;
        this.schemas = schemas;
        this.computedTraits = computedTraits;
        this.traitRules = traitRules;
        this.identityRules = identityRules;
        this.profiles = new ProfilesService(transactions, deriver, computed, authorities, audit, cursor, clock);
        var regrouping = new Regrouping(deriver, addresses);
        this.merges = new MergesService(transactions, profiles, regrouping, bonds, audit, cursor);
        this.unmerges = new UnmergesService(transactions, profiles, regrouping, bonds, audit);
        this.privacy = new PrivacyService(transactions, profiles, jobs, audit, erasables);
        this.preferences =
                new PreferencesService(transactions, profiles, tenancy, audit, preferencesKey, baseUrl, clock);
        this.suppressions = new SuppressionsService(transactions, authorities, audit, cursor);
    }

    /** Where the links lead that people change their own preferences by. */
    public PersonalPage preferencePage() {
        return preferences;
    }

    /** What answers which operation of the contract. */
    public Map<String, Function<Call, Future<Reply>>> operations() {
        return Map.ofEntries(
                Map.entry("identify", call -> ingest.one(call, "identify")),
                Map.entry("track", call -> ingest.one(call, "track")),
                Map.entry("page", call -> ingest.one(call, "page")),
                Map.entry("screen", call -> ingest.one(call, "screen")),
                Map.entry("group", call -> ingest.one(call, "group")),
                Map.entry("alias", call -> ingest.one(call, "alias")),
                Map.entry("batch", ingest::batch),
                Map.entry("batchEvents", ingest::batchEach),
                Map.entry("listenToEvents", this::listen),
                Map.entry("listSchemas", schemas::list),
                Map.entry("getSchema", schemas::get),
                Map.entry("pinSchema", schemas::pin),
                Map.entry("unpinSchema", schemas::unpin),
                Map.entry("deleteSchema", schemas::delete),
                Map.entry("listComputedTraits", computedTraits::list),
                Map.entry("createComputedTrait", computedTraits::create),
                Map.entry("getComputedTrait", computedTraits::get),
                Map.entry("updateComputedTrait", computedTraits::update),
                Map.entry("deleteComputedTrait", computedTraits::delete),
                Map.entry("getTraitRules", traitRules::get),
                Map.entry("setTraitRules", traitRules::put),
                Map.entry("getIdentityRules", identityRules::get),
                Map.entry("setIdentityRules", identityRules::put),
                Map.entry("dropClientMetrics", ingest::metrics),
                Map.entry("getClientSettings", this::clientSettings),
                Map.entry("listProfiles", profiles::list),
                Map.entry("getProfile", profiles::get),
                Map.entry("updateProfile", profiles::update),
                Map.entry("listProfileEvents", profiles::timeline),
                Map.entry("listProfileIdentities", merges::identities),
                Map.entry("mergeProfile", merges::merge),
                Map.entry("unmergeProfile", unmerges::unmerge),
                Map.entry("listConsents", privacy::consents),
                Map.entry("setConsents", privacy::setConsents),
                Map.entry("getPreferences", preferences::get),
                Map.entry("setPreferences", preferences::put),
                Map.entry("createPreferencesLink", preferences::link),
                Map.entry("exportProfile", privacy::export),
                Map.entry("eraseProfile", privacy::erase),
                Map.entry("getErasure", privacy::erasure),
                Map.entry("listSuppressions", suppressions::list),
                Map.entry("createSuppression", suppressions::create),
                Map.entry("deleteSuppression", suppressions::delete));
    }

    @Override
    public Future<?> start() {
        return Operations.serve(vertx, "cdp", operations());
    }

    private Future<Reply> listen(Call call) {
        return live.listen(
                call.ws(), call.header("last-event-id"), call.parameters().getInteger("seconds"));
    }

    /** Where Segment's analytics.js sends its events: it asks before anything else. */
    private Future<Reply> clientSettings(Call call) {
        var key = call.parameters().getString("key");
        return credentials
                .authenticate(new Credentials.Presented.WriteKey(key, call.header("origin")))
                .recover(failure -> failure instanceof ProblemException refused
                                && refused.problem().kind() == Kind.UNAUTHENTICATED
                        ? Future.failedFuture(ProblemException.notFound("write key"))
                        : Future.failedFuture(failure))
                .map(caller -> {
                    var ours = URI.create(baseUrl.get());
                    var host = ours.getAuthority() + ours.getPath() + "/v1";
                    var here = new JsonObject()
                            .put("apiKey", key)
                            .put("apiHost", host)
                            .put("protocol", ours.getScheme());
                    return Reply.ok(new JsonObject()
                            .put("integrations", new JsonObject().put("Segment.io", here))
                            // Without this the library tells Segment's own service how it fares on the page.
                            .put("metrics", new JsonObject().put("host", host).put("sampleRate", 0)));
                });
    }
}
