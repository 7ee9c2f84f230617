package app.fathi.cdp;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** All SQL of groups, such as companies. */
final class GroupsStore {
    /** Traits of groups, the groups without any among them. */
    Future<Map<String, JsonObject>> groups(SqlClient client, int ws, Collection<String> ids) {
        return client.preparedQuery("SELECT id, traits FROM cdp_group WHERE ws = $1 AND id = ANY ($2)")
                .execute(Tuple.of(ws, (Object) ids.toArray(String[]::new)))
                .map(rows -> {
                    var groups = new HashMap<String, JsonObject>();
                    rows.forEach(row -> groups.put(row.getString("id"), row.getJsonObject("traits")));
                    return groups;
                });
    }

    /** These groups, made where they are new, and locked in the order of their ids. */
    Future<Map<String, JsonObject>> lockGroups(SqlConnection tx, int ws, Collection<String> ids) {
        var all = ids.stream().sorted().toArray(String[]::new);
        return tx.preparedQuery(
                        "INSERT INTO cdp_group (ws, id) SELECT $1, g FROM unnest($2::text[]) AS g ON CONFLICT DO NOTHING")
                .execute(Tuple.of(ws, (Object) all))
                .compose(done -> tx.preparedQuery(
                                "SELECT id, traits FROM cdp_group WHERE ws = $1 AND id = ANY ($2) ORDER BY id FOR UPDATE")
                        .execute(Tuple.of(ws, (Object) all)))
                .map(rows -> {
                    var groups = new HashMap<String, JsonObject>();
                    rows.forEach(row -> groups.put(row.getString("id"), row.getJsonObject("traits")));
                    return groups;
                });
    }

    Future<Void> updateGroups(SqlConnection tx, int ws, Map<String, JsonObject> groups) {
        var ids = List.copyOf(groups.keySet());
        return tx.preparedQuery(
                        """
                        UPDATE cdp_group g SET traits = c.traits::jsonb, last_seen_at = now()
                        FROM unnest($2::text[], $3::text[]) AS c (id, traits) WHERE g.ws = $1 AND g.id = c.id
                        """)
                .execute(Tuple.of(
                        ws,
                        ids.toArray(String[]::new),
                        ids.stream().map(id -> Words.encode(groups.get(id))).toArray(String[]::new)))
                .mapEmpty();
    }
}
