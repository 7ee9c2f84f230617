package app.fathi.campaigns;

import app.fathi.cdp.Profiles;
import app.fathi.cep.Messages;
import app.fathi.cep.Series;
import app.fathi.cep.message.Channel;
import app.fathi.cep.message.ChannelKind;
import app.fathi.cep.message.TrackingTokens;
import app.fathi.cep.sending.SendPool;
import app.fathi.cep.sending.Sending;
import app.fathi.platform.config.Config;
import app.fathi.platform.db.Transactions;
import app.fathi.platform.jobs.Jobs;
import app.fathi.segments.Audiences;
import app.fathi.templates.Renderer;
import app.fathi.templates.Templates;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Another node that enters people as other domains do, in transactions of its own; it sends nothing itself. */
final class EntriesPort implements AutoCloseable {
    static final int WS = 1;

    final Transactions transactions;
    final Entries entries;
    private final SendPool threads;

    EntriesPort(CampaignsWorld world) {
        transactions = new Transactions(world.pool);
        var config = Config.of(Map.of());
        threads = new SendPool(config.send());
        var audiences = new Audiences(transactions);
        var renderer = new Renderer(config.render());
        var jobs = new Jobs(world.vertx);
        var sending = new Sending(
                world.vertx,
                transactions,
                new Profiles(),
                audiences,
                renderer,
                new Templates(renderer),
                threads,
                new TrackingTokens(new byte[32]),
                null, // nobody is asked where nothing is sent
                config,
                List.of(channel()),
                new SimpleMeterRegistry());
        entries = new Entries(new Series(sending, new Messages(sending, jobs, audiences), jobs), audiences);
    }

    /** What is written is sent by the server's own. */
    private static Channel channel() {
        return (Channel) Proxy.newProxyInstance(
                Channel.class.getClassLoader(),
                new Class<?>[] {Channel.class},
                (self, method, given) -> switch (method.getName()) {
                    case "kind" -> ChannelKind.WEBPUSH;
                    case "check" -> List.of();
                    default -> throw new UnsupportedOperationException(method.getName());
                });
    }

    Future<Entries.Outcome> enter(SqlConnection tx, UUID campaign, String key, int... people) {
        var data = new java.util.TreeMap<Integer, JsonObject>();
        for (int no : people) {
            data.put(no, new JsonObject());
        }
        return entries.enter(tx, WS, campaign, key, data);
    }

    Entries.Outcome enter(UUID campaign, String key, int... people) {
        return transactions.run(tx -> enter(tx, campaign, key, people)).await();
    }

    @Override
    public void close() {
        threads.close();
    }
}
