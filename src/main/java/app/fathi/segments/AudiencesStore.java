package app.fathi.segments;

import app.fathi.segments.rules.RuleSql.Condition;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/** All SQL that finds people for others. */
final class AudiencesStore {

    /** What follows in the transaction reads the database as it is now. */
    Future<Void> snapshot(SqlClient tx) {
        return tx.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                .execute()
                .mapEmpty();
    }

    /** Those that are there; they are not deleted before the transaction has ended. */
    Future<Set<UUID>> keep(SqlClient tx, int ws, Collection<UUID> ids) {
        return ids.isEmpty()
                ? Future.succeededFuture(Set.of())
                : tx.preparedQuery(
                                """
                                SELECT id FROM segments_segment WHERE ws = $1 AND id = ANY ($2) ORDER BY id FOR KEY SHARE
                                """)
                        .execute(Tuple.of(ws, (Object) ids.toArray(UUID[]::new)))
                        .map(rows -> rows.stream().map(row -> row.getUUID("id")).collect(Collectors.toSet()));
    }

    /** The numbers of people of whom the condition is true, the newest first. */
    Future<List<Integer>> numbers(SqlClient client, int ws, Condition condition, int before, int limit) {
        return client.preparedQuery(
                        """
                        SELECT p.profile_no FROM cdp_profile p
                        WHERE p.ws = $1 AND p.profile_no < $2 AND %s AND %s
                        ORDER BY p.profile_no DESC LIMIT $3
                        """
                                .formatted(PeopleStore.SOMEBODY, condition.text()))
                .execute(condition.after(ws, before, limit))
                .map(rows ->
                        rows.stream().map(row -> row.getInteger("profile_no")).toList());
    }

    static final String AWAITING =
            """
            SELECT id FROM segments_message WHERE ws = $1 AND open AND $2 = ANY (names) ORDER BY run LIMIT 10
            """;

    /** Messages that are still to find people in it. */
    Future<List<UUID>> awaiting(SqlClient client, int ws, UUID segment) {
        return client.preparedQuery(AWAITING)
                .execute(Tuple.of(ws, segment))
                .map(rows -> rows.stream().map(row -> row.getUUID("id")).toList());
    }

    /** By name, those that not everybody was asked for yet by the rule that they have now. */
    Future<List<String>> building(SqlClient client, int ws, Collection<UUID> ids) {
        return client.preparedQuery(
                        """
                        SELECT name FROM segments_segment
                        WHERE ws = $1 AND id = ANY ($2) AND rule IS NOT NULL AND kept_no IS DISTINCT FROM rule_no
                        ORDER BY lower(name)
                        """)
                .execute(Tuple.of(ws, (Object) ids.toArray(UUID[]::new)))
                .map(rows -> rows.stream().map(row -> row.getString("name")).toList());
    }
}
