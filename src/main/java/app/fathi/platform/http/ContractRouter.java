package app.fathi.platform.http;

import app.fathi.platform.bus.Call;
import app.fathi.platform.bus.Operations;
import app.fathi.platform.bus.Reply;
import app.fathi.platform.errors.Kind;
import app.fathi.platform.errors.Problem;
import app.fathi.platform.errors.ProblemException;
import app.fathi.platform.logging.LogContext;
import app.fathi.platform.logging.Thrown;
import app.fathi.platform.outbound.Network;
import app.fathi.platform.security.Authorities;
import app.fathi.platform.security.Caller;
import app.fathi.platform.security.Credentials;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.openapi.router.RequestExtractor;
import io.vertx.ext.web.openapi.router.RouterBuilder;
import io.vertx.openapi.contract.OpenAPIContract;
import io.vertx.openapi.contract.Path;
import io.vertx.openapi.validation.ValidatedRequest;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The contract as a router. Each operation runs admission → credential → rate → shape → contract validation → authority
 * → a bus request to the verticle of its domain, whose reply becomes the response.
 */
final class ContractRouter {
    private static final Logger LOG = LoggerFactory.getLogger(ContractRouter.class);
    private static final String CALLER = "fathi.caller";
    private static final String JSON = "fathi.json";
    private static final String ADDRESS = "fathi.address";
    /** Gives back the place among those in flight, once. */
    private static final String LEAVE = "fathi.leave";

    private final Vertx vertx;
    private final Contract contract;
    private final Credentials credentials;
    private final Authorities authorities;
    private final Admission admission;
    private final Rates rates;
    private final List<Network> trustedProxies;
    private final Witness witness;
    private final RequestReader reader;
    private final UploadDoor uploads;
    private final PersonalFields personal;
    private final EventStreams eventStreams;

    ContractRouter(
            Vertx vertx,
            Contract contract,
            Credentials credentials,
            Authorities authorities,
            Limits limits,
            Witness witness,
            RequestReader reader,
            UploadDoor uploads) {
        this.vertx = vertx;
        this.contract = contract;
        this.credentials = credentials;
        this.authorities = authorities;
        this.admission = limits.admission();
        this.rates = limits.rates();
        this.trustedProxies = limits.trustedProxies();
        this.witness = witness;
        this.reader = reader;
        this.uploads = uploads;
        this.personal = new PersonalFields(contract);
        this.eventStreams = new EventStreams(vertx);
    }

    /** Of this router; they are no requests that end by themselves. */
    EventStreams eventStreams() {
        return eventStreams;
    }

    Router create(OpenAPIContract openApi) {
        var builder = RouterBuilder.create(vertx, openApi, RequestExtractor.withBodyHandler());
        builder.rootHandler(context -> {
            var found = openApi.findOperation(
                    context.normalizedPath(), context.request().method());
            if (found == null) {
                refuse(context, openApi.findPath(context.normalizedPath()));
            } else {
                var operation = contract.operations().get(found.getOperationId());
                RequestIdHandler.isFor(context, operation);
                admit(context, operation);
            }
        });
        contract.operations().values().forEach(operation -> builder.getRoute(operation.id())
                .setDoValidation(!operation.parsesBody())
                .addHandler(context -> dispatch(context, operation)));
        return builder.createRouter();
    }

    /**
     * Goes no further, for the router's routes match more than the contract says, such as a path with a slash behind it,
     * and whatever they answered would be answered to nobody in particular.
     *
     * @param path null when the contract has none such
     */
    private static void refuse(RoutingContext context, Path path) {
        if (path == null) {
            Problems.write(context, Problems.ofStatus(404));
            return;
        }
        var allowed = path.getOperations().stream()
                .map(operation -> operation.getHttpMethod().name())
                .sorted()
                .collect(Collectors.joining(", "));
        context.response().putHeader(HttpHeaders.ALLOW, allowed);
        Problems.write(context, Problems.ofStatus(405));
    }

    private void admit(RoutingContext context, Contract.Operation operation) {
        if (operation.takesUpload()) {
            uploads.hold(context);
        }
        if (!admission.enter(operation)) {
            Problems.write(
                    context,
                    Problem.retryLater(
                            Kind.UNAVAILABLE,
                            "Too much is asked of this server right now.",
                            admission.retryAfterSeconds()));
            return;
        }
        var inside = new AtomicBoolean(true);
        Runnable leave = () -> {
            if (inside.getAndSet(false)) {
                admission.leave(operation);
            }
        };
        context.put(LEAVE, leave);
        context.addEndHandler(done -> leave.run());
        authenticate(context, operation).onSuccess(next -> context.next()).onFailure(context::fail);
    }

    private Future<Void> authenticate(RoutingContext context, Contract.Operation operation) {
        var address = ClientAddress.of(context.request(), trustedProxies);
        context.put(ADDRESS, address);
        return Future.<Caller>future(
                        promise -> caller(context, operation, address).onComplete(promise))
                .map(caller -> {
                    LogContext.set(RequestIdHandler.of(context), caller.ws(), operation.id());
                    count(context, rates.take(operation, caller, address));
                    context.put(CALLER, caller);
                    reader.checkShape(context, operation);
                    context.put(JSON, reader.json(context, operation));
                    return null;
                });
    }

    private static void count(RoutingContext context, Rates.Told told) {
        context.response().putHeader("RateLimit-Policy", told.policy()).putHeader("RateLimit", told.level());
        told.refusal().ifPresent(refusal -> {
            throw refusal;
        });
    }

