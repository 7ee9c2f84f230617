package app.fathi.platform.jobs;

import app.fathi.platform.config.Config;
import app.fathi.platform.logging.Thrown;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.sqlclient.Pool;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells in the table {@code node} that this process is alive. One instance on every node, whatever its roles. */
public final class NodeVerticle extends VerticleBase {
    private static final Logger LOG = LoggerFactory.getLogger(NodeVerticle.class);
    private static final long SEEN_MILLIS = Duration.ofSeconds(10).toMillis();

    private final Pool pool;
    private final UUID id;
    private final List<Config.Role> roles;
    private final String master;
    private final IntConsumer serving;
    private final String host = host();
    private final String version = version();

    /**
     * @param master which master key it was started with: {@code Secrets.fingerprint()}
     * @param serving hears again and again how many nodes serve requests, this one included
     */
    public NodeVerticle(Pool pool, UUID id, List<Config.Role> roles, String master, IntConsumer serving) {
        this.master = master;
        this.pool = pool;
        this.id = id;
        this.roles = roles;
        this.serving = serving;
    }

    @Override
    public Future<?> start() {
        vertx.setPeriodic(SEEN_MILLIS, tick -> seen());
        return NodeStore.forgetOld(pool).compose(done -> seen());
    }

    @Override
    public Future<?> stop() {
        return NodeStore.gone(pool, id).otherwiseEmpty();
    }

    private Future<Integer> seen() {
        return NodeStore.seen(pool, id, host, ProcessHandle.current().pid(), roles, version, master)
                .onSuccess(serving::accept)
                .onFailure(failure -> LOG.warn("This node could not say that it is alive: {}", Thrown.text(failure)));
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "unknown";
        }
    }

    private static String version() {
        String version = NodeVerticle.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}
