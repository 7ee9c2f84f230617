package app.fathi.cep;

import app.fathi.cdp.Profiles;
import app.fathi.cep.advisor.Advisors;
import app.fathi.platform.config.Config;
import app.fathi.platform.db.Transactions;
import app.fathi.segments.Audiences;
import app.fathi.templates.Renderer;
import app.fathi.templates.Templates;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Vertx;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** What sending needs, on every node that does the role {@code worker}. */
public final class Sending {
    final Vertx vertx;
    final Transactions transactions;
    final Profiles profiles;
    final Renderer renderer;
    final Templates templates;
    final SendPool pool;
    final TrackingTokens tokens;
    final Config.Send settings;
    final int trackTokenDays;
    final RetrySchedule retries;
    final Ledger ledger;
    final PolicyBook policies;
    final Rivals rivals;
    final Scores scores;
    final Advisors advisors;
    final Turns turns = new Turns();
    private final Map<ChannelKind, Channel> channels = new EnumMap<>(ChannelKind.class);

    /**
     * @param transactions on the pool of the workers
     * @param audiences who knows whom a message is meant for
     * @param advisors who asks the services of workspaces
     */
    public Sending(
            Vertx vertx,
            Transactions transactions,
            Profiles profiles,
            Audiences audiences,
            Renderer renderer,
            Templates templates,
            SendPool pool,
            TrackingTokens tokens,
            Advisors advisors,
            Config config,
            List<Channel> channels,
            MeterRegistry registry) {
        this.vertx = vertx;
        this.transactions = transactions;
        this.profiles = profiles;
        this.renderer = renderer;
        this.templates = templates;
        this.pool = pool;
        this.tokens = tokens;
        this.settings = config.send();
        this.trackTokenDays = config.webpush().trackTokenDays();
        this.retries = new RetrySchedule(settings);
        this.ledger = new Ledger(registry);
        this.policies = new PolicyBook(transactions.pool(), profiles);
        this.rivals = new Rivals(audiences);
        this.scores = new Scores(profiles);
        this.advisors = advisors;
        channels.forEach(channel -> this.channels.put(channel.kind(), channel));
    }

    Channel channel(ChannelKind kind) {
        return channels.get(kind);
    }
}
