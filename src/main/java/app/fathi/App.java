package app.fathi;

import app.fathi.campaigns.Campaigns;
import app.fathi.campaigns.CampaignsVerticle;
import app.fathi.campaigns.KeptEntries;
import app.fathi.campaigns.PeopleInCampaigns;
import app.fathi.cdp.Bonds;
import app.fathi.cdp.BondsJob;
import app.fathi.cdp.CdpVerticle;
import app.fathi.cdp.Deriver;
import app.fathi.cdp.EraseJob;
import app.fathi.cdp.IdentityRulesService;
import app.fathi.cdp.PeopleInProfiles;
import app.fathi.cdp.Profiles;
import app.fathi.cdp.TraitsJob;
import app.fathi.cdp.live.LiveFeed;
import app.fathi.cdp.schemas.Pins;
import app.fathi.cdp.schemas.SchemaObserver;
import app.fathi.cdp.schemas.SchemasService;
import app.fathi.cdp.traits.ComputeJob;
import app.fathi.cdp.traits.ComputedTimers;
import app.fathi.cdp.traits.ComputedTraits;
import app.fathi.cdp.traits.ComputedTraitsService;
import app.fathi.cdp.traits.KeptParts;
import app.fathi.cdp.traits.TraitRulesService;
import app.fathi.cep.AdvisorTrial;
import app.fathi.cep.Batches;
import app.fathi.cep.CepVerticle;
import app.fathi.cep.Explain;
import app.fathi.cep.Holds;
import app.fathi.cep.Messages;
import app.fathi.cep.Obstacles;
import app.fathi.cep.Series;
import app.fathi.cep.advisor.AdvisorService;
import app.fathi.cep.advisor.Advisors;
import app.fathi.cep.audiences.ExpandJob;
import app.fathi.cep.audiences.Spread;
import app.fathi.cep.besttime.BestTimes;
import app.fathi.cep.besttime.BestTimesService;
import app.fathi.cep.besttime.HabitsStage;
import app.fathi.cep.besttime.LearnHabitsJob;
import app.fathi.cep.besttime.PeopleInHabits;
import app.fathi.cep.decisions.DecisionsService;
import app.fathi.cep.ledger.KeptMessages;
import app.fathi.cep.ledger.LedgerKeeper;
import app.fathi.cep.ledger.LedgerStage;
import app.fathi.cep.ledger.MessageIndexStore;
import app.fathi.cep.ledger.PeopleInLedger;
import app.fathi.cep.message.TrackingTokens;
import app.fathi.cep.performance.PerformanceService;
import app.fathi.cep.policies.PoliciesService;
import app.fathi.cep.sending.SendJob;
import app.fathi.cep.sending.SendPool;
import app.fathi.cep.sending.Sending;
import app.fathi.cep.stops.KillSwitches;
import app.fathi.cep.stops.Quotas;
import app.fathi.permissions.Permissions;
import app.fathi.permissions.PermissionsVerticle;
import app.fathi.platform.alerts.AlertMail;
import app.fathi.platform.alerts.AlertsKeeper;
import app.fathi.platform.audit.Audit;
import app.fathi.platform.audit.AuditCheck;
import app.fathi.platform.audit.AuditKeeper;
import app.fathi.platform.audit.AuditOperations;
import app.fathi.platform.audit.AuditWatch;
import app.fathi.platform.audit.Chainer;
import app.fathi.platform.audit.KeptAudit;
import app.fathi.platform.bus.Bus;
import app.fathi.platform.bus.PlatformVerticle;
import app.fathi.platform.config.Config;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Erasable;
import app.fathi.platform.db.Pools;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.db.Uploads;
import app.fathi.platform.health.Health;
import app.fathi.platform.health.HealthPages;
import app.fathi.platform.health.Metrics;
import app.fathi.platform.http.BootCheck;
import app.fathi.platform.http.Contract;
import app.fathi.platform.http.HttpVerticle;
import app.fathi.platform.http.Limits;
import app.fathi.platform.http.Pages;
import app.fathi.platform.http.PersonalPages;
import app.fathi.platform.http.PublicFiles;
import app.fathi.platform.http.docs.Docs;
import app.fathi.platform.jobs.CrashPoint;
import app.fathi.platform.jobs.IdempotencyKeeper;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.Jobs;
import app.fathi.platform.jobs.JobsOperations;
import app.fathi.platform.jobs.JobsVerticle;
import app.fathi.platform.jobs.NodeVerticle;
import app.fathi.platform.jobs.UploadsKeeper;
import app.fathi.platform.outbound.Mailer;
import app.fathi.platform.outbound.OutboundGuard;
import app.fathi.platform.retention.ForgetJob;
import app.fathi.platform.retention.KeptDeadRecords;
import app.fathi.platform.retention.KeptPartitions;
import app.fathi.platform.retention.Kind;
import app.fathi.platform.security.Secrets;
import app.fathi.platform.security.SecurityEpochs;
import app.fathi.platform.stream.BulkAppender;
import app.fathi.platform.stream.StreamConsumer;
import app.fathi.platform.stream.StreamKeeper;
import app.fathi.platform.stream.Streams;
import app.fathi.roles.Roles;
import app.fathi.roles.RolesVerticle;
import app.fathi.segments.Audiences;
import app.fathi.segments.Bitmaps;
import app.fathi.segments.ImportJob;
import app.fathi.segments.KeptSums;
import app.fathi.segments.PeopleInSegments;
import app.fathi.segments.Segments;
import app.fathi.segments.SegmentsVerticle;
import app.fathi.segments.TraitRules;
import app.fathi.templates.Images;
import app.fathi.templates.Payload;
import app.fathi.templates.Renderer;
import app.fathi.templates.Templates;
import app.fathi.templates.TemplatesVerticle;
import app.fathi.users.FirstRun;
import app.fathi.users.Users;
import app.fathi.webpush.PeopleInBrowsers;
import app.fathi.webpush.PromptsKeeper;
import app.fathi.webpush.Webpush;
import app.fathi.webpush.WebpushVerticle;
import app.fathi.webpush.encryption.CryptoProviders;
import io.vertx.core.Deployable;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.openapi.contract.OpenAPIContract;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The object graph by hand, top to bottom: platform, domains in the order of their dependence, workers, and last the
 * edge, so that nothing is asked before it can answer.
 */
