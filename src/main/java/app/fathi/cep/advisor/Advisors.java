package app.fathi.cep.advisor;

import static java.nio.charset.StandardCharsets.UTF_8;

import app.fathi.cep.advisor.Advice.Kind;
import app.fathi.platform.config.Config;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.logging.Thrown;
import app.fathi.platform.outbound.Breaker;
import app.fathi.platform.outbound.OutboundClient;
import app.fathi.platform.outbound.OutboundClient.Often;
import app.fathi.platform.outbound.OutboundClient.TooLargeException;
import app.fathi.platform.outbound.OutboundGuard;
import app.fathi.platform.outbound.RetryAfter;
import app.fathi.platform.outbound.WebhookSignature;
import app.fathi.platform.security.Secrets;
import com.github.f4b6a3.uuid.UuidCreator;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.AsyncResult;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Pool;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the services of workspaces. The whole of a question has a few hundred milliseconds; who fails or is slow too often is not
 * asked for a while, by this node and for this workspace alone; and whatever happens there is advice for each person, if only that
 * there is none. A workspace without a service costs its senders a look into a map. Thread-safe.
 */
public final class Advisors {
    private static final Logger LOG = LoggerFactory.getLogger(Advisors.class);
    private static final long AGE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final int MOST = 10_000;
    /** Shorter than most servers keep theirs: a connection that ends when it is used again costs an answer. */
    private static final Duration KEEP_ALIVE = Duration.ofSeconds(4);
    /** Between two notes of how a service does. */
    private static final long NOTE_MILLIS = 1_000;

    private static final int SHOWN_OCTETS = 4_096;
    private static final int OK = 200;
    private static final int REDIRECTS = 300;
    private static final int FAULTS = 400;
    private static final int TOO_MANY = 429;
    private static final int UNAVAILABLE = 503;

    private final Vertx vertx;
    private final Context loop;
    private final Pool pool;
    private final Secrets secrets;
    private final Config.DecisionService settings;
    private final OutboundClient client;
    private final UUID node;
    private final MeterRegistry registry;
    private final Map<Integer, Page> pages = new ConcurrentHashMap<>();
    private final Map<Integer, Watch> watches = new ConcurrentHashMap<>();

    /** What was read of a workspace, and when. */
    private record Page(long readNanos, Optional<Advisor> advisor) {}

    /** How the service does that a workspace has by this version of its settings; with another one it begins anew. */
    private record Watch(int version, Breaker breaker, AdvisorHealth health, AtomicBoolean noted) {}

    /** @param node this process, as other nodes know it */
    public Advisors(
            Vertx vertx,
            Pool pool,
            Secrets secrets,
            Config config,
            OutboundGuard guard,
            UUID node,
            MeterRegistry registry) {
        this.vertx = vertx;
        this.loop = ((VertxInternal) vertx).createEventLoopContext();
        this.pool = pool;
        this.secrets = secrets;
        this.settings = config.decisionService();
        this.node = node;
        this.registry = registry;
        this.client = new OutboundClient(
                vertx,
                config.outbound(),
                guard,
                new Often(
                        Duration.ofMillis(settings.timeoutMillis()),
                        settings.answerLimitBytes(),
                        settings.connections(),
                        KEEP_ALIVE));
        registry.gauge("decision.services.paused", watches, Advisors::paused);
    }

    private static double paused(Map<Integer, Watch> watches) {
        long now = System.nanoTime();
        return watches.values().stream()
                .filter(watch -> watch.breaker.state(now) != Breaker.State.CLOSED)
                .count();
    }

    public Future<Void> close() {
        return client.close();
    }

    // --- which service ----------------------------------------------------------------------------------------------

