package app.fathi.cep.sending;

import app.fathi.cdp.Profiles;
import app.fathi.cep.advisor.Advisors;
import app.fathi.cep.ledger.Ledger;
import app.fathi.cep.message.Channel;
import app.fathi.cep.message.ChannelKind;
import app.fathi.cep.message.TrackingTokens;
import app.fathi.cep.policies.PolicyBook;
import app.fathi.cep.priorities.Rivals;
import app.fathi.cep.priorities.Scores;
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
    private final Vertx vertx;
    private final Transactions transactions;
    private final Profiles profiles;
    private final Renderer renderer;
    private final Templates templates;
    private final SendPool pool;
    private final TrackingTokens tokens;
    private final Config.Send settings;
    private final int trackTokenDays;
    private final RetrySchedule retries;
    private final Ledger ledger;
    private final PolicyBook policies;
    private final Rivals rivals;
    private final Scores scores;
    private final Advisors advisors;
    private final Turns turns = new Turns();
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

    public Channel channel(ChannelKind kind) {
        return channels.get(kind);
    }

    public Vertx vertx() {
        return vertx;
    }

    Transactions transactions() {
        return transactions;
    }

    public Profiles profiles() {
        return profiles;
    }

    public Renderer renderer() {
        return renderer;
    }

    public Templates templates() {
        return templates;
    }

    public SendPool pool() {
        return pool;
    }

    TrackingTokens tokens() {
        return tokens;
    }

    public Config.Send settings() {
        return settings;
    }

    int trackTokenDays() {
        return trackTokenDays;
    }

    RetrySchedule retries() {
        return retries;
    }

    public Ledger ledger() {
        return ledger;
    }

    public PolicyBook policies() {
        return policies;
    }

    Rivals rivals() {
        return rivals;
    }

    Scores scores() {
        return scores;
    }

    Advisors advisors() {
        return advisors;
    }

    public Turns turns() {
        return turns;
    }
}
