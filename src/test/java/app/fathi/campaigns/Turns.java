package app.fathi.campaigns;

import io.vertx.core.Future;
import io.vertx.sqlclient.PreparedQuery;
import io.vertx.sqlclient.SqlConnection;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts how often somebody waits for the database: what is asked while something else is under way costs no turn of its own. */
final class Turns {
    private final AtomicInteger underWay = new AtomicInteger();
    private final AtomicInteger taken = new AtomicInteger();

    int taken() {
        return taken.get();
    }

    /** The same connection, counted. */
    SqlConnection of(SqlConnection tx) {
        return proxy(SqlConnection.class, (self, method, given) -> {
            var result = invoke(tx, method, given);
            return result instanceof PreparedQuery<?> query ? of(query) : result;
        });
    }

    private PreparedQuery<?> of(PreparedQuery<?> query) {
        return proxy(PreparedQuery.class, (self, method, given) -> {
            boolean asks = method.getName().startsWith("execute");
            if (asks && underWay.getAndIncrement() == 0) {
                taken.incrementAndGet();
            }
            var result = invoke(query, method, given);
            return asks ? ((Future<?>) result).onComplete(done -> underWay.decrementAndGet()) : result;
        });
    }

    private static Object invoke(Object target, java.lang.reflect.Method method, Object[] given) throws Throwable {
        try {
            return method.invoke(target, given);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }
}
