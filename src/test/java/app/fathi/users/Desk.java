package app.fathi.users;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.audit.Audit;
import app.fathi.platform.audit.AuditOperations;
import app.fathi.platform.bus.Bus;
import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Operations;
import app.fathi.platform.bus.PlatformVerticle;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.config.Config;
import app.fathi.platform.db.Cursor;
import app.fathi.platform.errors.Failures;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.http.Contract;
import app.fathi.platform.jobs.Jobs;
import app.fathi.platform.security.Caller;
import app.fathi.platform.security.Credentials.Presented;
import app.fathi.platform.security.Secrets;
import app.fathi.platform.security.SecurityEpochs;
import app.fathi.roles.Roles;
import app.fathi.testing.Closing;
import app.fathi.testing.Language;
import app.fathi.testing.QuickPasswords;
import app.fathi.testing.TestDatabase;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * This domain and the audit trail on a real database, spoken to over the bus as the edge does: credential, then authority,
 * then the verticle.
 */
final class Desk implements AutoCloseable {
    static final String EMAIL = "Ada@Fathi.test";
    static final String PASSWORD = "quite a long test password";

    final Vertx vertx = Vertx.vertx();
    final TestDatabase database;
    final Pool pool;
    final Config config;
    final Contract contract = Contract.load();
    final Secrets secrets;
    final SecurityEpochs epochs;
    final Roles roles;
    final Audit audit;
    final Users users;
    final FirstRun firstRun;
    private final boolean ownsDatabase;

    private Desk(
            TestDatabase database,
            boolean ownsDatabase,
            Path data,
            Map<String, String> settings,
            UnaryOperator<Config> passwords) {
        Language.aServerIsThere();
        this.database = database;
        this.ownsDatabase = ownsDatabase;
        Bus.prepare(vertx);
        pool = database.pool(vertx);
        var environment = new HashMap<>(Map.of(
                "FATHI_DATA_DIR", data.toString(), "FATHI_ADMIN_EMAIL", EMAIL, "FATHI_ADMIN_PASSWORD", PASSWORD));
        environment.putAll(settings);
        config = passwords.apply(Config.of(environment));
        secrets = Secrets.open(pool, config).await();
        epochs = new SecurityEpochs(vertx, pool, config.security());
        epochs.start().await();
        roles = new Roles(pool, epochs);
        audit = new Audit(vertx, pool, contract);
        var cursor = new Cursor(secrets.derivedKey("cursor"));
        users = new Users(
                vertx,
                config,
                pool,
                secrets,
                epochs,
                roles,
                audit,
                cursor,
                InstantSource.system(),
                new Jobs(vertx),
                () -> "http://desk.test");
        firstRun = users.firstStart().await();
        vertx.deployVerticle(users.verticle()).await();
        vertx.deployVerticle(new PlatformVerticle(
                        List.of(new AuditOperations(audit, secrets.derivedKey("audit"), cursor).operations())))
                .await();
    }

    static Desk open() {
        return open(Map.of());
    }

    static Desk open(Map<String, String> settings) {
        return new Desk(TestDatabase.create(), true, temporaryFolder(), settings, QuickPasswords::in);
    }

    /** Where hashing a password costs what it costs a server. */
    static Desk openInEarnest(Map<String, String> settings) {
        return new Desk(TestDatabase.create(), true, temporaryFolder(), settings, UnaryOperator.identity());
    }

    /** Another node on the same database. */
    Desk another() {
        return new Desk(database, false, Path.of(config.dataDir()), Map.of(), QuickPasswords::in);
    }

    Reply login(String email, String password) {
        return ask("login", Caller.ANONYMOUS, new JsonObject(), credentials(email, password), Map.of());
    }

    Reply login(String email, String password, String address) {
        return ask("login", Caller.ANONYMOUS, new JsonObject(), credentials(email, password), Map.of(), address);
    }

    /**
     * Five attempts are free, as {@code security.loginFailures} says; each that comes too early then is told to wait, and
     * the wait grows. How many fit before depends on how fast this machine is.
     *
     * @param wrong an attempt that fails
     */
    static void assertSlowedDown(Kind failure, IntFunction<Reply> wrong) {
        for (int i = 0; i < 5; i++) {
            assertThat(kind(wrong.apply(i))).isEqualTo(failure);
        }
        int late = 0;
        var answer = wrong.apply(5);
        while (kind(answer) != Kind.RATE_LIMITED) {
            assertThat(++late).as("late attempts that were let in").isLessThan(6);
            answer = wrong.apply(5 + late);
        }
        assertThat(answer.problem().retryAfterSeconds().getAsInt()).isBetween(1, 900);
    }

    static JsonObject credentials(String email, String password) {
        return new JsonObject().put("email", email).put("password", password);
    }

    /** The administrator's tokens. */
    JsonObject tokens() {
        return json(login(EMAIL, PASSWORD));
    }

    Caller admin() {
        return bearer(tokens().getString("accessToken"));
    }

