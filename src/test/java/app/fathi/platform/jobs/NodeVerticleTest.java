package app.fathi.platform.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import app.fathi.platform.config.Config;
import app.fathi.testing.Closing;
import app.fathi.testing.TestDatabase;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class NodeVerticleTest {
    @Test
    void a_node_is_listed_while_it_runs_and_old_corpses_are_not() {
        var vertx = Vertx.vertx();
        try (var database = TestDatabase.create()) {
            var pool = database.pool(vertx);
            database.execute(
                    """
                    INSERT INTO node (id, host, pid, roles, version, seen_at)
                    VALUES (gen_random_uuid(), 'old', 1, '{api}', '0', now() - interval '2 days')
                    """);
            var serving = new AtomicInteger();
            var id = UUID.randomUUID();
            var verticle =
                    new NodeVerticle(pool, id, List.of(Config.Role.API, Config.Role.WORKER), "a1b2", serving::set);
            vertx.deployVerticle(verticle).await();
            var row = pool.query("SELECT id, pid, roles FROM node")
                    .execute()
                    .await()
                    .iterator()
                    .next();
            assertThat(row.getUUID("id")).isEqualTo(id);
            assertThat(row.getLong("pid")).isEqualTo(ProcessHandle.current().pid());
            assertThat(row.getArrayOfStrings("roles")).containsExactly("api", "worker");
            assertThat(serving).as("alone").hasValue(1);
            var worker = new NodeVerticle(pool, UUID.randomUUID(), List.of(Config.Role.WORKER), "a1b2", serving::set);
            vertx.deployVerticle(worker).await();
            assertThat(serving).as("beside one that serves").hasValue(2);
            vertx.undeploy(worker.deploymentID()).await();
            vertx.undeploy(verticle.deploymentID()).await();
            assertThat(pool.query("SELECT id FROM node").execute().await()).isEmpty();
        } finally {
            Closing.close(vertx);
        }
    }
}
