package app.fathi.crash;

import static app.fathi.crash.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.crash.CrashWorld.Crowd;
import app.fathi.testing.FakePushService;
import app.fathi.testing.TestDatabase;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** Two nodes on one database: one meets its fate in the middle of a message to everybody, the other ends what it began. */
public final class TwoNodes implements AutoCloseable {
    /** Nobody waits for them to run out: what is given up must be given up at once. */
    public static final Map<String, String> LONG_LEASES = Map.of("FATHI_JOBS_LEASE_SECONDS", "3600");

    /** Nothing else than the leases and what belongs to them sets a frozen process's work free. */
    public static final Map<String, String> LEASES_ALONE =
            Map.of("FATHI_DB_STATEMENT_TIMEOUT_SECONDS", "3600", "FATHI_DB_IDLE_TRANSACTION_SECONDS", "3");

    private static final int EXIT_SECONDS = 30;

    final TestDatabase database;
    final CrashWorld world;
    final Node survivor;

    private TwoNodes(TestDatabase database, CrashWorld world, Node survivor) {
        this.database = database;
        this.world = world;
        this.survivor = survivor;
    }

    /** Everybody is subscribed then, and the survivor runs. */
    public static TwoNodes start(Path folder, Crowd crowd, Map<String, String> more) {
        var database = TestDatabase.create();
        var settings = new HashMap<>(database.environment());
        settings.putAll(more);
        var world = new CrashWorld(folder, settings, crowd, FakePushService.Options.usual());
        var survivor = world.start("survivor", Map.of()).awaitReady();
        world.subscribeEverybody(survivor);
        return new TwoNodes(database, world, survivor);
    }

    /** By {@code kill -9}, at any moment: nothing is lost, and only what was on its way is repeated. */
    public void oneIsKilled(Random random) {
        int requests = moment(random);
        var round = Round.of(world);
        try (var victim = world.start("victim", Map.of())) {
            victim.awaitReady();
            var sent = world.send(victim, survivor);
            world.awaitRequests(sent, requests);
            var ambiguous = kill(victim);
            world.awaitCompleted(survivor, sent);
            account(round, "kill -9", requests, sent, ambiguous);
        }
    }

    /** The same of a campaign that the victim has launched. */
    public void oneIsKilledInACampaign(Random random) {
        int requests = moment(random);
        var round = Round.of(world);
        try (var victim = world.start("victim", Map.of())) {
            victim.awaitReady();
            var campaign = Campaign.plan(world, survivor).launch(victim).awaitRequests(world, requests);
            var ambiguous = kill(victim);
            campaign.awaitCompleted(survivor);
            account(round, "kill -9 in a campaign", requests, campaign.sent(survivor), ambiguous);
        }
    }

    private Set<String> kill(Node victim) {
        victim.process().kill();
        return Ambiguous.leftBy(victim.process().pid(), database.address());
    }

    private void account(Round round, String fate, int requests, CrashWorld.Sent sent, Set<String> ambiguous) {
        var oracle = Oracle.of(world, survivor, sent);
        round.saw(oracle, "%s after %d requests left %d on their way", fate, requests, ambiguous.size());
        oracle.nothingIsLost().onlyTheseWereSentAgain(ambiguous).countersEqualTheLedger();
    }

    /** By SIGTERM: it hands over without a single repetition; with {@link #LONG_LEASES}. */
    public void oneIsTerminated(Random random) {
        int requests = moment(random);
        var round = Round.of(world);
        try (var leaver = world.start("leaver", Map.of())) {
            leaver.awaitReady();
            var sent = world.send(leaver, survivor);
            world.awaitRequests(sent, requests);
            long asked = System.nanoTime();
            leaver.process().terminate();
            assertThat(leaver.process().awaitExit()).as("exit code").isZero();
            double seconds = (System.nanoTime() - asked) * 1e-9;
            assertThat(leaver.process().errors()).isEmpty();

            world.awaitCompleted(survivor, sent);
            var oracle = Oracle.of(world, survivor, sent);
            round.saw(oracle, "SIGTERM after %d requests, gone in %.1f s", requests, seconds);
            assertThat(seconds).as("seconds from SIGTERM to the exit").isLessThan(EXIT_SECONDS);
            oracle.nothingIsLost().onlyTheseWereSentAgain(Set.of()).countersEqualTheLedger();
        }
    }

    /** For longer than its leases last, with {@link #LEASES_ALONE}; then it goes on, writes nothing stale and sends nothing more. */
    public void oneFreezes(Random random) {
        int requests = moment(random);
        var round = Round.of(world);
        try (var sleeper = world.start("sleeper", Map.of())) {
            sleeper.awaitReady();
            var sent = world.send(sleeper, survivor);
            world.awaitRequests(sent, requests);
            sleeper.process().freeze();
            var ambiguous = Ambiguous.leftBy(sleeper.process().pid(), database.address());
            world.awaitCompleted(survivor, sent);
            var ledger = ledger();
            int taken = world.push.receipts().size();

            sleeper.process().thaw();
            awaitFenced(sleeper);
            int more = world.push.receipts().size() - taken;
            var oracle = Oracle.of(world, survivor, sent);
            round.saw(
                    oracle,
                    "frozen after %d requests with %d on their way, %d after waking",
                    requests,
                    ambiguous.size(),
                    more);
            assertThat(more).as("sent after waking").isZero();
            assertThat(ledger()).as("the ledger").isEqualTo(ledger);
            oracle.nothingIsLost().onlyTheseWereSentAgain(ambiguous).countersEqualTheLedger();
        }
    }

    /** While both still have something to do. */
    private int moment(Random random) {
        world.push.forgetReceipts();
        return 1 + random.nextInt(world.crowd().devices() / 2);
    }

    private static void awaitFenced(Node sleeper) {
        try {
            eventually(
                    "the sleeper knows that its leases are lost",
                    () -> sleeper.metric("fathi_jobs_fenced_total") > 0 && sleeper.metric("fathi_jobs_running") == 0);
        } catch (AssertionError stuck) {
            throw new AssertionError(
                    stuck.getMessage() + "\n" + sleeper.process().threads(), stuck);
        }
    }

    /** All that is written about messages, as text. */
    private List<String> ledger() {
        var rows = new ArrayList<String>();
        try (var connection = connection();
                var statement = connection.createStatement()) {
            for (var table : List.of("cep_run", "cep_chunk", "cep_message", "cep_run_delta")) {
                var all = statement.executeQuery("SELECT t::text FROM " + table + " t ORDER BY 1");
                while (all.next()) {
                    rows.add(all.getString(1));
                }
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        return rows;
    }

    Connection connection() throws SQLException {
        var address = database.address();
        return DriverManager.getConnection(address.jdbcUrl(), address.user(), address.password());
    }

    @Override
    public void close() {
        survivor.close();
        world.close();
        database.close();
    }
}
