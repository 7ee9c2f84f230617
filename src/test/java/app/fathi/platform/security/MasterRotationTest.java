package app.fathi.platform.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.config.Config;
import app.fathi.platform.config.ConfigException;
import app.fathi.platform.config.StartException;
import app.fathi.platform.security.MasterRotation.Step;
import app.fathi.testing.Eventually;
import app.fathi.testing.TestDatabase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Tuple;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Another master key: whoever is interrupted begins again, and at every moment the installation opens. */
class MasterRotationTest {
    private static final List<Step> BY_FILE = List.of(Step.MAKE, Step.BEGIN, Step.SWAP, Step.FINISH);
    private static final List<Integer> WORKSPACES = List.of(0, 1, 2);

    @TempDir
    Path data;

    private final Vertx vertx = Vertx.vertx();
    private TestDatabase database;
    private Pool pool;
    private final Map<Integer, byte[]> sealed = new TreeMap<>();

    @BeforeEach
    void start() {
        database = TestDatabase.create();
        pool = database.pool(vertx);
        database.execute("INSERT INTO users_workspace (id, name, timezone, language, identity_key)"
                + " VALUES (gen_random_uuid(), 'Main', 'UTC', 'en', '')");
    }

    @AfterEach
    void stop() {
        vertx.close().await();
        database.close();
    }

    private Config withFile() {
        return Config.of(Map.of("FATHI_DATA_DIR", data.toString()));
    }

    private Config with(String key) {
        return Config.of(Map.of("FATHI_DATA_DIR", data.toString(), "FATHI_MASTER_KEY", key));
    }

    private static String key(int fill) {
        var key = new byte[32];
        Arrays.fill(key, (byte) fill);
        return Base64.getEncoder().encodeToString(key);
    }

    private Secrets open(Config config) {
        return Secrets.open(pool, config).await();
    }

    private WorkspaceKey key(Secrets secrets, int ws) {
        return pool.withTransaction(tx -> secrets.workspaceKey(tx, ws)).await();
    }

    private static byte[] plain(int ws) {
        return ("the secret of " + ws).getBytes(StandardCharsets.UTF_8);
    }

    private void fill(Secrets secrets) {
        WORKSPACES.forEach(ws -> sealed.put(ws, key(secrets, ws).seal("t.c|1", plain(ws))));
    }

    private void assertOpensAll(Secrets secrets) {
        sealed.forEach(
                (ws, each) -> assertThat(key(secrets, ws).open("t.c|1", each)).isEqualTo(plain(ws)));
    }