public final class App {
    /** How often the metrics of kill switches and holds are read; senders look for themselves. */
    private static final long KILL_SWITCH_MILLIS = 5_000;
    /** What signs the ends of the audit trail. */
    private static final String AUDIT_KEY = "audit";

    private static final int AUDIT_SECONDS = 30 * 86_400;

    /** Who holds something of people; the profiles themselves last, because others find their rows by them. */
    static final List<Erasable> PEOPLE = List.of(
            new PeopleInBrowsers(),
            new PeopleInLedger(),
            new PeopleInHabits(),
            new PeopleInSegments(),
            new PeopleInCampaigns(),
            new PeopleInProfiles());

    private final Vertx vertx;
    private final Config config;
    private final Pools pools;
    private final Health health;
    private final Metrics metrics;
    private final Consumer<Router> morePages;
    private final Jobs jobs;
    private final Contract contract = Contract.load();
    private final Docs docs = new Docs(contract, this::baseUrl);
    private final InstantSource clock = InstantSource.system();
    private final AtomicInteger port = new AtomicInteger();
    /** What was started, the last first. */
    private final Deque<Supplier<Future<?>>> started = new ArrayDeque<>();

    private FirstRun firstRun;

    public App(Vertx vertx, Config config, Pools pools, Health health, Metrics metrics) {
        this(vertx, config, pools, health, metrics, router -> {});
    }

    /** @param morePages what is served beside the contract and our own pages */
    public App(Vertx vertx, Config config, Pools pools, Health health, Metrics metrics, Consumer<Router> morePages) {
        this.vertx = vertx;
        this.jobs = new Jobs(vertx);
        this.config = config;
        this.pools = pools;
        this.health = health;
        this.metrics = metrics;
        this.morePages = morePages;
    }

