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
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * How often each caller may ask: an API key, a user, the tokens of one identity provider or a server's write key by itself,
 * everybody else by network address.
 * Each category of requests has a quota of its own, told in every answer as {@code RateLimit-Policy} and
 * {@code RateLimit} (draft-ietf-httpapi-ratelimit-headers); beyond it the answer is 429 with {@code Retry-After}.
 *
 * <p>One for the node, in memory, and bounded: the callers that ask least are forgotten first, so a flood of new
 * addresses does not give one that has used up its quota a new one. Nodes do not know of each other's counts: behind n
 * nodes a caller that spreads its requests has n quotas.
 */
final class Rates {
    /** A bucket that nobody took from for so long is full. */
    private static final Duration FORGET = Duration.ofMinutes(1);

    private static final long SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);

    enum Category {
        API,
        INGEST,
        BROWSER,
        LOGIN,
        /** Not of requests but of credentials that were refused. */
        REFUSED
    }

    /** @param caller the credential's id, or a network address */
    private record Key(Category category, Object caller) {}

    private record Policy(int quota, String header, String prefix, Counter refused) {}

    private final Map<Category, Policy> policies = new EnumMap<>(Category.class);
    private final Cache<Key, TokenBucket> buckets;
    private final LongSupplier nanos;

    Rates(Config.Rates config, MeterRegistry registry) {
        this(config, registry, System::nanoTime);
    }

    Rates(Config.Rates config, MeterRegistry registry, LongSupplier nanos) {
        this.nanos = nanos;
        policy(Category.API, config.apiPerMinute(), registry);
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
        var level =
                bucket(category, byAddress ? address.network() : caller.id()).take(nanos.getAsLong());
        return new Told(
                policy.header(),
                policy.prefix() + level.left() + ";t=" + seconds(level.fullNanos()),
                level.taken() ? Optional.empty() : Optional.of(refusal(policy, level.nextNanos())));
    }

    /** A credential from this address was not valid. Fails with {@code rate_limited} when that happens too often. */
    void refused(ClientAddress address) {
        var level = bucket(Category.REFUSED, address.network()).take(nanos.getAsLong());
        if (!level.taken()) {
            throw refusal(policies.get(Category.REFUSED), level.nextNanos());
        }
    }

    /** Whether this address has shown so many bad credentials that another unknown one is not looked up. */
    boolean isSuspect(ClientAddress address) {
        var bucket = buckets.getIfPresent(new Key(Category.REFUSED, address.network()));
        return bucket != null && bucket.isEmpty(nanos.getAsLong());
    }

    private TokenBucket bucket(Category category, Object caller) {
        return buckets.get(
                new Key(category, caller),
                key -> new TokenBucket(policies.get(key.category()).quota(), nanos.getAsLong()));
    }

    private static Category category(Contract.Operation operation, Caller caller) {
        return switch (caller.kind()) {
            case PUBLIC -> operation.parsesBody() ? Category.BROWSER : Category.LOGIN;
            case BROWSER_KEY -> Category.BROWSER;
            case USER, API_KEY, MACHINE, SERVER_KEY -> operation.parsesBody() ? Category.INGEST : Category.API;
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