    private Future<Caller> caller(RoutingContext context, Contract.Operation operation, ClientAddress address) {
        if (operation.permission().equals("public")) {
            return Future.succeededFuture(Caller.ANONYMOUS);
        }
        var presented = reader.credential(context, operation)
                .orElseThrow(() -> ProblemException.unauthenticated(
                        "Send a credential: Authorization, or a write key where one is taken."));
        if (rates.isSuspect(address) && !credentials.remembers(presented)) {
            rates.refused(address);
        }
        return credentials.authenticate(presented).recover(failure -> {
            if (failure instanceof ProblemException refused && refused.problem().kind() == Kind.UNAUTHENTICATED) {
                rates.refused(address);
            }
            return Future.failedFuture(failure);
        });
    }

    private void dispatch(RoutingContext context, Contract.Operation operation) {
        ValidatedRequest validated = context.get(RouterBuilder.KEY_META_DATA_VALIDATED_REQUEST);
        var call = reader.call(
                context,
                operation,
                context.get(CALLER),
                context.<JsonObject>get(JSON),
                context.get(ADDRESS),
                validated,
                operation.takesUpload()
                        ? uploads.incoming(context, context.<Caller>get(CALLER).ws())
                        : null);
        authorize(call, operation)
                .compose(allowed -> ask(call, operation))
                .compose(reply -> maySeePeople(call, reply).map(may -> {
                    write(context, call, reply, !may);
                    return null;
                }))
                .onFailure(context::fail);
    }

    /** Asked only where there are people to be seen. */
    private Future<Boolean> maySeePeople(Call call, Reply reply) {
        var shows = reply.problem() == null
                && (personal.inBody(call.operationId()).isPresent()
                        || personal.inLines(call.operationId()).isPresent());
        return shows ? authorities.permits(call.caller(), PersonalFields.PERMISSION) : Future.succeededFuture(true);
    }

    private Future<Void> authorize(Call call, Contract.Operation operation) {
        return switch (operation.permission()) {
            case "public", "authenticated" -> Future.succeededFuture();
            default ->
                authorities.permits(call.caller(), operation.permission()).compose(permitted -> {
                    if (permitted) {
                        return Future.succeededFuture();
                    }
                    var problem =
                            Problem.of(Kind.FORBIDDEN, "This needs the permission " + operation.permission() + ".");
                    witness.denied(call, problem);
                    return Future.failedFuture(new ProblemException(problem));
                });
        };
    }

    private Future<Reply> ask(Call call, Contract.Operation operation) {
        var timeout = Math.max(1, TimeUnit.NANOSECONDS.toMillis(call.deadlineNanos() - System.nanoTime()));
        return vertx.eventBus()
                .<Reply>request(
                        Operations.address(operation.domain()),
                        call,
                        new DeliveryOptions().setSendTimeout(timeout).setLocalOnly(true))
                .map(message -> message.body());
    }

    /** The next page is asked for when this one is on its way. Who gets half a file has to notice it. */
    private static void stream(RoutingContext context, Supplier<Future<Buffer>> next) {
        next.get()
                .compose(page -> page == null
                        ? context.response().end().map(false)
                        : context.response().write(page).map(true))
                .onSuccess(more -> {
                    if (more) {
                        stream(context, next);
                    }
                })
                .onFailure(failure -> {
                    LOG.warn("A download broke off: {}", Thrown.text(failure));
                    context.request().connection().close();
                });
    }

    /** @param masked personal fields are hidden */
    private void write(RoutingContext context, Call call, Reply reply, boolean masked) {
        if (reply.problem() != null) {
            if (reply.problem().kind() == Kind.FORBIDDEN) {
                witness.denied(call, reply.problem());
            }
            Problems.write(context, reply.problem());
            return;
        }
        if (!masked && contract.operations().get(call.operationId()).isAuditedRead()) {
            witness.read(call);
        }
        var response = context.response().setStatusCode(reply.status());
        response.putHeader(HttpHeaders.CACHE_CONTROL, "no-store");
        SafeHeaders.data(response);
        reply.headers().forEach(response::putHeader);
        if (reply.download() != null && reply.download().live() != null) {
            // Whoever listens is bounded by the domain, and holds no place of those who ask.
            context.<Runnable>get(LEAVE).run();
            eventStreams.open(
                    context,
                    reply.download().live(),
                    personal.inLines(call.operationId()),
                    masked,
                    rights(context, call));
        } else if (reply.download() != null) {
            response.putHeader(HttpHeaders.CONTENT_TYPE, reply.download().mediaType())
                    .setChunked(true);
            stream(context, pages(call, reply.download(), masked));
        } else if (reply.body() == null) {
            response.end();
        } else {
            response.putHeader(HttpHeaders.CONTENT_TYPE, "application/json").end(body(call, reply, masked));
        }
    }

    /** What the listener's credential is worth now, asked again and again. */
    private Supplier<Future<EventStreams.Rights>> rights(RoutingContext context, Call call) {
        var operation = contract.operations().get(call.operationId());
        var presented = reader.credential(context, operation).orElseThrow();
        return () -> credentials.authenticate(presented).compose(caller -> authorities
                .permits(caller, operation.permission())
                .compose(listens -> authorities
                        .permits(caller, PersonalFields.PERMISSION)
                        .map(sees -> new EventStreams.Rights(listens && caller.ws() == call.ws(), sees))));
    }

    private Buffer body(Call call, Reply reply, boolean masked) {
        var mask = masked ? personal.inBody(call.operationId()) : Optional.<PersonalFields.Mask>empty();
        return mask.isEmpty()
                ? reply.body()
                : mask.get().hideIn(reply.body().toJsonObject()).toBuffer();
    }

    private Supplier<Future<Buffer>> pages(Call call, Reply.Download download, boolean masked) {
        return download.rows() == null
                ? download.next()
                : new RowLines(download.rows(), masked ? personal.inLines(call.operationId()) : Optional.empty())::next;
    }
}