    Caller bearer(String token) {
        return users.credentials().authenticate(new Presented.Bearer(token)).await();
    }

    /** The problem with this credential, null when it is good. */
    Kind refusal(Presented presented) {
        return users.credentials()
                .authenticate(presented)
                .transform(done -> Future.succeededFuture(
                        done.succeeded()
                                ? null
                                : Failures.toProblem(done.cause()).kind()))
                .await();
    }

    Kind refusal(String bearer) {
        return refusal(new Presented.Bearer(bearer));
    }

    Reply ask(String operation, Caller caller) {
        return ask(operation, caller, new JsonObject(), null, Map.of());
    }

    Reply ask(String operation, Caller caller, JsonObject parameters, JsonObject json, Map<String, String> headers) {
        return ask(operation, caller, parameters, json, headers, "192.0.2.7");
    }

    private Reply ask(
            String operation,
            Caller caller,
            JsonObject parameters,
            JsonObject json,
            Map<String, String> headers,
            String address) {
        var all = new JsonObject();
        contract.operations().get(operation).queryDefaults().forEach(all::put);
        all.mergeIn(parameters);
        var call = new Call(
                operation,
                caller,
                all,
                json,
                json == null ? null : json.toBuffer(),
                headers,
                address,
                "request-" + operation,
                System.nanoTime() + TimeUnit.SECONDS.toNanos(30));
        var permission = contract.operations().get(operation).permission();
        if (!permission.equals("public") && !permission.equals("authenticated") && !isPermitted(caller, permission)) {
            return Reply.problem(Problem.of(Kind.FORBIDDEN, permission));
        }
        return vertx.eventBus()
                .<Reply>request(
                        Operations.address(contract.operations().get(operation).domain()),
                        call,
                        // Many hashes at once take their time on a busy machine.
                        new DeliveryOptions().setSendTimeout(TimeUnit.MINUTES.toMillis(2)))
                .await()
                .body();
    }

    /** As the edge asks. */
    private boolean isPermitted(Caller caller, String permission) {
        return users.authorities()
                .permits(caller, permission)
                .recover(refused -> Future.succeededFuture(false))
                .await();
    }

    static JsonObject json(Reply reply) {
        assertThat(reply.problem()).isNull();
        return reply.body().toJsonObject();
    }

    static Kind kind(Reply reply) {
        assertThat(reply.problem()).as("a problem, not %s", reply).isNotNull();
        return reply.problem().kind();
    }

    /** A staff account with this role in the workspace. */
    Caller member(int ws, String role) {
        var id = UUID.randomUUID();
        execute(
                "INSERT INTO users_account (id, email, email_folded, name, password_hash) SELECT $1, $2, $2, $3, password_hash FROM users_account LIMIT 1",
                Tuple.of(id, id + "@fathi.test", role));
        execute("INSERT INTO users_membership (account, ws) VALUES ($1, $2)", Tuple.of(id, ws));
        execute("INSERT INTO roles_assignment (ws, account, role) VALUES ($1, $2, $3)", Tuple.of(ws, id, role));
        return bearer(json(login(id + "@fathi.test", PASSWORD)).getString("accessToken"));
    }

    /** A second workspace with an administrator of its own. */
    Caller adminOfAnotherWorkspace() {
        var id = UUID.randomUUID();
        var ws = rows(
                        "INSERT INTO users_workspace (id, name, timezone, language, identity_key) VALUES ($1, 'Other', 'UTC', 'en', '') RETURNING no",
                        Tuple.of(id))
                .getFirst()
                .getInteger("no");
        var sealed = pool.withTransaction(tx -> secrets.workspaceKey(tx, ws))
                .await()
                .seal(Workspace.identityKeyPlace(id), new byte[32]);
        execute("UPDATE users_workspace SET identity_key = $2 WHERE no = $1", Tuple.of(ws, Buffer.buffer(sealed)));
        return member(ws, "administrator");
    }

    /** So many at once, each on a thread of its own. */
    static <T> List<T> inParallel(int times, IntFunction<T> work) {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var running = IntStream.range(0, times)
                    .mapToObj(i -> threads.submit(() -> work.apply(i)))
                    .toList();
            var results = new ArrayList<T>();
            for (var each : running) {
                results.add(each.get());
            }
            return results;
        } catch (ExecutionException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    void execute(String sql, Tuple tuple) {
        pool.preparedQuery(sql).execute(tuple).await();
    }

    List<Row> rows(String sql, Tuple tuple) {
        var rows = new ArrayList<Row>();
        pool.preparedQuery(sql).execute(tuple).await().forEach(rows::add);
        return rows;
    }

    @Override
    public void close() {
        epochs.stop();
        users.close().await();
        Closing.close(vertx);
        if (ownsDatabase) {
            database.close();
        }
        Language.aServerIsGone();
    }

    private static Path temporaryFolder() {
        try {
            return Files.createTempDirectory("fathi-desk");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