    /** That of the workspace as it was a second ago at most; empty where it has none. */
    public Future<Optional<Advisor>> of(int ws) {
        var page = pages.get(ws);
        long now = System.nanoTime();
        if (page != null && now - page.readNanos < AGE_NANOS) {
            return Future.succeededFuture(page.advisor);
        }
        return AdvisorStore.find(pool, ws)
                .compose(saved -> opened(ws, saved.filter(found -> found.url() != null), page)
                        .recover(failure -> unopened(ws, failure)))
                .map(advisor -> {
                    if (pages.size() >= MOST) {
                        pages.clear();
                    }
                    if (advisor.isEmpty()) {
                        watches.remove(ws);
                    }
                    // Answers may overtake each other: the one that was asked last counts.
                    pages.merge(
                            ws,
                            new Page(now, advisor),
                            (one, other) -> other.readNanos - one.readNanos > 0 ? other : one);
                    return advisor;
                });
    }

    /** To be called when the settings were changed: this node knows at once. */
    public void forget(int ws) {
        pages.remove(ws);
        watches.remove(ws);
    }

    /** With a secret that does not open nobody can be asked, and messages go all the same. */
    private static Future<Optional<Advisor>> unopened(int ws, Throwable failure) {
        if (!(failure instanceof IllegalStateException)) {
            return Future.failedFuture(failure);
        }
        LOG.error(
                "The decision service of workspace {} is not asked: {}. Take it away and set it anew",
                ws,
                Thrown.text(failure));
        return Future.succeededFuture(Optional.empty());
    }

    private Future<Optional<Advisor>> opened(int ws, Optional<AdvisorStore.Saved> found, Page before) {
        if (found.isEmpty()) {
            return Future.succeededFuture(Optional.empty());
        }
        var saved = found.get();
        int signing = saved.beforeWorks() ? 2 : 1;
        var known = before == null
                ? Optional.<Advisor>empty()
                : before.advisor.filter(
                        one -> one.version() == saved.version() && one.secrets().size() == signing);
        return known.isPresent()
                ? Future.succeededFuture(known)
                : secrets.workspaceKey(pool, ws).map(key -> {
                    var keys = new ArrayList<byte[]>();
                    keys.add(key.open(AdvisorService.secretPlace(ws), saved.secret()));
                    if (saved.beforeWorks()) {
                        keys.add(key.open(AdvisorService.secretBeforePlace(ws), saved.secretBefore()));
                    }
                    var purposes = saved.purposes() == null ? null : Set.copyOf(saved.purposes());
                    return Optional.of(new Advisor(ws, saved.version(), URI.create(saved.url()), purposes, keys));
                });
    }

    // --- asking -----------------------------------------------------------------------------------------------------

    /** What it says of each person of the question. Never fails. */
    public Future<Map<UUID, Advice>> ask(Advisor advisor, Question question) {
        var watch = watch(advisor);
        var parts = question.parts(settings.people()).stream()
                .map(part -> part(advisor, watch, part))
                .toList();
        return Future.all(parts).map(done -> {
            var all = new HashMap<UUID, Advice>();
            parts.forEach(part -> all.putAll(part.result()));
            note(advisor.ws(), watch);
            return all;
        });
    }

    /**
     * Asks once about one person, whatever came of it lately, and tells all that went over the wire: the contract's {@code
     * DecisionServiceTrial}. It counts for nothing else.
     */
    public Future<JsonObject> trial(Advisor advisor, Question question) {
        return exchange(advisor, question).map(exchange -> {
            var advice = advice(advisor, question, exchange).values().stream()
                    .findFirst()
                    .orElseThrow(() -> ProblemException.notFound("profile"));
            var answer = exchange.answer == null
                    ? null
                    : new JsonObject().put("status", exchange.status).put("body", shown(exchange.answer));
            var headers = new JsonObject();
            exchange.headers.forEach(headers::put);
            return new JsonObject()
                    .put(
                            "request",
                            new JsonObject()
                                    .put("url", advisor.url().toString())
                                    .put("headers", headers)
                                    .put("body", exchange.question.toJsonObject()))
                    .put("answer", answer)
                    .put("millis", Math.round(exchange.nanos / 1e5) / 10.0)
                    .put("limitMillis", settings.timeoutMillis())
                    .put("service", advice.toJson());
        });
    }