    /** Starts the node on a migrated database; succeeds when everything serves. */
    public Future<?> start() {
        Bus.prepare(vertx);
        CrashPoint.arm(config.crashPoint());
        Permissions.check(contract);
        health.check("database", pools::alive);
        var epochs = new SecurityEpochs(vertx, pools.admin(), config.security());
        epochs.measure(metrics.registry());
        return Secrets.open(pools.admin(), config)
                .onSuccess(secrets -> health.check("master-key", () -> secrets.stillRight(pools.admin())))
                .compose(secrets -> epochs.start().compose(done -> {
                    started.push(() -> {
                        epochs.stop();
                        return Future.succeededFuture();
                    });
                    var cursor = new Cursor(secrets.derivedKey("cursor"));
                    var audit = new Audit(vertx, pools.admin(), contract);
                    var roles = new Roles(pools.admin(), epochs);
                    audit.start();
                    started.push(audit::stop);
                    var users = new Users(
                            vertx,
                            config,
                            pools.admin(),
                            secrets,
                            epochs,
                            roles,
                            audit,
                            cursor,
                            clock,
                            jobs,
                            this::baseUrl);
                    return users.firstStart().compose(first -> {
                        firstRun = first;
                        started.push(users::close);
                        // Native code is loaded: nothing for an event loop to wait for.
                        return vertx.executeBlocking(CryptoProviders::new)
                                .compose(providers -> contract.forRouter(vertx)
                                        .compose(openApi -> start(
                                                openApi, providers, secrets, epochs, cursor, audit, roles, users)));
                    });
                }));
    }

