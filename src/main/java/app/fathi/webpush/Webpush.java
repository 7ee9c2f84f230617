package app.fathi.webpush;

import app.fathi.cdp.AddressBook;
import app.fathi.cdp.ProfileStage;
import app.fathi.cdp.Profiles;
import app.fathi.cep.Batches;
import app.fathi.cep.Messages;
import app.fathi.cep.message.Channel;
import app.fathi.cep.message.TrackingTokens;
import app.fathi.platform.alerts.Alert;
import app.fathi.platform.alerts.Alerts;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.config.Config;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.db.Uploads;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.Jobs;
import app.fathi.platform.outbound.OutboundGuard;
import app.fathi.platform.security.Authorities;
import app.fathi.platform.security.Identities;
import app.fathi.platform.security.RecentSignIn;
import app.fathi.platform.security.Secrets;
import app.fathi.platform.security.SecurityEpochs;
import app.fathi.platform.security.Tenancy;
import app.fathi.platform.stream.Streams;
import app.fathi.webpush.encryption.CryptoProviders;
import app.fathi.webpush.encryption.PushEncryption;
import app.fathi.webpush.encryption.Vapid;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;

/** The parts of {@code webpush} put together: what App deploys and what other domains plug in. */
public final class Webpush {
    /** Octets that a push carries, before it is encrypted. */
    public static final int PAYLOAD_LIMIT_OCTETS = PushEncryption.PLAINTEXT_LIMIT_OCTETS;

    private final Vertx vertx;
    private final int recentSignInSeconds;
    private final Pool pool;
    private final Secrets secrets;
    private final SubscriptionsStore store = new SubscriptionsStore();
    private final PushKeysStore keysStore = new PushKeysStore();
    private final ImportsStore importsStore = new ImportsStore();
    private final SitesStore sitesStore = new SitesStore();
    private final PromptsStore promptsStore = new PromptsStore();
    private final SecurityEpochs epochs;
    private final PushKeys keys;
    private final Sites sites;
    private final LinkHosts links;
    private final Tenancy tenancy;
    private final PushClient client;
    private final PushChannel channel;
    private final OutboundGuard guard;
    private final String subject;
    private final InstantSource clock;
    private final Supplier<String> publicUrl;

    /**
     * @param publicUrl our own base URL, known once the port is bound
     * @param providers loaded native code: made before any event loop waits for it
     */
    public Webpush(
            Vertx vertx,
            Config config,
            Pool pool,
            Secrets secrets,
            SecurityEpochs epochs,
            Tenancy tenancy,
            CryptoProviders providers,
            Supplier<String> publicUrl,
            InstantSource clock) {
        this.pool = pool;
        this.secrets = secrets;
        this.epochs = epochs;
        this.clock = clock;
        this.publicUrl = publicUrl;
        this.vertx = vertx;
        this.recentSignInSeconds = config.security().recentSignInSeconds();
        this.guard = new OutboundGuard(vertx, config.outbound());
        this.keys = new PushKeys(pool, secrets, keysStore, providers);
        this.sites = new Sites(sitesStore, epochs);
        this.tenancy = tenancy;
        this.links = new LinkHosts(tenancy, sites);
        this.client = new PushClient(vertx, config, guard, clock);
        this.subject = subject(config);
        this.channel = new PushChannel(
                secrets,
                store,
                keys,
                sites,
                links,
                new PushEncryption(providers),
                new Vapid(providers, clock, Duration.ofHours(config.vapid().tokenHours())),
                client,
                subject,
                publicUrl);
        client.origins().onRefusal(this::keyRefused);
    }

    private void keyRefused(String url, UUID keyId, PushAnswer answer) {
        keysStore
                .workspaceOf(pool, keyId)
                .otherwise(Alert.INSTALLATION)
                .compose(
                        ws -> Alerts.raise(
                                pool,
                                new Alert(
                                        ws,
                                        Alert.Kind.PUSH_KEY_REFUSED,
                                        url + " " + keyId,
                                        "The push service answers " + answer.httpStatus()
                                                + (answer.reason() == null ? "" : " (" + answer.reason() + ")")
                                                + " to messages under this key. They wait until it is taken, at most until their TTL ends.")));
    }

