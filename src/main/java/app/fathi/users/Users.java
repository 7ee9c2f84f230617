package app.fathi.users;

import app.fathi.platform.audit.Audit;
import app.fathi.platform.config.Config;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.jobs.JobHandler;
import app.fathi.platform.jobs.Jobs;
import app.fathi.platform.logging.Thrown;
import app.fathi.platform.outbound.Mailer;
import app.fathi.platform.outbound.OutboundClient;
import app.fathi.platform.outbound.OutboundGuard;
import app.fathi.platform.retention.Shorter;
import app.fathi.platform.security.Authorities;
import app.fathi.platform.security.Credentials;
import app.fathi.platform.security.Identities;
import app.fathi.platform.security.RecentSignIn;
import app.fathi.platform.security.Secrets;
import app.fathi.platform.security.SecurityEpochs;
import app.fathi.platform.security.Tenancy;
import app.fathi.roles.Roles;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The domain, put together: what a node has once, and the doors that share it. */
public final class Users {
    private static final Logger LOG = LoggerFactory.getLogger(Users.class);
    private static final long LAST_USED_MILLIS = TimeUnit.SECONDS.toMillis(15);
    private static final long PURGE_MILLIS = TimeUnit.MINUTES.toMillis(30);

    private final Vertx vertx;
    private final Pool pool;
    private final Passwords passwords;
    private final AccessTokens accessTokens;
    private final SigningKeys signingKeys;
    private final FirstStart firstStart;
    private final Workspaces workspaces;
    private final IdentityTokens identities;
    private final KnownCredentials credentials;
    private final SessionsService sessions;
    private final ApiKeysService apiKeys;
    private final WorkspacesService workspacesService;
    private final UsersService users;
    private final InvitationsService invitations;
    private final PasswordsService passwordsService;
    private final SecondFactorService secondFactor;
    private final SecondFactorGate gate;
    private final OutboundClient outbound;
    private final IdentityProvidersService providers;
    private final SignInsService signIns;
    private final IdentityKeyService identityKey;
    private final OneTimeLinks links;
    private final Secrets secrets;
    private volatile long lastUsedTimer = -1;
    private volatile long purgeTimer = -1;

    /**
     * @param secrets already opened
     * @param epochs already started
     * @param baseUrl where browsers reach this server
     */
    public Users(
            Vertx vertx,
            Config config,
            Pool pool,
            Secrets secrets,
            SecurityEpochs epochs,
            Roles roles,
            Audit audit,
            Cursor cursor,
            InstantSource clock,
            Jobs jobs,
            Supplier<String> baseUrl) {
        var security = config.security();
        var transactions = new Transactions(pool);
        var door = new LoginDoor(pool, security, secrets.derivedKey("login"));
        this.vertx = vertx;
        this.secrets = secrets;
        this.pool = pool;
        this.passwords = new Passwords(vertx, security);
        this.accessTokens = new AccessTokens(vertx, security.accessTokenSeconds());
        this.signingKeys = new SigningKeys(secrets);
        var newWorkspace = new NewWorkspace(secrets);
        this.firstStart = new FirstStart(transactions, config, newWorkspace, passwords, roles, signingKeys, audit);
        this.workspaces = new Workspaces(secrets, epochs);
        this.identities = new IdentityTokens(pool, workspaces, clock);
        var guard = new OutboundGuard(vertx, config.outbound());
        this.outbound = new OutboundClient(vertx, config.outbound(), guard, security.providerTimeoutSeconds());
        var documents = new ProviderDocuments(vertx, outbound, security, System::nanoTime);
        var foreignTokens = new ForeignTokens(vertx, documents, clock);
        this.credentials = new KnownCredentials(
                pool,
                epochs,
                accessTokens,
                new MachineTokens(pool, epochs, foreignTokens, documents, guard, roles, clock),
                clock);
        var factors = new SecondFactors(secrets, clock);
        var signedIn = new SignedIn(pool, passwords, door, factors, audit);
        this.gate = new SecondFactorGate(roles);
        this.secondFactor = new SecondFactorService(transactions, epochs, signedIn, factors, audit);
        this.sessions = new SessionsService(
                transactions,
                security,
                epochs,
                passwords,
                door,
                accessTokens,
                roles,
                workspaces,
                factors,
                audit,
                cursor);
        this.providers =
                new IdentityProvidersService(transactions, secrets, epochs, roles, guard, baseUrl, audit, cursor);
        this.signIns = new SignInsService(
                transactions,
                security,
                epochs,
                secrets.derivedKey("sign-in"),
                baseUrl,
                new OpenIdClient(pool, secrets, outbound, guard, documents, foreignTokens),
                sessions,
                factors,
                door,
                roles,
                audit);
        this.apiKeys = new ApiKeysService(transactions, secrets, epochs, roles, audit, cursor, clock);
        var recentSignIn = new RecentSignIn(Duration.ofSeconds(security.recentSignInSeconds()), clock);
        this.workspacesService = new WorkspacesService(
                transactions,
                secrets,
                epochs,
                roles,
                newWorkspace,
                recentSignIn,
                factors,
                config,
                clock,
                audit,
                cursor);
        this.identityKey = new IdentityKeyService(transactions, secrets, epochs, audit, clock);
        this.links = new OneTimeLinks(baseUrl, security);
        var mail = new SystemMail(config, jobs, secrets, clock);
        this.users = new UsersService(transactions, secrets, epochs, roles, links, mail, audit, cursor, clock);
        this.invitations = new InvitationsService(transactions, passwords, door, audit);
        this.passwordsService = new PasswordsService(transactions, epochs, passwords, door, signedIn, mail, audit);
    }