    private <T> T inTransaction(Work<T> work) {
        try (var connection = database.address().connect()) {
            connection.setAutoCommit(false);
            var result = work.run(connection);
            connection.commit();
            return result;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private interface Work<T> {
        T run(Connection connection) throws SQLException;
    }

    private Step next(Config config) {
        return inTransaction(new MasterRotation(config)::next);
    }

    /** Does what comes next as the tool does it; the step is empty-handed where it is somebody else's turn. */
    private Step step(Config config) {
        var rotation = new MasterRotation(config);
        var step = next(config);
        switch (step) {
            case MAKE -> rotation.make();
            case BEGIN ->
                inTransaction(tx -> {
                    rotation.begin(tx);
                    return step;
                });
            case SWAP -> rotation.swap();
            case FINISH -> {
                int keys = inTransaction(tx -> rotation.finish(tx, done -> {}));
                assertThat(keys).isEqualTo(sealed.size());
            }
            case TIDY -> rotation.tidy();
            case SET_ENVIRONMENT, RESTART_NODES -> {}
        }
        return step;
    }

    private String file(String name) throws Exception {
        return Files.readString(data.resolve(name)).strip();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void whoever_is_killed_after_so_many_steps_begins_again_and_comes_to_the_end(int after) throws Exception {
        var first = open(withFile());
        fill(first);
        var old = file("master.key");
        var cursor = first.derivedKey("cursor");
        for (int n = 0; n < after; n++) {
            assertThat(step(withFile())).isEqualTo(BY_FILE.get(n));
            assertOpensAll(open(withFile()));
            assertThat(open(withFile()).derivedKey("cursor")).isEqualTo(cursor);
            // Until the end a copy of the old key works as well.
            assertOpensAll(open(with(old)));
        }
        for (int n = after; n < BY_FILE.size(); n++) {
            assertThat(step(withFile())).isEqualTo(BY_FILE.get(n));
        }
        new MasterRotation(withFile()).tidy();
        assertThat(file("master.key")).isNotEqualTo(old);
        assertThat(data.resolve("master.key.next")).doesNotExist();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(data.resolve("master.key"))))
                .isEqualTo("rw-------");
        try (var files = Files.list(data)) {
            var aside = files.filter(file -> file.getFileName().toString().startsWith("master.key.before-"))
                    .toList();
            assertThat(aside).hasSize(1);
            assertThat(Files.readString(aside.getFirst()).strip()).isEqualTo(old);
        }
        assertOpensAll(open(withFile()));
        assertThat(open(withFile()).derivedKey("cursor"))
                .as("cursors, tracking tokens and signatures stay good")
                .isEqualTo(cursor);
        assertThatThrownBy(() -> open(with(old)))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("master key is wrong");
    }

    @Test
    void nodes_are_started_anew_one_by_one_and_work_side_by_side_until_the_end() throws Exception {
        var oldNode = open(with(key(1)));
        fill(oldNode);
        assertThat(step(with(key(1)))).isEqualTo(Step.MAKE);
        assertThat(step(with(key(1)))).isEqualTo(Step.BEGIN);
        assertThat(step(with(key(1)))).isEqualTo(Step.SET_ENVIRONMENT);
        var made = file("master.key.next");
        var newNode = open(with(made));
        assertOpensAll(newNode);
        // Each makes keys that the other opens.
        sealed.put(7, key(oldNode, 7).seal("t.c|1", plain(7)));
        sealed.put(8, key(newNode, 8).seal("t.c|1", plain(8)));
        assertOpensAll(oldNode);
        assertOpensAll(newNode);
        assertThat(newNode.derivedKey("audit")).isEqualTo(oldNode.derivedKey("audit"));

        node("old", oldNode);
        node("new", newNode);
        assertThat(step(with(made))).isEqualTo(Step.RESTART_NODES);
        assertThat(inTransaction(new MasterRotation(with(made))::others)).containsExactly("old/1");
        database.execute("UPDATE node SET seen_at = now() - interval '31 seconds' WHERE host = 'old'");
        assertThat(step(with(made))).isEqualTo(Step.FINISH);
        assertThat(step(with(made))).as("killed before it tidied up").isEqualTo(Step.TIDY);
        assertThat(data.resolve("master.key.next")).doesNotExist();

        newNode.stillRight(pool).await();
        sealed.put(9, key(newNode, 9).seal("t.c|1", plain(9)));
        assertOpensAll(open(with(made)));
        // Who was overlooked goes on with what it knows, says that it is not ready, and makes nothing that others
        // cannot open.
        assertThatThrownBy(() -> oldNode.stillRight(pool).await()).hasMessageContaining("was changed: start this node");
        assertThat(key(oldNode, 1).open("t.c|1", sealed.get(1))).isEqualTo(plain(1));
        assertThatThrownBy(() -> key(oldNode, 10)).hasMessageContaining("was changed: start this node");
    }

    private void node(String host, Secrets secrets) {
        database.execute("INSERT INTO node (id, host, pid, roles, version, master) VALUES ('" + UUID.randomUUID()
                + "', '" + host + "', 1, '{worker}', 'x', '" + secrets.fingerprint() + "')");
    }

    @Test
    void a_new_key_that_was_lost_before_anybody_used_it_is_made_again() throws Exception {
        fill(open(withFile()));
        step(withFile());
        step(withFile());
        Files.delete(data.resolve("master.key.next"));
        assertThat(step(withFile())).isEqualTo(Step.MAKE);
        assertThat(step(withFile())).isEqualTo(Step.BEGIN);
        assertThat(step(withFile())).isEqualTo(Step.SWAP);
        assertThat(step(withFile())).isEqualTo(Step.FINISH);
        assertOpensAll(open(withFile()));
    }

    @Test
    void a_new_key_that_nodes_use_is_not_made_again() throws Exception {
        fill(open(with(key(1))));
        step(with(key(1)));
        step(with(key(1)));
        node("new", open(with(file("master.key.next"))));
        Files.delete(data.resolve("master.key.next"));
        step(with(key(1)));
        assertThatThrownBy(() -> step(with(key(1))))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("new/1");
    }

    @Test
    void who_has_neither_key_changes_nothing() {
        fill(open(with(key(1))));
        assertThatThrownBy(() -> next(with(key(2))))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("is not the one that this database was sealed with");
        assertThat(data.resolve("master.key.next")).doesNotExist();
    }

    @Test
    void a_key_that_is_made_while_the_change_ends_is_sealed_with_the_right_one() throws Exception {
        fill(open(withFile()));
        BY_FILE.subList(0, 3).forEach(step -> assertThat(step(withFile())).isEqualTo(step));
        var node = open(withFile());
        var tx = pool.getConnection().await();
        tx.begin().await();
        sealed.put(5, node.workspaceKey(tx, 5).await().seal("t.c|1", plain(5)));
        var finishing = CompletableFuture.supplyAsync(() -> step(withFile()));
        Eventually.eventually(
                "the end waits for the key",
                () -> pool.query("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
                        .execute()
                        .await()
                        .iterator()
                        .next()
                        .getLong(0),
                waiting -> waiting > 0);
        tx.transaction().commit().await();
        tx.close().await();
        assertThat(finishing.join()).isEqualTo(Step.FINISH);
        assertOpensAll(open(withFile()));
    }

    @Test
    void an_installation_from_before_keeps_what_was_derived_from_its_first_key() {
        var master = MasterKey.decode(key(1), "the key");
        pool.preparedQuery("INSERT INTO secret_master (known) VALUES ($1)")
                .execute(Tuple.of(Buffer.buffer(master.sealKnown())))
                .await();
        var before = open(with(key(1)));
        fill(before);
        assertThat(before.derivedKey("audit")).isEqualTo(master.derive("derived|audit"));
        step(with(key(1)));
        step(with(key(1)));
        var made = readNext();
        assertThat(step(with(made))).isEqualTo(Step.FINISH);
        assertThat(open(with(made)).derivedKey("audit")).isEqualTo(before.derivedKey("audit"));
        assertOpensAll(open(with(made)));
    }

    private String readNext() {
        try {
            return file("master.key.next");
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    // --- the list of what is sealed
    // -------------------------------------------------------------------------------------

    /** Sealed with the data key of a workspace, which stays when the master key is changed. */
    private static final List<String> WITH_DATA_KEY = List.of(
            "cep_advisor.secret",
            "cep_advisor.secret_before",
            "idempotency.body",
            "upload_part.content",
            "users_identity_provider.client_secret",
            "users_signing_key.sealed",
            "users_totp.sealed",
            "users_workspace.identity_key",
            "users_workspace.identity_key_before",
            "webpush_key.private_key",
            "webpush_subscription.address");

    /** Hashes, signatures, salts and what is public. */
    private static final List<String> NOT_SEALED = List.of(
            "audit_chain.content",
            "audit_chain.hash",
            "audit_check.hash",
            "audit_check.signature",
            "audit_checkpoint.hash",
            "audit_checkpoint.signature",
            "audit_detail.salt",
            "audit_event.digest",
            "audit_head.hash",
            "audit_head.signature",
            "cdp_suppression.hash",
            "cdp_suppression_salt.salt",
            "cep_habits.habits",
            "cep_message.advice",
            "cep_message.factors",
            "cep_message.score",
            "cep_profile_policy.ring",
            "idempotency.body_hash",
            "idempotency.scope",
            "rate_budget.key",
            "segments_block.bits",
            "templates_image_file.content",
            "users_api_key.previous_hash",
            "users_api_key.secret_hash",
            "users_login_attempt.key",
            "users_one_time.hash",
            "users_recovery_code.hash",
            "users_refresh_token.hash",
            "users_sign_in.hash",
            "users_write_key.key_hash",
            "webpush_key.public_key",
            "webpush_subscription.device_secret",
            "webpush_subscription.endpoint_hash");

    /** A new column of octets makes this fail until somebody has said how it is sealed, if it is. */
    @Test
    void every_column_of_octets_is_known_to_be_sealed_or_not() {
        var known = Stream.of(MasterRotation.SEALED, WITH_DATA_KEY, NOT_SEALED)
                .flatMap(List::stream)
                .collect(Collectors.toCollection(TreeSet::new));
        var there = new TreeSet<String>();
        pool.query(
                        """
                        SELECT c.relname || '.' || a.attname AS name FROM pg_attribute a
                        JOIN pg_class c ON c.oid = a.attrelid
                        WHERE a.atttypid = 'bytea'::regtype AND a.attnum > 0 AND NOT a.attisdropped
                          AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
                        """)
                .execute()
                .await()
                .forEach(row -> there.add(row.getString("name")));
        assertThat(there).isEqualTo(known);
    }

    @Test
    void all_that_the_master_key_seals_itself_is_sealed_anew() {
        fill(open(withFile()));
        var before = masters();
        BY_FILE.forEach(step -> step(withFile()));
        var after = masters();
        assertThat(before).hasSizeGreaterThan(2 + sealed.size() - 1);
        assertThat(after).hasSameSizeAs(before).doesNotContainAnyElementsOf(before);
    }

    /** What stands in all those columns. */
    private List<String> masters() {
        var found = new ArrayList<String>();
        for (var name : MasterRotation.SEALED) {
            var dot = name.indexOf('.');
            pool.query("SELECT " + name.substring(dot + 1) + " FROM " + name.substring(0, dot))
                    .execute()
                    .await()
                    .forEach(row -> {
                        if (row.getBuffer(0) != null) {
                            found.add(name + " "
                                    + HexFormat.of().formatHex(row.getBuffer(0).getBytes()));
                        }
                    });
        }
        return found;
    }
}
