package app.fathi.users;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;

/** All SQL over {@code users_login_attempt}. */
final class LoginAttemptsStore {

    /**
     * Counts an attempt before it is made, as if it had failed already: many at once gain nothing. From the
     * {@code free}th on each one closes the door for 1, 2, 4 … seconds; a quiet time of the longest delay forgets all.
     *
     * @return 0 when the attempt may be made, else the seconds until the door opens; a closed door counts nothing, so
     *     it always opens again
     */
    Future<Integer> enter(SqlClient client, Buffer key, int free, int longestSeconds) {
        return client.preparedQuery(
                        """
                        INSERT INTO users_login_attempt AS a (key, failures, blocked_until, last_at)
                        VALUES ($1, 1, now(), now())
                        ON CONFLICT (key) DO UPDATE SET
                            failures = CASE WHEN a.last_at < now() - make_interval(secs => $3) THEN 1
                                            ELSE a.failures + 1 END,
                            blocked_until = CASE
                                WHEN a.last_at < now() - make_interval(secs => $3) OR a.failures + 1 < $2 THEN now()
                                ELSE now() + make_interval(secs => least($3, power(2, least(a.failures + 1 - $2, 30))))
                            END,
                            last_at = now()
                        WHERE a.blocked_until <= now()
                        RETURNING failures
                        """)
                .execute(Tuple.of(key, free, (double) longestSeconds))
                .compose(rows -> rows.size() == 1 ? Future.succeededFuture(0) : secondsLeft(client, key));
    }

    private Future<Integer> secondsLeft(SqlClient client, Buffer key) {
        return client.preparedQuery(
                        """
                        SELECT ceil(extract(epoch FROM blocked_until - now()))::int AS seconds
                        FROM users_login_attempt WHERE key = $1
                        """)
                .execute(Tuple.of(key))
                .map(rows -> rows.size() == 0
                        ? 1
                        : Math.max(1, rows.iterator().next().getInteger("seconds")));
    }

    Future<Void> forget(SqlClient client, Buffer key) {
        return client.preparedQuery("DELETE FROM users_login_attempt WHERE key = $1")
                .execute(Tuple.of(key))
                .mapEmpty();
    }

    /** Takes one attempt back: it did not fail. */
    Future<Void> takeBack(SqlClient client, Buffer key) {
        return client.preparedQuery(
                        """
                        UPDATE users_login_attempt SET failures = greatest(failures - 1, 0), blocked_until = now()
                        WHERE key = $1
                        """)
                .execute(Tuple.of(key))
                .mapEmpty();
    }

    Future<Void> purge(SqlClient client) {
        return client.query("DELETE FROM users_login_attempt WHERE last_at < now() - interval '2 days'")
                .execute()
                .mapEmpty();
    }
}