    /** The beginning of it: who tests wants to see what is wrong, and not all of it. */
    private static String shown(Buffer answer) {
        int length = Math.min(SHOWN_OCTETS, answer.length());
        return new String(answer.getBytes(0, length), UTF_8).replace('\0', ' ');
    }

    private Future<Map<UUID, Advice>> part(Advisor advisor, Watch watch, Question part) {
        long began = System.nanoTime();
        int people = part.people().size();
        if (!watch.breaker.mayBegin(began)) {
            watch.health.passed(people);
            decided(people, people);
            return Future.succeededFuture(Said.all(part, Kind.PAUSED));
        }
        return exchange(advisor, part).map(exchange -> {
            var said = advice(advisor, part, exchange);
            int local = (int)
                    said.values().stream().filter(one -> !one.isFollowed()).count();
            var failure = said.values().stream()
                    .map(Advice::kind)
                    .filter(Kind::isFailure)
                    .findFirst()
                    .orElse(null);
            ended(advisor, watch, began, exchange, failure);
            watch.health.asked(failure, exchange.status, exchange.nanos, people, local, Instant.now());
            decided(people, local);
            registry.timer("decision.service.questions", "outcome", failure == null ? "answered" : failure.word())
                    .record(exchange.nanos, TimeUnit.NANOSECONDS);
            return said;
        });
    }

    private static Map<UUID, Advice> advice(Advisor advisor, Question part, Exchange exchange) {
        try {
            return exchange.advice(part);
        } catch (RuntimeException e) {
            return Said.all(part, internal(advisor, e));
        }
    }

    private void ended(Advisor advisor, Watch watch, long began, Exchange exchange, Kind failure) {
        long ended = began + exchange.nanos;
        var rest = exchange.rest(Instant.now(), Duration.ofSeconds(settings.pauseLimitSeconds()));
        boolean changed = rest == null
                ? watch.breaker.ended(began, ended, failure != null, ThreadLocalRandom.current())
                : watch.breaker.rest(ended, rest);
        if (!changed) {
            return;
        }
        if (watch.breaker.state(System.nanoTime()) == Breaker.State.CLOSED) {
            LOG.info("The decision service of workspace {} is asked again", advisor.ws());
        } else if (rest != null) {
            LOG.warn(
                    "The decision service of workspace {} wants to be left alone for {} s: until then decided is without it",
                    advisor.ws(),
                    rest.toSeconds());
        } else {
            LOG.warn(
                    "The decision service of workspace {} fails or is slow again and again ({}): it is not asked for a while,"
                            + " and decided is without it",
                    advisor.ws(),
                    failure == null ? "slow" : failure.word());
        }
    }

    private void decided(int people, int local) {
        registry.counter("decision.service.people", "by", "service").increment(people - local);
        registry.counter("decision.service.people", "by", "local").increment(local);
    }

    private static Kind internal(Advisor advisor, Throwable failure) {
        LOG.error("The decision service of workspace {} cannot be asked: {}", advisor.ws(), Thrown.text(failure));
        return Kind.INTERNAL;
    }

    private Watch watch(Advisor advisor) {
        if (watches.size() >= MOST) {
            watches.clear();
        }
        return watches.compute(
                advisor.ws(),
                (ws, watch) -> watch != null && watch.version >= advisor.version()
                        ? watch
                        : new Watch(advisor.version(), new Breaker(rules()), new AdvisorHealth(), new AtomicBoolean()));
    }

    private Breaker.Rules rules() {
        return new Breaker.Rules(
                settings.windowQuestions(),
                Math.min(settings.leastQuestions(), settings.windowQuestions()),
                settings.failedPercent(),
                settings.slowPercent(),
                Duration.ofMillis(settings.slowMillis()),
                Duration.ofSeconds(settings.pauseSeconds()),
                Duration.ofSeconds(settings.pauseLimitSeconds()));
    }