    private Future<?> start(
            OpenAPIContract openApi,
            CryptoProviders providers,
            Secrets secrets,
            SecurityEpochs epochs,
            Cursor cursor,
            Audit audit,
            Roles roles,
            Users users) {
        var bulk = new BulkAppender(
                vertx, pools.address(), config.db(), config.stream().appendsInFlight());
        started.push(bulk::close);
        var streams = new Streams(vertx, pools.ingest(), config.stream(), Optional.of(bulk));
        var profiles = new Profiles();
        var uploads = new Uploads(pools.admin(), secrets);
        var webpush = new Webpush(
                vertx, config, pools.send(), secrets, epochs, users.tenancy(), providers, this::baseUrl, clock);
        webpush.measure(metrics.registry());
        health.notice("vapid-key-refused", webpush::anyKeyRefused);
        started.push(webpush::close);
        var tokens = new TrackingTokens(secrets.derivedKey("tracking"));
        var renderer = new Renderer(config.render());
        var templates = new Templates(renderer);
        var sendPool = new SendPool(config.send());
        started.push(() -> {
            sendPool.close();
            return Future.succeededFuture();
        });
        var audiences = new Audiences(new Transactions(pools.analytics()));
        var node = UUID.randomUUID();
        var guard = new OutboundGuard(vertx, config.outbound());
        var advisors = new Advisors(vertx, pools.send(), secrets, config, guard, node, metrics.registry());
        started.push(advisors::close);
        var sending = new Sending(
                vertx,
                new Transactions(pools.send()),
                profiles,
                audiences,
                renderer,
                templates,
                sendPool,
                tokens,
                advisors,
                config,
                List.of(webpush.channel()),
                metrics.registry());
        var messages = new Messages(sending, jobs, audiences);
        var batches = new Batches(messages, sending);
        var campaigns = new Campaigns(
                vertx,
                new Transactions(pools.admin()),
                new Transactions(pools.send()),
                messages,
                new Series(sending, messages, jobs),
                new Obstacles(sending),
                audiences,
                templates,
                profiles,
                jobs);
        var killSwitches = new KillSwitches(new Transactions(pools.admin()), audit, metrics.registry());
        var policies = new PoliciesService(new Transactions(pools.admin()), sending.policies(), audit);
        health.notice("kill-switch", killSwitches::anyEngaged);
        var holds = new Holds(pools.admin(), metrics.registry());
        health.notice("older-messages-held", holds::any);
        var looking = vertx.setPeriodic(0, KILL_SWITCH_MILLIS, look -> {
            killSwitches.anyEngaged();
            holds.any();
        });
        started.push(() -> {
            vertx.cancelTimer(looking);
            return Future.succeededFuture();
        });

        List<JobHandler> handlers = new ArrayList<>(List.of(
                new SendJob(sending, audiences),
                new ExpandJob(
                        new Transactions(pools.send()),
                        new Spread(vertx, profiles, sending.policies()),
                        jobs,
                        audiences,
                        config.send()),
                new LedgerKeeper(new Transactions(pools.worker())),
                new IdempotencyKeeper(pools.worker(), config.idempotency().keepHours()),
                new UploadsKeeper(pools.worker()),
                new AuditKeeper(
                        new Transactions(pools.worker()),
                        secrets.derivedKey(AUDIT_KEY),
                        config.audit().keepDays()),
                new AuditCheck(new Transactions(pools.worker()), secrets.derivedKey(AUDIT_KEY))));
        handlers.add(new EraseJob(new Transactions(pools.worker()), audit, PEOPLE));
        handlers.add(new ForgetJob(
                new Transactions(pools.worker()),
                jobs,
                config,
                users.shorter(),
                List.of(
                        new KeptPartitions(Kind.EVENTS, "cdp_event"),
                        new KeptSums(),
                        new KeptParts(),
                        new KeptMessages(),
                        new KeptEntries(),
                        new KeptPartitions(Kind.FINISHED_JOBS, "jobs_done"),
                        new KeptPartitions(Kind.DEAD_LETTERS, "jobs_dead"),
                        new KeptDeadRecords(),
                        new KeptAudit(secrets.derivedKey(AUDIT_KEY)))));
        handlers.add(new LearnHabitsJob(new Transactions(pools.worker()), profiles, config.bestTime()));
        handlers.addAll(campaigns.jobs(new Transactions(pools.worker())));
        handlers.add(new TraitsJob(new Transactions(pools.worker()), new TraitRules()));
        handlers.add(new ImportJob(new Transactions(pools.worker()), profiles, uploads));
        var mailer = new Mailer(vertx, config);
        handlers.addAll(users.jobs(new Transactions(pools.worker()), mailer));
        handlers.add(new AlertMail(
                new Transactions(pools.worker()), mailer, config.alert().email(), this::baseUrl));
        handlers.addAll(webpush.jobs(new Transactions(pools.worker()), profiles, uploads, messages));
        Supplier<PlatformVerticle> platformDoor = () -> new PlatformVerticle(List.of(
                new AuditOperations(audit, secrets.derivedKey(AUDIT_KEY), cursor).operations(),
                new JobsOperations(new Transactions(pools.admin()), jobs, handlers, roles, audit, cursor)
                        .operations()));
        Supplier<PermissionsVerticle> permissionsDoor = () -> new PermissionsVerticle(contract, roles, roles);
        Supplier<RolesVerticle> rolesDoor =
                () -> new RolesVerticle(new Transactions(pools.admin()), roles, epochs, audit, cursor);
        var segments = new Segments(
                vertx,
                streams,
                new Transactions(pools.worker()),
                config.segments(),
                new MessageIndexStore(pools.worker())::make);
        handlers.addAll(segments.jobs());
        var live = new LiveFeed(vertx, config.live());
        var observer = new SchemaObserver(vertx, new Transactions(pools.worker()), clock);
        observer.start();
        started.push(observer::stop);
        var pins = new Pins(pools.ingest(), epochs, observer);
        var traitRules = new TraitRules();
        var computed = new ComputedTraits(traitRules);
        var bonds = new Bonds(jobs::enqueue);
        var deriver = new Deriver(
                streams,
                webpush.addressBook(),
                computed,
                List.of(
                        new LedgerStage(),
                        new HabitsStage(),
                        webpush.promptStage(),
                        segments.stage(),
                        campaigns.stage(),
                        observer),
                live,
                bonds);
        handlers.add(new BondsJob(new Transactions(pools.worker()), deriver, webpush.addressBook()));
        handlers.add(new ComputeJob(new Transactions(pools.worker()), deriver));
        Supplier<CdpVerticle> cdpDoor = () -> new CdpVerticle(
                new Transactions(pools.admin()),
                streams,
                deriver,
                webpush.addressBook(),
                live,
                pins,
                new SchemasService(new Transactions(pools.admin()), epochs, audit, cursor),
                computed,
                new ComputedTraitsService(
                        new Transactions(pools.admin()),
                        deriver::enterAlone,
                        traitRules,
                        config.traits().computedPerWorkspace(),
                        jobs,
                        audit,
                        cursor),
                new TraitRulesService(new Transactions(pools.admin()), deriver::enterAlone, jobs, audit),
                new IdentityRulesService(new Transactions(pools.admin()), bonds, audit, epochs),
                bonds,
                users.credentials(),
                users.identities(),
                users.tenancy(),
                users.authorities(),
                audit,
                cursor,
                clock,
                this::baseUrl,
                jobs,
                PEOPLE,
                secrets.derivedKey("preferences"));
        var preferencePage = cdpDoor.get().preferencePage();
        var bitmaps = new Bitmaps(config.segments().cacheBytes());
        Supplier<SegmentsVerticle> segmentsDoor = () -> new SegmentsVerticle(
                new Transactions(pools.admin()),
                new Transactions(pools.analytics()),
                profiles,
                uploads,
                jobs,
                audit,
                cursor,
                bitmaps);
        var images = new Images(pools.admin(), config.images().cacheBytes());
        Supplier<TemplatesVerticle> templatesDoor = () -> new TemplatesVerticle(
                vertx,
                new Transactions(pools.admin()),
                renderer,
                profiles,
                roles,
                new Payload() {
                    @Override
                    public int octets(JsonObject content) {
                        return webpush.payloadOctets(content);
                    }

                    @Override
                    public int limit() {
                        return Webpush.PAYLOAD_LIMIT_OCTETS;
                    }
                },
                uploads,
                config.images(),
                this::baseUrl,
                audit,
                cursor);
        var explain = new Explain(new Transactions(pools.admin()), sending, messages, users.tenancy());
        Supplier<CepVerticle> cepDoor = () -> new CepVerticle(
                killSwitches,
                policies,
                explain,
                new DecisionsService(new Transactions(pools.admin()), profiles, cursor),
                new BestTimesService(new Transactions(pools.admin()), profiles),
                new PerformanceService(
                        new Transactions(pools.analytics()), new BestTimes(vertx, profiles, sending.policies())),
                new AdvisorService(new Transactions(pools.admin()), advisors, guard, secrets, users.tenancy(), audit),
                new AdvisorTrial(new Transactions(pools.admin()), explain, advisors),
                new Quotas(pools.admin()));
        Supplier<CampaignsVerticle> campaignsDoor = () -> campaigns.verticle(users.tenancy(), roles, audit, cursor);
        Supplier<WebpushVerticle> webpushDoor = () -> webpush.verticle(
                profiles, users.identities(), roles, messages, batches, jobs, uploads, streams, tokens, audit, cursor);
        BootCheck.requireSame(
                contract,
                Map.ofEntries(
                        Map.entry("platform", platformDoor.get().operations().keySet()),
                        Map.entry(
                                "permissions",
                                permissionsDoor.get().operations().keySet()),
                        Map.entry("roles", rolesDoor.get().operations().keySet()),
                        Map.entry("users", users.verticle().operations().keySet()),
                        Map.entry("cdp", cdpDoor.get().operations().keySet()),
                        Map.entry("segments", segmentsDoor.get().operations().keySet()),
                        Map.entry("templates", templatesDoor.get().operations().keySet()),
                        Map.entry("cep", cepDoor.get().operations().keySet()),
                        Map.entry("campaigns", campaignsDoor.get().operations().keySet()),
                        Map.entry("webpush", webpushDoor.get().operations().keySet())));

        var limits = new Limits(config, metrics.registry());
        limits.share(vertx, pools.admin(), secrets.derivedKey("rates"), metrics.registry());
        var perCore = new DeploymentOptions().setInstances(config.http().instances());
        var edge = new HttpVerticle.Edge(
                config,
                contract,
                openApi,
                users.credentials(),
                users.authorities(),
                limits,
                audit,
                uploads,
                router -> {
                    PersonalPages.mount(router, preferencePage);
                    PublicFiles.mount(router, (token, name) -> images.file(token, name)
                            .map(found -> found.map(file -> new PublicFiles.File(file.type(), file.content()))));
                    mountPages(router);
                },
                port::set);
        Supplier<Future<?>> workers = () -> config.has(Config.Role.WORKER)
                ? deployWorkers(node, streams, deriver, segments, secrets, handlers)
                : Future.succeededFuture();
        return deploy(
                        () -> new NodeVerticle(
                                pools.admin(), node, config.roles(), secrets.fingerprint(), limits::serving),
                        new DeploymentOptions())
                .compose(done -> live.start())
                .onSuccess(done -> started.push(live::stop))
                .compose(done -> workers.get())
                .compose(done -> deploy(platformDoor, perCore))
                .compose(done -> deploy(permissionsDoor, perCore))
                .compose(done -> deploy(rolesDoor, perCore))
                .compose(done -> deploy(users::verticle, perCore))
                .compose(done -> deploy(cdpDoor, perCore))
                .compose(done -> deploy(segmentsDoor, perCore))
                .compose(done -> deploy(templatesDoor, perCore))
                .compose(done -> deploy(cepDoor, perCore))
                .compose(done -> deploy(webpushDoor, perCore))
                .compose(done -> deploy(campaignsDoor, perCore))
                .compose(done -> deploy(() -> new HttpVerticle(edge), perCore))
                .compose(done -> listenForManagement());
    }

