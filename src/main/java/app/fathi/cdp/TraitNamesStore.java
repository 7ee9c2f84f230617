package app.fathi.cdp;

import app.fathi.cdp.TraitsStore.Change;
import app.fathi.cdp.values.TraitNames;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.SqlResult;
import io.vertx.sqlclient.Tuple;
import java.util.Collection;
import java.util.List;

/** All SQL by which names of traits are given up, and by which people get rows of those that had no place when they were said. */
final class TraitNamesStore {

    Future<List<Integer>> workspaces(SqlClient client) {
        return client.query("SELECT DISTINCT ws FROM cdp_trait_name ORDER BY ws")
                .execute()
                .map(rows -> rows.stream().map(row -> row.getInteger("ws")).toList());
    }

    /**
     * Of a name of which not everybody has a row, nobody knows whether anybody has it. The highest number stays: the next one follows
     * it, and where it is beyond the limit, there were names without a place.
     */
    private static final String UNUSED =
            """
            n.ws = $1 AND n.whole AND n.no < (SELECT max(no) FROM cdp_trait_name WHERE ws = $1)
              AND n.name <> ALL ($2::text[]) AND n.name NOT LIKE '$%' AND n.name NOT IN ('email', 'phone')
              AND NOT EXISTS (SELECT FROM cdp_trait t WHERE t.ws = n.ws AND t.trait = n.no)
              AND NOT EXISTS (SELECT FROM cdp_computed_trait c WHERE c.ws = n.ws AND c.name = n.name)
              AND NOT EXISTS (SELECT FROM cdp_trait_rules r WHERE r.ws = n.ws AND n.name = ANY (r.oldest))
              AND NOT EXISTS (SELECT FROM cdp_profile_number p WHERE p.ws = n.ws AND p.untold > 0)
            """;

    /**
     * Numbers of names that nobody has and nothing speaks of, some of them.
     *
     * @param asked names that rules ask for
     */
    Future<List<Integer>> unused(SqlClient client, int ws, Collection<String> asked, int limit) {
        return client.preparedQuery("SELECT n.no FROM cdp_trait_name n WHERE " + UNUSED + " ORDER BY n.no LIMIT $3")
                .execute(Tuple.of(ws, asked.toArray(String[]::new), limit))
                .map(rows -> rows.stream().map(row -> row.getInteger("no")).toList());
    }

    /** Those of these that are unused still; how many. While nobody derives: who says a name reads its number before the row is written. */
    Future<Integer> free(SqlConnection tx, int ws, Collection<String> asked, List<Integer> numbers) {
        return tx.preparedQuery("DELETE FROM cdp_trait_name n WHERE " + UNUSED + " AND n.no = ANY ($3)")
                .execute(Tuple.of(ws, asked.toArray(String[]::new), numbers.toArray(Integer[]::new)))
                .map(SqlResult::rowCount);
    }

    /** Names of which not everybody has a row. */
    Future<List<String>> partial(SqlClient client, int ws) {
        return client.preparedQuery("SELECT name FROM cdp_trait_name WHERE ws = $1 AND NOT whole ORDER BY no LIMIT $2")
                .execute(Tuple.of(ws, TraitNames.MOST))
                .map(rows -> rows.stream().map(row -> row.getString("name")).toList());
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

    /** Those of the people with these numbers who have one of the names, as if it were said now. Held until the transaction ends. */
    Future<List<Change>> having(SqlConnection tx, int ws, List<String> names, int from, int before) {
        return tx.preparedQuery(
                        """
                        SELECT profile_no, (
                          SELECT jsonb_object_agg(n, traits -> n) FROM unnest($2::text[]) AS n WHERE traits ? n) AS traits
                        FROM cdp_profile WHERE ws = $1 AND profile_no >= $3 AND profile_no < $4 AND traits ?| $2::text[]
                        ORDER BY profile_no FOR UPDATE
                        """)
                .execute(Tuple.of(ws, names.toArray(String[]::new), from, before))
                .map(rows -> rows.stream()
                        .map(row ->
                                new Change(row.getInteger("profile_no"), new JsonObject(), row.getJsonObject("traits")))
                        .toList());
    }

    Future<Void> whole(SqlClient client, int ws, List<String> names) {
        return client.preparedQuery("UPDATE cdp_trait_name SET whole = true WHERE ws = $1 AND name = ANY ($2)")
                .execute(Tuple.of(ws, (Object) names.toArray(String[]::new)))
                .mapEmpty();
    }
}
