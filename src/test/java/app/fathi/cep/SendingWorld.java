package app.fathi.cep;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.cdp.Profiles;
import app.fathi.cep.advisor.Advisors;
import app.fathi.cep.audiences.ExpandJob;
import app.fathi.cep.audiences.Spread;
import app.fathi.cep.besttime.BestTimes;
import app.fathi.cep.besttime.LearnHabitsJob;
import app.fathi.cep.message.Audience;
import app.fathi.cep.message.MessageRequest;
import app.fathi.cep.message.MessageStatus;
import app.fathi.cep.message.Reason;
import app.fathi.cep.message.State;
import app.fathi.cep.message.Taken;
import app.fathi.cep.message.TrackingTokens;
import app.fathi.cep.message.Urgency;
import app.fathi.cep.policies.PolicyRows;
import app.fathi.cep.sending.SendJob;
import app.fathi.cep.sending.SendPool;
import app.fathi.cep.sending.Sending;
import app.fathi.platform.config.Config;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.jobs.Jobs;
import app.fathi.platform.jobs.JobsVerticle;
import app.fathi.platform.outbound.OutboundGuard;
import app.fathi.platform.security.Secrets;
import app.fathi.segments.Audiences;
import app.fathi.templates.Renderer;
import app.fathi.templates.Templates;
import app.fathi.testing.Closing;
import app.fathi.testing.TestDatabase;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The sending side of a node on a real database, with a scripted channel and real jobs. */
public final class SendingWorld implements AutoCloseable {
    public static final int WS = 7;

    /** That questions to the workspace's own service are signed with. */
    public static final byte[] SECRET = new byte[32];

    private static final Map<String, String> QUICK = Map.of(
            "FATHI_JOBS_POLL_MILLIS", "20",
            "FATHI_JOBS_LEASE_SECONDS", "2",
            "FATHI_JOBS_BACKOFF_MILLIS", "50",
            "FATHI_SEND_BACKOFF_MILLIS", "20",
            "FATHI_SEND_CHUNK_PROFILES", "50",
            "FATHI_SEND_WINDOW_MESSAGES", "16",
            "FATHI_OUTBOUND_ALLOW", "127.0.0.0/8",
            "FATHI_OUTBOUND_PLAINTEXT", "true",
            "FATHI_MASTER_KEY", Base64.getEncoder().encodeToString(new byte[32]));

    public final TestDatabase database = TestDatabase.create();
    public final Vertx vertx = Vertx.vertx();
    public final Pool pool = database.pool(vertx);
    private final Jobs jobs = new Jobs(vertx);
    public final Transactions transactions = new Transactions(pool);
    public final ScriptedChannel channel = new ScriptedChannel();
    public final TrackingTokens tokens = new TrackingTokens(new byte[32]);
    public final Config config;
    public final Audiences audiences;
    public final Messages messages;
    public final Batches batches;
    private final SendPool sendPool;
    private final Sending sending;
    private final Secrets secrets;
    private final Advisors advisors;
    public final MeterRegistry registry = new SimpleMeterRegistry();
    private int people;

    public SendingWorld() {
        this(Map.of());
    }

    public SendingWorld(Map<String, String> settings) {
        var environment = new HashMap<>(QUICK);
        environment.putAll(settings);
        config = Config.of(environment);
        sendPool = new SendPool(config.send());
        audiences = new Audiences(transactions);
        secrets = Secrets.open(pool, config).await();
        var guard = new OutboundGuard(vertx, config.outbound());
        advisors = new Advisors(vertx, pool, secrets, config, guard, UUID.randomUUID(), registry);
        sending = sending();
        messages = new Messages(sending, jobs, audiences);
        batches = new Batches(messages, sending);
    }

    private Sending sending() {
        var renderer = new Renderer(config.render());
        return new Sending(
                vertx,
                transactions,
                new Profiles(),
                audiences,
                renderer,
                new Templates(renderer),
                sendPool,
                tokens,
                advisors,
                config,
                List.of(channel),
                registry);
    }

