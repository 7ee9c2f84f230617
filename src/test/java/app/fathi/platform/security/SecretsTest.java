package app.fathi.platform.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.config.Config;
import app.fathi.platform.config.ConfigException;
import app.fathi.testing.TestDatabase;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SecretsTest {
    private static final byte[] PLAIN = "a private key".getBytes(StandardCharsets.UTF_8);

    @TempDir
    Path data;

    private final Vertx vertx = Vertx.vertx();
    private final TestDatabase database = TestDatabase.create();
    private final Pool pool = database.pool(vertx);

    @AfterEach
    void close() {
        await(vertx.close());
        database.close();
    }

    @BeforeEach
    void nothing_there() {
        assertThat(data.resolve("master.key")).doesNotExist();
    }

    @Test
    void the_first_start_makes_a_key_file_for_its_owner_alone() throws Exception {
        await(Secrets.open(pool, withFile()));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(data.resolve("master.key"))))
                .isEqualTo("rw-------");
        assertThat(Base64.getDecoder()
                        .decode(Files.readString(data.resolve("master.key")).strip()))
                .hasSize(32);
    }

    @Test
    void what_one_start_seals_the_next_one_opens() {
        var sealed =
                await(workspaceKey(await(Secrets.open(pool, withFile())), 7)).seal("t.c|1", PLAIN);
        var opened =
                await(workspaceKey(await(Secrets.open(pool, withFile())), 7)).open("t.c|1", sealed);
        assertThat(opened).isEqualTo(PLAIN);
        assertThat(new String(sealed, StandardCharsets.ISO_8859_1)).doesNotContain("private");
    }

    @Test
    void another_master_key_is_refused() {
        await(Secrets.open(pool, withKey(1)));
        assertThatThrownBy(() -> await(Secrets.open(pool, withKey(2))))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("master key is wrong");
    }

    @Test
    void a_lost_master_key_is_refused_and_no_new_one_is_made() {
        await(Secrets.open(pool, withKey(1)));
        assertThatThrownBy(() -> await(Secrets.open(pool, withFile())))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("master key is missing");
        assertThat(data.resolve("master.key")).doesNotExist();
    }

    @Test
    void a_damaged_key_file_is_refused_without_showing_it() throws Exception {
        Files.writeString(data.resolve("master.key"), "dG9vIHNob3J0");
        assertThatThrownBy(() -> await(Secrets.open(pool, withFile())))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("master.key is not a master key")
                .hasMessageNotContaining("dG9v");
    }

    @Test
    void a_moved_or_changed_ciphertext_does_not_open() {
        var secrets = await(Secrets.open(pool, withFile()));
        var key = await(workspaceKey(secrets, 7));
        var sealed = key.seal("webpush_key.private|1", PLAIN);
        assertThatThrownBy(() -> key.open("webpush_key.private|2", sealed)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> key.open("webpush_other.private|1", sealed)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> await(workspaceKey(secrets, 8)).open("webpush_key.private|1", sealed))
                .isInstanceOf(IllegalStateException.class);
        for (int octet : new int[] {0, 1, 2, sealed.length / 2, sealed.length - 1}) {
            var changed = sealed.clone();
            changed[octet] ^= 1;
            assertThatThrownBy(() -> key.open("webpush_key.private|1", changed))
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void a_key_whose_transaction_rolled_back_is_forgotten() {
        var secrets = await(Secrets.open(pool, withFile()));
        await(pool.withTransaction(tx -> secrets.workspaceKey(tx, 9)
                        .compose(key -> secrets.workspaceKey(tx, 9))
                        .compose(key -> Future.failedFuture("rolled back")))
                .recover(expected -> Future.succeededFuture()));
        var sealed = await(workspaceKey(secrets, 9)).seal("t.c|1", PLAIN);
        assertThat(await(workspaceKey(await(Secrets.open(pool, withFile())), 9)).open("t.c|1", sealed))
                .isEqualTo(PLAIN);
    }

    @Test
    void each_label_derives_its_own_key_and_always_the_same() {
        var secrets = await(Secrets.open(pool, withFile()));
        assertThat(secrets.derivedKey("cursor")).hasSize(32).isNotEqualTo(secrets.derivedKey("tracking"));
        assertThat(await(Secrets.open(pool, withFile())).derivedKey("cursor")).isEqualTo(secrets.derivedKey("cursor"));
    }

    private Future<WorkspaceKey> workspaceKey(Secrets secrets, int ws) {
        return pool.withTransaction(tx -> secrets.workspaceKey(tx, ws));
    }

    private Config withFile() {
        return Config.of(Map.of("FATHI_DATA_DIR", data.toString()));
    }

    private Config withKey(int fill) {
        var key = new byte[32];
        Arrays.fill(key, (byte) fill);
        return Config.of(Map.of(
                "FATHI_DATA_DIR",
                data.toString(),
                "FATHI_MASTER_KEY",
                Base64.getEncoder().encodeToString(key)));
    }

    private static <T> T await(Future<T> future) {
        return future.await();
    }
}
