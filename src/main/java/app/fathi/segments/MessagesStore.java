package app.fathi.segments;

import app.fathi.segments.rules.Person.Message;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** All SQL that reads of the ledger what people were sent and what they did with it, by the view {@code segments_delivery}. */
final class MessagesStore {
    static final String OF =
            """
            SELECT coalesce(q.merged_into, q.profile_no) AS no, d.run, d.message, d.purpose, d.channel,
                   min(d.sent_at) AS sent, min(d.shown_at) AS shown, min(d.clicked_at) AS clicked, min(d.closed_at) AS closed
            FROM (
              SELECT ws, profile_no, merged_into FROM cdp_profile WHERE ws = $1 AND profile_no = ANY ($2)
              UNION
              SELECT ws, profile_no, merged_into FROM cdp_profile WHERE ws = $1 AND merged_into = ANY ($2)) q
            JOIN segments_delivery d ON d.ws = q.ws AND d.profile_no = q.profile_no
            GROUP BY 1, d.run, d.step, d.message, d.purpose, d.channel ORDER BY sent, d.run
            """;

    /** In the order in which they were sent; of who became part of somebody else as that person's. */
    Future<Map<Integer, List<Message>>> of(SqlClient client, int ws, Collection<Integer> people) {
        return client.preparedQuery(OF)
                .execute(Tuple.of(ws, (Object) people.toArray(Integer[]::new)))
                .map(rows -> {
                    var found = new HashMap<Integer, List<Message>>();
                    rows.forEach(row -> found.computeIfAbsent(row.getInteger("no"), no -> new ArrayList<>())
                            .add(read(row)));
                    return found;
                });
    }

    private static Message read(Row row) {
        return new Message(
                row.getLong("run"),
                row.getUUID("message"),
                row.getString("purpose"),
                row.getString("channel"),
                instant(row, "sent"),
                instant(row, "shown"),
                instant(row, "clicked"),
                instant(row, "closed"));
    }

    private static Instant instant(Row row, String column) {
        var time = row.getOffsetDateTime(column);
        return time == null ? null : time.toInstant();
    }

    /** Who these are by now. */
    Future<Set<Integer>> people(SqlClient client, int ws, Collection<Integer> numbers) {
        return client.preparedQuery(
                        """
                        SELECT DISTINCT coalesce(merged_into, profile_no) AS no FROM cdp_profile
                        WHERE ws = $1 AND profile_no = ANY ($2)
                        """)
                .execute(Tuple.of(ws, (Object) numbers.toArray(Integer[]::new)))
                .map(rows -> {
                    var people = new HashSet<Integer>();
                    rows.forEach(row -> people.add(row.getInteger("no")));
                    return people;
                });
    }
}