    public Explain explain() {
        return new Explain(transactions, sending, messages, null);
    }

    public BestTimes bestTimes() {
        return new BestTimes(vertx, sending.profiles(), sending.policies());
    }

    /** Learns of all that can be learned of now. Needs workers. */
    public void learnHabits() {
        transactions.run(tx -> jobs.enqueue(tx, List.of(LearnHabitsJob.job()))).await();
        await(() -> rows("SELECT FROM jobs WHERE type = 'cep.learnHabits'").isEmpty());
    }

    /** Lays policies down; whoever has asked for them already knows within a second. */
    public void policies(JsonObject document) {
        int version = rows("SELECT count(*)::int AS n FROM cep_policies WHERE ws = " + WS)
                .getFirst()
                .getInteger("n");
        PolicyRows.layDown(transactions, sending.policies(), WS, version, document);
    }

    /** From now on the workspace's own service is asked, of messages of these purposes; null for all. */
    public void advisor(String url, String... purposes) {
        advisor(WS, url, purposes);
    }

    public void advisor(int ws, String url, String... purposes) {
        transactions
                .run(tx -> secrets.workspaceKey(tx, ws).compose(key -> tx.preparedQuery(
                                """
                                INSERT INTO cep_advisor AS a (ws, version, url, purposes, secret) VALUES ($1, 1, $2, $3, $4)
                                ON CONFLICT (ws) DO UPDATE SET version = a.version + 1, url = excluded.url, purposes = excluded.purposes
                                """)
                        .execute(Tuple.of(
                                ws,
                                url,
                                purposes.length == 0 ? null : purposes,
                                Buffer.buffer(key.seal("cep_advisor.secret|" + ws, SECRET))))))
                .await();
        advisors.forget(ws);
    }

    /** Deliveries of all messages by reason, as the metrics tell them. */
    private Map<Reason, Long> counted() {
        return Stream.of(Reason.values())
                .filter(reason -> reason.finalState() != null)
                .collect(Collectors.toMap(Function.identity(), reason -> (long) registry.get("deliveries")
                        .tags(
                                "reason",
                                reason.word(),
                                "state",
                                reason.finalState().word())
                        .counter()
                        .count()));
    }

    /** The same, as the ledger has them. */
    private Map<Reason, Long> ended() {
        var ended = Stream.of(Reason.values())
                .filter(reason -> reason.finalState() != null)
                .collect(Collectors.toMap(Function.identity(), reason -> 0L));
        rows("SELECT reason, count(*) AS n FROM cep_message WHERE state >= 2 GROUP BY reason")
                .forEach(row -> ended.put(Reason.of(row.getShort("reason")), row.getLong("n")));
        return ended;
    }

    /** From now on jobs are done. */
    public String startWorkers() {
        return startWorkers(sending);
    }

    /** As another node does them: it knows of the others what the database says, and nothing more. */
    public String startAnotherNode() {
        return startWorkers(sending());
    }

    private String startWorkers(Sending sending) {
        return vertx.deployVerticle(new JobsVerticle(
                        pool,
                        jobs,
                        config.jobs(),
                        UUID.randomUUID(),
                        Duration.ofSeconds(5),
                        List.of(
                                new SendJob(sending, audiences),
                                new ExpandJob(
                                        transactions,
                                        new Spread(vertx, sending.profiles(), sending.policies()),
                                        jobs,
                                        audiences,
                                        config.send()),
                                new LearnHabitsJob(transactions, new Profiles(), config.bestTime())),
                        registry))
                .await();
    }

    /** A person with the userId {@code u<number>} and this many devices; answers the number. */
    public int person(int devices, JsonObject traits) {
        int no = people++;
        int given = transactions
                .run(tx -> new Profiles().reach(tx, WS, "u" + no, null))
                .await()
                .profileNo();
        assertThat(given).as("numbers are given in order").isEqualTo(no);
        pool.preparedQuery("UPDATE cdp_profile SET traits = $3 WHERE ws = $1 AND profile_no = $2")
                .execute(Tuple.of(WS, no, traits))
                .await();
        for (int i = 0; i < devices; i++) {
            channel.subscribe(no);
        }
        return no;
    }

