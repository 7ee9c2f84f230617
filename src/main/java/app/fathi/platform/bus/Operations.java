package app.fathi.platform.bus;

import app.fathi.platform.errors.Failures;
import app.fathi.platform.logging.LogContext;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.MessageConsumer;
import java.util.Map;
import java.util.function.Function;

/**
 * How a domain's verticle answers its operations. {@code serve} registers one local consumer at the domain's address
 * (its tag); the edge sends a {@link Call} there and gets a {@link Reply}. A failure becomes a problem here, before it
 * reaches the bus, so its meaning is not flattened.
 */
public final class Operations {
    private Operations() {}

    public static String address(String domain) {
        return "fathi." + domain;
    }

    public static Future<Void> serve(
            Vertx vertx, String domain, Map<String, Function<Call, Future<Reply>>> operations) {
        MessageConsumer<Call> consumer = vertx.eventBus().localConsumer(address(domain));
        consumer.handler(message -> {
            var call = message.body();
            LogContext.set(call.requestId(), call.ws(), call.operationId());
            answer(operations.get(call.operationId()), call).onComplete(done -> message.reply(done.result()));
        });
        return Future.succeededFuture();
    }

    private static Future<Reply> answer(Function<Call, Future<Reply>> operation, Call call) {
        return Future.<Reply>future(promise -> operation.apply(call).onComplete(promise))
                .recover(failure -> Future.succeededFuture(Reply.problem(Failures.toProblem(failure))));
    }
}