    private Future<?> deployWorkers(
            UUID node,
            Streams streams,
            Deriver deriver,
            Segments segments,
            Secrets secrets,
            List<JobHandler> handlers) {
        var workers = new Transactions(pools.worker());
        return deploy(
                        () -> new StreamKeeper(
                                pools.worker(),
                                streams,
                                config.stream(),
                                List.of(
                                        new StreamKeeper.Period(
                                                "cdp_event",
                                                86_400,
                                                config.retention().eventsDays()),
                                        new StreamKeeper.Period("ingest_seen", 43_200, 2),
                                        // What of the audit trail goes leaves a checkpoint: its keeper drops it.
                                        new StreamKeeper.Period("audit_event", AUDIT_SECONDS, 0),
                                        new StreamKeeper.Period("audit_detail", AUDIT_SECONDS, 0),
                                        new StreamKeeper.Period("audit_chain", AUDIT_SECONDS, 0),
                                        new StreamKeeper.Period(
                                                "jobs_done",
                                                86_400,
                                                config.jobs().keepDays()),
                                        new StreamKeeper.Period(
                                                "jobs_dead",
                                                86_400,
                                                config.jobs().deadKeepDays()))),
                        new DeploymentOptions())
                .compose(done -> deploy(
                        () -> new StreamConsumer(pools.worker(), "derive", "ingest", config.stream(), deriver::derive),
                        new DeploymentOptions().setInstances(config.stream().derivers())))
                .compose(done -> deploy(
                        () -> new StreamConsumer(
                                pools.worker(),
                                "segments",
                                "facts",
                                config.stream(),
                                config.segments().countMillis(),
                                segments::learn),
                        new DeploymentOptions()))
                .compose(done -> deploy(segments::timers, new DeploymentOptions()))
                .compose(done -> deploy(() -> new ComputedTimers(workers, deriver), new DeploymentOptions()))
                .compose(done -> deploy(
                        () -> new AlertsKeeper(
                                pools.worker(),
                                jobs,
                                config.alert().isMailed(config.smtp()),
                                config.alert().mailSeconds(),
                                metrics.registry()),
                        new DeploymentOptions()))
                .compose(done -> deploy(
                        () -> new Chainer(
                                pools.worker(),
                                secrets.derivedKey(AUDIT_KEY),
                                config.audit().chainMillis()),
                        new DeploymentOptions()))
                .compose(done ->
                        deploy(() -> new AuditWatch(pools.worker(), metrics.registry()), new DeploymentOptions()))
                .compose(done -> deploy(
                        () -> new JobsVerticle(
                                pools.worker(),
                                jobs,
                                config.jobs(),
                                node,
                                Duration.ofSeconds(config.http().shutdownSeconds()),
                                handlers,
                                metrics.registry()),
                        new DeploymentOptions()))
                .compose(done -> workers.run(tx -> jobs.enqueue(
                                tx,
                                List.of(LedgerKeeper.job(), AuditCheck.job(), TraitsJob.job(), LearnHabitsJob.job()))
                        .compose(asked -> segments.overdue(tx))
                        .compose(overdue -> jobs.enqueue(tx, overdue))
                        .compose(asked -> jobs.schedule(tx, LedgerKeeper.daily()))
                        .compose(known -> jobs.schedule(tx, LearnHabitsJob.hourly()))
                        .compose(known -> jobs.schedule(tx, IdempotencyKeeper.hourly()))
                        .compose(known -> jobs.schedule(tx, UploadsKeeper.hourly()))
                        .compose(known -> jobs.schedule(tx, PromptsKeeper.daily()))
                        .compose(known -> jobs.schedule(tx, TraitsJob.daily()))
                        .compose(known -> jobs.schedule(tx, AuditKeeper.daily()))
                        .compose(known -> jobs.schedule(tx, ForgetJob.daily()))
                        .compose(known -> jobs.schedule(tx, AuditCheck.hourly()))
                        .compose(known -> jobs.schedule(tx, segments.hourly()))));
    }

