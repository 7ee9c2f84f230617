package app.fathi.platform.jobs;

import io.vertx.core.Future;
import io.vertx.core.VertxException;
import io.vertx.pgclient.PgException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** Work for many in one transaction that one of them may make fail: it is done for halves of them then, down to the one. */
public final class Halves {
    /** Of SQLSTATE: the connection, the database's means, its end, its disk. Nobody for whom the work is done is to blame. */
    private static final Set<String> NOBODYS = Set.of("08", "53", "57", "58");

    private static final String TOOK_TOO_LONG = "57014";

    private Halves() {}

    /**
     * @param together is done for all or for none of those it is given
     * @return for whom it failed alone, and why
     * @throws Throwable through the future, what has nothing to do with any of them: for some it may be done by then
     */
    public static <T> Future<Map<T, Throwable>> each(List<T> all, Function<List<T>, Future<?>> together) {
        var failed = new LinkedHashMap<T, Throwable>();
        return each(all, together, failed).map(failed);
    }

    private static <T> Future<Void> each(List<T> all, Function<List<T>, Future<?>> together, Map<T, Throwable> failed) {
        return Future.<Void>future(
                        promise -> together.apply(all).<Void>mapEmpty().onComplete(promise))
                .recover(failure -> {
                    if (isNobodys(failure)) {
                        return Future.failedFuture(failure);
                    }
                    if (all.size() == 1) {
                        failed.put(all.getFirst(), failure);
                        return Future.succeededFuture();
                    }
                    int half = all.size() / 2;
                    return each(all.subList(0, half), together, failed)
                            .compose(done -> each(all.subList(half, all.size()), together, failed));
                });
    }

    /** A statement that took too long may be somebody's of whom there is too much. */
    private static boolean isNobodys(Throwable failure) {
        if (failure instanceof PgException e) {
            return e.getSqlState() == null
                    || NOBODYS.contains(e.getSqlState().substring(0, 2)) && !TOOK_TOO_LONG.equals(e.getSqlState());
        }
        return failure instanceof VertxException || !(failure instanceof RuntimeException || failure instanceof Error);
    }
}