    public List<String> people(int count, int devices) {
        var userIds = new ArrayList<String>();
        for (int i = 0; i < count; i++) {
            userIds.add("u" + person(devices, new JsonObject()));
        }
        return userIds;
    }

    public static MessageRequest to(List<String> userIds) {
        return request(new Audience.Users(userIds));
    }

    public static MessageRequest request(Audience audience) {
        return new MessageRequest(
                audience,
                new JsonObject().put("title", "Hello"),
                "marketing",
                3_600,
                Urgency.NORMAL,
                null,
                null,
                null,
                null,
                null,
                true,
                false);
    }

    public Taken request(MessageRequest request) {
        return transactions.run(tx -> messages.request(tx, WS, request)).await();
    }

    public MessageStatus status(UUID id) {
        return messages.status(pool, WS, id).await();
    }

    public MessageStatus awaitState(UUID id, String state) {
        await(() -> status(id).state().equals(state));
        return status(id);
    }

    /** Waits for something that must come. */
    public void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("It did not come; the ledger holds " + ledger());
            }
            vertx.timer(10).await();
        }
    }

    /** Rows of the ledger by {@code state/reason}. */
    public Map<String, Integer> ledger() {
        var counts = new TreeMap<String, Integer>();
        for (var row : rows("SELECT state, reason FROM cep_message")) {
            var reason = row.getShort("reason");
            counts.merge(
                    State.of(row.getShort("state")).word() + "/"
                            + (reason == null ? null : Reason.of(reason).word()),
                    1,
                    Integer::sum);
        }
        return counts;
    }

    public List<Row> rows(String sql) {
        return pool.query(sql).execute().await().stream().toList();
    }

    public void execute(String sql) {
        pool.query(sql).execute().await();
    }

    /** What GET says, computed from the ledger's rows instead of the increments. */
    public void countsEqualTheLedger(UUID id) {
        await(() -> counted().equals(ended()));
        var status = status(id);
        var row =
                rows("""
                        SELECT r.planned,
                               r.planned - count(m.run) FILTER (WHERE m.rank = 0)
                                 + count(*) FILTER (WHERE m.state < 2) AS waiting,
                               count(*) FILTER (WHERE m.state = 2) AS accepted,
                               count(*) FILTER (WHERE m.state = 3) AS failed,
                               count(*) FILTER (WHERE m.state = 4) AS skipped,
                               count(m.shown_at) AS shown, count(m.clicked_at) AS clicked, count(m.closed_at) AS closed
                        FROM cep_run r LEFT JOIN cep_message m ON m.run = r.run
                        WHERE r.id = '%s' GROUP BY r.run
                        """
                                .formatted(id))
                        .getFirst();
        var expected = new HashMap<String, Long>();
        for (var name : List.of("planned", "waiting", "accepted", "failed", "skipped", "shown", "clicked", "closed")) {
            expected.put(name, row.getLong(name));
        }
        var reasons = new HashMap<String, Long>();
        for (var reason : rows(
                """
                SELECT reason, count(*) AS n FROM cep_message m JOIN cep_run r ON r.run = m.run
                WHERE r.id = '%s' AND m.state >= 2 GROUP BY reason
                """
                        .formatted(id))) {
            reasons.put(Reason.of(reason.getShort("reason")).word(), reason.getLong("n"));
        }
        assertThat(status.counts()).isEqualTo(expected);
        assertThat(status.reasons()).isEqualTo(reasons);
    }

    public <T> T run(Function<SqlConnection, Future<T>> work) {
        return transactions.run(work).await();
    }

    @Override
    public void close() {
        Closing.close(vertx);
        sendPool.close();
        database.close();
    }
}