    private void mountPages(Router router) {
        var pages = new HealthPages(health, metrics);
        pages.mountHealth(router);
        if (config.http().managementPort() == 0) {
            pages.mountMetrics(router);
        }
        Pages.mount(router, contract);
        docs.mount(router);
        morePages.accept(router);
    }

    private Future<?> listenForManagement() {
        return config.http().managementPort() == 0
                ? Future.succeededFuture()
                : new HealthPages(health, metrics)
                        .listen(vertx, config.http().managementPort())
                        .onSuccess(server -> started.push(server::close));
    }

    private Future<?> deploy(Supplier<? extends Deployable> verticle, DeploymentOptions options) {
        return vertx.deployVerticle(verticle, options).onSuccess(id -> started.push(() -> vertx.undeploy(id)));
    }

    /** Takes nothing new, finishes what is open: the edge, the domains, the workers, each drained before the next. */
    public Future<?> stop() {
        Future<Void> chain = Future.succeededFuture();
        while (!started.isEmpty()) {
            var one = started.pop();
            chain = chain.compose(done -> one.get().<Void>mapEmpty().otherwiseEmpty());
        }
        return chain;
    }

    /** Where this node is reached. */
    public String baseUrl() {
        return config.baseUrl(port.get());
    }

    public FirstRun firstRun() {
        return firstRun;
    }

    /** What a newcomer needs next: where it is, what to paste into a page, how to sign in. */
    List<String> greeting() {
        var lines = new ArrayList<String>();
        lines.add("Fathi is ready at " + baseUrl());
        lines.add("Documents: " + baseUrl() + "/docs");
        lines.add("Write key: " + firstRun.writeKey());
        lines.add("Page:      <script async src=\"" + baseUrl() + "/sdk/fathi.js\" data-write-key=\""
                + firstRun.writeKey() + "\"></script>");
        lines.add("Worker:    /fathi-sw.js at the root of your site, with the line:  importScripts('" + baseUrl()
                + "/sdk/fathi-sw.js');");
        firstRun.printedPassword()
                .ifPresent(password -> lines.add("Sign in:   " + firstRun.adminEmail() + " with the password "
                        + password + " (shown this once)"));
        return lines;
    }
}