    /**
     * Makes the first workspace and its administrator when there are none, and reads the signing keys: to be done before
     * anybody is let in.
     */
    public Future<FirstRun> firstStart() {
        return passwords.prepare().compose(done -> firstStart.ensure()).compose(firstRun -> signingKeys
                .load(pool)
                .map(jwks -> {
                    accessTokens.use(jwks);
                    startTimers();
                    return firstRun;
                }));
    }

    private void startTimers() {
        lastUsedTimer = vertx.setPeriodic(LAST_USED_MILLIS, id -> credentials
                .writeLastUsed()
                .onFailure(failure -> LOG.warn("The last use of API keys cannot be noted: {}", Thrown.text(failure))));
        purgeTimer = vertx.setPeriodic(PURGE_MILLIS, id -> sessions.purge()
                .compose(done -> signIns.purge())
                .onFailure(failure -> LOG.warn("Old sessions cannot be removed: {}", Thrown.text(failure))));
    }

    /** Writes down what was not yet. */
    public Future<Void> close() {
        vertx.cancelTimer(lastUsedTimer);
        vertx.cancelTimer(purgeTimer);
        return credentials.writeLastUsed().eventually(outbound::close);
    }

    public Credentials credentials() {
        return credentials;
    }

    /** What a caller may do, as far as a missing second factor does not stand against it: for the edge. */
    public Authorities authorities() {
        return gate;
    }

    public Identities identities() {
        return identities;
    }

    /** What workspaces lay down for others. */
    public Tenancy tenancy() {
        return ws -> workspaces.rules(pool, ws);
    }

    /** What workspaces keep for a shorter time than the installation. */
    public Shorter shorter() {
        return workspaces.shorter();
    }

    public Workspaces workspaces() {
        return workspaces;
    }

    /** What its workers do. */
    public List<JobHandler> jobs(Transactions worker, Mailer mailer) {
        return List.of(new SendMailJob(worker, mailer, links, secrets));
    }

    /** One instance of the door; a node has one per core. */
    public UsersVerticle verticle() {
        return new UsersVerticle(
                sessions,
                apiKeys,
                workspacesService,
                users,
                invitations,
                passwordsService,
                secondFactor,
                providers,
                signIns,
                identityKey);
    }
}
