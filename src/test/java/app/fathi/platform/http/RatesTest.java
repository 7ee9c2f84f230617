package app.fathi.platform.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import app.fathi.platform.config.Config;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.security.Caller;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RatesTest {
    private static final Contract CONTRACT = Contract.load();
    private static final ClientAddress HOME = new ClientAddress("192.0.2.1", "192.0.2.1");
    private static final ClientAddress OFFICE = new ClientAddress("192.0.2.2", "192.0.2.2");

    private final AtomicLong nanos = new AtomicLong(-42);
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    /** 60 a minute for keys, 30 for what they send, 600 for their events, 12 for browsers, 6 at the login, 3 bad credentials. */
    private final Rates rates = new Rates(new Config.Rates(60, 30, 10, 600, 6, 12, 3, 1_000), registry, nanos::get);

    private static Caller caller(Caller.Kind kind) {
        return new Caller(kind, 1, UUID.randomUUID(), UUID.randomUUID(), "x", Set.of(), Set.of(), null);
    }

    private Rates.Told take(String operation, Caller caller, ClientAddress address) {
        return rates.take(CONTRACT.operations().get(operation), caller, address);
    }

    /** How many of 1,000 requests at once are let in. */
    private int letIn(String operation, Caller caller, ClientAddress address) {
        int letIn = 0;
        for (int i = 0; i < 1_000; i++) {
            letIn += take(operation, caller, address).refusal().isEmpty() ? 1 : 0;
        }
        return letIn;
    }

    private void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }

    @Test
    void a_key_has_its_quota_a_minute_and_learns_what_is_left() {
        var key = caller(Caller.Kind.API_KEY);
        var first = take("getMessage", key, HOME);
        assertThat(first.policy()).isEqualTo("\"api\";q=60;w=60");
        assertThat(first.level()).isEqualTo("\"api\";r=59;t=1");
        assertThat(letIn("getMessage", key, HOME)).isEqualTo(59);
        var refused = take("getMessage", key, HOME);
        assertThat(refused.level()).isEqualTo("\"api\";r=0;t=60");
        assertThat(refused.refusal()).get().satisfies(problem -> {
            assertThat(problem.problem().kind()).isEqualTo(Kind.RATE_LIMITED);
            assertThat(problem.problem().retryAfterSeconds()).hasValue(1);
            assertThat(problem.problem().detail()).isEqualTo("More than 60 a minute. Try again in 1 second.");
        });
        pass(Duration.ofSeconds(10));
        assertThat(letIn("getMessage", key, HOME)).isEqualTo(10);
        pass(Duration.ofMinutes(10));
        assertThat(letIn("getMessage", key, HOME))
                .as("never more than a minute's")
                .isEqualTo(60);
        assertThat(registry.counter("http.rates.refused", "policy", "api").count())
                .isPositive();
    }

    @Test
    void whoever_waits_as_long_as_told_is_let_in() {
        assertThat(letIn("login", Caller.ANONYMOUS, HOME)).isEqualTo(6);
        var seconds = take("login", Caller.ANONYMOUS, HOME)
                .refusal()
                .orElseThrow()
                .problem()
                .retryAfterSeconds();
        assertThat(seconds).hasValue(10);
        pass(Duration.ofSeconds(9));
        assertThat(take("login", Caller.ANONYMOUS, HOME).refusal()).isPresent();
        pass(Duration.ofSeconds(1));
        assertThat(take("login", Caller.ANONYMOUS, HOME).refusal()).isEmpty();
    }

    @Test
    void keys_do_not_share_a_quota_wherever_they_come_from_and_neither_do_their_events() {
        var one = caller(Caller.Kind.API_KEY);
        assertThat(letIn("getMessage", one, HOME)).isEqualTo(60);
        assertThat(letIn("getMessage", one, OFFICE))
                .as("another address is no other key")
                .isZero();
        assertThat(letIn("getMessage", caller(Caller.Kind.USER), HOME)).isEqualTo(60);
        assertThat(letIn("getMessage", caller(Caller.Kind.MACHINE), HOME)).isEqualTo(60);
        assertThat(letIn("createMessage", one, HOME)).isEqualTo(30);
        assertThat(letIn("track", one, HOME)).isEqualTo(600);
        assertThat(letIn("track", caller(Caller.Kind.SERVER_KEY), HOME)).isEqualTo(600);
    }

    @Test
    void browsers_and_who_signs_in_are_told_apart_by_address() {
        var site = caller(Caller.Kind.BROWSER_KEY);
        assertThat(letIn("createSubscription", site, HOME)).isEqualTo(12);
        assertThat(letIn("track", site, HOME))
                .as("all that a browser does counts together")
                .isZero();
        assertThat(letIn("trackInteractions", Caller.ANONYMOUS, HOME)).isZero();
        assertThat(letIn("track", site, OFFICE)).isEqualTo(12);
        assertThat(letIn("login", Caller.ANONYMOUS, HOME)).isEqualTo(6);
        assertThat(letIn("refreshTokens", Caller.ANONYMOUS, HOME)).isZero();
        assertThat(letIn("refreshTokens", Caller.ANONYMOUS, OFFICE)).isEqualTo(6);
    }

    @Test
    void bad_credentials_are_counted_by_address_and_then_no_longer_looked_up() {
        for (int i = 0; i < 3; i++) {
            assertThat(rates.isSuspect(HOME)).isFalse();
            rates.refused(HOME);
        }
        assertThat(rates.isSuspect(HOME)).isTrue();
        assertThat(rates.isSuspect(OFFICE)).isFalse();
        assertThatThrownBy(() -> rates.refused(HOME)).isInstanceOf(ProblemException.class);
        pass(Duration.ofSeconds(20));
        assertThat(rates.isSuspect(HOME)).isFalse();
        assertThatCode(() -> rates.refused(HOME)).doesNotThrowAnyException();
    }

    @Test
    void a_million_addresses_are_not_remembered_and_do_not_give_a_new_quota_to_one_that_used_up_its_own() {
        assertThat(letIn("login", Caller.ANONYMOUS, HOME)).isEqualTo(6);
        for (int i = 0; i < 1_000_000; i++) {
            var address = "10." + (i >> 16) + "." + (i >> 8 & 255) + "." + (i & 255);
            take("login", Caller.ANONYMOUS, new ClientAddress(address, address));
            if (i % 100 == 0) {
                assertThat(take("login", Caller.ANONYMOUS, HOME).refusal())
                        .as("at %d", i)
                        .isPresent();
            }
        }
        assertThat(registry.get("http.rates.callers").gauge().value()).isLessThanOrEqualTo(1_000);
    }

    @Test
    void callers_that_are_gone_are_forgotten() {
        for (int i = 0; i < 500; i++) {
            take("login", Caller.ANONYMOUS, new ClientAddress("a" + i, "a" + i));
        }
        pass(Duration.ofMinutes(2));
        take("login", Caller.ANONYMOUS, HOME);
        assertThat(registry.get("http.rates.callers").gauge().value()).isLessThanOrEqualTo(1);
    }

    @Test
    void many_at_once_get_exactly_the_quota() throws Exception {
        var key = caller(Caller.Kind.API_KEY);
        var letIn = new AtomicInteger();
        var tasks = new ArrayList<Callable<Void>>();
        for (int thread = 0; thread < 8; thread++) {
            tasks.add(() -> {
                letIn.addAndGet(letIn("track", key, HOME));
                return null;
            });
        }
        try (var threads = Executors.newFixedThreadPool(8)) {
            for (var done : threads.invokeAll(tasks)) {
                done.get();
            }
        }
        assertThat(letIn).hasValue(600);
    }
}
