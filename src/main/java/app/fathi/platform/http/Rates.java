package app.fathi.platform.http;

import app.fathi.platform.config.Config;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Caller;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * How often each caller may ask: an API key, a user, the tokens of one identity provider or a server's write key by itself,
 * everybody else by network address.
 * Each category of requests has a quota of its own, told in every answer as {@code RateLimit-Policy} and
 * {@code RateLimit} (draft-ietf-httpapi-ratelimit-headers); beyond it the answer is 429 with {@code Retry-After}.
 *
 * <p>One for the node, in memory, and bounded: the callers that ask least are forgotten first, so a flood of new
 * addresses does not give one that has used up its quota a new one. Where several nodes serve, a caller has one quota of
 * them all: each has a small part for itself, and whoever needs more is {@linkplain #hungry hungry} until {@link RateLeases}
 * has brought a lease of the common budget.
 */
final class Rates {
    /** A bucket that nobody took from for so long is full. */
    private static final Duration FORGET = Duration.ofMinutes(1);

    private static final long SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** More than that want leases at once only in a flood: the others wait for their turn. */
    private static final int MAX_HUNGRY = 10_000;

    enum Category {
        API,
        SEND,
        ANALYTICS,
        INGEST,
        BROWSER,
        LOGIN,
        /** Not of requests but of credentials that were refused. */
        REFUSED
    }

    /** @param caller the credential's id, or a network address */
    private record Key(Category category, Object caller) {}

    /** Somebody for whom a lease is asked. */
    final class Hungry {
        private final Key key;
        private final TokenBucket bucket;
        private final TokenBucket.Ask ask;

        private Hungry(Key key, TokenBucket bucket) {
            this.key = key;
            this.bucket = bucket;
            this.ask = bucket.ask();
        }

        /** Tells them from all others, on every node alike. */
        String name() {
            return key.category + "|" + key.caller;
        }

        TokenBucket.Ask ask() {
            return ask;
        }

        void granted(double granted, double left) {
            bucket.granted(ask, granted, left, nanos.getAsLong());
        }

        void failed() {
            bucket.failed(nanos.getAsLong());
        }
    }

    private record Policy(int quota, String header, String prefix, Counter refused) {}

    private final Map<Category, Policy> policies = new EnumMap<>(Category.class);
    private final Cache<Key, TokenBucket> buckets;
    private final LongSupplier nanos;
    private final Set<Key> hungry = ConcurrentHashMap.newKeySet();
    private volatile Runnable whenHungry = () -> {};
    private volatile int nodes = 1;

    Rates(Config.Rates config, MeterRegistry registry) {
        this(config, registry, System::nanoTime);
    }

    Rates(Config.Rates config, MeterRegistry registry, LongSupplier nanos) {
        this.nanos = nanos;
        policy(Category.API, config.apiPerMinute(), registry);
        policy(Category.SEND, config.sendPerMinute(), registry);
        policy(Category.ANALYTICS, config.analyticsPerMinute(), registry);
        policy(Category.INGEST, config.ingestPerMinute(), registry);
        policy(Category.BROWSER, config.browserPerMinute(), registry);
        policy(Category.LOGIN, config.loginPerMinute(), registry);
        policy(Category.REFUSED, config.refusedPerMinute(), registry);
        buckets = Caffeine.newBuilder()
                .maximumSize(config.callers())
                .expireAfterAccess(FORGET)
                .ticker(nanos::getAsLong)
                // Here and now: a few entries at a time, and no other thread's turn is waited for while a flood comes
                // in.
                .executor(Runnable::run)
                .build();
        Gauge.builder("http.rates.callers", buckets, Cache::estimatedSize).register(registry);
        Gauge.builder("http.rates.nodes", () -> nodes).strongReference(true).register(registry);
    }

    /** @param serving how many nodes serve, this one included */
    void share(int serving) {
        nodes = Math.max(1, serving);
    }

    /** @param wake is called when somebody needs a lease, in the course of their request */
    void whenHungry(Runnable wake) {
        whenHungry = wake;
    }

    /** Who needs a lease, and is not asked for any more until they need another. */
    List<Hungry> hungry(int most) {
        var found = new ArrayList<Hungry>();
        var keys = hungry.iterator();
        while (keys.hasNext() && found.size() < most) {
            var key = keys.next();
            keys.remove();
            var bucket = buckets.getIfPresent(key);
            if (bucket != null) {
                found.add(new Hungry(key, bucket));
            }
        }
        return found;
    }

    boolean isAnybodyHungry() {
        return !hungry.isEmpty();
    }

    private void policy(Category category, int quota, MeterRegistry registry) {
        var name = category.name().toLowerCase(java.util.Locale.ROOT);
        policies.put(
                category,
                new Policy(
                        quota,
                        "\"" + name + "\";q=" + quota + ";w=60",
                        "\"" + name + "\";r=",
                        registry.counter("http.rates.refused", "policy", name)));
    }

    /**
     * What the caller is told.
     *
     * @param policy the value of {@code RateLimit-Policy}
     * @param level the value of {@code RateLimit}
     * @param refusal present when the request is one too many
     */
    record Told(String policy, String level, Optional<ProblemException> refusal) {}

    /**
     * Counts a request.
     *
     * @param address where it came from
     */
    Told take(Contract.Operation operation, Caller caller, ClientAddress address) {
        var category = category(operation, caller);
        var policy = policies.get(category);
        var byAddress = category == Category.BROWSER || category == Category.LOGIN;
        var level = take(new Key(category, byAddress ? address.network() : caller.id()));
        return new Told(
                policy.header(),
                policy.prefix() + level.left() + ";t=" + seconds(level.fullNanos()),
                level.taken() ? Optional.empty() : Optional.of(refusal(policy, level.nextNanos())));
    }

    /** A credential from this address was not valid. Fails with {@code rate_limited} when that happens too often. */
    void refused(ClientAddress address) {
        var level = take(new Key(Category.REFUSED, address.network()));
        if (!level.taken()) {
            throw refusal(policies.get(Category.REFUSED), level.nextNanos());
        }
    }

    /** Whether this address has shown so many bad credentials that another unknown one is not looked up. */
    boolean isSuspect(ClientAddress address) {
        var bucket = buckets.getIfPresent(new Key(Category.REFUSED, address.network()));
        return bucket != null && bucket.isEmpty(nanos.getAsLong(), nodes);
    }

    private TokenBucket.Level take(Key key) {
        int serving = nodes;
        var level = buckets.get(
                        key,
                        each -> new TokenBucket(policies.get(each.category()).quota(), serving, nanos.getAsLong()))
                .take(nanos.getAsLong(), serving);
        if (level.hungry() && hungry.size() < MAX_HUNGRY && hungry.add(key)) {
            whenHungry.run();
        }
        return level;
    }

    private static Category category(Contract.Operation operation, Caller caller) {
        return switch (caller.kind()) {
            case PUBLIC -> operation.parsesBody() ? Category.BROWSER : Category.LOGIN;
            case BROWSER_KEY -> Category.BROWSER;
            case USER, API_KEY, MACHINE, SERVER_KEY ->
                switch (Admission.classOf(operation)) {
                    case INGEST -> Category.INGEST;
                    case SEND -> Category.SEND;
                    case ANALYTICS -> Category.ANALYTICS;
                    case ADMIN, UPLOAD -> Category.API;
                };
        };
    }

    private static ProblemException refusal(Policy policy, long nextNanos) {
        policy.refused().increment();
        var seconds = (int) Math.max(1, seconds(nextNanos));
        return new ProblemException(Problem.retryLater(
                Kind.RATE_LIMITED,
                "More than " + policy.quota() + " a minute. Try again in " + seconds
                        + (seconds == 1 ? " second." : " seconds."),
                seconds));
    }

    private static long seconds(long nanos) {
        return Math.ceilDiv(nanos, SECOND_NANOS);
    }
}
