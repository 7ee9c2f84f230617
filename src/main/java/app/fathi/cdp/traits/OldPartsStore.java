package app.fathi.cdp.traits;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.SqlResult;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.Optional;

/** All SQL of forgetting parts whose events are forgotten. */
final class OldPartsStore {
    /** The first day of which a workspace that keeps events for so many days has any. */
    Future<Long> firstKept(SqlClient client, int days) {
        return client.preparedQuery(
                        "SELECT floor(extract(epoch FROM now() - make_interval(days => $1)) / 86400)::bigint AS day")
                .execute(Tuple.of(days))
                .map(rows -> rows.iterator().next().getLong("day"));
    }

    /** The first day of which there are events. */
    Future<Long> firstKept(SqlClient client) {
        return client.query("SELECT coalesce(min(number), 0) AS day FROM partition_period WHERE relation = 'cdp_event'")
                .execute()
                .map(rows -> rows.iterator().next().getLong("day"));
    }

    /** The workspace of the oldest part, if that is of an earlier day. */
    Future<Optional<Integer>> withDaysBefore(SqlClient client, long day) {
        return client.preparedQuery("SELECT ws FROM cdp_computed_part WHERE day < $1 ORDER BY day, ws LIMIT 1")
                .execute(Tuple.of(day))
                .map(rows -> rows.stream().map(row -> row.getInteger("ws")).findFirst());
    }

    /** Of whom there are parts of earlier days, some of them. */
    Future<List<Integer>> whose(SqlClient client, int ws, long day, int most) {
        return client.preparedQuery(
                        """
                        SELECT DISTINCT profile_no FROM (
                          SELECT profile_no FROM cdp_computed_part WHERE ws = $1 AND day < $2 ORDER BY day LIMIT $3) few
                        """)
                .execute(Tuple.of(ws, day, most))
                .map(rows ->
                        rows.stream().map(row -> row.getInteger("profile_no")).toList());
    }

    /** Under the locks of their profiles, as all who change it. These people are due at once. */
    Future<Integer> forgetBefore(SqlConnection tx, int ws, List<Integer> people, long day) {
        var whose = people.toArray(Integer[]::new);
        return tx.preparedQuery(
                        "SELECT FROM cdp_profile WHERE ws = $1 AND profile_no = ANY ($2) ORDER BY profile_no FOR UPDATE")
                .execute(Tuple.of(ws, (Object) whose))
                .compose(locked -> tx.preparedQuery(
                                "UPDATE cdp_computed_value SET due = now() WHERE ws = $1 AND profile_no = ANY ($2)")
                        .execute(Tuple.of(ws, (Object) whose)))
                .compose(due -> tx.preparedQuery(
                                "DELETE FROM cdp_computed_part WHERE ws = $1 AND profile_no = ANY ($2) AND day < $3")
                        .execute(Tuple.of(ws, whose, day)))
                .map(SqlResult::rowCount);
    }
}