    /** A while after something has happened it is written down, once for all that happens meanwhile. */
    private void note(int ws, Watch watch) {
        if (watch.noted.compareAndSet(false, true)) {
            vertx.setTimer(NOTE_MILLIS, due -> {
                watch.noted.set(false);
                long now = System.nanoTime();
                var health = watch.health.toJson(
                        watch.breaker.state(now), Duration.ofNanos(watch.breaker.waitNanos(now)), Instant.now());
                AdvisorStore.seen(pool, ws, node, health)
                        .onFailure(failure ->
                                LOG.debug("How a decision service does is not written: {}", Thrown.text(failure)));
            });
        }
    }

    // --- one request ------------------------------------------------------------------------------------------------

    /**
     * What was sent and what came.
     *
     * @param failure why there is no answer; null where there is one, whatever it says
     * @param status null where there is no answer
     * @param retryAfter the header of the answer; null for none
     */
    record Exchange(
            Map<String, String> headers,
            Buffer question,
            Kind failure,
            Integer status,
            Buffer answer,
            String retryAfter,
            long nanos) {

        private static Exchange of(
                Map<String, String> headers, Buffer question, AsyncResult<OutboundClient.Answer> done, long nanos) {
            var answer = done.result();
            return answer == null
                    ? new Exchange(headers, question, kind(done.cause()), null, null, null, nanos)
                    : new Exchange(headers, question, null, answer.status(), answer.body(), answer.retryAfter(), nanos);
        }

        /** For how long the service wants to be asked nothing; null where it does not say so. */
        Duration rest(Instant now, Duration limit) {
            if (status == null || status != TOO_MANY && status != UNAVAILABLE) {
                return null;
            }
            var until = RetryAfter.notBefore(retryAfter, now, limit);
            return until == null || !until.isAfter(now) ? null : Duration.between(now, until);
        }

        /** What it comes to for each person. */
        Map<UUID, Advice> advice(Question question) {
            var kind = failure != null
                    ? failure
                    : status == OK ? null : status >= REDIRECTS && status < FAULTS ? Kind.REDIRECT : Kind.STATUS;
            return kind != null
                    ? Said.all(question, kind)
                    : Said.read(question, answer).orElseGet(() -> Said.all(question, Kind.NOT_JSON));
        }
    }

    /** Asks, whatever came of it lately. Never fails. */
    Future<Exchange> exchange(Advisor advisor, Question question) {
        long began = System.nanoTime();
        var headers = new LinkedHashMap<String, String>();
        var ended = Promise.<Exchange>promise();
        try {
            var now = Instant.now();
            var body = question.body(now);
            headers.put("content-type", "application/json");
            headers.put("accept", "application/json");
            headers.put("user-agent", "Fathi");
            headers.putAll(
                    WebhookSignature.headers("msg_" + UuidCreator.getTimeOrderedEpoch(), now, body, advisor.secrets()));
            // On an event loop: on the thread of a job that waits for it each part of an answer would be a turn.
            loop.runOnContext(turn -> Future.<OutboundClient.Answer>future(
                            answer -> client.post(advisor.url(), headers, body).onComplete(answer))
                    .onComplete(done -> ended.complete(Exchange.of(headers, body, done, System.nanoTime() - began))));
        } catch (RuntimeException e) {
            ended.complete(new Exchange(headers, Buffer.buffer(), internal(advisor, e), null, null, null, 0));
        }
        return backTo(Vertx.currentContext(), ended.future());
    }

    /** Who asked also reads the answer: it may be large, and the loop serves all workspaces. */
    private static Future<Exchange> backTo(Context caller, Future<Exchange> ended) {
        if (caller == null) {
            return ended;
        }
        var back = Promise.<Exchange>promise();
        ended.onSuccess(exchange -> caller.runOnContext(turn -> back.complete(exchange)));
        return back.future();
    }

    private static Kind kind(Throwable failure) {
        return switch (failure) {
            case TimeoutException late -> Kind.TIMEOUT;
            case TooLargeException large -> Kind.TOO_LARGE;
            default -> Kind.UNREACHABLE;
        };
    }
}