    /** Has what push services think of us be seen. */
    public void measure(MeterRegistry registry) {
        var origins = client.origins();
        registry.gauge("webpush.services.paused", origins, PushOrigins::paused);
        registry.gauge("webpush.keys.refused", origins, PushOrigins::refusedKeys);
    }

    /** Whether a push service refuses a key of ours, so that messages wait until somebody looks. */
    public Future<Boolean> anyKeyRefused() {
        return Future.succeededFuture(client.origins().refusedKeys() > 0);
    }

    public Channel channel() {
        return channel;
    }

    /** How many octets of {@link #PAYLOAD_LIMIT_OCTETS} this rendered content takes, for a browser of a site without defaults. */
    public int payloadOctets(JsonObject content) {
        return PushPayload.octets(content, publicUrl.get());
    }

    public AddressBook addressBook() {
        return new AddressBook() {
            @Override
            public Future<Void> move(SqlConnection tx, int ws, int fromNo, int toNo) {
                return store.move(tx, ws, fromNo, toNo);
            }

            @Override
            public Future<Void> part(SqlConnection tx, int ws, int fromNo, Map<Long, Integer> toNos) {
                return store.part(tx, ws, fromNo, toNos);
            }
        };
    }

    /** Counts what pages tell of prompts; the last of the stages, because others wait for the rows that it counts in. */
    public ProfileStage promptStage() {
        return new PromptStage(promptsStore);
    }

    /** What workers of this domain do. */
    public List<JobHandler> jobs(Transactions workers, Profiles profiles, Uploads uploads, Messages messages) {
        return List.of(
                new RetireKeyJob(workers, keysStore, store),
                new PromptsKeeper(workers.pool(), promptsStore),
                new WelcomeJob(workers, store, sitesStore, messages, subject),
                new ImportJob(workers, importsStore, store, keys, profiles, uploads, secrets, guard));
    }

    /** A new instance of the door; all of them share the rest. */
    public WebpushVerticle verticle(
            Profiles profiles,
            Identities identities,
            Authorities authorities,
            Messages messages,
            Batches batches,
            Jobs jobs,
            Uploads uploads,
            Streams streams,
            TrackingTokens tokens,
            Audit audit,
            Cursor cursor) {
        var transactions = new Transactions(pool);
        return new WebpushVerticle(
                pool,
                keys,
                new PushKeysService(transactions, keysStore, keys, jobs, audit, cursor),
                new SitesService(transactions, sitesStore, promptsStore, epochs, audit, cursor, messages, tenancy),
                new PromptsService(transactions, promptsStore, sitesStore, sites, profiles, epochs, audit, cursor),
                profiles,
                new ExportService(
                        vertx,
                        transactions,
                        store,
                        keysStore,
                        keys,
                        profiles,
                        secrets,
                        audit,
                        clock,
                        new RecentSignIn(Duration.ofSeconds(recentSignInSeconds), clock)),
                new ImportsService(transactions, importsStore, keys, uploads, jobs, audit, cursor),
                new SubscriptionsService(
                        transactions,
                        store,
                        keys,
                        profiles,
                        identities,
                        authorities,
                        tenancy,
                        secrets,
                        guard,
                        sites,
                        jobs),
                new OwnBrowsersService(transactions, store, audit),
                store,
                new MessagesService(
                        transactions, messages, batches, audit, authorities, cursor, store, tenancy, links, subject),
                new InteractionsService(streams, tokens, clock),
                cursor);
    }

    public Future<Void> close() {
        return client.close();
    }

    /** The contact that push services see; our own public https URL serves when no other is set. */
    public static String subject(Config config) {
        var set = config.vapid().subject();
        return set.isEmpty() && config.publicUrl().startsWith("https://") ? config.publicUrl() : set;
    }
}
