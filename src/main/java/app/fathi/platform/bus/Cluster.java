package app.fathi.platform.bus;

import app.fathi.platform.config.Config;
import app.fathi.platform.config.StartException;
import com.hazelcast.config.XmlConfigBuilder;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxBuilder;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/**
 * Joins the nodes' event buses, so that a hint on one is heard on all. Hazelcast finds the members; what is sent goes
 * from node to node directly. A cluster carries hints only: without it, or while it is split, everything happens all the
 * same, a poll later.
 */
public final class Cluster {
    private static final Path FILE = Path.of("conf", "hazelcast.xml");

    private Cluster() {}

    /** How this node's bus is reached by the others. */
    public static EventBusOptions bus(Config.Cluster settings) {
        var options = new EventBusOptions()
                .setHost(settings.host())
                .setPort(settings.busPort())
                .setClusterPublicHost(settings.host())
                .setReuseAddress(true);
        if (settings.isBusSecured()) {
            options.setSsl(true)
                    .setClientAuth(ClientAuth.REQUIRED)
                    .setKeyCertOptions(new PemKeyCertOptions()
                            .addCertPath(settings.busCertificate())
                            .addKeyPath(settings.busKey()))
                    .setTrustOptions(new PemTrustOptions().addCertPath(settings.busTrust()));
        }
        return options;
    }

    /** Succeeds when this node is a member; a node that finds no other one is a cluster of its own until they come. */
    public static Future<Vertx> join(VertxBuilder builder, Config.Cluster settings) {
        return builder.withClusterManager(new HazelcastClusterManager(hazelcast(settings)))
                .buildClustered();
    }

    private static com.hazelcast.config.Config hazelcast(Config.Cluster settings) {
        // Read before the file is, so it cannot stand in it.
        System.setProperty("hazelcast.logging.type", "slf4j");
        var named = new Properties();
        named.setProperty("fathi.cluster.name", settings.name());
        named.setProperty("fathi.cluster.host", settings.host());
        named.setProperty("fathi.cluster.port", String.valueOf(settings.port()));
        try (var xml = open()) {
            var config = new XmlConfigBuilder(xml).setProperties(named).build();
            settings.members().forEach(config.getNetworkConfig().getJoin().getTcpIpConfig()::addMember);
            return config;
        } catch (IOException | RuntimeException e) {
            throw new StartException("conf/hazelcast.xml cannot be used: " + e.getMessage());
        }
    }

    private static InputStream open() throws IOException {
        return Files.isRegularFile(FILE)
                ? Files.newInputStream(FILE)
                : Cluster.class.getResourceAsStream("/conf/hazelcast.xml");
    }
}
