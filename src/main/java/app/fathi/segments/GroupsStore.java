package app.fathi.segments;

import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** All SQL of groups of which something became other: their members are asked again, a piece at a time. */
final class GroupsStore {
    /**
     * One whose members are asked again.
     *
     * @param next members below this number were
     * @param again whether it became other meanwhile, so that all of them have to be asked once more
     */
    record Changed(int ws, String id, int next, boolean again) {}

    /** Whose turn it is after a piece says who waited longest: a large group keeps no small one waiting. */
    Future<Void> changed(SqlConnection tx, int ws, Collection<String> ids) {
        return tx.preparedQuery(
                        """
                        INSERT INTO segments_group (ws, id) SELECT $1, id FROM unnest($2::text[]) AS id ORDER BY id
                        ON CONFLICT (ws, id) DO UPDATE SET again = true
                        """)
                .execute(Tuple.of(ws, (Object) ids.toArray(String[]::new)))
                .mapEmpty();
    }

    static final String TAKE =
            "SELECT ws, id, next, again FROM segments_group ORDER BY turn_at LIMIT 1 FOR UPDATE SKIP LOCKED";

    /** Held until the transaction ends; empty where none waits that nobody else has. */
    Future<Optional<Changed>> take(SqlConnection tx) {
        return tx.preparedQuery(TAKE).execute().map(rows -> rows.stream()
                .map(row -> new Changed(
                        row.getInteger("ws"), row.getString("id"), row.getInteger("next"), row.getBoolean("again")))
                .findFirst());
    }

    /** Not by the workspace first: while there are no statistics that looks as good, and reads everybody. */
    static final String SOME =
            """
            SELECT profile_no FROM (
              SELECT ws, profile_no FROM cdp_profile WHERE groups <> '{}' AND groups @> ARRAY[$2::text] OFFSET 0) members
            WHERE ws = $1 LIMIT $3
            """;

    /** So many of its members, whichever. */
    Future<List<Integer>> some(SqlClient client, Changed group, int limit) {
        return numbers(client, SOME, Tuple.of(group.ws(), group.id(), limit));
    }

    /** Not by the index on groups: it would find all of a large group for each piece. */
    static final String NEXT =
            """
            SELECT profile_no FROM cdp_profile WHERE ws = $1 AND profile_no >= $3 AND profile_no < $4 AND $2 = ANY (groups)
            ORDER BY profile_no LIMIT $5
            """;

    /** Its members with these numbers, in their order. */
    Future<List<Integer>> next(SqlClient client, Changed group, int end, int limit) {
        return numbers(client, NEXT, Tuple.of(group.ws(), group.id(), group.next(), end, limit));
    }

    private static Future<List<Integer>> numbers(SqlClient client, String sql, Tuple parameters) {
        return client.preparedQuery(sql).execute(parameters).map(rows -> rows.stream()
                .map(row -> row.getInteger("profile_no"))
                .toList());
    }

    /** No number of a person is as high. */
    Future<Integer> end(SqlClient client, int ws) {
        return client.preparedQuery("SELECT next FROM cdp_profile_number WHERE ws = $1")
                .execute(Tuple.of(ws))
                .map(rows -> rows.stream()
                        .map(row -> row.getInteger("next"))
                        .findFirst()
                        .orElse(0));
    }

    /** It goes on from this number when its turn comes. */
    Future<Void> goOn(SqlConnection tx, Changed group, int next) {
        return tx.preparedQuery(
                        "UPDATE segments_group SET next = $3, again = again AND $3 > 0, turn_at = clock_timestamp() WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(group.ws(), group.id(), next))
                .mapEmpty();
    }

    Future<Void> done(SqlConnection tx, Changed group) {
        return tx.preparedQuery("DELETE FROM segments_group WHERE ws = $1 AND id = $2")
                .execute(Tuple.of(group.ws(), group.id()))
                .mapEmpty();
    }
}
